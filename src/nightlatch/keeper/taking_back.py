"""Taking back: from the moment a withdrawal is answered nobody sees the clip; its key is destroyed within a minute."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented, Withdrawal, Withdrawn
from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS, Clock
from nightlatch.keeper import book
from nightlatch.keeper.events import ShredEvent, WithdrawEvent
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import Revocation
from nightlatch.store.blobs import Blobs

SHRED_WITHIN_MS = MINUTE_MS
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

    def check(self, withdrawn: Withdrawn) -> None:
        """Whether it is the owner's, of a donation that is known. Raises `KeeperRefused`, `NotFound`."""
        with Session(self._engine) as session:
            _check_owner(book.donation_row(session, withdrawn.withdrawal.donation), withdrawn.withdrawal)

    def revoke(self, withdrawn: Withdrawn) -> Revocation:
        """From here on nobody sees the clip; `shred` destroys the key. Raises `KeeperRefused`, `NotFound`."""
        told, now_ms = withdrawn.withdrawal, self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, told.donation)
            _check_owner(row, told)
            if row.withdrawn_ms is None:
                row.signed_withdrawal = withdrawn.signed
                self._withdraw(session, row, now_ms)
            refused_ms, shredded_ms = row.withdrawn_ms or now_ms, row.shredded_ms
        return Revocation(refused_ms, refused_ms + SHRED_WITHIN_MS, shredded_ms)

    def expire(self) -> Due:
        """Withdraw the clips whose consent has ended; what is due now, also from before a crash."""
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            waiting = (State.WAITING, State.LABELLED, State.FLAGGED)
            over = select(KeptDonationRow).where(
                KeptDonationRow.state.in_(waiting), KeptDonationRow.expires_ms <= now_ms
            )
            expired = session.scalars(over).all()
            for row in expired:
                self._withdraw(session, row, now_ms)
            stale = (KeptDonationRow.state == State.MADE) & (KeptDonationRow.made_ms < now_ms - MADE_LIFE_MS)
            due = session.scalars(
                select(KeptDonationRow.id).where((KeptDonationRow.state == State.WITHDRAWN) | stale)
            ).all()
            gone = tuple(row.id for row in expired)
        return Due(gone, frozenset({*due, *gone}))

    def shred(self, donations: frozenset[str]) -> None:
        """Destroy these keys, and any trace of one in the database's journal."""
        for donation in donations:
            self._shred(donation)
            self._journal_holds_keys = True
        if self._journal_holds_keys:
            self._journal_holds_keys = not self._keys.empty_journal()

    def shred_what_has_no_half(self) -> None:
        """After a restore: a row that says “waiting” and has no half of its key is a clip that was taken back."""
        with Session(self._engine) as session, session.begin():
            for row in session.scalars(select(KeptDonationRow).where(KeptDonationRow.state != State.SHREDDED)):
                if not self._keys.has(row.id):
                    book.forget(row, self._clock.now_ms())
                    self._blobs.delete(row.id)

    def _shred(self, donation: str) -> None:
        """Destroy the key, delete the sealed file, then say so. The next `sweep` finishes what a crash interrupted."""
        self._keys.shred(donation)
        self._blobs.delete(donation)
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            due_ms = (row.withdrawn_ms or now_ms) + SHRED_WITHIN_MS
            book.note(session, row, ShredEvent(donation, now_ms, due_ms), self._clock.now_ms(), due_ms)
            book.forget(row, now_ms)
        log.info("donation.shredded", donation=donation)

    def _withdraw(self, session: Session, row: KeptDonationRow, now_ms: int) -> None:
        row.state, row.withdrawn_ms = State.WITHDRAWN, now_ms
        event = WithdrawEvent(row.id, now_ms, now_ms + SHRED_WITHIN_MS)
        book.note(session, row, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)


def _check_owner(row: KeptDonationRow, told: Withdrawal) -> None:
    """Raises `KeeperRefused`. Before it comes, anybody who knows its name may take it back: nothing is here yet."""
    consent = Consented(row.signed_consent).consent if row.signed_consent else None
    if consent and (consent.owner_key, consent.record_sha256) != (told.owner_key, told.consent_sha256):
        raise KeeperRefused(Refusal.CONSENT, "This is not the owner's withdrawal of this consent.")
