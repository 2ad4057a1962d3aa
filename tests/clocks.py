"""A clock that tests move."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class TestClock:
    """Wall time plus `offset_ms`."""

    __test__ = False
    offset_ms: int = 0
    fixed_ms: int | None = field(default=None)

    def now_ms(self) -> int:
        return (self.fixed_ms if self.fixed_ms is not None else time.time_ns() // 1_000_000) + self.offset_ms

    def pass_hours(self, hours: float) -> None:
        self.offset_ms += round(hours * 3_600_000)
