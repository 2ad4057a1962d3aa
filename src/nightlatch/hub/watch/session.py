"""One connection to a camera, from its opening to its end: packets in; sealed segments and clips out.

Polled by the loop. It never waits: not for the camera, not for looking, not for the disk (vault.settle does that).
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass

from nightlatch.domain.camera import Camera
from nightlatch.domain.recording import Part, Segment
from nightlatch.domain.time import Span
from nightlatch.hub.watch.beside import SubKeeper
from nightlatch.hub.watch.clipping import Clipping, Filing, Happenings
from nightlatch.hub.watch.observer import Observer
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.substream import SubStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.segmenter import Segmenter

MAIN_TICK_US = 140_000  # the main stream is received every third tick of a quick loop: fewer, larger reads
LAST_LOOKS_US = 2_000_000  # that the end of a session waits for, so that its clip learns what was seen


class Session:
    """`poll` until it raises, then `end`, then `settle` until that is true."""

    def __init__(self, camera: Camera, filing: Filing, station: Station) -> None:
        """Raises `SourceError` for an address that cannot be one, `OSError` for a disk that fails."""
        self.camera = camera
        self._filing = filing
        self._station = station
        self.intake = station.intake(camera.url, camera.transport)
        self._due_us = 0
        self._tracks: _Tracks | None = None  # once it is known what comes
        self._sub: SubStream | None = None
        self._beside = SubKeeper(camera.id, station.vault, filing.sealer, self._context)
        self._happenings: Happenings = deque()
        self._leaving: list[Observer] = []  # those that were asked to stop
        self._ended_us: int | None = None
        self._first_us = 0
        self.first_ms: int | None = None  # when the first picture was taken
        self.last_ms: int | None = None  # and when the newest one ends
        self.recorded_us = 0  # from the first picture to the newest

    def poll(self, now_us: int) -> None:
        """Take what has come.

        Raises:
            SourceError: the camera cannot be reached or read, or has ended.
            OSError: the disk refused; what was stored stays.
        """
        if self._sub is not None:
            self._sub.poll(now_us)
        if now_us < self._due_us:
            return
        self._due_us = now_us + MAIN_TICK_US
        for packet in self.intake.poll(now_us):
            self._take(packet, self._tracks or self._begin(now_us))

    @property
    def streams(self) -> Streams | None:
        """What comes; None until that is known."""
        return self.intake.streams

    @property
    def dropped(self) -> int:
        """Packets that nobody had time to look at."""
        observers = [*self._leaving, *([self._tracks.observer] if self._tracks and self._tracks.observer else [])]
        return sum(each.dropped for each in observers) + (self._sub.dropped if self._sub is not None else 0)

    def end(self, now_us: int) -> None:
        """Let go of the camera and store what there is. Raises `OSError`."""
        self._ended_us = now_us
        self.intake.close()
        if self._sub is not None:
            self._sub.close()
            self._leaving += self._sub.leaving
        if self._tracks is None:
            return
        if self._tracks.observer is not None:
            self._leave(self._tracks)
        self._store(self._tracks.segmenter.finish())

    def settle(self, now_us: int) -> bool:
        """After `end`: close the clip as soon as the last looks are told; whether that is done. Raises `OSError`."""
        if self._tracks is None:
            return True
        is_late = self._ended_us is None or now_us - self._ended_us > LAST_LOOKS_US
        if not is_late and not all(each.is_done for each in self._leaving):
            return False
        tracks, self._tracks = self._tracks, None
        tracks.clipping.finish()
        return True

    def _begin(self, now_us: int) -> _Tracks:
        streams = self.intake.streams
        if streams is None:
            raise RuntimeError("packets came before it was known of what")  # the intake's promise
        self._tracks = _Tracks(
            Segmenter(streams, self.camera.id, context=self._context),
            Clipping(
                *(self.camera, streams, self._filing, self._happenings),
                eye=self._station.looking.eye,
                context=self._context,
                beside=self._beside,
            ),
        )
        if self.camera.sub_url is not None:
            keeps = self._keep_sub, self._beside.lose
            self._sub = SubStream(self.camera, self.camera.sub_url, self._station, self._observer, *keeps)
            self._sub.poll(now_us)
        return self._tracks

    def _take(self, packet: Packet, tracks: _Tracks) -> None:
        self._look(packet, tracks)
        self._store(tracks.segmenter.add(packet))
        tracks.clipping.add(packet)
        if packet.kind == "video":
            if packet.missing is not None and self.last_ms is not None:
                self._station.telling.paused(self.camera.id, Span(self.last_ms, packet.at_ms), packet.missing)
            self.last_ms = packet.at_ms + packet.duration_ms
            if self.first_ms is None:
                self.first_ms, self._first_us = packet.at_ms, packet.dts_us
            self.recorded_us = packet.dts_us - self._first_us

    def _keep_sub(self, packet: Packet, sub: Streams) -> None:
        if self.intake.streams is not None:
            self._beside.add(packet, sub, self.intake.streams)

    def _look(self, packet: Packet, tracks: _Tracks) -> None:
        """The main stream is looked at only while there is no sub-stream."""
        if packet.kind != "video":
            return
        if self._sub is not None and self._sub.is_watched:
            if tracks.observer is not None:
                self._leave(tracks)
            return
        if tracks.observer is None:
            if not packet.is_key or self.intake.streams is None:
                return
            tracks.observer = self._observer(packet.streams or self.intake.streams)
            tracks.observer.start()
        tracks.observer.offer(packet)

    def _leave(self, tracks: _Tracks) -> None:
        if tracks.observer is not None:
            tracks.observer.stop()
            self._leaving = [*(each for each in self._leaving if not each.is_done), tracks.observer]
        tracks.observer = None

    def _observer(self, streams: Streams) -> Observer:
        return self._station.looking.observer(self.camera, streams, self._filing, self._happenings)

    def _store(self, made: list[Part | Segment]) -> None:
        vault, sealer = self._station.vault, self._filing.sealer
        for item in made:
            if isinstance(item, Segment):
                vault.keep_segment(item)
            else:
                vault.keep_part(self._beside.lay_into(item), sealer)

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


@dataclass(slots=True)
class _Tracks:
    segmenter: Segmenter
    clipping: Clipping
    observer: Observer | None = None  # of the main stream, while that is looked at
