"""The vault: what the cameras saw, sealed, in files. No SQL, no pixels, no HTTP.

Guarantees
- Only sealed bytes are written. The hub holds public keys, so it cannot open what is here.
- `keep_…` writes to the page cache and waits for no disk. What it took outlives the process: `recover` makes whole
  files of it. `settle`, on a thread of its own, makes it durable.
- A file is whole or absent: hidden name, sync, rename, sync (Moonfire NVR's order). Nobody may be told of a file before
  `settle` has returned it.
- A disk that fails is reported by the camera's next `keep_part` or `keep_segment`. What was stored stays, what is
  waiting is tried again at every `settle`, and what comes next begins a file of its own.
- The books can be lost: names (and `times.json` for clips) say everything an index needs.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

from nightlatch.domain.manifest import Manifest, SealedPart, SealedStill, write_manifest
from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.domain.time import Clock
from nightlatch.durably import make_folder, sync_filesystem, write_all
from nightlatch.errors import NightlatchError, VaultError
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.growing import GrowingSegment, Shelf
from nightlatch.hub.vault.layout import ClipObject, KeptFile
from nightlatch.hub.vault.recover import save_left_over
from nightlatch.hub.vault.settling import Agenda, ClipGrowth, Move, OpenClip, Settled, Transit, tell
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.padding import pad_jpeg, pad_json, pad_mp4
from nightlatch.seal.recipients import Sealer


class ClipGone(NightlatchError):
    """The owner deleted the clip while it was growing."""


class Vault:
    """One instance per watch process. `keep_…` may be called from any thread, but of one clip or segment in turn."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self.folder = layout.vault_of(data_dir)
        self._clock = clock
        self._run = secrets.token_hex(2)  # tells apart two runs that begin a segment in the same millisecond
        self._numbers = count()  # of open and temporary files
        self._shelves: dict[str, Shelf] = {}
        self._agenda = Agenda()
        self._lock = threading.Lock()  # never held while the disk is waited for
        self._settling = threading.Lock()  # one at a time
        make_folder(self.folder)
        self._disk = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)  # kept open: it reports what failed since

    # ---- the 24 hours -------------------------------------------------------------------------------------

    def keep_part(self, part: Part, sealer: Sealer) -> None:
        """Add a part to its segment (`part.seq`); a kill costs none of it from here on.

        Raises:
            OSError: the disk refused, this part or something before it. What follows begins a file of its own.
        """
        with self._lock:
            shelf = self._shelf(part.camera_id)
            self._agenda.is_dirty = True
            shelf.add(part, sealer.recipients)
            shelf.complain()

    def keep_segment(self, segment: Segment) -> None:
        """Its parts are complete: `settle` puts it in its place. Raises `OSError`, as `keep_part` does."""
        with self._lock:
            shelf = self._shelf(segment.camera_id)
            self._agenda.is_dirty = True
            grown = shelf.finish(segment.seq, segment.began_ms + segment.duration_ms)
            if grown is not None:
                self._agenda.due.append(self._due(grown))
            shelf.complain()

    def keep_sheet(self, sheet: Sheet, sealer: Sealer) -> None:
        """Add a minute of stills; a minute that comes again replaces what was there. Raises `OSError`."""
        duration_ms = max(1, sheet.at_ms[-1] - sheet.began_ms) if sheet.at_ms else 1
        path = layout.sheet_path(sheet.camera_id, sheet.began_ms, duration_ms, len(sheet.at_ms))
        camera = layout.camera_folder(self.folder, sheet.camera_id)
        camera.mkdir(0o700, exist_ok=True)
        sealed = sealer.seal(sheet.jpeg)
        hidden = self._write(camera, f"sheet-{sheet.began_ms}", sealed)
        self._expect(Transit(sheet.camera_id, (Move(hidden, self.folder / path),), KeptFile(path, len(sealed))))

    # ---- clips --------------------------------------------------------------------------------------------

    def begin_clip(self, clip_id: str, manifest: Manifest) -> OpenClip:
        """Start a clip's folder. Its manifest is written with its first part. Raises `OSError`."""
        clip = OpenClip(clip_id, layout.clip_folder(self.folder, manifest.camera, clip_id), manifest)
        clip.folder.mkdir(0o700, parents=True, exist_ok=True)
        times = {"event": manifest.event, "began_ms": manifest.began_ms, "onset_ms": manifest.onset_ms}
        hidden = self._write(clip.folder, layout.TIMES, json.dumps(times).encode())
        self._expect(Transit(manifest.camera, (Move(hidden, clip.folder / layout.TIMES),), None))
        return clip

    def keep_clip_part(self, clip: OpenClip, part: Part, sealer: Sealer) -> None:
        """Add a part; the manifest that names it follows at once. Raises `ClipGone`, `OSError`."""
        sealed = sealer.seal(pad_mp4(part.mp4))
        number = len(clip.manifest.parts)
        named = SealedPart(number, _hash(sealed), len(sealed), part.began_ms, part.duration_ms)
        with _while_it_is_there(clip):
            move = self._move_in(clip, f"part-{number:04d}", sealed)
            clip.manifest = clip.manifest.with_part(named)
            self._grow(clip, sealer, (move,), (ClipObject(f"part-{number:04d}", len(sealed), 1),))

    def keep_clip_sub(self, clip: OpenClip, part: Part, sealer: Sealer) -> None:
        """Add a part of the sub-stream; the manifest that names it follows with the next part of the main one.

        `clip.manifest.sub` says what the sub-stream is. A crash before that manifest loses a second of a copy that
        is smaller than what is there anyway; writing the manifest twice a second would cost more than the part.

        Raises:
            VaultError: this clip has no sub-stream.
            ClipGone, OSError: as `keep_clip_part`.
        """
        sub = clip.manifest.sub
        if sub is None:
            raise VaultError("This clip has no sub-stream beside it.")
        sealed = sealer.seal(pad_mp4(part.mp4))
        name = f"sub-{len(sub.parts):04d}"
        with _while_it_is_there(clip):
            move = self._move_in(clip, name, sealed)
        named = SealedPart(len(sub.parts), _hash(sealed), len(sealed), part.began_ms, part.duration_ms)
        clip.manifest = clip.manifest.with_sub_part(named)
        grown = ClipGrowth(clip, clip.manifest, (ClipObject(name, len(sealed), 1),))
        self._expect(Transit(clip.manifest.camera, (move,), grown))

    def keep_clip_still(self, clip: OpenClip, still: Still, sealer: Sealer) -> None:
        """Set the clip's still, or replace it. Raises `ClipGone`, `OSError`.

        The first manifest, which comes with the first part, names it; one that is written already is written again at
        once, so that both change together.
        """
        sealed = sealer.seal(pad_jpeg(still.jpeg))
        with _while_it_is_there(clip):
            move = self._move_in(clip, layout.STILL, sealed)
            clip.stills += 1
            told = (ClipObject(layout.STILL, len(sealed), clip.stills),)
            clip.manifest = replace(clip.manifest, still=SealedStill(_hash(sealed), len(sealed), still.at_ms))
            if clip.version:
                self._grow(clip, sealer, (move,), told)
                return
        grown = ClipGrowth(clip, clip.manifest, told)
        self._expect(Transit(clip.manifest.camera, (move,), grown))

    def close_clip(self, clip: OpenClip, sealer: Sealer) -> None:
        """Write the last manifest. Raises `ClipGone`, `OSError`."""
        parts = clip.manifest.parts
        clip.manifest = replace(clip.manifest, ended_ms=parts[-1].ended_ms if parts else self._clock.now_ms())
        with _while_it_is_there(clip):
            self._grow(clip, sealer, (), ())

    def _grow(self, clip: OpenClip, sealer: Sealer, moves: tuple[Move, ...], objects: tuple[ClipObject, ...]) -> None:
        """Write the manifest as it is now, after the files that it names."""
        sealed = sealer.seal(pad_json(write_manifest(clip.manifest)))
        move = self._move_in(clip, layout.MANIFEST, sealed)
        clip.version += 1
        manifest = ClipObject(layout.MANIFEST, len(sealed), clip.version)
        grown = ClipGrowth(clip, clip.manifest, (*objects, manifest))
        self._expect(Transit(clip.manifest.camera, (*moves, move), grown))

    def _move_in(self, clip: OpenClip, name: str, sealed: Sealed) -> Move:
        return Move(self._write(clip.folder, f"{name}.age", sealed), clip.folder / f"{name}.age")

    # ---- on the disk's thread -----------------------------------------------------------------------------

    def settle(self) -> Settled:
        """Make durable what was kept until now, put what is whole in its place, and say what is true since.

        To be called a few times a second, and once more at the end. Waits for the disk; raises nothing of it.
        """
        with self._settling:
            with self._lock:
                work, self._agenda = self._agenda, Agenda()
                growing = [(each, each.slots.newest) for shelf in self._shelves.values() for each in shelf.open()]
            work.saved += self._save_abandoned()
            if not work.is_empty:
                try:
                    for due in work.due:
                        due.write_again()
                    sync_filesystem(self._disk)
                except OSError as error:
                    self._doubt(work, error)
                    return Settled()
                with self._lock:
                    for segment, newest in growing:
                        segment.slots.durable = newest
                self._move(work)
            settled = self._confirmed(work)
            self._close_idle()
            return settled

    def _save_abandoned(self) -> list[KeptFile]:
        """Whole files of segments that a failure ended, once the disk takes them."""
        saved = []
        with self._lock:
            abandoned = [(shelf, segment) for shelf in self._shelves.values() for segment in shelf.abandoned]
        for shelf, segment in abandoned:
            try:
                saved += shelf.save(segment)
            except OSError:
                continue  # it stays, and the next settle tries again
            with self._lock:
                segment.tails.free(segment.slots)
                shelf.abandoned.remove(segment)
        return saved

    def _move(self, work: Agenda) -> None:
        """Put files in their place. After a failure the rest of that camera waits, so that the order stays."""
        refused: dict[str, OSError] = {}
        waiting = []
        for due in work.due:
            if due.camera_id in refused:
                waiting.append(due)
                continue
            try:
                is_there = due.move()
            except OSError as error:
                refused[due.camera_id] = error
                waiting.append(due)
                continue
            if is_there:
                work.moved.append(due)
            elif due.segment is not None:
                self._free(due)
        work.due = []
        with self._lock:
            self._agenda.due[:0] = waiting
            for camera_id, shelf in self._shelves.items():
                shelf.trouble = refused.get(camera_id)

    def _confirmed(self, work: Agenda) -> Settled:
        """What is in its place, once the disk knows that it is there."""
        if work.moved:
            try:
                sync_filesystem(self._disk)
            except OSError as error:
                self._doubt(work, error)
                return Settled()
        for due in work.moved:
            self._free(due)
        return tell(work.moved, work.saved)

    def _free(self, due: Transit) -> None:
        if due.segment is not None:
            with self._lock:
                due.segment.tails.free(due.segment.slots)

    def _doubt(self, work: Agenda, error: OSError) -> None:
        """The disk failed: nothing of this is told, and each camera hears of it."""
        with self._lock:
            for due in work.due:
                due.is_doubtful = True
            for shelf in self._shelves.values():
                shelf.trouble = error
                for segment in shelf.open():
                    segment.is_doubtful = True
            late = self._agenda
            self._agenda = Agenda(True, work.due + late.due, work.moved + late.moved, work.saved + late.saved)

    def _close_idle(self) -> None:
        with self._lock:
            for camera_id in [each for each, shelf in self._shelves.items() if shelf.close_if_idle()]:
                del self._shelves[camera_id]

    # ---- stop ---------------------------------------------------------------------------------------------

    def release(self, camera_id: str) -> None:
        """A camera stopped: what grew of it becomes whole, at the next `settle`."""
        with self._lock:
            shelf = self._shelves.get(camera_id)
            if shelf is not None:
                self._agenda.due += map(self._due, shelf.release())
                self._agenda.is_dirty = True

    def _shelf(self, camera_id: str) -> Shelf:
        shelf = self._shelves.get(camera_id)
        if shelf is None:
            folder = layout.camera_folder(self.folder, camera_id)
            self._agenda.saved += save_left_over(folder)  # there is none, unless `recover` was left out
            shelf = self._shelves[camera_id] = Shelf(folder, self._run, self._numbers)
        if shelf.is_released:  # the next stream is a new try
            shelf.is_released, shelf.trouble = False, None
        return shelf

    def _write(self, folder: Path, name: str, content: bytes) -> Path:
        """A file under a hidden name. Raises `OSError`; it is gone then."""
        hidden = folder / layout.hide(name, len(content), next(self._numbers))
        handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(handle, content)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        return hidden

    def _due(self, grown: GrowingSegment) -> Transit:
        move = Move(grown.open_file, self.folder / grown.path)
        return Transit(grown.camera.name, (move,), KeptFile(grown.path, grown.kept), grown)

    def _expect(self, due: Transit) -> None:
        with self._lock:
            self._agenda.is_dirty = True
            self._agenda.due.append(due)


@contextmanager
def _while_it_is_there(clip: OpenClip) -> Iterator[None]:
    """Raises `ClipGone` when the folder of the clip is gone."""
    try:
        yield
    except FileNotFoundError:
        raise ClipGone(f"The clip {clip.id} was deleted while it was growing.") from None


def _hash(sealed: Sealed) -> str:
    return b64encode(sha256(sealed).digest()).decode()


def is_disk_full(error: OSError) -> bool:
    """Whether `error` means that there is no room, rather than a broken disk."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
