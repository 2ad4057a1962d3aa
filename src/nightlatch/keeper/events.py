"""What happened to a donation, as its owner reads it: the events that the log's leaves commit to, one type each.

`canonical` gives the bytes (JCS). They are told to nobody but the owner; the log has the commitment. A view's own event
is `nightlatch.domain.view.View`. Key order and names are those that every page reads: they are only ever added to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from nightlatch.domain.consent import canonical
from nightlatch.errors import Refused


class EntryKind(StrEnum):
    """The kinds of entries about a donation."""

    GIVE = "consent.give"
    WITHDRAW = "consent.withdraw"
    OPEN = "view.open"
    CLOSE = "view.close"
    FLAG = "flag"
    LABEL = "label"
    SHRED = "shred"


class Event(Protocol):
    """One of the events below."""

    kind: ClassVar[EntryKind]

    def canonical(self) -> bytes:
        """The bytes that the leaf commits to."""
        ...


@dataclass(frozen=True, slots=True)
class GiveEvent:
    """A clip was let in under this consent."""

    kind: ClassVar = EntryKind.GIVE
    donation: str
    consent_sha256: str  # hex, of the consent's canonical bytes

    def canonical(self) -> bytes:
        return canonical({"consent": self.consent_sha256, "donation": self.donation})


@dataclass(frozen=True, slots=True)
class WithdrawEvent:
    """A clip was taken back, or its consent expired."""

    kind: ClassVar = EntryKind.WITHDRAW
    donation: str
    refused_ms: int
    shred_by_ms: int

    def canonical(self) -> bytes:
        return canonical({"donation": self.donation, "refused": self.refused_ms, "shred_by": self.shred_by_ms})


@dataclass(frozen=True, slots=True)
class CloseEvent:
    """A view ended after so many pictures."""

    kind: ClassVar = EntryKind.CLOSE
    donation: str
    view: int
    pictures: int

    def canonical(self) -> bytes:
        return canonical({"donation": self.donation, "pictures": self.pictures, "view": self.view})


@dataclass(frozen=True, slots=True)
class FlagEvent:
    """A reviewer said in this view that the clip should not have been shared."""

    kind: ClassVar = EntryKind.FLAG
    donation: str
    view: int
    shred_by_ms: int

    def canonical(self) -> bytes:
        return canonical({"donation": self.donation, "shred_by": self.shred_by_ms, "view": self.view})


@dataclass(frozen=True, slots=True)
class ShredEvent:
    """The key was destroyed."""

    kind: ClassVar = EntryKind.SHRED
    donation: str
    done_ms: int
    due_ms: int

    def canonical(self) -> bytes:
        return canonical({"done": self.done_ms, "donation": self.donation, "due": self.due_ms})


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """A label that was handed in: the keeper reads whose it is, and keeps the rest unread for the owner."""

    donation: str
    reviewer: str
    view: int


def read_label_event(raw: bytes) -> LabelEvent:
    """Whose label these canonical bytes hold. Raises `ValueError` for anything else."""
    try:
        told = json.loads(raw)
        if canonical(told) != raw or type(told["view"]) is not int:
            raise ValueError("no canonical label")
        return LabelEvent(told["donation"], told["reviewer"], told["view"])
    except (KeyError, TypeError, RecursionError, Refused):
        raise ValueError("no canonical label") from None
