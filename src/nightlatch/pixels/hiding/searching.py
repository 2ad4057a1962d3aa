"""Looks for people on the finished plate: it is one picture, so all eyes can look closely, and be doubted.

What is found is grey. A single eye must be fairly sure there, or two must share a find: hung clothes and curtains look
like people to one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.eyes import PrivacyEyes, lying
from nightlatch.pixels.hiding.finding import body_of
from nightlatch.pixels.hiding.plate import Plate, mask_of
from nightlatch.pixels.vision.boxes import grown, iou

PIECES = 3  # across and down: the plate is looked at in so many pieces, half of each overlapping
ROUNDS = 3
PERSON_SURE = 0.5  # of one find on the plate
BOTH_SURE = 0.65  # scores of two together
SHARED = 0.4  # IoU of two that are one
MARGIN = 0.02  # of a piece
OPEN = 0.15  # of a find: if less of it shows, it is nobody
Bgr = NDArray[np.uint8]


def searched(plate: Plate, eyes: PrivacyEyes) -> tuple[Plate, int]:
    """The plate with grey over everybody who is found on it, and how many still are at last."""
    for _ in range(ROUNDS):
        found = [box for box in _finds(plate.picture, eyes) if _shows(plate, box)]
        if not found:
            return plate, 0
        plate = plate.without(found)
    return plate, sum(_shows(plate, box) for box in _finds(plate.picture, eyes))


def _finds(picture: Bgr, eyes: PrivacyEyes) -> list[Box]:
    """Everybody on one picture: whole, in pieces, and turned to both sides."""
    height, width = picture.shape[:2]
    found = []
    for left, top, wide, high in pieces(width, height):
        piece = np.ascontiguousarray(picture[top : top + high, left : left + wide])
        people = [each for each in eyes.detector.look(piece, ()) if each.kind is Kind.PERSON]
        people += [each for quarters in (1, 3) for each in lying(piece, eyes.turned, quarters)]
        sure = [each for each in people if each.score >= PERSON_SURE or _is_shared(each, people)]
        boxes = [*(grown(each.box, MARGIN) for each in sure), *(body_of(each.box) for each in eyes.faces.find(piece))]
        found += [
            Box(
                (left + b.left * wide) / width,
                (top + b.top * high) / height,
                (left + b.right * wide) / width,
                (top + b.bottom * high) / height,
            )
            for b in boxes
        ]
    return found


def pieces(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """The whole picture and its pieces: left, top, width and height in pixels."""
    across, down = 2 * width // (PIECES + 1), 2 * height // (PIECES + 1)
    corners = [(x * across // 2, y * down // 2) for y in range(PIECES) for x in range(PIECES)]
    return [(0, 0, width, height), *((left, top, across, down) for left, top in corners)]


def _is_shared(find: Detection, others: Sequence[Detection]) -> bool:
    """Whether somebody was found there twice: by two eyes, or upright and turned."""
    return any(
        other is not find and iou(find.box, other.box) > SHARED and find.score + other.score >= BOTH_SURE
        for other in others
    )


def _shows(plate: Plate, box: Box) -> bool:
    """Whether so much of a find is plate that somebody could be seen in it."""
    within = mask_of([box], plate.is_known.shape)
    return bool(within.any()) and float(plate.is_known[within].mean()) > OPEN
