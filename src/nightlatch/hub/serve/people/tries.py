"""Slows down guessing: five free tries, then a wait that doubles from one second to fifteen minutes.

Counted per address and, more leniently, over all addresses; kept in hub.db, so that a restart forgets nothing.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.errors import TooManyTries
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import TriesRow

FREE = 5
FREE_FOR_ALL = 50
FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 15 * 60 * 1000
FORGET_MS = 24 * 3600 * 1000
EVERYBODY = "*"


class Tries:
    """Failed sign-ins."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def check(self, address: str) -> None:
        """Raises `TooManyTries` while this address, or everybody, has to wait."""
        now_ms = self._clock.now_ms()
        with Session(self._books.engine) as session:
            for who, free in ((address, FREE), (EVERYBODY, FREE_FOR_ALL)):
                row = session.get(TriesRow, who)
                if row is None or row.failures < free or now_ms < row.last_ms - FORGET_MS:
                    continue
                wait_ms = min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(20, row.failures - free))
                left_ms = row.last_ms + wait_ms - now_ms
                if left_ms > 0:
                    seconds = -(-left_ms // 1000)
                    raise TooManyTries(f"Too many wrong tries. Wait {seconds} s and try again.", seconds)

    def failed(self, address: str) -> None:
        """Count a wrong try."""
        now_ms = self._clock.now_ms()
        with self._books.change() as session:
            session.execute(delete(TriesRow).where(TriesRow.last_ms < now_ms - FORGET_MS))
            for who in (address, EVERYBODY):
                row = session.get(TriesRow, who)
                if row is None:
                    session.add(TriesRow(who=who, failures=1, last_ms=now_ms))
                else:
                    row.failures, row.last_ms = row.failures + 1, now_ms

    def succeeded(self, address: str) -> None:
        """Forget the wrong tries of this address."""
        with self._books.change() as session:
            session.execute(delete(TriesRow).where(TriesRow.who == address))
