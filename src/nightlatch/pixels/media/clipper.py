"""Cuts one clip: parts leave while the event goes on, so that the cloud has them before a thief has the hub."""

from __future__ import annotations

from collections.abc import Iterable

from nightlatch.domain.recording import Part
from nightlatch.pixels.codecs import VideoStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import PartWriter
from nightlatch.pixels.media.segmenter import Context


class Clipper:
    """One fragmented MP4 from the first key frame of `packets` on, in parts of at most about `part_ms`.

    Where the camera changes its picture size within the clip, the next part starts with an init of its own.
    """

    def __init__(
        self,
        streams: Streams,
        camera_id: str,
        packets: Iterable[Packet],
        *,
        part_ms: int = 1000,
        context: Context | None = None,
    ) -> None:
        """`packets` are what the ring held; the first `add` gives their parts."""
        self._streams = streams
        self._video: VideoStream = streams.video
        self._camera_id = camera_id
        self._part_ms = part_ms
        self._context = context
        self._writer: PartWriter | None = None
        self._last_us: dict[str, int] = {}
        self._ready: list[Part] = []
        for packet in packets:
            self._take(packet)

    def add(self, packet: Packet) -> list[Part]:
        """Take the next packet; one that the ring already gave is not taken twice."""
        self._take(packet)
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> list[Part]:
        """All that is left."""
        if self._writer is not None and (part := self._writer.finish()) is not None:
            self._ready.append(part)
        ready, self._ready = self._ready, []
        self._writer = None
        return ready

    def _take(self, packet: Packet) -> None:
        if packet.dts_us <= self._last_us.get(packet.kind, -1):
            return
        video = packet.streams.video if packet.streams is not None else self._video
        is_other, self._video = video != self._video, video
        if self._writer is None:
            if packet.kind == "audio" or not packet.is_key:
                return
            context = self._context(packet.at_ms, 0) if self._context else None
            self._writer = PartWriter(self._streams, self._video, self._camera_id, packet, self._part_ms, context)
        elif is_other:
            if (part := self._writer.switch(self._streams, self._video, packet.dts_us)) is not None:
                self._ready.append(part)
        elif packet.kind == "audio" and packet.dts_us < self._writer.began_us:
            return
        self._last_us[packet.kind] = packet.dts_us
        if (part := self._writer.add(packet)) is not None:
            self._ready.append(part)
