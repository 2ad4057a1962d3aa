"""A log in parts: months, keys that change, kills in between, clocks that go wrong; never an entry after the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightlatch.errors import ConfigError, NightlatchError
from nightlatch.ledger import parts
from nightlatch.ledger.chronicle import Chronicle, open_chronicle
from nightlatch.ledger.errors import LedgerError, PartEnded, Unproven
from nightlatch.ledger.monitor import Audited, audit
from nightlatch.ledger.parts import Position, position
from nightlatch.ledger.policy import Policy, verify_receipt
from nightlatch.seal.note import COSIGNATURE, Signer, make_signer
from tests.clocks import TestClock
from tests.ledger.long_log import some_leaf

SIGNER, HOME = make_signer("example.org/log"), make_signer("home.example", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("home", HOME.verifier),), 1)
DAY_MS = 86_400_000


def on(year: int, month: int, day: int) -> TestClock:
    return TestClock(fixed_ms=int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1000)


def opened(folder: Path, clock: TestClock, signer: Signer = SIGNER) -> Chronicle:
    return open_chronicle(folder, signer, policy=POLICY, clock=clock)


def added(log: Chronicle, leaf: bytes) -> int:
    """As the sequencer does it."""
    if log.is_turn_due():
        log.end_part()
    return log.append(leaf).index


def audited(folder: Path, number: int, key: Signer = SIGNER) -> Audited:
    name = "example.org/log" + (f"/{number}" if number else "")
    policy = Policy(replace(key.verifier, name=name), (), 0)
    return audit(lambda path: (folder / (str(number) if number else "") / path).read_bytes(), policy)


def test_the_first_entry_of_a_new_month_begins_a_part(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        assert added(log, b"november") == 0
        clock.pass_hours(24 * 4)
        december = added(log, b"december")
        assert position(december) == Position(1, 1)
        assert added(log, b"again") == december + 1
        clock.pass_hours(24 * 31)
        assert position(added(log, b"january")) == Position(2, 1)
        assert log.leaf(december) == b"december"
        first = log.receipt(0)
    assert verify_receipt(first, b"november", replace(POLICY, witnesses=(), quorum=0), None).index == 0
    before = audited(tmp_path, 0)
    for number in (1, 2):
        folder = tmp_path / str(number)
        old = tmp_path if number == 1 else tmp_path / str(number - 1)
        now, policy = audited(tmp_path, number), replace(POLICY, log=replace(SIGNER.verifier, name="x"))
        then = parts.read_next(
            (old / "next").read_bytes(), before.leaves[-1], parts.Part("example.org/log", number - 1, policy)
        )
        assert (then.number, then.policy) == (
            number,
            replace(POLICY, log=replace(SIGNER.verifier, name=f"example.org/log/{number}")),
        )
        parts.read_begin((folder / "begin").read_bytes(), now.leaves[0], before.checkpoint)
        before = now


def test_a_log_is_opened_again_in_its_newest_part(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        added(log, b"november")
        clock.pass_hours(24 * 4)
        added(log, b"december")
    with opened(tmp_path, clock) as log:
        assert log.size == Position(1, 2)
        assert position(added(log, b"more")) == Position(1, 2)
        assert log.leaf(0) == b"november"
        with pytest.raises(LedgerError, match="Another program"):
            opened(tmp_path, clock)
        with pytest.raises(IndexError):
            log.leaf(int(Position(2, 0)))
        with pytest.raises(IndexError):
            log.leaf(-1)


def test_without_a_policy_no_month_ends_and_nothing_is_different(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with open_chronicle(tmp_path, SIGNER, clock=clock) as log:
        for _ in range(3):
            added(log, b"an entry")
            clock.pass_hours(24 * 31)
        assert log.size == Position(0, 3)
        with pytest.raises(ConfigError):
            log.end_part()


def test_a_clock_set_back_ends_nothing_and_one_set_a_year_ahead_ends_one_part(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        added(log, b"november")
    for ahead_days in (400, -800, 400, 0, 360, -30, 399):
        clock.offset_ms = ahead_days * DAY_MS
        with opened(tmp_path, clock) as log:
            for _ in range(3):
                added(log, b"an entry")
    assert log.part.number == 1
    begun = [parts.read_leaf(audited(tmp_path, number).leaves[0]).at_s for number in (1,)]
    assert begun == [(clock.fixed_ms or 0) // 1000 + 400 * 86_400]


def test_an_operator_changes_key_and_policy_and_the_old_key_signs_for_it(tmp_path: Path) -> None:
    new, other = make_signer("example.org/log"), make_signer("other.example", COSIGNATURE)
    clock = on(2026, 11, 28)
    policy = Policy(new.verifier, (("other", other.verifier),), 1, 300, 2)
    with opened(tmp_path, clock) as log:
        added(log, b"one")
        log.end_part(policy)
    with pytest.raises(LedgerError, match="not the key"):
        opened(tmp_path, clock)
    with opened(tmp_path, clock, new) as log:
        assert log.is_ended
        assert position(added(log, b"two")) == Position(1, 1)
        assert log.part.policy == replace(policy, log=replace(new.verifier, name="example.org/log/1"))
        assert log.leaf(0) == b"one"
    with pytest.raises(LedgerError, match="not the key"):
        opened(tmp_path, clock)
    audited(tmp_path, 0)
    audited(tmp_path, 1, new)


def test_nobody_but_the_log_ends_it_and_nothing_follows_the_end(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        added(log, b"one")
        event = parts.next_event(parts.following(log.part))
        for kind in (parts.NEXT, parts.BEGIN, "log.index"):
            with pytest.raises(LedgerError, match="itself"):
                log.append(parts.public_leaf(kind, event, 5).canonical())
        log.end_part()
        with pytest.raises(LedgerError, match="ended already"):
            log.end_part()
        with pytest.raises(PartEnded):
            log._newest.append(b"too late")
        assert position(log.append(b"in the next one").index) == Position(1, 1)
    assert parts.is_last(audited(tmp_path, 0).leaves[-1])


def test_a_next_file_without_its_entry_counts_for_nothing(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        added(log, b"one")
        (tmp_path / "next").write_bytes(b"{}")  # as a kill between the file and the entry leaves it
        assert log.file("next") is None
    with opened(tmp_path, clock) as log:
        assert not (tmp_path / "next").exists()
        log.end_part()
        assert log.file("next") is not None


def test_parts_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    for name, entry in (("a", b"one"), ("b", b"another")):
        with opened(tmp_path / name, clock) as log:
            added(log, entry)
            log.end_part()
            log.append(b"two")
    (tmp_path / "a/1").rename(tmp_path / "old")
    (tmp_path / "b/1").rename(tmp_path / "a/1")
    with pytest.raises(Unproven):
        opened(tmp_path / "a", clock)


def test_a_policy_of_another_log_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, on(2026, 11, 28)) as log:
        added(log, b"one")
    other = replace(POLICY, log=make_signer("example.org/other").verifier)
    with pytest.raises(ConfigError):
        open_chronicle(tmp_path, SIGNER, policy=other)


CHILD = """
import os, signal, sys
from pathlib import Path
from nightlatch.ledger import chronicle, log as logs, folio
from nightlatch.ledger.policy import read_policy
from nightlatch.seal.note import read_signer
folder, at = Path(sys.argv[1]), int(sys.argv[4])
log = chronicle.open_chronicle(folder, read_signer(sys.argv[2]), policy=read_policy(sys.argv[3]))
log.append(b"before")
count = 0
def counted(real):
    def write(*args):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    return write
logs._write = counted(logs._write)
chronicle.write_public = counted(chronicle.write_public)
logs.Log._write_journal = counted(logs.Log._write_journal)
logs.Log._empty_journal = counted(logs.Log._empty_journal)
log.end_part()
log.append(b"after")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("at", range(1, 20))
def test_a_kill_anywhere_in_a_turn_leaves_what_the_next_start_finishes(tmp_path: Path, at: int) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path), SIGNER.secret(), str(POLICY), str(at)]
    done = subprocess.run(command, check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    with open_chronicle(tmp_path, SIGNER, policy=POLICY) as log:
        if log.part.number == 0 and not log.is_ended:
            log.end_part()
        where = position(log.append(b"last").index)
    assert where.part == 1
    before, now = audited(tmp_path, 0), audited(tmp_path, 1)
    assert before.leaves[0] == b"before"
    assert parts.is_last(before.leaves[-1])
    assert len(before.leaves) == 2
    parts.read_begin((tmp_path / "1" / "begin").read_bytes(), now.leaves[0], before.checkpoint)
    assert now.leaves[1:] in ((b"last",), (b"after", b"last"))


def test_entries_with_tags_are_indexed_in_every_part(tmp_path: Path) -> None:
    clock = on(2026, 11, 28)
    with opened(tmp_path, clock) as log:
        for part in range(2):
            log.append_all([some_leaf(n) for n in range(4_200)])
            assert log.file(f"{'1/' if part else ''}tags/0/000/head")
            log.end_part()
        assert log.file("2/tags/0/000/head") is None
    (tmp_path / "next").unlink()
    with pytest.raises(NightlatchError):
        opened(tmp_path, clock)


def test_an_operator_rotates_on_the_command_line_and_reads_what_to_do_next(tmp_path: Path) -> None:
    new = make_signer("example.org/log")
    for name, text in (
        ("old.key", SIGNER.secret()),
        ("policy", str(POLICY)),
        ("then", str(replace(POLICY, log=new.verifier))),
    ):
        (tmp_path / name).write_text(text)
    with opened(tmp_path / "log", on(2026, 11, 28)) as log:
        added(log, b"one")
    given = ["--data", "log", "--key", "old.key", "--policy", "policy", "--then", "then"]
    command = [sys.executable, "-m", "nightlatch", "log", "rotate", *given]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"--log {replace(new.verifier, name='example.org/log/1')}" in said
    assert "lacks its quorum" in said
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode != 0
    with opened(tmp_path / "log", on(2026, 11, 28), new) as log:
        assert position(added(log, b"two")) == Position(1, 1)
