"""The watch process: one recorder per camera, kept in step with the cameras of hub.db."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.geometry import Area
from nightlatch.domain.recording import Still
from nightlatch.domain.sighting import EventJudged
from nightlatch.domain.time import Clock
from nightlatch.errors import SealError, SourceError
from nightlatch.hub.serve.books.records import CameraRow, HouseholdRow, OutageRow
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.recorder import Looking, Recorder
from nightlatch.hub.wire.notices import Advice, CameraStatus, ClipChanged, EventTold, NewStill, NoticeClient
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.media.stills import make_thumbnail
from nightlatch.seal.recipients import Sealer

log = structlog.get_logger()

SETTLED_MS = 1_500  # of an event, before anybody is alerted
LOOK_AGAIN_S = 2.0  # how often the camera table is read when no notice comes


def read_cameras(engine: Engine) -> dict[str, Camera]:
    """The cameras to record, by id."""
    with Session(engine) as session:
        rows = session.scalars(select(CameraRow).where(CameraRow.enabled, ~CameraRow.removed)).all()
        return {row.id: as_camera(row) for row in rows}


def read_areas(text: str) -> tuple[Area, ...]:
    """The areas of a camera's row."""
    return tuple(
        Area(a["name"], a["use"], tuple((float(x), float(y)) for x, y in a["points"]), float(a.get("dwell_s", 0)))
        for a in json.loads(text)
    )


def as_camera(row: CameraRow) -> Camera:
    """The camera of a row."""
    return Camera(
        id=row.id,
        name=row.name,
        url=row.url,
        sub_url=row.sub_url,
        transport=row.transport,
        enabled=row.enabled,
        areas=read_areas(row.areas),
        quota_bytes=row.quota_bytes,
        demo=row.demo,
        private=row.private,
    )


@dataclass(slots=True)
class NoticeTeller:
    """Passes on what recorders say: to serve as notices, to the index as outages."""

    client: NoticeClient
    engine: Engine
    clock: Clock
    open_events: dict[str, EventTold] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def state(self, camera_id: str, state: CameraState, streams: Streams | None, problem: SourceError | None) -> None:
        now_ms = self.clock.now_ms()
        if state is CameraState.RETRYING and problem is not None:
            self._open_outage(camera_id, now_ms, problem.reason.value)
        elif state in (CameraState.RECORDING, CameraState.OFF):
            self._close_outage(camera_id, now_ms)
        self.client.send(
            CameraStatus(
                camera_id=camera_id,
                state=state.value,
                since_ms=now_ms,
                reason=problem.reason.value if problem else None,
                reason_text=str(problem) if problem else None,
                fps=streams.video.fps if streams else None,
                width=streams.video.width if streams else None,
                height=streams.video.height if streams else None,
                codecs=streams.codecs if streams else None,
                audio=streams.audio.codec if streams and streams.audio else None,
            )
        )

    def still(self, still: Still, sealer: Sealer) -> None:
        self.client.send(NewStill(camera_id=still.camera_id, at_ms=still.at_ms, sealed=bytes(sealer.seal(still.jpeg))))

    def clip(self, clip_id: str, camera_id: str, is_open: bool) -> None:
        self.client.send(ClipChanged(clip_id=clip_id, camera_id=camera_id, open=is_open))

    def event(self, judged: EventJudged, camera: Camera, clip_id: str, onset_ms: int, still: Still | None) -> None:
        told = EventTold(
            camera_id=camera.id,
            camera_name=camera.name,
            event_id=judged.event_id,
            clip_id=clip_id,
            onset_ms=onset_ms,
            open=True,
            kinds=tuple(kind.value for kind in judged.judgement.kinds),
            verdict=judged.judgement.verdict.value,
            threat=judged.judgement.threat,
            reasons=judged.judgement.reasons,
            jpeg=make_thumbnail(still) if still is not None else None,
            picture=still.jpeg if still is not None else None,
        )
        before = self.open_events.get(judged.event_id)
        self.open_events[judged.event_id] = told
        is_young = judged.at_ms - onset_ms < SETTLED_MS  # the first look decides little
        if not is_young and (before is None or _says(before) != _says(told) or before.event_id not in self.told):
            self.told.add(judged.event_id)
            self.client.send(told)

    def event_ended(self, event_id: str) -> None:
        last = self.open_events.pop(event_id, None)
        self.told.discard(event_id)
        if last is not None:
            self.client.send(msgspec.structs.replace(last, open=False, picture=None))

    def advice(self, camera_id: str, text: str | None) -> None:
        self.client.send(Advice(camera_id=camera_id, text=text))

    def _open_outage(self, camera_id: str, now_ms: int, reason: str) -> None:
        with Session(self.engine) as session, session.begin():
            query = select(OutageRow.id).where(OutageRow.camera_id == camera_id, OutageRow.ended_ms.is_(None))
            if session.scalar(query) is None:
                session.add(OutageRow(camera_id=camera_id, began_ms=now_ms, reason=reason))

    def _close_outage(self, camera_id: str, now_ms: int) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(
                update(OutageRow)
                .where(OutageRow.camera_id == camera_id, OutageRow.ended_ms.is_(None))
                .values(ended_ms=now_ms)
            )


def _says(told: EventTold) -> tuple[object, ...]:
    """What makes it worth telling again."""
    return told.kinds, told.verdict


class Watcher:
    """Starts, stops and replaces recorders as cameras come, change and go."""

    def __init__(self, data_dir: Path, engine: Engine, clock: Clock, client: NoticeClient, looking: Looking) -> None:
        self._engine = engine
        self._clock = clock
        self._looking = looking
        self._vault = Vault(data_dir, engine, clock)
        self._teller = NoticeTeller(client, engine, clock)
        self._running: dict[str, tuple[Recorder, threading.Thread]] = {}
        self._changed = threading.Event()
        self._stopping = False

    def cameras_changed(self) -> None:
        """Read the camera table soon."""
        self._changed.set()

    def stop(self) -> None:
        """End all recorders; `run` returns within a few seconds."""
        self._stopping = True
        self._changed.set()

    def run(self) -> None:
        """Recover the vault, then keep recorders in step with the table until `stop`."""
        found = self._vault.recover()
        log.info(
            "vault.recovered",
            parts_saved=found.parts_saved,
            rows_added=found.rows_added,
            rows_dropped=found.rows_dropped,
            clips_closed=found.clips_closed,
        )
        while not self._stopping:
            self._match()
            self._changed.wait(LOOK_AGAIN_S)
            self._changed.clear()
        for recorder, _ in self._running.values():
            recorder.stop()
        for _, thread in self._running.values():
            thread.join(5.0)

    def _match(self) -> None:
        with Session(self._engine) as session:
            household = session.scalar(select(HouseholdRow))
        if household is None:
            return  # nobody to seal for: nothing is recorded
        try:
            sealer = Sealer([household.recipient])
        except SealError as error:
            log.error("household.key_unusable", text=str(error))
            return
        wanted = read_cameras(self._engine)
        for camera_id, (recorder, thread) in list(self._running.items()):
            if wanted.get(camera_id) != recorder.camera or not thread.is_alive():
                recorder.stop()
                thread.join(5.0)
                del self._running[camera_id]
        for camera_id, camera in wanted.items():
            if camera_id in self._running:
                continue
            recorder = Recorder(
                camera,
                household.id,
                sealer,
                self._vault,
                self._clock,
                self._teller,
                self._looking,
            )
            thread = threading.Thread(target=recorder.run, name=f"record-{camera_id}", daemon=True)
            self._running[camera_id] = (recorder, thread)
            thread.start()
