"""The watch processes that are there: which cameras each keeps, which clips grow there, and whether it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nightlatch.hub.wire.notices import ClipGrew, Hello, Pulse

SILENT_S = 6.0  # three pulses of a watch process


@dataclass(slots=True)
class Link:
    """To a watch process that is there. `growing` is which of its clips grow now; it changes with what is heard."""

    hello: Hello
    growing: set[str]
    felt_s: float | None = None  # its newest pulse, on the monotonic clock

    def is_silent(self, now_s: float) -> bool:
        """Whether it hangs: it is there, and its pulses have stopped."""
        return self.felt_s is not None and now_s - self.felt_s > SILENT_S


@dataclass(slots=True)
class Links:
    """One link for each watch process that is there, by shard."""

    monotonic: Callable[[], float] = time.monotonic
    _links: dict[int, Link] = field(default_factory=dict)
    _since_ms: dict[int, int] = field(default_factory=dict)  # when the newest process of each shard began

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[int]:
        return iter(self._links)

    def get(self, shard: int) -> Link | None:
        """To the process of this shard, if it is there."""
        return self._links.get(shard)

    @property
    def is_silent(self) -> bool:
        """Whether a process is there and does not answer."""
        now_s = self.monotonic()
        return any(link.is_silent(now_s) for link in self._links.values())

    def keeps(self, camera_id: str) -> bool:
        """Whether the process that keeps this camera is there and answers."""
        now_s = self.monotonic()
        return any(link.hello.keeps(camera_id) and not link.is_silent(now_s) for link in self._links.values())

    def join(self, hello: Hello) -> bool:
        """A process says that it is there; whether it is another one than the last that did."""
        before = self._links.get(hello.shard)
        link = self._links[hello.shard] = Link(hello, set(hello.growing))
        if before is not None and before.hello.since_ms == hello.since_ms:
            link.felt_s = before.felt_s
        is_another = bool(hello.since_ms) and hello.since_ms != self._since_ms.get(hello.shard)
        if is_another:
            self._since_ms[hello.shard] = hello.since_ms
        return is_another

    def leave(self, hello: Hello) -> bool:
        """A process is gone; False when it has joined anew meanwhile."""
        link = self._links.get(hello.shard)
        if link is None or link.hello is not hello:
            return False
        del self._links[hello.shard]
        return True

    def feel(self, pulse: Pulse) -> float | None:
        """A process is alive; for how long it had been silent, in s, if it had."""
        link = self._links.get(pulse.shard)
        if link is None:
            return None
        now_s = self.monotonic()
        silent_s = now_s - link.felt_s if link.felt_s is not None and link.is_silent(now_s) else None
        link.felt_s = now_s
        return silent_s

    def follow(self, clip: ClipGrew) -> None:
        """A clip grew or ended."""
        for link in self._links.values():
            if link.hello.keeps(clip.camera_id):
                (link.growing.add if clip.ended_ms is None else link.growing.discard)(clip.clip_id)
