"""Where faces are, so that they can be covered (YuNet: Wu, Peng, Yu 2023). Nobody is ever recognised."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError

SIDE = 640
LEAST = 0.6  # the score at which its makers call it a face


class FaceFinder:
    """State: the loaded network. Not shared between threads."""

    def __init__(self, path: Path, *, least: float = LEAST) -> None:
        """Raises `ConfigError` for a file that is no model."""
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (SIDE, SIDE), least, 0.3, 200)
        except cv2.error as error:
            raise ConfigError(f"{path.name} is not a model that can be used. Download it again.") from error

    def find(self, bgr: NDArray[np.uint8]) -> list[Detection]:
        """Faces in `bgr`, (H, W, 3) uint8, as detections of kind PERSON; the box is the face."""
        height, width = bgr.shape[:2]
        scale = SIDE / max(height, width)
        small = np.zeros((SIDE, SIDE, 3), np.uint8)
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        shrunk = cv2.resize(bgr, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=way)
        small[: shrunk.shape[0], : shrunk.shape[1]] = shrunk
        _, faces = self._network.detect(small)
        found = []
        for x, y, across, down, *_, score in () if faces is None else faces.tolist():
            left, top = max(0.0, x / scale / width), max(0.0, y / scale / height)
            right, bottom = min(1.0, (x + across) / scale / width), min(1.0, (y + down) / scale / height)
            if right > left and bottom > top:
                found.append(Detection(Box(left, top, right, bottom), Kind.PERSON, float(score)))
        return found
