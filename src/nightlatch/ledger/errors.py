"""What the log refuses, by name."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from nightlatch.errors import NightlatchError, Refused


class LedgerError(NightlatchError):
    """The log's folder cannot be used, or is damaged."""


class LogFull(LedgerError):
    """There is no room for an entry; none was taken."""


class NotShown(LedgerError):
    """An entry is durable, but no checkpoint covers it yet: the log will show it as soon as there is room."""


class PartEnded(LedgerError):
    """This part of the log has said which one follows: it takes no further entry. None was taken."""


class Why(StrEnum):
    """Why a receipt or checkpoint proves nothing."""

    MALFORMED = "malformed"
    WRONG_ORIGIN = "wrong origin"
    NOT_SIGNED = "not signed by the log"
    NO_QUORUM = "too few cosignatures"
    STALE = "stale"
    NOT_INCLUDED = "not included"
    FORK = "fork"
    ROLLBACK = "rollback"
    CONTRADICTION = "contradiction"  # within one tree


class About(StrEnum):
    """What a log contradicts itself about within one tree."""

    NEXT = "next"  # it goes on after the entry that ends it
    INDEX = "index"  # an index by tag that is not of its entries
    BEGIN = "begin"  # a part that does not begin where the one before it ended


class Unproven(Refused):
    """A receipt or checkpoint that proves nothing, and why."""

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(text)
        self.why = why


class Conflict(Unproven):
    """A signed checkpoint that contradicts the one of `size` entries that a witness holds."""

    def __init__(self, why: Why, text: str, size: int) -> None:
        super().__init__(why, text)
        self.size = size


class Forked(Unproven):
    """A longer tree that does not begin with the one before: `root` at the old size, and the `path` from it."""

    def __init__(self, text: str, root: bytes, path: Sequence[bytes]) -> None:
        super().__init__(Why.FORK, text)
        self.root, self.path = root, tuple(path)


class Contradicted(Unproven):
    """A tree that says of itself what is not true; the entry at `index` shows it."""

    def __init__(self, text: str, about: About, index: int) -> None:
        super().__init__(Why.CONTRADICTION, text)
        self.about, self.index = about, index
