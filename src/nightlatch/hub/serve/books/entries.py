"""Enters into the books what watch reports: batched, one transaction a tick, one writer.

Files come before their notices, so a notice that is lost or late costs nothing that matching does not find again. A
notice of a file that has since gone is passed over: the files are right.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import ColumnElement, func, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.camera import CameraState
from nightlatch.domain.time import Clock, Span
from nightlatch.errors import VaultError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.gaps import Gaps
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, OutageRow, SegmentRow, SheetRow
from nightlatch.hub.vault import layout
from nightlatch.hub.wire.notices import CameraStatus, ClipGrew, Outage, Stored

TICK_S = 0.2  # a page sees a clip this much later; at 150 cameras it makes 5 transactions a second of some 300
RETRY_S = 1.0
MOST = 50_000  # entries that may wait while the index is locked; the oldest go, and matching finds them in the files

REFUSED = (IntegrityError, OverflowError, VaultError)  # by the index; a number or a name that fits nowhere
Entry = Stored | ClipGrew | Outage | CameraStatus
log = structlog.get_logger()


class Entries:
    """What waits to be entered. `add` is called in the event loop, as `on_entered` and `on_lost` are."""

    def __init__(
        self,
        books: Books,
        clock: Clock,
        on_entered: Callable[[Sequence[Entry]], None],
        on_lost: Callable[[], None],
        gaps: Gaps,
    ) -> None:
        """`on_lost` is called once entering goes on after some found no room: the files know them."""
        self._gaps = gaps
        self._books = books
        self._clock = clock
        self._on_entered = on_entered
        self._on_lost = on_lost
        self._waiting: deque[Entry] = deque()
        self._has_lost = False
        self._wake = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def add(self, entry: Entry) -> None:
        """Queue an entry."""
        self._waiting.append(entry)
        if len(self._waiting) > MOST:
            self._waiting.popleft()
            self._has_lost = True
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(TICK_S)
            self._wake.clear()
            try:
                await self.flush()
            except OSError as error:
                log.error("books.not_entered", waiting=len(self._waiting), error=str(error), again_in_s=RETRY_S)
                await asyncio.sleep(RETRY_S)
                self._wake.set()
            except Exception:  # whatever it is, later entries are still entered; what is lost is matched at the start
                log.exception("books.stumbled")

    async def flush(self) -> None:
        """Enter everything that waits, and what another call is entering. Raises `OSError`; then it keeps waiting."""
        async with self._one_at_a_time:
            batch = list(self._waiting)
            if not batch:
                return
            self._waiting.clear()
            try:
                await run_in_threadpool(enter_each, self._books, batch, self._clock.now_ms(), self._gaps)
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                raise
        self._on_entered(batch)
        if self._has_lost:
            self._has_lost = False
            self._on_lost()


def enter_each(books: Books, entries: Sequence[Entry], now_ms: int, gaps: Gaps) -> None:
    """Write rows for `entries`; one that the database refuses is left out, the others are not. Raises `OSError`."""
    try:
        enter(books, entries, now_ms, gaps)
    except REFUSED:
        for entry in entries:
            try:
                enter(books, [entry], now_ms, gaps)
            except REFUSED as error:
                why = str(error.orig) if isinstance(error, IntegrityError) else type(error).__name__
                log.error("books.refused", entry=type(entry).__name__, error=why)


def enter(books: Books, entries: Sequence[Entry], now_ms: int, gaps: Gaps | None = None) -> None:
    """Write rows for `entries`, all or none. Raises `OSError`."""
    gaps = gaps or Gaps()
    with books.change() as session:
        _enter_footage(session, books, [entry for entry in entries if isinstance(entry, Stored)], gaps)
        _enter_clips(session, books, [entry for entry in entries if isinstance(entry, ClipGrew)], now_ms)
        for entry in entries:
            if isinstance(entry, Outage):
                gaps.outage(session, entry)
            elif isinstance(entry, CameraStatus) and entry.state in (CameraState.RECORDING, CameraState.OFF):
                open_ones = OutageRow.camera_id == entry.camera_id, OutageRow.ended_ms.is_(None)
                session.execute(
                    update(OutageRow).where(*open_ones).values(ended_ms=func.max(OutageRow.began_ms, entry.since_ms))
                )


def _enter_footage(session: Session, books: Books, stored: Sequence[Stored], gaps: Gaps) -> None:
    for table, footage in ((SegmentRow, "segment"), (SheetRow, "sheet")):
        found = [
            (each, name)
            for each in stored
            if (name := layout.read_name(each.path)) is not None and name.footage == footage
            if (books.vault / each.path).is_file()  # not what was deleted meanwhile
        ]
        rows = [
            {
                "camera_id": name.camera_id,
                "began_ms": name.began_ms,
                "duration_ms": name.duration_ms,
                "bytes": each.bytes,
                "path": each.path,
            }
            for each, name in found
        ]
        if rows:
            new = insert(table)
            session.execute(
                new.on_conflict_do_update(index_elements=["path"], set_={"bytes": new.excluded.bytes}), rows
            )
        if table is SegmentRow:
            for _, name in sorted(found, key=lambda each: each[1].began_ms):
                gaps.segment(session, name.camera_id, Span(name.began_ms, name.began_ms + name.duration_ms))


def _enter_clips(session: Session, books: Books, grown: Sequence[ClipGrew], now_ms: int) -> None:
    newest = {each.clip_id: each for each in grown}
    there = {  # not those that the owner deleted while they grew
        clip_id for clip_id, each in newest.items() if layout.clip_folder(books.vault, each.camera_id, clip_id).is_dir()
    }
    clips = [
        {
            "id": each.clip_id,
            "camera_id": each.camera_id,
            "event_id": each.event_id,
            "onset_ms": each.onset_ms,
            "began_ms": each.began_ms,
            "ended_ms": each.ended_ms,
            "open": each.ended_ms is None,
        }
        for each in newest.values()
        if each.clip_id in there
    ]
    objects = {
        (each.clip_id, item.name): {
            "clip_id": each.clip_id,
            "name": item.name,
            "version": item.version,
            "bytes": item.bytes,
            "created_ms": now_ms,
        }
        for each in grown
        if each.clip_id in there
        for item in each.objects
    }
    if clips:
        new = insert(ClipRow)
        change = {name: new.excluded[name] for name in ("began_ms", "ended_ms", "open")}
        session.execute(new.on_conflict_do_update(index_elements=["id"], set_=change), clips)
    if objects:
        new = insert(ClipPartRow)
        latest: dict[str, ColumnElement[int]] = {
            "version": func.max(ClipPartRow.version, new.excluded.version),
            "bytes": new.excluded.bytes,
        }
        upsert = new.on_conflict_do_update(index_elements=["clip_id", "name"], set_=latest)
        session.execute(upsert, list(objects.values()))
