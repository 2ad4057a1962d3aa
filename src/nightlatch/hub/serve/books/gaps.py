"""Every stretch without a recording gets one outage with one reason, from the last picture kept to the first new one.

Watch tells an outage when it notices it, seconds after the last picture, and tells none when it is killed. The segments
are right: outages are cut to lie between them, stretched until they meet them, and added where nobody told one. What
nobody told is asked of `why`, which knows when the hub or its recorder was away and when the owner switched a camera
off; that is no outage.

Pictures may also be missing inside a segment: their camera paused, or this machine was too slow, and then went on. Such
an outage (`INSIDE`) is told when both its ends are known, and stays as it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from nightlatch.domain.time import Span
from nightlatch.errors import Reason
from nightlatch.hub.serve.books.records import OutageRow, SegmentRow
from nightlatch.hub.wire.notices import Outage

GAP_MS = 2_500  # segments closer than this are one stretch on the strip
INSIDE = frozenset({Reason.PAUSED.value, Reason.OVERLOAD.value})
CLOSE_MS = 250  # segments closer than this follow each other: nothing is asked of the index


@dataclass(frozen=True, slots=True)
class Cause:
    """What serve knows of a stretch without a recording."""

    reason: Reason | None = None
    off_until_ms: int | None = None  # the owner had switched the camera off until then


def _unknown(camera_id: str, hole: Span) -> Cause:
    return Cause()


@dataclass(slots=True)
class Gaps:
    """Keeps the outages in step with the segments, in the transaction that enters them."""

    why: Callable[[str, Span], Cause] = _unknown
    _ends: dict[str, int] = field(default_factory=dict)  # of the newest segment of each camera

    def segment(self, session: Session, camera_id: str, segment: Span) -> None:
        """A segment was entered: no outage lies over it, and what is missing before it has its reason."""
        last_ms = self._ends.get(camera_id)
        self._ends[camera_id] = segment.ended_ms
        if last_ms is not None and abs(segment.began_ms - last_ms) <= CLOSE_MS:
            return
        _clear(session, camera_id, segment)
        before_ms = _end_before(session, camera_id, segment.began_ms)
        if before_ms is not None and before_ms < segment.began_ms:
            self._explain(session, camera_id, Span(before_ms, segment.began_ms))

    def found(self, session: Session, camera_id: str, segments: Sequence[Span]) -> None:
        """Segments were found among the files; nobody told of them, or it was missed."""
        self._ends.pop(camera_id, None)
        for segment in sorted(segments, key=lambda each: each.began_ms):
            self.segment(session, camera_id, segment)
        self._ends.pop(camera_id, None)  # there may be later ones

    def outage(self, session: Session, told: Outage) -> None:
        """Enter a stretch once, however often it is told, also by the next watch process that finds the camera lost."""
        if told.is_inside:
            _add_inside(session, told)
            return
        self._ends.pop(told.camera_id, None)  # the last segment may still be on its way from the disk
        before_ms = _end_before(session, told.camera_id, told.began_ms + 1)
        began_ms = max(told.began_ms, before_ms or told.began_ms)
        next_ms = _next_began(session, told.camera_id, began_ms)
        ends = [each for each in (told.ended_ms, next_ms) if each is not None]
        ended_ms = max(began_ms, min(ends)) if ends else None  # a clock may be set back
        row = _row_at(session, told.camera_id, began_ms)
        if row is None and (ended_ms is None or next_ms is None or ended_ms > began_ms):
            _add(session, told.camera_id, began_ms, ended_ms, told.reason)
            session.flush()
            if before_ms is not None and before_ms < began_ms:
                self._explain(session, told.camera_id, Span(before_ms, began_ms))
        elif row is not None and (ended_ms is None or row.began_ms == told.began_ms or row.ended_ms is None):
            row.ended_ms = ended_ms
        elif row is not None and row.ended_ms is not None and ended_ms is not None:
            row.ended_ms = max(row.ended_ms, ended_ms)

    def _explain(self, session: Session, camera_id: str, gap: Span) -> None:
        """Have every hole in `gap` between its outages covered by one."""
        touching = (
            OutageRow.began_ms <= gap.ended_ms,
            or_(OutageRow.ended_ms.is_(None), OutageRow.ended_ms > gap.began_ms),
        )
        query = select(OutageRow).where(OutageRow.camera_id == camera_id, *touching).order_by(OutageRow.began_ms)
        at_ms, before = gap.began_ms, None
        for row in session.scalars(query).all():
            row.began_ms = max(row.began_ms, gap.began_ms)  # a segment was found among the files meanwhile
            if row.began_ms > at_ms:
                self._cover(session, camera_id, Span(at_ms, row.began_ms), before, row)
            at_ms, before = max(at_ms, row.ended_ms if row.ended_ms is not None else gap.ended_ms), row
        if at_ms < gap.ended_ms:
            self._cover(session, camera_id, Span(at_ms, gap.ended_ms), before, None)

    def _cover(
        self, session: Session, camera_id: str, hole: Span, before: OutageRow | None, after: OutageRow | None
    ) -> None:
        """Cover a hole between two outages: by a reason of its own, else by stretching what was told about it."""
        cause = self.why(camera_id, hole)
        if cause.off_until_ms is not None:
            if after is not None:
                after.began_ms = max(hole.began_ms, min(hole.ended_ms, cause.off_until_ms))
        elif cause.reason is not None and hole.duration_ms > GAP_MS:
            _add(session, camera_id, hole.began_ms, hole.ended_ms, cause.reason)
        elif after is not None:
            after.began_ms = hole.began_ms
        elif before is not None:
            before.ended_ms = hole.ended_ms
        elif hole.duration_ms > GAP_MS:
            _add(session, camera_id, hole.began_ms, hole.ended_ms, Reason.UNEXPLAINED)


def end_open(session: Session, at_ms: int) -> None:
    """The hub was last alive at `at_ms`: what was lost then is told anew if it is lost still."""
    ended_ms = func.max(OutageRow.began_ms, at_ms)
    session.execute(update(OutageRow).where(OutageRow.ended_ms.is_(None)).values(ended_ms=ended_ms))


def _add(session: Session, camera_id: str, began_ms: int, ended_ms: int | None, reason: Reason) -> None:
    session.add(OutageRow(camera_id=camera_id, began_ms=began_ms, ended_ms=ended_ms, reason=reason.value))


def _add_inside(session: Session, told: Outage) -> None:
    same = OutageRow.camera_id == told.camera_id, OutageRow.began_ms == told.began_ms
    if told.ended_ms is not None and session.scalar(select(OutageRow.id).where(*same)) is None:
        _add(session, told.camera_id, told.began_ms, told.ended_ms, told.reason)


def _clear(session: Session, camera_id: str, segment: Span) -> None:
    """Cut away what of the camera's outages lies over a segment, or is still open though it was recorded again."""
    query = select(OutageRow).where(
        OutageRow.camera_id == camera_id,
        OutageRow.began_ms < segment.ended_ms,
        or_(OutageRow.ended_ms.is_(None), OutageRow.ended_ms > segment.began_ms),
        or_(OutageRow.ended_ms.is_(None), OutageRow.reason.not_in(INSIDE)),
    )
    for row in session.scalars(query).all():
        ended_ms = row.ended_ms
        if row.began_ms >= segment.began_ms - CLOSE_MS:  # a segment that was entered late
            row.began_ms = segment.ended_ms
            if ended_ms is not None and ended_ms <= row.began_ms:
                session.delete(row)
            continue
        row.ended_ms = segment.began_ms
        if ended_ms is not None and ended_ms > segment.ended_ms:
            _add(session, camera_id, segment.ended_ms, ended_ms, Reason(row.reason))
    session.flush()


def _end_before(session: Session, camera_id: str, before_ms: int) -> int | None:
    """When the newest segment that began before a moment ended."""
    query = select(SegmentRow.began_ms + SegmentRow.duration_ms).where(
        SegmentRow.camera_id == camera_id, SegmentRow.began_ms < before_ms
    )
    return session.scalar(query.order_by(SegmentRow.began_ms.desc()).limit(1))


def _next_began(session: Session, camera_id: str, from_ms: int) -> int | None:
    query = select(SegmentRow.began_ms).where(SegmentRow.camera_id == camera_id, SegmentRow.began_ms >= from_ms)
    return session.scalar(query.order_by(SegmentRow.began_ms).limit(1))


def _row_at(session: Session, camera_id: str, at_ms: int) -> OutageRow | None:
    """The outage that a moment lies in, or that begins with it."""
    lasts = or_(OutageRow.began_ms == at_ms, OutageRow.ended_ms.is_(None), OutageRow.ended_ms > at_ms)
    query = select(OutageRow).where(OutageRow.camera_id == camera_id, OutageRow.began_ms <= at_ms, lasts)
    return session.scalar(query.order_by(OutageRow.began_ms.desc()).limit(1))
