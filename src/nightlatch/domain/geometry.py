"""Places on the picture, in fractions of its width and height: (0, 0) is top left, (1, 1) bottom right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in fractions of the picture; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Area:
    """A region that the owner drew: `watch` limits where motion counts, `ignore` takes places out.

    `points` is a polygon of at least three points in fractions of the picture.
    """

    name: str
    use: Literal["watch", "ignore"]
    points: tuple[Point, ...]
