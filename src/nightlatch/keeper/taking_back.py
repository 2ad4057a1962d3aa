"""Taking back: from the moment a withdrawal is answered nobody sees the clip; its key is destroyed within a minute.

A clip that a reviewer flagged is seen by nobody from then on, and its key is destroyed after a day.

All of this goes on when rows were changed from outside: what is owed is remembered, and a row that does not fit its
stamp is taken back like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented, Withdrawal, Withdrawn
from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS, Clock
from nightlatch.keeper import book
from nightlatch.keeper.events import ShredEvent, WithdrawEvent
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.records import EntryRow, KeptDonationRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.stamps import stamps_of, tolerant
from nightlatch.keeper.words import Revocation
from nightlatch.store.blobs import Blobs

SHRED_WITHIN_MS = MINUTE_MS
SHOWN_FOR_MS = 730 * DAY_MS  # a hub may have been in a drawer
FLAGGED_FOR_MS = DAY_MS  # nobody un-flags; the day is for the programme to find the fault, and the owner to hear
MADE_LIFE_MS = DAY_MS  # a key that no clip came for

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """Donations whose consent has just expired, and all whose keys must be destroyed now (these included)."""

    expired: tuple[str, ...]
    shred: frozenset[str]


class TakingBack:
    """The desk at which owners take clips back; also what does it for them when their consent expires."""

    def __init__(self, engine: Engine, keys: Keys, blobs: Blobs, clock: Clock) -> None:
        self._engine, self._keys, self._blobs, self._clock = engine, keys, blobs, clock
        self._journal_holds_keys = True
        self.lost: dict[str, bytes] = {}  # donations whose half was missing at this start, and their owners' log keys

    def check(self, withdrawn: Withdrawn) -> None:
        """Whether it is the owner's, of a donation that is known. Raises `KeeperRefused`, `NotFound`."""
        with tolerant(self._engine) as session:
            _check_owner(book.donation_row(session, withdrawn.withdrawal.donation), withdrawn.withdrawal)

    def revoke(self, withdrawn: Withdrawn) -> Revocation:
        """From here on nobody sees the clip; `shred` destroys the key. Raises `KeeperRefused`, `NotFound`."""
        told, now_ms = withdrawn.withdrawal, self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            row = book.donation_row(session, told.donation)
            _check_owner(row, told)
            if row.withdrawn_ms is None and row.state is not State.SHREDDED:  # flagged, and gone already
                row.signed_withdrawal = withdrawn.signed
                self.withdraw(session, row, now_ms)
                session.flush()
            refused_ms, shredded_ms = row.withdrawn_ms or row.flagged_ms or now_ms, row.shredded_ms
            entry = book.withdrawal_of(session, told.donation)
        return Revocation(refused_ms, refused_ms + SHRED_WITHIN_MS, shredded_ms, entry)

    def expire(self) -> Due:
        """Withdraw the clips whose consent has ended; what is due now, also from before a crash."""
        now_ms = self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            waiting = (State.WAITING, State.LABELLED, State.FLAGGED)
            over = select(KeptDonationRow).where(
                KeptDonationRow.state.in_(waiting), KeptDonationRow.expires_ms <= now_ms
            )
            expired = session.scalars(over).all()
            for row in expired:
                self.withdraw(session, row, now_ms)
            stale = (KeptDonationRow.state == State.MADE) & (KeptDonationRow.made_ms < now_ms - MADE_LIFE_MS)
            flagged_ms = func.coalesce(KeptDonationRow.flagged_ms, 0)
            flagged = (KeptDonationRow.state == State.FLAGGED) & (flagged_ms <= now_ms - FLAGGED_FOR_MS)
            taken_back = (KeptDonationRow.state == State.WITHDRAWN) | stale | flagged
            due = session.scalars(select(KeptDonationRow.id).where(taken_back)).all()
            owed = stamps_of(session).members(("state", State.WITHDRAWN))  # whatever the rows say
            gone = tuple(row.id for row in expired)
        return Due(gone, frozenset({*due, *owed, *gone}))

    def shred(self, donations: frozenset[str]) -> None:
        """Destroy these keys, and any trace of one in the database's journal."""
        for donation in donations:
            self._shred(donation)
            self._journal_holds_keys = True
        if self._journal_holds_keys:
            self._journal_holds_keys = not self._keys.empty_journal()

    def shred_what_has_no_half(self) -> None:
        """After a restore: a row that says “waiting” and has no half of its key is a clip that was taken back."""
        with tolerant(self._engine) as session, session.begin():
            for row in session.scalars(select(KeptDonationRow).where(KeptDonationRow.state != State.SHREDDED)):
                if not self._keys.has(row.id):
                    self.lost[row.id] = row.log_key or b""
                    book.forget(row, self._clock.now_ms())
                    self._blobs.delete(row.id)

    def forget_old_withdrawals(self) -> None:
        """Whoever took a clip back has proven it long ago: what its entry says is for the owner alone again."""
        edge_ms = self._clock.now_ms() - SHOWN_FOR_MS
        old = select(EntryRow).where(EntryRow.made_ms < edge_ms, EntryRow.open_event.is_not(None))
        with tolerant(self._engine) as session, session.begin():
            for entry in session.scalars(old):  # one by one: each is stamped anew
                entry.open_event = None

    def _shred(self, donation: str) -> None:
        """Destroy the key, delete the sealed file, then say so. The next `sweep` finishes what a crash interrupted."""
        self._keys.shred(donation)
        self._blobs.delete(donation)
        now_ms = self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            if (row := session.get(KeptDonationRow, donation)) is None:
                return  # somebody took the row away; the key is gone all the same
            due_ms = _shred_by_ms(row, now_ms)
            book.note(session, row, ShredEvent(donation, now_ms, due_ms), self._clock.now_ms(), due_ms)
            book.forget(row, now_ms)
        log.info("donation.shredded", donation=donation)

    def withdraw(self, session: Session, row: KeptDonationRow, now_ms: int) -> None:
        """Refuse the clip from here on, and queue the entry that says so; `shred` is due."""
        row.state, row.withdrawn_ms = State.WITHDRAWN, now_ms
        event = WithdrawEvent(row.id, now_ms, now_ms + SHRED_WITHIN_MS)
        book.note(session, row, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)


def _check_owner(row: KeptDonationRow, told: Withdrawal) -> None:
    """Raises `KeeperRefused`. Before it comes, anybody who knows its name may take it back: nothing is here yet."""
    consent = Consented(row.signed_consent).consent if row.signed_consent else None
    if consent and (consent.owner_key, consent.record_sha256) != (told.owner_key, told.consent_sha256):
        raise KeeperRefused(Refusal.CONSENT, "This is not the owner's withdrawal of this consent.")


def _shred_by_ms(row: KeptDonationRow, now_ms: int) -> int:
    if row.withdrawn_ms is None and row.flagged_ms is not None:
        return row.flagged_ms + FLAGGED_FOR_MS
    return (row.withdrawn_ms or now_ms) + SHRED_WITHIN_MS
