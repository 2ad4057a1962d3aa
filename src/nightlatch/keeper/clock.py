"""The keeper's clock, which remembers the latest moment that it told: a clock that was set back gives itself away."""

from __future__ import annotations

from nightlatch.domain.time import Clock


class LatestClock:
    """A clock and the latest moment that was ever written down. Used under the room's lock only."""

    def __init__(self, clock: Clock, latest_ms: int) -> None:
        """`latest_ms` is what the book says of the time before this start."""
        self.source = clock  # for what runs outside of the lock
        self.latest_ms = latest_ms

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC; remembered if it is the latest."""
        now_ms = self.source.now_ms()
        self.latest_ms = max(self.latest_ms, now_ms)
        return now_ms
