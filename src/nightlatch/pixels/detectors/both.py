"""The eye and YOLOX together: each corrects what the other is known to get wrong.

YOLOX calls a wild cat, a cow or a distant ape a person, and people who kneel or fall a dog; it has the whole picture
and is sure of what is near. The eye was shown animals and people lying down, and sees only what moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.eye import NAMES, BuiltInEye
from nightlatch.pixels.detectors.yolox import Yolox
from nightlatch.pixels.vision.boxes import area_of, grown, overlap

ANIMALS = frozenset({Kind.CAT, Kind.DOG, Kind.ANIMAL})
DOUBTFUL = 0.80  # of YOLOX, above which it is not overruled
NO_PERSON = 0.05  # of the eye, below which it does not believe YOLOX's person: 1 in 50 true ones is below
SOME_ANIMAL = 0.4  # of the eye, from which the person that it does not believe is an animal
SOME_PERSON = 0.5  # of the eye, from which YOLOX's animal is a person
ALONE = {Kind.PERSON: 0.9, Kind.VEHICLE: 0.8, Kind.CAT: 0.65, Kind.DOG: 0.65, Kind.ANIMAL: 0.65}  # YOLOX saw nothing
SURE_PERSON = 0.6
SEEN = 0.3  # of YOLOX, from which what it saw leaves the eye nothing to add
SAME = 0.1  # of the smaller box
NEAR = 0.05  # of the picture: an animal so near to a person may be an arm


class Both:
    """State: both networks."""

    name = "both"
    kinds = BuiltInEye.kinds | Yolox.kinds

    def __init__(self, eye: BuiltInEye, yolox: Yolox) -> None:
        self._eye = eye
        self._yolox = yolox

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """All that either finds in `bgr`, (H, W, 3) uint8; where both see one thing, the better founded opinion."""
        found = self._yolox.look(bgr, regions)
        doubtful = [each for each in found if each.score < DOUBTFUL]
        opinions = self._eye.weigh(bgr, [each.box for each in doubtful])
        settled = [each for each in found if each.score >= DOUBTFUL]
        settled += [settle(each, row) for each, row in zip(doubtful, opinions, strict=True)]
        return settled + [each for each in self._eye.look(bgr, regions) if is_news(each, settled)]


def settle(yolox: Detection, shares: NDArray[np.float32]) -> Detection:
    """What YOLOX found, once the eye has had a second look; its (6,) shares are in the order of NAMES."""
    person, animal = float(shares[0]), float(shares[1:4].sum())
    if yolox.kind is Kind.PERSON and person < NO_PERSON:
        if animal < SOME_ANIMAL:
            return replace(yolox, score=yolox.score / 2)
        return replace(yolox, kind=Kind(NAMES[1 + int(shares[1:4].argmax())]), score=yolox.score * animal)
    if yolox.kind in ANIMALS and person >= SOME_PERSON:
        return replace(yolox, kind=Kind.PERSON, score=max(SURE_PERSON, yolox.score) * person)
    return yolox


def is_news(eye: Detection, settled: Sequence[Detection]) -> bool:
    """Whether the eye is sure of something where YOLOX saw nothing."""
    if eye.score < ALONE[eye.kind]:
        return False
    for seen in settled:
        if seen.score < SEEN:
            continue
        if overlap(eye.box, seen.box) > SAME * min(area_of(eye.box), area_of(seen.box)):
            return False
        if eye.kind is not Kind.PERSON and seen.kind is Kind.PERSON and overlap(grown(eye.box, NEAR), seen.box) > 0:
            return False
    return True
