"""A clip's manifest: what the clip says of itself, inside the seal. `write_manifest` and `read_manifest` are inverses.

The hash of each sealed part is what lets an owner trust the parts, wherever they were kept. Keys are only ever added:
a manifest without a judgement (from a hub that could not see yet, or of an event that is still being watched) is read,
and keys that this version does not know are ignored. A change that old readers would misread raises `VERSION`.
The same cases, good and bad, bind this file and web/shared/manifest.ts: tests/domain/manifests.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NoReturn

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Judgement, Kind, Place, Track, Verdict
from nightlatch.errors import SealError

VERSION = 1
MOST_TRACKS = 12  # in a manifest
MOST_PLACES = 150  # of each track
LARGEST_INTEGER = 2**53 - 1  # what JavaScript reads without rounding
_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=\Z")


class NotAManifest(SealError):
    """Bytes that opened, but that no hub of ours wrote."""


@dataclass(frozen=True, slots=True)
class SealedPart:
    """A part of a clip, as it lies sealed on a disk: at most about a second."""

    n: int  # counts from 0
    sha256: str  # b64, of the sealed bytes
    bytes: int  # of the sealed bytes
    began_ms: int
    duration_ms: int

    @property
    def ended_ms(self) -> int:
        return self.began_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class SealedStill:
    """The clip's still, as it lies sealed on a disk."""

    sha256: str  # b64, of the sealed bytes
    bytes: int  # of the sealed bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Rendition:
    """The same clip as the camera's sub-stream has it, for browsers that do not play the main one."""

    codecs: str  # RFC 6381
    width: int
    height: int
    parts: tuple[SealedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a clip says of itself. Times are epoch ms."""

    household: str
    camera: str
    camera_name: str
    event: str
    onset_ms: int
    began_ms: int
    codecs: str  # RFC 6381
    width: int
    height: int
    fps: float | None
    audio: str | None  # the codec's name, as FFmpeg calls it
    ended_ms: int | None = None  # None while the clip grows
    still: SealedStill | None = None
    judgement: Judgement | None = None  # `abridged`; None until something is known
    eye: str | None = None  # the name of the eye that looked
    sub: Rendition | None = None  # kept where few browsers play the main stream
    parts: tuple[SealedPart, ...] = ()

    @property
    def suffix(self) -> str:
        """File suffix of the opened clip: MP4 has no place for raw sound."""
        return ".mov" if (self.audio or "").startswith("pcm") else ".mp4"

    def with_part(self, part: SealedPart) -> Manifest:
        """The manifest with one more part; the clip begins where its first part does."""
        began_ms = self.began_ms if self.parts else part.began_ms
        return replace(self, began_ms=began_ms, parts=(*self.parts, part))

    def with_sub_part(self, part: SealedPart) -> Manifest:
        """The manifest with one more part of the sub-stream, which `sub` describes already."""
        return self if self.sub is None else replace(self, sub=replace(self.sub, parts=(*self.sub.parts, part)))


def abridged(judgement: Judgement) -> Judgement:
    """What a manifest says of a judgement: the tracks that matter most, known things and long stays first, thinned."""
    tracks = sorted(judgement.tracks, key=_importance)[:MOST_TRACKS]
    return replace(judgement, threat=round(judgement.threat, 3), tracks=tuple(thinned(track) for track in tracks))


def thinned(track: Track) -> Track:
    """A track with at most `MOST_PLACES` places, evenly taken, and fractions of the picture to a thousandth."""
    step = -(-len(track.path) // MOST_PLACES)
    path = track.path[::step] if step > 1 else track.path
    return replace(track, score=round(track.score, 2), path=tuple(_rounded(place) for place in path))


def _rounded(place: Place) -> Place:
    left, top, right, bottom = (round(edge, 3) for edge in _edges(place.box))
    return Place(place.at_ms, Box(left, top, right, bottom))


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _importance(track: Track) -> tuple[bool, int]:
    return track.kind is Kind.MOTION, track.path[0].at_ms - track.path[-1].at_ms


def write_manifest(manifest: Manifest) -> bytes:
    """The bytes that are sealed: JSON with short separators, ASCII. Numbers are finite."""
    still, judgement = manifest.still, manifest.judgement
    fields: dict[str, object] = {
        "v": VERSION,
        "camera": manifest.camera,
        "event": manifest.event,
        "kind": "motion",  # nobody reads it; it has been here since the first version
        "onset_ms": manifest.onset_ms,
        "began_ms": manifest.began_ms,
        "ended_ms": manifest.ended_ms,
        "still": None if still is None else {"sha256": still.sha256, "bytes": still.bytes, "at_ms": still.at_ms},
        "household": manifest.household,
        "camera_name": manifest.camera_name,
        "codecs": manifest.codecs,
        "width": manifest.width,
        "height": manifest.height,
        "fps": manifest.fps,
        "audio": manifest.audio,
    }
    if judgement is not None:
        fields |= {
            "kinds": [kind.value for kind in judgement.kinds],
            "verdict": judgement.verdict.value,
            "threat": judgement.threat,
            "reasons": list(judgement.reasons),
        }
    if manifest.eye is not None:
        fields["eye"] = manifest.eye
    if judgement is not None:
        fields["tracks"] = [_written_track(track) for track in judgement.tracks]
    if manifest.sub is not None:
        fields["sub"] = _written_rendition(manifest.sub)
    fields["parts"] = [asdict(part) for part in manifest.parts]
    return json.dumps(fields, separators=(",", ":")).encode()


def _written_rendition(sub: Rendition) -> dict[str, object]:
    parts = [asdict(part) for part in sub.parts]
    return {"codecs": sub.codecs, "width": sub.width, "height": sub.height, "parts": parts}


def _written_track(track: Track) -> dict[str, object]:
    path = [[place.at_ms, *_edges(place.box)] for place in track.path]
    return {"id": track.id, "kind": track.kind.value, "score": track.score, "path": path}


def read_manifest(raw: bytes) -> Manifest:
    """The manifest in `raw`, UTF-8 with any padding of spaces behind it. Raises `NotAManifest`."""
    try:
        fields = json.loads(raw.decode(), parse_constant=_refuse_constant)
        if _whole(_field(fields, "v")) > VERSION:
            raise NotAManifest("This clip was recorded by a newer Nightlatch. Update this one to open it.")
        return _read(fields)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise NotAManifest("The manifest of this clip is not one that Nightlatch wrote.") from None


def _read(fields: object) -> Manifest:
    ended, still, fps, audio = (_field(fields, name) for name in ("ended_ms", "still", "fps", "audio"))
    eye, sub = _optional(fields, "eye"), _optional(fields, "sub")
    return Manifest(
        household=_text(_field(fields, "household")),
        camera=_text(_field(fields, "camera")),
        camera_name=_text(_field(fields, "camera_name")),
        event=_text(_field(fields, "event")),
        onset_ms=_whole(_field(fields, "onset_ms")),
        began_ms=_whole(_field(fields, "began_ms")),
        codecs=_text(_field(fields, "codecs")),
        width=_whole(_field(fields, "width")),
        height=_whole(_field(fields, "height")),
        fps=None if fps is None else _number(fps),
        audio=None if audio is None else _text(audio),
        ended_ms=None if ended is None else _whole(ended),
        still=None if still is None else _read_still(still),
        judgement=_read_judgement(fields),
        eye=None if eye is None else _text(eye),
        sub=None if sub is None else _read_rendition(sub),
        parts=_read_parts(fields),
    )


def _read_rendition(fields: object) -> Rendition:
    return Rendition(
        codecs=_text(_field(fields, "codecs")),
        width=_whole(_field(fields, "width")),
        height=_whole(_field(fields, "height")),
        parts=_read_parts(fields),
    )


def _read_parts(fields: object) -> tuple[SealedPart, ...]:
    return tuple(_read_part(index, part) for index, part in enumerate(_list(_field(fields, "parts"))))


def _read_part(index: int, fields: object) -> SealedPart:
    if _whole(_field(fields, "n")) != index:
        raise ValueError("parts are numbered in order, from 0")
    return SealedPart(
        n=index,
        sha256=_sha256(_field(fields, "sha256")),
        bytes=_whole(_field(fields, "bytes")),
        began_ms=_whole(_field(fields, "began_ms")),
        duration_ms=_whole(_field(fields, "duration_ms")),
    )


def _read_still(fields: object) -> SealedStill:
    return SealedStill(
        _sha256(_field(fields, "sha256")), _whole(_field(fields, "bytes")), _whole(_field(fields, "at_ms"))
    )


def _read_judgement(fields: object) -> Judgement | None:
    verdict = _optional(fields, "verdict")
    if verdict is None:
        return None
    return Judgement(
        verdict=Verdict(_text(verdict)),
        threat=_number(_field(fields, "threat")),
        reasons=tuple(_text(reason) for reason in _list(_field(fields, "reasons"))),
        kinds=tuple(Kind(_text(kind)) for kind in _list(_field(fields, "kinds"))),
        tracks=tuple(_read_track(track) for track in _list(_optional(fields, "tracks") or [])),
    )


def _read_track(fields: object) -> Track:
    path = tuple(_read_place(place) for place in _list(_field(fields, "path")))
    if not path:
        raise ValueError("a track is somewhere")
    return Track(
        _whole(_field(fields, "id")), Kind(_text(_field(fields, "kind"))), _number(_field(fields, "score")), path
    )


def _read_place(fields: object) -> Place:
    at_ms, left, top, right, bottom = _list(fields)
    return Place(_whole(at_ms), Box(_number(left), _number(top), _number(right), _number(bottom)))


def _field(fields: object, name: str) -> object:
    if not isinstance(fields, Mapping):
        raise TypeError(f"{name} is looked for in something that is not an object")
    return fields[name]


def _optional(fields: object, name: str) -> object:
    return fields.get(name) if isinstance(fields, Mapping) else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text is expected")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a finite number is expected")
    return float(value)


def _whole(value: object) -> int:
    """A whole number, which JSON may write as 2.0 as well; never negative: times, sizes and counts."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else _number(value)
    if number != int(number) or not 0 <= number <= LARGEST_INTEGER:
        raise ValueError("a whole number is expected")
    return int(number)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value


def _sha256(value: object) -> str:
    text = _text(value)
    if not _SHA256.match(text):
        raise ValueError("a SHA-256 in base64 is expected")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
