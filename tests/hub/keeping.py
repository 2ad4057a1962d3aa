"""A vault and its books, kept in step as watch and serve keep them, without the two processes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from nightlatch.domain.manifest import Manifest
from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.domain.time import Clock
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.entries import Entry, enter
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import Notice
from nightlatch.seal.recipients import Sealer


def manifest(camera_id: str, onset_ms: int, began_ms: int, household: str = "h", camera_name: str = "yard") -> Manifest:
    """Of a clip that has just begun."""
    return Manifest(
        household, camera_id, camera_name, "e" * 16, onset_ms, began_ms, "avc1.640028", 1920, 1080, 15.0, None
    )


class Keeping:
    """Keeps files, settles them and enters their notices at once."""

    def __init__(self, data_dir: Path, engine: Engine, sealer: Sealer, clock: Clock) -> None:
        self.vault = Vault(data_dir, clock)
        self.books = Books(data_dir, engine)
        self.telling = Telling(self, clock)
        self._sealer = sealer
        self._clock = clock

    def settle(self) -> None:
        self.telling.settled(self.vault.settle())

    def segment(self, segment: Segment, mp4: bytes) -> None:
        keep_whole(self.vault, segment, mp4, self._sealer)
        self.settle()

    def sheet(self, sheet: Sheet) -> None:
        self.vault.keep_sheet(sheet, self._sealer)
        self.settle()

    def begin(self, clip_id: str, manifest: Manifest) -> OpenClip:
        clip = self.vault.begin_clip(clip_id, manifest)
        self.telling.clip(clip)
        self.settle()
        return clip

    def still(self, clip: OpenClip, still: Still) -> None:
        self.vault.keep_clip_still(clip, still, self._sealer)
        self.settle()

    def part(self, clip: OpenClip, part: Part) -> None:
        self.vault.keep_clip_part(clip, part, self._sealer)
        self.settle()

    def sub(self, clip: OpenClip, part: Part) -> None:
        self.vault.keep_clip_sub(clip, part, self._sealer)
        self.settle()

    def close(self, clip: OpenClip) -> None:
        self.vault.close_clip(clip, self._sealer)
        self.settle()

    def send(self, notice: Notice) -> None:
        """What the files' keeper tells."""
        if isinstance(notice, Entry):
            enter(self.books, [notice], self._clock.now_ms())


def keep_whole(vault: Vault, segment: Segment, mp4: bytes, sealer: Sealer) -> None:
    """Keep a segment that came as one part."""
    vault.keep_part(Part(segment.camera_id, segment.began_ms, segment.duration_ms, 0, mp4, segment.seq), sealer)
    vault.keep_segment(segment)
