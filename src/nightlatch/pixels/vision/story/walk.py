"""What one track did: how long, how fast, where it stopped and came back. Pure.

Lengths are measured in the height of the thing itself, so that near and far count the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Place, Track

# Set by hand on the simulated stories of lab/judge; the model was trained with these, so a change needs a new one.
STOP_SPEED = 0.12  # heights a second: slower is standing
STOP_MS = 2_500  # of standing that make a stop
PLACE = 0.5  # heights: stops nearer than this are one place
EDGE = 0.04  # of the picture: nearer to its side than this is at the edge
RUN = 1.6  # heights a second: faster is running
FLAT = 1.2  # width over height of somebody who lies
MOST_PLACES = 2_000  # of a path; a longer one is thinned out to about so many


@dataclass(frozen=True, slots=True)
class Walk:
    """What one track did, in seconds and heights of the thing."""

    seconds: float
    stops: int
    places: int
    longest_stop_s: float
    returns: int
    straightness: float
    fastest: float
    ran_off: bool
    grew: float
    largest: float
    came_from_edge: bool
    left_by_edge: bool
    lay_down: bool
    turning: float  # mean change of direction at each look, 0 to 3.1: insects dart, people walk
    exit_apart: float  # pictures between where it came and where it went
    stop_spread: float  # heights between the stops that are farthest apart
    stopped_share: float
    upright: float  # median of height over width
    usual: float  # median speed


EMPTY = Walk(0, 0, 0, 0, 0, 1, 0, False, 1, 0, True, True, False, 0, 0, 0, 0, 1, 0)


def walk(track: Track) -> Walk:
    """Sum up a path of at least one place. Raises `ValueError` for one that runs back in time or holds no numbers."""
    at_s, edges = _way(track.path)
    high = np.maximum(edges[:, 3] - edges[:, 1], 1e-3)
    wide = np.maximum(edges[:, 2] - edges[:, 0], 1e-3)
    feet = np.stack(((edges[:, 0] + edges[:, 2]) / 2 * 16 / 9, edges[:, 3]), 1)  # in picture heights
    scale = float(np.median(high))
    still, speeds = _speeds(at_s, feet, scale)
    stops = _stops(at_s, feet, still)
    places, returns = _places([where for where, _ in stops], scale)
    steps = np.hypot(*np.diff(feet, axis=0).T) if len(feet) > 1 else np.zeros(0)
    far = float(np.hypot(*(feet[-1] - feet[0])))
    tail = speeds[at_s[1:] > at_s[-1] - 2.5] if len(speeds) else speeds
    fastest = float(np.quantile(speeds, 0.9)) if len(speeds) else 0.0
    flat = wide * 16 / 9 / high
    third = max(1, len(flat) // 3)
    return Walk(
        seconds=float(at_s[-1] - at_s[0]),
        stops=len(stops),
        places=places,
        longest_stop_s=max((length for _, length in stops), default=0.0),
        returns=returns,
        straightness=far / max(float(steps.sum()), 1e-3) if len(steps) else 1.0,
        fastest=fastest,
        ran_off=bool(len(tail) and stops and float(np.median(tail)) > RUN),
        grew=float(np.median(high[-third:]) / np.median(high[:third])),
        largest=float(high.max()),
        came_from_edge=_at_edge(edges[0]),
        left_by_edge=_at_edge(edges[-1]),
        lay_down=bool(np.median(flat[:third]) < 0.8 and np.median(flat[-third:]) > FLAT),
        turning=_turning(feet),
        exit_apart=abs(float(feet[-1, 0] - feet[0, 0])) * 9 / 16,
        stop_spread=_spread([where for where, _ in stops]) / max(scale, 0.02),
        stopped_share=sum(length for _, length in stops) / max(0.3, float(at_s[-1] - at_s[0])),
        upright=1 / max(0.05, float(np.median(flat))),
        usual=float(np.median(speeds)) if len(speeds) else 0.0,
    )


def _way(path: Sequence[Place]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of at most some `MOST_PLACES` places: times, (N,) in seconds, and boxes, (N, 4) as left, top, right, bottom."""
    some = path[:: max(1, len(path) // MOST_PLACES)]
    at_s = np.array([p.at_ms for p in some], np.float64) / 1000
    edges = np.array([(p.box.left, p.box.top, p.box.right, p.box.bottom) for p in some], np.float64)
    if not np.isfinite(edges).all() or (np.diff(at_s) < 0).any():
        raise ValueError("a path is in order of time and has numbers for places")
    return at_s, edges


def _turning(feet: NDArray[np.float64]) -> float:
    steps = np.diff(feet, axis=0)
    steps = steps[np.hypot(*steps.T) > 1e-3] if len(steps) else steps
    if len(steps) < 3:
        return 0.0
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    return float(np.mean(np.abs((np.diff(angles) + math.pi) % (2 * math.pi) - math.pi)))


def _spread(stops: list[tuple[float, float]]) -> float:
    some = stops[:50]
    return max((math.hypot(a[0] - b[0], a[1] - b[1]) for a in some for b in some), default=0.0)


def _speeds(
    at_s: NDArray[np.float64], feet: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Where it stood, and how fast it went between places (heights a second), over windows of half a second."""
    if len(at_s) < 2:
        return np.zeros(len(at_s), np.bool_), np.zeros(0)
    passed = np.maximum(np.diff(at_s), 0.05)
    raw = np.hypot(*np.diff(feet, axis=0).T) / passed / max(scale, 0.02)
    wide = max(1, min(len(raw), round(0.6 / float(np.median(passed)))))
    speeds = np.convolve(raw, np.ones(wide) / wide, mode="same")
    net = np.array(
        [
            math.hypot(*(feet[min(len(feet) - 1, n + wide)] - feet[max(0, n - wide)]))
            / max(scale, 0.02)
            / max(0.1, at_s[min(len(at_s) - 1, n + wide)] - at_s[max(0, n - wide)])
            for n in range(len(at_s))
        ]
    )
    return net < STOP_SPEED, speeds


def _stops(
    at_s: NDArray[np.float64], feet: NDArray[np.float64], still: NDArray[np.bool_]
) -> list[tuple[tuple[float, float], float]]:
    """Where it stood for a while, and for how many seconds."""
    found, begin = [], None
    for n in range(len(at_s) + 1):
        stands = n < len(at_s) and bool(still[n])
        if stands and begin is None:
            begin = n
        elif not stands and begin is not None:
            length = float(at_s[n - 1] - at_s[begin])
            if length * 1000 >= STOP_MS:
                where = np.median(feet[begin:n], axis=0)
                found.append(((float(where[0]), float(where[1])), length))
            begin = None
    return found


def _places(stops: list[tuple[float, float]], scale: float) -> tuple[int, int]:
    """How many different places the stops are at, and how often it came back to one."""
    places: list[tuple[float, float]] = []
    returns, last = 0, -1
    for where in stops:
        near = next(
            (n for n, p in enumerate(places) if math.hypot(p[0] - where[0], p[1] - where[1]) < PLACE * scale), -1
        )
        if near < 0:
            places.append(where)
            near = len(places) - 1
        elif near != last:
            returns += 1
        last = near
    return len(places), returns


def _at_edge(box: NDArray[np.float64]) -> bool:
    left, top, right, bottom = box
    return bool(left < EDGE or right > 1 - EDGE or top < EDGE or bottom > 1 - EDGE)
