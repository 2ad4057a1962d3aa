"""The files in which the usual hours of each camera are kept: habits/CAMERA.json in the hub's folder.

They say when somebody is at home: readable by this account only, never sent. Watch writes them, serve only reads. A
file that is damaged counts as empty: what is usual is learnt anew in some days.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection
from pathlib import Path

from nightlatch.domain.habits import HOURS, KEPT_DAYS, MOST_AREAS, Hours, UsualHours
from nightlatch.durably import make_folder, write_durably

FOLDER = "habits"
LARGEST = 256 * 1024  # bytes; the fullest file is a tenth of that
_FILE = re.compile(r"([0-9a-f]{12})\.json\Z")


def read_habits(data_dir: Path, camera_id: str) -> UsualHours:
    """What is known of a camera; nothing where the file is missing or damaged."""
    try:
        with (data_dir / FOLDER / f"{camera_id}.json").open("rb") as file:
            found = json.loads(file.read(LARGEST))
        areas = {str(name): _read(hours) for name, hours in list(found["areas"].items())[:MOST_AREAS]}
        return UsualHours(_read(found["watched"]), _read(found["there"]), areas)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return UsualHours()


def keep_habits(data_dir: Path, camera_id: str, habits: UsualHours) -> None:
    """Keep what is known of a camera. Raises `OSError`."""
    make_folder(data_dir / FOLDER)
    said = {"v": 1, "watched": habits.watched, "there": habits.there, "areas": habits.areas}
    write_durably(data_dir / FOLDER / f"{camera_id}.json", json.dumps(said).encode())


def forget_habits(data_dir: Path, camera_ids: Collection[str]) -> None:
    """Nothing stays of cameras that are gone."""
    for camera_id in camera_ids:
        with contextlib.suppress(OSError):
            (data_dir / FOLDER / f"{camera_id}.json").unlink(missing_ok=True)


def kept_habits(data_dir: Path) -> list[str]:
    """The cameras of which something is kept."""
    try:
        names = [each.name for each in (data_dir / FOLDER).iterdir()]
    except OSError:
        return []
    return [found[1] for name in names if (found := _FILE.match(name))]


def _read(hours: dict[str, int]) -> Hours:
    """Raises `ValueError`, `TypeError`, `AttributeError` for what nobody here wrote."""
    found = {int(day): int(bits) % (1 << HOURS) for day, bits in hours.items()}
    return {day: found[day] for day in sorted(found)[-KEPT_DAYS:]}
