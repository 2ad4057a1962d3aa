"""The ten checks: each says no alone, by its name and number."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from nightlatch.domain.consent import Purpose
from nightlatch.domain.donation import State
from nightlatch.domain.view import Leaf, commitment, tag
from nightlatch.keeper.checks import CHECKS, Case, LoggedView, RoomHours, check_view
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import ViewRequest
from nightlatch.ledger.checkpoint import cosign
from nightlatch.ledger.proof import read_proof
from nightlatch.seal.note import Note, read_note
from nightlatch.seal.recipients import Sealer
from tests.keeper.house import DAY_MS, House, Reviewer, house
from tests.keeper.logs import TinyLog

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("keeper")) as made:
        for _ in range(3):
            made.give()
        yield made


@pytest.fixture(scope="module")
def reviewer(home: House) -> Reviewer:
    return home.reviewer("heron")


@pytest.fixture(scope="module")
def good(home: House, reviewer: Reviewer) -> Case:
    """A request that passes; every test changes one thing of it."""
    return home.room.case(reviewer.token, home.asked(reviewer))


def logged_again(home: House, case: Case, kind: str = "view.open", tagged: bytes | None = None, **changes: Any) -> Case:
    """The same request for another view, with an entry that is in the log."""
    view = replace(case.view, **changes)
    tagged = tagged if tagged is not None else tag(case.log_key, case.now_ms)
    asked: ViewRequest = home.logged(view, tagged, kind)
    return replace(case, view=view, salt=asked.salt, leaf=asked.leaf, receipt=asked.receipt)


def refused(case: Case) -> tuple[int, Refusal]:
    with pytest.raises(KeeperRefused) as caught:
        check_view(case)
    return caught.value.step, caught.value.refusal


def test_there_are_ten_and_a_good_request_passes_them(good: Case) -> None:
    assert len(CHECKS) == 10
    logged = check_view(good)
    assert logged.view == good.view
    assert logged.id == good.receipts.index(good.receipt)


def test_a_logged_view_cannot_be_made_by_hand(good: Case) -> None:
    logged = check_view(good)
    with pytest.raises(TypeError):
        LoggedView(logged.id, logged.view, logged.consented, object())
    with pytest.raises(TypeError):
        LoggedView(logged.id, logged.view, logged.consented, None)


def other_clip(home: House, case: Case) -> Case:
    other = next(d for d in case.eligible if d != case.view.donation)
    return logged_again(home, case, donation=other)


def elsewhere(home: House, case: Case) -> Case:
    told = Leaf(case.now_ms // 1000, "view.open", tag(case.log_key, case.now_ms), bytes(32)).canonical()
    return replace(case, leaf=told)


def not_in_the_log(home: House, case: Case) -> Case:
    salt = secrets.token_bytes(32)
    tagged = tag(case.log_key, case.now_ms)
    leaf = Leaf(case.now_ms // 1000, "view.open", tagged, commitment(salt, case.view.canonical())).canonical()
    return replace(case, leaf=leaf, salt=salt)


def of_another_log(home: House, case: Case, origin: str) -> Case:
    """A receipt that is right in all but the log: the same leaf, well witnessed by whoever runs the other log."""
    other = TinyLog(home.clock, origin=origin)
    return replace(case, receipt=other.proof(other.append(case.leaf)))


def witnessed_by_strangers(home: House, case: Case) -> Case:
    asked = home.logged(case.view, tag(case.log_key, case.now_ms), witnesses=1)
    stranger = TinyLog(home.clock).witnesses[0]
    note = read_note(read_proof(asked.receipt).note)
    cosigned = Note(note.text, (*note.signatures, cosign(note, stranger, case.now_ms // 1000)))
    proof = replace(read_proof(asked.receipt), note=str(cosigned))
    return replace(case, salt=asked.salt, leaf=asked.leaf, receipt=str(proof))


def without_witness(home: House, case: Case) -> Case:
    asked = home.logged(case.view, tag(case.log_key, case.now_ms), witnesses=1)
    return replace(case, salt=asked.salt, leaf=asked.leaf, receipt=asked.receipt)


def seat(case: Case, **changes: Any) -> Case:
    assert case.seat is not None
    return replace(case, seat=replace(case.seat, **changes))


def draw(case: Case, **changes: Any) -> Case:
    assert case.draw is not None
    return replace(case, draw=replace(case.draw, **changes))


def later(case: Case, by_ms: int) -> Case:
    return seat(replace(case, now_ms=case.now_ms + by_ms), began_ms=case.now_ms + by_ms, last_ms=case.now_ms + by_ms)


CHANGES: dict[str, tuple[int, Refusal, Callable[[House, Case], Case]]] = {
    "a consent that nobody signed": (
        1,
        Refusal.CONSENT,
        lambda _, c: replace(c, signed_consent=c.signed_consent.replace(b'"signature":"', b'"signature":"AAAA')),
    ),
    "no consent": (1, Refusal.CONSENT, lambda _, c: replace(c, signed_consent=b"")),
    "a consent for another clip": (1, Refusal.CONSENT, other_clip),
    "another consent in the entry": (1, Refusal.CONSENT, lambda h, c: logged_again(h, c, consent_sha256="00" * 32)),
    "another sealed file": (
        1,
        Refusal.CONSENT,
        lambda h, c: replace(c, sealed=Sealer([h.room.make().recipient]).seal(b"x")),
    ),
    "another programme": (1, Refusal.CONSENT, lambda h, c: replace(c, policy=replace(c.policy, programme_key="other"))),
    "a purpose that was not signed": (1, Refusal.CONSENT, lambda h, c: logged_again(h, c, purpose=Purpose.TRAIN)),
    "after the consent": (2, Refusal.EXPIRED, lambda _, c: later(c, 31 * DAY_MS)),
    "before the consent": (2, Refusal.EXPIRED, lambda _, c: replace(later(c, -DAY_MS), latest_ms=0)),
    "a clock set back": (2, Refusal.CLOCK, lambda _, c: replace(c, latest_ms=c.now_ms + 3 * MINUTE_MS)),
    "taken back": (3, Refusal.REVOKED, lambda _, c: replace(c, state=State.WITHDRAWN)),
    "shredded": (3, Refusal.REVOKED, lambda _, c: replace(c, state=State.SHREDDED)),
    "flagged": (3, Refusal.REVOKED, lambda _, c: replace(c, state=State.FLAGGED)),
    "no draw": (4, Refusal.NOT_DRAWN, lambda _, c: replace(c, draw=None)),
    "a draw that ended": (4, Refusal.NOT_DRAWN, lambda _, c: draw(c, is_open=False)),
    "somebody else's draw": (4, Refusal.NOT_DRAWN, lambda _, c: draw(c, reviewer="stork")),
    "a draw of another clip": (4, Refusal.NOT_DRAWN, lambda _, c: draw(c, donation="00" * 16)),
    "a draw that was written by hand": (
        4,
        Refusal.NOT_DRAWN,
        lambda _, c: next(
            wrong
            for n in range(100)
            if (wrong := draw(c, root=n.to_bytes(32, "big"))) and winner_of(wrong) != c.view.donation
        ),
    ),
    "a household that was seen today": (
        4,
        Refusal.NOT_DRAWN,
        lambda _, c: replace(c, eligible=tuple(d for d in c.eligible if d != c.view.donation)),
    ),
    "an entry of another kind": (5, Refusal.WRONG_ENTRY, lambda h, c: logged_again(h, c, kind="view.close")),
    "an entry for something else": (5, Refusal.WRONG_ENTRY, elsewhere),
    "another salt": (5, Refusal.WRONG_ENTRY, lambda _, c: replace(c, salt=bytes(32))),
    "a short salt": (5, Refusal.WRONG_ENTRY, lambda _, c: replace(c, salt=b"")),
    "a torn leaf": (5, Refusal.WRONG_ENTRY, lambda _, c: replace(c, leaf=c.leaf[:-1])),
    "a tag that the owner does not find": (5, Refusal.WRONG_ENTRY, lambda h, c: logged_again(h, c, tagged=bytes(16))),
    "a longer stretch than was logged": (
        5,
        Refusal.WRONG_ENTRY,
        lambda h, c: (lambda short: replace(short, view=replace(short.view, to_ms=20_000)))(
            logged_again(h, c, to_ms=5_000)
        ),
    ),
    "a stretch beyond the clip": (5, Refusal.WRONG_ENTRY, lambda h, c: logged_again(h, c, to_ms=20_001)),
    "an empty stretch": (5, Refusal.WRONG_ENTRY, lambda h, c: logged_again(h, c, from_ms=5_000, to_ms=5_000)),
    "an entry of an hour ago": (5, Refusal.WRONG_ENTRY, lambda _, c: later(c, 60 * MINUTE_MS)),
    "an entry that is not in the log": (5, Refusal.NO_PROOF, not_in_the_log),
    "a proof for another entry": (
        5,
        Refusal.NO_PROOF,
        lambda h, c: replace(c, receipt=logged_again(h, c, seq=99).receipt),
    ),
    "a receipt of another log": (5, Refusal.WRONG_LOG, lambda h, c: of_another_log(h, c, "elsewhere.example/log")),
    "another log under our name": (5, Refusal.WRONG_LOG, lambda h, c: of_another_log(h, c, h.log.signer.name)),
    "a torn receipt": (5, Refusal.NO_PROOF, lambda _, c: replace(c, receipt=c.receipt[:40])),
    "strangers as witnesses": (6, Refusal.NO_QUORUM, witnessed_by_strangers),
    "too few witnesses": (6, Refusal.NO_QUORUM, without_witness),
    "a proof that was used": (7, Refusal.USED_PROOF, lambda _, c: replace(c, leaf_is_used=True)),
    "another draw's number": (7, Refusal.USED_PROOF, lambda h, c: logged_again(h, c, seq=c.view.seq + 1)),
    "no session": (8, Refusal.SESSION, lambda _, c: replace(c, seat=None)),
    "a passkey off the roster": (8, Refusal.SESSION, lambda _, c: replace(c, is_enrolled=False)),
    "another reviewer's session": (8, Refusal.SESSION, lambda _, c: seat(c, reviewer="stork")),
    "another device": (8, Refusal.SESSION, lambda _, c: seat(c, device="phone")),
    "a session of yesterday": (8, Refusal.SESSION, lambda _, c: seat(c, began_ms=c.now_ms - DAY_MS)),
    "the 151st clip of a day": (9, Refusal.QUOTA, lambda _, c: replace(c, viewed_today=150)),
    "at night": (10, Refusal.CLOSED, lambda _, c: replace(c, policy=replace(c.policy, hours=RoomHours(0, 60)))),
    "on a day off": (
        10,
        Refusal.CLOSED,
        lambda _, c: replace(c, policy=replace(c.policy, hours=RoomHours(weekdays=frozenset({5, 6})))),
    ),
    "nobody there": (10, Refusal.IDLE, lambda _, c: seat(c, last_ms=c.now_ms - MINUTE_MS - 1)),
}


def winner_of(case: Case) -> str | None:
    from nightlatch.keeper.draw import winner

    assert case.draw is not None
    return winner(case.day_key, case.draw.root, case.draw.reviewer, case.draw.n, case.eligible)


@pytest.mark.parametrize("what", CHANGES)
def test_one_thing_wrong_is_refused_by_its_name(home: House, good: Case, what: str) -> None:
    step, refusal, change = CHANGES[what]
    assert refused(change(home, good)) == (step, refusal)


def test_a_stale_checkpoint_is_refused(home: House, good: Case) -> None:
    """The entry says that it is of now; the witnesses saw the tree long ago."""
    asked = home.logged(good.view, tag(good.log_key, good.now_ms), ahead_ms=30 * MINUTE_MS)
    old = later(replace(good, salt=asked.salt, leaf=asked.leaf, receipt=asked.receipt), 30 * MINUTE_MS)
    assert refused(old) == (6, Refusal.STALE)


def test_every_check_is_refused_somewhere_above() -> None:
    assert {step for step, _, _ in CHANGES.values()} == set(range(1, 11))


def test_room_hours_are_those_of_the_room_not_of_the_machine() -> None:
    hours = RoomHours(8 * 60, 18 * 60, "Asia/Tokyo", frozenset(range(5)))
    nine_in_tokyo_on_monday = 1_795_392_000_000
    assert hours.include(nine_in_tokyo_on_monday)
    assert not hours.include(nine_in_tokyo_on_monday + 9 * 3_600_000)
    assert not hours.include(nine_in_tokyo_on_monday - DAY_MS)
