"""Cuts a source into segments of a few seconds, each a fragmented MP4 that starts on a key frame and plays alone.

It leaves in parts of at most about a second while it grows; the parts of a segment, one after the other, are its
bytes, and a `Segment` only says that the last of them has left. A segment ends at the first key frame at or past its target length; at a key frame with other
parameter sets (picture size) in any case; and after 60 s without a key frame at any picture, so that memory stays
bounded: what follows such a forced cut decodes only together with the segment before it, until the next key frame.
"""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.domain.recording import Part, Segment
from nightlatch.pixels.codecs import VideoStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import PartWriter

LONGEST_MS = 60_000
LATE_SOUND_US = 500_000  # how long a closed segment waits for sound that belongs to it

Context = Callable[[int, int], bytes]


class _OpenSegment:
    def __init__(self, seq: int, writer: PartWriter, codecs: str) -> None:
        self.seq = seq
        self.writer = writer
        self.codecs = codecs
        self.ends_us: int | None = None


def _some(part: Part | None) -> list[Part | Segment]:
    return [] if part is None else [part]


class Segmenter:
    """Packets in, parts and segments out; the last part of a segment comes just before the segment."""

    def __init__(
        self,
        streams: Streams,
        camera_id: str,
        *,
        target_ms: int = 4000,
        part_ms: int = 1000,
        context: Context | None = None,
    ) -> None:
        """`context(began_ms, seq)` gives the JSON for the `uuid` box between `moov` and the first `moof`."""
        self._streams = streams
        self._video: VideoStream = streams.video
        self._camera_id = camera_id
        self._target_us = target_ms * 1000
        self._part_ms = part_ms
        self._context = context
        self._seq = 0
        self._open: _OpenSegment | None = None
        self._closing: _OpenSegment | None = None

    def add(self, packet: Packet) -> list[Part | Segment]:
        """Take the next packet; before the first key frame nothing is kept, as nothing could be decoded."""
        return self._add_video(packet) if packet.kind == "video" else self._add_audio(packet)

    def finish(self) -> list[Part | Segment]:
        """End the open segment, as at the end of a stream."""
        made = self._close()
        if self._open is not None:
            self._closing, self._open = self._open, None
            made += self._close()
        return made

    def _add_video(self, packet: Packet) -> list[Part | Segment]:
        made: list[Part | Segment] = []
        video = packet.streams.video if packet.streams is not None else self._video
        is_other, self._video = video != self._video, video
        if self._open is None:
            if not packet.is_key:
                return []
            self._open = self._begin(packet)
        elif is_other or self._is_long_enough(packet, self._open):
            made += self._cut(packet, self._open)
        new = _some(self._open.writer.add(packet))
        if self._closing and (new or packet.dts_us - self._open.writer.began_us > LATE_SOUND_US):
            made += self._close()
        return made + new

    def _add_audio(self, packet: Packet) -> list[Part | Segment]:
        if self._open is None or self._streams.audio is None:
            return []
        if packet.dts_us >= self._open.writer.began_us:
            made = self._close()
            return made + _some(self._open.writer.add(packet))
        return _some(self._closing.writer.add(packet)) if self._closing else []

    def _is_long_enough(self, packet: Packet, segment: _OpenSegment) -> bool:
        length_us = packet.dts_us - segment.writer.began_us
        return length_us >= (self._target_us if packet.is_key else LONGEST_MS * 1000)

    def _begin(self, packet: Packet) -> _OpenSegment:
        context = self._context(packet.at_ms, self._seq) if self._context else None
        writer = PartWriter(self._streams, self._video, self._camera_id, packet, self._part_ms, context, self._seq)
        codecs = Streams(self._video, self._streams.audio).codecs
        segment = _OpenSegment(self._seq, writer, codecs)
        self._seq += 1
        return segment

    def _cut(self, packet: Packet, old: _OpenSegment) -> list[Part | Segment]:
        made = self._close()
        ahead = old.writer.give_up_audio(packet.dts_us)
        old.ends_us = packet.dts_us
        self._closing = old
        self._open = self._begin(packet)
        if self._streams.audio is None or ahead or old.writer.heard_us >= packet.dts_us:
            made += self._close()
        for sound in ahead:
            made += _some(self._open.writer.add(sound))
        return made

    def _close(self) -> list[Part | Segment]:
        segment, self._closing = self._closing, None
        if segment is None:
            return []
        made = _some(segment.writer.finish(segment.ends_us))
        writer = segment.writer
        made.append(
            Segment(
                camera_id=self._camera_id,
                seq=segment.seq,
                began_ms=writer.began_ms,
                duration_ms=(writer.ends_us - writer.began_us + 500) // 1000,
                codecs=segment.codecs,
            )
        )
        return made
