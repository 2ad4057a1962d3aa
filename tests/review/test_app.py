"""The review room over HTTP, before a real keeper: who comes in, what is told, what is never told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from nightlatch.domain.view import read_leaf
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.seal.identities import Opener
from tests.clocks import TestClock
from tests.keeper.authenticator import Authenticator
from tests.keeper.house import TEN, Given
from tests.keeper.logs import TinyLog
from tests.review.rooms import CAT, Page, WholeRoom, whole_room

LABEL = {"subjects": ["cat"], "happenings": ["pet_activity"], "verdict": "routine", "spans": [[1000, 4000]]}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[WholeRoom]:
    with whole_room(tmp_path) as made:
        yield made


def test_a_clip_is_drawn_logged_shown_by_the_keeper_and_labelled(room: WholeRoom) -> None:
    given = room.house.give()
    page, passkey = Page(room), room.reviewer()
    assert page.enter(passkey).json()["reviewer"].startswith("reviewer-")
    told = page.post("/next").json()
    assert read_leaf(room.log.leaves[told["view"]]).kind == "view.open"
    assert set(told) == {"view", "ticket", "pictures", "length_ms", "done_today", "quota"}
    view = f"/api/looks/{told['view']}"
    assert page.http.put(view, json={**LABEL, "verdict": None}).status_code == 200
    assert page.http.get(view).json() == {k: v for k, v in LABEL.items() if k != "verdict"}
    assert page.http.post(view, json={**LABEL, "verdict": None}).status_code == 403
    assert page.http.post(view, json=LABEL).status_code == 204
    [labelled] = room.desk.labels.submitted()
    assert labelled.donation == given.donation
    assert (labelled.label.subjects, labelled.label.verdict) == (CAT.subjects, CAT.verdict)
    assert room.leaves("label") == 1
    [told_owner] = [each for each in room.house.room.entries(given.donation) if each.kind == "label"]
    inside = json.loads(Opener(str(given.owner.identity)).open(told_owner.sealed_event))
    assert inside["event"]["label"] == LABEL
    assert read_leaf(room.log.leaves[told_owner.leaf_index or 0]).kind == "label"
    empty = page.post("/next")
    assert (empty.status_code, empty.json()["refused"]) == (403, "nothing_waiting")


def test_no_answer_names_a_clip_an_owner_or_a_household(room: WholeRoom) -> None:
    given = room.house.give()
    page, passkey = Page(room), room.reviewer()
    heard = [page.enter(passkey), page.http.get("/api/state"), page.post("/next")]
    view = heard[-1].json()["view"]
    heard += [page.http.put(f"/api/looks/{view}", json=LABEL), page.http.get(f"/api/looks/{view}")]
    heard += [page.http.post(f"/api/looks/{view}", json=LABEL), page.http.get("/api/mine"), page.post("/next")]
    everything = " ".join(answer.text + json.dumps(dict(answer.headers)) for answer in heard)
    consent = given.consent
    for secret in (given.donation, consent.owner_key, consent.sha256, consent.record_sha256, given.owner.log_key.hex()):
        assert secret not in everything
    for path in ("/api/clips", "/api/looks", "/api/search?q=a", "/api/reviewers"):
        assert page.http.get(path).status_code == 404


def test_a_honeypot_looks_like_any_other_clip(room: WholeRoom) -> None:
    """The same fields of the same types with the same codes, from draw to hand-in."""
    passkey = room.reviewer()
    shapes = []
    for is_honeypot in (False, True):
        given = room.house.give()
        if is_honeypot:
            room.desk.labels.know(given.donation, CAT)
        page = Page(room)
        page.enter(passkey)
        told = page.post("/next")
        view = told.json()["view"]
        rest = [page.http.put(f"/api/looks/{view}", json=LABEL), page.http.get(f"/api/looks/{view}")]
        rest += [page.http.post(f"/api/looks/{view}", json=LABEL), page.http.get("/api/mine")]
        shape = [{k: type(v) for k, v in told.json().items()}, sorted(told.headers)]
        shapes.append([*shape, *((each.status_code, sorted(each.headers)) for each in rest)])
    assert shapes[0] == shapes[1]


def test_nothing_between_draw_and_hand_in_reads_the_known_answers(room: WholeRoom) -> None:
    """What is not read cannot take time, either."""
    given = room.house.give()
    room.desk.labels.know(given.donation, CAT)
    page, said = Page(room), list[str]()
    event.listen(room.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    page.enter(room.reviewer())
    view = page.post("/next").json()["view"]
    page.http.put(f"/api/looks/{view}", json=LABEL)
    assert page.http.post(f"/api/looks/{view}", json=LABEL).status_code == 204
    assert page.post("/next").status_code == 403
    assert any("looks" in statement for statement in said)
    assert not any("answers" in statement for statement in said)


def test_a_passkey_opens_nothing_before_two_have_signed_or_after_it_was_put_out(room: WholeRoom) -> None:
    passkey, roster = Authenticator(origin=room.origin), room.desk.roster
    change = roster.ask(roster.invite(), passkey.credential, passkey.public_key, "desk")
    page = Page(room)
    asked = page.enter(passkey)
    assert asked.status_code == 403
    assert "Two administrators" in asked.json()["error"]
    room.signed(change)
    assert page.enter(passkey).status_code == 200
    room.clock.offset_ms += 1
    room.signed(roster.propose_removal(passkey.credential))
    assert page.enter(passkey).status_code == 403
    assert page.post("/next").status_code == 401  # the session that was open ends with it
    assert page.enter(Authenticator(origin=room.origin)).status_code == 403


def test_a_label_of_somebody_who_was_put_out_meanwhile_is_not_taken(room: WholeRoom) -> None:
    room.house.give()
    page, passkey = Page(room), room.reviewer()
    page.enter(passkey)
    view = page.post("/next").json()["view"]
    assert page.http.put(f"/api/looks/{view}", json=LABEL).status_code == 200
    room.clock.offset_ms += 1
    room.signed(room.desk.roster.propose_removal(passkey.credential))
    refused = page.post(f"/looks/{view}", LABEL)
    assert refused.status_code == 401
    assert "removed from the roster" in refused.json()["error"]
    assert room.desk.labels.submitted() == []


def test_an_answer_of_a_passkey_counts_once_and_for_two_minutes(room: WholeRoom) -> None:
    page, passkey = Page(room), room.reviewer()
    challenge = bytes.fromhex(page.post("/challenge").json()["challenge"])
    answer = passkey.answer(challenge)
    assert page.post("/login", {"assertion": answer}).status_code == 200
    assert page.post("/login", {"assertion": answer}).status_code == 403
    late = bytes.fromhex(page.post("/challenge").json()["challenge"])
    room.clock.offset_ms += 120_000
    assert page.post("/login", {"assertion": passkey.answer(late)}).status_code == 403
    ours = passkey.answer(bytes(32))  # a challenge that nobody gave out
    assert page.post("/login", {"assertion": ours}).status_code == 403
    for nonsense in ("", "[]", "{}", '{"response": {"clientDataJSON": "x"}}'):
        assert page.post("/login", {"assertion": nonsense}).status_code == 403


def test_a_room_that_is_idle_or_locked_is_locked(room: WholeRoom) -> None:
    page, passkey = Page(room), room.reviewer()
    page.enter(passkey)
    assert page.post("/here").status_code == 204
    room.clock.offset_ms += 76_000
    assert page.post("/here").status_code == 401
    page.enter(passkey)
    assert page.post("/lock").status_code == 204
    assert page.post("/next").status_code == 401
    assert page.http.get("/api/mine").status_code == 401


def test_the_session_lies_in_a_cookie_that_no_script_reads(room: WholeRoom) -> None:
    page, passkey = Page(room), room.reviewer()
    cookie = page.enter(passkey).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_requests_of_other_pages_are_refused(room: WholeRoom) -> None:
    page, passkey = Page(room), room.reviewer()
    page.enter(passkey)
    assert page.http.post("/api/next", headers={"origin": "http://evil.example"}).status_code == 403
    assert page.http.post("/api/next", headers={"x-nightlatch": ""}).status_code == 403
    assert page.http.post("/api/next", content=b"x" * 70_000).status_code == 413


def test_the_page_may_connect_to_the_keeper_and_to_nobody_else(room: WholeRoom) -> None:
    told = Page(room).http.get("/").headers
    policy = dict(part.strip().split(" ", 1) for part in told["content-security-policy"].split(";"))
    assert policy["connect-src"] == f"'self' {room.desk.settings.keeper_page_url}"
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in told["content-security-policy"]
    assert told["cache-control"] == "no-store"


def test_a_flag_stops_the_clip_for_everybody(room: WholeRoom) -> None:
    room.house.give()
    page, other = Page(room), Page(room)
    page.enter(room.reviewer())
    view = page.post("/next").json()["view"]
    assert page.post(f"/looks/{view}/flag").status_code == 204
    other.enter(room.reviewer("laptop"))
    assert other.post("/next").json()["refused"] == "nothing_waiting"
    assert page.http.post(f"/api/looks/{view}", json=LABEL).status_code == 403
    assert room.desk.queue.standing().flagged == 1
    room.house.room.sweep()
    assert room.leaves("flag") == 1


def test_a_skip_costs_nothing_but_the_clip_itself(room: WholeRoom) -> None:
    room.house.give()
    room.house.give()
    page = Page(room)
    page.enter(room.reviewer())
    first = page.post("/next").json()["view"]
    assert page.post(f"/looks/{first}/skip").status_code == 204
    second = page.post("/next").json()["view"]
    assert second != first
    assert page.http.get("/api/mine").json()["compared"] == 0


def test_one_reviewer_cannot_reach_the_look_of_another(room: WholeRoom) -> None:
    room.house.give()
    page, other = Page(room), Page(room)
    page.enter(room.reviewer())
    other.enter(room.reviewer("laptop"))
    view = page.post("/next").json()["view"]
    assert other.http.get(f"/api/looks/{view}").status_code == 404
    assert other.http.post(f"/api/looks/{view}", json=LABEL).status_code == 404
    assert other.post(f"/looks/{view}/flag").status_code == 404


@pytest.mark.parametrize("number", [2**63, 10**25, -(10**25)])
def test_a_number_that_no_database_holds_is_refused(room: WholeRoom, number: int) -> None:
    page = Page(room)
    page.enter(room.reviewer())
    told = [page.http.get(f"/api/looks/{number}"), page.http.put(f"/api/looks/{number}", json=LABEL)]
    told += [page.http.post(f"/api/looks/{number}/{act}") for act in ("skip", "flag")]
    assert {answer.status_code for answer in told} == {422}


def test_nothing_is_shown_while_the_log_is_away(room: WholeRoom) -> None:
    room.house.give()
    page, passkey = Page(room), room.reviewer()
    page.enter(passkey)
    room.is_log_away = True
    assert page.post("/next").status_code == 502
    assert room.leaves("view.open") == 0
    room.is_log_away = False
    assert page.post("/next").json()["done_today"] == 1


def test_a_draw_waits_for_witnesses_that_are_about_to_cosign(tmp_path: Path) -> None:
    class Bare(TinyLog):
        """A log whose newest checkpoint is bare for the next `times` looks."""

        times = 0

        def root(self, now_ms: int) -> bytes:
            if self.times:
                self.times -= 1
                raise KeeperRefused(Refusal.NO_QUORUM, "Too few witnesses have cosigned.")
            return super().root(now_ms)

    clock = TestClock(fixed_ms=TEN)
    log = Bare(clock)
    with whole_room(tmp_path, clock, log) as room:
        room.house.give()
        page = Page(room)
        page.enter(room.reviewer())
        log.times = 99
        assert page.post("/next").json()["refused"] == "no_quorum"
        assert log.times == 95
        log.times = 2
        assert page.post("/next").status_code == 200


def test_my_agreement_is_as_of_midnight_and_only_mine(room: WholeRoom) -> None:
    passkeys = [room.reviewer(), room.reviewer("laptop")]
    pages = [Page(room), Page(room)]
    for page, passkey in zip(pages, passkeys, strict=True):
        page.enter(passkey)
    for number in range(11):
        room.house.give()
        for page, verdict in zip(pages, ("routine", "routine" if number else "unsure"), strict=True):
            view = page.post("/next").json()["view"]
            page.http.post(f"/api/looks/{view}", json={**LABEL, "verdict": verdict})
    numbers = {"compared": 0, "verdict": None, "subjects": None, "done_today": 11, "quota": 150}
    assert pages[0].http.get("/api/mine").json() == numbers
    room.clock.pass_hours(24)
    pages[1].enter(passkeys[1])
    told = pages[1].http.get("/api/mine").json()
    assert (told["done_today"], told["compared"], told["subjects"]) == (0, 11, 1.0)
    assert told["verdict"] == pytest.approx(10 / 11)


def test_the_keeper_draws_a_clip_no_more_once_two_agree_and_once_more_when_they_differ(room: WholeRoom) -> None:
    pages = [Page(room) for _ in range(3)]
    for page in pages:
        page.enter(room.reviewer())
    for verdict, is_drawn_again in (("routine", False), ("threat", True)):
        room.house.give()
        for page, said in zip(pages, ("routine", verdict), strict=False):
            view = page.post("/next").json()["view"]
            assert page.http.post(f"/api/looks/{view}", json={**LABEL, "verdict": said}).status_code == 204
        assert pages[2].post("/next").is_success is is_drawn_again


def test_a_witness_that_is_late_costs_no_second_entry(room: WholeRoom) -> None:
    room.house.give()
    page = Page(room)
    page.enter(room.reviewer())
    room.late = 3
    told = page.post("/next")
    assert told.status_code == 200, told.text
    assert room.leaves("view.open") == 1
    room.house.give()
    room.late = 100
    assert page.post("/next").json()["refused"] == "no_quorum"
    assert room.leaves("view.open") == 2


def said_to(given: Given, room: WholeRoom) -> list[object]:
    """What the owner reads in the entries about labels, oldest first."""
    opener = Opener(str(given.owner.identity))
    entries = [each for each in room.house.room.entries(given.donation) if each.kind == "label"]
    return [json.loads(opener.open(each.sealed_event))["event"]["label"] for each in entries]


def test_that_too_much_is_hidden_is_an_answer_and_reaches_the_owner(room: WholeRoom) -> None:
    given = room.house.give()
    page = Page(room)
    page.enter(room.reviewer())
    look = f"/looks/{page.post('/next').json()['view']}"
    assert page.post(look, {**LABEL, "hidden": True}).status_code == 403, "it stands alone"
    assert page.post(look, {"hidden": True}).status_code == 204
    [labelled] = room.desk.labels.submitted()
    assert labelled.label.is_hidden
    assert said_to(given, room) == [{"answer": "hidden", "happenings": [], "spans": [], "subjects": []}]


def test_a_label_is_taken_back_within_seconds_and_the_log_holds_both(room: WholeRoom) -> None:
    given = room.house.give()
    page = Page(room)
    page.enter(room.reviewer())
    look = f"/looks/{page.post('/next').json()['view']}"
    assert page.post(f"{look}/undo").status_code == 403, "nothing was handed in"
    assert page.post(look, LABEL).status_code == 204
    room.is_log_away = True
    assert page.post(f"{look}/undo").status_code == 502
    assert len(room.desk.labels.submitted()) == 1, "what the log does not hold did not happen"
    room.is_log_away = False
    room.clock.fixed_ms = TEN + 10_000
    assert page.post(f"{look}/undo").status_code == 204
    assert (room.desk.labels.submitted(), room.desk.labels.refused()) == ([], [])
    assert page.http.get(f"/api{look}").json() == LABEL, "it is a draft again"
    assert page.post(look, {**LABEL, "verdict": "unsure"}).status_code == 204
    assert page.post(f"{look}/undo").status_code == 403, "once a look"
    assert room.leaves("label") == 3
    assert said_to(given, room) == [LABEL, {"answer": "undone"}, {**LABEL, "verdict": "unsure"}]
    assert [str(each.label.verdict) for each in room.desk.labels.submitted()] == ["unsure"]


def test_it_is_too_late_after_that_and_for_anybody_else(room: WholeRoom) -> None:
    room.house.give()
    pages = [Page(room), Page(room)]
    for page in pages:
        page.enter(room.reviewer())
    look = f"/looks/{pages[0].post('/next').json()['view']}"
    pages[0].post(look, LABEL)
    assert pages[1].post(f"{look}/undo").status_code == 404
    room.clock.fixed_ms = TEN + 15_001
    late = pages[0].post(f"{look}/undo")
    assert (late.status_code, "too late" in late.json()["error"]) == (403, True)
    assert len(room.desk.labels.submitted()) == 1
    assert room.leaves("label") == 1


def test_a_clip_whose_last_label_is_taken_back_is_drawn_by_another(room: WholeRoom) -> None:
    given = room.house.give()
    pages = [Page(room) for _ in range(3)]
    for page in pages:
        page.enter(room.reviewer())
    for page in pages[:2]:
        look = f"/looks/{page.post('/next').json()['view']}"
        page.post(look, LABEL)
    assert pages[1].post("/next").json()["refused"] == "nothing_waiting"
    assert pages[1].post(f"{look}/undo").status_code == 204
    assert pages[2].post("/next").status_code == 200, "one label is not enough"
    pages[1].post(look, LABEL)
    room.clock.fixed_ms = TEN + 15_001
    pages[1].post("/here")
    assert room.house.room.figures().waiting == 0
    assert given.donation not in pages[1].post("/next").text
