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
