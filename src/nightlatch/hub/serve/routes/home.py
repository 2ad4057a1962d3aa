"""Home: is all well?"""

from __future__ import annotations

import shutil
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.time import HOUR_MS
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, SegmentRow
from nightlatch.hub.serve.books.retention import used_bytes
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.serve.routes.cameras import as_json

router = APIRouter(prefix="/api")
PATIENCE_MS = 30_000
BLIND_MS = 10_000  # one look that fails is no news
EARLIEST_MS = 1_767_225_600_000  # 2026-01-01: a clock before this was never set


@router.get("/home")
def home(at: At, _: Owner) -> dict[str, Any]:
    """Everything that the first page shows."""
    now_ms = at.clock.now_ms()
    free = shutil.disk_usage(at.settings.data_dir).free
    cameras = [_camera(at, camera, now_ms) for camera in catalogue.cameras(at.engine)]
    with Session(at.engine) as session:
        oldest_ms = session.scalar(select(func.min(SegmentRow.began_ms)))
        recent = session.scalar(
            select(func.coalesce(func.sum(SegmentRow.bytes), 0)).where(SegmentRow.began_ms > now_ms - HOUR_MS)
        )
        first_recent = session.scalar(
            select(func.min(SegmentRow.began_ms)).where(SegmentRow.began_ms > now_ms - HOUR_MS)
        )
        behind = ClipPartRow.version > ClipPartRow.sent_version
        waiting = session.scalar(select(func.count()).where(behind, ClipPartRow.refused.is_(None))) or 0
        in_cloud = session.scalar(
            select(func.count(func.distinct(ClipPartRow.clip_id))).where(ClipPartRow.sent_version > 0)
        )
    used = used_bytes(at.engine)
    hours = max(1 / 60, (now_ms - first_recent) / HOUR_MS) if first_recent else None
    per_hour = int(recent or 0) / hours if hours else 0
    kept_at_most = per_hour * at.settings.keep_hours
    room = free - at.settings.disk_floor_bytes
    full_in = round(room / per_hour, 1) if per_hour and used + room < kept_at_most else None
    uplink = at.uplink
    problems = [*_problems(at, cameras, now_ms, free, int(waiting))]
    return {
        "well": not problems,
        "problems": problems,
        "cameras": cameras,
        "storage": {
            "used_bytes": used,
            "free_bytes": free,
            "oldest_ms": oldest_ms,
            "keep_hours": at.settings.keep_hours,
            "full_in_hours": full_in,
        },
        "eye": at.eye.name if at.eye else at.settings.detector,
        "looking": _looking(at),
        "cloud": {
            "configured": uplink is not None,
            "reachable": uplink.reachable if uplink else None,
            "waiting_parts": int(waiting) if uplink else 0,
            "last_sent_ms": uplink.last_sent_ms if uplink else None,
            "clips": int(in_cloud or 0),
        },
    }


def _camera(at: House, camera: Camera, now_ms: int) -> dict[str, Any]:
    status = at.statuses.get(camera.id)
    still = at.stills.get(camera.id)
    with Session(at.engine) as session:
        last = session.scalar(
            select(ClipRow).where(ClipRow.camera_id == camera.id).order_by(ClipRow.onset_ms.desc()).limit(1)
        )
        newest_ms, oldest_ms = session.execute(
            select(func.max(SegmentRow.began_ms + SegmentRow.duration_ms), func.min(SegmentRow.began_ms)).where(
                SegmentRow.camera_id == camera.id
            )
        ).one()
    state = status.state if status and at.watch_is_up else CameraState.STARTING.value
    if not camera.enabled:
        state = CameraState.OFF.value
    return {
        **as_json(camera),
        "state": state,
        "since_ms": status.since_ms if status else at.started_ms,
        "reason": status.reason if status else None,
        "reason_text": status.reason_text if status else None,
        "still_at_ms": still.at_ms if still else None,
        "last_clip": {"id": last.id, "onset_ms": last.onset_ms} if last else None,
        "recorded_from_ms": oldest_ms,
        "recorded_to_ms": newest_ms,
        "bytes": used_bytes(at.engine, camera.id),
        "fps": status.fps if status else None,
        "width": status.width if status else None,
        "height": status.height if status else None,
        "codecs": status.codecs if status else None,
        "audio": status.audio if status else None,
        "advice": at.advice.get(camera.id),
        "looks": _looks(at, camera.id),
    }


def _looking(at: House) -> dict[str, Any] | None:
    """How what looks fares; None while nothing was heard of it."""
    if at.eye is None:
        return None
    return {
        "blind_since_ms": at.eye.blind_since_ms,
        "chosen": at.settings.detector,
        "coming_percent": at.eye.coming_percent,
    }


def _looks(at: House, camera_id: str) -> dict[str, int] | None:
    """How often the camera was looked at since the recorder started, and how many pictures were passed over."""
    if at.eye is None or camera_id not in at.eye.looks:
        return None
    looked, passed_over = at.eye.looks[camera_id]
    return {"since_ms": at.eye.since_ms, "looked": looked, "passed_over": passed_over}


def _problems(at: House, cameras: list[dict[str, Any]], now_ms: int, free: int, waiting: int) -> list[dict[str, Any]]:
    """What is wrong, the worst first, each with what to do."""
    found: list[dict[str, Any]] = []

    def tell(text: str, todo: str, camera_id: str | None = None, since_ms: int | None = None) -> None:
        found.append({"camera_id": camera_id, "text": text, "todo": todo, "since_ms": since_ms})

    if now_ms < EARLIEST_MS:
        tell("This machine's clock is wrong.", "Set its date and time: recordings are placed by it.")
    if not at.watch_is_up and now_ms - at.started_ms > PATIENCE_MS:
        tell("The recorder is not running.", "It is being restarted. If this stays, look at the hub's output.")
    if at.swept.under_floor or free < at.settings.disk_floor_bytes // 2:
        tell("The disk is full.", "Make room, or keep fewer hours: the oldest footage is going first.")
    for camera in cameras:
        since_ms = now_ms - camera["since_ms"]
        if camera["state"] == CameraState.RETRYING.value:
            todo = camera["reason_text"] or "Check the camera and its network."
            tell(f"{camera['name']} is not being recorded.", todo, camera["id"])
        elif camera["state"] == CameraState.STARTING.value and since_ms > PATIENCE_MS and at.watch_is_up:
            tell(f"{camera['name']} does not start.", "Check the camera and its network.", camera["id"])
        elif (
            camera["state"] == CameraState.RECORDING.value
            and since_ms > 2 * PATIENCE_MS
            and now_ms - (camera["recorded_to_ms"] or 0) > 2 * PATIENCE_MS
        ):
            tell(f"{camera['name']} sends, but nothing is stored.", "Check the disk.", camera["id"])
    if (eye := at.eye) is not None:
        if eye.blind_text and eye.blind_since_ms is not None and now_ms - eye.blind_since_ms >= BLIND_MS:
            text = "The eye is blind. Everything is recorded, but nothing is recognised."
            tell(text, eye.blind_text, since_ms=eye.blind_since_ms)
        if eye.coming_text:
            tell("The detector that you chose is not here; the built-in eye looks meanwhile.", eye.coming_text)
    if at.logwatch.trouble is not None:
        tell(at.logwatch.trouble, "Nothing is given to it until this is cleared up. Ask the programme.")
    if at.uplink is not None and at.uplink.reachable is False and waiting:
        tell(
            at.uplink.trouble or "The mailbox cannot be reached.",
            f"{waiting} sealed pieces wait at home and are sent when it answers.",
        )
    return found
