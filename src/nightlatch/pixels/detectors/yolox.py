"""YOLOX-nano (Ge et al. 2021, Apache-2.0) over the whole picture and again, closer, where something moves.

Input: 416 × 416 BGR, 0 to 255, letterboxed with grey 114. Output: one row per grid cell of strides 8, 16 and 32 with
box, objectness and 80 COCO classes, not yet decoded. A thing that is 15 pixels high in the whole picture is 100 high
in a crop: that is where distant people and cats are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.onnx import Network
from nightlatch.pixels.detectors.windows import Bgr, Letterbox, Tensor, Window, box_within, letterbox

SIDE = 416
GREY = 114
STRIDES = (8, 16, 32)
LEAST = 0.10
SAME = 0.5  # IoU above which two boxes of a kind are one thing
CROPS = 2  # at most in one look
CROP_SIDE = 0.30  # of the picture's width, at least: a thing needs its surroundings
COCO = {
    0: Kind.PERSON,
    1: Kind.VEHICLE,
    2: Kind.VEHICLE,
    3: Kind.VEHICLE,
    5: Kind.VEHICLE,
    7: Kind.VEHICLE,
    14: Kind.ANIMAL,
    15: Kind.CAT,
    16: Kind.DOG,
    17: Kind.ANIMAL,
    18: Kind.ANIMAL,
    19: Kind.ANIMAL,
    20: Kind.ANIMAL,
    21: Kind.ANIMAL,
    22: Kind.ANIMAL,
    23: Kind.ANIMAL,
}
SCREENS = (62, 63, 67, 74)  # television, laptop, mobile phone, and a clock: what is read off it says when
SCREEN_SURE = 0.3  # on 108 photographs: both screens, at 0.62 to 0.91, and a chair; on 50 films three windows, too
LARGE_SURE = 0.5  # of one that takes more than SCREEN_LARGE of the picture: a room is no laptop
SCREEN_LARGE = 0.08


class Yolox:
    """State: the loaded network. `look` may be called from several threads."""

    name = "yolox"
    is_rough = False
    kinds = frozenset({Kind.PERSON, Kind.CAT, Kind.DOG, Kind.ANIMAL, Kind.VEHICLE})

    def __init__(self, path: Path, *, least: float = LEAST, crops: int = CROPS, every_person: bool = False) -> None:
        """Raises `ConfigError` for a file that is no model."""
        self._network = Network(path)
        self._least = least
        self._crops = crops
        self._every_person = every_person
        self._grid, self._stride = grid()

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """All things of known kinds in `bgr`, (H, W, 3) uint8."""
        height, width = bgr.shape[:2]
        windows = [(0, 0, width, height), *_windows(regions, width, height)[: self._crops]]
        found = [each for window in windows for each in self.look_at(bgr, window)]
        if not self._every_person:
            return merged(found)
        people = [each for each in found if each.kind is Kind.PERSON]
        return [*merged(people), *merged([each for each in found if each.kind is not Kind.PERSON])]

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """All things of known kinds in a window of `bgr`, one thing perhaps several times."""
        return self._read(*self._asked(bgr, window))

    def screens(self, bgr: Bgr) -> list[Box]:
        """Where televisions, laptops, phones and clocks are; asked about the whole picture, and four parts of it."""
        height, width = bgr.shape[:2]
        across, down = width * 3 // 5, height * 3 // 5
        corners = [(x, y) for x in (0, width - across) for y in (0, height - down)]
        windows = [(0, 0, width, height), *((x, y, x + across, y + down) for x, y in corners)]
        found = []
        for window in windows:
            rows, fit = self._asked(bgr, window)
            scores = (rows[:, 4:5] * rows[:, [5 + c for c in SCREENS]]).max(axis=1)
            kept = np.flatnonzero(scores >= SCREEN_SURE)
            low, high = self._corners(rows, kept, fit)
            sure = np.where((high - low).prod(axis=1) > SCREEN_LARGE, LARGE_SURE, SCREEN_SURE)
            is_one = scores[kept] >= sure
            places = zip(low[is_one].tolist(), high[is_one].tolist(), strict=True)
            found += [box for a, b in places if (box := box_within(*a, *b)) is not None]
        return found

    def _asked(self, bgr: Bgr, window: Window) -> tuple[Tensor, Letterbox]:
        """All rows that the network answers with, and how to read their places."""
        fit = letterbox(bgr, window, SIDE, grey=GREY)
        batch: Tensor = np.ascontiguousarray(fit.canvas.transpose(2, 0, 1)[None], np.float32)
        return next(iter(self._network.run(batch).values()))[0], fit

    def _corners(self, rows: Tensor, kept: NDArray[np.intp], fit: Letterbox) -> tuple[Tensor, Tensor]:
        """Two corners of each row's box, in shares of the picture."""
        centre = (rows[kept, :2] + self._grid[kept]) * self._stride[kept, None]
        half = np.exp(np.minimum(rows[kept, 2:4], 8.0)) * self._stride[kept, None] / 2
        return fit.shares(centre - half), fit.shares(centre + half)

    def _read(self, rows: Tensor, fit: Letterbox) -> list[Detection]:
        classes = list(COCO)
        scores = rows[:, 4:5] * rows[:, [5 + c for c in classes]]
        best = scores.argmax(axis=1)
        if self._every_person:  # where somebody may be, what else it may be does not matter
            best = np.where(scores[:, classes.index(0)] >= self._least, classes.index(0), best)
        score = scores[np.arange(len(rows)), best]
        kept = np.flatnonzero(score >= self._least)
        if not len(kept):
            return []
        low, high = self._corners(rows, kept, fit)
        return [
            Detection(box, COCO[classes[best[n]]], float(min(1.0, score[n])))
            for n, a, b in zip(kept, low, high, strict=True)
            if (box := box_within(*a.tolist(), *b.tolist())) is not None
        ]


def merged(found: Sequence[Detection]) -> list[Detection]:
    """Non-maximum suppression over all kinds: where two boxes are one thing, the surer one stays."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda d: (-d.score, d.box.left, d.box.top)):
        if all(iou(each.box, other.box) < SAME for other in kept):
            kept.append(each)
    return kept


def iou(a: Box, b: Box) -> float:
    """Intersection over union, or over the smaller box where one lies within the other (a crop sees a part)."""
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    if across <= 0 or down <= 0:
        return 0.0
    one, two = ((c.right - c.left) * (c.bottom - c.top) for c in (a, b))
    both = across * down
    return max(both / (one + two - both), 0.6 * both / min(one, two))


def _windows(regions: Sequence[Box], width: int, height: int) -> list[Window]:
    """Square pieces around what moves, the smallest things first: the large ones are found anyway."""
    made: list[Window] = []
    for box in sorted(regions, key=lambda r: (r.right - r.left) * (r.bottom - r.top)):
        across, down = (box.right - box.left) * width, (box.bottom - box.top) * height
        side = int(max(CROP_SIDE * width, 2.2 * max(across, down)))
        if side > 0.75 * min(width, height):
            continue
        x = int(min(max(0, (box.left + box.right) / 2 * width - side / 2), width - side))
        y = int(min(max(0, (box.top + box.bottom) / 2 * height - side / 2), height - side))
        if all(abs(x - a) + abs(y - b) > side / 2 for a, b, _, _ in made):
            made.append((x, y, x + side, y + side))
    return made


def grid(side: int = SIDE) -> tuple[Tensor, Tensor]:
    """Column and row of each cell, (N, 2), and its stride, (N,), for an input of `side` pixels."""
    cells, strides = [], []
    for stride in STRIDES:
        n = side // stride
        rows, columns = np.mgrid[:n, :n]
        cells.append(np.stack((columns, rows), -1).reshape(-1, 2))
        strides.append(np.full(n * n, stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
