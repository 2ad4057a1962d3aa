"""What comes out of a camera, a device or a file before it has a place on the hub's clock.

A feed is asked once a tick and never waits: it hands out what has come since. Ours speaks RTSP itself; FFmpeg's reads
in a thread of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol

from nightlatch.pixels.codecs import AudioStream, VideoStream
from nightlatch.pixels.media.packets import Kind

Receiver = Literal["nightlatch", "ffmpeg"]


@dataclass(frozen=True, slots=True)
class Raw:
    """A packet as it came: camera's own timestamps, bytes already framed for MP4."""

    kind: Kind
    is_key: bool
    dts: int | None
    pts: int | None
    base: Fraction
    duration_us: int  # 0 where unknown
    data: bytes = field(repr=False)
    video: VideoStream | None  # on key frames
    arrival_us: int = 0  # on a clock that cannot be set (time.monotonic)
    clock_us: int | None = None  # this moment on the camera's own clock (RTCP sender reports), where it tells
    is_torn: bool = False  # it, or something that it is predicted from, did not arrive
    follows_overload: bool = False  # what came before it was let go, as the hub was too slow


class Feed(Protocol):
    """Where raw packets come from; all calls come from one thread and return at once."""

    is_live: bool  # arrival means something: not for films

    @property
    def receiver(self) -> Receiver:
        """Who speaks to it."""
        ...

    @property
    def audio(self) -> AudioStream | None:
        """The sound that was announced and can be kept, as it is described by now."""
        ...

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each track that is not recorded: which, and why."""
        ...

    def poll(self, now_us: int) -> list[Raw]:
        """What has come since the last call, in order; `now_us` on the clock of `Raw.arrival_us`.

        Raises:
            SourceError: it cannot be opened or read, or has ended; all that came before was handed out.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
