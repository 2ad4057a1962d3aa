"""Many writers and readers of one log: a commit and a round for all, nothing for readers; witnesses that are away."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightlatch.ledger import cosigners as rounds
from nightlatch.ledger import log as logs
from nightlatch.ledger import parts
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.checkpoint import cosign, cosigned_at_s
from nightlatch.ledger.chronicle import Chronicle, open_chronicle
from nightlatch.ledger.cosigners import Cosigners, answer
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.parts import Position, position
from nightlatch.ledger.policy import Policy, read_policy, verify_receipt
from nightlatch.ledger.sequencer import LoggedReceipt, Sequencer
from nightlatch.ledger.witness import Witness, read_request
from nightlatch.seal.note import COSIGNATURE, Note, make_signer, read_note
from tests.clocks import TestClock

SIGNER, HOME = make_signer("example.org/log"), make_signer("home.example", COSIGNATURE)
HUB, OTHER = make_signer("nightlatch.hub/1", COSIGNATURE), make_signer("nightlatch.hub/2", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("home", HOME.verifier),), 1)
NOVEMBER = TestClock(fixed_ms=int(datetime(2026, 11, 28, tzinfo=UTC).timestamp()) * 1000)


@dataclass
class Gate:
    """A witness that answers when it is let."""

    witness: Witness
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def ask(self, body: str) -> tuple[int, str]:
        self.asked += 1
        await self.opened.wait()
        return answer(self.witness, body)


@dataclass
class Running:
    """A log with its sequencer and one witness."""

    ledger: Chronicle
    brought: Couriers
    cosigners: Cosigners
    sequencer: Sequencer
    gate: Gate

    async def append(self, leaf: bytes) -> LoggedReceipt:
        return await asyncio.wait_for(self.sequencer.append(leaf), 20)

    def bring(self, key: object) -> Awaitable[None]:
        note = self.ledger.note
        return self.cosigners.bring(str(Note(note.text, (cosign(note, key, 1_000),))))  # type: ignore[arg-type]


def play(
    folder: Path, story: Callable[[Running], Awaitable[None]], clock: TestClock = NOVEMBER, policy: Policy = POLICY
) -> None:
    """Run a story in an event loop of its own."""

    async def run() -> None:
        with open_chronicle(folder / "log", SIGNER, policy=policy, clock=clock) as ledger:
            gate = Gate(Witness(folder / "witness", HOME, [SIGNER.verifier], clock))
            gate.opened.set()
            brought = Couriers(ledger, [])
            cosigners = Cosigners(ledger, {HOME.verifier: gate.ask}, brought)
            await story(Running(ledger, brought, cosigners, Sequencer(ledger, cosigners), gate))
            cosigners.stop()

    asyncio.run(run())


def test_what_comes_during_a_round_shares_the_next_one(tmp_path: Path) -> None:
    async def story(at: Running) -> None:
        await at.append(b"first")
        at.gate.opened.clear()
        early = asyncio.create_task(at.append(b"early"))
        while at.cosigners.rounds < 2:
            await asyncio.sleep(0)
        late = [asyncio.create_task(at.append(b"late %d" % n)) for n in range(40)]
        await asyncio.sleep(0)
        at.gate.opened.set()
        found = [await each for each in (early, *late)]
        assert at.cosigners.rounds == 3
        assert [each.position for each in found] == list(range(1, 42))
        for leaf, each in zip((b"early", *(b"late %d" % n for n in range(40))), found, strict=True):
            assert verify_receipt(each.receipt, leaf, POLICY, None).index == each.position

    play(tmp_path, story)


def test_one_entry_that_is_refused_keeps_no_other_from_the_log(tmp_path: Path) -> None:
    async def story(at: Running) -> None:
        waiting = [asyncio.create_task(at.append(leaf)) for leaf in (b"one", b"x" * 65_536, b"two")]
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(done[1], LedgerError)
        assert [each.position for each in done if isinstance(each, LoggedReceipt)] == [0, 1]

    play(tmp_path, story)


def test_a_witness_that_does_not_answer_holds_up_one_round_and_is_asked_again_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "WITHIN_S", 1.0)
    monkeypatch.setattr(rounds, "PROMPT_S", 0.8)
    monkeypatch.setattr(rounds, "RESTS_S", (0.01,))

    async def story(at: Running) -> None:
        at.gate.opened.clear()
        loop = asyncio.get_running_loop()
        await at.append(b"one")
        began = loop.time()
        for n in range(5):
            taken = await at.append(b"%d" % n)
        assert loop.time() - began < 5 * 1.0
        assert cosigned_at_s(read_note(taken.receipt.partition("\n\n")[2]), HOME.verifier) is None
        at.gate.opened.set()
        while not at.cosigners.is_quorate or at.cosigners._witnesses[0].is_absent:
            await asyncio.sleep(0.01)
        taken = await at.append(b"again")
        assert verify_receipt(taken.receipt, b"again", POLICY, None).index == taken.position

    play(tmp_path, story)


def test_a_disk_that_is_full_after_the_commit_costs_no_writer_their_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = logs._write

    def write(path: Path, content: bytes) -> None:
        if path.name == "checkpoint" and b"home.example" in content:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    async def story(at: Running) -> None:
        monkeypatch.setattr(logs, "_write", write)
        taken = await at.append(b"one")
        assert verify_receipt(taken.receipt, b"one", POLICY, None).index == 0

    play(tmp_path, story)


def test_entries_for_which_there_is_no_room_are_refused_by_name_and_the_next_ones_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def story(at: Running) -> None:
        with monkeypatch.context() as full:
            full.setattr(logs.Log, "_write_journal", no_room)
            done = await asyncio.gather(*(at.append(b"%d" % n) for n in range(3)), return_exceptions=True)
        assert [type(each) for each in done] == [LogFull] * 3
        with monkeypatch.context() as full:
            full.setattr(logs, "_write", no_room)
            with pytest.raises(NotShown):
                await at.append(b"kept")
        assert (await at.append(b"room again")).position == 1

    play(tmp_path, story)


def test_a_round_waits_for_as_many_households_as_the_policy_says_and_not_twice_for_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "HOUSEHOLDS_WITHIN_S", 0.3)
    monkeypatch.setattr(rounds, "HOUSEHOLDS_REST_S", 0.05)
    policy = read_policy(str(POLICY) + "households 1\n")

    async def story(at: Running) -> None:
        loop = asyncio.get_running_loop()
        await at.append(b"nobody is about")
        at.brought.enrol("ab" * 16, HUB.verifier)
        at.brought.enrol("cd" * 16, OTHER.verifier)
        await at.bring(HUB)
        await at.bring(OTHER)
        appending = asyncio.create_task(at.append(b"one of two is enough"))
        while at.ledger.size.index < 2:
            await asyncio.sleep(0)
        await at.bring(OTHER)
        note = read_note((await appending).receipt.partition("\n\n")[2])
        assert [cosigned_at_s(note, key.verifier) for key in (HUB, OTHER)] == [None, 1_000]
        await at.append(b"both are waited for in vain")
        began = loop.time()
        await at.append(b"and no more")
        assert loop.time() - began < 0.3

    play(tmp_path, story, policy=policy)


def test_a_new_month_begins_a_part_for_everybody_who_waits_and_the_end_is_cosigned(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=NOVEMBER.fixed_ms)

    async def story(at: Running) -> None:
        await at.append(b"november")
        clock.pass_hours(24 * 5)
        found = await asyncio.gather(*(at.append(b"%d" % n) for n in range(10)), at.sequencer.turn())
        places = sorted(each.position for each in found if each is not None)
        assert [position(each) for each in places] == [Position(1, n) for n in range(1, 11)]
        end = at.ledger.checkpoint_of(0)
        assert end is not None
        assert cosigned_at_s(end, HOME.verifier) is not None
        assert parts.is_last(at.ledger.leaf(1))

    play(tmp_path, story, clock)


def test_a_part_is_not_ended_while_its_end_would_have_no_quorum(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=NOVEMBER.fixed_ms)

    async def story(at: Running) -> None:
        async def gone(_: str) -> tuple[int, str]:
            raise ConnectionError("gone")

        ask, at.gate.ask = at.gate.ask, gone  # type: ignore[method-assign]
        at.cosigners._witnesses[0].ask = gone
        await at.append(b"november")
        clock.pass_hours(24 * 5)
        assert position((await at.append(b"december")).position).part == 0
        at.cosigners._witnesses[0].ask = ask
        await at.append(b"the witness is back")
        assert position((await at.append(b"now")).position).part == 1

    play(tmp_path, story, clock)


def test_a_question_names_the_newest_part_and_begins_at_0_for_who_knows_another(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=NOVEMBER.fixed_ms)

    async def story(at: Running) -> None:
        await at.append(b"november")
        clock.pass_hours(24 * 5)
        await at.append(b"december")
        for known, old in ((0, 0), (2, 0), (int(Position(1, 1)), 1), (int(Position(1, 2)), 2)):
            asked = read_request(await at.cosigners.question(known, 0))
            assert (asked.old, asked.note.split("\n")[0]) == (old, "example.org/log/1")
        for known in (int(Position(1, 3)), int(Position(2, 0))):
            with pytest.raises(LedgerError):
                await at.cosigners.question(known, 0)
        at.brought.enrol("ab" * 16, HUB.verifier)
        end = at.ledger.checkpoint_of(0)
        assert end is not None
        await at.cosigners.bring(str(Note(end.text, (cosign(end, HUB, 1_000),))))
        shown = at.ledger.checkpoint_of(0)
        assert shown is not None
        assert cosigned_at_s(shown, HUB.verifier) == 1_000

    play(tmp_path, story, clock)
