"""Opus ("Encapsulation of Opus in ISO Base Media File Format", version 0.8.1)."""

from __future__ import annotations

import struct

from nightlatch.pixels.codecs.codec import AudioStream
from nightlatch.pixels.codecs.mp4 import box, sound_entry

RATE = 48_000  # whatever was recorded: its samples count at this rate (RFC 7845, 5.1)
FRAME = 960  # samples, 20 ms: what cameras send


def rfc6381(stream: AudioStream) -> str:
    """Its name alone."""
    return "opus"


def sample_entry(stream: AudioStream) -> bytes:
    """`Opus` with its `dOps`."""
    return sound_entry(b"Opus", stream, box(b"dOps", _dops(stream)))


def rate(told: int) -> int:
    """Always the same."""
    return RATE


def samples(stream: AudioStream, data: bytes) -> int:
    """The usual number: the packet is not looked into."""
    return FRAME


def described(stream: AudioStream, data: bytes) -> AudioStream:
    """A packet says nothing more."""
    return stream


def unwrapped(data: bytes) -> bytes:
    """As it is."""
    return data


def _dops(stream: AudioStream) -> bytes:
    """OpusSpecificBox (4.3.2) from an OpusHead, or a plain one without."""
    head = stream.extradata
    if head[:8] == b"OpusHead" and len(head) >= 19:
        channels, skip, hertz, gain, family = struct.unpack_from("<BHIhB", head, 9)
        return struct.pack(">BBHIhB", 0, channels, skip, hertz, gain, family) + (head[19:] if family else b"")
    return struct.pack(">BBHIhB", 0, stream.channels, 0, stream.sample_rate, 0, 0)
