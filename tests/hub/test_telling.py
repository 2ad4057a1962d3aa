"""When somebody is told of an event: as soon as it is known who is there, else within a second; then what it means."""

from __future__ import annotations

from nightlatch.domain.camera import Camera
from nightlatch.domain.recording import Still
from nightlatch.domain.sighting import EventJudged, EventOpened, Judgement, Kind, Verdict
from nightlatch.hub.watch.telling import SETTLED_MS, TOLD_AT_MS, Telling
from nightlatch.hub.wire.notices import EventNotice, Notice
from tests.clocks import TestClock

CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")
OPENED = EventOpened(CAMERA.id, "e" * 16, 0, 0)
STILL = Still(CAMERA.id, 0, 32, 18, b"jpeg")


class Wire:
    def __init__(self) -> None:
        self.sent: list[EventNotice] = []
        self.telling = Telling(self, TestClock())

    def send(self, notice: Notice) -> None:
        if isinstance(notice, EventNotice):
            self.sent.append(notice)

    def judge(self, at_ms: int, kind: Kind, verdict: Verdict = Verdict.UNSURE, still: Still | None = STILL) -> None:
        judged = EventJudged(CAMERA.id, OPENED.event_id, at_ms, Judgement(verdict, 0.5, ("Why.",), (kind,)))
        self.telling.judged(CAMERA, OPENED, "c" * 16, judged, still)


def test_who_is_there_is_told_as_soon_as_it_is_known() -> None:
    wire = Wire()
    wire.judge(100, Kind.MOTION)
    assert wire.sent == []
    wire.judge(400, Kind.PERSON)
    assert [told.kinds for told in wire.sent] == [(Kind.PERSON,)]


def test_what_nobody_knows_the_name_of_is_told_within_a_second() -> None:
    wire = Wire()
    wire.judge(TOLD_AT_MS - 1, Kind.MOTION)
    wire.judge(TOLD_AT_MS, Kind.MOTION)
    wire.judge(2_000, Kind.CAT)
    assert [told.kinds for told in wire.sent] == [(Kind.MOTION,), (Kind.CAT,)]
    assert {told.event_id for told in wire.sent} == {OPENED.event_id}


def test_a_verdict_that_wakes_is_told_once_it_is_earned() -> None:
    for verdict in (Verdict.THREAT, Verdict.HELP):
        wire = Wire()
        wire.judge(400, Kind.PERSON, verdict)
        wire.judge(900, Kind.PERSON, verdict)
        wire.judge(SETTLED_MS, Kind.PERSON, verdict)
        assert [told.verdict for told in wire.sent] == [Verdict.UNSURE, verdict]


def test_an_event_told_without_a_picture_is_told_again_with_one() -> None:
    wire = Wire()
    wire.judge(400, Kind.PERSON, still=None)
    wire.judge(600, Kind.PERSON, still=None)
    wire.judge(900, Kind.PERSON)
    wire.judge(1_400, Kind.PERSON)
    assert [told.picture for told in wire.sent] == [None, b"jpeg"]
