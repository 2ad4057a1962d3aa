"""Opens clips by hand: from a hub's folder or from the mailbox, each part held against the sealed manifest."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nightlatch.errors import NotFound, NotSealed, SealError
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener

Fetch = Callable[[str], Sealed]  # "manifest", "still", "part-0000" → the sealed object; raises NotFound


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a clip says of itself, inside the seal. Times are epoch ms."""

    camera_name: str
    onset_ms: int
    began_ms: int
    ended_ms: int | None
    audio: str | None
    sha256: tuple[str, ...]  # b64, of each sealed part

    @property
    def suffix(self) -> str:
        """File suffix of the opened clip."""
        return ".mov" if (self.audio or "").startswith("pcm") else ".mp4"


def folder_fetch(folder: Path) -> Fetch:
    """Objects of a clip in a hub's vault."""

    def fetch(name: str) -> Sealed:
        return _read(folder / f"{name}.age")

    return fetch


def clip_folders(hub_data: Path) -> dict[str, Path]:
    """Clips of a hub's data folder by id, found without its database."""
    return {p.parent.name: p.parent for p in sorted(hub_data.glob("vault/*/clips/*/manifest.age"))}


def read_manifest(fetch: Fetch, opener: Opener) -> Manifest:
    """The opened manifest. Raises `SealError`, `NotFound`."""
    plain = opener.open(fetch("manifest"))
    try:
        told: dict[str, Any] = json.loads(plain)
        return Manifest(
            str(told["camera_name"]),
            int(told["onset_ms"]),
            int(told["began_ms"]),
            None if told["ended_ms"] is None else int(told["ended_ms"]),
            None if told["audio"] is None else str(told["audio"]),
            tuple(str(part["sha256"]) for part in told["parts"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SealError("The manifest of this clip is not one that Nightlatch wrote.") from None


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that `open_clip` left out: its number, counted from 1, and why."""

    number: int
    why: str


def open_clip(
    fetch: Fetch,
    opener: Opener,
    manifest: Manifest,
    *,
    partial: bool = False,
    on_gap: Callable[[Gap], None] = lambda gap: None,
) -> Iterator[bytes]:
    """The opened parts in order: together one fragmented MP4. `partial` skips what is missing or damaged.

    The first part is never skipped: it holds the description without which nothing plays.

    Raises:
        SealError: a part is not the one that was recorded, or does not open.
        NotFound: a part is missing.
    """
    for index, stated in enumerate(manifest.sha256):
        number = index + 1
        try:
            yield _open_part(fetch, opener, index, stated)
        except (SealError, NotFound) as error:
            whole = f"Part {number} of {len(manifest.sha256)} {error}"
            if partial and number > 1:
                on_gap(Gap(number, whole))
                continue
            todo = "The others cannot be played without it." if number == 1 else "--partial leaves it out."
            raise type(error)(f"{whole} {todo}") from None


def _open_part(fetch: Fetch, opener: Opener, index: int, stated: str) -> bytes:
    try:
        sealed = fetch(f"part-{index:04d}")
    except NotFound:
        raise NotFound("is missing.") from None
    except NotSealed:
        raise SealError("is cut short or overwritten.") from None
    if b64encode(sha256(sealed).digest()).decode() != stated:
        raise SealError("is not the one that was recorded.")
    try:
        return opener.open(sealed)
    except SealError:
        raise SealError("is for another key.") from None


def open_file(path: Path, opener: Opener) -> bytes:
    """A single sealed file (segment, sheet, still, part), opened. Raises `SealError`, `NotFound`."""
    return opener.open(_read(path))


def _read(path: Path) -> Sealed:
    try:
        return Sealed(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{path} is missing.") from None
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None
