"""One or two threads that look at all cameras of a process, in turn.

A turn is a few packets. Cameras that sleep come first, since a turn of theirs is short and is what finds the next
event; every fourth turn belongs to one that is awake, so that neither kind waits for ever. A look that never returns
is left behind with its thread, its camera rests, and another thread takes over, a few times; if it comes back after
all, the camera is looked at again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

THREADS = 2  # what costs time lets go of the interpreter: one hung look stops nobody even before it is noticed
HANGS_AFTER_S = 10.0  # a turn takes some 20 ms, waking a large camera a second or two
MOST_LEFT_BEHIND = 3  # threads that hang: none can be ended, each keeps its memory
AWAKE_EVERY = 4  # turns: one of these is for a camera that is awake

log = structlog.get_logger()


class Looks(Protocol):
    """Somebody who looks at one camera."""

    @property
    def is_awake(self) -> bool:
        """Whether its turns are long: everything is decoded."""
        ...

    def turn(self) -> bool:
        """Look at a little of what waits; whether there is more. Never runs twice at a time."""
        ...

    def hang(self) -> None:
        """Its turn does not return: it gets no other until it does."""
        ...

    def come_back(self) -> None:
        """Its turn did return after all."""
        ...


@dataclass(slots=True, eq=False)
class _Worker:
    """One thread."""

    number: int
    looks: Looks | None = None  # whose turn it is
    since_s: float = 0.0
    is_left_behind: bool = False


@dataclass(slots=True)
class _Line:
    """Who waits for a turn: those asleep, and those awake."""

    asleep: deque[Looks] = field(default_factory=deque)
    awake: deque[Looks] = field(default_factory=deque)
    turns: int = 0

    def __len__(self) -> int:
        return len(self.asleep) + len(self.awake)

    def add(self, looks: Looks) -> None:
        (self.awake if looks.is_awake else self.asleep).append(looks)

    def next(self) -> Looks:
        self.turns += 1
        is_for_awake = not self.asleep or (bool(self.awake) and self.turns % AWAKE_EVERY == 0)
        return (self.awake if is_for_awake else self.asleep).popleft()


class Pool:
    """Safe to use from any thread; its own threads begin with the first camera."""

    def __init__(
        self,
        threads: int = THREADS,
        *,
        hangs_after_s: float = HANGS_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = threads
        self._hangs_after_s = hangs_after_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._workers: list[_Worker] = []  # those that can be relied on
        self._begun = 0
        self._left_behind = 0
        self._idle = 0
        self._is_called = False  # a thread was woken and has not come yet
        self._ended = False
        self._line = _Line()
        self._waiting: set[Looks] = set()  # in line
        self._looking: dict[Looks, bool] = {}  # whose turn it is, and whether there is more by now
        self._resting: set[Looks] = set()  # whose turn does not return

    @property
    def is_blind(self) -> bool:
        """Whether every thread hangs: nothing is looked at."""
        return bool(self._left_behind) and not self._workers

    def rouse(self, looks: Looks) -> bool:
        """There is something to look at; returns at once. False: its turn hangs, and there is no other."""
        with self._lock:
            hung = self._find_hung()
            rests = looks in self._resting
            if looks in self._looking:
                self._looking[looks] = True
            elif not rests and looks not in self._waiting:
                self._queue(looks)
            self._call()
        self._let_rest(hung)
        return not rests

    def check(self) -> None:
        """Notice a look that hangs, also while no packet comes."""
        with self._lock:
            hung = self._find_hung()
        self._let_rest(hung)

    def stop(self) -> None:
        """End soon; a look that hangs is left behind."""
        with self._lock:
            self._ended = True
            self._wake.notify_all()

    def _queue(self, looks: Looks) -> None:
        self._waiting.add(looks)
        self._line.add(looks)

    def _call(self) -> None:
        """Wake a thread if one sleeps, or begin the first ones."""
        while not self._ended and self._begun < self._threads:
            self._begin()
        if self._idle and self._line and not self._is_called:
            self._is_called = True
            self._wake.notify()

    def _begin(self) -> None:
        worker = _Worker(self._begun)
        self._begun += 1
        self._workers.append(worker)
        threading.Thread(target=self._run, args=(worker,), name=f"look-{worker.number}", daemon=True).start()

    def _find_hung(self) -> list[Looks]:
        """Leave the threads behind whose turn takes too long; whose turns those are."""
        hung = []
        limit_s = self._monotonic() - self._hangs_after_s
        for worker in [each for each in self._workers if each.looks is not None and each.since_s < limit_s]:
            worker.is_left_behind = True
            self._workers.remove(worker)
            self._left_behind += 1
            if worker.looks is not None:
                self._looking.pop(worker.looks, None)
                self._resting.add(worker.looks)
                hung.append(worker.looks)
            if self._left_behind <= MOST_LEFT_BEHIND:
                self._begin()
        return hung

    def _let_rest(self, hung: list[Looks]) -> None:
        for looks in hung:
            log.warning("look.hangs", after_s=self._hangs_after_s)
            looks.hang()

    def _run(self, worker: _Worker) -> None:
        while (looks := self._take(worker)) is not None:
            has_more = False
            try:
                has_more = looks.turn()
            except Exception:  # a mistake of ours: this camera waits for its next packet, the others go on
                log.exception("look.broke")
            if self._give_back(worker, looks, has_more):
                looks.come_back()
                self.rouse(looks)
                return

    def _take(self, worker: _Worker) -> Looks | None:
        """Whose turn it is, when somebody waits; None when all is over."""
        with self._lock:
            while not self._line and not self._ended:
                self._idle += 1
                self._wake.wait()
                self._idle -= 1
                self._is_called = False
            if self._ended:
                return None
            looks = self._line.next()
            self._waiting.discard(looks)
            self._looking[looks] = False
            worker.looks, worker.since_s = looks, self._monotonic()
            return looks

    def _give_back(self, worker: _Worker, looks: Looks, has_more: bool) -> bool:
        """The turn is over; True when nobody expected that any more, and another thread has taken over."""
        with self._lock:
            worker.looks = None
            if worker.is_left_behind:
                self._left_behind -= 1
                self._resting.discard(looks)
                if len(self._workers) < self._threads:  # too many hung for one to be begun in its place
                    self._begin()
                return True
            if self._looking.pop(looks, False) or has_more:
                self._queue(looks)
            return False
