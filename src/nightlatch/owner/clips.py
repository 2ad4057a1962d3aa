"""Opens clips by hand: from a hub's folder or from the mailbox, each part checked against the sealed manifest."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nightlatch.domain import manifest
from nightlatch.domain.manifest import Manifest, SealedPart
from nightlatch.errors import NotFound, NotSealed, SealError
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener

Fetch = Callable[[str], Sealed]  # "manifest", "still", "part-0000" → the sealed object; raises NotFound


def folder_fetch(folder: Path) -> Fetch:
    """Objects of a clip in a hub's vault."""

    def fetch(name: str) -> Sealed:
        return _read(folder / f"{name}.age")

    return fetch


def clip_folders(hub_data: Path) -> dict[str, Path]:
    """Clips of a hub's data folder by id, found without its database."""
    return {p.parent.name: p.parent for p in sorted(hub_data.glob("vault/*/clips/*/manifest.age"))}


def read_manifest(fetch: Fetch, opener: Opener) -> Manifest:
    """The clip's manifest, opened. Raises `SealError`, `NotFound`."""
    return manifest.read_manifest(opener.open(fetch("manifest")))


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that `open_clip` left out: its number, counted from 1, and why."""

    number: int
    why: str


def open_clip(
    fetch: Fetch,
    opener: Opener,
    clip: Manifest,
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
    for number, stated in enumerate(clip.parts, 1):
        try:
            yield _open_part(fetch, opener, stated)
        except (SealError, NotFound) as error:
            whole = f"Part {number} of {len(clip.parts)} {error}"
            if partial and number > 1:
                on_gap(Gap(number, whole))
                continue
            todo = "The others cannot be played without it." if number == 1 else "--partial leaves it out."
            raise type(error)(f"{whole} {todo}") from None


def _open_part(fetch: Fetch, opener: Opener, stated: SealedPart) -> bytes:
    try:
        sealed = fetch(f"part-{stated.n:04d}")
    except NotFound:
        raise NotFound("is missing.") from None
    except NotSealed:
        raise SealError("is cut short or overwritten.") from None
    if b64encode(sha256(sealed).digest()).decode() != stated.sha256:
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
