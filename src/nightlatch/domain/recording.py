"""What recording makes: packets in, segments, parts, clips and stills out. All of it still unsealed here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A few seconds of one camera are complete: the parts with this `seq` are one playable fragmented MP4.

    It starts on a key frame, but after a forced cut (segmenter.py).
    """

    camera_id: str
    seq: int  # counts up per camera and run, from 0
    began_ms: int
    duration_ms: int
    codecs: str  # RFC 6381, e.g. "avc1.64001f,mp4a.40.2"


@dataclass(frozen=True, slots=True)
class Part:
    """Less than a second of a segment or clip that grows: fragments only, or with the init in front if `index` is 0.

    Parts of one segment (or clip), concatenated in order of `index`, are one playable fragmented MP4. Two segments of
    a camera may grow at once, for as long as the older one waits for late sound.
    """

    camera_id: str
    began_ms: int  # of the part itself
    duration_ms: int
    index: int
    mp4: bytes
    seq: int = 0  # of its segment; 0 for a clip's


@dataclass(frozen=True, slots=True)
class Still:
    """A small JPEG of one moment."""

    camera_id: str
    at_ms: int
    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """A minute of stills in one JPEG, `columns` wide, row by row; `at_ms[i]` is the moment of cell i."""

    camera_id: str
    began_ms: int
    at_ms: tuple[int, ...]
    columns: int
    cell_width: int
    cell_height: int
    jpeg: bytes
