"""Boxes of ISO/IEC 14496-12, and the sample entries that all codecs share."""

from __future__ import annotations

import struct

from nightlatch.pixels.codecs.codec import AudioStream, VideoStream


def box(kind: bytes, *payload: bytes) -> bytes:
    """One box: size, type, content."""
    content = b"".join(payload)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def picture_entry(kind: bytes, stream: VideoStream, *boxes: bytes) -> bytes:
    """VisualSampleEntry (12.1.3) with the codec's own boxes."""
    head = bytes(6) + struct.pack(">H16xHHII4xH32xHh", 1, stream.width, stream.height, 0x480000, 0x480000, 1, 24, -1)
    return box(kind, head, *boxes)


def sound_entry(kind: bytes, stream: AudioStream, *boxes: bytes) -> bytes:
    """AudioSampleEntry (12.2.3) with the codec's own boxes, which alone tell of rates that it has no room for."""
    rate = stream.sample_rate if stream.sample_rate < 1 << 16 else 0
    head = bytes(6) + struct.pack(">H8xHHHHI", 1, stream.channels, 16, 0, 0, rate << 16)
    return box(kind, head, *boxes)
