"""AAC: raw frames in MP4, with ADTS headers from some cameras."""

from __future__ import annotations

import struct
from dataclasses import replace

from nightlatch.pixels.codecs.codec import AudioStream
from nightlatch.pixels.codecs.mp4 import full_box, sound_entry

FRAME = 1024  # samples
_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


def rfc6381(stream: AudioStream) -> str:
    """`mp4a.40.` and the kind of object that its AudioSpecificConfig names (ISO/IEC 14496-3, 1.6.2.1)."""
    first = int.from_bytes(stream.extradata[:2].ljust(2, b"\0"))
    kind = first >> 11
    return f"mp4a.40.{32 + (first >> 5 & 63) if kind == 31 else kind or 2}"


def sample_entry(stream: AudioStream) -> bytes:
    """`mp4a` with its `esds`."""
    return sound_entry(b"mp4a", stream, full_box(b"esds", 0, 0, _esds(stream.extradata)))


def rate(told: int) -> int:
    """As the container says."""
    return told


def samples(stream: AudioStream, data: bytes) -> int:
    """The same in each frame."""
    return FRAME


def described(stream: AudioStream, data: bytes) -> AudioStream:
    """With an AudioSpecificConfig from the ADTS header, where there was none."""
    if stream.extradata or not _has_header(data):
        return stream
    profile, index = (data[2] >> 6) + 1, data[2] >> 2 & 15
    channels = (data[2] & 1) << 2 | data[3] >> 6
    config = (profile << 11 | index << 7 | channels << 3).to_bytes(2)
    hertz = _ADTS_RATES[index] if index < len(_ADTS_RATES) else stream.sample_rate
    return replace(stream, sample_rate=hertz, channels=channels or stream.channels, extradata=config)


def unwrapped(data: bytes) -> bytes:
    """Without an ADTS header (ISO/IEC 13818-7, 6.2), with or without its checksum."""
    if not _has_header(data):
        return data
    return data[7:] if data[1] & 1 else data[9:]


def _has_header(data: bytes) -> bool:
    return len(data) >= 9 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x80, 0x80, 0x80, len(content))) + content


def _esds(config: bytes) -> bytes:
    """ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5) around an AudioSpecificConfig."""
    decoder = _descriptor(4, bytes((0x40, 0x15)) + bytes(3) + struct.pack(">II", 0, 0) + _descriptor(5, config))
    return _descriptor(3, struct.pack(">HB", 0, 0) + decoder + _descriptor(6, b"\2"))
