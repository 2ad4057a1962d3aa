"""Every stretch without a recording has one outage with one reason, which meets the segments on both sides."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera
from nightlatch.domain.time import Span
from nightlatch.errors import Reason
from nightlatch.hub.serve.absences import Absences, Beat
from nightlatch.hub.serve.books.gaps import GAP_MS, Gaps, end_open
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import OutageRow, SegmentRow
from nightlatch.hub.wire.notices import Outage

CAMERA = Camera(id="0123456789ab", name="Porch", url="rtsp://192.0.2.1/")
T0 = 1_790_000_000_000


class Index:
    """The books of one camera, in seconds from T0."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.absences = Absences(T0)
        self.gaps = Gaps(self.absences.why)

    def segment(self, from_s: float, to_s: float, *, is_found: bool = False) -> None:
        span = Span(T0 + round(from_s * 1000), T0 + round(to_s * 1000))
        with Session(self.engine) as session, session.begin():
            path = f"{span.began_ms}"
            length = span.duration_ms
            session.add(SegmentRow(camera_id=CAMERA.id, began_ms=span.began_ms, duration_ms=length, bytes=1, path=path))
            session.flush()
            if is_found:
                self.gaps.found(session, CAMERA.id, [span])
            else:
                self.gaps.segment(session, CAMERA.id, span)

    def outage(self, from_s: float, to_s: float | None = None, reason: Reason = Reason.TIMEOUT) -> None:
        ended_ms = None if to_s is None else T0 + round(to_s * 1000)
        with Session(self.engine) as session, session.begin():
            self.gaps.outage(session, Outage(CAMERA.id, T0 + round(from_s * 1000), ended_ms, reason))

    def paused(self, from_s: float, to_s: float, reason: Reason = Reason.PAUSED) -> None:
        with Session(self.engine) as session, session.begin():
            told = Outage(CAMERA.id, T0 + round(from_s * 1000), T0 + round(to_s * 1000), reason, is_inside=True)
            self.gaps.outage(session, told)

    def began(self, at_s: float) -> None:
        self.absences.began(T0 + round(at_s * 1000), lambda _: True)

    @property
    def outages(self) -> list[tuple[float, float | None, str]]:
        with Session(self.engine) as session:
            rows = session.scalars(select(OutageRow).order_by(OutageRow.began_ms)).all()
            return [
                ((row.began_ms - T0) / 1000, None if row.ended_ms is None else (row.ended_ms - T0) / 1000, row.reason)
                for row in rows
            ]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_index(tmp_path_factory.mktemp("hub"))
    yield engine
    engine.dispose()


@pytest.fixture
def index(engine: Engine) -> Index:
    return emptied(engine)


def emptied(engine: Engine) -> Index:
    with Session(engine) as session, session.begin():
        session.execute(delete(SegmentRow))
        session.execute(delete(OutageRow))
    return Index(engine)


def test_segments_that_follow_each_other_have_no_outage(index: Index) -> None:
    for from_s, to_s in ((0, 4), (4, 8), (8.2, 12), (14.4, 18)):
        index.segment(from_s, to_s)
    assert index.outages == []


def test_an_outage_that_was_noticed_late_begins_at_the_last_picture_and_ends_at_the_first_new_one(index: Index) -> None:
    index.segment(0, 4)
    index.outage(14)
    assert index.outages == [(4, None, "timeout")]
    index.outage(14, 30)
    index.segment(33, 37)
    assert index.outages == [(4, 33, "timeout")]
    for _ in range(2):  # told again to a serve that may be new
        index.outage(14, 30)
    assert index.outages == [(4, 33, "timeout")]


def test_an_outage_ends_with_the_first_new_segment_also_when_nobody_said_so(index: Index) -> None:
    index.segment(0, 4)
    index.outage(14)
    index.segment(20, 24)
    index.segment(24, 28)
    assert index.outages == [(4, 20, "timeout")]


def test_the_last_segment_may_come_after_the_outage(index: Index) -> None:
    index.segment(0, 4)
    index.segment(4, 8)
    index.outage(11.4)
    index.segment(8, 12)
    assert index.outages == [(12, None, "timeout")]


def test_a_killed_recorder_leaves_a_reason(index: Index) -> None:
    index.segment(100, 104)
    index.began(106)
    index.segment(109, 113)
    assert index.outages == [(104, 109, "recorder_stopped")]


def test_a_hub_that_was_off_leaves_a_reason(index: Index) -> None:
    index.segment(-100, -96)
    index.began(0.4)
    index.segment(3, 7)
    assert index.outages == [(-96, 3, "hub_off")]


def test_a_recorder_that_begins_before_the_page_does_was_off_with_the_hub(index: Index) -> None:
    index.absences.alive_ms = T0 - 60_000
    index.segment(-70, -66)
    index.began(-9)
    for from_s in (-8, -4):
        index.segment(from_s, from_s + 4, is_found=True)
    assert index.outages == [(-66, -8, "hub_off")]


def test_a_hub_that_was_off_and_then_a_camera_that_is_gone_are_two_stretches(index: Index) -> None:
    index.segment(-100, -96)
    index.began(0.4)
    index.outage(12)
    assert index.outages == [(-96, 12, "hub_off"), (12, None, "timeout")]
    index.segment(60, 64)
    assert index.outages == [(-96, 12, "hub_off"), (12, 60, "timeout")]


def test_what_was_open_when_the_hub_was_killed_ended_with_it(index: Index) -> None:
    index.segment(-200, -196)
    index.outage(-190)
    with Session(index.engine) as session, session.begin():
        end_open(session, T0 - 100_000)
    index.began(0.4)
    index.segment(3, 7)
    assert index.outages == [(-196, -100, "timeout"), (-100, 3, "hub_off")]


def test_an_outage_that_a_surviving_recorder_tells_again_goes_on(index: Index) -> None:
    index.segment(-200, -196)
    index.outage(-190)
    with Session(index.engine) as session, session.begin():
        end_open(session, T0 - 1000)
    index.outage(-190)
    assert index.outages == [(-196, None, "timeout")]


def test_a_camera_that_the_owner_switched_off_was_not_lost(index: Index) -> None:
    index.absences.listed((CAMERA,), T0)
    index.segment(0, 4)
    off = Camera(id=CAMERA.id, name="Porch", url=CAMERA.url, enabled=False)
    index.absences.listed((off,), T0 + 5_000)
    index.absences.listed((CAMERA,), T0 + 60_000)
    index.segment(63, 67)
    assert index.outages == []
    index.segment(67, 71)
    index.absences.listed((off,), T0 + 72_000)
    index.absences.listed((CAMERA,), T0 + 90_000)
    index.outage(95)  # on again, and gone
    assert index.outages == [(90, None, "timeout")]


def test_a_camera_that_was_off_when_the_hub_began_was_not_lost_either(index: Index) -> None:
    index.segment(-500, -496)
    off = Camera(id=CAMERA.id, name="Porch", url=CAMERA.url, enabled=False)
    index.absences.listed((off,), T0)
    index.began(0.4)
    index.absences.listed((CAMERA,), T0 + 60_000)
    index.segment(63, 67)
    assert index.outages == []


def test_a_camera_that_was_changed_begins_anew(index: Index) -> None:
    index.absences.listed((CAMERA,), T0)
    index.segment(0, 4)
    index.absences.listed((Camera(id=CAMERA.id, name="Porch", url="rtsp://192.0.2.2/"),), T0 + 5_000)
    index.segment(9, 13)
    assert index.outages == [(4, 9, "settings_changed")]


@pytest.mark.parametrize(
    ("ran_ms", "boot_ms", "reason"),
    [(2_000, 2_000, "clock_set"), (2_000, 40_000, "hub_off"), (40_000, 40_000, "hub_off")],
)
def test_what_the_clocks_say_is_a_reason(index: Index, ran_ms: int, boot_ms: int, reason: str) -> None:
    index.segment(0, 4)
    index.absences.beat(Beat(T0 + 5_000, 0, 0))
    ran = index.absences.beat(Beat(T0 + 45_000, ran_ms, boot_ms))
    assert ran == (reason == "clock_set")
    index.segment(46, 50)
    assert index.outages == [(4, 46, reason)]


def test_a_recorder_that_hung_is_a_reason(index: Index) -> None:
    index.segment(0, 4)
    index.absences.silent(Span(T0 + 5_000, T0 + 14_000), lambda _: True)
    index.segment(15, 19)
    assert index.outages == [(4, 15, "recorder_stopped")]


@pytest.mark.parametrize("reason", [Reason.PAUSED, Reason.OVERLOAD])
def test_pictures_that_were_missing_inside_a_segment_stay_told_in_whatever_order(index: Index, reason: Reason) -> None:
    index.segment(0, 4)
    index.paused(5, 9, reason)
    index.segment(4, 10)
    index.segment(10, 18)
    index.paused(11, 15, reason)
    for _ in range(2):  # also to a serve that may be new
        index.paused(5, 9, reason)
    index.segment(18, 22)
    assert index.outages == [(5, 9, reason.value), (11, 15, reason.value)]


def test_a_pause_between_two_segments_explains_the_gap_between_them(index: Index) -> None:
    index.segment(0, 4)
    index.paused(6.01, 12)
    index.segment(4, 6)
    index.segment(12, 16)
    assert index.outages == [(6, 12, "paused")]


def test_a_gap_of_which_nobody_knows_is_still_said(index: Index) -> None:
    index.segment(0, 4)
    index.segment(9, 13)
    assert index.outages == [(4, 9, "unexplained")]


def test_what_was_saved_of_a_broken_segment_shortens_the_outage(index: Index) -> None:
    index.segment(0, 4)
    index.began(8)
    index.outage(10)
    assert index.outages == [(4, 10, "recorder_stopped"), (10, None, "timeout")]
    for second in (4, 5, 6):
        index.segment(second, second + 1, is_found=True)
    assert index.outages == [(7, 10, "recorder_stopped"), (10, None, "timeout")]


Told = st.tuples(st.sampled_from(["lost", "back", "record", "late", "skip"]), st.floats(0.3, 20))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(Told, max_size=25))
def test_every_second_is_recorded_or_explained_once(engine: Engine, happenings: list[tuple[str, float]]) -> None:
    index, at_s, lost_s = emptied(engine), 4.0, None
    index.segment(0, 4)
    spans = [(0.0, 4.0)]
    for what, s in happenings:
        if what == "lost" and lost_s is None:
            at_s += s
            lost_s = at_s
            index.outage(lost_s)
        elif what == "back" and lost_s is not None:
            at_s += s
            index.outage(lost_s, at_s)
            lost_s = None
        elif what == "late" and lost_s is not None:
            index.outage(lost_s)  # told again
        elif what == "record" and lost_s is None:
            index.segment(at_s, at_s + s)
            spans.append((at_s, at_s + s))
            at_s += s
        elif what == "skip":
            at_s += s
    if lost_s is not None:
        index.outage(lost_s, at_s)
    index.segment(at_s, at_s + 4)
    spans += [(at_s, at_s + 4), *((began, ended or -1) for began, ended, _ in index.outages)]
    spans.sort()
    for (_, ended), (began, _) in itertools.pairwise(spans):
        assert -0.01 <= began - ended <= GAP_MS / 1000
