"""Learns a table of points: boosted steps of one number each, that only move the way they may. NumPy alone.

Sums are of whole numbers, so neither the order of stories nor the number of threads changes a bit of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.vision.story.numbers import NOT_KNOWN
from nightlatch.pixels.vision.story.score import PARTS, UNIT, Scale, Table, chances_of

ROUNDS = 300
RATE = 0.12
LEAF = 60  # stories on either side of a step, at least
MOST_EDGES = 40  # of a number
CALM = 20.0  # added to what a side weighs: steps on few stories are small
LARGEST = 1.0  # log odds of one step, before RATE


@dataclass(slots=True)
class _Step:
    gain: float
    feature: int
    cut: int  # bins below it are left
    left: float
    right: float


def learn(
    x: NDArray[np.float32], y: NDArray[np.bool_], ways: Sequence[int], slopes: Sequence[float], rounds: int = ROUNDS
) -> Table:
    """From stories, (N, F), whether each is a threat, (N,), and which way each number may move it, (F,).

    `slopes` are the log odds that one more of each number, (F,), is worth to begin with.
    """
    edges = [_edges(column) for column in x.T]
    bins = [np.searchsorted(e, column, side="right") for e, column in zip(edges, x.T, strict=True)]
    points = [_begun(e, slope) for e, slope in zip(edges, slopes, strict=True)]
    unknown = [0 if column.min() == NOT_KNOWN else -1 for column in x.T]  # the edge that parts it from the rest
    share = float(np.mean(y))
    base = round(UNIT * float(np.log(share / (1 - share))))
    sums = base + sum(p[b] for p, b in zip(points, bins, strict=True))
    for _ in range(rounds):
        chance = np.round(chances_of(sums) * PARTS)
        pull = np.where(y, PARTS - chance, -chance)
        weight = np.round(chance * (PARTS - chance) / PARTS)
        found = [_best(n, bins[n], edges[n], pull, weight, ways[n], unknown[n]) for n in range(len(edges))]
        best = max((step for step in found if step is not None), key=lambda step: step.gain, default=None)
        if best is None:
            break
        steps = np.where(np.arange(len(points[best.feature])) < best.cut, best.left, best.right)
        turn = np.round(RATE * UNIT * steps).astype(np.int64)
        points[best.feature] += turn
        sums += turn[bins[best.feature]]
    return _centred(base, [Scale(e, p) for e, p in zip(edges, points, strict=True)], bins)


def _edges(column: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where a number is cut: between its quantiles, and between what is not known and the rest."""
    values = np.unique(np.quantile(column, np.linspace(0, 1, MOST_EDGES + 1), method="nearest"))
    found = values[1:] if len(values) > 1 else values[:0]
    if column.min() == NOT_KNOWN:
        found = np.unique(np.append(found, column[column > NOT_KNOWN].min()))
    return np.asarray(found[found > column.min()], np.float32)


def _begun(edges: NDArray[np.float32], slope: float) -> NDArray[np.int64]:
    """A row that rises by `slope` log odds for one more of its number, (E + 1,)."""
    if not slope:
        return np.zeros(len(edges) + 1, np.int64)
    middles = np.concatenate((edges[:1], (edges[:-1] + edges[1:]) / 2, edges[-1:])).astype(np.float64)
    return np.asarray(np.round(UNIT * slope * (middles - middles.mean())), np.int64)


def _best(
    feature: int,
    bins: NDArray[np.int64],
    edges: NDArray[np.float32],
    pull: NDArray[np.float64],
    weight: NDArray[np.float64],
    way: int,
    unknown_to: int,
) -> _Step | None:
    """The step of a number that helps most, if there is one that may be made."""
    size = len(edges) + 1
    if size < 2:
        return None
    counts = np.cumsum(np.bincount(bins, minlength=size))[:-1]
    pulls = np.cumsum(np.bincount(bins, pull, size)) / PARTS
    weights = np.cumsum(np.bincount(bins, weight, size)) / PARTS
    left, right = pulls[:-1] / (weights[:-1] + CALM), (pulls[-1] - pulls[:-1]) / (weights[-1] - weights[:-1] + CALM)
    left, right = np.clip(left, -LARGEST, LARGEST), np.clip(right, -LARGEST, LARGEST)
    gains = left * pulls[:-1] + right * (pulls[-1] - pulls[:-1])
    may = (
        (counts >= LEAF)
        & (len(bins) - counts >= LEAF)
        & ((way * (right - left) >= 0) | (np.arange(size - 1) == unknown_to))
    )
    if not may.any():
        return None
    cut = int(np.argmax(np.where(may, gains, -np.inf)))
    return _Step(float(gains[cut]), feature, cut + 1, float(left[cut]), float(right[cut]))


def _centred(base: int, rows: list[Scale], bins: list[NDArray[np.int64]]) -> Table:
    """The same sums, with rows whose points are 0 for the usual story: then points tell what speaks for what."""
    found = []
    for row, which in zip(rows, bins, strict=True):
        middle = int(np.round(np.mean(row.points[which])))
        base += middle
        found.append(Scale(row.edges, row.points - middle))
    return Table(base, tuple(found))
