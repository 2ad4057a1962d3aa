"""The learnt score: for each number of a story a row of points; their sum is the log odds of a threat. Pure.

Whole numbers throughout, so that every machine adds up the same. The table is data that anybody can read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNIT = 1024  # points of one log odd
MOST = 12 * UNIT
PARTS = 1 << 20  # of a chance
# Chances of all sums, rounded so that no two machines' exponentials differ.
CHANCES = np.array([round(PARTS / (1 + math.exp(-n / UNIT))) for n in range(-MOST, MOST + 1)], np.int64)


@dataclass(frozen=True, slots=True)
class Scale:
    """Of one number: points[i] where edges[i - 1] <= number < edges[i]."""

    edges: NDArray[np.float32]  # (E,), ascending
    points: NDArray[np.int64]  # (E + 1,)


@dataclass(frozen=True, slots=True)
class Table:
    """A row for each number, in the order of `FEATURES`, and what every story starts from."""

    base: int
    rows: tuple[Scale, ...]

    def points(self, stories: NDArray[np.float32]) -> NDArray[np.int64]:
        """What each number of many stories, (N, F), is worth: (N, F) in points."""
        columns = [
            row.points[np.searchsorted(row.edges, column, side="right")]
            for row, column in zip(self.rows, stories.T, strict=True)
        ]
        return np.stack(columns, axis=1)

    def chances(self, stories: NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely each of many stories, (N, F), is a threat: (N,)."""
        return chances_of(self.base + self.points(stories).sum(axis=1))


def chances_of(points: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N,) chances of (N,) sums of points."""
    return CHANCES[np.clip(points, -MOST, MOST) + MOST] / PARTS


def load(path: Path, names: tuple[str, ...]) -> Table:
    """The table in a file. Raises `ValueError` where it is not of these numbers."""
    held = json.loads(path.read_text(encoding="utf-8"))
    if tuple(held["rows"]) != names:
        raise ValueError("the table of the judge is of other numbers; train it again")
    rows = (Scale(np.array(e["edges"], np.float32), np.array(e["points"], np.int64)) for e in held["rows"].values())
    return Table(int(held["base"]), tuple(rows))


def dump(table: Table, names: tuple[str, ...]) -> str:
    """The same as text, a line for each number."""
    lines = [
        f'    "{name}": {{"edges": {json.dumps([round(float(e), 4) for e in row.edges])}, '
        f'"points": {json.dumps(row.points.tolist())}}}'
        for name, row in zip(names, table.rows, strict=True)
    ]
    return f'{{\n  "base": {table.base},\n  "rows": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
