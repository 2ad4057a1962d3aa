"""How somebody stands, as 33 points: the order is MediaPipe's (BlazePose: Bazarevsky et al. 2020). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.geometry import Box

POINTS = 33
NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24
ARMS = ((11, 13, 15), (12, 14, 16))  # shoulder, elbow, wrist
LEGS = ((23, 25, 27, 31), (24, 26, 28, 32))  # hip, knee, ankle, toes
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


def blended(a: Figure, b: Figure, share: float) -> Figure:
    """The figure on its way from `a` (share 0) to `b` (share 1)."""
    points = tuple(
        (x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in zip(a.points, b.points, strict=True)
    )
    return Figure(points, a.score + (b.score - a.score) * share, a.box if share < 0.5 else b.box)
