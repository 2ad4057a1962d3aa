"""How many bad requests an address may send before it has to wait: unsigned, forged, replayed, or by unknown keys.

In memory and bounded: it keeps noise cheap. What may be done is decided by keys, never here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from nightlatch.errors import TooManyTries
from nightlatch.web.addresses import sender

AT_ONCE = 40.0
EACH_S = 1.0  # one more after so many seconds
MOST_ADDRESSES = 10_000


class Patience:
    """A leaky bucket per sender: an address, or a /64 in IPv6."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = monotonic_s
        self._fill: OrderedDict[str, tuple[float, float]] = OrderedDict()  # sender → (level, when)

    def check(self, address: str) -> None:
        """Raises `TooManyTries` while this address has to wait."""
        level = self._level(sender(address))
        if level >= AT_ONCE:
            wait_s = max(1, round((level - AT_ONCE + 1) * EACH_S))
            raise TooManyTries(f"Too many bad requests from this address. Wait {wait_s} s and try again.", wait_s)

    def failed(self, address: str) -> None:
        """Count a bad request."""
        who = sender(address)
        self._fill[who] = (min(self._level(who), AT_ONCE) + 1, self._now_s())
        self._fill.move_to_end(who)
        while len(self._fill) > MOST_ADDRESSES:
            self._fill.popitem(last=False)

    def _level(self, who: str) -> float:
        level, at_s = self._fill.get(who, (0.0, 0.0))
        return max(0.0, level - (self._now_s() - at_s) / EACH_S)
