"""Opus ("Encapsulation of Opus in ISO Base Media File Format", version 0.8.1)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from nightlatch.pixels.codecs.codec import AudioStream, SoundGathering
from nightlatch.pixels.codecs.mp4 import box, sound_entry

RATE = 48_000  # whatever was recorded: its samples count at this rate (RFC 7845, 5.1)
# Samples of a frame by the configuration in its first byte (RFC 6716, table 2): SILK, hybrid and CELT.
_FRAMES = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
_LONGEST = 5760  # samples: a packet holds 120 ms at most


def rfc6381(stream: AudioStream) -> str:
    """Its name alone."""
    return "opus"


def sample_entry(stream: AudioStream) -> bytes:
    """`Opus` with its `dOps`."""
    return sound_entry(b"Opus", stream, box(b"dOps", _dops(stream)))


def gathering(encoding: str, rate: int, channels: int, parameters: Mapping[str, str]) -> SoundGathering:
    """A packet each (RFC 7587, 4.2); channels are always announced as two, whatever is inside."""
    return _OpusGathering()


def rate(told: int) -> int:
    """Always the same."""
    return RATE


def samples(stream: AudioStream, data: bytes) -> int:
    """By its first byte: how long a frame is, and how many there are (RFC 6716, 3.1)."""
    if not data:
        return 0
    code = data[0] & 3
    count = (data[1] & 63 if len(data) > 1 else 1) if code == 3 else (1, 2, 2)[code]
    return min(_LONGEST, _FRAMES[data[0] >> 3] * count)


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


class _OpusGathering:
    def __init__(self) -> None:
        self.stream = AudioStream("opus", RATE, 2)

    def add(self, payload: bytes) -> list[bytes]:
        return [payload] if payload else []

    def lose(self) -> None:
        """Each payload stands alone."""
