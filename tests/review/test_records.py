"""Roster, labels and queue on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import threading
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from nightlatch.domain.label import Label, NotALabel, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span
from nightlatch.domain.view import Promise, commitment, read_leaf
from nightlatch.errors import NotFound, Refused
from nightlatch.review.entries import Receipt, programme_tag
from nightlatch.review.errors import KeeperSaidNo, Unreachable
from nightlatch.review.export import ClipExport, as_cvat, as_json, as_label_studio, label_studio_config
from nightlatch.review.labels import Labels, ReviewLook
from nightlatch.review.queue import Queue
from nightlatch.review.records import MIGRATIONS, ReviewTables
from nightlatch.review.roster import Roster
from nightlatch.review.writing import read, written
from nightlatch.store import records
from tests.clocks import TestClock
from tests.contracts.test_stores import postgres
from tests.review.rooms import CAT, EMPTY, PASSER, THIEF, Leaves, TakesAll, administrator, signature

__all__ = ["postgres"]  # a fixture

PROGRAMME = "UHJvZ3JhbW1lIGtleSBvZiAzMiBieXRlcyBpbiB0ZXN0cyE="
CLIP = "ab" * 16
TAG = bytes(16)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'review.db'}"
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres"))
        wiped = records.engine(url)
        with wiped.begin() as rows:
            rows.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        wiped.dispose()
    records.migrate(url, MIGRATIONS)
    made = records.engine(url, durable=True)
    yield made
    made.dispose()


@pytest.fixture
def clock() -> TestClock:
    return TestClock(fixed_ms=1_800_000_000_000)


def test_the_migrations_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as rows:
        assert compare_metadata(MigrationContext.configure(rows), ReviewTables.metadata) == []


# ---- roster -------------------------------------------------------------------------------------------------------


def test_a_passkey_is_enrolled_when_two_administrators_signed_and_the_log_has_it(
    engine: Engine, clock: TestClock
) -> None:
    roster, log, keeper = Roster(engine, clock, PROGRAMME), Leaves(), TakesAll()
    (anna, annas), (ben, bens) = administrator("anna"), administrator("ben")
    roster.begin((anna, ben))
    token = roster.invite()
    who = roster.invited(token)
    change = roster.ask(token, "Y3JlZA", "a2V5", "desk")
    assert roster.passkey("Y3JlZA").state == "asked"

    event = roster.change(change).event
    with pytest.raises(Refused, match="two administrators"):
        roster.make(change, log.append, keeper)
    roster.sign(change, anna.key, signature(annas, event))
    roster.sign(change, anna.key, signature(annas, event))  # the same one twice is one
    with pytest.raises(Refused, match="two administrators"):
        roster.make(change, log.append, keeper)
    assert log.leaves == []
    roster.sign(change, ben.key, signature(bens, event))
    made = roster.make(change, log.append, keeper)

    assert made.holds
    assert made.signed_by == ("anna", "ben")
    assert roster.passkey("Y3JlZA").state == "enrolled"
    [(enrolment, told)] = keeper.taken
    leaf = read_leaf(log.leaves[0])
    assert leaf.kind == "roster"
    assert leaf.tag == programme_tag(PROGRAMME)
    assert leaf.commitment == commitment(told.salt, event) == commitment(told.salt, enrolment.canonical())
    assert (enrolment.reviewer, enrolment.do, set(told.signatures)) == (who, "enrol", {anna.key, ben.key})
    assert told.leaf == log.leaves[0]

    with pytest.raises(Refused, match="already"):
        roster.sign(change, ben.key, signature(bens, event))
    assert roster.make(change, log.append, keeper) == made  # again is fine, and enters nothing
    assert len(log.leaves) == 1


def test_a_stranger_or_a_forged_signature_signs_nothing(engine: Engine, clock: TestClock) -> None:
    roster = Roster(engine, clock, PROGRAMME)
    (anna, annas), (ben, _), (eve, eves) = administrator("anna"), administrator("ben"), administrator("eve")
    roster.begin((anna, ben))
    change = roster.propose_policy(100, 4, 480, 1080)
    event = roster.change(change).event
    for key, sealed in (
        (eve.key, signature(eves, event)),
        (ben.key, signature(annas, event)),
        (anna.key, signature(annas, event + b" ")),
        (anna.key, "no base64"),
    ):
        with pytest.raises(Refused):
            roster.sign(change, key, sealed)
    assert roster.change(change).signed_by == ()
    with pytest.raises(Refused, match="already"):
        roster.begin((eve, ben))
    with pytest.raises(NotFound):
        roster.sign("0" * 12, anna.key, "")


def test_a_programme_needs_two_administrators_with_two_keys(engine: Engine, clock: TestClock) -> None:
    roster, (anna, _) = Roster(engine, clock, PROGRAMME), administrator("anna")
    with pytest.raises(Refused, match="two"):
        roster.begin((anna,))
    with pytest.raises(Refused, match="two"):
        roster.begin((anna, type(anna)(anna.key, "ben")))


def test_an_invitation_works_once_and_for_three_days(engine: Engine, clock: TestClock) -> None:
    roster = Roster(engine, clock, PROGRAMME)
    used, late = roster.invite(), roster.invite()
    roster.ask(used, "a", "k", "desk")
    with pytest.raises(Refused, match="used"):
        roster.ask(used, "b", "k", "desk")
    clock.pass_hours(72)
    with pytest.raises(Refused, match="over"):
        roster.invited(late)
    with pytest.raises(NotFound):
        roster.invite("nobody")
    again = roster.invite(roster.passkey("a").reviewer)
    with pytest.raises(Refused, match="known already"):
        roster.ask(again, "a", "k", "desk")
    assert roster.invited(again) == roster.passkey("a").reviewer  # the refusal did not use it up


def test_a_change_waits_for_a_log_or_a_keeper_that_is_away(engine: Engine, clock: TestClock) -> None:
    roster, log, keeper = Roster(engine, clock, PROGRAMME), Leaves(is_down=True), TakesAll()
    admins = [administrator("anna"), administrator("ben")]
    roster.begin(tuple(each for each, _ in admins))
    change = roster.ask(roster.invite(), "cred", "key", "desk")
    for who, key in admins:
        roster.sign(change, who.key, signature(key, roster.change(change).event))
    with pytest.raises(Unreachable):
        roster.make(change, log.append, keeper)
    log.is_down, keeper.no = False, KeeperSaidNo("A later change of this passkey is known.", "roster")
    with pytest.raises(KeeperSaidNo):
        roster.make(change, log.append, keeper)
    assert roster.passkey("cred").state == "asked"
    keeper.no = None
    assert roster.make(change, log.append, keeper).holds
    assert log.leaves[0] == log.leaves[-1]  # the same leaf, not a second story
    removal = roster.propose_removal("cred")
    clock.offset_ms += 1
    for who, key in admins:
        roster.sign(removal, who.key, signature(key, roster.change(removal).event))
    roster.make(removal, log.append, keeper)
    assert roster.passkey("cred").state == "removed"
    assert [each.do for each, _ in keeper.taken] == ["enrol", "remove"]


def test_a_policy_holds_from_its_entry_on(engine: Engine, clock: TestClock) -> None:
    roster, log = Roster(engine, clock, PROGRAMME), Leaves()
    admins = [administrator("anna"), administrator("ben")]
    roster.begin(tuple(each for each, _ in admins))
    assert roster.policy() == Promise()
    with pytest.raises(Refused, match="1 to 150"):
        roster.propose_policy(151, 5, 0, 1440)
    change = roster.propose_policy(80, 4, 540, 1020)
    for who, key in admins:
        roster.sign(change, who.key, signature(key, roster.change(change).event))
    assert roster.policy() == Promise()
    keeper = TakesAll()
    roster.make(change, log.append, keeper)
    [told] = keeper.promised
    assert told.event == roster.change(change).event
    assert set(told.signatures) == {who.key for who, _ in admins}
    assert (roster.policy().quota, roster.policy().most_viewers) == (80, 4)
    assert read_leaf(log.leaves[0]).kind == "policy"


# ---- labels and queue ---------------------------------------------------------------------------------------------


def test_a_draft_is_kept_until_it_is_handed_in_and_then_stays(engine: Engine, clock: TestClock) -> None:
    labels, log = Labels(engine, clock), Leaves()
    labels.open(ReviewLook(7, CLIP, "ann", 24_000), TAG)
    draft = Label(frozenset({Subject.PERSON}), spans=(Span(1_000, 2_000),))
    labels.save(7, "ann", draft)
    assert labels.look(7, "ann").label == draft
    with pytest.raises(NotALabel, match="threat, routine or unsure"):
        labels.submit(7, "ann", draft, log.append)
    log.is_down = True
    with pytest.raises(Unreachable):
        labels.submit(7, "ann", THIEF, log.append)
    assert labels.look(7, "ann").label == THIEF
    assert labels.submitted() == []
    log.is_down = False
    handed_in = labels.submit(7, "ann", THIEF, log.append)
    assert labels.submitted(CLIP) == [handed_in.labelled]
    assert read_leaf(log.leaves[-1]).kind == "label"
    with pytest.raises(Refused, match="done"):
        labels.save(7, "ann", CAT)


def test_two_tabs_that_hand_in_the_same_look_make_one_label(engine: Engine, clock: TestClock) -> None:
    labels, log = Labels(engine, clock), Leaves()
    began, go_on = threading.Event(), threading.Event()
    labels.open(ReviewLook(7, CLIP, "reviewer-1", 20_000), TAG)

    def slowly(leaf: bytes) -> Receipt:
        began.set()
        assert go_on.wait(20)
        return log.append(leaf)

    with ThreadPoolExecutor(3) as tabs:
        first = tabs.submit(labels.submit, 7, "reviewer-1", THIEF, slowly)
        assert began.wait(20)
        others = [tabs.submit(labels.submit, 7, "reviewer-1", each, log.append) for each in (THIEF, CAT)]
        go_on.set()
        assert others[0].result(20) == first.result(20)
        with pytest.raises(Refused, match="done"):
            others[1].result(20)
    assert len(log.leaves) == 1
    assert [each.label for each in labels.submitted()] == [THIEF]
    assert labels.refused() == []


def test_nobody_reaches_the_label_of_another(engine: Engine, clock: TestClock) -> None:
    labels = Labels(engine, clock)
    labels.open(ReviewLook(7, CLIP, "ann", 24_000), TAG)
    for reach in (
        lambda: labels.look(7, "ben"),
        lambda: labels.save(7, "ben", CAT),
        lambda: labels.submit(7, "ben", CAT, Leaves().append),
        lambda: labels.skip(7, "ben"),
        lambda: labels.flag(7, "ben"),
        lambda: labels.look(8, "ann"),
    ):
        with pytest.raises(NotFound):
            reach()


def test_a_span_beyond_the_clip_and_a_word_that_is_none_are_refused(engine: Engine, clock: TestClock) -> None:
    labels = Labels(engine, clock)
    labels.open(ReviewLook(7, CLIP, "ann", 9_000), TAG)
    with pytest.raises(NotALabel, match="after the clip"):
        labels.save(7, "ann", THIEF)
    for told in (
        {"subjects": ["burglar"]},
        {"verdict": "guilty"},
        {"spans": [[1]]},
        {"spans": [[5, 5]]},
        {"spans": [[-1, 5]]},
        {"subjects": ["nothing", "cat"]},
        {"spans": [[n, n + 1] for n in range(21)]},
        {"subjects": 3},
        {"answer": "hidden", "subjects": ["cat"]},
        {"answer": "hidden", "verdict": "unsure"},
        {"answer": "hidden", "spans": [[0, 5]]},
    ):
        with pytest.raises(NotALabel):
            read(json.dumps(told))


def test_a_skip_leaves_no_mark_but_that_it_was(engine: Engine, clock: TestClock) -> None:
    labels = Labels(engine, clock)
    labels.open(ReviewLook(7, CLIP, "ann", 24_000), TAG)
    labels.save(7, "ann", CAT)
    labels.skip(7, "ann")
    assert labels.look(7, "ann").label == Label()
    assert labels.submitted() == []
    assert labels.done_today("ann") == 1
    clock.pass_hours(24)
    assert labels.done_today("ann") == 0


def test_a_clip_has_enough_when_two_agree_and_none_when_it_was_flagged(engine: Engine, clock: TestClock) -> None:
    labels, log = Labels(engine, clock), Leaves()
    queue = Queue(engine, clock, labels)
    for view, (who, label, enough) in enumerate(
        [("ann", CAT, False), ("ben", PASSER, False), ("cem", EMPTY, False), ("dan", PASSER, True)]
    ):
        labels.open(ReviewLook(view, CLIP, who, 24_000), TAG)
        labels.submit(view, who, label, log.append)
        assert queue.settle(CLIP) is enough
    labels.know("cd" * 16, CAT)
    assert labels.known() == {"cd" * 16: CAT}
    assert (queue.standing().done, queue.standing().honeypots) == (1, 1)
    labels.flag(0, "ann")
    assert queue.standing().flagged == 1
    assert labels.submitted() == []


# ---- export -------------------------------------------------------------------------------------------------------

OUT = [ClipExport(CLIP, 24_000, THIEF, 0.97, 3), ClipExport("cd" * 16, 20_000, CAT, 0.88, 2)]


def test_labels_leave_as_json_without_who_gave_them() -> None:
    told = json.loads(as_json(OUT))
    assert [set(each) for each in told["clips"]] == [
        {"donation", "length_ms", "certainty", "labels", "subjects", "happenings", "spans", "verdict"}
    ] * 2
    assert read(json.dumps({k: told["clips"][0][k] for k in ("subjects", "happenings", "spans", "verdict")})) == THIEF
    assert read(written(THIEF)) == THIEF


def test_the_cvat_file_has_the_structure_of_cvat_for_video_1_1() -> None:
    root = Xml.fromstring(as_cvat([*OUT, ClipExport("ef" * 16, 20_000, _overlapping(), 0.5, 2)]))
    assert root.findtext("version") == "1.1"
    size = int(root.findtext("meta/task/size") or 0)
    assert root.findtext("meta/task/mode") == "interpolation"
    names = {each.findtext("name") for each in root.iter("attribute") if each.find("name") is not None}
    tracks = root.findall("track")
    assert [track.get("id") for track in tracks] == ["0", "1", "2"]
    last = -1
    for track in tracks:
        assert track.get("label") == root.findtext("meta/task/labels/label/name")
        boxes = track.findall("box")
        assert [box.get("outside") for box in boxes] == ["0", "1"] * (len(boxes) // 2)
        frames = [int(box.get("frame") or -1) for box in boxes]
        assert frames == sorted(set(frames))
        assert last < frames[0] <= frames[-1] < size
        last = frames[-1]
        for box in boxes:
            assert {"frame", "outside", "occluded", "keyframe", "xtl", "ytl", "xbr", "ybr"} <= set(box.keys())
            assert {each.get("name") for each in box.findall("attribute")} == names
    assert [int(b.get("frame") or 0) for b in tracks[0].findall("box")] == [50, 237]


def test_the_label_studio_file_fits_its_own_configuration() -> None:
    config = Xml.fromstring(label_studio_config())
    names = {each.get("name"): each for each in config.iter() if each.get("toName")}
    tasks = json.loads(as_label_studio(OUT))
    assert len(tasks) == 2
    for task in tasks:
        assert set(task["data"]) == {"clip", "length_ms", "certainty"}
        for result in task["annotations"][0]["result"]:
            control = names[result["from_name"]]
            assert control.get("toName") == result["to_name"] == "clip"
            assert control.tag.lower() == result["type"]
            if result["type"] == "choices":
                assert set(result["value"]["choices"]) <= {choice.get("value") for choice in control}
            else:
                assert result["value"]["ranges"][0]["start"] <= result["value"]["ranges"][0]["end"]


def _overlapping() -> Label:
    spans = (Span(0, 1_000), Span(900, 3_000), Span(5_000, 5_001))
    return Label(frozenset({Subject.DOG}), frozenset(), Verdict.UNSURE, spans)
