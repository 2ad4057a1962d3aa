"""The keeper's rows, read and written in an open session: whatever the caller does in one transaction stays in one.

What decides is asked of groups of rows, which are whole or refused (nightlatch.keeper.stamps).

What must reach the log is queued here, in the same transaction as what it tells, and appended later.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import canonical
from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS
from nightlatch.domain.view import Leaf, commitment, tag
from nightlatch.errors import NotFound, SealError
from nightlatch.keeper.draw import Draw, DrawEnd, Waiting
from nightlatch.keeper.events import EntryKind, Event
from nightlatch.keeper.records import DrawRow, EntryRow, KeptDonationRow, ViewRow, entry_of
from nightlatch.keeper.stamps import stamps_of, tolerant
from nightlatch.keeper.words import Ledger, OwnersEntry, ViewRequest, WithdrawalEntry
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.recipients import Sealer

APPEND_WITHIN_MS = MINUTE_MS


def latest_ms(session: Session) -> int:
    """The latest moment that was ever written down here."""
    columns = (EntryRow.made_ms, DrawRow.drawn_ms, ViewRow.opened_ms, KeptDonationRow.made_ms)
    return max(session.scalar(select(func.max(column))) or 0 for column in columns)


# ---- donations ----------------------------------------------------------------------------------------------------


def donation_row(session: Session, donation: str) -> KeptDonationRow:
    """Raises `NotFound`."""
    row = session.get(KeptDonationRow, donation)
    if row is None:
        raise NotFound("The keeper knows no such donation.")
    return row


def made(session: Session) -> list[str]:
    """The donations that wait for their clip, the oldest first."""
    waiting_for = select(KeptDonationRow.id).where(KeptDonationRow.state == State.MADE)
    return list(session.scalars(waiting_for.order_by(KeptDonationRow.made_ms)))


def drop_made(session: Session, donation: str) -> None:
    """Forget a donation that no clip came for."""
    row = session.get(KeptDonationRow, donation)
    if row is not None and row.state is State.MADE:
        session.delete(row)


def forget(row: KeptDonationRow, now_ms: int) -> None:
    """Take from the row what could open the clip, or find its entries."""
    row.state, row.shredded_ms, row.wrapped_key, row.log_key = State.SHREDDED, now_ms, None, None


# ---- draws and views ----------------------------------------------------------------------------------------------


def draw_of(row: DrawRow | None, day: int) -> Draw | None:
    """The draw that a row tells of; it is open on its own day only."""
    if row is None:
        return None
    is_open = row.ended is None and row.day == day
    return Draw(row.seq, row.reviewer, row.day, row.n, row.root, row.donation_id, row.drawn_ms, is_open)


def draws_of(session: Session, reviewer: str, day: int) -> list[DrawRow]:
    """The draws of this reviewer on that day, in order. Raises `KeeperRefused` when one is missing."""
    return stamps_of(session).all_of(session, DrawRow, ("draws", reviewer, day))


def waiting(session: Session, most_viewers: int) -> list[Waiting]:
    """The clips that may still be drawn: waiting, and seen by fewer than `most_viewers`. Raises `KeeperRefused`."""
    stamps = stamps_of(session)
    rows = stamps.all_of(session, KeptDonationRow, ("state", State.WAITING))
    viewers: dict[str, set[str]] = {}
    for view in stamps.all_of(session, ViewRow, *(("viewers", row.id) for row in rows)):
        viewers.setdefault(view.donation_id, set()).add(view.reviewer)
    return [
        Waiting(row.id, row.household or "", row.admitted_ms or 0, frozenset(viewers.get(row.id, ())))
        for row in rows
        if len(viewers.get(row.id, ())) < most_viewers
    ]


def viewers_of(session: Session, donation: str) -> frozenset[str]:
    """The reviewers who have ever seen a clip. Raises `KeeperRefused`."""
    views = stamps_of(session).all_of(session, ViewRow, ("viewers", donation))
    return frozenset(view.reviewer for view in views)


def views_of(session: Session, reviewer: str, day: int) -> list[ViewRow]:
    """What this reviewer has seen on that day. Raises `KeeperRefused`."""
    return stamps_of(session).all_of(session, ViewRow, ("views", reviewer, day))


def write_view(session: Session, asked: ViewRequest, index: int, now_ms: int) -> None:
    """A view that is let in, the end of its draw, and the entry that told of it first."""
    view, row = asked.view, donation_row(session, asked.view.donation)
    if (made := session.get(DrawRow, view.seq)) is not None:
        made.ended = DrawEnd.VIEWED
    session.add(
        ViewRow(
            id=index,
            seq=view.seq,
            donation_id=row.id,
            household=row.household or "",
            reviewer=view.reviewer,
            day=now_ms // DAY_MS,
            opened_ms=now_ms,
        )
    )
    enter(session, row, EntryKind.OPEN, asked.leaf, view.canonical(), asked.salt, now_ms, now_ms, index)


# ---- entries ------------------------------------------------------------------------------------------------------


def note(session: Session, row: KeptDonationRow, event: Event, now_ms: int, due_ms: int) -> None:
    """Queue an entry, and keep its event for the owner. A key that no clip came for has no owner to tell."""
    if row.log_key is None:
        return
    raw = event.canonical()
    salt = salt_of(row.log_key, event)
    leaf = Leaf(now_ms // 1000, event.kind, tag(row.log_key, now_ms), commitment(salt, raw)).canonical()
    enter(session, row, event.kind, leaf, raw, salt, now_ms, due_ms, None)


def salt_of(log_key: bytes, event: Event) -> bytes:
    """The salt of an entry of the keeper's own: nobody without the owner's log key can tell, or try, what it says.

    It is not random, so that a keeper whose rows were put back can tell of which clip an entry of the log speaks. The
    log key is destroyed with the clip's key.
    """
    return hmac.digest(log_key, f"nightlatch salt v1 {event.kind} ".encode() + event.canonical(), "sha256")


def enter(
    session: Session,
    row: KeptDonationRow,
    kind: EntryKind,
    leaf: bytes,
    event: bytes,
    salt: bytes,
    now_ms: int,
    due_ms: int,
    index: int | None,
) -> None:
    """Keep an entry for its owner: event and salt sealed to them. Without an `index` it is queued for the log."""
    told = canonical({"event": json.loads(event), "salt": b64encode(salt).decode()})
    session.add(
        EntryRow(
            donation_id=row.id,
            kind=kind,
            leaf=leaf,
            sealed_event=_sealed(row, told),
            open_event=told if kind is EntryKind.WITHDRAW else None,
            made_ms=now_ms,
            due_ms=due_ms,
            leaf_index=index,
        )
    )


def _sealed(row: KeptDonationRow, told: bytes) -> bytes:
    """For the owner. Whoever changes a row cannot stop an entry by that: it goes to the log, and nobody reads more."""
    try:
        return bytes(Sealer([row.owner_recipient or ""]).seal(told))
    except SealError:
        return b""


def has_entry(session: Session, leaf: bytes) -> bool:
    """Whether an entry with this leaf is kept already."""
    return bool(stamps_of(session).members(entry_of(leaf)))


def entries_of(session: Session, donation: str) -> list[OwnersEntry]:
    """All entries about a donation, oldest first. Raises `NotFound`."""
    donation_row(session, donation)
    rows = session.scalars(select(EntryRow).where(EntryRow.donation_id == donation).order_by(EntryRow.id))
    return [OwnersEntry(r.kind, r.leaf, r.leaf_index, r.due_ms, Sealed(r.sealed_event)) for r in rows]


def withdrawal_of(session: Session, donation: str) -> WithdrawalEntry | None:
    """The entry that says that a donation is refused; None where there is none that its hub can be shown."""
    found = select(EntryRow).where(EntryRow.donation_id == donation, EntryRow.open_event.is_not(None))
    row = session.scalar(found.order_by(EntryRow.id).limit(1))
    if row is None or row.open_event is None:
        return None
    told = json.loads(row.open_event)
    return WithdrawalEntry(row.leaf, canonical(told["event"]), b64decode(told["salt"]), row.leaf_index, None)


def append_queued(engine: Engine, ledger: Ledger) -> None:
    """Append what is queued, oldest first, each remembered at once. Raises `NightlatchError`: the rest stays queued."""
    with tolerant(engine) as session:  # an entry that is due goes out, whatever was done to other rows
        queued = stamps_of(session).all_of(session, EntryRow, ("queued",))
        found = [(entry.id, entry.leaf) for entry in queued]
    for entry_id, leaf in found:
        index = ledger.append(leaf)
        with tolerant(engine) as session, session.begin():
            if (entry := session.get(EntryRow, entry_id)) is not None:
                entry.leaf_index = index
