"""A yardstick that nobody here made: real tracks of people, labelled by others for whether they loiter. No pixels.

`johnnynunez/RS-WACV24_Loitering` (MIT): a thermal camera at a harbour, about a place a second, no sizes. A height is
assumed for everybody and must be said beside each figure. It says whether somebody lingers, not whether they threaten.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Place, Story, Track
from nightlatch.lab.judge.marks import Judging, ranked

WIDE, HIGH = 384, 288  # pixels of the pictures
HEIGHTS = (0.05, 0.12, 0.2)  # of the picture, that people are taken to have
BEGAN_MS = 1_800_000_000_000
CHOSEN_ON, QUOTED_ON = 0, 1  # halves, by the hash of a track's id


def half(track_id: int) -> int:
    """0 or 1, by hash."""
    return hashlib.sha256(str(track_id).encode()).digest()[-1] % 2


def story(places: list[tuple[float, float]], high: float) -> Story:
    """A track as an event by day, of somebody so high (of the picture)."""
    wide = high * 0.4 * 9 / 16
    path = []
    for n, (across, down) in enumerate(places):
        x, y = across / WIDE, down / HIGH
        box = Box(max(0.0, x - wide / 2), max(0.0, y - high), min(1.0, x + wide / 2), min(1.0, max(0.005, y)))
        path.append(Place(BEGAN_MS + 1000 * n, box))
    return Story(BEGAN_MS, path[-1].at_ms + POST_ROLL_MS, (Track(1, Kind.PERSON, 0.8, tuple(path)),), local_hour=14.0)


def lingering(judge: Judging, file: Path, which: int) -> dict[float, float]:
    """The area under the curve of what is said of one half of the tracks, for each of `HEIGHTS`."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows = [row for row in rows if half(row["id"]) == which]
    truth = np.array([row["loitering"] == 1 for row in rows])
    return {
        high: ranked(np.array([judge(story(row["places"], high)).threat for row in rows]), truth) for high in HEIGHTS
    }
