"""The keeper's promises: looking, flagging, taking back, restarting, restoring."""

from __future__ import annotations

import json
import shutil
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Withdrawal, Withdrawn, canonical, signed
from nightlatch.domain.view import Leaf, Promise, commitment, read_leaf, tag
from nightlatch.errors import NotFound, Refused, SealError
from nightlatch.keeper.changes import ChangeProof
from nightlatch.keeper.events import EntryKind
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.release import AHEAD
from nightlatch.keeper.words import OwnersEntry
from nightlatch.ledger.policy import verify_receipt
from nightlatch.seal.identities import Opener
from nightlatch.web.signature import public_b64
from tests.keeper.authenticator import Authenticator
from tests.keeper.films import film
from tests.keeper.house import DAY_MS, QUORUM, TEN, Given, House, Owner, Reviewer, house


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "keeper") as made:
        yield made


def refusal_of(call: Any, *args: Any) -> Refusal:
    with pytest.raises(KeeperRefused) as caught:
        call(*args)
    return caught.value.refusal


def told(given: Given, entry: OwnersEntry) -> dict[str, Any]:
    """What the owner reads in an entry, once it fits the leaf."""
    inside = json.loads(Opener(str(given.owner.identity)).open(entry.sealed_event))
    leaf = read_leaf(entry.leaf)
    assert leaf.kind == entry.kind
    assert leaf.tag == tag(given.owner.log_key, leaf.at_s * 1000)
    assert leaf.commitment == commitment(b64decode(inside["salt"]), canonical(inside["event"]))
    event: dict[str, Any] = inside["event"]
    return event


# ---- looking ----------------------------------------------------------------------------------------------------


def test_a_given_clip_is_seen_after_it_was_logged(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    assert opened.pictures == 40
    still = home.room.still(opened.view_id, 3)
    picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    assert abs(int(picture[4, 4, 0]) - opened.view_id % 256) < 12  # the mark
    assert still.at_ms == 1500
    assert [home.room.still(opened.view_id, n).at_ms for n in (2, 39, 0, 1)] == [1000, 19500, 0, 500]


def test_pictures_are_those_of_the_film_in_any_order(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    forwards = [home.room.still(opened.view_id, n).jpeg for n in range(40)]
    backwards = [home.room.still(opened.view_id, n).jpeg for n in reversed(range(40))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) > 30


def test_only_the_stretch_that_was_logged_is_seen(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    asked = home.asked(reviewer, from_ms=5_000, to_ms=7_000)
    opened = home.room.open_view(reviewer.token, asked)
    assert opened.pictures == 4
    assert [home.room.still(opened.view_id, n).at_ms for n in range(4)] == [5000, 5500, 6000, 6500]
    for n in (-1, 4, 40):
        assert refusal_of(home.room.still, opened.view_id, n) == Refusal.WRONG_ENTRY


def test_a_picture_that_was_made_ahead_is_the_same_and_leaves_only_while_its_view_stands(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    plain = [home.room.still(opened.view_id, n) for n in range(3)]
    home.room.prepare(opened.view_id, 1)
    assert home.room.still(opened.view_id, 1) == plain[1]
    home.room.prepare(opened.view_id, 2)
    assert home.room.still(opened.view_id, 0) == plain[0], "another one was asked for"
    home.room.prepare(opened.view_id, 40)  # beyond the film: nothing to make
    home.room.prepare(opened.view_id, 2)
    home.room.revoke(given.withdrawn(TEN))
    assert refusal_of(home.room.still, opened.view_id, 2) == Refusal.REVOKED
    assert refusal_of(home.room.prepare, opened.view_id, 2) == Refusal.REVOKED


def test_what_waits_of_a_view_is_little_and_goes_with_it(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    for n in range(3 * AHEAD):
        home.room.prepare(opened.view_id, n)
    assert [home.room.ready(opened.view_id, n) is not None for n in range(AHEAD)] == [True] * AHEAD
    assert home.room.ready(opened.view_id, AHEAD) is None, "no more were made"
    home.room.prepare(opened.view_id, AHEAD)
    home.room.revoke(given.withdrawn(TEN))
    assert refusal_of(home.room.ready, opened.view_id, AHEAD) == Refusal.REVOKED


def test_a_picture_that_waits_leaves_only_when_nobody_has_the_turn(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    home.room.prepare(opened.view_id, 0)
    with ThreadPoolExecutor(1) as other, home.room._lock:
        assert other.submit(home.room.ready, opened.view_id, 0).result(10) is None
    assert home.room.ready(opened.view_id, 0) is not None


def test_what_was_made_ahead_is_not_counted_as_given(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    home.room.still(opened.view_id, 0)
    home.room.prepare(opened.view_id, 1)
    home.room.close_view(opened.view_id)
    home.room.sweep()
    [closed] = [told(given, each) for each in home.room.entries(given.donation) if each.kind == "view.close"]
    assert closed["pictures"] == 1


def test_a_proof_opens_one_view_once(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    asked = home.asked(reviewer)
    home.room.open_view(reviewer.token, asked)
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.NOT_DRAWN  # the draw has ended, too
    assert home.room.case(reviewer.token, asked).leaf_is_used


def test_a_second_tab_sees_nothing_and_the_first_goes_on(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    opened = home.look(reviewer)
    assert refusal_of(home.room.connect, opened.view_id, opened.ticket, reviewer.token) == Refusal.SECOND_TAB
    assert home.room.still(opened.view_id, 0).jpeg


def test_the_next_view_ends_the_one_before(home: House) -> None:
    home.give()
    home.give()
    reviewer = home.reviewer()
    first, second = home.look(reviewer), home.look(reviewer)
    assert refusal_of(home.room.still, first.view_id, 0) == Refusal.REVOKED
    assert home.room.still(second.view_id, 0).jpeg


def test_another_session_cannot_take_over_a_view(home: House) -> None:
    home.give()
    heron, stork = home.reviewer("heron"), home.reviewer("stork")
    opened = home.room.open_view(heron.token, home.asked(heron))
    assert refusal_of(home.room.connect, opened.view_id, opened.ticket, stork.token) == Refusal.SESSION
    assert refusal_of(home.room.flag, stork.token, opened.view_id) == Refusal.SESSION


def test_a_view_that_the_sweep_ended_says_why_once(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    home.clock.offset_ms += 60_001
    home.room.sweep()
    assert refusal_of(home.room.check_standing, opened.view_id) == Refusal.IDLE
    assert refusal_of(home.room.check_standing, opened.view_id) == Refusal.REVOKED


def test_a_reviewer_who_does_nothing_for_a_minute_is_locked_out(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    opened = home.look(reviewer)
    home.clock.offset_ms += 59_000
    home.room.touch(opened.view_id)
    home.clock.offset_ms += 60_000
    home.room.still(opened.view_id, 0)
    home.clock.offset_ms += 60_001
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.IDLE
    assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.IDLE
    home.room.sweep()
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED


def test_signs_of_life_alone_keep_nobody_in_for_more_than_ten_minutes(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    opened = home.look(reviewer)
    for _ in range(12):
        home.clock.offset_ms += 50_000
        home.room.touch(opened.view_id)
        home.room.still(opened.view_id, 0)
    home.clock.offset_ms += 1_000
    assert refusal_of(home.room.touch, opened.view_id) == Refusal.IDLE
    assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.IDLE


def test_a_label_is_more_than_a_sign_of_life(home: House) -> None:
    given, reviewer = home.give(), home.reviewer()
    opened = home.look(reviewer)
    for minute in range(1, 20):
        home.clock.offset_ms += 59_000
        home.room.touch(opened.view_id)
        if minute == 9:
            home.room.labelled(opened.view_id, *said(home, given, opened.view_id, reviewer.name))
    assert home.room.still(opened.view_id, 0).jpeg


def test_an_hour_after_its_touch_a_session_is_over_whatever_was_done_in_it(home: House) -> None:
    for _ in range(3):
        home.give()
    reviewer = home.reviewer()
    for _ in range(61):
        home.room.next_clip(reviewer.token)
        home.room.skip(reviewer.token)
        home.clock.offset_ms += 59_000
    home.clock.offset_ms += 1_001
    assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.SESSION


def test_a_clock_set_back_shows_nothing_not_even_after_a_restart(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    home.look(reviewer)
    home.clock.offset_ms -= 3_600_000
    home.start()
    home.sit(reviewer)
    home.give(given_ms=TEN - 7_200_000)
    asked = home.asked(reviewer)
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.CLOCK


def test_a_clock_set_back_in_the_middle_of_a_view_stops_it(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    home.clock.offset_ms -= 3_600_000
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.CLOCK


def test_without_the_log_nothing_is_drawn_and_nothing_opens(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    asked = home.asked(reviewer)
    home.log.delete()
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.NO_QUORUM
    assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.NO_QUORUM


# ---- the draw ---------------------------------------------------------------------------------------------------


def test_a_draw_stands_until_it_is_seen_or_skipped(home: House) -> None:
    for _ in range(5):
        home.give()
    reviewer = home.reviewer()
    first = home.room.next_clip(reviewer.token)
    assert home.room.next_clip(reviewer.token) == first
    home.log.append(b"another root")
    assert home.room.next_clip(reviewer.token) == first
    home.room.skip(reviewer.token)
    assert home.room.next_clip(reviewer.token).seq == first.seq + 1


def test_a_household_is_seen_once_a_day_by_a_reviewer(home: House) -> None:
    owner = Owner()
    for _ in range(3):
        home.give(owner)
    heron, stork = home.reviewer("heron"), home.reviewer("stork")
    home.look(heron)
    assert refusal_of(home.room.next_clip, heron.token) == Refusal.NOTHING_WAITING
    home.look(stork)
    home.clock.offset_ms += DAY_MS
    home.sit(heron)
    assert home.room.next_clip(heron.token).donation


def test_a_clip_is_seen_once_by_a_reviewer_and_by_few(tmp_path: Path) -> None:
    with house(tmp_path / "keeper", most_viewers=2) as home:
        home.give()
        for name in ("heron", "stork"):
            home.look(home.reviewer(name))
        assert refusal_of(home.room.next_clip, home.reviewer("crane").token) == Refusal.NOTHING_WAITING


def test_a_draw_that_others_used_up_makes_way_for_the_next(tmp_path: Path) -> None:
    with house(tmp_path / "keeper", most_viewers=1) as home:
        home.give()
        heron, stork = home.reviewer("heron"), home.reviewer("stork")
        asked = home.asked(heron)
        home.look(stork)
        assert refusal_of(home.room.open_view, heron.token, asked) == Refusal.NOT_DRAWN
        assert refusal_of(home.room.next_clip, heron.token) == Refusal.NOTHING_WAITING
        given = home.give()
        assert home.room.next_clip(heron.token).donation == given.donation


def test_skipping_uses_up_the_quota_so_that_nobody_draws_until_it_suits(tmp_path: Path) -> None:
    with house(tmp_path / "keeper", quota=5) as home:
        for _ in range(3):
            home.give()
        reviewer = home.reviewer()
        for _ in range(5):
            home.room.next_clip(reviewer.token)
            home.room.skip(reviewer.token)
        assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.QUOTA


# ---- passkeys and roster ----------------------------------------------------------------------------------------


def test_challenges_that_nobody_answers_lock_nobody_out(home: House) -> None:
    reviewer = home.reviewer()
    challenge = home.passkeys.challenge()
    for _ in range(2_000):
        home.passkeys.challenge()
    assert home.passkeys.sit(challenge, reviewer.passkey.answer(challenge))
    behind = home.passkeys.challenge() + bytes(32)  # with review's behind it
    assert home.passkeys.sit(behind, reviewer.passkey.answer(behind))


def test_a_login_cannot_be_replayed(home: House) -> None:
    reviewer = home.reviewer()
    challenge = home.passkeys.challenge()
    answer = reviewer.passkey.answer(challenge)
    home.passkeys.sit(challenge, answer)
    assert refusal_of(home.passkeys.sit, challenge, answer) == Refusal.PASSKEY
    assert refusal_of(home.passkeys.sit, home.passkeys.challenge(), answer) == Refusal.PASSKEY


@pytest.mark.parametrize("wrong", ["origin", "flags", "key", "late", "counter", "json"])
def test_a_login_that_is_not_quite_right_is_refused(home: House, wrong: str) -> None:
    reviewer = home.reviewer()
    passkey, challenge = reviewer.passkey, home.passkeys.challenge()
    answer = passkey.answer(challenge)
    if wrong == "origin":
        answer = passkey.answer(challenge, origin="https://evil.example")
    elif wrong == "flags":
        answer = passkey.answer(challenge, flags=0x01)  # touched, but nobody was verified
    elif wrong == "key":
        answer = Authenticator(raw_id=passkey.raw_id, count=9).answer(challenge)
    elif wrong == "late":
        home.clock.offset_ms += 121_000
    elif wrong == "counter":
        passkey.count = 0
        answer = passkey.answer(challenge)
    else:
        answer = "[]"
    assert refusal_of(home.passkeys.sit, challenge, answer) == Refusal.PASSKEY


def test_a_new_login_ends_the_session_before(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    before = reviewer.token
    home.sit(reviewer)
    assert refusal_of(home.room.next_clip, before) == Refusal.SESSION


def test_one_administrator_cannot_enrol(home: House) -> None:
    stranger = Reviewer("mole", Authenticator())
    assert refusal_of(home.passkeys.enrol, *home.enrolment(stranger, signers=1)) == Refusal.ROSTER
    challenge = home.passkeys.challenge()
    assert refusal_of(home.passkeys.sit, challenge, stranger.passkey.answer(challenge)) == Refusal.PASSKEY


def test_an_enrolment_that_the_log_does_not_hold_is_refused(home: House) -> None:
    told, proof = home.enrolment(Reviewer("mole", Authenticator()))
    _, other = home.enrolment(Reviewer("vole", Authenticator()))
    assert refusal_of(home.passkeys.enrol, told, replace(proof, leaf=other.leaf)) == Refusal.ROSTER
    assert refusal_of(home.passkeys.enrol, told, replace(proof, receipt=other.receipt)) == Refusal.NO_PROOF


def test_who_is_put_out_sees_no_further_picture_and_cannot_be_replayed_in(home: House) -> None:
    home.give()
    reviewer = Reviewer("heron", Authenticator())
    enrolment = home.enrolment(reviewer)
    home.passkeys.enrol(*enrolment)
    home.sit(reviewer)
    opened = home.look(reviewer)
    home.passkeys.enrol(*home.enrolment(reviewer, do="remove"))
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.SESSION
    assert refusal_of(home.passkeys.enrol, *enrolment) == Refusal.ROSTER


def said(home: House, given: Given, view: int, reviewer: str, log_key: bytes | None = None, **more: Any) -> list[Any]:
    """What review hands over after a label: event, salt, leaf, receipt."""
    event = canonical({"donation": given.donation, "label": {"verdict": "threat"}, "reviewer": reviewer, "view": view})
    salt, now_ms = bytes(range(32)), home.clock.now_ms()
    tagged = tag(log_key or given.owner.log_key, now_ms - more.get("back_ms", 0))
    leaf = Leaf(now_ms // 1000, more.get("kind", "label"), tagged, commitment(salt, event)).canonical()
    return [event, salt, leaf, home.log.proof(home.log.append(leaf))]


def test_the_owner_reads_what_was_said_of_the_clip(home: House) -> None:
    given, reviewer = home.give(), home.reviewer()
    view = home.look(reviewer).view_id
    handed = said(home, given, view, reviewer.name)
    for _ in range(2):  # told twice is told once
        home.room.labelled(view, *handed)
    [entry] = [each for each in home.room.entries(given.donation) if each.kind == "label"]
    assert told(given, entry)["label"] == {"verdict": "threat"}
    assert entry.leaf_index is not None
    assert home.log.leaves[entry.leaf_index] == entry.leaf
    home.room.labelled(view, *said(home, given, view, reviewer.name, back_ms=DAY_MS))  # begun before midnight
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    before = len(home.room.entries(given.donation))
    home.room.labelled(view, *said(home, given, view, reviewer.name, kind="label "))
    assert len(home.room.entries(given.donation)) == before  # nobody could tell any more whose it is


def test_what_the_log_does_not_hold_or_was_not_said_of_this_view_reaches_no_owner(home: House) -> None:
    given, reviewer = home.give(), home.reviewer()
    view = home.look(reviewer).view_id
    event, salt, leaf, receipt = said(home, given, view, reviewer.name)
    wrong = [
        said(home, given, view + 1, reviewer.name),
        said(home, given, view, "another"),
        said(home, given, view, reviewer.name, log_key=bytes(32)),
        said(home, given, view, reviewer.name, kind="view.open"),
        said(home, given, view, reviewer.name, back_ms=2 * DAY_MS),
        [event.replace(b"threat", b"unsure"), salt, leaf, receipt],
        [event.replace(b",", b", "), salt, leaf, receipt],
        [b"{}", salt, leaf, receipt],
        [event, salt, b"leaf", receipt],
        [event, bytes(32), leaf, receipt],
    ]
    for each in wrong:
        assert refusal_of(home.room.labelled, view, *each) == Refusal.WRONG_ENTRY
    unlogged = said(home, given, view, reviewer.name, back_ms=DAY_MS)
    assert refusal_of(home.room.labelled, view, *unlogged[:3], receipt) == Refusal.NO_PROOF
    with pytest.raises(NotFound):
        home.room.labelled(view + 1, event, salt, leaf, receipt)
    assert not [each for each in home.room.entries(given.donation) if each.kind == "label"]


def promised(home: House, signers: int = 2, kind: str = "policy", **changes: int) -> tuple[bytes, ChangeProof]:
    """A policy that is the keeper's own, but for `changes`."""
    hours = home.policy.hours
    told = Promise(home.policy.quota, home.policy.most_viewers, hours.from_minute, hours.to_minute, QUORUM, TEN)
    said = replace(told, **changes).canonical()
    return said, home.proof(kind, said, signers)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quota": 100}, "quota is 150, not 100"),
        ({"most_viewers": 4}, "most_viewers is 5, not 4"),
        ({"opens_minute": 480}, "opens_minute is 420, not 480"),
        ({"closes_minute": 1080}, "closes_minute is 1200, not 1080"),
        ({"quorum": 3}, "quorum of the log's policy is 2, not 3"),
    ],
)
def test_a_keeper_that_does_other_than_was_promised_shows_nothing_and_goes_on_taking_back(
    home: House, change: dict[str, int], says: str
) -> None:
    given, reviewer = home.give(), home.reviewer()
    asked = home.asked(reviewer)
    home.promises.take(*promised(home, **change))
    assert says in str(home.promises.breach())
    for _ in range(2):
        assert refusal_of(home.room.next_clip, reviewer.token) == Refusal.POLICY
        assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.POLICY
        home.start()  # a restart does not forget it
        home.sit(reviewer)
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    assert home.room.entries(given.donation)[-1].kind == "shred"
    home.promises.take(*promised(home, at_ms=TEN + 1))
    assert home.promises.breach() is None


def test_only_a_policy_that_two_signed_and_the_log_holds_is_a_promise(home: House) -> None:
    said, proof = promised(home, quota=100)
    assert refusal_of(home.promises.take, *promised(home, signers=1, quota=100)) == Refusal.ROSTER
    assert refusal_of(home.promises.take, *promised(home, kind="roster", quota=100)) == Refusal.ROSTER
    assert refusal_of(home.promises.take, promised(home, quota=99)[0], proof) == Refusal.ROSTER
    assert home.promises.breach() is None
    home.promises.take(*promised(home, at_ms=TEN + 5))
    assert refusal_of(home.promises.take, said, proof) == Refusal.ROSTER  # an older one does not come back
    with pytest.raises(Refused):
        home.promises.take(b"{}", proof)


def test_a_clip_with_labels_enough_is_not_drawn_any_more(home: House) -> None:
    given = home.give()
    heron, stork, crane = (home.reviewer(name) for name in ("heron", "stork", "crane"))
    home.look(heron)
    assert refusal_of(home.room.enough, given.donation) == Refusal.TOO_FEW
    opened = home.look(stork)
    asked = home.asked(crane)
    home.room.enough(given.donation)
    assert home.room.still(opened.view_id, 0).jpeg
    assert refusal_of(home.room.open_view, crane.token, asked) == Refusal.REVOKED
    assert refusal_of(home.room.next_clip, crane.token) == Refusal.NOTHING_WAITING
    home.room.revoke(given.withdrawn(TEN))
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED


# ---- flag, take back --------------------------------------------------------------------------------------------


def test_a_flagged_clip_loses_its_key_after_a_day_and_the_log_says_so(home: House) -> None:
    given, heron = home.give(), home.reviewer("heron")
    home.room.flag(heron.token, home.look(heron).view_id)
    home.clock.offset_ms += DAY_MS - 1
    home.room.sweep()
    assert home.keys.opener(given.donation)
    home.clock.offset_ms += 1
    home.start()  # also when the keeper was not there in between
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)
    with pytest.raises(NotFound):
        home.blobs.get(given.donation)
    last = home.room.entries(given.donation)[-1]
    assert told(given, last) == {"donation": given.donation, "done": TEN + DAY_MS, "due": TEN + DAY_MS}
    gone = home.room.revoke(given.withdrawn(TEN))
    assert (gone.refused_ms, gone.shredded_ms) == (TEN, TEN + DAY_MS)


def test_a_flagged_clip_is_taken_back_like_any_other(home: House) -> None:
    given, heron = home.give(), home.reviewer("heron")
    home.room.flag(heron.token, home.look(heron).view_id)
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    assert [e.kind for e in home.room.entries(given.donation)][-2:] == ["consent.withdraw", "shred"]


def test_a_flag_stops_the_clip_for_everybody_at_once(home: House) -> None:
    given = home.give()
    heron, stork = home.reviewer("heron"), home.reviewer("stork")
    one, two = home.look(heron), home.look(stork)
    home.room.flag(heron.token, one.view_id)
    for opened in (one, two):
        assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED
    assert [told(given, e) for e in home.room.entries(given.donation) if e.kind == "flag"] == [
        {"donation": given.donation, "shred_by": TEN + DAY_MS, "view": one.view_id}
    ]


def test_what_is_taken_back_is_refused_at_once_and_shredded_by_the_next_sweep(home: House) -> None:
    given = home.give()
    reviewer = home.reviewer()
    opened = home.look(reviewer)
    asked = home.logged(home.view_of(home.room.next_clip(home.reviewer("stork").token)), b"")
    taken = home.room.revoke(given.withdrawn(TEN))
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.REVOKED
    assert taken.shred_by_ms - taken.refused_ms == 60_000
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)
    with pytest.raises(NotFound):
        home.blobs.get(given.donation)
    again = home.room.revoke(given.withdrawn(TEN))
    assert again.shredded_ms is not None
    assert again.shredded_ms <= again.shred_by_ms


def test_the_owner_finds_every_step_in_the_log_and_can_read_it(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    home.room.still(opened.view_id, 0)
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    home.room.sweep()
    entries = home.room.entries(given.donation)
    assert [e.kind for e in entries] == ["consent.give", "view.open", "consent.withdraw", "view.close", "shred"]
    for entry in entries:
        assert entry.leaf_index is not None
        assert home.log.leaf(entry.leaf_index) == entry.leaf
        assert told(given, entry)["donation"] == given.donation
    assert told(given, entries[1])["reviewer"] == "heron"
    assert told(given, entries[3])["pictures"] == 1
    shred = told(given, entries[4])
    assert shred["done"] <= shred["due"]


def test_whoever_takes_back_is_shown_the_entry_of_the_refusal_and_its_receipt(home: House) -> None:
    given = home.give()
    home.room.sweep()
    at_once = home.room.revoke(given.withdrawn(TEN)).entry
    assert at_once is not None
    assert (at_once.index, at_once.receipt) == (None, None)
    home.room.sweep()
    entry = home.room.revoke(given.withdrawn(TEN)).entry
    assert entry is not None
    assert json.loads(entry.event)["donation"] == given.donation
    assert read_leaf(entry.leaf).commitment == commitment(entry.salt, entry.event)
    assert verify_receipt(entry.receipt or "", entry.leaf, home.log.policy, TEN).index == entry.index
    home.log.delete()
    away = home.room.revoke(given.withdrawn(TEN)).entry
    assert away == replace(entry, receipt=None)


@pytest.mark.parametrize("is_shredded", [False, True])
def test_a_look_that_was_logged_and_then_refused_is_told_to_its_owner(home: House, is_shredded: bool) -> None:
    given, reviewer = home.give(), home.reviewer()
    asked = home.asked(reviewer)
    home.room.revoke(given.withdrawn(TEN))
    if is_shredded:
        home.room.sweep()
    for _ in range(2):
        with pytest.raises((KeeperRefused, NotFound)):
            home.room.open_view(reviewer.token, asked)
    home.room.sweep()
    events = {e.kind: e for e in home.room.entries(given.donation)}
    looked, closed = events[EntryKind.OPEN], events[EntryKind.CLOSE]
    assert len(home.room.entries(given.donation)) == len(events), "each once"
    assert (looked.leaf, looked.leaf_index) == (asked.leaf, home.log.leaves.index(asked.leaf))
    assert told(given, closed) == {"donation": given.donation, "pictures": 0, "view": looked.leaf_index}
    assert read_leaf(closed.leaf).tag == read_leaf(looked.leaf).tag
    assert home.log.leaf(closed.leaf_index or 0) == closed.leaf


def test_an_entry_that_was_turned_away_opens_nothing_any_more(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    asked = home.asked(reviewer)
    home.passkeys.leave(reviewer.token)
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.SESSION
    home.sit(reviewer)
    assert refusal_of(home.room.open_view, reviewer.token, asked) == Refusal.USED_PROOF
    assert home.room.open_view(reviewer.token, home.asked(reviewer)).view_id


def test_what_is_not_in_the_log_or_was_not_drawn_is_told_to_nobody(home: House) -> None:
    given, reviewer = home.give(), home.reviewer()
    asked = home.asked(reviewer)
    home.room.revoke(given.withdrawn(TEN))
    lies = [
        replace(asked, receipt=home.log.proof(0)),
        replace(asked, salt=bytes(32)),
        replace(asked, view=replace(asked.view, reviewer="stork")),
        replace(asked, view=replace(asked.view, seq=9)),
    ]
    for lie in lies:
        with pytest.raises(KeeperRefused):
            home.room.open_view(reviewer.token, lie)
    assert EntryKind.OPEN not in {e.kind for e in home.room.entries(given.donation)}


def test_of_a_clip_that_never_came_the_log_knows_nothing(home: House) -> None:
    given = home.offer()
    assert home.room.revoke(given.withdrawn(TEN)).entry is None
    home.room.sweep()
    assert home.room.revoke(given.withdrawn(TEN)).shredded_ms == TEN
    assert home.log.leaves == []


def test_only_the_owner_takes_back(home: House) -> None:
    given, other = home.give(), home.give()
    stolen = Withdrawal(given.donation, public_b64(other.owner.key), given.consent.record_sha256, TEN)
    assert refusal_of(home.room.revoke, Withdrawn(signed(stolen, other.owner.key))) == Refusal.CONSENT
    confused = replace(given.withdrawn(TEN).withdrawal, consent_sha256=other.consent.record_sha256)
    assert refusal_of(home.room.revoke, Withdrawn(signed(confused, given.owner.key))) == Refusal.CONSENT


def test_a_log_that_takes_nothing_delays_no_refusal_and_no_shredding(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    home.log.fill_up()
    home.room.revoke(given.withdrawn(TEN))
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED
    with pytest.raises(Exception, match="full"):
        home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)
    home.log.make_room()
    home.room.sweep()
    assert all(entry.leaf_index is not None for entry in home.room.entries(given.donation))


def test_an_expired_consent_ends_the_view_and_the_key(home: House) -> None:
    given = home.give(expires_ms=TEN + 30_000)
    opened = home.look(home.reviewer())
    home.clock.offset_ms += 30_000
    assert refusal_of(home.room.still, opened.view_id, 0) == Refusal.REVOKED
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)


def test_a_kill_between_refusing_and_shredding_is_made_good_after_the_restart(home: House) -> None:
    given = home.give()
    home.room.revoke(given.withdrawn(TEN))
    home.start()
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)


# ---- keys -------------------------------------------------------------------------------------------------------


def test_a_key_opens_its_own_donation_only(home: House) -> None:
    one, other = home.give(), home.give()
    with pytest.raises(SealError):
        home.keys.opener(one.donation).open(other.sealed)
    with Session(home.engine) as session, session.begin():
        rows = [session.get(KeptDonationRow, each.donation) for each in (one, other)]
        assert rows[0] is not None
        assert rows[1] is not None
        rows[0].wrapped_key, rows[1].wrapped_key = rows[1].wrapped_key, rows[0].wrapped_key
    with pytest.raises(SealError):
        home.keys.opener(one.donation)


def test_no_key_lies_in_the_clear_and_no_wrapped_key_is_left_behind(home: House) -> None:
    given, other = home.give(), home.give()
    with Session(home.engine) as session:
        row = session.get(KeptDonationRow, given.donation)
        assert row is not None
        assert row.wrapped_key is not None
        wrapped = row.wrapped_key
    assert not found(home.folder, b"AGE-SECRET-KEY-1")
    assert found(home.folder, wrapped)
    half = (home.folder / "halves" / given.donation).read_bytes()
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    assert not found(home.folder, wrapped)
    assert not found(home.folder, half)
    assert home.keys.opener(other.donation).open(other.sealed) == other.plain


def test_a_backup_of_before_the_revocation_does_not_open_the_clip(home: House, tmp_path: Path) -> None:
    """The backup set is keeper.db, master.key and sealed/: all but halves/. See docs/keeper.md for what this proves."""
    given, kept = home.give(), home.give()
    backup = tmp_path / "backup"
    backup.mkdir()
    with (
        closing(sqlite3.connect(home.folder / "keeper.db")) as live,
        closing(sqlite3.connect(backup / "keeper.db")) as to,
    ):
        live.backup(to)
    shutil.copy2(home.folder / "master.key", backup)
    shutil.copytree(home.folder / "sealed", backup / "sealed")
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    home.engine.dispose()

    for old in home.folder.glob("keeper.db*"):
        old.unlink()
    shutil.copytree(backup, home.folder, dirs_exist_ok=True)
    home.start()
    assert home.blobs.get(kept.donation)
    with pytest.raises(SealError):
        home.keys.opener(given.donation)
    with pytest.raises(NotFound):
        home.blobs.get(given.donation)
    assert home.room.next_clip(home.reviewer().token).donation == kept.donation
    assert home.keys.opener(kept.donation).open(kept.sealed) == film()


def found(folder: Path, needle: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]
