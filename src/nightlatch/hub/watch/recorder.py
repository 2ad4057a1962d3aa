"""Records one camera: packets in; sealed segments, clips and stills out.

`run` retries for ever with back-off; `run_once` works until something breaks. Two threads: this one takes packets
and never waits for looking; `Observer` looks beside it, from a queue that drops its oldest when looking is slow. A
detector that hangs or dies costs events, never footage.
"""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.recording import Part, Segment, Still
from nightlatch.domain.sighting import (
    LONGEST_CLIP_MS,
    PRE_ROLL_MS,
    EventClosed,
    EventJudged,
    EventOpened,
    Judgement,
    Kind,
    Story,
    Track,
)
from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.vault.files import OpenClip, Vault, is_disk_full
from nightlatch.hub.watch.observer import Observer, Seen
from nightlatch.pixels.media.clipper import Clipper
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.ring import Ring
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.sight import Sight
from nightlatch.pixels.sources import Source, open_source
from nightlatch.plugs import Opens
from nightlatch.seal.recipients import Sealer

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
MOST_TRACKS = 12  # in a manifest
MOST_PLACES = 150  # of each
RING_MS = PRE_ROLL_MS + 15_000  # the pre-roll, a late onset and a long key-frame interval

log = structlog.get_logger()


class Teller(Protocol):
    """Whom the recorder tells what happens; told quickly, never waited for."""

    def state(self, camera_id: str, state: CameraState, streams: Streams | None, problem: SourceError | None) -> None:
        """The camera changed what it is doing."""
        ...

    def still(self, still: Still, sealer: Sealer) -> None:
        """A fresh picture."""
        ...

    def clip(self, clip_id: str, camera_id: str, is_open: bool) -> None:
        """A clip began, grew or ended."""
        ...

    def event(self, judged: EventJudged, camera: Camera, clip_id: str, onset_ms: int, still: Still | None) -> None:
        """More is known of an event."""
        ...

    def event_ended(self, event_id: str) -> None:
        """An event is over."""
        ...

    def advice(self, camera_id: str, text: str | None) -> None:
        """What would make the camera cheaper to watch."""
        ...


@dataclass(frozen=True, slots=True)
class Looking:
    """How cameras are looked at: made once for all of them."""

    make_sight: Callable[[Camera, Streams], Sight]
    judge: Callable[[Story], Judgement]
    eye: Callable[[], str]  # the name of what looks now


class Recorder:
    """One camera, until `stop`."""

    def __init__(
        self,
        camera: Camera,
        household_id: str,
        sealer: Sealer,
        vault: Vault,
        clock: Clock,
        teller: Teller,
        looking: Looking,
        opens: Opens[Source] = open_source,
    ) -> None:
        self.camera = camera
        self._household_id = household_id
        self._sealer = sealer
        self._vault = vault
        self._clock = clock
        self._teller = teller
        self._looking = looking
        self._opens = opens
        self._stop = threading.Event()
        self._source: Source | None = None
        self._sub: Source | None = None
        self._sub_is_watched = False
        self._events: deque[EventOpened | EventJudged | EventClosed] = deque()
        self._clip: tuple[OpenClip, Clipper] | None = None
        self._clip_until_ms: int | None = None
        self._last_still: Still | None = None
        self._observers: deque[Observer] = deque(maxlen=8)

    @property
    def dropped(self) -> int:
        """Packets that nobody had time to look at, of the newest few connections."""
        return sum(observer.dropped for observer in self._observers)

    def stop(self) -> None:
        """End soon, from any thread."""
        self._stop.set()
        source = self._source
        if source is not None:
            source.stop()

    def run(self) -> None:
        """Record until stopped, retrying after every failure with doubling pauses of up to 30 s."""
        pause_s = FIRST_RETRY_S
        while not self._stop.is_set():
            problem: SourceError
            began_ms = self._clock.now_ms()
            try:
                self.run_once()
                problem = SourceError(Reason.ENDED, "The stream ended. Trying again.")
            except SourceError as error:
                problem = error
            except OSError as error:
                reason = "The disk is full" if is_disk_full(error) else f"The disk failed ({error.strerror})"
                problem = SourceError(Reason.BROKEN_STREAM, f"{reason}. Recording goes on as soon as it can.")
            if self._stop.is_set():
                break
            log.warning("camera.lost", camera=self.camera.id, reason=problem.reason.value, text=str(problem))
            self._teller.state(self.camera.id, CameraState.RETRYING, None, problem)
            if self._clock.now_ms() - began_ms > 2 * LONGEST_RETRY_S * 1000:
                pause_s = FIRST_RETRY_S
            self._stop.wait(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)
        self._teller.state(self.camera.id, CameraState.OFF, None, None)

    def run_once(self) -> None:
        """Record until the stream ends.

        Raises:
            SourceError: the camera cannot be reached or read.
            OSError: the disk refused; what was stored stays.
        """
        self._teller.state(self.camera.id, CameraState.STARTING, None, None)
        with self._opens(self.camera.url, transport=self.camera.transport, clock=self._clock) as source:
            self._source = source
            if self._stop.is_set():
                return
            ended = threading.Event()
            if self.camera.sub_url is not None:
                self._sub_is_watched = True  # until it turns out otherwise
                threading.Thread(
                    target=self._watch_sub, args=(ended,), name=f"sub-{self.camera.id}", daemon=True
                ).start()
            observer = self._observer(source.streams)
            observer.start()
            try:
                self._record(source, observer)
            finally:
                self._source = None
                ended.set()
                if self._sub is not None:
                    self._sub.stop()
                observer.stop()
                self._conclude()
                self._vault.release(self.camera.id)

    def _record(self, source: Source, observer: Observer) -> None:
        """The loop. Packets of the main stream are looked at only where no sub-stream is."""
        segmenter = Segmenter(source.streams, self.camera.id, context=self._context)
        ring = Ring(RING_MS)
        told = False
        try:
            for packet in source:
                if not told:
                    self._teller.state(self.camera.id, CameraState.RECORDING, source.streams, None)
                    told = True
                ring.add(packet)
                if not self._sub_is_watched:
                    observer.offer(packet)
                self._store(segmenter.add(packet))
                while self._events:
                    self._follow(self._events.popleft(), source.streams, ring)
                self._grow_clip(packet)
        finally:
            self._store(segmenter.finish())

    def _conclude(self) -> None:
        """The stream is over: take what looking still had to say of the open clip, and end it."""
        while self._events:
            event = self._events.popleft()
            if isinstance(event, EventJudged):
                self._learn(event)
            elif isinstance(event, EventClosed):
                self._teller.event_ended(event.event_id)
        self._end_clip()

    def _watch_sub(self, ended: threading.Event) -> None:
        """Look at the sub-stream until the recording ends, retrying; while it is gone the main stream is looked at."""
        pause_s = FIRST_RETRY_S
        while not ended.is_set():
            try:
                with self._opens(str(self.camera.sub_url), transport=self.camera.transport, clock=self._clock) as sub:
                    self._sub = sub
                    observer = self._observer(sub.streams)
                    observer.start()
                    try:
                        for packet in sub:
                            self._sub_is_watched = True
                            pause_s = FIRST_RETRY_S
                            observer.offer(packet)
                    finally:
                        self._sub = None
                        observer.stop()
            except SourceError as error:
                log.warning("camera.sub_lost", camera=self.camera.id, reason=error.reason.value)
            self._sub_is_watched = False
            ended.wait(pause_s)
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)

    def _observer(self, streams: Streams) -> Observer:
        seen = Seen(
            self._events,
            lambda sheet: self._vault.keep_sheet(sheet, self._sealer),
            self._show,
            lambda text: self._teller.advice(self.camera.id, text),
        )
        looking = self._looking
        made = Observer(self.camera, lambda: looking.make_sight(self.camera, streams), looking.judge, seen)
        self._observers.append(made)
        return made

    def _store(self, made: list[Part | Segment]) -> None:
        for item in made:
            if isinstance(item, Segment):
                self._vault.keep_segment(item, self._sealer)
            else:
                self._vault.keep_part(item, self._sealer)

    def _follow(self, event: EventOpened | EventJudged | EventClosed, streams: Streams, ring: Ring) -> None:
        if isinstance(event, EventClosed):
            self._clip_until_ms = event.clip_to_ms
            self._teller.event_ended(event.event_id)
            return
        if isinstance(event, EventJudged):
            self._learn(event)
            return
        self._end_clip()
        video = streams.video
        facts: dict[str, object] = {
            "household": self._household_id,
            "camera_name": self.camera.name,
            "codecs": streams.codecs,
            "width": video.width,
            "height": video.height,
            "fps": video.fps,
            "audio": streams.audio.codec if streams.audio else None,
        }
        clip = self._vault.begin_clip(event, facts)
        if self._last_still is not None:
            self._vault.keep_clip_still(clip, self._last_still, self._sealer)
        clipper = Clipper(streams, self.camera.id, ring.since(event.clip_from_ms), context=self._context)
        self._clip = (clip, clipper)
        self._clip_until_ms = None

    def _learn(self, judged: EventJudged) -> None:
        """Put what is known into the manifest, which is written again with the next part, and tell."""
        if self._clip is None or self._clip[0].manifest["event"] != judged.event_id:
            return
        clip = self._clip[0]
        clip.manifest.update(
            kinds=[kind.value for kind in judged.judgement.kinds],
            verdict=judged.judgement.verdict.value,
            threat=round(judged.judgement.threat, 3),
            reasons=list(judged.judgement.reasons),
            eye=self._looking.eye(),
            tracks=[_as_json(track) for track in sorted(judged.judgement.tracks, key=_importance)[:MOST_TRACKS]],
        )
        onset_ms = int(str(clip.manifest["onset_ms"]))
        self._teller.event(judged, self.camera, clip.id, onset_ms, self._last_still)

    def _grow_clip(self, packet: Packet) -> None:
        if self._clip is None:
            return
        clip, clipper = self._clip
        over = self._clip_until_ms is not None and packet.at_ms >= self._clip_until_ms
        if over or packet.at_ms - clip.began_ms >= LONGEST_CLIP_MS + PRE_ROLL_MS:
            self._end_clip()
            return
        parts = clipper.add(packet)
        for part in parts:
            self._vault.keep_clip_part(clip, part, self._sealer)
        if parts:
            self._teller.clip(clip.id, self.camera.id, True)

    def _end_clip(self) -> None:
        if self._clip is None:
            return
        clip, clipper = self._clip
        self._clip = None
        self._clip_until_ms = None
        for part in clipper.finish():
            self._vault.keep_clip_part(clip, part, self._sealer)
        self._vault.close_clip(clip, self._sealer)
        self._teller.clip(clip.id, self.camera.id, False)

    def _show(self, still: Still) -> None:
        self._last_still = still
        self._teller.still(still, self._sealer)

    def _context(self, began_ms: int, seq: int) -> bytes:
        return json.dumps(
            {
                "v": 1,
                "household": self._household_id,
                "camera": self.camera.id,
                "began_ms": began_ms,
                "seq": seq,
            },
            separators=(",", ":"),
        ).encode()


def _importance(track: Track) -> tuple[bool, int]:
    return track.kind is Kind.MOTION, track.path[0].at_ms - track.path[-1].at_ms


def _as_json(track: Track) -> dict[str, object]:
    """A track for a manifest: places a fifth of a second apart or more, fractions to a thousandth."""
    step = -(-len(track.path) // MOST_PLACES)
    path = track.path[::step] if step > 1 else track.path
    return {
        "id": track.id,
        "kind": track.kind.value,
        "score": round(track.score, 2),
        "path": [
            [place.at_ms, *(round(edge, 3) for edge in (box.left, box.top, box.right, box.bottom))]
            for place in path
            for box in (place.box,)
        ],
    }
