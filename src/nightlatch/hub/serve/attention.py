"""Which cameras somebody looks at now, so that watch makes fresh stills of these and saves its time with the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nightlatch.hub.wire.notices import Watched

LOOKS_S = 10.0  # a page that shows a still asks for the next one sooner


@dataclass(slots=True)
class Attention:
    """`tell` is how watch hears of it."""

    tell: Callable[[Watched], None]
    _asked: dict[str, float] = field(default_factory=dict)  # when a page asked for a camera's still, monotonic
    _told: tuple[str, ...] = ()

    def look(self, camera_id: str) -> bool:
        """A page asked for the camera's newest still, from any thread; whether watch does not know yet."""
        self._asked[camera_id] = time.monotonic()
        return camera_id not in self._told

    def say(self, *, again: bool) -> None:
        """Tell watch what changed, or all of it, in the event loop."""
        now_s = time.monotonic()
        for camera_id, at_s in list(self._asked.items()):
            if now_s - at_s > LOOKS_S:
                self._asked.pop(camera_id, None)
        now = tuple(sorted(self._asked))
        if now != self._told or (again and now):
            self._told = now
            self.tell(Watched(now))
