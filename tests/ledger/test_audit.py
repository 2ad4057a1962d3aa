"""`nightlatch log audit`: it remembers, refuses what contradicts that, and speaks plainly of what is no log."""

from __future__ import annotations

import shutil
from base64 import b64encode
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightlatch.commands.log import app
from nightlatch.errors import NightlatchError
from nightlatch.ledger.checkpoint import cosign, open_checkpoint
from nightlatch.ledger.contradictions import read_contradiction, receipt_of
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.memory import MOST_SUSPICIONS, read_evidence
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.tiles import entry_tile, unbundle
from nightlatch.ledger.witness import Witness, request
from nightlatch.seal.note import COSIGNATURE, Note, make_signer, read_note
from tests.clocks import TestClock
from tests.ledger.long_log import long_log, some_leaf
from tests.ledger.lying_log import lying_log

SIGNER, FRIEND = make_signer("example.org/log"), make_signer("friend.example", COSIGNATURE)
WITNESSES = (("friend", FRIEND.verifier),)


def audit(folder: Path, where: Path, *more: str) -> str:
    (folder / "policy.txt").write_text(str(Policy(SIGNER.verifier, WITNESSES, 1)))
    told = CliRunner().invoke(app, ["audit", str(where), "--policy", str(folder / "policy.txt"), *more])
    if isinstance(told.exception, NightlatchError):
        raise told.exception
    assert told.exit_code == 0, told.output
    return told.output


def log(folder: Path, *leaves: bytes) -> Path:
    with Log(folder, SIGNER) as made:
        for leaf in leaves:
            made.append(leaf)
        made.cosigned([cosign(made.note, FRIEND, 1)], made.checkpoint.size)
    return folder


def test_an_audit_remembers_the_one_before(tmp_path: Path) -> None:
    assert "the first" in audit(tmp_path, log(tmp_path / "log", b"one"))
    assert "continues the 1 of" in audit(tmp_path, log(tmp_path / "log", b"two"))
    assert "continues the 2 of" in audit(tmp_path, tmp_path / "log")
    assert "the first" in audit(tmp_path, tmp_path / "log", "--state", str(tmp_path / "another"))


@pytest.mark.parametrize(
    ("now", "why"),
    [((b"one", b"x"), Why.FORK), ((b"one", b"x", b"three"), Why.FORK), ((b"one",), Why.ROLLBACK)],
)
def test_a_fork_and_a_rollback_are_refused_and_both_checkpoints_kept(
    tmp_path: Path, now: tuple[bytes, ...], why: Why
) -> None:
    audit(tmp_path, log(tmp_path / "before", b"one", b"two"))
    for _ in range(2):  # it stays refused: what was seen is not forgotten
        with pytest.raises(Unproven) as refused:
            audit(tmp_path, log(tmp_path / "now", *now) if not (tmp_path / "now").exists() else tmp_path / "now")
        assert refused.value.why is why
    [kept] = (tmp_path / "policy.txt.seen.evidence").iterdir()
    assert str(kept) in str(refused.value)
    for note in kept.read_text().split("\n----\n\n")[:2]:
        assert SIGNER.verifier.signed(read_note(note))
    _, _, is_proof = read_evidence(kept.read_text(), SIGNER.verifier)
    assert is_proof == (why is Why.FORK) == kept.name.startswith("fork")
    told = CliRunner().invoke(app, ["evidence", str(kept), "--policy", str(tmp_path / "policy.txt")])
    assert ("two histories" if is_proof else "proves nothing") in told.output
    assert "continues the 2" in audit(tmp_path, tmp_path / "before")


def test_evidence_that_was_made_up_accuses_nobody(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as made:
        made.append(b"one")
        before, held = str(made.note), made.checkpoint
        made.append(b"two")
        now, path = str(made.note), made.consistency(1, 2)
    between = "\n----\n\n"
    lines = lambda root: "".join(f"{b64encode(step).decode()}\n" for step in (root, *path))  # noqa: E731
    true = [[before, now], [before, now, lines(held.root)], [before, now, lines(bytes(32))], [now, before], [now, now]]
    for parts in true:
        assert read_evidence(between.join(parts), SIGNER.verifier)[2] is False
    with Log(tmp_path / "forged", make_signer("example.org/log")) as forged:
        forged.append(b"other")
    gaps = f"example.org/log\n1\n{b64encode(bytes(32)).decode()}\n{between}"
    for parts in ([before], [before, str(forged.note)], [before, now, "no base64"], [before, now, ""], []):
        with pytest.raises(Unproven):
            read_evidence(between.join(parts), SIGNER.verifier)
    with pytest.raises(Unproven):  # a log cannot hide a part in its checkpoint
        open_checkpoint(str(Note(gaps, (SIGNER.sign(gaps),))), SIGNER.verifier)


def test_what_is_no_log_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for where in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(LedgerError, match="has no checkpoint"):
            audit(tmp_path, where)
    whole = log(tmp_path / "log", b"one")
    (whole / "tile" / "entries" / "000.p" / "1").unlink()
    with pytest.raises(LedgerError, match="tile/entries"):
        audit(tmp_path, whole)


def test_a_state_file_that_is_damaged_or_of_another_log_is_refused(tmp_path: Path) -> None:
    whole = log(tmp_path / "log", b"one")
    (tmp_path / "seen").write_text("{")
    with pytest.raises(LedgerError, match="damaged"):
        audit(tmp_path, whole, "--state", str(tmp_path / "seen"))
    other = make_signer("example.org/other")
    with Log(tmp_path / "other", other) as made:
        made.append(b"x")
        made.cosigned([cosign(made.note, FRIEND, 1)], 1)
    (tmp_path / "their-policy").write_text(str(Policy(other.verifier, WITNESSES, 1)))
    state = ["--state", str(tmp_path / "theirs")]
    told = CliRunner().invoke(app, ["audit", str(made.folder), "--policy", str(tmp_path / "their-policy"), *state])
    assert told.exit_code == 0
    with pytest.raises(LedgerError, match="another log"):
        audit(tmp_path, whole, *state)


def test_a_stranger_cannot_plant_a_proof_at_a_witness(tmp_path: Path) -> None:
    """Only a log can sign against itself; old checkpoints, which anybody has, are no proof and do not fill the disk."""
    witness = Witness(tmp_path / "w", make_signer("home.example", COSIGNATURE), [SIGNER.verifier], TestClock())
    early, longer = [], ""
    with Log(tmp_path / "log", SIGNER) as made:
        for n in range(2 * MOST_SUSPICIONS):
            early.append(str(made.note))
            made.append(b"%d" % n)
        size = made.checkpoint.size
        witness.add_checkpoint(request(0, [], str(made.note)))
        made.append(b"more")
        longer = str(made.note)
    forger = make_signer("example.org/log")
    with Log(tmp_path / "forged", forger) as forged:
        for n in range(size):
            forged.append(b"forged %d" % n)
        with pytest.raises(Unproven) as refused:
            witness.add_checkpoint(request(size, [], str(forged.note)))
    assert refused.value.why is Why.NOT_SIGNED
    assert witness.evidence() == []
    for note in early:
        with pytest.raises(Unproven):
            witness.add_checkpoint(request(0, [], note))
    with pytest.raises(Unproven):
        witness.add_checkpoint(request(size, [b"\0" * 32], longer))  # a true checkpoint under a false proof
    assert len(witness.evidence()) == MOST_SUSPICIONS
    assert not [path for path in witness.evidence() if path.name.startswith("fork")]


def long(folder: Path, count: int, *cuts: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    entries = (some_leaf(n) for n in range(count))
    long_log(folder, SIGNER, entries, witnesses=[FRIEND], cuts=cuts, policy=Policy(SIGNER.verifier, WITNESSES, 1))
    return folder


def test_an_audit_follows_all_parts_and_remembers_each(tmp_path: Path) -> None:
    told = audit(tmp_path, long(tmp_path / "log", 9_000, 300, 4_200))
    assert "9006 entries in 3 parts" in told
    assert "continues the 9006 of" in audit(tmp_path, tmp_path / "log")
    told = audit(tmp_path, long(tmp_path / "log", 9_500, 300, 4_200))
    assert "continues the 9006 of" in told
    with pytest.raises(Unproven, match="was at") as refused:  # the last part lost entries
        audit(tmp_path, long(tmp_path / "log", 5_000, 300, 4_200))
    assert refused.value.why is Why.ROLLBACK
    assert "policy.txt.seen.evidence" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("tags/0/000/00", "index"),
        ("tags/0/000/head", "index"),
        ("1/tile/0/000", "tile"),
        ("next", "next part"),
        ("1/begin", "does not begin"),
    ],
)
def test_a_changed_file_of_any_part_is_found(tmp_path: Path, path: str, what: str) -> None:
    whole = long(tmp_path / "log", 9_000, 4_300)
    raw = (whole / path).read_bytes()
    (whole / path).write_bytes(raw[:-2] + bytes([raw[-2] ^ 1, raw[-1]]))
    with pytest.raises(Unproven, match=what):
        audit(tmp_path, whole)


def said(folder: Path, entries: list[bytes]) -> Path:
    shutil.rmtree(folder / "log", ignore_errors=True)
    lying_log(folder / "log", entries, SIGNER, FRIEND, 1)
    return folder / "log"


def test_evidence_of_a_lie_is_read_and_one_that_was_made_up_accuses_nobody(tmp_path: Path) -> None:
    long(tmp_path / "log", 500, 300)
    entries = [*unbundle((tmp_path / "log" / entry_tile(0, 256)).read_bytes())]
    entries += unbundle((tmp_path / "log" / entry_tile(1, 45)).read_bytes())
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(Unproven, match="goes on after its end"):
        audit(tmp_path, said(tmp_path, [*entries, b"more"]))
    [kept] = (tmp_path / "policy.txt.seen.evidence").glob("lie-*.txt")
    told = CliRunner().invoke(app, ["evidence", str(kept), "--policy", str(tmp_path / "policy.txt")]).output
    assert "ends with entry 300, and has 302 entries all the same" in told
    note, tree = (said(tmp_path, entries) / "checkpoint").read_text(), Tree()  # the same log, honest
    for leaf in entries:
        tree.append(leaf_hash(leaf))
    honest = receipt_of(tree, 300, entries[300], note)
    forged = kept.read_text().replace("index 300", "index 299")
    for text in (honest, forged, f"{honest}\n----\n\n{note}", kept.read_text()[:-200]):
        with pytest.raises(Unproven):
            read_contradiction(text, [SIGNER.verifier])
    with pytest.raises(Unproven, match="not sign"):
        read_contradiction(kept.read_text(), [make_signer("example.org/log").verifier])
