"""The log as the review room writes to it."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import LedgerError
from nightlatch.review.entries import Logged
from nightlatch.review.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Logbook:
    """Appends to one log."""

    log: LogClient

    def append(self, leaf: bytes) -> Logged:
        """The leaf, durable in the log. Raises `Unreachable`: what has no entry does not happen."""
        try:
            taken = self.log.append(leaf)
        except LedgerError as error:
            raise Unreachable(str(error)) from None
        return Logged(taken.index, taken.receipt)
