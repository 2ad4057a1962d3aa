"""What is deleted when: after `keep_hours`, over a camera's quota, or under the disk's floor; oldest first.

Order: the row goes first, then the file, so that nobody is offered a file that is gone; a file left behind by a
crash in between comes back as a row when the books are matched, and is swept again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, delete, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import HOUR_MS
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import CameraRow, ClipPartRow, ClipRow, OutageRow, SegmentRow, SheetRow
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.removal import take_away

BATCH = 500
FLOOR_BATCH = 50


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep deleted."""

    files: int = 0
    bytes: int = 0
    clips: tuple[str, ...] = ()
    under_floor: bool = False  # still too little room, although nothing is left to delete

    def __add__(self, other: Sweep) -> Sweep:
        return Sweep(
            self.files + other.files,
            self.bytes + other.bytes,
            self.clips + other.clips,
            self.under_floor or other.under_floor,
        )


def sweep(
    books: Books,
    now_ms: int,
    *,
    keep_hours: int,
    disk_floor_bytes: int,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Sweep:
    """Delete what is past its time, over a quota, or in the way of the disk floor. Raises `OSError`."""
    total = sweep_older_than(books, now_ms - keep_hours * HOUR_MS)
    with Session(books.engine) as session:
        quotas = session.execute(select(CameraRow.id, CameraRow.quota_bytes).where(CameraRow.quota_bytes.is_not(None)))
        limits = [(camera_id, quota) for camera_id, quota in quotas.all() if quota is not None]
    for camera_id, quota in limits:
        total += _sweep_to_quota(books, camera_id, quota)
    while books.vault.exists() and free_bytes(books.vault) < disk_floor_bytes:
        oldest = _sweep_oldest(books, None, FLOOR_BATCH)
        if not oldest.files:
            return total + Sweep(under_floor=True)
        total += oldest
    return total


def used_bytes(engine: Engine, camera_id: str | None = None) -> int:
    """Bytes of sealed files that the index knows, of one camera or of all."""
    with Session(engine) as session:
        total = 0
        for table in (SegmentRow, SheetRow):
            query = select(func.coalesce(func.sum(table.bytes), 0))
            if camera_id is not None:
                query = query.where(table.camera_id == camera_id)
            total += int(session.scalar(query) or 0)
        clips = select(func.coalesce(func.sum(ClipPartRow.bytes), 0))
        if camera_id is not None:
            clips = clips.join(ClipRow).where(ClipRow.camera_id == camera_id)
        return total + int(session.scalar(clips) or 0)


def delete_clip(books: Books, clip_id: str) -> bool:
    """Delete one clip at home, at once, even while it grows. False when there is no such clip."""
    with books.turn:
        with books.change() as session:
            row = session.get(ClipRow, clip_id)
            if row is None:
                return False
            folder = layout.clip_folder(books.vault, row.camera_id, row.id)
            session.delete(row)
        take_away(folder)
        books.counter.forget()
        return True


def delete_footage(books: Books, camera_id: str) -> None:
    """Delete everything that one camera recorded."""
    with books.turn:
        with books.change() as session:
            for table in (SegmentRow, SheetRow, ClipRow, OutageRow):
                session.execute(delete(table).where(table.camera_id == camera_id))
        take_away(layout.camera_folder(books.vault, camera_id))
        books.counter.forget()


def sweep_older_than(books: Books, limit_ms: int) -> Sweep:
    """Delete what ended before `limit_ms`."""
    total = Sweep()
    for table in (SegmentRow, SheetRow):
        while True:
            query = select(table).where(table.began_ms + table.duration_ms <= limit_ms).order_by(table.began_ms)
            swept = _delete_files(books, query.limit(BATCH), table)
            total += swept
            if swept.files < BATCH:
                break
    with books.change() as session:
        old = session.scalars(
            select(ClipRow).where(
                ClipRow.open.is_(False), func.coalesce(ClipRow.ended_ms, ClipRow.began_ms) <= limit_ms
            )
        ).all()
        total += _delete_clips(books.vault, session, old)
        session.execute(delete(OutageRow).where(OutageRow.ended_ms <= limit_ms))
    return total


def _sweep_to_quota(books: Books, camera_id: str, quota: int) -> Sweep:
    total = Sweep()
    while used_bytes(books.engine, camera_id) > quota:
        oldest = _sweep_oldest(books, camera_id, 10)
        if not oldest.files:
            break
        total += oldest
    return total


def _sweep_oldest(books: Books, camera_id: str | None, count: int) -> Sweep:
    """Delete the oldest segments; when none are left, the oldest closed clip."""
    query = select(SegmentRow).order_by(SegmentRow.began_ms).limit(count)
    if camera_id is not None:
        query = query.where(SegmentRow.camera_id == camera_id)
    swept = _delete_files(books, query, SegmentRow)
    if swept.files:
        return swept
    clips = select(ClipRow).where(ClipRow.open.is_(False)).order_by(ClipRow.began_ms).limit(1)
    if camera_id is not None:
        clips = clips.where(ClipRow.camera_id == camera_id)
    with books.change() as session:
        return _delete_clips(books.vault, session, session.scalars(clips).all())


def _delete_files(books: Books, query: Select[Any], table: type[SegmentRow] | type[SheetRow]) -> Sweep:
    with books.turn:
        with books.change() as session:
            rows = session.scalars(query).all()
            doomed = [(row.path, row.bytes) for row in rows]
            if rows:
                session.execute(delete(table).where(table.id.in_([row.id for row in rows])))
        for path, _ in doomed:
            (books.vault / path).unlink(missing_ok=True)
        for folder in {(books.vault / path).parent for path, _ in doomed}:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return Sweep(files=len(doomed), bytes=sum(size for _, size in doomed))


def _delete_clips(vault: Path, session: Session, clips: Sequence[ClipRow]) -> Sweep:
    total = Sweep()
    for clip in clips:
        size = session.scalar(
            select(func.coalesce(func.sum(ClipPartRow.bytes), 0)).where(ClipPartRow.clip_id == clip.id)
        )
        session.delete(clip)
        session.flush()
        take_away(layout.clip_folder(vault, clip.camera_id, clip.id))
        total += Sweep(files=1, bytes=int(size or 0), clips=(clip.id,))
    return total
