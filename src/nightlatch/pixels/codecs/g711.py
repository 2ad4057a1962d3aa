"""G.711, µ-law and A-law: one byte a sample. It is kept as it comes, but no browser plays it from MP4."""

from __future__ import annotations

from collections.abc import Mapping

from nightlatch.pixels.codecs.codec import AudioStream, SoundGathering
from nightlatch.pixels.codecs.mp4 import sound_entry

_ENTRIES = {"pcm_mulaw": b"ulaw", "pcm_alaw": b"alaw"}
_ENCODINGS = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}
_RATES = range(4_000, 65_536)  # what MP4 has room for


def rfc6381(stream: AudioStream) -> None:
    """No browser has a name for it."""


def sample_entry(stream: AudioStream) -> bytes:
    """`ulaw` or `alaw` (QuickTime File Format)."""
    return sound_entry(_ENTRIES[stream.codec], stream)


def gathering(encoding: str, rate: int, channels: int, parameters: Mapping[str, str]) -> SoundGathering:
    """Samples follow the RTP header at once (RFC 3551, 4.5.14)."""
    if rate not in _RATES or channels not in (1, 2):
        raise ValueError("Its sound (G.711) has a rate that cannot be recorded. Set the camera's audio to 8 kHz, mono.")
    return _LawGathering(AudioStream(_ENCODINGS[encoding], rate, channels))


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


class _LawGathering:
    def __init__(self, stream: AudioStream) -> None:
        self.stream = stream

    def add(self, payload: bytes) -> list[bytes]:
        return [payload] if payload else []

    def lose(self) -> None:
        """Each payload stands alone."""
