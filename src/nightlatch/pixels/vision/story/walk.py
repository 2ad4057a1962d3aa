"""What one track did: how long, how fast, where it stopped, turned back and crouched. Pure.

Lengths are measured in the height of the thing itself, so that near and far count the same. Boxes jitter, and pieces
of people come and go: all but the raw speeds is read from feet and heights on a grid of half seconds, smoothed over a
second and a half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Place, Track

Reals = NDArray[np.float64]

# Set by hand on the simulated stories of lab/judge; the model was trained with these, so a change needs a new one.
GRID_S = 0.5
SMOOTH = 3  # steps of the grid
STOP_RADIUS = 0.4  # heights: who stays within this of a point stands there
STOP_S = 2.5  # of standing that make a stop
SLOW = 0.35  # heights a second: some 0.6 m/s; slower is not on its way anywhere
OF_ITS_PACE = 0.4  # and slower than this share of its own pace, for some walk slowly all the time
STILL = 0.12  # heights a second: slower is standing for anybody; feet that jitter are as fast
PLACE = 0.7  # heights: stops nearer than this are one place
TURN = 1.5  # heights back the way it came before that is a turn
EDGE = 0.04  # of the picture: nearer to its side than this is at the edge
RUN = 1.6  # heights a second: faster is running
RUN_S = 1.0  # for so long
RAN_OFF_S = 4.0  # of the end, within which
FLAT = 1.2  # width over height of somebody who lies
CROUCHED = 0.75  # of the height it had there before
CROUCH_BACK_S = 60.0  # how long before at most
UPRIGHT_STEPS = 3  # of the grid, that it must have been so high
SAME_FEET = 0.2  # heights that the lower edge may move meanwhile
MOST_PLACES = 2_000  # of a path; a longer one is thinned out to about so many
MOST_STEPS = 1_200  # of the grid; ten minutes, longer ones get a coarser grid


@dataclass(frozen=True, slots=True)
class Steps:
    """A path on an even grid, smoothed: (N,) each; lengths in picture heights."""

    at_s: Reals
    x: Reals  # of the feet
    y: Reals
    high: Reals
    wide: Reals
    speed: Reals  # heights of the thing a second
    step_s: float
    scale: float  # the thing's usual height

    @property
    def slow(self) -> NDArray[np.bool_]:
        """Where it stands or loiters, (N,): slow for anybody, and slow for itself."""
        return self.speed < self.slow_at

    @property
    def slow_at(self) -> float:
        """Heights a second below which it is slow."""
        pace = float(np.quantile(self.speed, 0.75)) if len(self.speed) else 0.0
        return max(STILL, min(SLOW, OF_ITS_PACE * pace))


@dataclass(frozen=True, slots=True)
class Walk:
    """What one track did, in seconds and heights of the thing."""

    seconds: float
    stops: int
    places: int
    longest_stop_s: float
    stopped_s: float
    slow_s: float
    turns: int  # back the way it came, by TURN and more
    strayed: float  # heights from where it began to where it ended
    reach: float  # heights from end to end of all its places
    straightness: float
    fastest: float
    ran_s: float
    ran_off: bool
    crouched_s: float
    grew: float
    largest: float
    came_from_edge: bool
    left_by_edge: bool
    upright: float  # median of height over width
    usual: float  # median speed


EMPTY = Walk(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, False, 0, 1, 0, True, True, 1, 0)


def walk(track: Track) -> Walk:
    """Sum up a path of at least one place. Raises `ValueError` for one that runs back in time or holds no numbers."""
    at_s, edges = _way(track.path)
    high = np.maximum(edges[:, 3] - edges[:, 1], 1e-3)
    wide = np.maximum(edges[:, 2] - edges[:, 0], 1e-3) * 16 / 9
    speeds = _speeds(at_s, edges, float(np.median(high)))
    steps = _steps(at_s, edges)
    stops = _stops(steps)
    flat, third = wide / high, max(1, len(high) // 3)
    parts = np.hypot(np.diff(steps.x), np.diff(steps.y))
    far = math.hypot(steps.x[-1] - steps.x[0], steps.y[-1] - steps.y[0])
    ran = steps.speed > RUN
    return Walk(
        seconds=float(at_s[-1] - at_s[0]),
        stops=len(stops),
        places=_places([where for where, _ in stops], steps.scale),
        longest_stop_s=max((length for _, length in stops), default=0.0),
        stopped_s=sum(length for _, length in stops),
        slow_s=min(float(at_s[-1] - at_s[0]), float(np.sum(steps.slow)) * steps.step_s),
        turns=max(_turns(steps.x, TURN * steps.scale), _turns(steps.y, TURN * steps.scale)),
        strayed=far / steps.scale,
        reach=math.hypot(float(np.ptp(steps.x)), float(np.ptp(steps.y))) / steps.scale,
        straightness=far / max(float(parts.sum()), 1e-3) if len(parts) else 1.0,
        fastest=float(np.quantile(speeds, 0.9)) if len(speeds) else 0.0,
        ran_s=float(np.sum(ran)) * steps.step_s,
        ran_off=bool(stops) and float(np.sum(ran[-round(RAN_OFF_S / steps.step_s) :])) * steps.step_s >= RUN_S,
        crouched_s=float(np.sum(crouched(steps))) * steps.step_s,
        grew=float(np.median(high[-third:]) / np.median(high[:third])),
        largest=float(np.quantile(high, 0.9)),
        came_from_edge=_at_edge(edges[0]),
        left_by_edge=_at_edge(edges[-1]),
        upright=1 / max(0.05, float(np.median(flat))),
        usual=float(np.median(speeds)) if len(speeds) else 0.0,
    )


def steps_of(track: Track) -> Steps:
    """A path on its grid. Raises `ValueError` as `walk`."""
    return _steps(*_way(track.path))


def crouched(steps: Steps) -> NDArray[np.bool_]:
    """Where it is lower than it was just before, (N,): the head came down, and the feet stayed where they were.

    Somebody behind a car gets lower from below, somebody who walks away gets smaller and moves: neither counts.
    """
    back = round(CROUCH_BACK_S / steps.step_s)
    found = np.zeros(len(steps.x), np.bool_)
    tallest = np.maximum.accumulate(steps.high)
    for n in np.flatnonzero(steps.high < CROUCHED * tallest):
        before = slice(max(0, n - back), n)
        tall = steps.high[before]
        here = np.hypot(steps.x[before] - steps.x[n], steps.y[before] - steps.y[n]) < 0.5 * tall
        same = np.abs(steps.y[before] - steps.y[n]) < SAME_FEET * tall
        lower = steps.high[n] < CROUCHED * tall
        found[n] = int(np.sum(here & same & lower)) >= UPRIGHT_STEPS and steps.wide[n] < FLAT * steps.high[n]
    return found


def _way(path: Sequence[Place]) -> tuple[Reals, Reals]:
    """Of at most some `MOST_PLACES` places: times, (N,) in seconds, and boxes, (N, 4) as left, top, right, bottom."""
    some = path[:: max(1, len(path) // MOST_PLACES)]
    at_s = np.array([p.at_ms for p in some], np.float64) / 1000
    edges = np.array([(p.box.left, p.box.top, p.box.right, p.box.bottom) for p in some], np.float64)
    if not np.isfinite(edges).all() or (np.diff(at_s) < 0).any():
        raise ValueError("a path is in order of time and has numbers for places")
    return at_s, edges


def _steps(at_s: Reals, edges: Reals) -> Steps:
    since_s = at_s - at_s[0]
    step_s = max(GRID_S, float(since_s[-1]) / MOST_STEPS)
    grid = np.arange(0.0, float(since_s[-1]) + step_s / 2, step_s)
    middle = (edges[:, 0] + edges[:, 2]) / 2 * 16 / 9
    high = np.maximum(edges[:, 3] - edges[:, 1], 1e-3)
    wide = np.maximum(edges[:, 2] - edges[:, 0], 1e-3) * 16 / 9
    x, y, tall, broad = (_smooth(np.interp(grid, since_s, each)) for each in (middle, edges[:, 3], high, wide))
    scale = max(0.02, float(np.median(tall)))
    passed = np.hypot(np.gradient(x), np.gradient(y)) if len(x) > 1 else np.zeros(len(x))
    return Steps(at_s[0] + grid, x, y, tall, broad, passed / step_s / np.maximum(tall, 0.02), step_s, scale)


def _smooth(values: Reals) -> Reals:
    """The median, then the mean, of every `SMOOTH` neighbours; the ends repeat."""
    if len(values) < SMOOTH:
        return values
    for each in (np.median, np.mean):
        padded = np.pad(values, SMOOTH // 2, mode="edge")
        values = each(np.lib.stride_tricks.sliding_window_view(padded, SMOOTH), axis=1)
    return values


def _speeds(at_s: Reals, edges: Reals, scale: float) -> Reals:
    """How fast it went between its places as they were seen, in heights a second: what darts, darts here."""
    if len(at_s) < 2:
        return np.zeros(0)
    feet = np.stack(((edges[:, 0] + edges[:, 2]) / 2 * 16 / 9, edges[:, 3]), 1)
    passed = np.maximum(np.diff(at_s), 0.05)
    raw = np.hypot(*np.diff(feet, axis=0).T) / passed / max(scale, 0.02)
    wide = max(1, min(len(raw), round(0.6 / float(np.median(passed)))))
    return np.convolve(raw, np.ones(wide) / wide, mode="same")


def _stops(steps: Steps) -> list[tuple[tuple[float, float], float]]:
    """Where it stood for a while, and for how many seconds."""
    found, begin, radius, slow_at = [], 0, STOP_RADIUS * steps.scale, steps.slow_at * steps.scale
    x, y = steps.x, steps.y
    while begin < len(x):
        end, at = begin + 1, (float(x[begin]), float(y[begin]))
        while end < len(x) and math.hypot(x[end] - at[0], y[end] - at[1]) <= radius:
            at = float(np.mean(x[begin : end + 1])), float(np.mean(y[begin : end + 1]))
            end += 1
        length = (end - 1 - begin) * steps.step_s
        went = math.hypot(x[end - 1] - x[begin], y[end - 1] - y[begin])
        if length >= STOP_S and went <= slow_at * length:
            found.append((at, length))
            begin = end
        else:
            begin += 1
    return found


def _places(stops: Sequence[tuple[float, float]], scale: float) -> int:
    """How many different places the stops are at."""
    places: list[tuple[float, float]] = []
    for where in stops:
        if all(math.hypot(p[0] - where[0], p[1] - where[1]) >= PLACE * scale for p in places):
            places.append(where)
    return len(places)


def _turns(along: Reals, least: float) -> int:
    """How often it goes back by `least` and more."""
    turns, way = 0, 0
    low = high = float(along[0])
    for at in along:
        low, high = min(low, float(at)), max(high, float(at))
        if way >= 0 and high - at > least:
            turns, way, low, high = turns + (way > 0), -1, float(at), float(at)
        elif way <= 0 and at - low > least:
            turns, way, low, high = turns + (way < 0), 1, float(at), float(at)
    return turns


def _at_edge(box: Reals) -> bool:
    left, top, right, bottom = box
    return bool(left < EDGE or right > 1 - EDGE or top < EDGE or bottom > 1 - EDGE)
