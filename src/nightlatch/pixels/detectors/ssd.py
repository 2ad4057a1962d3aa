"""SSD-MobileNetV2, taught on Open Images (Huang et al. 2017; Apache-2.0), as MediaPipe ships it: a second opinion.

Input: 300 × 300 RGB, -1 to 1. Output: 1,917 boxes as offsets from anchors, and a logit for each of 24 classes, of
which the first is nothing. It learnt from other pictures than YOLOX, and errs elsewhere: people who lie or kneel and
dogs are its strength, small, far and infrared people its weakness. The file comes with set-up, as a part of the npm
package @mediapipe/objectron (scripts/unpack.py); it runs in OpenCV, in one thread.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors.yolox import Window

SIDE = 300
LEAST = 0.2
FILE = Path(__file__).with_name("ssd_oidv4.tflite")
SHA256 = "d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6"
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
Bgr = NDArray[np.uint8]
Tensor = NDArray[np.float32]


class Ssd:
    """State: the loaded network. `look_at` may be called from several threads."""

    def __init__(self, path: Path = FILE) -> None:
        """Raises `NotFound` when it is not there, `ConfigError` for a file that is no model."""
        if not path.is_file():
            raise NotFound(f"The model {path.stem} is not on this machine. It comes with set-up: run make page")
        try:
            self._network = cv2.dnn.readNetFromTFLite(str(path))
        except cv2.error as error:
            raise ConfigError(f"{path.name} is not a model that can be used. Download it again.") from error
        self._outputs = sorted(self._network.getUnconnectedOutLayersNames())  # boxes, then classes
        self._anchors = _anchors()
        self._lock = threading.Lock()  # OpenCV's networks keep their input

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """All things of known kinds in a window of `bgr`, (H, W, 3) uint8; boxes are of the whole picture."""
        height, width = bgr.shape[:2]
        left, top, right, bottom = window
        blob = cv2.dnn.blobFromImage(bgr[top:bottom, left:right], 1 / 127.5, (SIDE, SIDE), (127.5,) * 3, swapRB=True)
        with self._lock:
            self._network.setInput(blob)
            offsets, logits = (output[0] for output in self._network.forward(self._outputs))
        lines = list(CLASSES)
        scores = 1 / (1 + np.exp(-logits[:, lines]))
        best = scores.argmax(axis=1)
        kept = np.flatnonzero(scores.max(axis=1) >= LEAST)
        where = _boxes(_in_order(offsets)[kept], self._anchors[kept])
        origin, size = np.array((left, top)), np.array((right - left, bottom - top))
        low, high = (where[:, :2] * size + origin) / (width, height), (where[:, 2:] * size + origin) / (width, height)
        return [
            Detection(Box(*map(float, (*a, *b))), CLASSES[lines[best[n]]], float(scores[n, best[n]]))
            for n, a, b in zip(kept, low, high, strict=True)
            if (b > a).all()
        ]


def _boxes(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Left, top, right and bottom, as shares of the window, (N, 4): the inverse of the paper's encoding."""
    centre = offsets[:, 1::-1] / 10 * anchors[:, 2:] + anchors[:, :2]
    half = np.exp(np.minimum(offsets[:, 3:1:-1] / 5, 8)) * anchors[:, 2:] / 2
    return np.clip(np.concatenate((centre - half, centre + half), axis=1), 0, 1)


def _in_order(offsets: Tensor) -> Tensor:
    """Offsets as the model gives them: OpenCV (4.10 to 4.14) takes those of each layer apart by anchor."""
    found, at = [], 0
    for layer, cells in enumerate(GRIDS):
        each = len(_shapes(layer))
        count = cells * cells * each
        apart = offsets[at : at + count].reshape(each, cells * cells, 4)
        found.append(apart.transpose(1, 2, 0).reshape(count, 4))
        at += count
    return np.concatenate(found)


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
