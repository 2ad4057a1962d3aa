"""Brings books and files into step when either was away: the files are right, the rows follow.

One camera at a time, rows first and then its folder, in turn with every other writer: a file that arrives meanwhile is
entered by its notice, a file that goes meanwhile has already lost its row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import Span
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.gaps import Gaps
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, SegmentRow, SheetRow
from nightlatch.hub.vault import layout

BATCH = 500  # rows that are deleted in one statement


@dataclass(slots=True)
class Correction:
    """What was out of step."""

    rows_added: int = 0  # files without a row
    rows_dropped: int = 0  # rows without a file
    clips_closed: int = 0  # clips that grew when their watch process died


def match(
    books: Books, is_ours: Callable[[str], bool], growing: Collection[str], gaps: Gaps | None = None
) -> Correction:
    """Correct the rows of all cameras that `is_ours`. Raises `OSError`.

    `growing` clips are still being written. It may change meanwhile: a clip that ends just after it was asked for is
    closed by its notice, which is entered later.
    """
    found, gaps = Correction(), gaps or Gaps()
    folders = {folder.name: folder for folder in layout.camera_folders(books.vault)}
    with books.change() as session:
        known = {
            camera_id
            for table in (SegmentRow, SheetRow, ClipRow)
            for camera_id in session.scalars(select(table.camera_id).distinct())
        }
    for camera_id in sorted(known | set(folders)):
        if is_ours(camera_id):
            with books.change() as session:
                gaps.found(session, camera_id, _match_footage(session, books.vault, camera_id, found))
                _match_clips(session, books.vault / camera_id, camera_id, growing, found)
    return found


def _match_footage(session: Session, vault: Path, camera_id: str, found: Correction) -> list[Span]:
    """When the segments were recorded that had no row."""
    recorded: list[Span] = []
    for table, kind in ((SegmentRow, "segments"), (SheetRow, "sheets")):
        known = {
            row.path: row.id
            for row in session.execute(select(table.path, table.id).where(table.camera_id == camera_id))
        }
        new = []
        for file in (vault / camera_id / kind).glob("*/*.age"):
            path = str(file.relative_to(vault))
            if known.pop(path, None) is None and (name := layout.read_name(path)) is not None:
                row = {"camera_id": camera_id, "began_ms": name.began_ms, "duration_ms": name.duration_ms, "path": path}
                new.append(row | {"bytes": file.stat().st_size})
                if table is SegmentRow:
                    recorded.append(Span(name.began_ms, name.began_ms + name.duration_ms))
        if new:
            session.execute(insert(table), new)
        gone = list(known.values())
        for begin in range(0, len(gone), BATCH):
            session.execute(delete(table).where(table.id.in_(gone[begin : begin + BATCH])))
        found.rows_added += len(new)
        found.rows_dropped += len(gone)
    return recorded


def _match_clips(session: Session, camera: Path, camera_id: str, growing: Collection[str], found: Correction) -> None:
    rows = {row.id: row for row in session.scalars(select(ClipRow).where(ClipRow.camera_id == camera_id))}
    for folder in layout.clip_folders(camera):
        objects = layout.clip_objects(folder)
        if layout.MANIFEST not in objects:
            continue  # nothing to play yet, or ever; what is left of it goes when the hub starts again
        row = rows.pop(folder.name, None)
        if row is None:
            row = _clip_of(folder, camera_id, objects)
            session.add(row)
            found.rows_added += 1
        is_growing = folder.name in growing
        if is_growing:
            row.open, row.ended_ms = True, None
        elif row.open:
            row.open, row.ended_ms = False, _newest_ms(objects)
            found.clips_closed += 1
        session.flush()
        _match_objects(session, folder.name, objects, is_growing=is_growing)
    for clip_id, row in rows.items():
        if clip_id not in growing:
            session.delete(row)
            found.rows_dropped += 1


def _match_objects(session: Session, clip_id: str, objects: dict[str, Path], *, is_growing: bool) -> None:
    for name, file in objects.items():
        found = file.stat()
        size, written_ms = found.st_size, int(found.st_mtime * 1000)
        row = session.get(ClipPartRow, (clip_id, name))
        if row is None:
            session.add(ClipPartRow(clip_id=clip_id, name=name, version=1, bytes=size, created_ms=written_ms))
        elif not is_growing and (row.bytes != size or _was_written_after_it_was_sent(row, written_ms)):
            row.version, row.bytes = row.version + 1, size


def _was_written_after_it_was_sent(row: ClipPartRow, written_ms: int) -> bool:
    """A manifest is padded, so its size need not change; a part never changes, and the mailbox takes it once."""
    is_sent = row.sent_ms is not None and row.sent_version >= row.version
    return row.name == layout.MANIFEST and is_sent and written_ms > (row.sent_ms or 0)


class _Times(NamedTuple):
    event_id: str
    began_ms: int
    onset_ms: int


def _clip_of(folder: Path, camera_id: str, objects: dict[str, Path]) -> ClipRow:
    """A row for a clip of which only the files are left."""
    times = _read_times(folder, objects)
    return ClipRow(
        id=folder.name,
        camera_id=camera_id,
        event_id=times.event_id,
        onset_ms=times.onset_ms,
        began_ms=times.began_ms,
        ended_ms=_newest_ms(objects),
        open=False,
    )


def _read_times(folder: Path, objects: dict[str, Path]) -> _Times:
    try:
        told = json.loads((folder / layout.TIMES).read_text())
        return _Times(str(told["event"]), int(told["began_ms"]), int(told["onset_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        oldest_ms = int(min(file.stat().st_mtime for file in objects.values()) * 1000)
        return _Times(folder.name, oldest_ms, oldest_ms)


def _newest_ms(objects: dict[str, Path]) -> int:
    return int(max(file.stat().st_mtime for file in objects.values()) * 1000)
