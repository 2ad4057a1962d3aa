"""G.711, µ-law and A-law: one byte a sample. It is kept as it comes, but no browser plays it from MP4."""

from __future__ import annotations

from nightlatch.pixels.codecs.codec import AudioStream
from nightlatch.pixels.codecs.mp4 import sound_entry

_ENTRIES = {"pcm_mulaw": b"ulaw", "pcm_alaw": b"alaw"}


def rfc6381(stream: AudioStream) -> None:
    """No browser has a name for it."""


def sample_entry(stream: AudioStream) -> bytes:
    """`ulaw` or `alaw` (QuickTime File Format)."""
    return sound_entry(_ENTRIES[stream.codec], stream)


def rate(told: int) -> int:
    """As the container says."""
    return told


def samples(stream: AudioStream, data: bytes) -> int:
    """A byte each."""
    return len(data) // stream.channels


def described(stream: AudioStream, data: bytes) -> AudioStream:
    """A packet says nothing more."""
    return stream


def unwrapped(data: bytes) -> bytes:
    """As it is."""
    return data
