"""What is deleted when: after `keep_hours`, over a camera's quota, or under the disk's floor; oldest first.

Order: the row goes first, then the file, so that nobody is offered a file that is gone; a file left behind by a
crash in between comes back as a row at the next start and is swept again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import HOUR_MS
from nightlatch.hub.serve.books.records import CameraRow, ClipPartRow, ClipRow, OutageRow, SegmentRow, SheetRow

BATCH = 500
FLOOR_BATCH = 50


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep deleted."""

    files: int = 0
    bytes: int = 0
    clips: tuple[str, ...] = ()
    under_floor: bool = False  # still too little room, although nothing is left to delete

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.files + other.files,
            self.bytes + other.bytes,
            self.clips + other.clips,
            self.under_floor or other.under_floor,
        )


def sweep(
    data_dir: Path,
    engine: Engine,
    now_ms: int,
    *,
    keep_hours: int,
    disk_floor_bytes: int,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Swept:
    """Delete what is past its time, over a quota, or in the way of the disk floor."""
    vault = data_dir / "vault"
    total = sweep_older_than(vault, engine, now_ms - keep_hours * HOUR_MS)
    with Session(engine) as session:
        quotas = session.execute(select(CameraRow.id, CameraRow.quota_bytes).where(CameraRow.quota_bytes.is_not(None)))
        limits = [(camera_id, quota) for camera_id, quota in quotas.all() if quota is not None]
    for camera_id, quota in limits:
        total += _sweep_to_quota(vault, engine, camera_id, quota)
    while vault.exists() and free_bytes(vault) < disk_floor_bytes:
        oldest = _sweep_oldest(vault, engine, None, FLOOR_BATCH)
        if not oldest.files:
            return total + Swept(under_floor=True)
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


def delete_clip(data_dir: Path, engine: Engine, clip_id: str) -> bool:
    """Delete one clip at home, at once. False when there is no such clip."""
    with Session(engine) as session, session.begin():
        row = session.get(ClipRow, clip_id)
        if row is None:
            return False
        folder = data_dir / "vault" / row.camera_id / "clips" / row.id
        session.delete(row)
    shutil.rmtree(folder, ignore_errors=True)
    return True


def delete_footage(data_dir: Path, engine: Engine, camera_id: str) -> None:
    """Delete everything that one camera recorded."""
    with Session(engine) as session, session.begin():
        for table in (SegmentRow, SheetRow, ClipRow, OutageRow):
            session.execute(delete(table).where(table.camera_id == camera_id))
    shutil.rmtree(data_dir / "vault" / camera_id, ignore_errors=True)


def sweep_older_than(vault: Path, engine: Engine, limit_ms: int) -> Swept:
    total = Swept()
    for table in (SegmentRow, SheetRow):
        while True:
            query = select(table).where(table.began_ms + table.duration_ms <= limit_ms).order_by(table.began_ms)
            swept = _delete_files(vault, engine, query.limit(BATCH), table)
            total += swept
            if swept.files < BATCH:
                break
    with Session(engine) as session, session.begin():
        old = session.scalars(
            select(ClipRow).where(
                ClipRow.open.is_(False), func.coalesce(ClipRow.ended_ms, ClipRow.began_ms) <= limit_ms
            )
        ).all()
        total += _delete_clips(vault, session, old)
        session.execute(delete(OutageRow).where(OutageRow.ended_ms <= limit_ms))
    return total


def _sweep_to_quota(vault: Path, engine: Engine, camera_id: str, quota: int) -> Swept:
    total = Swept()
    while used_bytes(engine, camera_id) > quota:
        oldest = _sweep_oldest(vault, engine, camera_id, 10)
        if not oldest.files:
            break
        total += oldest
    return total


def _sweep_oldest(vault: Path, engine: Engine, camera_id: str | None, count: int) -> Swept:
    """Delete the oldest segments; when none are left, the oldest closed clip."""
    query = select(SegmentRow).order_by(SegmentRow.began_ms).limit(count)
    if camera_id is not None:
        query = query.where(SegmentRow.camera_id == camera_id)
    swept = _delete_files(vault, engine, query, SegmentRow)
    if swept.files:
        return swept
    clips = select(ClipRow).where(ClipRow.open.is_(False)).order_by(ClipRow.began_ms).limit(1)
    if camera_id is not None:
        clips = clips.where(ClipRow.camera_id == camera_id)
    with Session(engine) as session, session.begin():
        return _delete_clips(vault, session, session.scalars(clips).all())


def _delete_files(vault: Path, engine: Engine, query: object, table: type[SegmentRow] | type[SheetRow]) -> Swept:
    with Session(engine) as session, session.begin():
        rows = session.scalars(query).all()  # type: ignore[call-overload]
        doomed = [(row.path, row.bytes) for row in rows]
        if rows:
            session.execute(delete(table).where(table.id.in_([row.id for row in rows])))
    for path, _ in doomed:
        (vault / path).unlink(missing_ok=True)
    for folder in {(vault / path).parent for path, _ in doomed}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return Swept(files=len(doomed), bytes=sum(size for _, size in doomed))


def _delete_clips(vault: Path, session: Session, clips: object) -> Swept:
    total = Swept()
    for clip in clips:  # type: ignore[attr-defined]
        size = session.scalar(
            select(func.coalesce(func.sum(ClipPartRow.bytes), 0)).where(ClipPartRow.clip_id == clip.id)
        )
        session.delete(clip)
        session.flush()
        shutil.rmtree(vault / clip.camera_id / "clips" / clip.id, ignore_errors=True)
        total += Swept(files=1, bytes=int(size or 0), clips=(clip.id,))
    return total
