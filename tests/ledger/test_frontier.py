"""A tree that grows by its unfinished tiles, and one that is read from its tiles, are the tree of RFC 6962."""

from __future__ import annotations

import pytest

from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.frontier import Frontier, TileTree, frontier_of
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.tiles import hash_tile, tiles_of

SIZES = [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000]


@pytest.fixture(scope="module")
def grown() -> tuple[Tree, dict[int, Frontier], dict[str, bytes]]:
    tree, frontier, at, files = Tree(), Frontier(), {0: Frontier()}, dict[str, bytes]()
    for n in range(max(SIZES)):
        hashed = leaf_hash(b"%d" % n)
        tree.append(hashed)
        for made in frontier.append(hashed):
            files[made.path] = made.raw
        if n + 1 in SIZES:
            at[n + 1] = frontier.copy()
    return tree, at, files


@pytest.mark.parametrize("size", SIZES)
def test_a_frontier_has_the_root_and_the_tiles_of_the_whole_tree(
    grown: tuple[Tree, dict[int, Frontier], dict[str, bytes]], size: int
) -> None:
    tree, at, files = grown
    assert at[size].root() == tree.root(size)
    shown = files | {made.path: made.raw for made in at[size].tails()}
    for level, n, width in tiles_of(size):
        wanted = b"".join(tree.levels[8 * level][n * 256 : n * 256 + width])
        assert shown[hash_tile(level, n, width)] == wanted
    again = frontier_of(size, lambda path: shown[path])
    assert (again.size, again.root()) == (size, tree.root(size))
    for old in [each for each in SIZES if each <= size]:
        read = TileTree(size, lambda path: shown[path])
        assert read.root(old) == tree.root(old)
        assert read.consistency(old, size) == tree.consistency(old, size)
        if old:
            assert read.inclusion(old - 1, size) == tree.inclusion(old - 1, size)


def test_a_torn_tile_is_refused() -> None:
    with pytest.raises(LedgerError, match="torn"):
        frontier_of(3, lambda _: b"short")
    with pytest.raises(LedgerError, match="torn"):
        TileTree(3, lambda _: b"short").root()
