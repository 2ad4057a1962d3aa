"""Things cut from photographs along their outline, to be put in front of other places."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]
BORDER = 0.04  # of the picture, taken for certain background
LEAST, MOST = 0.12, 0.8  # of the picture, what an outline may hold
ROUNDS = 3


def cutout(image: Image) -> tuple[Image, Mask] | None:
    """The thing in the middle of a picture with its mask, 0 or 255, both cut to it; None where none stands out.

    GrabCut (Rother, Kolmogorov, Blake 2004) from a frame around the picture.
    """
    height, width = image.shape[:2]
    x, y = max(1, round(BORDER * width)), max(1, round(BORDER * height))
    if min(height, width) < 24:
        return None
    marks = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(image, marks, (x, y, width - 2 * x, height - 2 * y), *models, ROUNDS, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # one colour only
        return None
    kept = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    kept = cv2.morphologyEx(kept, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, names, stats, _ = cv2.connectedComponentsWithStats(kept, connectivity=8)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    left, top, across, down, size = (int(each) for each in stats[largest])
    if not LEAST <= size / (height * width) <= MOST or min(across, down) < 16:
        return None
    mask = np.where(names == largest, 255, 0).astype(np.uint8)
    piece = np.s_[top : top + down, left : left + across]
    return image[piece].copy(), mask[piece].copy()
