"""Taking in: a key for one donation, then the head that announces its clip, then the clip."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented
from nightlatch.domain.donation import LARGEST_SEALED, State
from nightlatch.domain.redaction import RedactionReport
from nightlatch.domain.time import Clock
from nightlatch.keeper import book
from nightlatch.keeper.checks import RoomPolicy
from nightlatch.keeper.events import GiveEvent
from nightlatch.keeper.hubs import hub_of
from nightlatch.keeper.intake import Admitted, Arrival, Head, admit, check_head
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.places import Places
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.keeper.refusals import Crowded, KeeperRefused, Refusal
from nightlatch.keeper.words import Announcement, DonationKey, Gift
from nightlatch.seal.recipients import Sealer
from nightlatch.store.blobs import Blobs

MOST_MADE = 1000  # keys that no clip came for yet, at once: anybody may ask for one
MOST_MADE_FOR_ONE = 20  # of them, for one address
LOG_KEY_BYTES = 32
LET_IN = (State.WAITING, State.LABELLED, State.FLAGGED)

log = structlog.get_logger()


class TakingIn:
    """The desk at which hubs give clips."""

    def __init__(self, engine: Engine, keys: Keys, blobs: Blobs, clock: Clock, policy: RoomPolicy) -> None:
        self._engine, self._keys, self._blobs = engine, keys, blobs
        self._clock, self._policy = clock, policy
        self._made = Places()  # keys that no clip came for; who asked for one is forgotten when the keeper stops
        with Session(engine) as session:
            for donation in book.made(session):
                self._made.take(donation, donation)

    # ---- a key --------------------------------------------------------------------------------------------------

    def in_the_way(self, who: str, stays: Callable[[str], bool]) -> str | None:
        """The key that gives way to another one for `who`; None when there is room. Raises `Crowded`."""
        try:
            return self._made.in_the_way(who, MOST_MADE, MOST_MADE_FOR_ONE, stays)
        except LookupError:
            raise Crowded("Too many clips are on their way. Give this one tomorrow.") from None

    def retire(self, donation: str) -> None:
        """Destroy a key that no clip came for, and forget that it was."""
        self._keys.shred(donation)
        with Session(self._engine) as session, session.begin():
            book.drop_made(session, donation)
        self._made.leave(donation)

    def make(self, who: str) -> DonationKey:
        """A donation's name and the public half of its key, for whoever asks from this address."""
        donation = secrets.token_hex(16)
        made = DonationKey(donation, self._keys.make(donation, self._clock.now_ms()))
        self._made.take(donation, who)
        return made

    def forget(self, donations: Iterable[str]) -> None:
        """These are destroyed, and hold no place any more."""
        for donation in donations:
            self._made.leave(donation)

    # ---- a clip -------------------------------------------------------------------------------------------------

    def announce(self, said: Announcement) -> bool:
        """Check a head; True when this very clip is here already. Raises `KeeperRefused`, `NotFound`, `SealError`."""
        self._check(said)
        if not 0 < said.sealed_bytes <= LARGEST_SEALED:
            raise KeeperRefused(Refusal.SIZE, f"A clip has at most {LARGEST_SEALED // 1024**2} MiB. Cut it again.", 4)
        row = self._row(said.donation)
        if row.state in LET_IN and (row.sealed_sha256, row.signed_consent) == (
            said.sealed_sha256,
            said.consented.signed,
        ):
            return True
        check_head(self._head(said.donation, row.state, said.consented, said.report))
        return False

    def examine(self, gift: Gift) -> Admitted:
        """All of intake. Raises `KeeperRefused`, `NotFound`, `SealError`."""
        self._check(gift)
        row = self._row(gift.donation)
        head = self._head(gift.donation, row.state, gift.consented, gift.report)
        admitted = admit(Arrival(head, gift.sealed, self._keys.opener(gift.donation)))
        self._blobs.put_file(gift.donation, admitted.sealed)
        return admitted

    def keep(self, gift: Gift, admitted: Admitted) -> None:
        """Enter what was examined. Raises `KeeperRefused` when it was taken back meanwhile; nothing is kept then."""
        now_ms, consent = self._clock.now_ms(), admitted.consented.consent
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, gift.donation)
            if row.state is not State.MADE:
                self._blobs.delete(gift.donation)
                raise KeeperRefused(Refusal.REVOKED, "This donation was taken back, or is here already.", 3)
            row.state, row.admitted_ms, row.expires_ms = State.WAITING, now_ms, consent.expires_ms
            row.signed_consent, row.sealed_sha256 = admitted.consented.signed, admitted.sealed.sha256
            row.household = sha256(consent.owner_key.encode()).hexdigest()
            row.log_key, row.owner_recipient = gift.log_key, gift.owner_recipient
            event = GiveEvent(consent.donation, consent.record_sha256)
            book.note(session, row, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)
        self._made.leave(gift.donation)
        log.info("donation.admitted", donation=gift.donation, bytes=gift.sealed.size)

    def _check(self, said: Announcement | Gift) -> None:
        """What the log and the owner need. Raises `KeeperRefused`, `SealError`."""
        Sealer([said.owner_recipient])
        if len(said.log_key) != LOG_KEY_BYTES:
            raise KeeperRefused(Refusal.SIZE, "A log key is 32 bytes. Give the clip again.")
        if self._policy.households and hub_of(said.consented.signed) is None:
            raise KeeperRefused(
                Refusal.CONSENT, "This consent names no hub that watches the log. Update the hub first."
            )

    def _row(self, donation: str) -> KeptDonationRow:
        """Raises `NotFound`."""
        with Session(self._engine, expire_on_commit=False) as session:
            return book.donation_row(session, donation)

    def _head(self, donation: str, state: State, consented: Consented, report: RedactionReport) -> Head:
        return Head(self._clock.now_ms(), donation, state, self._policy.programme_key, consented, report)
