"""Which cameras somebody sees on a page now: only for those is a still made every two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

FRESH_S = 12.0  # serve says it anew every few seconds while a page is open


class Onlookers:
    """Written by whoever hears serve, read by those who look; each is one assignment."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[frozenset[str], float] = (frozenset(), 0.0)

    def see(self, cameras: Iterable[str]) -> None:
        """These are on a page now."""
        self._seen = frozenset(cameras), self._monotonic()

    def want(self, camera_id: str) -> bool:
        """Whether a still of this camera would be seen."""
        cameras, told_s = self._seen
        return camera_id in cameras and self._monotonic() - told_s < FRESH_S
