"""How a person who was found stands: MediaPipe's pose landmarks (BlazePose full: Bazarevsky et al. 2020; Apache-2.0).

Input: 256 × 256 RGB, 0 to 1, of a square around the person, turned so that the body is upright in it. Output: 39 rows
of x, y, z (pixels of the input) and two logits, of which 33 are points of the body and two say where the square of the
next look should lie; and the score that there is a person. It recognises nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.detectors.litert import LiteNetwork
from nightlatch.pixels.detectors.models import known_models
from nightlatch.pixels.hiding.figures import POINTS, Figure

NAME = "pose_landmark"
SIDE = 256
AROUND = 1.25  # of the body's circle, as its makers have it
LIES = 1.1  # width to height of a box, from which the body may lie on its side
LEAST = 0.35  # below this a capsule is drawn instead (looked at on real films)
HIPS, RIM = 33, 34  # rows that say where the body's circle is
Bgr = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square of a picture, in pixels: `turned` clockwise, in radians."""

    x: float
    y: float
    side: float
    turned: float


class Landmarks:
    """State: the loaded network. `find` may be called from several threads."""

    def __init__(self, path: Path) -> None:
        """Raises `NotFound` when it is not there, `ConfigError` for any other file."""
        self._network = LiteNetwork(known_models()[NAME], path)

    def find(self, bgr: Bgr, box: Box, before: Square | None = None) -> tuple[Figure, Square] | None:
        """How whoever is in `box` stands, and where to look next time; None when nobody can be made out there."""
        squares = [before] if before is not None else _squares(box, bgr.shape[1], bgr.shape[0])
        best: tuple[Figure, Square] | None = None
        for square in squares:
            made = self._look(bgr, box, square)
            if made is not None and (best is None or made[0].score > best[0].score):
                best = made
        return best

    def _look(self, bgr: Bgr, box: Box, square: Square) -> tuple[Figure, Square] | None:
        back = _way_back(square)
        piece = cv2.warpAffine(bgr, back, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        rgb = np.asarray(cv2.cvtColor(piece, cv2.COLOR_BGR2RGB) / 255, np.float32)
        outputs = {output.size: output.reshape(-1) for output in self._network.run(rgb[None])}
        score = float(outputs[1][0])
        if score < LEAST:
            return None
        rows = outputs[39 * 5].reshape(39, 5)
        places = rows[:, :2] @ back[:, :2].T + back[:, 2]
        height, width = bgr.shape[:2]
        points = tuple((float(x / width), float(y / height)) for x, y in places[:POINTS])
        return Figure(points, min(1.0, score), box), _around(places[HIPS], places[RIM])


def _squares(box: Box, width: int, height: int) -> list[Square]:
    """Where to look first: upright, and on both sides where the box is wide."""
    across, down = (box.right - box.left) * width, (box.bottom - box.top) * height
    x, y = (box.left + box.right) / 2 * width, (box.top + box.bottom) / 2 * height
    side = AROUND * max(across, down)
    turns = (0.0, math.pi / 2, -math.pi / 2) if across > LIES * down else (0.0,)
    return [Square(x, y, side, turned) for turned in turns]


def _around(hips: NDArray[np.floating], rim: NDArray[np.floating]) -> Square:
    """The square around the circle with this middle and this point on its rim, above the head."""
    dx, dy = float(rim[0] - hips[0]), float(rim[1] - hips[1])
    return Square(float(hips[0]), float(hips[1]), 2 * AROUND * math.hypot(dx, dy), math.atan2(dx, -dy))


def _way_back(square: Square) -> NDArray[np.float64]:
    """From pixels of the input to pixels of the picture, (2, 3)."""
    scale = max(square.side, 1.0) / SIDE
    cos, sin = scale * math.cos(square.turned), scale * math.sin(square.turned)
    half = SIDE / 2
    return np.array(
        [[cos, -sin, square.x - cos * half + sin * half], [sin, cos, square.y - sin * half - cos * half]], np.float64
    )
