"""How a marked picture lies in what was leaked: found by the mark's guiding waves, wherever and however it lies there.

A tile that is repeated leaves sharp lines in the spectrum, and where they are says how the picture was scaled, turned
and squeezed, whatever lies around it (Pereira and Pun 2000). What bends the lattice over the picture (somebody held a
camera at an angle) is found piece by piece afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PERIODS = (24.0, 330.0)  # pixels of a tile: pictures of 190 pixels and more
MOST_TURN = 8.0  # degrees
STEP = 8.0  # pixels that a window's far end moves from one guess to the next
SQUEEZE = 0.05  # how much flatter or taller the tile may have become
SKEW = 0.06  # and how far its sides may lean
SKEWED_FROM = 0.011  # steps, of logarithm and radians
LOUDEST = 9.0  # times what is around it that a line may count for
SEARCHED = 1100  # pixels at which the guides are looked for
SMALLEST = 160  # pixels of a window
MARGIN = 0.3  # radians; more than MOST_TURN and what SQUEEZE turns
SEEN = 5.0  # deviations of a lattice that is worth a look
ALIKE = 0.006
FINER = 2  # samples a cell, before they are averaged
FEWER = 0.8  # cells to a pixel, above which a cell is no larger than a pixel and nothing is averaged
PIECE = 128  # cells of a piece that is looked at alone
STRIDE = 64
NEAR = 6  # cells that a piece may be off
PIECE_Z = 4.2  # deviations of the guides from which a piece says where it lies
Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Guess:
    """A way in which the picture may lie: vectors of a tile to the right and down, (2, 2), one a column, in pixels."""

    vectors: Matrix
    score: float
    window: tuple[slice, slice]

    def to_cells(self, cells: int) -> Matrix:
        """A 3 × 3 matrix from pixels to cells."""
        made = np.eye(3)
        made[:2, :2] = cells * np.linalg.inv(self.vectors)
        return made

    def is_like(self, other: Guess) -> bool:
        """Whether both are the same but for what laying straight corrects anyway."""
        return bool(np.abs(self.vectors - other.vectors).max() < ALIKE * np.abs(other.vectors).max())


class Leak:
    """A leaked picture, made flat, and the spectra of the windows that were looked at: any key may ask for them."""

    def __init__(self, flat: Plane) -> None:
        self.flat = flat
        self._share = min(1.0, SEARCHED / max(flat.shape))
        small = cv2.resize(flat, None, fx=self._share, fy=self._share, interpolation=cv2.INTER_AREA)
        self._small = np.asarray(small if self._share < 1 else flat, np.float32)
        self._lines: dict[tuple[int, int, int, int], _Lines] = {}

    def guesses(self, guides: NDArray[np.int64], is_askew: bool) -> Iterator[Guess]:
        """Likely ways, those seen in the whole picture first; `guides` are (G, 2), waves a tile."""
        kept: list[Guess] = []
        for rows, columns in _windows(self._small.shape, is_askew):
            lines = self._lines_of(rows, columns)
            for vectors in _seen(lines, guides, is_askew):
                better, score = _climbed(lines, vectors, guides, is_askew)
                window = tuple(slice(int(s.start / self._share), int(s.stop / self._share)) for s in (rows, columns))
                guess = Guess(better / self._share, score, (window[0], window[1]))
                if score >= SEEN and all(not guess.is_like(other) for other in kept):
                    kept.append(guess)
                    yield guess

    def _lines_of(self, rows: slice, columns: slice) -> _Lines:
        at = (rows.start, rows.stop, columns.start, columns.stop)
        if at not in self._lines:
            self._lines[at] = _lines(self._small[rows, columns])
        return self._lines[at]


def _windows(shape: tuple[int, ...], is_askew: bool) -> Iterator[tuple[slice, slice]]:
    """The whole, and where the picture may be bent or small, pieces of it."""
    height, width = shape
    yield slice(0, height), slice(0, width)
    for share in (0.62, 0.42) if is_askew else (0.62,):
        high, wide = int(height * share), int(width * share)
        if min(high, wide) < SMALLEST:
            continue
        for y, x in ((1, 1), (0, 0), (0, 2), (2, 0), (2, 2)):
            top, left = (height - high) * y // 2, (width - wide) * x // 2
            yield slice(top, top + high), slice(left, left + wide)


def _seen(lines: _Lines, guides: NDArray[np.int64], is_askew: bool) -> list[Matrix]:
    """The strongest lattices of one window, (2, 2) each.

    Over the logarithm of frequency and its angle, scaling and turning move the guides all alike (Casasent 1976): so
    the score of every scale and turn is a sum of as many slices as there are guides.
    """
    step = float(np.clip(STEP / max(lines.of), 0.003, 0.02))
    scales = round(np.log(min(PERIODS[1], 0.75 * max(lines.of)) / PERIODS[0]) / step)
    turns = round(np.radians(MOST_TURN) / step) if is_askew else 0
    polar, first = _polar(lines, step, guides, scales)
    found: list[tuple[Matrix, float]] = []
    for flatter, skew in _bents(step) if is_askew else ((0.0, 0.0),):
        across, down = guides[:, 0].astype(float), (guides[:, 1] - skew * guides[:, 0]) / (1 + flatter)
        radius = np.rint((np.log(np.hypot(across, down)) - first) / step).astype(int)  # at the longest period
        angle = np.rint((np.arctan2(down, across) + np.pi / 2 + MARGIN) / step).astype(int)
        score = np.zeros((2 * turns + 1, scales), np.float32)
        for r, a in zip(radius, angle, strict=True):
            score += polar[a - turns : a + turns + 1, r : r + scales]
        for n in np.argsort(-score, axis=None)[:3]:
            turn, scale = divmod(int(n), scales)
            period = PERIODS[0] * np.exp(step * (scales - scale))
            theta = (turn - turns) * step
            way = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
            vectors = period * way @ np.array([[1, skew], [0, 1 + flatter]])
            found.append((vectors, float(score[turn, scale])))
    found.sort(key=lambda each: -each[1])
    return [vectors for vectors, _ in found[:3]]


def _bents(step: float) -> Iterator[tuple[float, float]]:
    """How much flatter, and how skewed, a tile may be; skewed only where steps are so large that these are few."""
    for flatter in np.arange(-SQUEEZE, SQUEEZE + 1e-6, max(step, 0.01)):
        for skew in np.arange(-SKEW, SKEW + 1e-6, SKEW / 3) if step >= SKEWED_FROM else (0.0,):
            yield float(flatter), float(skew)


def _polar(lines: _Lines, step: float, guides: NDArray[np.int64], scales: int) -> tuple[Plane, float]:
    """The lines' power, less 1, over (angle, log of frequency), and where its first column is: waves a tile, logarithm,
    at the longest period. Angles go from MARGIN below -90 degrees to MARGIN above 90."""
    reach = np.hypot(guides[:, 0], guides[:, 1])
    first = float(np.log(reach.min() * 0.88))
    count = scales + int((np.log(reach.max() * 1.14) - first) / step) + 2
    longest = PERIODS[0] * np.exp(step * scales)
    frequency = np.exp(first + step * np.arange(count)) / longest
    angle = np.arange(int((np.pi + 2 * MARGIN) / step) + 2) * step - np.pi / 2 - MARGIN
    x = (np.cos(angle)[:, None] * frequency * lines.size[1]).astype(np.float32)
    y = (np.sin(angle)[:, None] * frequency * lines.size[0]).astype(np.float32)
    is_left = x < 0
    x, y = np.where(is_left, -x, x), np.where(is_left, -y, y) + lines.size[0] // 2
    upright = np.fft.fftshift(lines.power, axes=0) - 1
    seen = cv2.remap(upright, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(seen, np.float32), first


@dataclass(frozen=True, slots=True)
class _Lines:
    """How much louder each frequency is than what is around it."""

    power: Plane
    of: tuple[int, int]  # height and width of what was looked at
    size: tuple[int, int]  # of the transform

    def score(self, vectors: Matrix, guides: NDArray[np.int64]) -> Matrix:
        """Standard deviations from what no lattice would give, for each of (N, 2, 2)."""
        across = np.linalg.inv(vectors)  # rows: frequencies of one wave a tile
        waves = np.einsum("gk,nkd->ngd", guides.astype(np.float64), across)
        x, y = np.rint(waves[:, :, 0] * self.size[1]).astype(int), np.rint(waves[:, :, 1] * self.size[0]).astype(int)
        is_left = x < 0
        x, y = np.where(is_left, -x, x), np.where(is_left, -y, y)
        inside = (x < self.power.shape[1]) & (np.abs(y) < self.size[0] // 2)
        value = self.power[np.where(inside, y, 0), np.where(inside, x, 0)]
        count = inside.sum(axis=1)
        total = np.where(inside, value - 1, 0).sum(axis=1)
        return np.where(count >= len(guides) // 2, total / np.sqrt(np.maximum(count, 1)), -9.0)


def _lines(part: Plane) -> _Lines:
    height, width = part.shape
    shade = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    size = (cv2.getOptimalDFTSize(int(1.5 * height)), cv2.getOptimalDFTSize(int(1.5 * width)) // 2 * 2)
    padded = np.zeros(size, np.float32)
    padded[:height, :width] = part * shade
    whole = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT, nonzeroRows=height)[:, : size[1] // 2 + 1]
    power = np.fft.fftshift(whole[:, :, 0] ** 2 + whole[:, :, 1] ** 2, axes=0)
    around = cv2.blur(power, (25, 25))
    around = cv2.blur(np.minimum(power, 3 * around), (25, 25)) + 1e-6
    loud = cv2.GaussianBlur(np.minimum(power / around, LOUDEST), (3, 3), 0.7)
    return _Lines(np.asarray(np.fft.ifftshift(loud, axes=0), np.float32), (height, width), size)


def _climbed(lines: _Lines, vectors: Matrix, guides: NDArray[np.int64], is_askew: bool) -> tuple[Matrix, float]:
    """The strongest lattice near this one, and its score: each number moved a little."""
    best, score = vectors, float(lines.score(vectors[None], guides)[0])
    long = float(np.abs(best).max())
    way = np.array(np.meshgrid(*[(-1, 0, 1)] * 4, indexing="ij")).reshape(4, -1).T.reshape(-1, 2, 2)
    if not is_askew:
        way = np.array([np.diag((a, b)) for a in (-1, 0, 1) for b in (-1, 0, 1)])
    for step in (0.004, 0.002, 0.001):
        for _ in range(3):
            tried = best[None] + way * step * long
            scores = lines.score(tried, guides)
            n = int(scores.argmax())
            if scores[n] <= score:
                break
            best, score = tried[n], float(scores[n])
    return best, score


def straightened(flat: Plane, to_cells: Matrix, cells: int) -> tuple[Plane, Matrix]:
    """`flat` laid straight at one sample a cell, and the matrix that did it (moved by whole tiles)."""
    height, width = flat.shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    there = cv2.perspectiveTransform(corners, to_cells)[0]
    low = np.floor(there.min(axis=0) / cells) * cells
    across, down = (max(1, int(n)) * cells for n in np.ceil((there.max(axis=0) - low) / cells))
    moved = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ to_cells
    if across > 48 * cells or down > 48 * cells:
        return np.zeros((cells, cells), np.float32), moved
    times = FINER if across * down < FEWER * height * width else 1
    finer = np.array([[times, 0, (times - 1) / 2], [0, times, (times - 1) / 2], [0, 0, 1]]) @ moved
    large = cv2.warpPerspective(flat, finer, (across * times, down * times), flags=cv2.INTER_LINEAR)
    if times == 1:
        return np.asarray(large, np.float32), moved
    return np.asarray(cv2.resize(large, (across, down), interpolation=cv2.INTER_AREA), np.float32), moved


def unbent(plane: Plane, to_cells: Matrix, at: tuple[int, int], match: Callable[[Plane], Plane]) -> Matrix | None:
    """A better matrix, from where each piece of `plane` says that the tile begins; `at` is what the whole said.

    `match` gives the likeness with the guides at each (down, right) shift, (cells, cells). None: too few pieces.
    """
    here, should = [], []
    for top in range(0, max(1, plane.shape[0] - PIECE + 1), STRIDE):
        for left in range(0, max(1, plane.shape[1] - PIECE + 1), STRIDE):
            piece = plane[top : top + PIECE, left : left + PIECE]
            weight = float(np.abs(piece).sum())
            if weight == 0:
                continue
            likeness = np.roll(match(piece), (NEAR - at[0], NEAR - at[1]), (0, 1))
            near = likeness[: 2 * NEAR + 1, : 2 * NEAR + 1]
            y, x = divmod(int(near.argmax()), near.shape[1])
            spread = float(likeness.std()) or 1.0
            if (near[y, x] - likeness.mean()) / spread < PIECE_Z:
                continue
            off = np.array([x - NEAR + _between(near[y], x), y - NEAR + _between(near[:, x], y)])
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


def _between(line: Plane, n: int) -> float:
    """Where the peak of a parabola through three points is, from the middle one."""
    if not 0 < n < len(line) - 1:
        return 0.0
    low, top, high = float(line[n - 1]), float(line[n]), float(line[n + 1])
    bend = low - 2 * top + high
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))
