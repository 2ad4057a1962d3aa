"""The programmes that the household joined: joining one and leaving it.

One is joined at a time. The others are kept for as long as anything was given to them, since a clip is taken back where
it was given, and its looks stand in that programme's log, whatever was joined or left since.
"""

from __future__ import annotations

import json

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError, NotFound
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import DonationRow, ProgrammeRow
from nightlatch.ledger.policy import read_policy
from nightlatch.web.invitation import Programme, read_invitation


class Membership:
    """Which programme the household joined, and which it gave to."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def programme(self) -> Programme | None:
        """The programme that the household joined."""
        with Session(self._books.engine) as session:
            row = session.scalar(select(ProgrammeRow).where(ProgrammeRow.left_ms.is_(None)))
            return read_invitation(row.invitation) if row else None

    def joined(self) -> Programme:
        """The programme that the household joined. Raises `ConfigError` when there is none."""
        programme = self.programme()
        if programme is None:
            raise ConfigError("The household has not joined a programme yet. Join one first, under Giving.")
        return programme

    def find(self, programme_id: str) -> Programme:
        """A programme that was ever joined. Raises `NotFound`."""
        with Session(self._books.engine) as session:
            row = session.get(ProgrammeRow, programme_id)
        if row is None:
            raise NotFound("The household never joined this programme.")
        return read_invitation(row.invitation)

    def known(self) -> list[Programme]:
        """The one that is joined, first, and all that something was given to."""
        given = select(DonationRow.programme_id).where(DonationRow.programme_id.is_not(None))
        wanted = select(ProgrammeRow).where(ProgrammeRow.left_ms.is_(None) | ProgrammeRow.id.in_(given))
        with Session(self._books.engine) as session:
            rows = session.scalars(wanted.order_by(ProgrammeRow.left_ms.is_not(None), ProgrammeRow.joined_ms.desc()))
            return [read_invitation(row.invitation) for row in rows]

    def join(self, invitation: str) -> Programme:
        """Join the programme of an invitation, in place of any other. Raises `ConfigError`."""
        found = read_invitation(invitation)
        read_policy(found.policy)  # one that cannot be read, or asks for no witness, is not joined
        with self._books.change() as session:
            self._leave(session)
            session.merge(
                ProgrammeRow(id=found.id, invitation=invitation, joined_ms=self._clock.now_ms(), left_ms=None)
            )
            _adopt(session, found)
        return found

    def leave(self) -> None:
        """Give nothing more. What was given stays listed, so that it can be taken back."""
        with self._books.change() as session:
            self._leave(session)

    def _leave(self, session: Session) -> None:
        joined = update(ProgrammeRow).where(ProgrammeRow.left_ms.is_(None))
        session.execute(joined.values(left_ms=self._clock.now_ms()))


def _adopt(session: Session, programme: Programme) -> None:
    """Clips that 0.3 gave, and whose programme was left before 0.4: their consents name its key."""
    for row in session.scalars(select(DonationRow).where(DonationRow.programme_id.is_(None))):
        if json.loads(row.consent)["record"].get("dpv:hasDataController") == programme.key:
            row.programme_id = programme.id
