"""The built-in eye: says of each moving region whether it is a person, cat, dog, other animal, vehicle or nothing.

A classifier of our own (lab/eye) that comes with the program, so that a machine without internet can tell a cat from
a man. It looks only where something moves: it cannot find what stands still, and what it sees has the region's box.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind

NAMES = ("person", "cat", "dog", "animal", "vehicle", "nothing")  # in the order of the network's outputs
SIDE = 64
AROUND = (1.3, 2.0)  # the squares that are looked at, in heights or widths of the region: often only a part moves
# It learnt from the same number of pictures of each kind; but many more people than animals and cars pass a house, and
# more branches move than people. Chosen on the films of tests/pixels/detectors/test_real_clips.py: with equal shares,
# 18 or more of them took something else for a pet.
SHARES = np.array((1, 0.15, 0.15, 0.15, 0.4, 2), np.float32)
SMALLEST_PX = 8
LEAST = 0.2
MOST = 8  # regions in one look, the largest
MODEL = Path(__file__).with_name("eye.onnx")
Bgr = NDArray[np.uint8]


class BuiltInEye:
    """State: the loaded network. `look` may be called from several threads."""

    name = "eye"
    kinds = frozenset({Kind.PERSON, Kind.CAT, Kind.DOG, Kind.ANIMAL, Kind.VEHICLE})

    def __init__(self, path: Path = MODEL) -> None:
        """Raises `ConfigError` for a file that is no model."""
        from nightlatch.pixels.detectors.onnx import Network

        self._network = Network(path)

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """What each region of `bgr`, (H, W, 3) uint8, shows; regions with nothing in them are left out.

        The score of a cat, a dog or an animal is that it is one of the three.
        """
        height, width = bgr.shape[:2]
        large = [r for r in regions if min((r.right - r.left) * width, (r.bottom - r.top) * height) >= SMALLEST_PX]
        chosen = sorted(large, key=lambda r: (r.left - r.right) * (r.bottom - r.top))[:MOST]
        if not chosen:
            return []
        found = []
        for region, row in zip(chosen, self.weigh(bgr, chosen) * SHARES, strict=True):
            animal = row[1:4].sum()
            best, share = max((0, row[0]), (1 + int(row[1:4].argmax()), animal), (4, row[4]), key=lambda c: float(c[1]))
            if share > row[5] and share / row.sum() >= LEAST:
                found.append(Detection(region, Kind(NAMES[best]), float(share / row.sum())))
        return found

    def weigh(self, bgr: Bgr, boxes: Sequence[Box]) -> NDArray[np.float32]:
        """How likely each of `boxes` is to show each of NAMES, were all equally frequent: (N, 6), rows add up to 1."""
        if not boxes:
            return np.zeros((0, len(NAMES)), np.float32)
        crops = np.stack([crop(bgr, box, around) for around in AROUND for box in boxes]).transpose(0, 3, 1, 2)
        kinds = next(iter(self._network.run(np.ascontiguousarray(crops, np.float32)).values()))  # (2 N, 6)
        both = np.sqrt(kinds[: len(boxes)] * kinds[len(boxes) :])
        return np.asarray(both / both.sum(axis=1, keepdims=True), np.float32)


def crop(bgr: Bgr, region: Box, around: float) -> Bgr:
    """The region in a square `around` times as large as its longer side, (64, 64, 3)."""
    piece = square(bgr, region, around)
    way = cv2.INTER_AREA if piece.shape[0] > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(piece, (SIDE, SIDE), interpolation=way), np.uint8)


def square(bgr: Bgr, region: Box, around: float) -> Bgr:
    """The square of the picture `around` times as large as the region's longer side; moved inside at the edges."""
    height, width = bgr.shape[:2]
    across, down = (region.right - region.left) * width, (region.bottom - region.top) * height
    side = min(around * max(across, down, SMALLEST_PX), float(min(height, width)))
    x = (region.left + region.right) / 2 * width - side / 2
    y = (region.top + region.bottom) / 2 * height - side / 2
    left, top = int(min(max(0, x), width - side)), int(min(max(0, y), height - side))
    return bgr[top : top + max(1, int(side)), left : left + max(1, int(side))]
