"""What moves, as a camera finds it: regions of films that may be learnt from, and of scenes whose truth is known.

Photographs show things whole and in the middle. In front of a camera half of a body moves, two things move as one,
and most of what moves is nothing: such regions are learnt from as they are.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.lab.eye.clips import Frame, grey, looks, moved
from nightlatch.pixels.detectors.eye import NAMES, square
from nightlatch.pixels.detectors.yolox import Yolox
from nightlatch.pixels.stage.behaviours import BEHAVIOURS
from nightlatch.pixels.stage.negatives import NEGATIVES
from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.vision.boxes import area_of, overlap

Image = NDArray[np.uint8]
AROUND = 2.4  # a region is kept in a square so many times its longer side
WINDOW_PX = 150
MOST_OF_FILM = 30
LEAST_SHARE = 0.004  # of the picture; what is smaller may be anything
SEEN = 0.3  # of the smaller, that region and sighting share
DEMO = ("porch", "living-room")
SIZE = (640, 360)
APART = 5  # pictures between two looks
KINDS = {"person": "person", "fall": "person", "vehicle": "vehicle", "nothing": "nothing"}
SOMETHING_ELSE = ("person_bicycle", "driveway", "bottles_hand")  # of their regions not all show what the film is of
NIGHT = 0.45  # of rendered daylight, made infrared


def of_films(folder: Path, allowed: Callable[[str, str], bool], teacher: Yolox) -> Iterator[tuple[str, str, Image]]:
    """(film, kind, window) of each film in which only one kind moves and that `allowed(tier, film)` lets through.

    Only what `teacher` sees something in is taken: a shadow, or a chair that was pushed, is no person.
    """
    for film in json.loads((folder / "manifest.json").read_text()):
        name, kind = film["file"], KINDS.get(film["label"])
        if kind is None or not allowed(film["tier"], "/" + name) or any(each in name for each in SOMETHING_ELSE):
            continue
        found = [window(look.bgr, region) for look in looks(folder / name) for region in _shown_in(look, kind, teacher)]
        for image in found[:: max(1, len(found) // MOST_OF_FILM)][:MOST_OF_FILM]:
            yield name, kind, image


def _shown_in(look: Frame, kind: str, teacher: Yolox) -> list[Box]:
    """The regions of a look that show `kind`."""
    if kind == "nothing":
        return list(look.regions)
    large = [region for region in look.regions if area_of(region) >= LEAST_SHARE]
    if not large:
        return []
    seen = [each.box for each in teacher.look(look.bgr, large) if (each.kind is Kind.VEHICLE) == (kind == "vehicle")]
    return [r for r in large if any(overlap(r, box) > SEEN * min(area_of(r), area_of(box)) for box in seen)]


def rendered(seed: int, looks_each: int = 24) -> Iterator[tuple[str, Image]]:
    """(kind, window) of what moves in every scene there is, some of it by night."""
    dice = random.Random(seed)
    for name in (*DEMO, *NEGATIVES, *(each.replace(" ", "-") for each in BEHAVIOURS)):
        stage = scene(name, seed, *SIZE)
        acted = name not in NEGATIVES and name not in DEMO
        night = acted and dice.random() < NIGHT
        indices = [n for n in range(APART, int(stage.fps * 118), 3) if name in NEGATIVES or stage.truth_at(n)]
        for index in dice.sample(indices, min(looks_each, len(indices))):
            now, before = (
                stage.frame(index),
                stage.ground if acted and dice.random() < 0.5 else stage.frame(index - APART),
            )
            if night:
                now, before = _night(now), _night(before)
            truth = [(each.kind, each.box) for each in stage.truth_at(index)]
            for region in moved(grey(now), grey(before))[:6]:
                kind = _shown(region, truth)
                if kind is not None:
                    yield kind, window(now, region)


def _shown(region: Box, truth: Sequence[tuple[str, Box]]) -> str | None:
    """What a region shows; None where that is not clear."""
    over = [(kind, overlap(region, box) / min(area_of(region), area_of(box))) for kind, box in truth]
    kind, share = max(over, key=lambda each: each[1], default=("nothing", 0.0))
    if share == 0:
        return "nothing"
    return kind if share > 0.3 and kind in NAMES else None


def _night(picture: Image) -> Image:
    """Daylight as an infrared camera would have it: grey, dim, bright in the middle."""
    high, wide = picture.shape[:2]
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    lamp = np.exp(-(((x / wide - 0.5) / 0.6) ** 2) - ((y / high - 0.55) / 0.6) ** 2)
    dim = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) * (0.25 + 0.6 * lamp)
    return np.asarray(cv2.cvtColor(np.clip(dim, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), np.uint8)


def window(bgr: Image, region: Box) -> Image:
    """The region in a square AROUND times its longer side, scaled to WINDOW_PX where it is larger."""
    piece = square(bgr, region, AROUND)
    if piece.shape[0] <= WINDOW_PX:
        return piece.copy()
    return np.asarray(cv2.resize(piece, (WINDOW_PX, WINDOW_PX), interpolation=cv2.INTER_AREA), np.uint8)
