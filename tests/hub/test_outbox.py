"""What must arrive at a programme does, through outages of either side, and a withdrawal is over when it is proven."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Withdrawn
from nightlatch.errors import Refused, VaultError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.books.records import DonationRow, HouseholdRow, LetterKind
from nightlatch.hub.serve.giving import Donations, ProgrammeClient
from nightlatch.hub.serve.giving.outbox import Lane, Letter
from nightlatch.hub.serve.giving.sending import LONGEST_S, REFUSED_S, Outcome
from nightlatch.keeper.app import create_app
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.donor import give, withdrawal
from tests.keeper.house import ORIGIN, TEN, House
from tests.keeper.house import Owner as Household
from tests.keeper.logs import TinyLog
from tests.serving import served

SMALLEST_FILM = 4_000  # bytes; what announces one is shorter


class Way:
    """The way to a keeper: open, or whatever `block` makes of it."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.is_open = True
        self.shut: set[str] = set()  # requests that do not arrive
        self.lost: set[str] = set()  # requests that arrive, and whose answers do not
        self.says: tuple[int, str] | None = None  # instead of the keeper
        self.asked: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.app = FastAPI()
        keeper = create_app(home.room, home.passkeys, ORIGIN, "face-secret")

        @self.app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
        async def pass_on(path: str, asked: Request) -> Response:
            body = await asked.body()
            is_head = asked.method == "PUT" and len(body) < SMALLEST_FILM
            self.asked.append("head" if is_head else f"{asked.method} /{path.split('/')[1]}")
            if self.says is not None:
                return Response(self.says[1], self.says[0])
            if not self.is_open or asked.method in self.shut:
                return Response("", 503)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(keeper), base_url="http://keeper") as client:
                headers = {name: value for name, value in asked.headers.items() if name.startswith("content-")}
                answer = await client.request(asked.method, f"/{path}", content=body, headers=headers)
            if asked.method in self.lost and not is_head:
                return Response("", 503)
            if answer.headers.get("content-type", "").startswith("application/json"):
                self.answers.append(answer.json())
            return Response(answer.content, answer.status_code, media_type="application/json")


@dataclass
class Hub:
    """A household's hub and the programmes that it may join; `start` is a restart."""

    folder: Path
    clock: TestClock
    owner: Household = field(default_factory=Household)
    steady_s: float = 0.0

    def __post_init__(self) -> None:
        self.start()
        with self.donations._books.change() as session:
            session.add(
                HouseholdRow(
                    id="ab" * 16,
                    name="h",
                    created_ms=1,
                    recipient=str(self.owner.identity.to_public()),
                    signing_key=public_b64(self.owner.key),
                    kdf="{}",
                    login_sha256=b"",
                    wrapped_root="",
                )
            )

    def start(self) -> None:
        self.donations = Donations(Books(self.folder, open_index(self.folder)), self.clock, None)
        self.donations.sender._steady_s = lambda: self.steady_s
        self.donations.sender.catch_up()

    def turn(self, s: float = 0.0) -> None:
        """Let time pass, and send what is due then."""
        self.steady_s += s
        self.donations.sender.turn()

    def give(self) -> DonationLine:
        line = give(self.donations, self.owner.key, self.owner.log_key, self.clock.now_ms())
        self.turn()
        return self.line(line.id)

    def withdrawal(self, line: DonationLine) -> Withdrawn:
        return withdrawal(line.id, line.consent_sha256, self.owner.key, self.clock.now_ms())

    def take_back(self, line: DonationLine) -> DonationLine:
        self.donations.take_back(line.id, self.withdrawal(line))
        self.turn()
        return self.line(line.id)

    def line(self, donation: str) -> DonationLine:
        [found] = [line for line in self.donations.given() if line.id == donation]
        return found


@dataclass
class World:
    hub: Hub
    keeper: House
    way: Way
    invitation: str
    other: str  # an invitation of a programme that is not there

    def at_keeper(self) -> list[KeptDonationRow]:
        with Session(self.keeper.engine) as session:
            return list(session.scalars(select(KeptDonationRow)))

    @property
    def sealed(self) -> list[Path]:
        return list((self.hub.folder / "outbox").glob("*"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = TestClock(fixed_ms=TEN)
    log = TinyLog(clock)
    keeper = House(tmp_path / "keeper", clock, log)
    way, hub = Way(keeper), Hub(tmp_path / "hub", clock)
    with ExitStack() as stack:
        url = stack.enter_context(served(way.app))
        told = {
            "name": "A programme",
            "keeper_url": url,
            "log_url": url,
            "programme_key": keeper.policy.programme_key,
            "policy": str(log.policy),
            "notice": "n",
            "language": "en",
        }
        other = told | {"name": "Another", "keeper_url": "http://127.0.0.1:9", "log_url": "http://127.0.0.1:9"}
        made = World(hub, keeper, way, json.dumps(told), json.dumps(other))
        hub.donations.join(made.invitation)
        yield made
    keeper.engine.dispose()
    hub.donations._books.engine.dispose()


# ---- giving ----------------------------------------------------------------------------------------------------------


def test_a_clip_that_arrived_leaves_nothing_in_the_outbox(world: World) -> None:
    line = world.hub.give()
    assert line.arrived_ms == TEN
    assert (line.letter, world.sealed) == (None, [])


def test_a_clip_whose_upload_was_not_answered_is_known_and_is_handed_over_again(world: World) -> None:
    world.way.lost = {"PUT"}
    line = world.hub.give()
    assert line.arrived_ms is None
    assert line.letter is not None
    assert (line.letter.tries, line.letter.answer) == (1, "It answered: status 503")
    assert [path.name for path in world.sealed] == [f"{line.id}.sealed"]
    world.way.lost = set()
    world.hub.start()
    world.hub.turn()
    assert world.hub.line(line.id).arrived_ms == TEN
    assert world.sealed == []


def test_a_clip_on_its_way_that_is_taken_back_is_never_sent_again_and_ends_at_the_keeper(world: World) -> None:
    world.way.lost = {"PUT"}
    line = world.hub.give()
    world.way.lost = set()
    line = world.hub.take_back(line)
    assert world.sealed == []
    assert line.refused_ms == TEN
    world.keeper.room.sweep()
    world.hub.turn(LONGEST_S)
    line = world.hub.line(line.id)
    assert (line.proven_ms, line.shredded_ms, line.letter) == (TEN, TEN, None)
    assert [each for each in world.way.asked if each.startswith("PUT")] == ["PUT /donations"]


def test_a_clip_that_never_came_is_said_not_to_have_come(world: World) -> None:
    world.way.shut = {"PUT"}
    line = world.hub.give()
    world.way.shut = set()
    line = world.hub.take_back(line)
    world.keeper.room.sweep()
    world.hub.turn(LONGEST_S)
    line = world.hub.line(line.id)
    assert line.not_taken == "It says that this clip never came."
    assert (line.proven_ms, line.letter) == (None, None)


@pytest.mark.parametrize(
    ("answer", "is_over"),
    [('{"error": "The keeper knows no such donation."}', True), ("<html>not found</html>", False)],
)
def test_a_keeper_that_never_had_a_clip_may_say_that_it_knows_nothing_of_it(
    world: World, answer: str, is_over: bool
) -> None:
    world.way.shut = {"PUT"}
    line = world.hub.give()
    world.way.says = (404, answer)
    line = world.hub.take_back(line)
    assert (line.letter is None, line.not_taken is not None) == (is_over, is_over)
    world.hub.start()
    assert (world.hub.line(line.id).letter is None) == is_over


def test_a_clip_that_was_refused_for_good_stays_listed_with_the_reason(world: World) -> None:
    world.hub.owner.log_key = b"short"
    line = world.hub.give()
    assert line.not_taken == "It answered: A log key is 32 bytes. Give the clip again."
    assert (line.letter, world.sealed) == (None, [])


def test_after_leaving_a_clip_on_its_way_is_held_until_the_programme_is_joined_again(world: World) -> None:
    world.way.lost = {"PUT"}
    line = world.hub.give()
    world.way.lost = set()
    world.hub.donations.membership.leave()
    world.hub.turn(LONGEST_S)
    letter = world.hub.line(line.id).letter
    assert letter is not None
    assert "not sent again" in (letter.answer or "")
    assert world.way.asked.count("PUT /donations") == 1
    world.hub.donations.join(world.invitation)
    world.hub.turn()
    assert world.hub.line(line.id).arrived_ms == TEN


def test_a_log_that_contradicts_itself_is_given_nothing_that_is_still_on_its_way(world: World) -> None:
    world.way.shut = {"PUT"}
    line = world.hub.give()
    world.way.shut = set()
    world.hub.donations.distrusted = "The log contradicts itself."
    world.hub.turn(1)
    letter = world.hub.line(line.id).letter
    assert letter is not None
    assert letter.answer == "It is not sent: The log contradicts itself."
    assert world.hub.take_back(line).refused_ms == TEN


def test_without_room_for_the_clip_nothing_is_sent_or_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.hub.donations.outbox, "enter", full)
    with pytest.raises(VaultError, match="nothing was given"):
        world.hub.give()
    assert (world.hub.donations.given(), world.sealed) == ([], [])
    assert "PUT /donations" not in world.way.asked


class Killed(BaseException):
    """As by kill -9: nothing catches it, nothing is cleaned up."""


STEPS = [
    "before the clip",
    "after the clip",
    "before the letter",
    "before sending",
    "after sending",
    "after the answer",
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_of_giving_the_household_knows_what_lies_at_the_keeper(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    outbox, client = world.hub.donations.outbox, ProgrammeClient
    word, _, what = step.partition(" ")
    place: tuple[object, str] = {
        "the clip": (outbox, "keep_parcel"),
        "the letter": (outbox, "enter"),
        "sending": (client, "hand_over"),
        "the answer": (outbox, "drop"),
    }[what]
    first = getattr(*place)

    def killed(*args: object) -> None:
        if word == "after":
            first(*args)
        raise Killed

    monkeypatch.setattr(*place, killed)
    with pytest.raises(Killed):
        world.hub.give()
    monkeypatch.undo()
    at_keeper = {row.id for row in world.at_keeper() if row.signed_consent}
    assert at_keeper <= {line.id for line in world.hub.donations.given()}
    world.hub.start()
    world.hub.turn()
    for line in world.hub.donations.given():
        assert line.arrived_ms == TEN
        assert world.hub.take_back(line).refused_ms == TEN
    assert world.sealed == []


@pytest.mark.parametrize("place", ["cancel", "enter", "note_try", "note_answer", "drop"])
def test_killed_at_any_step_of_taking_back_it_ends_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    line = world.hub.give()

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(world.hub.donations.outbox, place, killed)

    def taken_back() -> None:
        world.hub.take_back(line)
        world.keeper.room.sweep()
        world.hub.turn(1)

    with pytest.raises(Killed):
        taken_back()
    monkeypatch.undo()
    world.hub.start()
    world.hub.turn()
    if not world.hub.line(line.id).is_signed:  # killed before it was kept: the page said nothing else
        world.hub.take_back(line)
    world.keeper.room.sweep()
    world.hub.turn(LONGEST_S)
    line = world.hub.line(line.id)
    assert (line.proven_ms, line.letter) == (TEN, None)


def test_what_a_crash_left_beside_the_books_is_deleted(world: World) -> None:
    world.way.lost = {"PUT"}
    line = world.hub.give()
    (world.hub.folder / "outbox" / "stray.sealed").write_bytes(b"")
    world.hub.start()
    assert [path.name for path in world.sealed] == [f"{line.id}.sealed"]


# ---- taking back -----------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_sent_until_its_refusal_is_proven_in_the_log_and_the_key_is_gone(world: World) -> None:
    line = world.hub.take_back(world.hub.give())
    assert (line.refused_ms, line.proven_ms) == (TEN, None)
    assert line.letter is not None
    assert "not show that yet" in (line.letter.answer or "")
    world.keeper.room.sweep()
    world.hub.turn(2.0)
    line = world.hub.line(line.id)
    assert (line.proven_ms, line.proven_index, line.shredded_ms, line.letter) == (TEN, 1, TEN, None)
    asked = len(world.way.asked)
    world.hub.turn(REFUSED_S)
    assert len(world.way.asked) == asked, "what is over is asked no more"


def test_it_is_asked_through_an_outage_a_restart_leaving_and_joining_another(world: World) -> None:
    line = world.hub.give()
    world.way.is_open = False
    line = world.hub.take_back(line)
    assert (line.withdrawn_ms, line.is_signed, line.refused_ms) == (TEN, True, None)
    for s in (1, 2, 4, 8):
        world.hub.turn(s)
    line = world.hub.line(line.id)
    assert line.letter is not None
    assert (line.letter.tries, line.letter.answer) == (5, "It answered: status 503")
    world.hub.donations.membership.leave()
    world.hub.start()
    world.hub.donations.join(world.other)
    world.hub.turn()
    assert world.hub.line(line.id).letter.tries == 6  # type: ignore[union-attr]
    world.way.is_open = True
    world.hub.turn(1)
    world.keeper.room.sweep()
    world.hub.turn(LONGEST_S)
    assert world.hub.line(line.id).proven_ms == TEN


def test_the_pauses_grow_to_a_minute(world: World) -> None:
    line = world.hub.give()
    world.way.is_open = False
    world.hub.take_back(line)
    for s in (1, 2, 4, 8, 16, 32, 60, 60):
        before = len(world.way.asked)
        world.hub.turn(s - 0.5)
        assert len(world.way.asked) == before
        world.hub.turn(0.5)
        assert len(world.way.asked) == before + 1


def test_a_clock_that_is_set_changes_no_pause(world: World) -> None:
    line = world.hub.give()
    world.way.is_open = False
    world.hub.take_back(line)
    world.hub.clock.offset_ms = -3_600_000
    world.hub.turn(1)
    world.hub.clock.offset_ms = 3_600_000
    world.hub.turn(2)
    assert world.hub.line(line.id).letter.tries == 3  # type: ignore[union-attr]


def test_a_second_withdrawal_signs_nothing_new_and_is_asked_at_once(world: World) -> None:
    line = world.hub.give()
    world.way.is_open = False
    line = world.hub.take_back(line)
    world.hub.clock.offset_ms = 5_000
    world.hub.donations.take_back(line.id, world.hub.withdrawal(line))
    world.hub.turn()
    again = world.hub.line(line.id)
    assert again.withdrawn_ms == TEN
    assert again.letter is not None
    assert (again.letter.tries, again.letter.since_ms) == (2, TEN)


def test_what_is_refused_for_good_is_asked_every_hour_for_ever(world: World) -> None:
    line = world.hub.give()
    world.way.says = (404, '{"error": "The keeper knows no such donation."}')
    line = world.hub.take_back(line)
    assert line.not_taken is None
    assert line.letter is not None
    assert line.letter.answer == "It answered: The keeper knows no such donation."
    world.hub.turn(REFUSED_S - 1)
    assert world.hub.line(line.id).letter.tries == 1  # type: ignore[union-attr]
    world.hub.turn(1)
    assert world.hub.line(line.id).letter.tries == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "answer",
    [
        "<html>Sign in to the hotel's network</html>",
        "{}",
        '{"refused_ms": 1e40, "shred_by_ms": 1, "shredded_ms": null}',
        f'{{"refused_ms": {10**30}, "shred_by_ms": 1, "shredded_ms": null}}',
        '{"refused_ms": -1, "shred_by_ms": 1, "shredded_ms": null}',
        f'{{"refused_ms": {TEN + 3_600_000}, "shred_by_ms": {TEN}, "shredded_ms": {TEN}}}',
        '{"refused_ms": "\\ud800", "shred_by_ms": 1, "shredded_ms": null}',
        "[" * 100_000,
        "x" * 300_000,
    ],
)
def test_an_answer_that_makes_no_sense_refuses_nothing(world: World, answer: str) -> None:
    line = world.hub.give()
    world.way.says = (202, answer)
    line = world.hub.take_back(line)
    assert (line.refused_ms, line.shredded_ms, line.proven_ms) == (None, None, None)
    assert line.letter is not None
    assert line.letter.answer


def changed(world: World, **change: object) -> DonationLine:
    """Where a taken-back clip stands when the keeper's answer is true but for this."""
    line = world.hub.give()
    world.keeper.room.revoke(world.hub.withdrawal(line))
    world.keeper.room.sweep()
    taken = world.keeper.room.revoke(world.hub.withdrawal(line))
    assert taken.entry is not None
    change = {name: value(world) if callable(value) else value for name, value in change.items()}
    told = {
        "leaf": b64encode(taken.entry.leaf).decode(),
        "event": b64encode(taken.entry.event).decode(),
        "salt": b64encode(taken.entry.salt).decode(),
        "index": taken.entry.index,
        "receipt": taken.entry.receipt,
    }
    said = {"refused_ms": TEN, "shred_by_ms": TEN, "shredded_ms": TEN, "entry": told | change}
    world.way.says = (202, json.dumps(said))
    return world.hub.take_back(line)


def test_the_true_answer_proves_it(world: World) -> None:
    assert changed(world).proven_index == 1


@pytest.mark.parametrize(
    "change",
    [
        {"receipt": None},
        {"receipt": ""},
        {"receipt": "c2sp.org/tlog-proof@v1\nindex 1\n\nsomething"},
        {"leaf": "AAAA"},
        {"event": b64encode(b'{"donation":"' + b"0" * 32 + b'","refused":1,"shred_by":2}').decode()},
        {"event": "not base64"},
        {"salt": b64encode(bytes(32)).decode()},
        {"salt": ""},
        {"index": 0},
        {"index": 7},
    ],
)
def test_an_answer_that_is_true_but_for_one_part_proves_nothing(world: World, change: dict[str, object]) -> None:
    line = changed(world, **change)
    assert line.refused_ms == TEN
    assert (line.proven_ms, line.proven_index) == (None, None)
    assert line.letter is not None


def test_a_receipt_for_another_entry_proves_nothing(world: World) -> None:
    assert changed(world, receipt=lambda at: at.keeper.log.proof(0), index=0).proven_ms is None


def test_a_refusal_that_nobody_cosigned_or_that_is_old_proves_nothing(world: World) -> None:
    line = world.hub.take_back(world.hub.give())
    world.keeper.room.sweep()
    uncosigned, world.keeper.log.witnesses = world.keeper.log.witnesses, []
    world.hub.turn(1)
    line = world.hub.line(line.id)
    assert line.proven_ms is None
    assert "witnesses" in (line.letter.answer or "")  # type: ignore[union-attr]
    world.keeper.log.witnesses = uncosigned
    world.hub.clock.offset_ms, receipt = 0, world.keeper.log.proof(1)
    world.keeper.log.proof = lambda *_: receipt  # type: ignore[method-assign]
    world.hub.clock.offset_ms = 3_600_000
    world.hub.turn(2)
    assert world.hub.line(line.id).proven_ms is None


def test_a_refusal_in_a_tree_that_the_hub_has_not_read_proves_nothing_yet(world: World) -> None:
    line = world.hub.take_back(world.hub.give())
    world.keeper.room.sweep()
    carriers, seen = world.hub.donations.carriers, False
    first = carriers.sight
    carriers.sight = lambda programme: replace(first(programme), saw=lambda _: seen)
    world.hub.turn(1)
    line = world.hub.line(line.id)
    assert line.proven_ms is None
    assert "not read the log that far" in (line.letter.answer or "")  # type: ignore[union-attr]
    seen = True
    world.hub.turn(2)
    assert world.hub.line(line.id).proven_ms == TEN


def test_a_keeper_is_held_to_what_it_said_first(world: World) -> None:
    line = world.hub.give()
    told = {"refused_ms": TEN, "shred_by_ms": TEN + 60_000, "shredded_ms": None, "entry": None}
    world.way.says = (202, json.dumps(told))
    world.hub.take_back(line)
    world.way.says = (202, json.dumps(told | {"refused_ms": TEN + 50_000, "shred_by_ms": TEN + 10**9}))
    world.hub.turn(1)
    line = world.hub.line(line.id)
    assert (line.refused_ms, line.shred_by_ms) == (TEN, TEN + 60_000)


def test_without_room_to_keep_a_withdrawal_the_programme_is_told_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world.hub.give()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.hub.donations.outbox, "enter", full)
    with pytest.raises(VaultError, match="says that it refuses the clip"):
        world.hub.take_back(line)
    assert world.hub.line(line.id).is_signed is False
    with pytest.raises(Refused, match="No clip waits"):
        world.keeper.room.next_clip(world.keeper.reviewer().token)


def test_a_full_disk_stops_no_withdrawal_that_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    line = world.hub.give()
    world.way.is_open = False
    world.hub.take_back(line)
    world.way.is_open = True

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.hub.donations._books, "change", full)
    world.hub.turn(1)
    assert world.way.answers[-1]["refused_ms"] == TEN
    monkeypatch.undo()
    world.keeper.room.sweep()
    world.hub.turn(2)
    assert world.hub.line(line.id).proven_ms == TEN


def test_a_clip_of_a_programme_that_is_not_known_is_taken_back_once_it_is_joined(world: World) -> None:
    line = world.hub.give()
    world.hub.donations.membership.leave()
    with world.hub.donations._books.change() as session:  # as 0.3 left it
        session.get_one(DonationRow, line.id).programme_id = None
    line = world.hub.take_back(line)
    assert (line.is_signed, line.refused_ms, line.letter) == (True, None, None)
    world.hub.donations.join(world.invitation)
    world.hub.turn()
    assert world.hub.line(line.id).refused_ms == TEN


def test_one_programme_that_hangs_holds_up_no_other(world: World) -> None:
    """Each lane has a thread: the dead programme's is held until the test has seen the other's letter arrive."""
    held, line = threading.Event(), world.hub.give()
    sender, carriers = world.hub.donations.sender, world.hub.donations.carriers

    def hangs(letter: Letter) -> Outcome:
        if letter.lane.programme_id != line.programme_id:
            assert held.wait(30)
        return carriers.withdraw(letter)

    sender._carriers = {**carriers.all(), LetterKind.WITHDRAW: hangs}
    joined = world.hub.donations.join(world.other)
    with world.hub.donations._books.change() as session:
        lane = Lane(joined.id, LetterKind.WITHDRAW)
        world.hub.donations.outbox.enter(session, lane, "e" * 32, world.hub.withdrawal(line).signed)
    sender._is_open = True
    sender.wake()
    line = world.hub.donations.take_back(line.id, world.hub.withdrawal(line))
    assert line.refused_ms == TEN
    held.set()
    sender._is_open = False
    sender.wake()
    for thread in list(sender._lanes.values()):
        thread.join(30)


# ---- cosignatures ----------------------------------------------------------------------------------------------------


def test_of_cosignatures_only_the_newest_waits_and_an_old_one_is_dropped(world: World) -> None:
    outbox, joined = world.hub.donations.outbox, world.hub.donations.membership.joined()
    world.hub.donations.bring_later(joined, "a.log\n1\nroot\n")
    outbox.bring_later(joined.id, "a.log\n2\nroot\n")
    outbox.bring_later(joined.id, "a.log/1\n1\nroot\n")
    [lane] = outbox.lanes()
    assert [each.content for each in outbox.waiting(lane)] == [b"a.log\n2\nroot\n", b"a.log/1\n1\nroot\n"]
    world.hub.clock.offset_ms = 3_600_000
    world.hub.turn()
    assert outbox.lanes() == []


def test_nothing_in_the_outbox_opens_a_clip(world: World) -> None:
    world.way.lost = {"PUT"}
    world.hub.give()
    [parcel] = world.sealed
    assert parcel.read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert parcel.read_bytes().count(b"-> X25519 ") == 1, "sealed to the keeper's key alone"
    assert parcel.stat().st_mode & 0o777 == 0o600
