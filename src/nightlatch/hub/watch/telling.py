"""What a watch process tells serve, as notices: states, files, stills and events, each from the thread that saw it.

Every call must return at once; the bus never blocks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import msgspec
import structlog

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.manifest import Manifest
from nightlatch.domain.recording import Still
from nightlatch.domain.sighting import EventJudged, EventOpened, Kind, Verdict
from nightlatch.domain.time import Clock, Span
from nightlatch.domain.waking import ALWAYS
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.vault.layout import ClipObject, KeptFile
from nightlatch.hub.vault.settling import OpenClip, Settled
from nightlatch.hub.wire.notices import (
    Advice,
    CameraStatus,
    ClipGrew,
    EventNotice,
    NewStill,
    Notice,
    Outage,
    Stored,
)
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.media.stills import make_thumbnail
from nightlatch.pixels.sources.feed import Receiver
from nightlatch.plugs import Bus
from nightlatch.seal.recipients import Sealer

TOLD_AT_MS = 1_000  # of an event: somebody is told by then, of what is known; sooner once an eye has named a kind
SETTLED_MS = 1_500  # before that no verdict wakes anybody: the first looks decide little. "Unsure" is told meanwhile

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """What is known of a camera that is recorded."""

    first_ms: int  # of the first picture of this session
    streams: Streams
    notes: tuple[str, ...]
    receiver: Receiver


@dataclass(slots=True)
class Telling:
    """One for all cameras of a watch process; called from the loop, the disk's thread and those that look."""

    bus: Bus[Notice]
    clock: Clock
    _growing: set[str] = field(default_factory=set)
    _outages: dict[str, Outage] = field(default_factory=dict)  # by camera, those still open
    _events: dict[str, EventNotice] = field(default_factory=dict)  # by event, the newest that is known
    _said: dict[str, tuple[tuple[Kind, ...], Verdict, bool]] = field(default_factory=dict)  # of it; with a picture?
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def growing(self) -> tuple[str, ...]:
        """The clips that grow now."""
        with self._lock:
            return tuple(self._growing)

    def moving(self) -> tuple[str, ...]:
        """The cameras with an event that is open and was told."""
        return tuple({notice.camera_id for event, notice in list(self._events.items()) if event in self._said})

    # ---- cameras ------------------------------------------------------------------------------------------

    def recording(self, camera_id: str, received: Received) -> None:
        """Pictures are kept; that ends an outage where the first of them began."""
        self._end_outage(camera_id, received.first_ms)
        video, audio = received.streams.video, received.streams.audio
        self.bus.send(
            CameraStatus(
                camera_id=camera_id,
                state=CameraState.RECORDING,
                since_ms=received.first_ms,
                fps=video.fps,
                width=video.width,
                height=video.height,
                codecs=received.streams.codecs,
                audio=audio.codec if audio is not None else None,
                notes=received.notes,
                receiver=received.receiver,
            )
        )

    def starting(self, camera_id: str, *, waits_for_key: bool = False) -> None:
        """It is being opened, or sends nothing yet that could be kept."""
        now_ms = self.clock.now_ms()
        self.bus.send(CameraStatus(camera_id, CameraState.STARTING, now_ms, waits_for_key=waits_for_key))

    def lost(self, camera_id: str, problem: SourceError, last_ms: int | None) -> None:
        """It is no longer recorded; that opens an outage where the last picture ended."""
        now_ms = self.clock.now_ms()
        if camera_id not in self._outages:
            began_ms = now_ms if last_ms is None else min(last_ms, now_ms)
            self._outages[camera_id] = Outage(camera_id, began_ms, None, problem.reason)
            self.bus.send(self._outages[camera_id])
        self.bus.send(
            CameraStatus(
                camera_id,
                CameraState.RETRYING,
                now_ms,
                reason=problem.reason,
                reason_text=str(problem),
            )
        )

    def paused(self, camera_id: str, missing: Span, reason: Reason) -> None:
        """No picture came for some seconds, and then they went on."""
        if missing.ended_ms > missing.began_ms:  # or the clock was set back meanwhile
            log.warning("camera.paused", camera=camera_id, reason=reason.value, ms=missing.duration_ms)
            self.bus.send(Outage(camera_id, missing.began_ms, missing.ended_ms, reason, is_inside=True))

    def off(self, camera_id: str) -> None:
        """Nobody wants it recorded any more."""
        now_ms = self.clock.now_ms()
        self._end_outage(camera_id, now_ms)
        self.bus.send(CameraStatus(camera_id, CameraState.OFF, now_ms))

    def _end_outage(self, camera_id: str, ended_ms: int) -> None:
        outage = self._outages.pop(camera_id, None)
        if outage is not None:
            self.bus.send(msgspec.structs.replace(outage, ended_ms=max(outage.began_ms, ended_ms)))

    def still(self, still: Still, sealer: Sealer) -> None:
        """A fresh picture."""
        self.bus.send(NewStill(still.camera_id, still.at_ms, bytes(sealer.seal(still.jpeg))))

    def advice(self, camera_id: str, text: str | None) -> None:
        """What would make the camera cheaper to watch."""
        self.bus.send(Advice(camera_id, text))

    # ---- files --------------------------------------------------------------------------------------------

    def stored(self, kept: KeptFile) -> None:
        """A segment or a sheet is in its place."""
        self.bus.send(Stored(kept.path, kept.bytes))

    def settled(self, settled: Settled) -> None:
        """Files are durable and in their place."""
        for kept in settled.files:
            self.stored(kept)
        for growth in settled.clips:
            if growth.manifest.ended_ms is not None:
                with self._lock:
                    self._growing.discard(growth.clip.id)
            self._clip(growth.clip.id, growth.manifest, growth.objects)

    def clip(self, clip: OpenClip) -> None:
        """A clip began; how it grows and ends is told as it settles."""
        with self._lock:
            self._growing.add(clip.id)
        self._clip(clip.id, clip.manifest, ())

    def _clip(self, clip_id: str, manifest: Manifest, objects: tuple[ClipObject, ...]) -> None:
        times = manifest.onset_ms, manifest.began_ms, manifest.ended_ms
        self.bus.send(ClipGrew(clip_id, manifest.camera, manifest.event, *times, objects))

    def clip_gone(self, clip: OpenClip) -> None:
        """The owner deleted it while it grew."""
        with self._lock:
            self._growing.discard(clip.id)

    # ---- events -------------------------------------------------------------------------------------------

    def judged(
        self, camera: Camera, opened: EventOpened, clip_id: str, judged: EventJudged, still: Still | None
    ) -> None:
        """More is known about an event; told when it is worth telling, and only then is its picture made smaller."""
        judgement, before = judged.judgement, self._events.get(opened.event_id)
        age_ms = judged.at_ms - opened.onset_ms
        is_early = age_ms < SETTLED_MS and judgement.verdict in ALWAYS
        notice = EventNotice(
            camera_id=camera.id,
            camera_name=camera.name,
            event_id=opened.event_id,
            clip_id=clip_id,
            onset_ms=opened.onset_ms,
            is_open=True,
            kinds=judgement.kinds,
            verdict=Verdict.UNSURE if is_early else judgement.verdict,
            threat=judgement.threat,
            reasons=judgement.reasons,
            jpeg=before.jpeg if before is not None else None,
        )
        is_known = any(kind is not Kind.MOTION for kind in notice.kinds)
        said = self._said.get(opened.event_id)
        now = notice.kinds, notice.verdict, still is not None or (said is not None and said[2])
        if (age_ms >= TOLD_AT_MS or is_known) and said != now:
            self._said[opened.event_id] = now
            if still is not None:
                notice = msgspec.structs.replace(notice, jpeg=make_thumbnail(still), picture=still.jpeg)
            self.bus.send(notice)
        self._events[opened.event_id] = msgspec.structs.replace(notice, picture=None)

    def seen_better(self, event_id: str, still: Still) -> None:
        """There is a better picture of an event; who was told of the event is shown it, with what was told."""
        before = self._events.get(event_id)
        if before is None or event_id not in self._said:
            return
        now = msgspec.structs.replace(before, jpeg=make_thumbnail(still), picture=still.jpeg)
        self.bus.send(now)
        self._events[event_id] = msgspec.structs.replace(now, picture=None)

    def closed(self, event_id: str) -> None:
        """An event is over."""
        self._said.pop(event_id, None)
        newest = self._events.pop(event_id, None)
        if newest is not None:
            self.bus.send(msgspec.structs.replace(newest, is_open=False))
