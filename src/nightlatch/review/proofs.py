"""A label counts while its row fits what the log holds: rows are not proof, here as little as at the keeper.

The event is made again from the row (what was said, of which clip, by whom, in which view), committed to with the salt,
and held against the leaf; the leaf is held against the log's receipt. Whoever changes a label after it was handed in
would need another leaf, and the log takes none from them.

What a row can still do, since no entry says otherwise: be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from nightlatch.domain.consent import canonical
from nightlatch.domain.label import Label
from nightlatch.domain.view import commitment, read_leaf
from nightlatch.errors import NightlatchError
from nightlatch.ledger.checkpoint import read_checkpoint
from nightlatch.ledger.errors import Unproven
from nightlatch.ledger.parts import part_of
from nightlatch.ledger.policy import Policy, verify_receipt
from nightlatch.ledger.proof import read_proof
from nightlatch.review.writing import told
from nightlatch.seal.note import NoteError, read_note

KIND = "label"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A label's row, as it lies in the database."""

    view: int
    donation: str
    reviewer: str
    label: Label
    tag: bytes
    leaf: bytes
    salt: bytes = field(repr=False)
    receipt: str

    @property
    def event(self) -> bytes:
        return label_event(self.donation, self.reviewer, self.view, self.label)


def label_event(donation: str, reviewer: str, view: int, label: Label) -> bytes:
    """What a label's leaf commits to."""
    return canonical({"donation": donation, "label": told(label), "reviewer": reviewer, "view": view})


@dataclass(frozen=True, slots=True)
class LabelProofs:
    """Holds labels against the log. Without the log's policy only their leaves are held against them."""

    policy: Policy | None = None
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
        if self.policy is None or mark in self.proven:
            return None
        try:
            verify_receipt(row.receipt, row.leaf, _of_part(self.policy, row.receipt), None)
        except (Unproven, NoteError):
            return "the log does not hold it"
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


def _of_part(policy: Policy, receipt: str) -> Policy:
    """The policy of the part of the log that a receipt is of. Raises `Unproven`, `NoteError`."""
    origin = read_checkpoint(read_note(read_proof(receipt).note).text).origin
    part_of(origin, policy.log.name)
    return replace(policy, log=replace(policy.log, name=origin))
