"""Records one camera: packets in; sealed segments and clips out.

`run` retries for ever with back-off; `run_once` works until something breaks. Two threads: this one takes packets
and never waits for looking; `Observer` looks beside it, from a queue that drops its oldest when looking is slow. A
detector that hangs or dies costs events, never footage.
"""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from dataclasses import dataclass

import structlog

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.recording import Part, Segment
from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.vault.files import Vault, is_disk_full
from nightlatch.hub.watch.clipping import Clipping, Filing, Happenings
from nightlatch.hub.watch.observer import Looking, Observer
from nightlatch.hub.watch.telling import Telling
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.sources import Source, open_source
from nightlatch.plugs import Opens
from nightlatch.seal.recipients import Sealer

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Station:
    """What all recorders of a watch process share."""

    vault: Vault
    clock: Clock
    telling: Telling
    looking: Looking
    opens: Opens[Source] = open_source


class Recorder:
    """One camera, until `stop`."""

    def __init__(self, camera: Camera, household_id: str, sealer: Sealer, station: Station) -> None:
        self.camera = camera
        self._station = station
        self._filing = Filing(household_id, sealer, station.vault, station.telling)
        self._stop = threading.Event()
        self._source: Source | None = None
        self._sub: Source | None = None
        self._sub_is_watched = False
        self._happenings: Happenings = deque()
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
        telling, clock = self._station.telling, self._station.clock
        while not self._stop.is_set():
            problem: SourceError
            began_ms = clock.now_ms()
            try:
                self.run_once()
                problem = SourceError(Reason.ENDED, "The stream ended. Trying again.")
            except SourceError as error:
                problem = error
            except OSError as error:
                reason = "The disk is full" if is_disk_full(error) else f"The disk failed ({error.strerror})"
                problem = SourceError(Reason.BROKEN_STREAM, f"{reason}. Recording resumes as soon as it can.")
            except Exception:  # a mistake of ours: a gap needs its reason, and the camera its next try
                log.exception("record.broke", camera=self.camera.id)
                problem = SourceError(Reason.BROKEN_STREAM, "Recording broke off. It starts again.")
            if self._stop.is_set():
                break
            log.warning("camera.lost", camera=self.camera.id, reason=problem.reason.value, text=str(problem))
            telling.state(self.camera.id, CameraState.RETRYING, problem=problem)
            if clock.now_ms() - began_ms > 2 * LONGEST_RETRY_S * 1000:
                pause_s = FIRST_RETRY_S
            self._stop.wait(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)
        telling.state(self.camera.id, CameraState.OFF)

    def run_once(self) -> None:
        """Record until the stream ends.

        Raises:
            SourceError: the camera cannot be reached or read.
            OSError: the disk refused; what was stored stays.
        """
        self._station.telling.state(self.camera.id, CameraState.STARTING)
        with self._open(self.camera.url) as source:
            self._source = source
            if self._stop.is_set():
                return
            ended = threading.Event()
            if self.camera.sub_url is not None:
                self._sub_is_watched = True  # until it turns out otherwise
                threading.Thread(
                    target=self._watch_sub,
                    args=(self.camera.sub_url, ended),
                    name=f"sub-{self.camera.id}",
                    daemon=True,
                ).start()
            observer = self._observer(source.streams)
            observer.start()
            clipping = Clipping(
                *(self.camera, source.streams, self._filing, self._happenings),
                eye=self._station.looking.eye,
                context=self._context,
            )
            try:
                self._record(source, observer, clipping)
            finally:
                self._source = None
                ended.set()
                if self._sub is not None:
                    self._sub.stop()
                observer.stop()
                try:
                    clipping.finish()
                finally:
                    self._station.vault.release(self.camera.id)
                    self._station.telling.settled(self._station.vault.settle())

    def _open(self, url: str) -> Source:
        return self._station.opens(url, transport=self.camera.transport, clock=self._station.clock)

    def _record(self, source: Source, observer: Observer, clipping: Clipping) -> None:
        """The loop. Packets of the main stream are looked at only where there is no sub-stream."""
        segmenter = Segmenter(source.streams, self.camera.id, context=self._context)
        is_recording = False
        try:
            for packet in source:
                if not is_recording:
                    self._station.telling.state(self.camera.id, CameraState.RECORDING, source.streams)
                    is_recording = True
                if not self._sub_is_watched:
                    observer.offer(packet)
                made = segmenter.add(packet)
                self._store(made)
                clipping.add(packet)
                if made:
                    self._station.telling.settled(self._station.vault.settle())
        finally:
            self._store(segmenter.finish())

    def _watch_sub(self, url: str, ended: threading.Event) -> None:
        """Look at the sub-stream until the recording ends, retrying; while it is gone the main stream is looked at."""
        pause_s = FIRST_RETRY_S
        while not ended.is_set():
            try:
                with self._open(url) as sub:
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
            except Exception as error:  # noqa: BLE001 - watching fails open: the main stream is looked at instead
                log.warning("camera.sub_lost", camera=self.camera.id, reason=type(error).__name__)
            self._sub_is_watched = False
            ended.wait(pause_s)
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)

    def _observer(self, streams: Streams) -> Observer:
        looking = self._station.looking
        made = Observer(
            self.camera,
            lambda: looking.make_sight(self.camera, streams),
            looking.judge,
            self._filing,
            self._happenings,
        )
        self._observers.append(made)
        return made

    def _store(self, made: list[Part | Segment]) -> None:
        vault, sealer = self._filing.vault, self._filing.sealer
        for item in made:
            if isinstance(item, Segment):
                vault.keep_segment(item)
            else:
                vault.keep_part(item, sealer)

    def _context(self, began_ms: int, seq: int) -> bytes:
        """What is stamped into each file: whose it is, which camera, since when (docs/guide/open-clips-by-hand.md)."""
        said = {
            "v": 1,
            "household": self._filing.household_id,
            "camera": self.camera.id,
            "began_ms": began_ms,
            "seq": seq,
        }
        return json.dumps(said, separators=(",", ":")).encode()
