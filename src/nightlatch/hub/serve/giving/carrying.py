"""How each kind of letter is carried to its programme, and what its answer changes in the books.

A withdrawal is carried until two things are known: the refusal is proven in the programme's log, and the key is
destroyed. A clip is carried until the keeper has it, or has refused it for good; never once it was taken back.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented, Withdrawn
from nightlatch.domain.redaction import read, write
from nightlatch.domain.time import HOUR_MS, MINUTE_MS, Clock
from nightlatch.errors import NightlatchError, NotFound, SealError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import DonationRow, LetterKind
from nightlatch.hub.serve.giving.client import Parcel, ProgrammeClient, ProgrammeError, Shredding
from nightlatch.hub.serve.giving.outbox import Letter, Outbox
from nightlatch.hub.serve.giving.programme import Membership
from nightlatch.hub.serve.giving.proving import SLACK_MS, Place, ProvenRefusal, Sight, prove
from nightlatch.hub.serve.giving.sending import DONE, Carry, Outcome
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.parts import first_part
from nightlatch.ledger.policy import read_policy
from nightlatch.ledger.witness import Moved
from nightlatch.web.invitation import Programme

COSIGNED_FOR_MS = 10 * MINUTE_MS  # an older cosignature helps nobody
LONGEST_SHREDDING_MS = HOUR_MS  # a keeper that names a later deadline is held to this one


class Carriers:
    """One for a household."""

    def __init__(self, books: Books, outbox: Outbox, membership: Membership, clock: Clock) -> None:
        self._books, self._outbox, self._membership, self._clock = books, outbox, membership, clock
        self.sight = first_sight  # of a programme's log; whoever reads the logs knows more
        self.doubt_of: Callable[[str], str | None] = lambda _: None  # why a programme is given nothing now, by its id

    def all(self) -> dict[LetterKind, Carry]:
        """By kind of letter."""
        return {LetterKind.GIVE: self.give, LetterKind.WITHDRAW: self.withdraw, LetterKind.COSIGN: self.cosign}

    # ---- a clip ------------------------------------------------------------------------------------------------------

    def give(self, letter: Letter) -> Outcome:
        """Hand over a clip that its owner gave, while the household is with that programme."""
        joined = self._membership.programme()
        if joined is None or joined.id != letter.lane.programme_id:
            said = "It was not answered before you left the programme, and is not sent again. Take the clip back."
            return Outcome(said, is_final=True)
        if (doubt := self.doubt_of(joined.id)) is not None:
            return Outcome(f"It is not sent: {doubt}")
        try:
            parcel = self._parcel(letter)
        except (FileNotFoundError, SealError):
            return self._not_taken(letter, "The sealed clip is gone from this hub's disk.")
        if parcel is None:  # taken back since the letter was picked up
            return DONE
        client = ProgrammeClient(joined)
        try:
            client.hand_over(parcel)
        except ProgrammeError as error:
            if not error.is_final:
                return Outcome(error.said)
            try:
                has_arrived = _says_given(client, letter.about)
            except ProgrammeError as silence:
                return Outcome(silence.said)
            if not has_arrived:
                return self._not_taken(letter, error.said)
        with self._books.change() as session:
            session.get_one(DonationRow, letter.about).arrived_ms = self._clock.now_ms()
            self._outbox.drop(letter, session)
        self._outbox.drop_parcel(letter.about)
        return DONE

    def _parcel(self, letter: Letter) -> Parcel | None:
        told = json.loads(letter.content)
        with Session(self._books.engine) as session:
            row = session.get_one(DonationRow, letter.about)
            if row.withdrawal is not None:
                return None
            consented = Consented(row.consent.encode())
        sealed = self._outbox.parcel(letter.about)
        return Parcel(consented, sealed, read(told["report"]), b64decode(told["log_key"]), told["owner_recipient"])

    def _not_taken(self, letter: Letter, why: str) -> Outcome:
        with self._books.change() as session:
            row = session.get_one(DonationRow, letter.about)
            row.not_taken = why if row.withdrawal is None else row.not_taken
            self._outbox.drop(letter, session)
        self._outbox.drop_parcel(letter.about)
        return DONE

    # ---- a withdrawal ------------------------------------------------------------------------------------------------

    def withdraw(self, letter: Letter) -> Outcome:
        """Ask for the refusal, and for what proves it."""
        programme = self._membership.find(letter.lane.programme_id)
        try:
            said = ProgrammeClient(programme).take_back(Withdrawn(letter.content))
        except ProgrammeError as error:
            if error.is_unknown and self._never_came(letter):
                return DONE
            return Outcome(error.said, is_final=error.is_final)
        if said.refused_ms > self._clock.now_ms() + SLACK_MS:
            return Outcome("It says that it will refuse this clip at a later time. Check this hub's clock.")
        proven, doubt = None, ""
        try:
            proven = self._prove(programme, letter.about, said)
        except Unproven as unproven:
            doubt = f"It says that it refuses the clip, but its log does not prove it: {unproven}"
        except NightlatchError as error:
            doubt = f"It says that it refuses the clip, but its log cannot be checked: {error}"
        return self._note(letter, said, proven, doubt)

    def _never_came(self, letter: Letter) -> bool:
        """Whether it never said that it has the clip; of one that it had, it may not say that it knows nothing."""
        with self._books.change() as session:
            row = session.get_one(DonationRow, letter.about)
            if row.arrived_ms is None:
                row.not_taken = "It says that it knows nothing of this clip."
                self._outbox.drop(letter, session)
            return row.arrived_ms is None

    def _prove(self, programme: Programme, donation: str, said: Shredding) -> ProvenRefusal | None:
        """None: there is no entry that could prove it, or none yet."""
        if said.entry is None or (said.entry.index is None and said.entry.receipt is None):
            return None
        return prove(said.entry, donation, self.sight(programme), self._clock.now_ms())

    def _note(self, letter: Letter, said: Shredding, proven: ProvenRefusal | None, doubt: str) -> Outcome:
        """What the keeper says first, it is held to: it may not move a time that it named."""
        with self._books.change() as session:
            row = session.get_one(DonationRow, letter.about)
            row.refused_ms = said.refused_ms if row.refused_ms is None else row.refused_ms
            by_ms = min(said.shred_by_ms, said.refused_ms + LONGEST_SHREDDING_MS)
            row.shred_by_ms = by_ms if row.shred_by_ms is None else row.shred_by_ms
            row.shredded_ms = said.shredded_ms if row.shredded_ms is None else row.shredded_ms
            if proven is not None and row.proven_ms is None:
                row.proven_ms, row.proven_index = self._clock.now_ms(), proven.index
            if row.arrived_ms is None and said.entry is None and said.shredded_ms is not None:
                row.not_taken = "It says that this clip never came."
            is_over = row.not_taken is not None or row.proven_ms is not None
            if is_over and row.shredded_ms is not None:
                self._outbox.drop(letter, session)
                return DONE
            is_proven = row.proven_ms is not None
        if is_proven:
            return Outcome(
                "It refuses the clip, as its log proves. It has not said that the key is destroyed.", stage="proven"
            )
        return Outcome(doubt or "It says that it refuses the clip. Its log does not show that yet.", stage="refused")

    # ---- a cosignature -----------------------------------------------------------------------------------------------

    def cosign(self, letter: Letter) -> Outcome:
        """Bring the log a cosignature, while it is fresh."""
        if not 0 <= self._clock.now_ms() - letter.made_ms <= COSIGNED_FOR_MS:
            self._outbox.drop(letter)
            return DONE
        programme = self._membership.find(letter.lane.programme_id)
        log, note = LogClient(programme.log_url), letter.content.decode()
        with suppress(NotFound, Moved):  # plain files take nothing; what moved on is cosigned at the next look
            if not log.bring(note):
                return Outcome("The log does not know this hub as a witness yet.")
        self._outbox.drop(letter)
        return DONE


def gift(parcel: Parcel) -> bytes:
    """What a letter says of a clip; the clip itself and its consent are kept beside it."""
    return json.dumps(
        {
            "report": write(parcel.report.for_keeper()),
            "log_key": b64encode(parcel.log_key).decode(),
            "owner_recipient": parcel.owner_recipient,
        }
    ).encode()


def _says_given(client: ProgrammeClient, donation: str) -> bool:
    """Whether a keeper that refuses a clip has it already: then its first answer was lost.

    Raises:
        ProgrammeError: it does not say.
    """
    try:
        return any(each.kind == "consent.give" for each in client.entries(donation).entries)
    except ProgrammeError as error:
        if error.is_final:
            return False
        raise


def first_sight(programme: Programme) -> Sight:
    """What the invitation alone says of a log: its first part. Raises `ConfigError`."""
    policy = read_policy(programme.policy)

    def place(origin: str) -> Place:
        if origin != policy.log.name:
            raise Unproven(Why.WRONG_ORIGIN, f"It shows a receipt of another log ({origin[:80]}).")
        return Place(first_part(policy), is_finished=False)

    return Sight(place, lambda _: True)
