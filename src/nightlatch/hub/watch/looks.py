"""Which of an event's pictures are worth a still: few of them, each clearly better than the one before.

An event of half an hour has many clips, and each wants a good look of its own. So the best is looked for anew every
`WINDOW_MS`, with at most `MOST` stills in each: some 4 ms of a core apiece, of pictures that were decoded anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.recording import Still

WINDOW_MS = 20_000
MOST = 5  # stills in a window
BETTER = 1.3  # times as good as the one before, or it is not worth its JPEG


@dataclass(frozen=True, slots=True)
class Look:
    """A still that shows well what an event is about: `worth` as pixels.vision.look has it."""

    still: Still
    worth: float


@dataclass(slots=True)
class BestLooks:
    """Of one event, which began at `onset_ms`."""

    onset_ms: int
    best: Look | None = None  # of the whole event
    _window: int = 0
    _made: int = 0
    _worth: float = 0.0  # of the best in this window

    def wants(self, worth: float, at_ms: int) -> bool:
        """Whether a picture of `at_ms` shall become a still."""
        window = max(0, at_ms - self.onset_ms) // WINDOW_MS
        if window != self._window:
            self._window, self._made, self._worth = window, 0, 0.0
        return worth > 0 and worth >= BETTER * self._worth and self._made < MOST

    def take(self, look: Look) -> bool:
        """A still that was wanted is made; whether it is the best of the event."""
        self._made += 1
        self._worth = look.worth
        if self.best is not None and look.worth < BETTER * self.best.worth:
            return False
        self.best = look
        return True
