"""Timeline, segments, sheets and clips: times in the clear, pictures sealed."""

from __future__ import annotations

import asyncio
import contextlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import DAY_MS
from nightlatch.errors import ConfigError
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, OutageRow, RemarkRow, SegmentRow, SheetRow
from nightlatch.hub.serve.books.retention import delete_clip
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.routes.asking import At, Gone, Owner
from nightlatch.seal.envelope import Sealed

router = APIRouter(prefix="/api")
LONGEST_MS = 3 * DAY_MS
GAP_MS = 2_500  # segments closer than this are one stretch on the strip
MOST_CLIPS = 500
MOST_MANIFESTS = 50
LONGEST_REMARK = 8_192
KEEP_ALIVE_S = 15.0
_PART = re.compile(r"\d{1,4}\Z")


def _window(from_ms: int, to_ms: int) -> tuple[int, int]:
    if not 0 <= from_ms <= to_ms:
        raise ConfigError("from_ms must not be later than to_ms.")
    return max(from_ms, to_ms - LONGEST_MS), to_ms


def _sealed_file(at: House, relative: str) -> FileResponse:
    path = at.settings.data_dir / "vault" / relative
    if not path.is_file():
        raise Gone("This recording has been deleted or has expired.")
    return FileResponse(path, media_type="application/octet-stream")


@router.get("/timeline")
def timeline(at: At, _: Owner, from_ms: int, to_ms: int, camera: str | None = None) -> dict[str, Any]:
    """What there is between two moments (at most three days), per camera."""
    since, until = _window(from_ms, to_ms)
    shown = []
    with Session(at.engine) as session:
        for each in catalogue.cameras(at.engine):
            if camera is not None and each.id != camera:
                continue
            overlap = (SegmentRow.began_ms < until, SegmentRow.began_ms + SegmentRow.duration_ms > since)
            segments = session.execute(
                select(SegmentRow.began_ms, SegmentRow.duration_ms)
                .where(SegmentRow.camera_id == each.id, *overlap)
                .order_by(SegmentRow.began_ms)
            )
            outages = session.scalars(
                select(OutageRow).where(
                    OutageRow.camera_id == each.id,
                    OutageRow.began_ms < until,
                    func.coalesce(OutageRow.ended_ms, until) > since,
                )
            )
            sheets = session.execute(
                select(SheetRow.id, SheetRow.began_ms, SheetRow.duration_ms)
                .where(
                    SheetRow.camera_id == each.id,
                    SheetRow.began_ms < until,
                    SheetRow.began_ms + SheetRow.duration_ms > since,
                )
                .order_by(SheetRow.began_ms)
            )
            shown.append(
                {
                    "id": each.id,
                    "name": each.name,
                    "spans": _joined([(began, began + lasted) for began, lasted in segments]),
                    "outages": [{"began_ms": o.began_ms, "ended_ms": o.ended_ms, "reason": o.reason} for o in outages],
                    "sheets": [list(sheet) for sheet in sheets],
                    "clips": _clips(session, since, until, each.id, MOST_CLIPS),
                }
            )
    return {"cameras": shown}


def _joined(stretches: list[tuple[int, int]]) -> list[list[int]]:
    """Stretches of time in order, neighbours joined."""
    joined: list[list[int]] = []
    for began_ms, ended_ms in stretches:
        if joined and began_ms - joined[-1][1] <= GAP_MS:
            joined[-1][1] = max(joined[-1][1], ended_ms)
        else:
            joined.append([began_ms, ended_ms])
    return joined


def _clips(session: Session, since: int, until: int, camera_id: str | None, limit: int) -> list[dict[str, Any]]:
    query = select(ClipRow).where(ClipRow.onset_ms < until, func.coalesce(ClipRow.ended_ms, until) > since)
    if camera_id is not None:
        query = query.where(ClipRow.camera_id == camera_id)
    rows = session.scalars(query.order_by(ClipRow.onset_ms.desc()).limit(limit)).all()
    return [_clip(session, row) for row in rows]


def _clip(session: Session, row: ClipRow) -> dict[str, Any]:
    objects = session.scalars(select(ClipPartRow).where(ClipPartRow.clip_id == row.id)).all()
    parts = [o for o in objects if o.name.startswith("part-")]
    sent = [o for o in parts if o.sent_version >= o.version]
    return {
        "id": row.id,
        "camera_id": row.camera_id,
        "event_id": row.event_id,
        "onset_ms": row.onset_ms,
        "began_ms": row.began_ms,
        "ended_ms": row.ended_ms,
        "open": row.open,
        "bytes": sum(o.bytes for o in objects),
        "parts": len(parts),
        "sent_parts": len(sent),
        "in_cloud": bool(parts) and all(o.sent_version >= o.version for o in objects),
    }


@router.get("/segments")
def segments(at: At, _: Owner, camera: str, from_ms: int, to_ms: int) -> list[dict[str, Any]]:
    """Sealed segments between two moments. One that `continues` has no init segment: it follows the one before."""
    since, until = _window(from_ms, to_ms)
    query = (
        select(SegmentRow)
        .where(
            SegmentRow.camera_id == camera,
            SegmentRow.began_ms < until,
            SegmentRow.began_ms + SegmentRow.duration_ms > since,
        )
        .order_by(SegmentRow.began_ms)
        .limit(5000)
    )
    with Session(at.engine) as session:
        return [
            {
                "id": row.id,
                "began_ms": row.began_ms,
                "duration_ms": row.duration_ms,
                "bytes": row.bytes,
                "continues": ".p" in row.path and not row.path.endswith(".p00.age"),
            }
            for row in session.scalars(query)
        ]


@router.get("/segments/{segment_id}")
def segment(at: At, _: Owner, segment_id: int) -> FileResponse:
    """One sealed segment."""
    with Session(at.engine) as session:
        row = session.get(SegmentRow, segment_id)
    if row is None:
        raise Gone("This recording has been deleted or has expired.")
    return _sealed_file(at, row.path)


@router.get("/sheets/{sheet_id}")
def sheet(at: At, _: Owner, sheet_id: int) -> FileResponse:
    """One sealed minute of stills."""
    with Session(at.engine) as session:
        row = session.get(SheetRow, sheet_id)
    if row is None:
        raise Gone("This recording has been deleted or has expired.")
    return _sealed_file(at, row.path)


@router.get("/clips")
def clips(
    at: At, _: Owner, from_ms: int = 0, to_ms: int | None = None, camera: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Clips, the newest first."""
    until = to_ms if to_ms is not None else at.clock.now_ms() + DAY_MS
    with Session(at.engine) as session:
        return _clips(session, max(0, from_ms), until, camera, max(1, min(limit, MOST_CLIPS)))


@router.get("/clips/{clip_id}")
def clip(at: At, _: Owner, clip_id: str) -> dict[str, Any]:
    """One clip."""
    with Session(at.engine) as session:
        row = session.get(ClipRow, clip_id)
        if row is None:
            raise Gone("This clip has been deleted or has expired.")
        return _clip(session, row)


@router.get("/clips/{clip_id}/parts/{number}")
def clip_part(at: At, _: Owner, clip_id: str, number: str) -> FileResponse:
    """One sealed part of a clip."""
    if not _PART.match(number):
        raise ConfigError("A part is named by its number.")
    return _clip_object(at, clip_id, f"part-{int(number):04d}")


@router.get("/clips/{clip_id}/manifest")
def clip_manifest(at: At, _: Owner, clip_id: str) -> FileResponse:
    """The sealed manifest of a clip."""
    return _clip_object(at, clip_id, "manifest")


@router.get("/manifests")
def manifests(at: At, _: Owner, ids: str) -> dict[str, str]:
    """The sealed manifests (base64) of up to fifty clips at once; those that are gone are left out."""
    wanted = ids.split(",")[:MOST_MANIFESTS]
    with Session(at.engine) as session:
        rows = session.execute(select(ClipRow.id, ClipRow.camera_id).where(ClipRow.id.in_(wanted))).all()
    found = {}
    for clip_id, camera_id in rows:
        with contextlib.suppress(OSError):  # not written yet, or deleted meanwhile
            sealed = (at.settings.data_dir / "vault" / camera_id / "clips" / clip_id / "manifest.age").read_bytes()
            found[clip_id] = b64encode(sealed).decode()
    return found


@router.get("/clips/{clip_id}/remark")
def remark(at: At, _: Owner, clip_id: str) -> Response:
    """What the owner noted about a clip, sealed; 204 when nothing."""
    with Session(at.engine) as session:
        row = session.get(RemarkRow, clip_id)
    if row is None:
        return Response(status_code=204)
    return Response(row.sealed, media_type="application/octet-stream")


@router.put("/clips/{clip_id}/remark", status_code=204)
async def note_remark(at: At, _: Owner, clip_id: str, request: Request) -> None:
    """Keep a remark, sealed in the browser. Raises `NotSealed` for anything else, `Gone` without its clip."""
    body = await request.body()
    if len(body) > LONGEST_REMARK:
        raise ConfigError("This note is too long.")
    await run_in_threadpool(_keep_remark, at, clip_id, Sealed(body))


def _keep_remark(at: House, clip_id: str, sealed: Sealed) -> None:
    with Session(at.engine) as session, session.begin():
        if session.get(ClipRow, clip_id) is None:
            raise Gone("This clip has been deleted or has expired.")
        session.merge(RemarkRow(clip_id=clip_id, sealed=bytes(sealed), changed_ms=at.clock.now_ms()))


@router.get("/clips/{clip_id}/still")
def clip_still(at: At, _: Owner, clip_id: str) -> FileResponse:
    """The sealed still of a clip."""
    return _clip_object(at, clip_id, "still")


def _clip_object(at: House, clip_id: str, name: str) -> FileResponse:
    with Session(at.engine) as session:
        row = session.get(ClipRow, clip_id)
    if row is None:
        raise Gone("This clip has been deleted or has expired.")
    return _sealed_file(at, str(Path(row.camera_id, "clips", row.id, f"{name}.age")))


@router.delete("/clips/{clip_id}", status_code=204)
def remove_clip(at: At, _: Owner, clip_id: str) -> None:
    """Delete a clip at home. The page deletes it in the mailbox, too, with the owner's signature."""
    if not delete_clip(at.settings.data_dir, at.engine, clip_id):
        raise Gone("This clip has been deleted already.")
    at.hint({"type": "clip_gone", "clip_id": clip_id})


@router.get("/feed")
async def feed(at: At, _: Owner, request: Request) -> Response:
    """Hints to look again, as server-sent events."""

    async def hints() -> AsyncIterator[str]:
        with at.feed() as queue:
            yield ": here\n\n"
            while not await request.is_disconnected():
                try:
                    yield f"data: {await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)}\n\n"
                except TimeoutError:
                    yield ": still here\n\n"

    return StreamingResponse(hints(), media_type="text/event-stream")
