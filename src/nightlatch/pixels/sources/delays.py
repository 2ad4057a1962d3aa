"""How late packets were, and what that tells of the clock that stamped them.

A network delays by this and that, but some packet of each second comes through almost at once: the least delay of a
second says how far film time is behind, and least delays that grow second after second say that the stamps run slow.
"""

from __future__ import annotations

import itertools
import math
from collections import deque

WINDOWS = 5  # so many of the newest seconds tell how far behind the line is: stalls of up to two seconds end within
SLOPE_WINDOWS = 4  # so many samples in a row tell another rate
SURE_WINDOWS = 9  # as many when stamps were right for long: a network that slows down looks the same for seconds
LEAST_SLOPE = 0.04
LEAST_DRIFT_US = 250_000
EVEN = 0.08  # of the growth, a sample may lie beside the straight line: jitter lies anywhere
LONG_WINDOWS = 12  # so many samples tell a rate that is only a little wrong
LONG_SLOPE = 0.02
MOST_LONG_SLOPE = 0.12
SURELY_US = 100_000


class Delays:
    """Least delays of the last windows, in µs, with the arrivals they were seen at; as if film time was never drawn."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=LONG_WINDOWS)

    def add(self, at_us: int, least_us: float) -> None:
        """The next window's."""
        self._samples.append((at_us, least_us))

    def restart(self) -> None:
        """Film time runs at another rate now: only the newest still tells where it is."""
        if self._samples:
            newest = self._samples[-1]
            self._samples.clear()
            self._samples.extend([newest] * WINDOWS)

    @property
    def is_settled(self) -> bool:
        """Whether enough have come to tell a late packet from a clock that is behind."""
        return len(self._samples) >= WINDOWS

    @property
    def least_us(self) -> float:
        """The least of the newest windows."""
        newest = itertools.islice(reversed(self._samples), WINDOWS)
        return min((least_us for _, least_us in newest), default=math.inf)

    def slope(self, drawn_us: float, is_likely: bool) -> float | None:
        """How much the delay grows each second, where it has grown or shrunk evenly and by enough to be no jitter.

        `drawn_us` is how far film time was drawn so far; `is_likely` says that few samples are enough.
        """
        samples = list(self._samples)
        is_ahead = bool(samples) and samples[-1][1] < drawn_us - SURELY_US  # no network brings that about
        count = SLOPE_WINDOWS if is_likely or is_ahead else SURE_WINDOWS
        if len(samples) < count:
            return None
        (first_at_us, first_us), *between, (last_at_us, last_us) = samples[-count:]
        grown_us, passed_us = last_us - first_us, max(1, last_at_us - first_at_us)
        slope = grown_us / passed_us
        if abs(slope) < LEAST_SLOPE or abs(grown_us) < LEAST_DRIFT_US:
            return None
        if grown_us < 0 and last_us > drawn_us:
            return None  # what was late comes in
        off_us = max(abs(least_us - first_us - slope * (at_us - first_at_us)) for at_us, least_us in between)
        return slope if off_us < EVEN * abs(grown_us) else None

    def long_slope(self) -> float | None:
        """The same over a longer time, from the least delays of its first and its last seconds."""
        samples = list(self._samples)
        if len(samples) < LONG_WINDOWS:
            return None
        third = LONG_WINDOWS // 3
        parts = [samples[at : at + third] for at in (0, third, 2 * third)]
        (at_a, a), (at_b, b), (at_c, c) = (min(part, key=lambda sample: sample[1]) for part in parts)
        slope = (c - a) / max(1, at_c - at_a)
        halves = (b - a) / max(1, at_b - at_a), (c - b) / max(1, at_c - at_b)
        is_steady = all(0.5 * abs(slope) < half * math.copysign(1, slope) < 2 * abs(slope) for half in halves)
        return slope if LONG_SLOPE < abs(slope) < MOST_LONG_SLOPE and is_steady else None
