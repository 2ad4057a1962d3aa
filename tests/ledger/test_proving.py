"""Notes, cosignatures, receipts and witnesses: what proves, and by which name each refusal goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nightlatch.ledger.checkpoint import Checkpoint, cosign, open_checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.policy import Policy, check_note, verify_receipt
from nightlatch.ledger.proof import read_proof
from nightlatch.ledger.witness import Moved, Witness, read_request, request
from nightlatch.seal.note import COSIGNATURE, Note, NoteError, make_signer, read_note, read_signer, read_verifier
from tests.clocks import TestClock

SIGNER = make_signer("example.org/log")
HOME, FRIEND = make_signer("home.example", COSIGNATURE), make_signer("friend.example", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("home", HOME.verifier), ("friend", FRIEND.verifier)), 2)
# The example of c2sp.org/signed-note.
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def cosigned(log: Log, now_ms: int, *witnesses: object) -> Note:
    plain = log.note
    signatures = [cosign(plain, w, now_ms // 1000) for w in witnesses]  # type: ignore[arg-type]
    return Note(plain.text, (*plain.signatures[:1], *signatures))


def test_the_example_of_the_specification_verifies_and_its_forgery_does_not() -> None:
    key, note = read_verifier(EXAMPLE_KEY), read_note(EXAMPLE_NOTE)
    assert key.signed(note)
    assert str(note) == EXAMPLE_NOTE
    assert str(key) == EXAMPLE_KEY
    assert not key.signed(read_note(EXAMPLE_NOTE.replace("answer", "anszer")))


@pytest.mark.parametrize(
    "raw", ["", "text\n", "text\n\n", "text\n\n- a b\n", "text\n\n— a AAA=\n", "a\x00b\n\n— a AAAAAAAA\n"]
)
def test_what_is_no_note_is_refused(raw: str) -> None:
    with pytest.raises(NoteError):
        read_note(raw)


def test_keys_read_as_they_were_written_and_a_damaged_one_is_refused() -> None:
    assert read_signer(SIGNER.secret()).verifier == SIGNER.verifier
    assert read_verifier(str(HOME.verifier)) == HOME.verifier
    with pytest.raises(NoteError):
        read_verifier(str(HOME.verifier).replace("home", "away"))
    assert SIGNER.secret() not in repr(SIGNER)


def test_a_receipt_proves_its_entry_alone(tmp_path: Path) -> None:
    clock = TestClock()
    with Log(tmp_path, SIGNER) as log:
        for leaf in (b"one", b"two", b"three"):
            log.append(leaf)
        receipt = log.receipt(1, cosigned(log, clock.now_ms(), HOME, FRIEND))
    assert str(read_proof(receipt)) == receipt
    found = verify_receipt(receipt, b"two", POLICY, clock.now_ms())
    assert [name for name, _ in found.witnessed] == ["home", "friend"]
    with pytest.raises(Unproven) as other:
        verify_receipt(receipt, b"one", POLICY, clock.now_ms())
    assert other.value.why is Why.NOT_INCLUDED


@pytest.mark.parametrize(
    ("witnesses", "age_s", "why"),
    [
        ((), 0, Why.NO_QUORUM),
        ((HOME,), 0, Why.NO_QUORUM),
        ((HOME, FRIEND), 3600, Why.STALE),
        ((HOME, FRIEND), -3600, Why.STALE),
    ],
)
def test_too_few_cosignatures_and_old_ones_prove_nothing(
    tmp_path: Path, witnesses: tuple[object, ...], age_s: int, why: Why
) -> None:
    clock = TestClock()
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
        receipt = log.receipt(0, cosigned(log, clock.now_ms() - age_s * 1000, *witnesses))
    with pytest.raises(Unproven) as refused:
        verify_receipt(receipt, b"one", POLICY, clock.now_ms())
    assert refused.value.why is why


def test_another_origin_and_another_key_prove_nothing(tmp_path: Path) -> None:
    with Log(tmp_path / "a", make_signer("example.org/other")) as log:
        log.append(b"one")
        with pytest.raises(Unproven) as origin:
            check_note(str(log.note), POLICY, None)
    with Log(tmp_path / "b", make_signer("example.org/log")) as log:
        log.append(b"one")
        with pytest.raises(Unproven) as key:
            check_note(str(log.note), POLICY, None)
    assert (origin.value.why, key.value.why) == (Why.WRONG_ORIGIN, Why.NOT_SIGNED)


def test_a_witness_cosigns_what_continues_and_says_where_it_is(tmp_path: Path) -> None:
    clock = TestClock()
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], clock)
    with Log(tmp_path / "log", SIGNER) as log:
        log.append(b"one")
        first = witness.add_checkpoint(request(0, [], str(log.note)))
        assert Note(log.note.text, (first,)) == read_note(f"{log.note.text}\n{first}")
        log.append(b"two")
        with pytest.raises(Moved) as moved:
            witness.add_checkpoint(request(0, [], str(log.note)))
        assert moved.value.size == 1
        witness.add_checkpoint(request(1, log.consistency(1, 2), str(log.note)))
    again = Witness(tmp_path / "w", HOME, [SIGNER.verifier], clock)
    newest = again.newest("example.org/log")
    assert newest is not None
    assert newest.size == 2


def test_a_fork_and_a_rollback_are_refused_and_the_evidence_is_kept(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], TestClock())
    with Log(tmp_path / "a", SIGNER) as log:
        log.append(b"one")
        early = str(log.note)
        log.append(b"two")
        witness.add_checkpoint(request(0, [], str(log.note)))
    with Log(tmp_path / "b", SIGNER) as fork:
        fork.append(b"one")
        fork.append(b"another")
        with pytest.raises(Unproven) as same_size:
            witness.add_checkpoint(request(2, [], str(fork.note)))
        fork.append(b"three")
        with pytest.raises(Unproven) as longer:
            witness.add_checkpoint(request(2, fork.consistency(2, 3), str(fork.note)))
    with pytest.raises(Unproven) as back:
        witness.add_checkpoint(request(1, [], early))
    assert [e.value.why for e in (same_size, longer, back)] == [Why.FORK, Why.FORK, Why.ROLLBACK]
    assert len(witness.evidence()) == 3
    for path in witness.evidence():
        for note in path.read_text().split("\n----\n\n"):
            open_checkpoint(note, SIGNER.verifier)  # both were signed by the log: that is the proof
    newest = witness.newest("example.org/log")
    assert newest is not None
    assert newest.size == 2


def test_a_request_reads_as_it_was_written() -> None:
    note = str(Note(str(Checkpoint("a", 1, b"\0" * 32)), (SIGNER.sign("x"),)))
    assert read_request(request(7, [b"\1" * 32], note)) == (7, [b"\1" * 32], note)
    for raw in ("", "new 1\n\nx", "old x\n\nx", "old 1\nAAAA\n\nx"):
        with pytest.raises(Unproven):
            read_request(raw)


def test_a_witness_watches_the_parts_of_a_log_under_its_key_and_a_new_key_once_it_is_told(tmp_path: Path) -> None:
    new, parts = make_signer("example.org/log/2"), []
    for name, key in (("example.org/log", SIGNER), ("example.org/log/1", SIGNER), ("example.org/log/2", new)):
        part = Log(tmp_path / name, replace(key, name=name))
        part.append(b"one")
        parts.append(part)
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], TestClock())
    for part in parts[:2]:
        witness.add_checkpoint(request(0, [], str(part.note)))
    with pytest.raises(Unproven) as refused:
        witness.add_checkpoint(request(0, [], str(parts[2].note)))
    assert refused.value.why is Why.NOT_SIGNED
    told = Witness(tmp_path / "w", HOME, [SIGNER.verifier, new.verifier], TestClock())
    told.add_checkpoint(request(0, [], str(parts[2].note)))
    third = Log(tmp_path / "third", replace(new, name="example.org/log/3"))
    told.add_checkpoint(request(0, [], str(third.note)))
    wrong = Log(tmp_path / "wrong", replace(SIGNER, name="example.org/log/3"))
    with pytest.raises(Unproven):
        told.add_checkpoint(request(0, [], str(wrong.note)))
    for part in (*parts, third, wrong):
        part.close()


def test_a_part_does_not_grow_any_more_once_a_witness_cosigned_the_one_behind_it(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], TestClock())
    with (
        Log(tmp_path / "0", SIGNER) as before,
        Log(tmp_path / "1", replace(SIGNER, name="example.org/log/1")) as behind,
    ):
        before.append(b"one")
        behind.append(b"two")
        for part in (before, behind):
            witness.add_checkpoint(request(0, [], str(part.note)))
        witness.add_checkpoint(request(1, [], str(before.note)))  # the same again
        before.append(b"too late")
        with pytest.raises(Unproven) as refused:
            witness.add_checkpoint(request(1, before.consistency(1, 2), str(before.note)))
        assert refused.value.why is Why.FORK
        behind.append(b"three")
        witness.add_checkpoint(request(1, behind.consistency(1, 2), str(behind.note)))
