"""After a stop of any kind: what was growing becomes whole files, and what is torn goes. Touches files only.

No key is needed: the end of a file that grew is already sealed, and only put in its place. Broken off at any point,
this can be done again.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nightlatch.durably import make_folder, sync, write_all, write_durably
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.journal import read_journal
from nightlatch.hub.vault.layout import KeptFile
from nightlatch.hub.vault.tails import TailNote, read_tails

SECTOR = 512
TAG = 16


@dataclass(slots=True)
class Recovery:
    """What was found and mended."""

    parts_saved: int = 0  # files made of segments that were growing
    clips_dropped: int = 0  # clips that ended before their first part was whole: there is nothing to play
    left_over: int = 0  # temporary files removed


def recover(vault: Path, is_ours: Callable[[str], bool]) -> Recovery:
    """Mend the folders of the cameras that `is_ours`, before anything is recorded. Raises `OSError`."""
    found = Recovery()
    for gone in layout.set_aside(vault):  # whoever's they are: nobody writes there any more
        shutil.rmtree(gone, ignore_errors=True)
    for camera in layout.camera_folders(vault):
        if not is_ours(camera.name):
            continue
        found.parts_saved += len(save_left_over(camera))
        for clip in layout.clip_folders(camera):
            _finish(clip)
        for torn in (*camera.rglob(".*.tmp"), *layout.open_files(camera)):
            torn.unlink(missing_ok=True)
            found.left_over += 1
        for clip in layout.clip_folders(camera):
            if layout.MANIFEST not in layout.clip_objects(clip):
                shutil.rmtree(clip)
                found.clips_dropped += 1
    return found


def _finish(clip: Path) -> None:
    """Put in their place the files of a clip that were written whole, in their order, up to one that was not."""
    hidden = [(said, path) for path in clip.iterdir() if (said := layout.read_hidden(path.name)) is not None]
    for said, path in sorted(hidden, key=lambda each: each[0].number):
        if path.stat().st_size != said.bytes or not _is_what_was_written(path, said.bytes):
            break
        sync(path)
        path.rename(clip / said.name)
    if hidden:
        sync(clip)


def save_left_over(camera: Path) -> list[KeptFile]:
    """Make files of what was growing in a camera's folder, and end its tail file. Raises `OSError`."""
    tails = camera / layout.TAILS
    if not tails.exists():
        return []
    saved = _save_journal(camera)
    for notes in read_tails(tails):
        saved += save_segment(camera, notes)
    tails.unlink()
    sync(camera)
    return saved


def save_segment(camera: Path, notes: Sequence[TailNote]) -> list[KeptFile]:
    """Make one whole file, or two, of a segment that grew, as its newest good note says. Raises `OSError`.

    Args:
        notes: those of one segment, the newest first.
    """
    for note in notes:
        if layout.is_stored(camera, note.began_ms, note.run, note.first_index or None):
            return []  # only the end of its notes was lost
        if note.apart and not note.end:
            return [_write(camera, note, note.began_ms, note.first_index, note.apart)]
        if note.kept and _is_what_was_written(camera / note.open_name, note.kept):
            # What came after goes first: once the file itself is in its place, nothing looks for the rest.
            rest = (
                [_write(camera, note, note.apart_ms, note.first_index + note.number, note.apart)] if note.apart else []
            )
            return [_close(camera, note), *rest]
    return []


def _write(camera: Path, note: TailNote, began_ms: int, part: int, sealed: bytes) -> KeptFile:
    name = layout.segment_path(camera.name, began_ms, max(0, note.ended_ms - began_ms), note.run, part or None)
    path = camera.parent / name
    make_folder(path.parent)
    write_durably(path, sealed)
    return KeptFile(name, len(sealed))


def _close(camera: Path, note: TailNote) -> KeptFile:
    """Put the end behind what is final, and the file in its place."""
    ended_ms = note.apart_ms if note.apart else note.ended_ms
    part = note.first_index or None
    name = layout.segment_path(camera.name, note.began_ms, max(0, ended_ms - note.began_ms), note.run, part)
    path, grown = camera.parent / name, camera / note.open_name
    handle = os.open(grown, os.O_WRONLY)
    try:
        os.ftruncate(handle, note.kept)
        os.lseek(handle, note.kept, os.SEEK_SET)
        write_all(handle, note.end)
        os.fsync(handle)
    finally:
        os.close(handle)
    make_folder(path.parent)
    grown.rename(path)
    sync(path.parent)
    return KeptFile(name, note.kept + len(note.end))


def _is_what_was_written(path: Path, length: int) -> bool:
    """Whether the first `length` bytes got to the disk.

    After a power cut a file may have its length and not its content: sectors of zeros. Sealed bytes have none; that one
    of them is all zeros by chance has a probability of 2^-4096.
    """
    try:
        with path.open("rb") as file:
            there = file.read(length)
    except FileNotFoundError:
        return False
    return len(there) == length and bytes(SECTOR) not in there and any(there[-TAG:])


def _save_journal(camera: Path) -> list[KeptFile]:
    """What a version before 0.3 left."""
    run, saved = secrets.token_hex(2), list[KeptFile]()
    for part in read_journal(camera / layout.TAILS):
        if layout.is_stored(camera, part.segment_began_ms):
            continue  # only the journal's emptying was lost
        name = layout.segment_path(camera.name, part.began_ms, part.duration_ms, run, part.index)
        path = camera.parent / name
        make_folder(path.parent)
        write_durably(path, part.sealed)
        saved.append(KeptFile(name, len(part.sealed)))
    return saved
