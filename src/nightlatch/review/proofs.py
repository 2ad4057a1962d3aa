"""A label counts while its row fits what the log holds: rows are not proof, here as little as at the keeper.

The event is made again from the row (what was said, of which clip, by whom, in which view), committed to with the salt,
and held against the leaf; the leaf is held against the log's receipt. Whoever changes a label after it was handed in
would need another leaf, and the log takes none from them.

What was taken back just after it was handed in is a draft again only if the log holds that, too.

What a row can still do, since no entry says otherwise: be missing, or be put back as it was before it was taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from nightlatch.domain.consent import Json, canonical
from nightlatch.domain.label import Label
from nightlatch.domain.view import commitment, read_leaf
from nightlatch.errors import NightlatchError
from nightlatch.ledger.errors import LedgerError, Unproven
from nightlatch.ledger.following import Following, Source
from nightlatch.ledger.policy import verify_receipt
from nightlatch.ledger.proof import read_proof
from nightlatch.review.writing import told

KIND = "label"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A label's row, as it lies in the database; without a label, one that was taken back."""

    view: int
    donation: str
    reviewer: str
    label: Label | None
    tag: bytes
    leaf: bytes
    salt: bytes = field(repr=False)
    receipt: str

    @property
    def event(self) -> bytes:
        return label_event(self.donation, self.reviewer, self.view, self.label)


def label_event(donation: str, reviewer: str, view: int, label: Label | None) -> bytes:
    """What a label's leaf commits to; None: that the one before it was taken back."""
    said: dict[str, Json] = {"answer": "undone"} if label is None else told(label)
    return canonical({"donation": donation, "label": said, "reviewer": reviewer, "view": view})


@dataclass(frozen=True, slots=True)
class LabelProofs:
    """Holds labels against the log. Without the log's policy only their leaves are held against them."""

    parts: Following | None = None  # of the log
    source: Source | None = field(default=None, repr=False)  # where they are learnt of
    fetch: Callable[[int], str] | None = field(default=None, repr=False)  # the receipt of an index, for one of before
    proven: set[bytes] = field(default_factory=set, repr=False, compare=False)

    def fault(self, row: HandedIn) -> str | None:
        """Why this label does not count; None when it does."""
        try:
            leaf = read_leaf(row.leaf)
            fits = leaf.kind == KIND and leaf.tag == row.tag and leaf.commitment == commitment(row.salt, row.event)
        except ValueError:
            fits = False
        if not fits:
            return "it is not what was handed in"
        mark = sha256(row.leaf + row.receipt.encode()).digest()
        if self.parts is None or mark in self.proven:
            return None
        try:
            note = read_proof(row.receipt).note
            if self.source is not None and not self.parts.knows(note):
                self.parts.follow(self.source)
            verify_receipt(row.receipt, row.leaf, self.parts.part_of(note).policy, None)
        except Unproven:
            return "the log does not hold it"
        except LedgerError:
            return "the log does not answer"
        self.proven.add(mark)
        return None

    def receipt(self, index: int | None) -> str | None:
        """What the log says now of an entry whose receipt was not kept."""
        if self.fetch is None or index is None:
            return None
        try:
            return self.fetch(index)
        except NightlatchError:
            return None
