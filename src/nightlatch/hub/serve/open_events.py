"""Events that are open now, by camera: who heard that one began hears that it is over, whatever happens to watch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import msgspec

from nightlatch.hub.wire.notices import EventNotice


@dataclass(slots=True)
class OpenEvents:
    """All calls come from the event loop. `tell` hears every notice; `follow` where something moves."""

    tell: Callable[[EventNotice], None]
    follow: Callable[[Collection[str]], None]
    _open: dict[str, dict[str, EventNotice]] = field(default_factory=dict)  # {}: one that we only know to be there

    def take(self, notice: EventNotice) -> None:
        """More is known of an event, or it is over."""
        events = self._open.setdefault(notice.camera_id, {})
        if notice.is_open:
            events[notice.event_id] = msgspec.structs.replace(notice, jpeg=None, picture=None)
        else:
            events.pop(notice.event_id, None)
            if not events:
                del self._open[notice.camera_id]
        self.tell(notice)

    def end(self, is_over: Callable[[str], bool]) -> None:
        """Nobody sees these cameras now: what happened there is over."""
        for camera_id in [each for each in self._open if is_over(each)]:
            for event in self._open.pop(camera_id).values():
                self.tell(msgspec.structs.replace(event, is_open=False))
        self.say()

    def goes_on(self, camera_ids: Collection[str]) -> None:
        """A watch process says that something moves there; what it is may have been told to another serve process."""
        for camera_id in camera_ids:
            self._open.setdefault(camera_id, {})
        self.say()

    def say(self) -> None:
        """Say once more where something moves: what is told event by event may get lost."""
        self.follow(self._open.keys())
