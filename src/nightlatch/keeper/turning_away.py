"""A look that was logged and then refused: its owner is told of it, and that nothing was shown.

Review writes `view.open` into the log before it asks. When the keeper then says no (the clip was taken back in
between), the owner would find an entry in the log of which nobody speaks. So the keeper keeps it for them, and logs a
`view.close` of no pictures. An entry that was turned away opens nothing any more.
"""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from nightlatch.domain.time import SECOND_MS
from nightlatch.domain.view import SALT_BYTES, Leaf, commitment, read_leaf
from nightlatch.keeper import book
from nightlatch.keeper.checks import Receipts
from nightlatch.keeper.events import CloseEvent, EntryKind
from nightlatch.keeper.records import DrawRow, KeptDonationRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import ViewRequest

FOR_GOOD = frozenset(
    {
        Refusal.CONSENT,
        Refusal.EXPIRED,
        Refusal.REVOKED,
        Refusal.NOT_DRAWN,
        Refusal.SESSION,
        Refusal.QUOTA,
        Refusal.CLOSED,
        Refusal.IDLE,
    }
)  # after any other, review may come again with the same entry


def turn_away(session: Session, asked: ViewRequest, receipts: Receipts, now_ms: int) -> None:
    """Keep the entry of a refused look, once, if it is in the log and of a clip that this reviewer had drawn."""
    view, row = asked.view, session.get(KeptDonationRow, asked.view.donation)
    made = session.get(DrawRow, view.seq)
    is_drawn = made is not None and (made.donation_id, made.reviewer) == (view.donation, view.reviewer)
    if row is None or row.owner_recipient is None or not is_drawn or book.has_entry(session, asked.leaf):
        return
    try:
        leaf = read_leaf(asked.leaf)
        if leaf.kind != EntryKind.OPEN or leaf.commitment != commitment(asked.salt, view.canonical()):
            return
        receipts.included(asked.receipt, asked.leaf)
        index = receipts.index(asked.receipt)
    except (ValueError, KeeperRefused):
        return
    book.enter(session, row, EntryKind.OPEN, asked.leaf, view.canonical(), asked.salt, now_ms, now_ms, index)
    _note_close(session, row, CloseEvent(view.donation, index, 0), leaf, now_ms)


def _note_close(session: Session, row: KeptDonationRow, event: CloseEvent, opened: Leaf, now_ms: int) -> None:
    """Queue the close under the tag of the open, for the key of the owner's tags may be gone with the clip."""
    salt, raw = secrets.token_bytes(SALT_BYTES), event.canonical()
    at_s = max(opened.at_s, min(now_ms // SECOND_MS, _end_of_day_s(opened.at_s)))
    leaf = Leaf(at_s, event.kind, opened.tag, commitment(salt, raw)).canonical()
    due_ms = now_ms + book.APPEND_WITHIN_MS
    book.enter(session, row, event.kind, leaf, raw, salt, now_ms, due_ms, None)


def _end_of_day_s(at_s: int) -> int:
    return at_s - at_s % 86_400 + 86_399
