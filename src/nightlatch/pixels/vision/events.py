"""Turns looks into events: an event opens at the first look that moved and closes when it has been quiet.

However long something goes on moving, that is one event, up to half an hour; how many clips show it is not decided
here. Times are on any clock that cannot be set.
"""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.domain.sighting import (
    LONGEST_EVENT_MS,
    POST_ROLL_MS,
    PRE_ROLL_MS,
    EventClosed,
    EventOpened,
    Motion,
)

# Set by hand on the rendered films of bench/sight.
TOGETHER_MS = 4_500  # two looks that move within this open an event; one alone may be a glitch
LARGE_SHARE = 0.03  # unless this much of the picture moved: then one look is enough


class EventBuilder:
    """State for one camera; the same looks give the same events."""

    def __init__(self, camera_id: str, *, new_id: Callable[[], str]) -> None:
        self._camera_id = camera_id
        self._new_id = new_id
        self._onset_ms: int | None = None  # a first look that moved and waits for a second
        self._open: EventOpened | None = None
        self._moved_ms = 0
        self._closed_ms: int | None = None  # where the event before ended

    @property
    def open(self) -> EventOpened | None:
        """The event that goes on now."""
        return self._open

    def update(self, motion: Motion, onset_ms: int | None = None) -> list[EventOpened | EventClosed]:
        """Take the next look; `onset_ms`: the gate is sure that something moves, and this is when it began."""
        if self._open is not None:
            return self._follow(motion, self._open)
        if self._onset_ms is not None and not 0 <= motion.at_ms - self._onset_ms <= TOGETHER_MS:
            self._onset_ms = None
        if not motion.moving:
            return []
        if onset_ms is not None:
            began_ms = onset_ms if self._closed_ms is None else max(onset_ms, self._closed_ms)
            return [self._begin(min(began_ms, motion.at_ms), motion.at_ms)]
        if self._onset_ms is None and motion.share < LARGE_SHARE:
            self._onset_ms = motion.at_ms
            return []
        return [self._begin(motion.at_ms if self._onset_ms is None else self._onset_ms, motion.at_ms)]

    def begin_later(self, at_ms: int) -> EventOpened | None:
        """Let the open event begin at `at_ms`, which only then is worth telling; None when none is open."""
        return self._begin(at_ms, at_ms) if self._open is not None else None

    def finish(self, at_ms: int) -> list[EventOpened | EventClosed]:
        """The stream ended: close what is open."""
        self._onset_ms = None
        if self._open is None:
            return []
        return [self._end(self._open, max(at_ms, self._open.onset_ms))]

    def _begin(self, onset_ms: int, moved_ms: int) -> EventOpened:
        from_ms = onset_ms - PRE_ROLL_MS
        if self._closed_ms is not None and from_ms < self._closed_ms <= onset_ms:
            from_ms = self._closed_ms  # its last clip has it already
        self._onset_ms = None
        self._moved_ms = moved_ms
        self._open = EventOpened(self._camera_id, self._new_id(), onset_ms, from_ms, moved_ms - onset_ms)
        return self._open

    def _follow(self, motion: Motion, event: EventOpened) -> list[EventOpened | EventClosed]:
        if motion.moving:
            self._moved_ms = max(self._moved_ms, motion.at_ms)
        until_ms = min(self._moved_ms + POST_ROLL_MS, event.onset_ms + LONGEST_EVENT_MS)
        return [self._end(event, until_ms)] if motion.at_ms >= until_ms else []

    def _end(self, event: EventOpened, to_ms: int) -> EventClosed:
        self._open = None
        to_ms = min(to_ms, event.onset_ms + LONGEST_EVENT_MS)
        self._closed_ms = to_ms
        return EventClosed(self._camera_id, event.event_id, event.onset_ms, min(self._moved_ms, to_ms), to_ms)
