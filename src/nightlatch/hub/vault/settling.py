"""What was written and is not true yet: files under hidden names, until the disk has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.domain.manifest import Manifest
from nightlatch.hub.vault.growing import GrowingSegment
from nightlatch.hub.vault.layout import ClipObject, KeptFile


@dataclass(slots=True)
class OpenClip:
    """A clip that is still growing: its manifest is written again with each part."""

    id: str
    folder: Path
    manifest: Manifest
    version: int = 0  # of the manifest
    stills: int = 0  # how often the still was written


@dataclass(frozen=True, slots=True)
class ClipGrowth:
    """Files of a clip that are in their place now, and the manifest as it was with them."""

    clip: OpenClip
    manifest: Manifest
    objects: tuple[ClipObject, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became true in one go, in the order in which it was kept."""

    files: tuple[KeptFile, ...] = ()
    clips: tuple[ClipGrowth, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A file on the way from its hidden name to its own."""

    hidden: Path
    place: Path

    def make(self) -> bool:
        """Rename it. False when it was deleted meanwhile, with the folder it was in. Raises `OSError`."""
        folder = self.place.parent
        try:
            if folder != self.hidden.parent and not folder.is_dir():  # footage: a folder a day
                folder.parent.mkdir(0o700, exist_ok=True)  # but not the camera's: if that went, it was deleted
                folder.mkdir(0o700, exist_ok=True)
            self.hidden.rename(self.place)
        except FileNotFoundError:
            if self.hidden.exists():
                raise  # only the folder of its place went: the next time makes another one
            return self.place.exists()  # it was made before something else failed
        return True

    def write_again(self) -> None:
        """Give the disk another chance: what it refused is in memory only, and counts as written. Raises `OSError`."""
        try:
            with self.hidden.open("r+b") as file:
                content = file.read()
                file.seek(0)
                file.write(content)
        except FileNotFoundError:
            return


@dataclass(slots=True)
class Transit:
    """Written, but not durable and not in its place."""

    camera_id: str
    moves: tuple[Move, ...]
    then: KeptFile | ClipGrowth | None  # what is true then
    segment: GrowingSegment | None = None  # whose notes mean nothing any more then
    is_doubtful: bool = False  # the disk failed after it was written

    def write_again(self) -> None:
        """If the disk failed meanwhile. Raises `OSError`."""
        if self.is_doubtful or (self.segment is not None and self.segment.is_doubtful):
            for move in self.moves:
                move.write_again()

    def move(self) -> bool:
        """Put its files in their place. False when one was deleted meanwhile. Raises `OSError`."""
        return all(each.make() for each in self.moves)


@dataclass(slots=True)
class Agenda:
    """What the next `Vault.settle` has to do."""

    is_dirty: bool = False  # something was written since the last time
    due: list[Transit] = field(default_factory=list)
    moved: list[Transit] = field(default_factory=list)  # but the disk may not know of it
    saved: list[KeptFile] = field(default_factory=list)  # made whole and durable, after a failure

    @property
    def is_empty(self) -> bool:
        return not (self.is_dirty or self.due or self.moved or self.saved)


def tell(moved: list[Transit], saved: list[KeptFile]) -> Settled:
    """What is true now."""
    files = [each.then for each in moved if isinstance(each.then, KeptFile)]
    clips = [each.then for each in moved if isinstance(each.then, ClipGrowth)]
    return Settled((*saved, *files), tuple(clips))
