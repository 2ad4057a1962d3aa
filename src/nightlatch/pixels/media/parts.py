"""The growing end of a segment or clip: packets in, parts of about a second out."""

from __future__ import annotations

from nightlatch.domain.recording import Part
from nightlatch.pixels.codecs import VideoStream
from nightlatch.pixels.media.fmp4 import FragmentWriter
from nightlatch.pixels.media.packets import Packet, Streams


class PartWriter:
    """One fragmented MP4 in the making; `add` returns a part as soon as the next packet would make it too long."""

    def __init__(
        self,
        streams: Streams,
        video: VideoStream,
        camera_id: str,
        first: Packet,
        part_ms: int,
        context: bytes | None,
        seq: int = 0,
    ) -> None:
        self.began_ms = first.at_ms
        self.began_us = first.dts_us
        self.ends_us = first.dts_us
        self.heard_us = -1  # decoding time of the newest sound
        self._writer = FragmentWriter(streams, video, context)
        self._camera_id = camera_id
        self._seq = seq
        self._part_us = part_ms * 1000
        self._waiting: list[Packet] = []
        self._starts_us: dict[str, int] = {}  # of the waiting packets, by kind: files interleave loosely
        self._head = self._writer.head
        self._index = 0
        self._has_audio = streams.audio is not None

    def add(self, packet: Packet) -> Part | None:
        """Take a packet, in the order in which the source gave it."""
        ends_us = packet.dts_us + packet.duration_ms * 1000
        part = None
        if ends_us - self._starts_us.get(packet.kind, packet.dts_us) > self._part_us and self._waiting:
            part = self._flush(packet.dts_us if packet.kind == "video" else None)
        if packet.kind == "video":
            self.ends_us = max(self.ends_us, ends_us)
        elif not self._has_audio:
            return part
        else:
            self.heard_us = packet.dts_us
        self._waiting.append(packet)
        self._starts_us.setdefault(packet.kind, packet.dts_us)
        return part

    def give_up_audio(self, from_us: int) -> list[Packet]:
        """Hand back sound of `from_us` and later that has not left yet: it belongs to what comes next."""
        later = [p for p in self._waiting if p.kind == "audio" and p.dts_us >= from_us]
        if later:
            self._waiting = [p for p in self._waiting if p.kind == "video" or p.dts_us < from_us]
        return later

    def switch(self, streams: Streams, video: VideoStream, ends_us: int) -> Part | None:
        """Go on with another picture size: the next part starts with an init of its own (for MediaSource)."""
        part = self._flush(ends_us)
        self._head += self._writer.change(streams, video)
        return part

    def finish(self, ends_us: int | None = None) -> Part | None:
        """The last part; `ends_us` is when the next picture begins, where that is known."""
        if ends_us is not None:
            self.ends_us = ends_us
        return self._flush(ends_us)

    def _flush(self, ends_us: int | None) -> Part | None:
        if not self._waiting:
            return None
        packets, self._waiting = self._waiting, []
        self._starts_us.clear()
        timed = [p for p in packets if p.kind == "video"] or packets
        began_us = timed[0].dts_us
        last_us = ends_us or timed[-1].dts_us + timed[-1].duration_ms * 1000
        part = Part(
            camera_id=self._camera_id,
            began_ms=timed[0].at_ms,
            duration_ms=max(0, last_us - began_us) // 1000,
            index=self._index,
            mp4=self._writer.fragment(packets, ends_us, self._head),
            seq=self._seq,
        )
        self._head = b""
        self._index += 1
        return part
