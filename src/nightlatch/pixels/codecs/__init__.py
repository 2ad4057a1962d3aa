"""Codecs: the only room that knows what is inside of a packet: NAL units, parameter sets, sample entries, names.

Everybody else imports from here and names a codec by its name. Another codec is one file beside these and one line
below; nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Mapping

from nightlatch.pixels.codecs import aac, g711, h264, hevc, opus
from nightlatch.pixels.codecs.codec import (
    AudioStream,
    Counting,
    Following,
    Framing,
    Gathering,
    PictureCodec,
    SoundCodec,
    SoundGathering,
    VideoStream,
)
from nightlatch.pixels.codecs.mp4 import box, full_box

__all__ = (
    "ENCODINGS",
    "PICTURES",
    "SOUNDS",
    "AudioStream",
    "Counting",
    "Following",
    "Framing",
    "Gathering",
    "PictureCodec",
    "SoundCodec",
    "SoundGathering",
    "VideoStream",
    "box",
    "following",
    "full_box",
    "numbering",
    "rfc6381",
    "sample_entry",
)

PICTURES: Mapping[str, PictureCodec] = {"h264": h264, "hevc": hevc}
SOUNDS: Mapping[str, SoundCodec] = {"aac": aac, "opus": opus, "pcm_mulaw": g711, "pcm_alaw": g711}
# What SDP calls them (`rtpmap`, in capitals).
ENCODINGS: Mapping[str, str] = {
    "H264": "h264",
    "H265": "hevc",
    "MPEG4-GENERIC": "aac",
    "MP4A-LATM": "aac",
    "OPUS": "opus",
    "PCMU": "pcm_mulaw",
    "PCMA": "pcm_alaw",
}


def rfc6381(stream: VideoStream | AudioStream) -> str | None:
    """What a browser calls the stream's codec; None when no browser plays it from MP4."""
    if isinstance(stream, VideoStream):
        return PICTURES[stream.codec].rfc6381(stream)
    return SOUNDS[stream.codec].rfc6381(stream)


def sample_entry(stream: VideoStream | AudioStream) -> bytes:
    """The stream's box in MP4's `stsd`."""
    if isinstance(stream, VideoStream):
        return PICTURES[stream.codec].sample_entry(stream)
    return SOUNDS[stream.codec].sample_entry(stream)


def numbering(stream: VideoStream) -> Counting | None:
    """How the stream counts its pictures; None where we cannot tell, as in a film of any other codec."""
    codec = PICTURES.get(stream.codec)
    return codec.numbering(stream) if codec is not None else None


def following(stream: VideoStream) -> Following | None:
    """How the stream's pictures follow one another; None where we cannot tell, or where the decoder notices."""
    codec = PICTURES.get(stream.codec)
    return codec.following(stream) if codec is not None else None
