"""After a stop of any kind: what journals hold becomes files, and what is torn goes. Touches files only."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nightlatch.durably import make_folder, sync, write_durably
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.journal import read_journal
from nightlatch.hub.vault.layout import KeptFile


@dataclass(slots=True)
class Recovery:
    """What was found and mended."""

    parts_saved: int = 0  # sealed parts taken from journals of open segments
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
        found.parts_saved += len(save_journal(camera))
        for torn in camera.rglob(".*.tmp"):
            torn.unlink(missing_ok=True)
            found.left_over += 1
        for clip in layout.clip_folders(camera):
            if layout.MANIFEST not in layout.clip_objects(clip):
                shutil.rmtree(clip)
                found.clips_dropped += 1
    return found


def save_journal(camera: Path) -> list[KeptFile]:
    """Turn what the journal in a camera's folder holds into files, and end it. Raises `OSError`."""
    journal, saved = camera / layout.JOURNAL, list[KeptFile]()
    if not journal.exists():
        return saved
    run = secrets.token_hex(2)
    for part in read_journal(journal):
        if layout.is_stored_whole(camera, part.segment_began_ms):
            continue  # only the journal's emptying was lost
        name = layout.segment_path(camera.name, part.began_ms, part.duration_ms, run, part.index)
        path = camera.parent / name
        make_folder(path.parent)
        write_durably(path, part.sealed)
        saved.append(KeptFile(name, len(part.sealed)))
    journal.unlink()
    sync(camera)
    return saved
