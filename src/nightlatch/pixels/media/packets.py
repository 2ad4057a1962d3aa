"""Encoded packets and what their streams are: plain values, safe to share between threads.

A packet keeps the camera's bytes untouched but for framing (video NAL units get four-byte lengths). `dts_us` and
`pts_us` run on without jumps for as long as the source is open; `at_ms` places the packet on the hub's clock and
may step (by more than half a second, at a key frame only) where the camera's clock had drifted away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["video", "audio"]
AudioCodec = Literal["aac", "opus", "pcm_mulaw", "pcm_alaw"]


@dataclass(frozen=True, slots=True)
class VideoStream:
    """An H.264 stream; `extradata` is its avcC record."""

    width: int
    height: int
    fps: float | None
    extradata: bytes = field(repr=False)
    codec: str = "h264"

    @property
    def rfc6381(self) -> str:
        """`avc1.` and profile, constraints and level (RFC 6381, 3.3)."""
        return "avc1." + self.extradata[1:4].hex()


@dataclass(frozen=True, slots=True)
class AudioStream:
    """Sound as the camera sends it; `extradata` is an AudioSpecificConfig (AAC), an OpusHead or empty."""

    codec: AudioCodec
    sample_rate: int
    channels: int
    extradata: bytes = field(default=b"", repr=False)

    @property
    def rfc6381(self) -> str | None:
        """What a browser calls it; None for G.711, which no browser plays from MP4."""
        if self.codec == "aac":
            first = int.from_bytes(self.extradata[:2].ljust(2, b"\0"))
            kind = first >> 11
            return f"mp4a.40.{32 + (first >> 5 & 63) if kind == 31 else kind or 2}"
        return "opus" if self.codec == "opus" else None


@dataclass(frozen=True, slots=True)
class Streams:
    """What a source sends. `audio` is there only if sound has really come."""

    video: VideoStream
    audio: AudioStream | None = None

    @property
    def codecs(self) -> str:
        """RFC 6381 list for `video/mp4; codecs="…"`; G.711 is left out, as browsers skip that track."""
        sound = self.audio.rfc6381 if self.audio else None
        return f"{self.video.rfc6381},{sound}" if sound else self.video.rfc6381


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture or a little sound."""

    kind: Kind
    is_key: bool
    at_ms: int  # hub's clock, by decoding time
    duration_ms: int
    dts_us: int
    pts_us: int
    data: bytes = field(repr=False)
    video: VideoStream | None = None  # on key frames: what the stream is from here on

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)
