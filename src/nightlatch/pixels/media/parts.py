"""The growing end of a segment or clip: packets in, parts of less than a second out.

Guarantees
- A part is bounded in time and bytes, counted on the packets' own time, which cannot be set. What takes longer than a
  part by itself, a picture of a camera that sends one every two seconds, leaves at once and alone.
- A file tells of sound only where sound was heard: players wait for ever for a track that stays empty.
- All times in a file run on from its first picture, even where the hub's clock is set while it grows.
"""

from __future__ import annotations

from dataclasses import replace

from nightlatch.domain.recording import Part
from nightlatch.pixels.media.fmp4 import FragmentWriter, can_describe
from nightlatch.pixels.media.packets import Packet, Streams

PART_MS = 650  # with a tick and a late packet a kill costs less than a second, counted at the camera (1.00 s at 800)
MOST_BYTES = 4 * 1024 * 1024  # of a part, unless one picture is larger


class Sending:
    """What a source sends by now, as its key frames say, and whether the sound among it was ever heard."""

    def __init__(self, streams: Streams, *, is_heard: bool = False) -> None:
        self.streams = _describable(streams)
        self.is_heard = is_heard

    def take(self, packet: Packet) -> bool:
        """Whether a file that began before this packet cannot go on with it: it needs another init."""
        if packet.kind == "audio":
            self.is_heard = True
            return False
        if packet.streams is None:
            return False
        streams = _describable(packet.streams)
        if streams.audio != self.streams.audio:
            self.is_heard = False
        is_other = _like(streams) != _like(self.streams)
        self.streams = streams
        return is_other


def _describable(streams: Streams) -> Streams:
    """Without sound that no container can describe."""
    return streams if streams.audio is None or can_describe(streams.audio) else replace(streams, audio=None)


def _like(streams: Streams) -> Streams:
    """All that an init says: the rate of pictures is not in it."""
    return replace(streams, video=replace(streams.video, fps=None))


class PartWriter:
    """One fragmented MP4 in the making; `add` gives a part as soon as the next packet would make it too long."""

    def __init__(
        self,
        sending: Sending,
        camera_id: str,
        first: Packet,
        *,
        part_ms: int = PART_MS,
        context: bytes | None = None,
        seq: int = 0,
        began_ms: int | None = None,
    ) -> None:
        """`began_ms` is where `first` lies on the wall clock, unless where it says itself."""
        self.began_ms = first.at_ms if began_ms is None else began_ms
        self.began_us = first.dts_us
        self.ends_us = first.dts_us
        self.heard_us = -1  # decoding time of the newest sound
        self.streams = sending.streams
        self.bytes = 0
        self._is_heard = sending.is_heard
        self._writer: FragmentWriter | None = None  # until the first part leaves
        self._camera_id = camera_id
        self._seq = seq
        self._part_us = part_ms * 1000
        self._context = context
        self._waiting: list[Packet] = []
        self._waiting_bytes = 0
        self._starts_us: dict[str, int] = {}  # of the waiting packets, by kind: files interleave loosely
        self._index = 0

    @property
    def codecs(self) -> str:
        """RFC 6381, of what is in the file."""
        return self.streams.codecs

    def at_ms(self, time_us: int) -> int:
        """Where on the wall clock, as this file counts it."""
        return self.began_ms + (time_us - self.began_us) // 1000

    def add(self, packet: Packet, part_ms: int | None = None) -> list[Part]:
        """Take a packet, in the order in which the source gave it; `part_ms` is the longest part that may wait now."""
        part_us = self._part_us if part_ms is None else part_ms * 1000
        if packet.kind == "audio" and self.streams.audio is None:
            return []
        ends_us = packet.dts_us + packet.duration_ms * 1000
        is_long = ends_us - self._starts_us.get(packet.kind, packet.dts_us) > part_us
        made: list[Part] = []
        if is_long or self._waiting_bytes + packet.size > MOST_BYTES:
            made += self._flush(packet.dts_us if packet.kind == "video" else None)
        if packet.kind == "video":
            self.ends_us = max(self.ends_us, ends_us)
        else:
            self.heard_us = packet.dts_us
        self._waiting.append(packet)
        self._waiting_bytes += packet.size
        self.bytes += packet.size
        self._starts_us.setdefault(packet.kind, packet.dts_us)
        if packet.kind == "video" and packet.duration_ms * 1000 >= part_us:
            made += self._flush(None)
        return made

    def give_up_audio(self, from_us: int) -> list[Packet]:
        """Hand back sound of `from_us` and later that has not left yet: it belongs to what comes next."""
        later = [p for p in self._waiting if p.kind == "audio" and p.dts_us >= from_us]
        if later:
            self._waiting = [p for p in self._waiting if p.kind == "video" or p.dts_us < from_us]
        return later

    def finish(self, ends_us: int | None = None) -> list[Part]:
        """The last part; `ends_us` is when the next picture begins, where that is known."""
        if ends_us is not None:
            self.ends_us = ends_us
        return self._flush(ends_us)

    def _flush(self, ends_us: int | None) -> list[Part]:
        if not self._waiting:
            return []
        packets, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._starts_us.clear()
        timed = [p for p in packets if p.kind == "video"] or packets
        began_us = timed[0].dts_us
        last_us = timed[-1].dts_us + timed[-1].duration_ms * 1000 if ends_us is None else ends_us
        head = b""
        if self._writer is None:
            self._writer = self._begin(packets)
            head = self._writer.head
        part = Part(
            camera_id=self._camera_id,
            began_ms=self.at_ms(began_us),
            duration_ms=max(0, last_us - began_us) // 1000,
            index=self._index,
            mp4=self._writer.fragment(packets, ends_us, head),
            seq=self._seq,
        )
        self._index += 1
        return [part]

    def _begin(self, packets: list[Packet]) -> FragmentWriter:
        if not self._is_heard and all(packet.kind == "video" for packet in packets):
            self.streams = replace(self.streams, audio=None)
        return FragmentWriter(self.streams, self._context)
