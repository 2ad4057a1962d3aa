"""What a codec is to everybody else: how its packets are framed, what MP4 and browsers call it.

Each codec is one module that has these functions, and one line in `codecs/__init__.py`; a name is libavcodec's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class VideoStream:
    """Pictures as the camera sends them; `extradata` is what MP4 keeps of their parameters (H.264: an avcC record)."""

    width: int
    height: int
    fps: float | None
    extradata: bytes = field(repr=False)
    codec: str = "h264"


@dataclass(frozen=True, slots=True)
class AudioStream:
    """Sound as the camera sends it; `extradata` is an AudioSpecificConfig (AAC), an OpusHead or empty."""

    codec: str
    sample_rate: int
    channels: int
    extradata: bytes = field(default=b"", repr=False)


class Framing(Protocol):
    """Turns packets of one stream into samples as MP4 wants them, and notices new parameters. State for one source."""

    @property
    def video(self) -> VideoStream | None:
        """What the stream is by now; None until its parameters have come."""
        ...

    def frame(self, data: bytes, is_key: bool) -> bytes:
        """The sample of a packet; empty when nothing is in it."""
        ...

    def frame_units(self, units: Sequence[bytes], is_key: bool) -> bytes:
        """The sample of an access unit, from its NAL units without start codes; empty when nothing is in it."""
        ...


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture as RTP brought it: its NAL units without start codes, in order."""

    units: tuple[bytes, ...] = field(repr=False)
    is_key: bool  # a picture that decoding can begin with
    is_whole: bool  # nothing of it was lost on the way


class Gathering(Protocol):
    """Puts the access units of one track together from RTP payloads. State for one session; never raises."""

    def add(self, payload: bytes) -> None:
        """The next payload of the open access unit. What makes no sense counts as lost."""
        ...

    def lose(self) -> None:
        """Packets are missing between the last payload and the next."""
        ...

    def take(self) -> AccessUnit | None:
        """End the open access unit (marker bit, or another timestamp began); None when nothing is in it."""
        ...


class SoundGathering(Protocol):
    """Takes frames of sound out of RTP payloads. State for one session; never raises."""

    @property
    def stream(self) -> AudioStream | None:
        """What it is by now; None until it can be described."""
        ...

    def add(self, payload: bytes) -> list[bytes]:
        """The whole frames in this payload, as MP4 wants them."""
        ...

    def lose(self) -> None:
        """Packets are missing between the last payload and the next."""
        ...


class Counting(Protocol):
    """How a stream counts its pictures, so that some can be left out without the decoder noticing."""

    def renumbered(self, sample: bytes, count: int) -> bytes | None:
        """The sample as the `count`-th picture after its key frame; None for what is no predicted picture."""
        ...

    def starts_anew(self, sample: bytes) -> bool:
        """Whether counting begins at 0 after this sample."""
        ...


class Following(Protocol):
    """Notices where pictures of a stream are missing, by how it counts them. State for one source; never raises."""

    def misses(self, sample: bytes, is_key: bool) -> bool:
        """Take the next picture; whether one that it may be predicted from did not come."""
        ...


class PictureCodec(Protocol):
    """A module that knows one codec of pictures."""

    def rfc6381(self, stream: VideoStream) -> str:
        """What a browser calls it."""
        ...

    def sample_entry(self, stream: VideoStream) -> bytes:
        """Its box in MP4's `stsd`."""
        ...

    def framing(self, extradata: bytes, fps: float | None) -> Framing:
        """For a new source whose container says `extradata`."""
        ...

    def gathering(self) -> Gathering:
        """For a new RTP session."""
        ...

    def announced(self, parameters: Mapping[str, str]) -> bytes:
        """The parameter sets in SDP's `fmtp` as Annex B, for `framing`; empty where there are none."""
        ...

    def begins_picture(self, sample: bytes) -> bool:
        """Whether a sample is a picture from its beginning, and not the rest of the one before."""
        ...

    def without_parameters(self, sample: bytes) -> bytes:
        """The sample as the rest of a picture that came in pieces."""
        ...

    def numbering(self, stream: VideoStream) -> Counting | None:
        """How its pictures are counted; None where that cannot be told or is too rare to be worth it."""
        ...

    def following(self, stream: VideoStream) -> Following | None:
        """How its pictures follow one another; None where that cannot be told, or where the decoder notices."""
        ...

    def parameter_sets(self, unit: bytes) -> tuple[bytes, ...]:
        """Those in an access unit as an encoder makes it; empty where there are none."""
        ...

    def payloads(self, unit: bytes, most: int) -> list[bytes]:
        """An access unit as RTP payloads of about `most` bytes, in order."""
        ...


class SoundCodec(Protocol):
    """A module that knows one codec of sound."""

    def rfc6381(self, stream: AudioStream) -> str | None:
        """What a browser calls it; None when no browser plays it from MP4."""
        ...

    def sample_entry(self, stream: AudioStream) -> bytes:
        """Its box in MP4's `stsd`."""
        ...

    def gathering(self, encoding: str, rate: int, channels: int, parameters: Mapping[str, str]) -> SoundGathering:
        """For a new RTP session: SDP's `rtpmap` (the encoding in capitals) and `fmtp`.

        Raises:
            ValueError: it cannot be kept; the text is a sentence for the owner.
        """
        ...

    def rate(self, told: int) -> int:
        """The rate at which its samples count when the container says `told`."""
        ...

    def samples(self, stream: AudioStream, data: bytes) -> int:
        """How many samples of each channel a packet holds."""
        ...

    def described(self, stream: AudioStream, data: bytes) -> AudioStream:
        """The stream, with what a packet says of it where the container said nothing."""
        ...

    def unwrapped(self, data: bytes) -> bytes:
        """A packet without headers that MP4 has no place for."""
        ...
