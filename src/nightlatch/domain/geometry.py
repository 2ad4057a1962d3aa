"""Places on the picture, in fractions of its width and height: (0, 0) is top left, (1, 1) bottom right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nightlatch.domain.context import Landmark

Point = tuple[float, float]
Use = Literal["watch", "ignore", "mask"]

LONGEST_DWELL_S = 30  # an event that waits longer would be over before anybody is told


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in fractions of the picture; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Area:
    """A region that the owner drew.

    `watch` limits where motion counts, and only after somebody has spent `dwell_s` seconds there; `ignore` leaves
    places out; under `mask` nobody looks, and nothing made from pixels shows it. `shows` says what is there: who stands
    at a car at night is worth more words than who stands beside one. `points` is a polygon of at least
    three points in fractions of the picture.
    """

    name: str
    use: Use
    points: tuple[Point, ...]
    dwell_s: float = 0.0  # 0 to LONGEST_DWELL_S; watch only
    shows: Landmark | None = None


def is_inside(point: Point, polygon: tuple[Point, ...]) -> bool:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    (x, y), odd = point, False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            odd = not odd
    return odd
