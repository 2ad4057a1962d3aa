"""What the routes read in the books: typed lines, no rows. Each function is one question, and changes nothing."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, case, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import Span
from nightlatch.errors import Reason
from nightlatch.hub.serve.books.records import (
    CameraRow,
    ClipPartRow,
    ClipRow,
    DonationRow,
    LetterKind,
    OutageRow,
    OutboxRow,
    SegmentRow,
    SheetRow,
)
from nightlatch.hub.vault.layout import read_name
from nightlatch.web.shape import Document

Question = Select[*tuple[Any, ...]]  # whatever its columns are


@dataclass(frozen=True, slots=True)
class ClipLine:
    """A clip, and how much of it the mailbox has."""

    id: str
    camera_id: str
    event_id: str
    onset_ms: int
    began_ms: int
    ended_ms: int | None
    open: bool
    bytes: int
    parts: int
    sent_parts: int
    in_cloud: bool  # all of it, as it is now


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A sealed segment. One that `continues` has no init segment: it follows the one before."""

    id: int
    began_ms: int
    duration_ms: int
    bytes: int
    continues: bool


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A sealed minute of stills."""

    id: int
    began_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class OutageLine:
    """A stretch in which a camera was not recorded, and why."""

    began_ms: int
    ended_ms: int | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class ClipNameLine:
    """A clip by its name, and when its event began."""

    id: str
    onset_ms: int


@dataclass(frozen=True, slots=True)
class CameraLine:
    """What is kept of a camera: from when to when there is footage, and its newest clip."""

    recorded_from_ms: int | None
    recorded_to_ms: int | None
    last_clip: ClipNameLine | None


@dataclass(frozen=True, slots=True)
class LetterLine:
    """What a programme is asked, since when, how often it was asked, and what it answered last."""

    kind: LetterKind
    since_ms: int
    tries: int
    last_ms: int | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class DonationLine:
    """A clip that was given, and how far along taking it back is."""

    id: str
    programme_id: str | None  # to which it was given; None: one that was left before 0.4
    camera_id: str
    onset_ms: int
    length_ms: int
    consent: Document  # {record, signature}, as the owner signed it
    consent_sha256: str
    given_ms: int
    expires_ms: int
    arrived_ms: int | None  # when the keeper said that it has the clip; None: nobody knows whether it has
    not_taken: str | None  # why the keeper says that it has not got the clip
    withdrawn_ms: int | None  # when the owner took it back
    is_signed: bool  # the owner's withdrawal is kept here, and is sent until the programme has answered
    refused_ms: int | None  # since when the keeper says that it refuses views
    shred_by_ms: int | None  # the deadline that the keeper named
    shredded_ms: int | None
    proven_ms: int | None  # when this hub found the refusal proven in the log
    proven_index: int | None
    letter: LetterLine | None  # what is on its way about it


def segments(engine: Engine, camera_id: str, window: Span, limit: int) -> list[SegmentLine]:
    """Segments that reach into `window`, in order of time."""
    query = select(SegmentRow).where(*_within(SegmentRow, camera_id, window)).order_by(SegmentRow.began_ms).limit(limit)
    with Session(engine) as session:
        return [
            SegmentLine(
                row.id,
                row.began_ms,
                row.duration_ms,
                row.bytes,
                continues=(name := read_name(row.path)) is not None and name.is_continued,
            )
            for row in session.scalars(query)
        ]


def recorded(engine: Engine, camera_id: str, window: Span, gap_ms: int) -> list[Span]:
    """The stretches of footage that reach into `window`, in order of time; segments at most `gap_ms` apart are one."""
    query = select(SegmentRow.began_ms, SegmentRow.duration_ms).where(*_within(SegmentRow, camera_id, window))
    return list(_stretches(_tuples(engine, query.order_by(SegmentRow.began_ms)), gap_ms))


def _stretches(rows: Sequence[tuple[int, int]], gap_ms: int) -> Iterator[Span]:
    """A day has 21,600 rows: passed over here in half the time that SQL's windows take."""
    if not rows:
        return
    began_ms = ended_ms = rows[0][0]
    for at_ms, lasts_ms in rows:
        if at_ms - ended_ms > gap_ms:
            yield Span(began_ms, ended_ms)
            began_ms = ended_ms = at_ms
        if at_ms + lasts_ms > ended_ms:
            ended_ms = at_ms + lasts_ms
    yield Span(began_ms, ended_ms)


def sheets(engine: Engine, camera_id: str, window: Span) -> list[SheetLine]:
    """Minutes of stills that reach into `window`, in order of time."""
    query = select(SheetRow.id, SheetRow.began_ms, SheetRow.duration_ms).where(*_within(SheetRow, camera_id, window))
    return [SheetLine(*found) for found in _tuples(engine, query.order_by(SheetRow.began_ms))]


def outages(engine: Engine, camera_id: str, window: Span) -> list[OutageLine]:
    """Outages that reach into `window`."""
    query = select(OutageRow).where(
        OutageRow.camera_id == camera_id,
        OutageRow.began_ms < window.ended_ms,
        func.coalesce(OutageRow.ended_ms, window.ended_ms) > window.began_ms,
    )
    with Session(engine) as session:
        return [OutageLine(row.began_ms, row.ended_ms, Reason(row.reason)) for row in session.scalars(query)]


def segment_path(engine: Engine, segment_id: int) -> str | None:
    """Where a segment lies, relative to the vault; None when it is gone."""
    with Session(engine) as session:
        return session.scalar(select(SegmentRow.path).where(SegmentRow.id == segment_id))


def sheet_path(engine: Engine, sheet_id: int) -> str | None:
    """Where a minute of stills lies, relative to the vault; None when it is gone."""
    with Session(engine) as session:
        return session.scalar(select(SheetRow.path).where(SheetRow.id == sheet_id))


def clips(engine: Engine, window: Span, camera_id: str | None, limit: int) -> list[ClipLine]:
    """Clips that reach into `window`, of one camera or of all, the newest first; of one event, too."""
    query = select(*_CLIP).where(
        ClipRow.onset_ms < window.ended_ms, func.coalesce(ClipRow.ended_ms, window.ended_ms) > window.began_ms
    )
    if camera_id is not None:
        query = query.where(ClipRow.camera_id == camera_id)
    return _clip_lines(engine, query.order_by(ClipRow.onset_ms.desc(), ClipRow.began_ms.desc()).limit(limit))


def clip(engine: Engine, clip_id: str) -> ClipLine | None:
    """One clip; None when it is gone."""
    return next(iter(_clip_lines(engine, select(*_CLIP).where(ClipRow.id == clip_id))), None)


def cameras_of(engine: Engine, clip_ids: Sequence[str]) -> dict[str, str]:
    """The camera of each of these clips that is here."""
    query = select(ClipRow.id, ClipRow.camera_id).where(ClipRow.id.in_(clip_ids))
    with Session(engine) as session:
        return dict(session.execute(query).all())


def cameras(engine: Engine) -> dict[str, CameraLine]:
    """What is kept of each camera that is not removed, in one statement."""
    with engine.connect() as connection:
        return {
            camera_id: CameraLine(
                from_ms,
                None if latest_ms is None else latest_ms + lasts_ms,
                None if clip is None else ClipNameLine(clip, onset_ms),
            )
            for camera_id, from_ms, latest_ms, lasts_ms, clip, onset_ms in connection.execute(_kept())
        }


@functools.cache
def _kept() -> Select[Any]:
    """Each camera with the ends of its footage and its newest clip: a few looks into the indexes."""

    def one(column: Any, *order: Any) -> Any:
        table = column.class_
        return select(column).where(table.camera_id == CameraRow.id).order_by(*order).limit(1).scalar_subquery()

    latest = SegmentRow.began_ms.desc()
    newest = ClipRow.onset_ms.desc(), ClipRow.began_ms.desc()
    return select(
        CameraRow.id,
        one(SegmentRow.began_ms, SegmentRow.began_ms),
        one(SegmentRow.began_ms, latest),
        one(SegmentRow.duration_ms, latest),
        one(ClipRow.id, *newest),
        one(ClipRow.onset_ms, *newest),
    ).where(~CameraRow.removed)


def demo_cameras() -> Select[str]:
    """The ids of the demo cameras, whose clips stay at home."""
    return select(CameraRow.id).where(CameraRow.demo)


def waiting_parts(engine: Engine) -> int:
    """How many objects of clips wait for the mailbox."""
    with engine.connect() as connection:
        return connection.scalar(_waiting()) or 0


@functools.cache
def _waiting() -> Select[Any]:
    return (
        select(func.count())
        .select_from(ClipPartRow)
        .join(ClipRow)
        .where(ClipPartRow.version > ClipPartRow.sent_version, ClipPartRow.refused.is_(None))
        .where(ClipRow.camera_id.not_in(demo_cameras()))
    )


def donations(engine: Engine) -> list[DonationLine]:
    """Everything ever given, the newest first."""
    with Session(engine) as session:
        rows = session.scalars(select(DonationRow).order_by(DonationRow.given_ms.desc())).all()
        letters = _letters(session) if rows else {}
        return [_donation(row, letters.get(row.id)) for row in rows]


def donation(engine: Engine, donation_id: str) -> DonationLine | None:
    """One donation; None when nothing was given under this id."""
    with Session(engine) as session:
        row = session.get(DonationRow, donation_id)
        return None if row is None else _donation(row, _letters(session).get(row.id))


def _letters(session: Session) -> dict[str, LetterLine]:
    """By donation; of two that are on their way about one, the withdrawal."""
    query = select(OutboxRow).where(OutboxRow.kind != LetterKind.COSIGN).order_by(OutboxRow.kind)
    return {
        row.about: LetterLine(row.kind, row.made_ms, row.tries, row.last_ms, row.answer)
        for row in session.scalars(query)
    }


def _donation(row: DonationRow, letter: LetterLine | None) -> DonationLine:
    return DonationLine(
        id=row.id,
        programme_id=row.programme_id,
        camera_id=row.camera_id,
        onset_ms=row.onset_ms,
        length_ms=row.length_ms,
        consent=json.loads(row.consent),
        consent_sha256=row.consent_sha256,
        given_ms=row.given_ms,
        expires_ms=row.expires_ms,
        arrived_ms=row.arrived_ms,
        not_taken=row.not_taken,
        withdrawn_ms=row.withdrawn_ms,
        is_signed=row.withdrawal is not None,
        refused_ms=row.refused_ms,
        shred_by_ms=row.shred_by_ms,
        shredded_ms=row.shredded_ms,
        proven_ms=row.proven_ms,
        proven_index=row.proven_index,
        letter=letter,
    )


def _tuples(engine: Engine, query: Question) -> list[Any]:
    """Rows as the driver has them, of columns that need no translation: a row of SQLAlchemy's takes five times that."""
    said = query.compile(dialect=engine.dialect)
    values = [said.params[name] for name in said.positiontup or ()]
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(str(said), values)
            return list(cursor.fetchall())
        finally:
            cursor.close()


def _within(
    table: type[SegmentRow] | type[SheetRow], camera_id: str, window: Span
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    return (
        table.camera_id == camera_id,
        table.began_ms < window.ended_ms,
        table.began_ms + table.duration_ms > window.began_ms,
    )


_CLIP = (
    ClipRow.id,
    ClipRow.camera_id,
    ClipRow.event_id,
    ClipRow.onset_ms,
    ClipRow.began_ms,
    ClipRow.ended_ms,
    ClipRow.open,
)


def _clip_lines(engine: Engine, query: Question) -> list[ClipLine]:
    """The clips of `query` with their objects counted, in two statements however many there are."""
    is_part = ClipPartRow.name.startswith("part-")
    is_sent = ClipPartRow.sent_version >= ClipPartRow.version
    counted = select(
        ClipPartRow.clip_id,
        func.sum(ClipPartRow.bytes),
        func.count(case((is_part, 1))),
        func.count(case((is_part & is_sent, 1))),
        func.count(case((~is_sent, 1))),
    ).group_by(ClipPartRow.clip_id)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        objects = connection.execute(counted.where(ClipPartRow.clip_id.in_([row.id for row in rows])))
        counts = {clip_id: (int(size), parts, sent, unsent) for clip_id, size, parts, sent, unsent in objects}
    found = []
    for row in rows:
        size, parts, sent, unsent = counts.get(row.id, (0, 0, 0, 0))
        found.append(
            ClipLine(
                row.id,
                row.camera_id,
                row.event_id,
                row.onset_ms,
                row.began_ms,
                row.ended_ms,
                row.open,
                bytes=size,
                parts=parts,
                sent_parts=sent,
                in_cloud=parts > 0 and unsent == 0,
            )
        )
    return found
