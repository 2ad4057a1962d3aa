"""The eye and YOLOX together: each mends what the other is known to get wrong.

YOLOX calls a wild cat, a cow or a distant ape a person, and people who kneel or fall a dog; it has the whole picture
and is sure of what is near. The eye was shown animals and people lying down, and sees only what moves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.eye import Eye
from nightlatch.pixels.detectors.yolox import Yolox

ANIMALS = frozenset({Kind.CAT, Kind.DOG, Kind.ANIMAL})
SURE = 0.75  # of the eye, before it overrules
DOUBTFUL = 0.80  # of YOLOX, above which it is not overruled


class Both:
    """State: both networks."""

    name = "both"
    kinds = Eye.kinds | Yolox.kinds

    def __init__(self, eye: Eye, yolox: Yolox) -> None:
        self._eye = eye
        self._yolox = yolox

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """All that either finds in `bgr`, (H, W, 3) uint8; where both see one thing, the better founded word."""
        found = self._yolox.look(bgr, regions)
        again = self._eye.look(bgr, [each.box for each in found if each.score < DOUBTFUL]) if found else []
        second = {each.box: each for each in again}
        settled = [_settled(each, second.get(each.box)) for each in found]
        alone = [each for each in self._eye.look(bgr, regions) if all(_iou(each.box, s.box) < 0.1 for s in settled)]
        return [*settled, *alone]


def _settled(yolox: Detection, eye: Detection | None) -> Detection:
    if eye is None or eye.kind is yolox.kind or eye.score < SURE:
        return yolox
    crossed = {yolox.kind is Kind.PERSON, eye.kind is Kind.PERSON} == {True, False}
    if crossed and (yolox.kind in ANIMALS or eye.kind in ANIMALS):
        return Detection(yolox.box, eye.kind, eye.score * 0.8)
    return yolox


def _iou(a: Box, b: Box) -> float:
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    if across <= 0 or down <= 0:
        return 0.0
    one, two = ((c.right - c.left) * (c.bottom - c.top) for c in (a, b))
    return across * down / (one + two - across * down)
