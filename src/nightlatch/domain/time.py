"""Time as the recorder sees it: integer milliseconds since the Unix epoch, UTC, always named `*_ms`.

Assumption: a camera's own clock is not to be trusted; a recording is placed by the hub's clock at its first
packet and advances by the stream's time base from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """Where the time comes from; injected, so that tests can let a day pass."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time [began_ms, ended_ms)."""

    began_ms: int
    ended_ms: int

    @property
    def duration_ms(self) -> int:
        return self.ended_ms - self.began_ms

    def overlaps(self, other: Span) -> bool:
        return self.began_ms < other.ended_ms and other.began_ms < self.ended_ms


class Leaps:
    """How far a clock that jumped ahead must be held back, so that nothing is deleted before its time.

    `now_ms` is the wall clock, `steady_s` one that never jumps. A forward jump counts for `keep_ms`: after that,
    all that was recorded before it is past its time by any clock. A jump back only makes things stay longer.
    """

    SMALLEST_MS = MINUTE_MS  # less is a slow sweep or a step of NTP

    def __init__(self, keep_ms: int) -> None:
        self._keep_ms = keep_ms
        self._last: tuple[int, float] | None = None
        self._leaps: list[tuple[float, int]] = []  # when by the steady clock, how far

    def held_ms(self, now_ms: int, steady_s: float) -> int:
        """Milliseconds to take off `now_ms` before asking what is past its time."""
        if self._last is not None:
            leap_ms = now_ms - self._last[0] - int((steady_s - self._last[1]) * SECOND_MS)
            if leap_ms > self.SMALLEST_MS:
                self._leaps.append((steady_s, leap_ms))
        self._last = (now_ms, steady_s)
        self._leaps = [(at_s, by_ms) for at_s, by_ms in self._leaps if (steady_s - at_s) * SECOND_MS < self._keep_ms]
        return sum(by_ms for _, by_ms in self._leaps)
