"""The log as the review room writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import LedgerError
from nightlatch.review.entries import Receipt
from nightlatch.review.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Logbook:
    """Appends to one log."""

    log: LogClient

    def append(self, leaf: bytes) -> Receipt:
        """The leaf, durable in the log. Raises `Unreachable`: what has no entry does not happen."""
        with _unreachable():
            taken = self.log.append(leaf)
        return Receipt(taken.index, taken.receipt, partial(self.receipt, taken.index))

    def receipt(self, index: int) -> str:
        """A fresh receipt of an entry. Raises `Unreachable`."""
        with _unreachable():
            return self.log.receipt(index)


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except LedgerError as error:
        raise Unreachable(str(error)) from None
