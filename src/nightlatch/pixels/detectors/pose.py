"""MediaPipe's pose detector (Bazarevsky et al. 2020; Apache-2.0): a third opinion, about people only.

Input: 224 × 224 RGB, -1 to 1, letterboxed in the middle. Output: 2,254 rows of a box and four points, as offsets from
the centres of the cells of strides 8, 16 and 32 (2, 2 and 6 rows a cell), and a logit each. The box is the face's; the
first point is the middle of the hips, the second lies where a circle around it holds the whole body.

It learnt people in all postures, and is the best of the three with those who lie, kneel or crouch. It does not see
crowds and people who are far away, and sees people in clouds: its scores count by half. The file comes with set-up, out
of the wheel `mediapipe` (scripts/unpack.py).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.litert import LiteNetwork
from nightlatch.pixels.detectors.models import known_models
from nightlatch.pixels.detectors.windows import Bgr, Tensor, Window, box_within, letterbox

NAME = "pose_detection"
SIDE = 224
ROWS = ((8, 2), (16, 2), (32, 6))  # stride, rows a cell
LEAST = 0.5  # of its makers
WEIGHT = 0.5
SAME = 0.3  # of the body's radius: hips nearer to each other than this are one person's
# The body's box, in radii from the hips, along the body and across. Measured against YOLOX's boxes (0.6 or more, wholly
# in the picture) of 78 upright people in ../shared/data/videos: the head 0.92 away (median), the sides 0.35.
ALONG = 0.95
ACROSS = 0.38


class PoseNetwork:
    """State: the loaded network. `look_at` may be called from several threads."""

    name = "pose"
    is_rough = True  # its boxes are sums, not sights

    def __init__(self, path: Path) -> None:
        """Raises `NotFound` when it is not there, `ConfigError` for any other file."""
        self._network = LiteNetwork(known_models()[NAME], path)
        self._centres = _centres()

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """People in a window of `bgr`, (H, W, 3) uint8, at half weight; boxes are of the whole picture."""
        fit = letterbox(bgr, window, SIDE, grey=0, is_centred=True)
        rgb = cv2.cvtColor(fit.canvas, cv2.COLOR_BGR2RGB).astype(np.float32) / 127.5 - 1
        rows, logits = self._network.run(rgb[None])
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -50, 50)))
        kept = np.flatnonzero(scores >= LEAST)
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        hips, edge = (rows[0, kept, at : at + 2] + self._centres[kept] * SIDE for at in (4, 6))
        found, told = [], list[int]()
        for n, number in enumerate(kept):
            reach = SAME * np.hypot(*(edge[n] - hips[n]))
            if any(np.hypot(*(hips[n] - hips[other])) < reach for other in told):
                continue
            told.append(n)
            low, high = fit.shares(_box(hips[n], edge[n]))
            if (box := box_within(*low.tolist(), *high.tolist())) is not None:
                found.append(Detection(box, Kind.PERSON, WEIGHT * float(scores[number])))
        return found


def _box(hips: Tensor, edge: Tensor) -> Tensor:
    """Left and top, right and bottom of a body that lies from the hips towards `edge` and away from it, (2, 2)."""
    toward = np.abs(edge - hips)
    half = ALONG * toward + ACROSS * toward[::-1]
    return np.stack((hips - half, hips + half))


def _centres() -> Tensor:
    """Of the cell of each row, as shares of the input, (2254, 2)."""
    found = []
    for stride, rows in ROWS:
        cells = SIDE // stride
        down, across = np.mgrid[:cells, :cells]
        found.append(np.repeat(np.stack((across, down), -1).reshape(-1, 2) + 0.5, rows, axis=0) / cells)
    return np.concatenate(found).astype(np.float32)
