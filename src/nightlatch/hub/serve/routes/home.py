"""Home: is all well?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.sighting import EyeName, EyePart
from nightlatch.domain.time import HOUR_MS
from nightlatch.errors import Reason
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.reading import CameraLine, ClipNameLine
from nightlatch.hub.serve.books.usage import Usage
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.problems import (
    AlertFacts,
    CameraFacts,
    EyeFacts,
    HouseFacts,
    LogFacts,
    Problem,
    TakingBackFacts,
    problems,
)
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.serve.routes.cameras import CameraShape
from nightlatch.hub.serve.routes.mode import ModeNowShape, mode_now

router = APIRouter(prefix="/api")
NOTHING_KEPT = CameraLine(None, None, None)
SHORTEST_SAMPLE_H = 1 / 60  # a rate from less than a minute of footage says nothing


@dataclass(frozen=True, slots=True)
class LooksShape:
    """How often a camera has been looked at since the recorder started."""

    since_ms: int
    looked: int
    passed_over: int  # pictures there was no time to look at


@dataclass(frozen=True, slots=True)
class CameraNowShape(CameraShape):
    """A camera, and what it is doing now."""

    state: CameraState
    since_ms: int
    reason: Reason | None
    reason_text: str | None
    still_at_ms: int | None
    last_clip: ClipNameLine | None
    recorded_from_ms: int | None
    recorded_to_ms: int | None
    bytes: int
    fps: float | None
    width: int | None
    height: int | None
    codecs: str | None
    audio: str | None
    advice: str | None
    looks: LooksShape | None
    notes: list[str]  # what is left out and why, and what is odd about it
    receiver: str | None  # "nightlatch" or "ffmpeg"
    waits_for_key: bool  # connected; nothing can be kept before its next key frame


@dataclass(frozen=True, slots=True)
class DiskShape:
    """How much is kept on this hub, and how long the disk will last."""

    used_bytes: int
    free_bytes: int
    oldest_ms: int | None
    keep_hours: int
    full_in_hours: float | None  # only if the disk fills up before the oldest footage is due to go


@dataclass(frozen=True, slots=True)
class LookingShape:
    """How the eye is doing."""

    blind_since_ms: int | None
    chosen: EyeName
    coming_percent: int | None  # of what it lacks and is being downloaded
    coming_text: str | None  # why that has not come yet, and what to do
    lacks: list[EyePart]  # networks of the chosen eye that are not on this machine


@dataclass(frozen=True, slots=True)
class MailboxShape:
    """What is on its way to the mailbox."""

    configured: bool
    reachable: bool | None  # None until the first try
    waiting_parts: int
    last_sent_ms: int | None
    clips: int


@dataclass(frozen=True, slots=True)
class HomeShape:
    """Everything that the first page shows."""

    well: bool
    problems: list[Problem]
    mode: ModeNowShape
    cameras: list[CameraNowShape]
    storage: DiskShape
    eye: EyeName
    looking: LookingShape | None  # None until it is heard from
    cloud: MailboxShape


@router.get("/home")
def home(at: At, _: Owner) -> HomeShape:
    """Everything that the first page shows."""
    now_ms = at.clock.now_ms()
    free = shutil.disk_usage(at.settings.data_dir).free
    usage = at.books.counter.usage(now_ms)
    lines = reading.cameras(at.engine)
    cameras = [
        _camera(at, camera, lines.get(camera.id, NOTHING_KEPT), usage) for camera in catalogue.cameras(at.engine)
    ]
    waiting = 0 if at.uplink is None else reading.waiting_parts(at.engine)
    storage = _storage(at, usage, now_ms, free)
    found = problems(_facts(at, cameras, now_ms, storage, waiting))
    return HomeShape(
        well=not found,
        problems=found,
        mode=mode_now(at),
        cameras=cameras,
        storage=storage,
        eye=EyeName(at.eye.name) if at.eye else at.settings.detector,
        looking=_looking(at),
        cloud=_mailbox(at, waiting, usage.clips_there),
    )


def _storage(at: House, usage: Usage, now_ms: int, free: int) -> DiskShape:
    used, per_hour = usage.total, 0.0
    if usage.last_hour_from_ms:
        per_hour = usage.last_hour_bytes / max(SHORTEST_SAMPLE_H, (now_ms - usage.last_hour_from_ms) / HOUR_MS)
    room = free - at.settings.disk_floor_bytes
    is_too_small = per_hour > 0 and used + room < per_hour * at.settings.keep_hours
    return DiskShape(
        used_bytes=used,
        free_bytes=free,
        oldest_ms=usage.oldest_ms,
        keep_hours=at.settings.keep_hours,
        full_in_hours=round(room / per_hour, 1) if is_too_small else None,
    )


def _mailbox(at: House, waiting: int, clips_there: int) -> MailboxShape:
    uplink = at.uplink
    return MailboxShape(
        configured=uplink is not None,
        reachable=uplink.reachable if uplink else None,
        waiting_parts=waiting,
        last_sent_ms=uplink.last_sent_ms if uplink else None,
        clips=clips_there,
    )


def _camera(at: House, camera: Camera, line: CameraLine, usage: Usage) -> CameraNowShape:
    status, still = at.statuses.get(camera.id), at.stills.get(camera.id)
    shown = CameraShape.of(camera)
    return CameraNowShape(
        id=shown.id,
        name=shown.name,
        enabled=shown.enabled,
        demo=shown.demo,
        private=shown.private,
        transport=shown.transport,
        address=shown.address,
        has_sub=shown.has_sub,
        areas=shown.areas,
        quota_bytes=shown.quota_bytes,
        site=shown.site,
        state=_state(at, camera),
        since_ms=status.since_ms if status else at.started_ms,
        reason=Reason(status.reason) if status and status.reason else None,
        reason_text=status.reason_text if status else None,
        still_at_ms=still.at_ms if still else None,
        last_clip=line.last_clip,
        recorded_from_ms=line.recorded_from_ms,
        recorded_to_ms=line.recorded_to_ms,
        bytes=usage.bytes.get(camera.id, 0),
        fps=status.fps if status else None,
        width=status.width if status else None,
        height=status.height if status else None,
        codecs=status.codecs if status else None,
        audio=status.audio if status else None,
        advice=at.advice.get(camera.id),
        looks=_looks(at, camera.id),
        notes=list(status.notes) if status else [],
        receiver=status.receiver if status else None,
        waits_for_key=status is not None and status.waits_for_key,
    )


def _state(at: House, camera: Camera) -> CameraState:
    status = at.statuses.get(camera.id)
    if not camera.enabled:
        return CameraState.OFF
    return CameraState(status.state) if status and at.links.keeps(camera.id) else CameraState.STARTING


def _looking(at: House) -> LookingShape | None:
    if at.eye is None:
        return None
    eye = at.eye
    return LookingShape(eye.blind_since_ms, at.settings.detector, eye.coming_percent, eye.coming_text, list(eye.lacks))


def _looks(at: House, camera_id: str) -> LooksShape | None:
    if at.eye is None or camera_id not in at.eye.looks:
        return None
    looked, passed_over = at.eye.looks[camera_id]
    return LooksShape(at.eye.since_ms, looked, passed_over)


def _facts(at: House, cameras: list[CameraNowShape], now_ms: int, storage: DiskShape, waiting_parts: int) -> HouseFacts:
    eye, uplink = at.eye, at.uplink
    floor = at.settings.disk_floor_bytes
    return HouseFacts(
        now_ms=now_ms,
        started_ms=at.started_ms,
        watch_is_up=at.watch_is_up,
        watch_is_silent=at.links.is_silent,
        is_disk_full=at.swept.under_floor or storage.free_bytes < floor // 2,
        cameras=tuple(
            CameraFacts(
                *(each.id, each.name, each.state, each.since_ms, each.reason_text, each.recorded_to_ms),
                waits_for_key=each.waits_for_key,
                stored_for_ms=at.stored_for_ms(each.id),
            )
            for each in cameras
        ),
        eye=None if eye is None else EyeFacts(eye.blind_since_ms, eye.blind_text),
        logs=tuple(LogFacts(each.programme, each.trouble, each.silent_since_ms) for each in at.logs.troubles()),
        mailbox_is_away=uplink is not None and uplink.reachable is False,
        mailbox_trouble=None if uplink is None else uplink.trouble,
        waiting_parts=waiting_parts,
        mailbox_away_ms=0 if uplink is None else uplink.away_ms,
        full_in_hours=storage.full_in_hours,
        alerts=_alert_facts(at),
        taking_back=tuple(_taking_back(at)),
    )


def _alert_facts(at: House) -> AlertFacts:
    sign = at.lifesign
    is_on = sign is not None and sign.is_on
    return AlertFacts(
        failing=tuple(at.alerts.failing.items()),
        broker_away_ms=None if at.mqtt is None else at.mqtt.away_ms,
        lost_devices=at.push.lost(),
        vigil_lapsed=sign is not None and sign.is_overdue,
        vigil_trouble=None if sign is None else sign.trouble,
        vigil_is_vain=is_on and not at.push.devices(),
    )


def _taking_back(at: House) -> Iterator[TakingBackFacts]:
    given = at.donations.given()
    names = {each.id: each.name for each in at.donations.membership.known()} if given else {}
    for line in given:
        is_done = line.shredded_ms is not None and line.proven_ms is not None
        is_over = is_done or (line.not_taken is not None and line.letter is None)
        is_of_before = not line.is_signed and line.refused_ms is not None  # 0.3 sent it, and kept no signature
        if line.withdrawn_ms is None or is_over or is_of_before:
            continue
        yield TakingBackFacts(
            programme=names.get(line.programme_id or ""),
            asked_ms=line.letter.since_ms if line.letter else line.withdrawn_ms,
            tries=line.letter.tries if line.letter else 0,
            is_refused=line.refused_ms is not None,
            is_proven=line.proven_ms is not None,
            shred_by_ms=line.shred_by_ms,
        )
