"""Where everything lies in the vault. The only file that knows a path or the form of a name.

    CAMERA/open.parts                                       how the segments that grow would end (tails.py)
    CAMERA/.RUN-NUMBER.open                                 a segment that grows: what is final of it
    CAMERA/segments/DAY/BEGAN-LENGTH-RUN[.pNN].age          DAY as YYYYMMDD (UTC), times in ms, RUN four hex digits;
                                                            .pNN goes on where a crash or a failure ended a file
    CAMERA/sheets/DAY/BEGAN-LENGTH-CELLS.age
    CAMERA/clips/CLIP/{manifest,still,part-NNNN,sub-NNNN}.age, times.json
    .NAME.BYTES-NUMBER.tmp, beside its place                written, but not known to be on the disk
    .CAMERA.gone, CAMERA/clips/.CLIP.gone                   being deleted

A name is never trusted for what a file shows: the camera and the time are inside the sealed bytes, too, where the
owner's browser checks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from nightlatch.errors import VaultError

TAILS = "open.parts"
TIMES = "times.json"
MANIFEST = "manifest"
STILL = "still"
_CAMERA = re.compile(r"[0-9a-f]{12}\Z")
_CLIP = re.compile(r"[0-9a-f]{16}\Z")
_SEGMENT = re.compile(r"(?a)([0-9a-f]{12})/segments/\d{8}/(\d{1,15})-(\d{1,9})-[0-9a-f]{4}(?:\.p(\d{1,4}))?\.age\Z")
_SHEET = re.compile(r"(?a)([0-9a-f]{12})/sheets/\d{8}/(\d{1,15})-(\d{1,9})-\d{1,3}\.age\Z")
_GONE = re.compile(r"\.([0-9a-f]{12}|[0-9a-f]{16})\.gone\Z")
_HIDDEN = re.compile(r"(?a)\.(.+)\.(\d{1,15})-(\d{1,15})\.tmp\Z")
_OBJECT = re.compile(r"(?a)(manifest|still|(?:part|sub)-\d{4})\.age\Z")

Footage = Literal["segment", "sheet"]


@dataclass(frozen=True, slots=True)
class FootageName:
    """What the name of a stored file says."""

    footage: Footage
    camera_id: str
    began_ms: int
    duration_ms: int
    is_continued: bool = False  # without an init segment: it follows the one before


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A sealed segment or sheet that is whole in its place."""

    path: str  # relative to the vault
    bytes: int


@dataclass(frozen=True, slots=True)
class ClipObject:
    """One sealed file of a clip: `manifest`, `still`, `part-NNNN` or `sub-NNNN`; `version` counts its rewrites."""

    name: str
    bytes: int
    version: int


def vault_of(data_dir: Path) -> Path:
    """The vault in a hub's folder."""
    return data_dir / "vault"


def read_name(path: str) -> FootageName | None:
    """What a path (relative to the vault) says; None for a name that the vault does not give."""
    if found := _SEGMENT.match(path):
        return FootageName("segment", found[1], int(found[2]), int(found[3]), int(found[4] or 0) > 0)
    if found := _SHEET.match(path):
        return FootageName("sheet", found[1], int(found[2]), int(found[3]))
    return None


def segment_path(camera_id: str, began_ms: int, duration_ms: int, run: str, part: int | None = None) -> str:
    """Relative to the vault; with `part` something that goes on where the file before it ends."""
    saved = "" if part is None else f".p{part:02d}"
    return f"{camera_id}/segments/{_day(began_ms)}/{began_ms}-{duration_ms}-{run}{saved}.age"


def sheet_path(camera_id: str, began_ms: int, duration_ms: int, cells: int) -> str:
    """Relative to the vault."""
    return f"{camera_id}/sheets/{_day(began_ms)}/{began_ms}-{duration_ms}-{cells}.age"


def is_stored(camera: Path, began_ms: int, run: str = "????", part: int | None = None) -> bool:
    """Whether a segment that began then lies in the camera's folder, of that run if it is told."""
    saved = "" if part is None else f".p{part:02d}"
    return any((camera / "segments" / _day(began_ms)).glob(f"{began_ms}-*-{run}{saved}.age"))


@dataclass(frozen=True, slots=True)
class HiddenName:
    """What the name of a file says that is not in its place yet."""

    name: str  # in its place
    bytes: int  # when it is whole
    number: int  # files are put in their place in this order


def hide(name: str, size: int, number: int) -> str:
    """The name of a file until it is durable."""
    return f".{name}.{size}-{number}.tmp"


def read_hidden(name: str) -> HiddenName | None:
    """The inverse of `hide`."""
    found = _HIDDEN.match(name)
    return HiddenName(found[1], int(found[2]), int(found[3])) if found else None


def open_name(run: str, number: int) -> str:
    """Of a segment that grows, in its camera's folder."""
    return f".{run}-{number}.open"


def open_files(camera: Path) -> list[Path]:
    """Of all segments of a camera that grew."""
    return sorted(camera.glob(".????-*.open"))


def clip_folder(vault: Path, camera_id: str, clip_id: str) -> Path:
    """Raises `VaultError` for ids that would leave the vault."""
    if not _CLIP.match(clip_id):
        raise VaultError("A clip's id is sixteen hex digits; this one would leave the vault.")
    return camera_folder(vault, camera_id) / "clips" / clip_id


def object_path(camera_id: str, clip_id: str, name: str) -> str:
    """Of one sealed file of a clip, relative to the vault."""
    return f"{camera_id}/clips/{clip_id}/{name}.age"


def camera_folder(vault: Path, camera_id: str) -> Path:
    """Raises `VaultError` for an id that would leave the vault."""
    if not _CAMERA.match(camera_id):
        raise VaultError("A camera's id is twelve hex digits; this one would leave the vault.")
    return vault / camera_id


def camera_folders(vault: Path) -> list[Path]:
    """Of every camera that ever recorded here."""
    return sorted(p for p in vault.iterdir() if p.is_dir() and _CAMERA.match(p.name)) if vault.is_dir() else []


def clip_folders(camera: Path) -> Iterator[Path]:
    """The folder of each clip of a camera."""
    for folder in (camera / "clips").glob("*"):
        if _CLIP.match(folder.name) and folder.is_dir():
            yield folder


def aside(folder: Path) -> Path:
    """What the folder of a camera or a clip is called while it is being deleted."""
    return folder.with_name(f".{folder.name}.gone")


def set_aside(vault: Path) -> Iterator[Path]:
    """Folders of cameras and clips of which a deletion was broken off."""
    for parent in (vault, *(camera / "clips" for camera in camera_folders(vault))):
        if parent.is_dir():
            yield from (path for path in parent.iterdir() if _GONE.match(path.name))


def clip_objects(folder: Path) -> dict[str, Path]:
    """The sealed files of a clip by name."""
    return {found[1]: path for path in folder.iterdir() if (found := _OBJECT.match(path.name))}


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
