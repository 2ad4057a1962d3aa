"""The tree: RFC 6962's own constants, vectors of others, and every size up to 1025."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.ledger.merkle import EMPTY, Tree, is_consistent, is_included, leaf_hash, node_hash
from nightlatch.ledger.tiles import WIDTH, tiles_of

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "merkle" / "testdata"
# The inputs and roots that the reference implementations of RFC 6962 test with.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_of(count: int) -> Tree:
    tree = Tree()
    for n in range(count):
        tree.append(leaf_hash(b"%d" % n))
    return tree


def slow_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, as it is written there."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(slow_root(hashes[:k]), slow_root(hashes[k:]))


def test_the_roots_are_those_that_others_published() -> None:
    tree = Tree()
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.append(leaf_hash(leaf))
        assert tree.root().hex() == root


def test_every_size_to_1025_has_the_root_of_the_definition_and_proofs_that_hold() -> None:
    tree = Tree()
    hashes = [leaf_hash(b"%d" % n) for n in range(1025)]
    for size in range(1026):
        if size:
            tree.append(hashes[size - 1])
        if size % 64 in (0, 1, 63) or size < 70:
            assert tree.root() == slow_root(hashes[:size])
        for index in {0, size // 3, size - 1} if size else ():
            assert is_included(hashes[index], index, size, tree.inclusion(index, size), tree.root())
        for old in {0, size // 2, size - 1, size} if size else ():
            assert is_consistent(old, size, tree.root(old), tree.root(), tree.consistency(old, size))


def test_every_size_to_1025_comes_back_from_its_tiles() -> None:
    tree = tree_of(1025)
    for size in range(1026):
        tiles = {
            (level, n): b"".join(tree.levels[8 * level][n * WIDTH : n * WIDTH + width])
            for level, n, width in tiles_of(size)
        }
        again = Tree()
        for n in range(-(-size // WIDTH)):
            for at in range(0, len(tiles[0, n]), 32):
                again.append(tiles[0, n][at : at + 32])
        assert again.size == size
        assert again.root() == tree.root(size)
        for (level, n), tile in tiles.items():
            assert tile == b"".join(again.levels[8 * level][n * WIDTH : (n + 1) * WIDTH])


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    tree = tree_of(size)
    index = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(index, size)
    hashed, root = leaf_hash(b"%d" % index), tree.root()
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    assert not is_included(leaf_hash(b"%d" % other), index, size, path, root)
    assert not is_included(hashed, index, size, path[:-1], root)
    assert not is_included(hashed, index, size, [*path, root], root)
    assert not is_included(hashed, size, size, path, root)
    old = data.draw(st.integers(1, size - 1))
    steps = tree.consistency(old, size)
    assert not is_consistent(old, size, sha256(b"fork").digest(), root, steps)
    assert not is_consistent(old, size, tree.root(old), root, [*steps, root])


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.is_dir(), reason="../shared/vectors is not here")
def test_the_vectors_of_others_hold_or_fail_as_they_should() -> None:
    wrong, count = [], 0
    for path in sorted(VECTORS.glob("inclusion/**/*.json")):
        told = json.loads(path.read_text())
        got = is_included(
            _b64(told["leafHash"]), told["leafIdx"], told["treeSize"], _all(told["proof"]), _b64(told["root"])
        )
        count += 1
        if got == told["wantErr"]:
            wrong.append(str(path.relative_to(VECTORS)))
    for path in sorted(VECTORS.glob("consistency/**/*.json")):
        told = json.loads(path.read_text())
        one, two = _b64(told["root1"]), _b64(told["root2"])
        got = is_consistent(told["size1"], told["size2"], one, two, _all(told["proof"]))
        count += 1
        if got == told["wantErr"]:
            wrong.append(str(path.relative_to(VECTORS)))
    assert count >= 196
    # The one convention that differs: others give the empty tree no root, RFC 6962 gives it SHA-256 of nothing.
    assert [each for each in wrong if not _is_from_nothing(each)] == []
    assert len(wrong) <= 2


def _is_from_nothing(path: str) -> bool:
    return json.loads((VECTORS / path).read_text()).get("size1") == 0


def _b64(text: str | None) -> bytes:
    return b64decode(text or "")


def _all(texts: list[str] | None) -> list[bytes]:
    return [b64decode(each) for each in texts or ()]
