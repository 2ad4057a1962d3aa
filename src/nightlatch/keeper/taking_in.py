"""Taking in: a key for a donation that was announced, then the clip, its consent and its report."""

from __future__ import annotations

import secrets
from hashlib import sha256

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.donation import State
from nightlatch.domain.time import Clock
from nightlatch.keeper import book
from nightlatch.keeper.checks import RoomPolicy
from nightlatch.keeper.events import GiveEvent
from nightlatch.keeper.hubs import hub_of
from nightlatch.keeper.intake import Arrival, admit
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import DonationKey, Gift
from nightlatch.seal.recipients import Sealer
from nightlatch.store.blobs import Blobs

MOST_MADE = 1000  # keys that no clip came for yet, at once: anybody may ask for one
LOG_KEY_BYTES = 32

log = structlog.get_logger()


class TakingIn:
    """The desk at which hubs give clips."""

    def __init__(self, engine: Engine, keys: Keys, blobs: Blobs, clock: Clock, policy: RoomPolicy) -> None:
        self._engine, self._keys, self._blobs = engine, keys, blobs
        self._clock, self._policy = clock, policy

    def make(self) -> DonationKey:
        """A donation's name and the public half of its key. Raises `KeeperRefused` when too many wait for a clip."""
        with Session(self._engine) as session:
            if book.count_made(session) >= MOST_MADE:
                raise KeeperRefused(Refusal.BUSY, "Too many clips are on their way. Give this one tomorrow.")
        donation = secrets.token_hex(16)
        return DonationKey(donation, self._keys.make(donation, self._clock.now_ms()))

    def receive(self, gift: Gift) -> None:
        """Intake. Raises `KeeperRefused` (then nothing is kept), `NotFound`, `SealError`."""
        now_ms = self._clock.now_ms()
        Sealer([gift.owner_recipient])
        if len(gift.log_key) != LOG_KEY_BYTES:
            raise KeeperRefused(Refusal.SIZE, "A log key is 32 bytes. Give the clip again.")
        if self._policy.households and hub_of(gift.consented.signed) is None:
            raise KeeperRefused(
                Refusal.CONSENT, "This consent names no hub that watches the log. Update the hub first."
            )
        with Session(self._engine, expire_on_commit=False) as session:
            row = book.donation_row(session, gift.donation)
        offer = Arrival(
            now_ms=now_ms,
            donation=gift.donation,
            state=row.state,
            programme_key=self._policy.programme_key,
            consented=gift.consented,
            sealed=gift.sealed,
            report=gift.report,
            opener=self._keys.opener(gift.donation),
        )
        admitted = admit(offer)
        self._blobs.put(gift.donation, admitted.sealed)
        consent = admitted.consented.consent
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, gift.donation)
            row.state, row.admitted_ms, row.expires_ms = State.WAITING, now_ms, consent.expires_ms
            row.signed_consent, row.sealed_sha256 = admitted.consented.signed, sha256(admitted.sealed).hexdigest()
            row.household = sha256(consent.owner_key.encode()).hexdigest()
            row.log_key, row.owner_recipient = gift.log_key, gift.owner_recipient
            event = GiveEvent(consent.donation, consent.record_sha256)
            book.note(session, row, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)
        log.info("donation.admitted", donation=gift.donation, bytes=len(gift.sealed))
