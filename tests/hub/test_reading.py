"""What the routes read in the books, and how a strip joins it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from nightlatch.domain.time import Span
from nightlatch.errors import Reason
from nightlatch.hub.serve.books import reading, taken_back
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.gaps import GAP_MS
from nightlatch.hub.serve.books.reading import CameraLine, ClipNameLine, SegmentLine
from nightlatch.hub.serve.books.records import CameraRow, ClipPartRow, ClipRow, HubTables, OutageRow, SegmentRow
from nightlatch.hub.serve.books.retention import used_bytes
from nightlatch.hub.serve.books.usage import Counter, count

PORCH, YARD = "0123456789ab", "ba9876543210"
T0 = 1_790_000_000_000
DAY = Span(T0, T0 + 86_400_000)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Books with three segments, a clip of two parts that the mailbox has in part, and one that is only begun."""
    engine = create_engine(f"sqlite:///{tmp_path}/hub.db")
    HubTables.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for n, suffix in enumerate((".age", ".p00.age", ".p01.age")):
            began_ms = T0 + n * 4000
            path = f"{PORCH}/segments/20260921/{began_ms}-4000-abcd{suffix}"
            session.add(SegmentRow(camera_id=PORCH, began_ms=began_ms, duration_ms=4000, bytes=10, path=path))
        for n, camera_id in enumerate((PORCH, YARD)):
            session.add(CameraRow(id=camera_id, name=camera_id, url="rtsp://camera/", created_ms=T0))
            onset_ms = T0 + 1000 * n
            session.add(ClipRow(id=f"clip{n}", camera_id=camera_id, event_id="e", onset_ms=onset_ms, began_ms=T0))
        session.flush()
        for name, version, sent in (("manifest", 3, 2), ("still", 1, 1), ("part-0000", 1, 1), ("part-0001", 1, 0)):
            row = ClipPartRow(clip_id="clip0", name=name, version=version, sent_version=sent, bytes=7, created_ms=T0)
            session.add(row)
    yield engine
    engine.dispose()


def test_a_clip_says_how_much_of_it_the_mailbox_has(engine: Engine) -> None:
    begun, whole = reading.clips(engine, DAY, None, 10)
    assert (begun.id, begun.bytes, begun.parts, begun.in_cloud) == ("clip1", 0, 0, False)
    assert (whole.id, whole.bytes, whole.parts, whole.sent_parts, whole.in_cloud) == ("clip0", 28, 2, 1, False)
    with Session(engine) as session, session.begin():
        for row in session.query(ClipPartRow):
            row.sent_version = row.version
    sent = reading.clip(engine, "clip0")
    assert sent is not None
    assert (sent.sent_parts, sent.in_cloud) == (2, True)


def test_many_clips_cost_two_statements(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert len(reading.clips(engine, DAY, None, 500)) == 2
    assert len(statements) == 2


def test_a_segment_that_was_saved_from_a_journal_continues_the_one_before(engine: Engine) -> None:
    found = reading.segments(engine, PORCH, DAY, 10)
    assert [line.continues for line in found] == [False, False, True]
    assert found[0] == SegmentLine(1, T0, 4000, 10, continues=False)
    assert [line.began_ms for line in reading.segments(engine, PORCH, Span(T0 + 4000, T0 + 8000), 10)] == [T0 + 4000]


def test_a_gap_of_an_older_hub_that_refused_hevc_is_still_read(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(OutageRow(camera_id=PORCH, began_ms=T0, ended_ms=T0 + 1000, reason="hevc_only"))
        session.commit()
    (outage,) = reading.outages(engine, PORCH, Span(T0, T0 + 2000))
    assert outage.reason is Reason.HEVC_ONLY


def test_what_is_not_there_is_none(engine: Engine) -> None:
    assert reading.clip(engine, "nothing") is None
    assert reading.segment_path(engine, 99) is None
    assert reading.sheet_path(engine, 99) is None
    assert reading.cameras_of(engine, ["nothing", "clip1"]) == {"clip1": YARD}
    assert reading.cameras(engine)[YARD] == CameraLine(None, None, ClipNameLine("clip1", T0 + 1000))


def test_home_reads_what_is_kept_and_what_waits(engine: Engine) -> None:
    assert reading.cameras(engine)[PORCH] == CameraLine(T0, T0 + 12_000, ClipNameLine("clip0", T0))
    counted = count(engine, T0 + 3_600_000 + 1000)
    assert (counted.oldest_ms, counted.last_hour_bytes, counted.last_hour_from_ms) == (T0, 20, T0 + 4000)
    assert counted.total == used_bytes(engine)
    assert counted.bytes[PORCH] == used_bytes(engine, PORCH)
    assert (reading.waiting_parts(engine), counted.clips_there) == (2, 1)


def test_what_was_counted_holds_for_some_seconds_and_until_something_is_deleted(engine: Engine) -> None:
    counter = Counter(engine)
    before = counter.usage(T0)
    with Session(engine) as session:
        session.add(SegmentRow(camera_id=YARD, began_ms=T0, duration_ms=4000, bytes=7, path="new"))
        session.commit()
    assert counter.usage(T0 + 9_000) is before
    assert counter.usage(T0 - 3_600_000).total == before.total + 7  # the clock was set back
    newest = counter.usage(T0 - 3_600_000)
    counter.forget()
    assert counter.usage(T0 - 3_600_000) is not newest


def test_neighbours_are_one_stretch_on_the_strip(engine: Engine) -> None:
    lengths = {0: 1000, 1000 + GAP_MS: 3000 - GAP_MS, 2000: 500, 4001 + GAP_MS: 9000}
    with Session(engine) as session:
        session.add_all(
            SegmentRow(camera_id=YARD, began_ms=T0 + began, duration_ms=lasts, bytes=1, path=f"yard/{began}")
            for began, lasts in lengths.items()
        )
        session.commit()
    found = reading.recorded(engine, YARD, DAY, GAP_MS)
    assert found == [Span(T0, T0 + 4000), Span(T0 + 4001 + GAP_MS, T0 + 13_001 + GAP_MS)]
    assert reading.recorded(engine, YARD, Span(T0 - 9000, T0), GAP_MS) == []


def told(books: Books) -> tuple[int, int]:
    """What Home says of the mailbox: what waits, and how many clips are there."""
    return reading.waiting_parts(books.engine), books.counter.usage(T0).clips_there


def test_what_the_owner_deleted_in_the_mailbox_is_not_said_to_be_there_and_not_sent_again(
    engine: Engine, tmp_path: Path
) -> None:
    clip, growing = "a" * 16, "b" * 16
    with Session(engine) as session, session.begin():
        times = {"camera_id": PORCH, "event_id": "e", "onset_ms": T0, "began_ms": T0}
        session.add(ClipRow(id=clip, **times, ended_ms=T0 + 9, open=False))
        session.add(ClipRow(id=growing, **times))
        session.flush()
        for each in (clip, growing):
            for name in ("manifest", "part-0000"):
                row = ClipPartRow(clip_id=each, name=name, version=1, sent_version=1, bytes=7, created_ms=T0)
                session.add(row)
    books = Books(tmp_path, engine)
    before = told(books)
    taken_back.note(books, f"clips/{clip}/part-0000")  # no deletion of a clip
    taken_back.note(books, "clips/" + "c" * 16)
    assert told(books) == before
    taken_back.note(books, f"clips/{clip}")
    said = reading.clip(engine, clip)
    assert said is not None
    assert (said.sent_parts, said.in_cloud) == (0, False)
    assert told(books) == (before[0], before[1] - 1)
    taken_back.note(books, "clips")
    waiting, there = told(books)
    assert there == 0
    assert waiting >= 2  # the one that grows is sent anew, as a whole
