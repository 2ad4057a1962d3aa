"""The sub-stream beside a main stream that few browsers play: laid into the main stream's segments, out of its way.

Each of its parts becomes one `uuid` box behind the fragment of a main part. Players skip such a box; the owner's page
takes it out and plays it where the browser cannot play the main stream. So it is sealed, kept and deleted with what it
stands for, and no file, row or name is needed for it. It is cut into segments of its own, at its own key frames, and
each of them says in its context when it began.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import replace

from nightlatch.domain.recording import Part
from nightlatch.pixels.codecs import box
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.segmenter import Context, Segmenter

BESIDE_UUID = bytes.fromhex("6e6c6c7463684e4c8000000000000002")
MOST_WAITING = 4 << 20  # bytes that wait for a main part; a sub-stream has some 50,000 a second


def is_wanted(main: Streams, sub: Streams) -> bool:
    """Whether the sub-stream is worth keeping: browsers play it, and few of them the main one."""
    return main.video.codec == "hevc" and sub.video.codec == "h264"


def laid_in(mp4: bytes) -> list[bytes]:
    """The parts of the sub-stream in a part or a file, in order."""
    found, at = [], 0
    while at + 24 <= len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        if size < 8 or at + size > len(mp4):
            break
        if kind == b"uuid" and mp4[at + 8 : at + 24] == BESIDE_UUID:
            found.append(mp4[at + 24 : at + size])
        at += size
    return found


class Beside:
    """Packets of the sub-stream in; its parts leave with the main stream's. One thread."""

    def __init__(self, streams: Streams, camera_id: str, *, context: Context | None = None) -> None:
        """`context` is stamped into each segment, as into the main stream's: the page places them by it."""
        self._segmenter = Segmenter(streams, camera_id, context=context)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0

    def add(self, packet: Packet) -> None:
        """Take the next packet. While no main part takes them along, the oldest parts go."""
        for item in self._segmenter.add(packet):
            if isinstance(item, Part):
                self._waiting.append(item.mp4)
                self._bytes += len(item.mp4)
        while self._bytes > MOST_WAITING:
            self._bytes -= len(self._waiting.popleft())

    def lay_into(self, part: Part) -> Part:
        """A part of the main stream with what waits behind it."""
        if not self._waiting:
            return part
        boxes = [box(b"uuid", BESIDE_UUID, mp4) for mp4 in self._waiting]
        self._waiting.clear()
        self._bytes = 0
        return replace(part, mp4=b"".join((part.mp4, *boxes)))
