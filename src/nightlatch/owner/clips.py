"""Opens clips by hand: from a hub's folder or from the mailbox, each part held against the sealed manifest."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nightlatch.errors import NotFound, SealError
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
        path = folder / f"{name}.age"
        if not path.is_file():
            raise NotFound(f"{path} is missing.")
        return Sealed(path.read_bytes())

    return fetch


def clip_folders(hub_data: Path) -> dict[str, Path]:
    """Clips of a hub's data folder by id, found without its database."""
    return {p.parent.name: p.parent for p in sorted(hub_data.glob("vault/*/clips/*/manifest.age"))}


def read_manifest(fetch: Fetch, opener: Opener) -> Manifest:
    """The opened manifest. Raises `SealError`, `NotFound`."""
    try:
        told: dict[str, Any] = json.loads(opener.open(fetch("manifest")))
        return Manifest(
            str(told["camera_name"]),
            int(told["onset_ms"]),
            int(told["began_ms"]),
            None if told["ended_ms"] is None else int(told["ended_ms"]),
            told["audio"],
            tuple(str(part["sha256"]) for part in told["parts"]),
        )
    except (ValueError, KeyError, TypeError):
        raise SealError("The manifest of this clip is not one that Nightlatch wrote.") from None


def open_clip(fetch: Fetch, opener: Opener, manifest: Manifest, *, partial: bool = False) -> Iterator[bytes]:
    """The opened parts in order: together one fragmented MP4. `partial` skips what is missing or damaged.

    Raises:
        SealError: a part is not the one that was recorded, or does not open.
        NotFound: a part is missing.
    """
    for number, stated in enumerate(manifest.sha256):
        try:
            sealed = fetch(f"part-{number:04d}")
            if b64encode(sha256(sealed).digest()).decode() != stated:
                raise SealError(f"Part {number + 1} is not the one that was recorded. --partial leaves it out.")
            yield opener.open(sealed)
        except (SealError, NotFound):
            if not partial or number == 0:
                raise


def open_file(path: Path, opener: Opener) -> bytes:
    """A single sealed file (segment, sheet, still, part), opened."""
    return opener.open(Sealed(path.read_bytes()))
