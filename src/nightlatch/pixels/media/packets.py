"""Encoded packets and what their streams are: plain values, safe to share between threads.

A packet keeps the camera's bytes untouched but for framing, as its codec has it in MP4. `dts_us` and
`pts_us` run on without jumps for as long as the source is open; `at_ms` places the packet on the hub's clock and
may step (by more than half a second, at a key frame only) where the camera's clock has drifted away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nightlatch.errors import Reason
from nightlatch.pixels.codecs import AudioStream, VideoStream, rfc6381

Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Streams:
    """What a source sends. `audio` is there only if sound has really come."""

    video: VideoStream
    audio: AudioStream | None = None

    @property
    def codecs(self) -> str:
        """RFC 6381 list for `video/mp4; codecs="…"`; G.711 is left out, as browsers skip that track."""
        names = (rfc6381(self.video), rfc6381(self.audio) if self.audio else None)
        return ",".join(name for name in names if name)


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
    streams: Streams | None = None  # on key frames: what the source sends from here on, sound included
    is_torn: bool = False  # it, or something that it is predicted from, did not arrive: no picture to look at
    missing: Reason | None = None  # why no picture came for some seconds before this one

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)
