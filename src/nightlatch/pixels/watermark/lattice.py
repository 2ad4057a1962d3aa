"""How a marked picture lies askew: found from its own repetition, without knowing what is repeated.

The mark is one tile over and over, so a marked picture resembles itself when moved by a tile: its autocorrelation has
a lattice of faint peaks (Kutter 1998). Where they are tells how the picture was turned, scaled and stretched; what
bends the lattice over the picture (somebody held the camera at an angle) is found piece by piece afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_TURN = 6.0  # degrees
TURN_STEP = 0.05
SCALE_STEP = 0.002
REACH = 3  # tiles
SQUEEZE = 0.04  # how much flatter or taller the tile may have become
CANDIDATES = 6
FINER = 3  # pixels a cell, before they are averaged
PIECE = 128  # cells of a piece that is looked at alone
STRIDE = 64
NEAR = 6  # cells that a piece may be off
PIECE_Z = 4.2  # deviations of the tile pattern within NEAR from which a piece says where it lies
Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]


def candidates(flat: Plane, period: float, scales: tuple[float, float], cells: int) -> list[Matrix]:
    """Likely 3 × 3 matrices from pixels to cells, best first; a tile of `cells` cells is about `period` pixels wide."""
    self_like = _self_likeness(flat)
    steps = np.exp(np.arange(np.log(scales[0]), np.log(scales[1]), SCALE_STEP)) * period
    turns = np.radians(np.arange(-MOST_TURN, MOST_TURN + TURN_STEP / 2, TURN_STEP))
    made: list[tuple[float, Matrix]] = []
    for flatter in np.arange(-SQUEEZE, SQUEEZE + 0.001, 0.01):
        wide, turn = (grid.ravel() for grid in np.meshgrid(steps, turns, indexing="ij"))
        right = np.stack((wide * np.cos(turn), wide * np.sin(turn)), -1)
        down = np.stack((-wide * np.sin(turn), wide * np.cos(turn)), -1) * (1 + flatter)
        score = _score(self_like, right, down)
        best = np.argsort(-score)[:CANDIDATES]
        made += [(float(score[n]), np.stack((right[n], down[n]), -1)) for n in best]
    made.sort(key=lambda each: -each[0])
    kept: list[Matrix] = []
    for _, vectors in made:
        if all(np.abs(vectors - other).max() > 1.5 for other in kept):
            kept.append(vectors)
        if len(kept) == CANDIDATES:
            break
    return [_to_cells(_climbed(self_like, vectors), cells) for vectors in kept]


def straightened(flat: Plane, to_cells: Matrix, cells: int) -> tuple[Plane, Matrix]:
    """`flat` laid straight at one pixel a cell, and the matrix that did it (moved by whole tiles)."""
    height, width = flat.shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    there = cv2.perspectiveTransform(corners, to_cells)[0]
    low = np.floor(there.min(axis=0) / cells) * cells
    across, down = (max(1, int(n)) * cells for n in np.ceil((there.max(axis=0) - low) / cells))
    moved = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ to_cells
    if across > 40 * cells or down > 40 * cells:
        return np.zeros((cells, cells), np.float32), moved
    finer = np.diag([FINER, FINER, 1.0]) @ moved
    large = cv2.warpPerspective(flat, finer, (across * FINER, down * FINER), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(large, (across, down), interpolation=cv2.INTER_AREA), np.float32), moved


def unbent(plane: Plane, to_cells: Matrix, at: tuple[int, int], match: Callable[[Plane], Plane]) -> Matrix | None:
    """A better matrix, from where each piece of `plane` says that the tile begins; `at` is what the whole said.

    `match` gives the likeness with the tile pattern at each (down, right) shift, (cells, cells). None: too few pieces.
    """
    here, should = [], []
    for top in range(0, max(1, plane.shape[0] - PIECE + 1), STRIDE):
        for left in range(0, max(1, plane.shape[1] - PIECE + 1), STRIDE):
            piece = plane[top : top + PIECE, left : left + PIECE]
            likeness = np.roll(match(piece), (NEAR - at[0], NEAR - at[1]), (0, 1))
            near = likeness[: 2 * NEAR + 1, : 2 * NEAR + 1]
            y, x = divmod(int(near.argmax()), near.shape[1])
            spread = float(likeness.std()) or 1.0
            if (near[y, x] - likeness.mean()) / spread < PIECE_Z:
                continue
            off = np.array([x - NEAR + _between(near[y], x), y - NEAR + _between(near[:, x], y)])
            weight = np.abs(piece).sum() or 1.0
            rows, columns = np.abs(piece).sum(axis=1), np.abs(piece).sum(axis=0)
            middle = np.array(
                [left + columns @ np.arange(len(columns)) / weight, top + rows @ np.arange(len(rows)) / weight]
            )
            here.append(middle)
            should.append(middle - off)
    if len(here) < 6:
        return None
    bend, _ = cv2.findHomography(np.array(here), np.array(should), cv2.RANSAC, 1.0)
    return None if bend is None else np.asarray(bend @ to_cells, np.float64)


def _self_likeness(flat: Plane) -> Plane:
    """Autocorrelation of the whitened picture in standard deviations, its zero shift in the middle; peaks widened."""
    height, width = flat.shape
    size = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))
    like = np.fft.fftshift(np.fft.irfft2(np.abs(np.fft.rfft2(flat, s=size)), s=size))
    like -= cv2.GaussianBlur(like, (0, 0), 6)
    middle = (size[0] // 2, size[1] // 2)
    y, x = np.abs(np.arange(size[0]) - middle[0])[:, None], np.abs(np.arange(size[1]) - middle[1])[None]
    seen = np.clip((1 - y / height) * (1 - x / width), 0, 1)
    like /= float(np.median(np.abs(like))) * 1.48 or 1.0
    like = np.clip(like, -8, 8) * (seen > 0.08)
    return np.asarray(cv2.GaussianBlur(like, (0, 0), 0.8), np.float32)


def _score(like: Plane, right: Matrix, down: Matrix) -> Matrix:
    """How strong the lattice of each pair of vectors is; both (N, 2)."""
    total = np.zeros(len(right))
    count = np.zeros(len(right))
    middle_y, middle_x = like.shape[0] // 2, like.shape[1] // 2
    for i in range(-REACH, REACH + 1):
        for j in range(REACH + 1):
            if j == 0 and i <= 0:
                continue
            at = i * right + j * down
            x, y = np.rint(at[:, 0]).astype(int) + middle_x, np.rint(at[:, 1]).astype(int) + middle_y
            inside = (x >= 0) & (y >= 0) & (x < like.shape[1]) & (y < like.shape[0])
            value = like[np.where(inside, y, 0), np.where(inside, x, 0)]
            seen = inside & (value != 0)
            total += np.where(seen, value, 0)
            count += seen
    return np.asarray(total / np.sqrt(np.maximum(count, 4)), np.float64)


def _climbed(like: Plane, vectors: Matrix) -> Matrix:
    """The lattice near `vectors`, (2, 2) with one vector a column, that is strongest: each number moved a little."""
    best = vectors
    smooth = np.asarray(cv2.GaussianBlur(like, (0, 0), 0.8), np.float32)
    for step in (0.6, 0.3, 0.15):
        for _ in range(3):
            moves = np.array(np.meshgrid(*[(-step, 0, step)] * 4, indexing="ij")).reshape(4, -1).T
            tried = best[None] + moves.reshape(-1, 2, 2)
            best = tried[int(_score(smooth, tried[:, :, 0], tried[:, :, 1]).argmax())]
    return np.asarray(best)


def _to_cells(vectors: Matrix, cells: int) -> Matrix:
    made = np.eye(3)
    made[:2, :2] = cells * np.linalg.inv(vectors)
    return made


def _between(line: Plane, n: int) -> float:
    """Where the peak of a parabola through three points is, from the middle one."""
    if not 0 < n < len(line) - 1:
        return 0.0
    low, top, high = float(line[n - 1]), float(line[n]), float(line[n + 1])
    bend = low - 2 * top + high
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))
