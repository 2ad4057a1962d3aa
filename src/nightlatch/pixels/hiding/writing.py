"""Finds writing and screens on the finished plate: what tells a name, a place or a time. Pure, but for `screens`.

Nobody reads it: what looks like a line of characters is covered, whether it is a clock that the camera burns in, a
number plate, a sign or a label. So is what an eye takes for a television, a laptop, a phone or a clock on the wall, and
what changes by itself within four straight sides. Handwriting, single characters, and letters that stand upright
beneath each other are not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.hiding.plate import Plate, Sample, mask_of
from nightlatch.pixels.hiding.strokes import TRAITS, Lines, lines_on
from nightlatch.pixels.vision.boxes import area_of

# Logistic regression on 30,516 lines, 3,699 of them writing, of 200 pictures on which clocks, names, plates and signs
# were drawn in two dozen fonts (python bench/writing.py fit 200). Of each trait: mean, standard deviation, the weight
# of how many of these a line is off, and of the square of that.
LIKENESS = {
    "characters": (0.965, 0.396, 0.863, 0.014),
    "feet": (0.009, 0.033, 0.028, -0.034),
    "strokes": (0.045, 0.070, -0.368, 0.013),
    "contrasts": (0.041, 0.065, -0.175, -0.004),
    "levels": (0.089, 0.193, -0.859, 0.042),
    "contrast": (-0.907, 0.485, 0.779, -0.016),
    "fill": (0.397, 0.117, -0.089, 0.090),
    "uneven": (0.178, 0.037, -0.169, 0.067),
    "stroke": (0.261, 0.076, -0.941, -0.667),
    "clutter": (0.186, 0.171, -0.587, -0.074),
    "high": (-0.187, 0.383, 0.376, 0.233),
    "upright": (0.476, 0.126, 2.572, -0.936),
    "ground": (0.599, 0.343, -0.230, 0.134),
    "gaps": (0.155, 0.242, 0.882, -0.158),
    "widths": (0.099, 0.187, 0.083, -0.073),
    "fills": (0.034, 0.052, 0.251, -0.005),
    "density": (0.170, 0.050, 1.371, -0.091),
    "slim": (1.289, 0.695, -1.351, -0.332),
    "bars": (0.032, 0.130, -0.125, -0.010),
}
BIAS = -3.374
USUAL, SPREAD, WEIGHT, BEND = np.array([LIKENESS[each] for each in TRAITS]).T
# Chosen on these pictures and on plates of half the films of bench/redact. At 0.5 a fifth less is wrongly covered, and
# every tenth house number more is open.
SURE = 0.0  # of a line that stands alone
CLEAR = 1.0  # of a line that others may go on
DOUBTFUL = -5.0  # of one that goes on such a line: the next word
AT_BORDER, BORDER = 0.5, 0.1  # more so much from the upper or lower border: that is where cameras burn it in
NEXT_WORD = 4.0  # heights between the two
UNLIKE_HIGH = 1.5  # heights of the larger in those of the smaller
BESIDE, ABOVE = 1.0, 0.25  # heights: how much larger than its line a box is; its last character may be faint
OPEN = 0.02  # of a box: if less of it is plate, it is covered already
ONE = 1.2  # of what two boxes cover: as much may one around both
SCREEN_MARGIN = 0.04  # of its size
SCREEN_LEAST = 0.002  # of the picture: a changing area that is smaller is a leaf or a light
SCREEN_MOST = 0.3  # and one that is larger is weather
SCREEN_STRAIGHT = 0.85  # of the smallest slanting rectangle around it
SELDOM_HIDDEN = 0.3  # of the looks: what nobody stood before changes by itself
Bgr = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Screens(Protocol):
    """Finds televisions, laptops, phones and clocks."""

    def screens(self, bgr: Bgr) -> Sequence[Box]:
        """Their boxes in `bgr`, (H, W, 3) uint8."""
        ...


def written(plate: Plate, samples: Sequence[Sample], hidden: Mask, eye: Screens | None) -> list[Box]:
    """Where writing and screens are on the plate; places that touch are one.

    A clock's seconds differ and are grey on the plate: the line that they stand in is told from a sample. `hidden` is
    (T, h, w), where somebody or something may be in each look.
    """
    picture = _filled(plate, samples)
    boxes = [*writing_on(picture), *_changing(plate, hidden)]
    if eye is not None:
        boxes += [_grown(box) for box in eye.screens(picture)]
    return [box for box in _joined(boxes) if _is_open(plate, box)]


def _filled(plate: Plate, samples: Sequence[Sample]) -> Bgr:
    """The plate, with what the first sample shows where it is grey."""
    if not samples or samples[0].picture.shape != plate.picture.shape:
        return plate.picture
    return np.ascontiguousarray(np.where(plate.is_known[:, :, None], plate.picture, samples[0].picture), np.uint8)


def writing_on(picture: Bgr) -> list[Box]:
    """Where lines of characters are on a picture, (H, W, 3)."""
    height, width = picture.shape[:2]
    corners, scores = [], []
    for lines in lines_on(picture):
        middle = (lines.corners[:, 1] + lines.corners[:, 3]) / 2 / height
        score = likeness(lines) + AT_BORDER * (np.minimum(middle, 1 - middle) < BORDER)
        kept = score >= DOUBTFUL
        corners.append(lines.corners[kept])
        scores.append(score[kept])
    if not corners:
        return []
    every, score = np.concatenate(corners), np.concatenate(scores)
    found = every[(score >= SURE) | _goes_on(every, score >= CLEAR)]
    high = found[:, 3] - found[:, 1]
    rim = np.stack([-BESIDE * high, -ABOVE * high, BESIDE * high, ABOVE * high], axis=1)
    shares = np.clip((found + rim) / (width, height, width, height), 0.0, 1.0)
    return [Box(*each) for each in shares.tolist()]


def _goes_on(corners: NDArray[np.float64], clear: Mask) -> Mask:
    """Which lines stand in one line with a clear one, close by and as high, (L,)."""
    left, top, right, bottom = corners[:, None].transpose(2, 0, 1)
    sleft, stop, sright, sbottom = corners[clear][None].transpose(2, 0, 1)
    high, shigh = bottom - top, sbottom - stop
    larger, smaller = np.maximum(high, shigh), np.minimum(high, shigh)
    apart = np.maximum(left, sleft) - np.minimum(right, sright)
    beside = np.minimum(bottom, sbottom) - np.maximum(top, stop)
    joins = (larger <= UNLIKE_HIGH * smaller) & (apart <= NEXT_WORD * smaller) & (beside >= 0.7 * smaller)
    return np.asarray(joins.any(axis=1), np.bool_)


def likeness(lines: Lines) -> NDArray[np.float64]:
    """How much each line is like writing, (L,): the logarithm of the odds, from its traits."""
    apart = (lines.traits - USUAL) / SPREAD
    return np.asarray(apart @ WEIGHT + apart**2 @ BEND + BIAS, np.float64)


def _changing(plate: Plate, hidden: Mask) -> list[Box]:
    """What changes though nobody is there, in the shape of a screen."""
    height, width = hidden.shape[1:]
    known = cv2.resize(plate.is_known.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0
    changes = (~known & (hidden.mean(axis=0) < SELDOM_HIDDEN)).astype(np.uint8)
    changes = cv2.morphologyEx(changes, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    found = []
    for outline in cv2.findContours(changes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        area = cv2.contourArea(outline)
        (_, _), (long, short), _ = cv2.minAreaRect(outline)
        is_large = SCREEN_LEAST <= area / (width * height) <= SCREEN_MOST
        if is_large and area >= SCREEN_STRAIGHT * long * short:
            x, y, wide, high = cv2.boundingRect(outline)
            found.append(_grown(Box(x / width, y / height, (x + wide) / width, (y + high) / height)))
    return found


def _grown(box: Box) -> Box:
    """With a screen's frame."""
    across, down = SCREEN_MARGIN * (box.right - box.left), SCREEN_MARGIN * (box.bottom - box.top)
    return Box(
        max(0.0, box.left - across),
        max(0.0, box.top - down),
        min(1.0, box.right + across),
        min(1.0, box.bottom + down),
    )


def _joined(boxes: Sequence[Box]) -> list[Box]:
    """The same places in fewer boxes: two are one where that covers hardly more."""
    left = list(boxes)
    made: list[Box] = []
    while left:
        box = left.pop()
        other = next((each for each in left if _is_one(box, each)), None)
        if other is None:
            made.append(box)
            continue
        left.remove(other)
        left.append(_around(box, other))
    return made


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def _is_one(a: Box, b: Box) -> bool:
    across, down = min(a.right, b.right) - max(a.left, b.left), min(a.bottom, b.bottom) - max(a.top, b.top)
    if across < 0 or down < 0:
        return False
    return area_of(_around(a, b)) <= ONE * (area_of(a) + area_of(b) - across * down)


def _is_open(plate: Plate, box: Box) -> bool:
    """Whether any of it is not grey yet."""
    within = mask_of([box], plate.is_known.shape)
    return bool(within.any()) and float(plate.is_known[within].mean()) > OPEN
