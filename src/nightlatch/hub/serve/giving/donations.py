"""What the household gave: giving it, with the owner's consent, and taking it back."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consent, Consented, NotConsented, Withdrawn
from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError, NotFound, Refused
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.books.records import DonationRow, HouseholdRow
from nightlatch.hub.serve.giving.client import ClipKey, EntryClaims, Parcel, ProgrammeClient
from nightlatch.hub.serve.giving.offers import Offers
from nightlatch.hub.serve.giving.programme import Membership
from nightlatch.seal.recipients import Sealer


class Donations:
    """All that one household gives: its programme, the clips on their way, and those that were given."""

    def __init__(self, books: Books, clock: Clock, models_dir: Path | None) -> None:
        self._books = books
        self.membership = Membership(books, clock)
        self.offers = Offers(books.engine, clock, models_dir)
        self.distrusted: str | None = None  # why nothing is given any more: the log contradicted itself

    # ---- giving ----------------------------------------------------------------------------------------------

    def ask_key(self, offer_id: str) -> ClipKey:
        """Have the keeper make a key for this clip. Raises `CloudError`, `NotFound`, `ConfigError`, `Refused`."""
        if self.distrusted is not None:
            raise Refused(f"{self.distrusted} Nothing will be given to it.")
        offer = self.offers.find(offer_id)
        if offer.redacted is None:
            raise ConfigError("This clip is not ready yet.")
        joined = self.membership.joined()
        if offer.key is None or offer.programme_id != joined.id:
            offer.key, offer.programme_id = ProgrammeClient(joined).make_key(), joined.id
        return offer.key

    def give(self, offer_id: str, consented: Consented, log_key: bytes) -> DonationLine:
        """Seal to the keeper's key and send, with the consent that the owner signed for these bytes.

        Raises:
            NotConsented: the consent is not the household's, or is for something else.
            CloudError: the programme did not accept it; nothing was given.
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
        sealed = Sealer([offer.key.recipient]).seal(offer.redacted.mp4)
        ProgrammeClient(joined).hand_over(
            Parcel(consented, sealed, offer.redacted.report, log_key, household.recipient)
        )
        with self._books.change() as session:
            session.add(_row(joined.id, said, consented.signed, offer.camera_id, offer.onset_ms))
        self.offers.drop(offer_id)
        return self._line(said.donation)

    # ---- afterwards ------------------------------------------------------------------------------------------

    def given(self) -> list[DonationLine]:
        """Everything ever given, the newest first."""
        return reading.donations(self._books.engine)

    def take_back(self, donation: str, withdrawn: Withdrawn) -> DonationLine:
        """Pass on the owner's signed withdrawal; repeat it until the programme has answered.

        Raises:
            NotConsented: it is not of this donation.
            CloudError: the programme did not answer; the withdrawal is kept and can be sent again.
        """
        said = withdrawn.withdrawal
        with self._books.change() as session:
            row = session.get(DonationRow, donation)
            if row is None:
                raise NotFound("There is no such donation.")
            if said.donation != donation or said.consent_sha256 != row.consent_sha256:
                raise NotConsented("This withdrawal is for another clip. Take the clip back again.")
            row.withdrawn_ms = row.withdrawn_ms or said.at_ms
        shredding = self.client_of(donation).take_back(withdrawn)
        with self._books.change() as session:
            row = session.get_one(DonationRow, donation)
            row.refused_ms, row.shred_by_ms = shredding.refused_ms, shredding.shred_by_ms
            row.shredded_ms = shredding.shredded_ms
        return self._line(donation)

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
