"""Pieces of a picture as networks want them, and the boxes that come back. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box

Bgr = NDArray[np.uint8]
Window = tuple[int, int, int, int]  # left, top, right, bottom in pixels
Tensor = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A window, shrunk or grown to a network's size without being distorted, and where it came from."""

    canvas: Bgr  # (side, side, 3)
    scale: float  # canvas pixels for each of the picture's
    left: float  # of the picture's pixels, where the canvas begins
    top: float
    width: float  # of the whole picture
    height: float

    def shares(self, points: NDArray[np.floating]) -> Tensor:
        """Canvas pixels, (..., 2), as shares of the whole picture."""
        within = points / self.scale + np.array((self.left, self.top), np.float32)
        return np.asarray(within / np.array((self.width, self.height), np.float32), np.float32)


def letterbox(bgr: Bgr, window: Window, side: int, *, grey: int, is_centred: bool = False) -> Letterbox:
    """The window of `bgr`, (H, W, 3), in a square of `side` pixels, with `grey` around it."""
    left, top, right, bottom = window
    piece = bgr[top:bottom, left:right]
    scale = min(side / piece.shape[0], side / piece.shape[1])
    across, down = max(1, round(piece.shape[1] * scale)), max(1, round(piece.shape[0] * scale))
    x, y = ((side - across) // 2, (side - down) // 2) if is_centred else (0, 0)
    canvas = np.full((side, side, 3), grey, np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[y : y + down, x : x + across] = cv2.resize(piece, (across, down), interpolation=way)
    return Letterbox(canvas, scale, left - x / scale, top - y / scale, bgr.shape[1], bgr.shape[0])


def box_within(left: float, top: float, right: float, bottom: float) -> Box | None:
    """The part of a box that lies in the picture; None when nothing does, or when it is none."""
    if not all(map(math.isfinite, (left, top, right, bottom))):
        return None
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    return Box(float(left), float(top), float(right), float(bottom)) if right > left and bottom > top else None
