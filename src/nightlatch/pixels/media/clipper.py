"""Cuts one clip: parts leave while the event goes on, so that the cloud has them before a thief has the hub."""

from __future__ import annotations

from nightlatch.domain.recording import Part
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.media.parts import PART_MS, PartWriter, Sending
from nightlatch.pixels.media.segmenter import Context


class Clipper:
    """One fragmented MP4 from a key frame on, in parts of less than a second, with one init at its beginning.

    Where the camera goes on with other streams (another size, sound that comes or goes) a clip cannot go on:
    libavformat skips a second init, and MediaSource refuses one with other tracks.
    """

    def __init__(
        self,
        sending: Sending,
        camera_id: str,
        first: Packet,
        *,
        began_ms: int,
        part_ms: int = PART_MS,
        context: Context | None = None,
    ) -> None:
        """`first` is a key frame and is taken with `add`, as all others; it lies at `began_ms` on the wall clock."""
        stamp = context(began_ms, 0) if context else None
        self._writer = PartWriter(sending, camera_id, first, part_ms=part_ms, context=stamp, began_ms=began_ms)
        self._last_us: dict[str, int] = {}

    @property
    def began_us(self) -> int:
        """Decoding time of the first picture."""
        return self._writer.began_us

    @property
    def written(self) -> PartWriter:
        """The file: what is in it, and how it counts time."""
        return self._writer

    def add(self, packet: Packet, part_ms: int | None = None) -> list[Part]:
        """Take the next packet; one that the ring already gave is not taken twice."""
        began_us = self._writer.began_us if packet.kind == "audio" else packet.dts_us
        if packet.dts_us < began_us or packet.dts_us <= self._last_us.get(packet.kind, -1):
            return []
        self._last_us[packet.kind] = packet.dts_us
        return self._writer.add(packet, part_ms)

    def finish(self, ends_us: int | None = None) -> list[Part]:
        """All that is left; `ends_us` is when the next picture begins, where that is known."""
        return self._writer.finish(ends_us)
