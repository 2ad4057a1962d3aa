"""Cuts a source into segments of a few seconds, each a fragmented MP4 that starts on a key frame and plays alone.

It leaves in parts of less than a second while it grows; the parts of a segment, one after the other, are its bytes,
and a `Segment` only says that the last of them has left. A segment ends at the first key frame at or past its target
length. It ends earlier at a key frame from which on something else is sent (another size or codec, sound that came,
went or changed) or at which the place on the hub's clock steps, so that no file has a step inside. At a key frame after
a pause in which nothing came it ended where the pause began; where sound went on, or where what comes next decodes only
together with what came before, the pause lies inside the file and its last picture lasts.

Where key frames are rare it lasts until the next one: a cut between them would make a file in which nothing can be
shown. Only after ten minutes or 256 MiB without one it is cut at any picture, so that no file grows for ever: what
follows such a forced cut decodes only together with the segment before it, until the next key frame.
"""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.domain.recording import Part, Segment
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import PART_MS, PartWriter, Sending

LONGEST_MS = 600_000
LARGEST = 256 * 1024 * 1024  # bytes
LATE_SOUND_US = 500_000  # how long a closed segment waits for sound that belongs to it
STEP_MS = 250  # the hub's clock was followed; a place that steps does so by half a second at least (placing.py)

Context = Callable[[int, int], bytes]


class _OpenSegment:
    def __init__(self, seq: int, writer: PartWriter) -> None:
        self.seq = seq
        self.writer = writer
        self.ends_us: int | None = None


class Segmenter:
    """Packets in, parts and segments out; the last part of a segment comes just before the segment."""

    def __init__(
        self,
        streams: Streams,
        camera_id: str,
        *,
        target_ms: int = 4000,
        part_ms: int = PART_MS,
        context: Context | None = None,
    ) -> None:
        """`context(began_ms, seq)` gives the JSON for the `uuid` box between `moov` and the first `moof`."""
        self._sending = Sending(streams)
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
        is_other = self._sending.take(packet)
        if self._open is None:
            if not packet.is_key:
                return []
            self._open = self._begin(packet)
        elif packet.is_key and packet.missing is not None and self._open.writer.heard_us < self._open.writer.ends_us:
            self._open.ends_us = self._open.writer.ends_us
            made += self.finish()
            self._open = self._begin(packet)
        elif is_other or self._is_to_end(packet, self._open.writer):
            made += self._cut(packet, self._open)
        new = self._open.writer.add(packet)
        if self._closing and (new or packet.dts_us - self._open.writer.began_us > LATE_SOUND_US):
            made += self._close()
        return [*made, *new]

    def _add_audio(self, packet: Packet) -> list[Part | Segment]:
        if self._open is None:
            return []
        self._sending.take(packet)
        if packet.dts_us >= self._open.writer.began_us:
            made = self._close()
            return [*made, *self._open.writer.add(packet)]
        return [*self._closing.writer.add(packet)] if self._closing else []

    def _is_to_end(self, packet: Packet, writer: PartWriter) -> bool:
        length_us = packet.dts_us - writer.began_us
        if not packet.is_key:
            return length_us >= LONGEST_MS * 1000 or writer.bytes >= LARGEST
        lacks_sound = self._sending.is_heard and writer.streams.audio != self._sending.streams.audio
        has_stepped = abs(packet.at_ms - writer.at_ms(packet.dts_us)) > STEP_MS
        return length_us >= self._target_us or lacks_sound or has_stepped

    def _begin(self, packet: Packet) -> _OpenSegment:
        context = self._context(packet.at_ms, self._seq) if self._context else None
        writer = PartWriter(
            self._sending, self._camera_id, packet, part_ms=self._part_ms, context=context, seq=self._seq
        )
        segment = _OpenSegment(self._seq, writer)
        self._seq += 1
        return segment

    def _cut(self, packet: Packet, old: _OpenSegment) -> list[Part | Segment]:
        made = self._close()
        sound, before = self._sending.streams.audio, old.writer.streams.audio
        ahead = old.writer.give_up_audio(packet.dts_us) if sound == before else []
        old.ends_us = packet.dts_us
        self._closing = old
        self._open = self._begin(packet)
        if sound is None or sound != before or ahead or old.writer.heard_us >= packet.dts_us:
            made += self._close()
        for early in ahead:
            made += self._open.writer.add(early)
        return made

    def _close(self) -> list[Part | Segment]:
        segment, self._closing = self._closing, None
        if segment is None:
            return []
        writer = segment.writer
        made: list[Part | Segment] = [*writer.finish(segment.ends_us)]
        made.append(
            Segment(
                camera_id=self._camera_id,
                seq=segment.seq,
                began_ms=writer.began_ms,
                duration_ms=(writer.ends_us - writer.began_us + 500) // 1000,
                codecs=writer.codecs,
            )
        )
        return made
