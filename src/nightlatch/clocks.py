"""The one place that reads the machine's clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass


@dataclass(slots=True)
class SystemClock:
    """Wall time of this machine, moved by `offset_ms` (for drills: `NIGHTLATCH_CLOCK_OFFSET_S` lets a day pass)."""

    offset_ms: int = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms


def system_clock() -> SystemClock:
    """The clock of a program; honours `NIGHTLATCH_CLOCK_OFFSET_S`."""
    return SystemClock(int(os.environ.get("NIGHTLATCH_CLOCK_OFFSET_S", "0")) * 1000)
