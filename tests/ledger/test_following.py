"""Whoever verifies receipts learns of the log's parts as they begin, and believes only what the part before says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nightlatch.ledger.errors import LedgerError, Unproven
from nightlatch.ledger.following import Following
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.parts import position
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.proof import Proof
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.ledger.long_log import WrittenPart, long_log, some_leaf

SIGNER, HOME, OTHER = (
    make_signer("example.org/log"),
    make_signer("home.example", COSIGNATURE),
    make_signer("other.example", COSIGNATURE),
)


@dataclass
class Folder:
    """A log in a folder, as a client shows it."""

    folder: Path
    written: list[WrittenPart]

    def file(self, path: str) -> bytes:
        try:
            return (self.folder / path).read_bytes()
        except OSError:
            raise LedgerError("There is no such file.") from None

    def receipt(self, index: int) -> str:
        at = position(index)
        part, tree = self.written[at.part], Tree()
        for leaf in audit(lambda path: self.file(part.part.prefix + path), part.part.policy).leaves:
            tree.append(leaf_hash(leaf))
        return str(Proof(at.index, tuple(tree.inclusion(at.index, tree.size)), part.note))


def log_of(folder: Path, parts: int = 3) -> Folder:
    """A log whose last part has another key and another witness."""
    key = make_signer("example.org/log/2")
    policy = Policy(key.verifier, (("other", OTHER.verifier),), 1)
    cuts = [300, 20][: parts - 1]
    rotates = {2: (key, policy)} if parts == 3 else None
    leaves = (some_leaf(n) for n in range(350))
    return Folder(folder, long_log(folder, SIGNER, leaves, witnesses=[HOME, OTHER], cuts=cuts, rotates=rotates))


def followed(log: Folder) -> Following:
    found = Following(log.written[0].part.policy)
    found.follow(log)
    return found


def test_parts_and_keys_are_learnt_and_receipts_have_their_positions(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    fresh = Following(log.written[0].part.policy)
    last = log.written[2]
    assert not fresh.knows(last.note)
    with pytest.raises(Unproven, match="another part"):
        fresh.part_of(last.note)
    known = followed(log)
    assert [known.part_of(each.note) for each in log.written] == [each.part for each in log.written]
    assert known.part_of(last.note).policy.witnesses == (("other", OTHER.verifier),)
    assert known.position(log.receipt(last.positions[3])) == last.positions[3]
    known.follow(log)
    assert known.newest == last.part


def test_another_log_is_never_a_part(tmp_path: Path) -> None:
    known = followed(log_of(tmp_path / "one"))
    other = long_log(tmp_path / "two", make_signer("example.org/lo"), [some_leaf(1)], witnesses=[HOME])[0]
    with pytest.raises(Unproven):
        known.knows(other.note)


def test_a_part_that_its_quorum_did_not_see_end_is_not_followed(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    policy = replace(
        log.written[0].part.policy, witnesses=(("other", OTHER.verifier), ("x", make_signer("x", COSIGNATURE).verifier))
    )
    with pytest.raises(Unproven):
        Following(replace(policy, quorum=2)).follow(log)


@pytest.mark.parametrize("wrong", ["next", "1/next"])
def test_a_next_part_that_the_last_entry_does_not_name_is_not_believed(tmp_path: Path, wrong: str) -> None:
    log = log_of(tmp_path)
    (tmp_path / wrong).write_bytes(
        (tmp_path / wrong).read_bytes().replace(b"quorum 1", b"quorum 0").replace(b"quorum 2", b"quorum 1")
    )
    with pytest.raises(Unproven):
        followed(log)


def test_a_log_that_is_away_teaches_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, parts=2)
    (tmp_path / "next").unlink()
    known = Following(log.written[0].part.policy)
    with pytest.raises(LedgerError):
        known.follow(log)
    assert known.newest.number == 0
