"""What the household gave: giving it, with the owner's consent, and taking it back."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consent, Consented, NotConsented, Withdrawn
from nightlatch.domain.time import Clock
from nightlatch.errors import CloudError, ConfigError, NightlatchError, NotFound, Refused, VaultError
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.books.records import DonationRow, HouseholdRow, LetterKind
from nightlatch.hub.serve.giving.carrying import Carriers, gift
from nightlatch.hub.serve.giving.client import ClipKey, EntryClaims, Parcel, ProgrammeClient
from nightlatch.hub.serve.giving.models import HidingModels
from nightlatch.hub.serve.giving.offers import Offer, Offers
from nightlatch.hub.serve.giving.outbox import Lane, Outbox
from nightlatch.hub.serve.giving.programme import Membership
from nightlatch.hub.serve.giving.sending import UNREADABLE, Sender
from nightlatch.seal.recipients import Sealer
from nightlatch.web.invitation import Programme

ANSWER_TO_CLIP_S = 20.0  # after that the page goes on without it
ANSWER_TO_WITHDRAWAL_S = 8.0


class Donations:
    """All that one household gives: its programme, the clips on their way, and those that were given."""

    def __init__(self, books: Books, clock: Clock, models_dir: Path | None) -> None:
        self._books = books
        self.membership = Membership(books, clock)
        self.offers = Offers(books.engine, clock, models_dir)
        self.models = HidingModels(models_dir)
        # by programme: why it is given nothing, as its log contradicts itself
        self.distrusted: dict[str, str] = {}
        self.outbox = Outbox(books, clock)
        self.carriers = Carriers(books, self.outbox, self.membership, clock)
        self.carriers.doubt_of = self.distrusted.get
        self.sender = Sender(self.outbox, self.carriers.all())
        self.outbox.entered = self.sender.wake

    # ---- giving ----------------------------------------------------------------------------------------------

    def ask_key(self, offer_id: str) -> ClipKey:
        """Have the keeper make a key for this clip. Raises `CloudError`, `NotFound`, `ConfigError`, `Refused`."""
        joined = self.membership.joined()
        if (why := self.distrusted.get(joined.id)) is not None:
            raise Refused(f"{why} Nothing will be given to it.")
        offer = self.offers.find(offer_id)
        if offer.redacted is None:
            raise ConfigError("This clip is not ready yet.")
        if offer.key is None or offer.programme_id != joined.id:
            offer.key, offer.programme_id = ProgrammeClient(joined).make_key(), joined.id
        return offer.key

    def give(self, offer_id: str, consented: Consented, log_key: bytes) -> DonationLine:
        """Seal to the keeper's key and send, with the consent that the owner signed for these bytes.

        What is sent is written down first, so that nothing can lie at the keeper of which the household knows nothing.
        A programme that does not answer soon is asked again until it does; the line says how far along that is.

        Raises:
            NotConsented: the consent is not the household's, or is for something else.
            CloudError: the programme refused the clip; it stays listed with the reason.
            VaultError: there was no room to keep it, so nothing was sent.
        """
        offer, joined, said = self.offers.find(offer_id), self.membership.programme(), consented.consent
        if offer.redacted is None or offer.key is None or joined is None or offer.programme_id != joined.id:
            raise ConfigError("This clip is not ready to be given.")
        with Session(self._books.engine) as session:
            household = session.scalars(select(HouseholdRow)).one()
        if said.owner_key != household.signing_key or said.programme_key != joined.key:
            raise NotConsented("This consent is not this household's, or not for this programme. Sign it again.")
        if said.sha256 != offer.redacted.sha256 or said.donation != offer.key.donation:
            raise NotConsented("This consent is not for the film that was played. Begin again.")
        if reading.donation(self._books.engine, said.donation) is not None:
            offer.key = None
            raise NotConsented("The programme gave this clip the name of another one. Sign it again.")
        sealed = Sealer([offer.key.recipient]).seal(offer.redacted.mp4)
        parcel = Parcel(consented, sealed, offer.redacted.report, log_key, household.recipient)
        try:
            self._keep(parcel, joined.id, offer)
        except OSError:
            raise VaultError(
                "The hub's disk has no room for this clip, so nothing was given. Make room first."
            ) from None
        self.offers.drop(offer_id)
        line = self._after_try(said.donation, ANSWER_TO_CLIP_S)
        if line.not_taken is not None:
            raise CloudError(f"{line.not_taken} The programme did not take the clip; begin again with it, or another.")
        return line

    def _keep(self, parcel: Parcel, programme_id: str, offer: Offer) -> None:
        """Raises `OSError`: then nothing is kept."""
        said = parcel.consented.consent
        with self.outbox.keeping:
            try:
                self.outbox.keep_parcel(said.donation, parcel.sealed)
                with self._books.change() as session:
                    session.add(_row(programme_id, said, parcel.consented.signed, offer.camera_id, offer.onset_ms))
                    session.flush()
                    self.outbox.enter(session, Lane(programme_id, LetterKind.GIVE), said.donation, gift(parcel))
            except OSError:
                with suppress(OSError):
                    self.outbox.drop_parcel(said.donation)
                raise
        self._books.sync()

    # ---- afterwards ------------------------------------------------------------------------------------------

    def given(self) -> list[DonationLine]:
        """Everything ever given, the newest first."""
        return reading.donations(self._books.engine)

    def take_back(self, donation: str, withdrawn: Withdrawn) -> DonationLine:
        """Keep the owner's signed withdrawal, and send it until the programme's refusal is proven in its log.

        One that is kept already stays as it was signed. A programme that is not known (it was left before 0.4) is
        sent it as soon as it is joined again.

        Raises:
            NotConsented: it is not of this donation.
            VaultError: it could not be kept; the error says whether the programme was told all the same.
        """
        said = withdrawn.withdrawal
        with Session(self._books.engine) as session:
            row = session.get(DonationRow, donation)
            if row is None:
                raise NotFound("There is no such donation.")
            owner = json.loads(row.consent)["record"].get("dpv:hasDataSubject")
            if (said.donation, said.consent_sha256, said.owner_key) != (donation, row.consent_sha256, owner):
                raise NotConsented("This withdrawal is for another clip. Take the clip back again.")
        try:
            self._keep_withdrawal(donation, withdrawn)
        except OSError:
            raise self._told_once(donation, withdrawn) from None
        with suppress(OSError):  # it lies there sealed, and no letter is about it
            self.outbox.drop_parcel(donation)
        return self._after_try(donation, ANSWER_TO_WITHDRAWAL_S)

    def ask_again(self, donation: str) -> DonationLine:
        """Try now what is on its way about a donation. Raises `NotFound`."""
        self._line(donation)
        return self._after_try(donation, ANSWER_TO_WITHDRAWAL_S)

    def bring_later(self, programme: Programme, note: str) -> None:
        """Bring a programme's log this hub's cosignature of a checkpoint once it can be reached; the newest alone.

        Raises:
            Unproven: it is no note of a checkpoint.
        """
        self.outbox.bring_later(programme.id, note)

    def _keep_withdrawal(self, donation: str, withdrawn: Withdrawn) -> None:
        with self._books.change() as session:
            row = session.get_one(DonationRow, donation)
            if row.withdrawal is not None:
                return
            row.withdrawn_ms = row.withdrawn_ms or withdrawn.withdrawal.at_ms
            row.withdrawal = withdrawn.signed.decode()
            if row.programme_id is not None:
                self.outbox.cancel(session, Lane(row.programme_id, LetterKind.GIVE), donation)
                self.outbox.enter(session, Lane(row.programme_id, LetterKind.WITHDRAW), donation, withdrawn.signed)
        self._books.sync()

    def _told_once(self, donation: str, withdrawn: Withdrawn) -> VaultError:
        """A disk without room must not keep a withdrawal from its programme."""
        try:
            self.client_of(donation).take_back(withdrawn)
            answer = "The programme was told once, and says that it refuses the clip."
        except NightlatchError as error:
            answer = f"The programme was asked once: {error}"
        todo = "Make room on the hub's disk, then take the clip back again."
        return VaultError(f"Your withdrawal could not be kept. {answer} {todo}")

    def _after_try(self, donation: str, within_s: float) -> DonationLine:
        """Where a donation stands once what is about it was tried, or after a while."""
        before = self.sender.tries_about(donation)
        if self._line(donation).letter is not None:
            with suppress(*UNREADABLE):  # the sender looks by itself now and then
                self.sender.wake(donation)
            self.sender.wait_for_try(donation, before, within_s)
        return self._line(donation)

    def join(self, invitation: str) -> Programme:
        """Join a programme; what waits for its address goes there. Raises `ConfigError`."""
        joined = self.membership.join(invitation)
        self.sender.catch_up()
        with suppress(*UNREADABLE):
            self.sender.wake(joined.id)
        return joined

    def entries(self, donation: str) -> EntryClaims:
        """What the log holds about a donation, as the keeper tells it; the browser verifies it. Raises `CloudError`."""
        return self.client_of(donation).entries(donation)

    def client_of(self, donation: str) -> ProgrammeClient:
        """The programme that this clip was given to, whatever was joined since. Raises `NotFound`, `ConfigError`."""
        programme_id = self._line(donation).programme_id
        if programme_id is None:
            raise ConfigError("The household left the programme of this clip before 0.4. Join it again first.")
        return ProgrammeClient(self.membership.find(programme_id))

    def _line(self, donation: str) -> DonationLine:
        """Raises `NotFound`."""
        line = reading.donation(self._books.engine, donation)
        if line is None:
            raise NotFound("There is no such donation.")
        return line


def _row(programme_id: str, said: Consent, signed: bytes, camera_id: str, onset_ms: int) -> DonationRow:
    return DonationRow(
        id=said.donation,
        programme_id=programme_id,
        camera_id=camera_id,
        onset_ms=onset_ms,
        length_ms=said.length_ms,
        consent=signed.decode(),
        consent_sha256=said.record_sha256,
        given_ms=said.given_ms,
        expires_ms=said.expires_ms,
    )
