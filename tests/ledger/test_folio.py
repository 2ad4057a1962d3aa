"""What is read from a log's folder is checked when it is used: hashes are mended, entries that were changed refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.folio import MOST_TILES
from nightlatch.ledger.log import Log
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import Policy, verify_receipt
from nightlatch.ledger.tags import bucket_path, head_path
from nightlatch.ledger.tiles import bundle, entry_tile, hash_tile, unbundle
from nightlatch.seal.note import make_signer
from tests.ledger.long_log import long_log, some_leaf

SIGNER = make_signer("example.org/log")
POLICY = Policy(SIGNER.verifier, (), 0)
SIZE = 66_200  # two tiles of hashes of level 1, an index of level 1, a tail


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    long_log(folder, SIGNER, (some_leaf(n) for n in range(SIZE)))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "log"))


def flip(path: Path, at: int = 40) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_a_tree_in_tiles_makes_the_proofs_of_a_tree_in_memory(tmp_path: Path) -> None:
    tree = Tree()
    with Log(tmp_path, SIGNER) as log:
        for first in range(0, 1_500, 75):
            some = [b"%d" % n for n in range(first, first + 75)]
            log.append_all(some)
            for each in some:
                tree.append(leaf_hash(each))
            assert log.checkpoint.root == tree.root()
    with Log(tmp_path, SIGNER) as log:
        for size in (1, 255, 256, 257, 512, 1_300, 1_500):
            for index in (0, size // 2, size - 1):
                assert log._folio.inclusion(index, size) == tree.inclusion(index, size)
            assert log.consistency(size, 1_500) == tree.consistency(size, 1_500)
            assert log._folio.root(size) == tree.root(size)
    audit(lambda path: (tmp_path / path).read_bytes(), POLICY)


def test_what_another_program_wrote_by_the_formats_goes_on_with_its_indexes(folder: Path) -> None:
    with Log(folder, SIGNER) as log:
        before = log.size
        log.append_all([some_leaf(SIZE + n) for n in range(131_080 - before)])
        assert log.file(head_path(1, 1)) is not None
    found = audit(lambda path: (folder / path).read_bytes(), POLICY)
    leaves = [
        leaf for n, leaf in enumerate(found.leaves) if n % 4_096 > 1 or n < 2 or (n % 4_096 == 1 and n % 65_536 != 1)
    ]
    again = folder.parent / "again"
    long_log(again, SIGNER, iter(leaves))
    for path in (head_path(0, 31), bucket_path(0, 31, 0), bucket_path(1, 1, 255), bucket_path(1, 1, 0)):
        mine, other = (folder / path).read_bytes(), (again / path).read_bytes()
        assert mine[-32:] == other[-32:]
        assert path.endswith("head") or mine == other


@pytest.mark.parametrize(("level", "n"), [(0, 0), (0, 100), (1, 0)])
def test_a_torn_tile_of_hashes_is_mended_when_it_is_used(folder: Path, level: int, n: int) -> None:
    tile = folder / hash_tile(level, n, 256)
    sound = tile.read_bytes()
    for torn in (sound[:40], bytes(32) + sound[32:], b""):
        tile.write_bytes(torn)
        with Log(folder, SIGNER) as log:
            assert tile.read_bytes() == torn or level
            assert log.file(hash_tile(level, n, 256)) == sound
        assert tile.read_bytes() == sound
    tile.unlink()
    with Log(folder, SIGNER) as log:
        index = n * 256 + 5
        assert verify_receipt(log.receipt(index), log.leaf(index), POLICY, None).index == index
    audit(lambda path: (folder / path).read_bytes(), POLICY)


def test_entries_that_were_changed_are_neither_read_nor_served_nor_built_upon(folder: Path, written: Path) -> None:
    name = entry_tile(7, 256)
    path = folder / name
    sound = path.read_bytes()
    leaves = unbundle(sound)
    leaves[3] = some_leaf(1)
    for wrong in (bundle(leaves), sound[:-1]):
        path.write_bytes(wrong)
        with Log(folder, SIGNER) as log:
            with pytest.raises(LedgerError):
                log.leaf(7 * 256 + 3)
            with pytest.raises(LedgerError):
                log.file(name)
        (folder / hash_tile(0, 7, 256)).unlink()
        with Log(folder, SIGNER) as log, pytest.raises(LedgerError):
            log.receipt(7 * 256 + 3)
        shutil.copy(written / hash_tile(0, 7, 256), folder / hash_tile(0, 7, 256))
        path.write_bytes(sound)
    path.write_bytes(sound + b"\0\0")
    with Log(folder, SIGNER) as log, pytest.raises(LedgerError):
        log.file(name)


@pytest.mark.parametrize("name", [head_path(0, 3), bucket_path(0, 3, 0), head_path(1, 0), bucket_path(1, 0, 17)])
def test_an_index_that_was_changed_is_made_again_when_it_is_fetched(folder: Path, name: str) -> None:
    sound = (folder / name).read_bytes()
    flip(folder / name)
    with Log(folder, SIGNER) as log:
        assert log.file(name) == sound
        (folder / name).unlink()
        assert log.file(name) == sound
    assert (folder / name).read_bytes() == sound


def test_a_log_from_before_indexes_goes_on_and_shows_none_for_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("nightlatch.ledger.spans.due", lambda _: None)
        with Log(tmp_path, SIGNER) as log:
            log.append_all([some_leaf(n) for n in range(4_500)])
    with Log(tmp_path, SIGNER) as log:
        log.append_all([some_leaf(n) for n in range(4_500)])
        assert log.file(head_path(0, 0)) is None
        assert log.file(head_path(0, 1)) is not None
    audit(lambda path: (tmp_path / path).read_bytes(), POLICY)


def test_the_last_entries_are_checked_at_the_start(folder: Path) -> None:
    flip(folder / entry_tile(SIZE // 256, (SIZE + 17) % 256 or 256))
    with pytest.raises(LedgerError):
        Log(folder, SIGNER)


def test_reading_all_of_a_log_keeps_little_of_it_in_memory(folder: Path) -> None:
    with Log(folder, SIGNER) as log:
        for index in range(0, SIZE, 97):
            log.receipt(index)
            log.leaf(index)
        log.append_all([some_leaf(n) for n in range(700)])
        kept = log._folio
        assert len(kept._tiles) <= MOST_TILES
        assert len(kept._tail) < 256
        assert not kept._unwritten
