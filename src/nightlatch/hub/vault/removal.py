"""Takes a folder of the vault away, also one that is being written to."""

from __future__ import annotations

import shutil
from pathlib import Path

from nightlatch.hub.vault import layout


def take_away(folder: Path) -> None:
    """Delete a folder with all that is in it; nothing when it is gone already.

    It is renamed first, and so out of a writer's reach at once. Deleted in place, it would be kept alive by the file
    that comes while the others are being deleted. What a crash leaves goes in `recover`.

    Raises:
        OSError: it cannot be renamed; it is still there.
    """
    aside = layout.aside(folder)
    shutil.rmtree(aside, ignore_errors=True)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)
