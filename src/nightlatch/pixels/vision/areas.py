"""What the owner drew on the picture: where motion counts, and what nobody sees. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area

Mask = NDArray[np.uint8]  # 0 or 255, as OpenCV wants it


def watched(areas: Sequence[Area], width: int, height: int) -> Mask | None:
    """Where motion counts, (H, W): in any watch area (or everywhere without one), in no ignored one, under no mask."""
    if not areas:
        return None
    has_watch = any(area.use == "watch" for area in areas)
    mask = np.full((height, width), 0 if has_watch else 255, np.uint8)
    for area in sorted(areas, key=lambda each: each.use != "watch"):
        cv2.fillPoly(mask, [_corners(area, width, height)], 255 if area.use == "watch" else 0)
    return mask


def blacken(picture: NDArray[np.uint8], areas: Sequence[Area]) -> NDArray[np.uint8]:
    """Paint what lies under masks black, in place; `picture` is (H, W, 3) and may be written to."""
    for area in areas:
        if area.use == "mask":
            cv2.fillPoly(picture, [_corners(area, picture.shape[1], picture.shape[0])], (0, 0, 0))
    return picture


def _corners(area: Area, width: int, height: int) -> NDArray[np.int32]:
    return np.array([[round(x * (width - 1)), round(y * (height - 1))] for x, y in area.points], np.int32)
