"""SSD-MobileNetV2, taught on Open Images (Huang et al. 2017; Apache-2.0), as MediaPipe ships it: a second opinion.

Input: 300 × 300 RGB, -1 to 1. Output: 1,917 boxes as offsets from anchors, and a logit for each of 24 classes, of
which the first is nothing. It learnt from other pictures than YOLOX, and errs elsewhere: people who lie or kneel and
dogs are its strength, small, far and infrared people its weakness. The file comes with set-up, as a part of the npm
package @mediapipe/objectron (scripts/unpack.py).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.litert import LiteNetwork
from nightlatch.pixels.detectors.models import known_models
from nightlatch.pixels.detectors.windows import Bgr, Tensor, Window, box_within

NAME = "ssd_oidv4"
SIDE = 300
LEAST = 0.2
CLASSES = {  # by line of its label map
    1: Kind.VEHICLE,  # bicycle
    4: Kind.PERSON,
    6: Kind.ANIMAL,  # cattle
    8: Kind.CAT,
    18: Kind.VEHICLE,
    20: Kind.DOG,
    23: Kind.VEHICLE,  # car
}
GRIDS = (19, 10, 5, 3, 2, 1)  # cells across, by layer
SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95)  # of the picture, by layer
RATIOS = (1.0, 2.0, 0.5, 3.0, 0.3333)  # width to height
FIRST_SCALE = 0.1  # of the first layer's square anchor


class SsdNetwork:
    """State: the loaded network. `look_at` may be called from several threads."""

    name = "ssd"
    is_rough = False

    def __init__(self, path: Path) -> None:
        """Raises `NotFound` when it is not there, `ConfigError` for any other file."""
        self._network = LiteNetwork(known_models()[NAME], path)
        self._anchors = _anchors()

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """All things of known kinds in a window of `bgr`, (H, W, 3) uint8; boxes are of the whole picture."""
        height, width = bgr.shape[:2]
        left, top, right, bottom = window
        way = cv2.INTER_AREA if min(right - left, bottom - top) > SIDE else cv2.INTER_LINEAR
        square = cv2.resize(bgr[top:bottom, left:right], (SIDE, SIDE), interpolation=way)
        rgb = cv2.cvtColor(square, cv2.COLOR_BGR2RGB).astype(np.float32) / 127.5 - 1
        offsets, logits = (output[0] for output in self._network.run(rgb[None]))
        lines = list(CLASSES)
        scores = 1 / (1 + np.exp(-np.clip(logits[:, lines], -50, 50)))
        best = scores.argmax(axis=1)
        kept = np.flatnonzero(scores.max(axis=1) >= LEAST)
        where = _boxes(offsets[kept], self._anchors[kept])
        origin, size = np.array((left, top)), np.array((right - left, bottom - top))
        low, high = (where[:, :2] * size + origin) / (width, height), (where[:, 2:] * size + origin) / (width, height)
        return [
            Detection(box, CLASSES[lines[best[n]]], float(scores[n, best[n]]))
            for n, a, b in zip(kept, low, high, strict=True)
            if (box := box_within(*a.tolist(), *b.tolist())) is not None
        ]


def _boxes(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Left, top, right and bottom, as shares of the window, (N, 4): the inverse of the paper's encoding."""
    centre = offsets[:, 1::-1] / 10 * anchors[:, 2:] + anchors[:, :2]
    half = np.exp(np.minimum(offsets[:, 3:1:-1] / 5, 8)) * anchors[:, 2:] / 2
    return np.clip(np.concatenate((centre - half, centre + half), axis=1), 0, 1)


def _shapes(layer: int) -> list[tuple[float, float]]:
    """Ratio and scale of each anchor of a layer."""
    scale = SCALES[layer]
    if layer == 0:
        return [(1.0, FIRST_SCALE), (2.0, scale), (0.5, scale)]
    after = (*SCALES, 1.0)[layer + 1]
    return [*((ratio, scale) for ratio in RATIOS), (1.0, float(np.sqrt(scale * after)))]


def _anchors() -> Tensor:
    """Centre x and y, width and height of each anchor, (1917, 4)."""
    made = [
        ((column + 0.5) / cells, (row + 0.5) / cells, size * np.sqrt(ratio), size / np.sqrt(ratio))
        for layer, cells in enumerate(GRIDS)
        for row in range(cells)
        for column in range(cells)
        for ratio, size in _shapes(layer)
    ]
    return np.array(made, np.float32)
