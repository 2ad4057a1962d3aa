"""The keeper's one lock. One at a time; who takes a clip back goes before everybody else who waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that its holder may take again, with a place at the front of the queue."""

    def __init__(self) -> None:
        mutex = threading.Lock()
        self._front, self._queue = threading.Condition(mutex), threading.Condition(mutex)
        self._waiting_in_front = 0
        self.waiting = 0  # all of them
        self._holder: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        self._take(is_first=False)

    def __exit__(self, *_: object) -> None:
        self._give()

    @contextmanager
    def first(self) -> Iterator[None]:
        """The next turn, whoever else waits."""
        self._take(is_first=True)
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def at_once(self) -> Iterator[bool]:
        """The turn if it is free and nobody waits for it, for whoever must not wait; False if it is not."""
        me = threading.get_ident()
        with self._front:
            is_mine = self._holder in (None, me) and not self.waiting
            if is_mine:
                self._holder = me
                self._depth += 1
        try:
            yield is_mine
        finally:
            if is_mine:
                self._give()

    def _take(self, is_first: bool) -> None:
        me = threading.get_ident()
        with self._front:  # both conditions share this mutex
            if self._holder != me:
                self.waiting += 1
                if is_first:
                    self._waiting_in_front += 1
                    self._front.wait_for(lambda: self._holder is None)
                    self._waiting_in_front -= 1
                else:
                    self._queue.wait_for(lambda: self._holder is None and not self._waiting_in_front)
                self.waiting -= 1
                self._holder = me
            self._depth += 1

    def _give(self) -> None:
        with self._front:
            self._depth -= 1
            if self._depth == 0:
                self._holder = None
                (self._front if self._waiting_in_front else self._queue).notify()
