"""How somebody stands, as 33 points: the order is MediaPipe's (BlazePose: Bazarevsky et al. 2020). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from nightlatch.domain.geometry import Box

POINTS = 33
NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24
ARMS = ((11, 13, 15), (12, 14, 16))  # shoulder, elbow, wrist
LEGS = ((23, 25, 27, 31), (24, 26, 28, 32))  # hip, knee, ankle, toes
OTHER_SIDE = {n: n + 1 if n % 2 else n - 1 for n in range(7, POINTS)} | {1: 4, 2: 5, 3: 6, 4: 1, 5: 2, 6: 3}
LEAST_LEGS = 1.1  # of the trunk's length: shorter ones do not stand
SIDED = (11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)  # points that tell the sides apart
Place = tuple[float, float]  # fractions of the picture; may lie outside


@dataclass(frozen=True, slots=True)
class Figure:
    """The points of one person in one picture. `box` is the find it was asked for, `extent` holds all points."""

    points: tuple[Place, ...]
    score: float  # 0 to 1: that there is a person
    box: Box

    @property
    def extent(self) -> Box:
        """Around all points, within the picture."""
        across, down = zip(*self.points, strict=True)
        left, top = min(max(0.0, min(across)), 0.998), min(max(0.0, min(down)), 0.998)
        return Box(left, top, max(left + 0.002, min(1.0, max(across))), max(top + 0.002, min(1.0, max(down))))

    @property
    def mirrored(self) -> Figure:
        """The same with left and right exchanged."""
        return Figure(tuple(self.points[OTHER_SIDE.get(n, n)] for n in range(POINTS)), self.score, self.box)


def like(a: Figure, b: Figure) -> float:
    """How far the limbs of two postures are apart, in picture heights: 0 is the same."""
    return sum(math.dist(a.points[n], b.points[n]) for n in SIDED) / len(SIDED)


def middle_of(figures: Sequence[Figure]) -> Figure:
    """The middle one of three for each point, so that a slip of one look is not drawn; otherwise the first."""
    if len(figures) < 3:
        return figures[0]
    points = tuple(
        (median(each.points[n][0] for each in figures), median(each.points[n][1] for each in figures))
        for n in range(POINTS)
    )
    return Figure(points, figures[1].score, figures[1].box)


def legs_below(figure: Figure) -> Figure:
    """The posture of one whose feet are below the picture: legs that were squeezed into it go straight down."""
    points = list(figure.points)
    (_, top), (_, low) = points[LEFT_SHOULDER], points[LEFT_HIP]
    long = low - top
    if long <= 0 or max(points[27][1], points[28][1]) - low > LEAST_LEGS * long:
        return figure
    for leg in LEGS:
        x, y = points[leg[0]]
        for n, far in zip(leg[1:], (0.9, 1.7, 1.8), strict=True):
            points[n] = (x, y + far * long)
    return Figure(tuple(points), figure.score, figure.box)


def moved(figure: Figure, there: Box, here: Box) -> Figure:
    """The posture of one whose box was `there` and is `here`: moved by as much as both sides of the box did."""
    aside = _common(here.left - there.left, here.right - there.right)
    down = _common(here.top - there.top, here.bottom - there.bottom)
    return Figure(tuple((x + aside, y + down) for x, y in figure.points), figure.score, here)


def _common(a: float, b: float) -> float:
    """The smaller of two ways, where they have one direction; otherwise none."""
    return 0.0 if a * b <= 0 else min(a, b, key=abs)


def blended(a: Figure, b: Figure, share: float) -> Figure:
    """The figure on its way from `a` (share 0) to `b` (share 1)."""
    points = tuple(
        (x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in zip(a.points, b.points, strict=True)
    )
    return Figure(points, a.score + (b.score - a.score) * share, a.box if share < 0.5 else b.box)
