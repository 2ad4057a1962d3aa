"""The outbox: what must arrive at a programme, kept in the books until it has arrived.

Each letter names the programme that it is for, so that it goes there whatever was joined or left since. A letter about
a clip is entered in the same transaction as what it tells. The clip itself, sealed to the keeper's key alone, lies in
a file beside the books, which is written before its letter and deleted after it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Delete, delete, select, update
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.durably import make_folder, write_durably
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import DonationRow, LetterKind, OutboxRow
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.seal.envelope import Sealed

LONGEST_ANSWER = 400  # characters of what a programme said


class Lane(NamedTuple):
    """Letters that may hold up each other, and nothing else: of one kind, to one programme."""

    programme_id: str
    kind: LetterKind


@dataclass(frozen=True, slots=True)
class Letter:
    """What must arrive."""

    id: int
    lane: Lane
    about: str  # a donation; the origin of a log
    content: bytes = field(repr=False)
    made_ms: int


class Outbox:
    """All letters of one household. Every method raises `OSError` when the disk has no room or fails."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books, self._clock = books, clock
        self.entered: Callable[[], None] = lambda: None  # what is to be told of a letter that nobody waits for
        self.keeping = threading.Lock()  # held from a parcel to its letter: until then it looks like a stray one

    # ---- letters -----------------------------------------------------------------------------------------------------

    def enter(self, session: Session, lane: Lane, about: str, content: bytes) -> None:
        """A letter, in place of an older one about the same."""
        session.execute(_about(lane, about))
        session.add(
            OutboxRow(
                programme_id=lane.programme_id,
                kind=lane.kind,
                about=about,
                content=content,
                made_ms=self._clock.now_ms(),
            )
        )

    def cancel(self, session: Session, lane: Lane, about: str) -> None:
        """There is nothing to send any more."""
        session.execute(_about(lane, about))

    def bring_later(self, programme_id: str, note: str) -> None:
        """A checkpoint's note with this hub's cosignature, for the programme's log; only the newest is kept.

        Raises:
            Unproven: it is no note of a checkpoint.
        """
        origin, _, rest = note.partition("\n")
        if not 0 < len(origin) <= 200 or not rest:
            raise Unproven(Why.MALFORMED, "This is no checkpoint of a log.")
        with self._books.change() as session:
            self.enter(session, Lane(programme_id, LetterKind.COSIGN), origin, note.encode())
        self.entered()

    def lanes(self) -> list[Lane]:
        """The lanes in which something waits."""
        with Session(self._books.engine) as session:
            found = session.execute(select(OutboxRow.programme_id, OutboxRow.kind).distinct())
            return [Lane(programme_id, kind) for programme_id, kind in found]

    def waiting(self, lane: Lane) -> list[Letter]:
        """The letters in a lane, the oldest first."""
        query = select(OutboxRow).where(OutboxRow.programme_id == lane.programme_id, OutboxRow.kind == lane.kind)
        with Session(self._books.engine) as session:
            rows = session.scalars(query.order_by(OutboxRow.id))
            return [Letter(row.id, lane, row.about, row.content, row.made_ms) for row in rows]

    def note_try(self, letter: Letter) -> None:
        """It is being sent, once more."""
        counted = update(OutboxRow).where(OutboxRow.id == letter.id)
        with self._books.change() as session:
            session.execute(counted.values(tries=OutboxRow.tries + 1, last_ms=self._clock.now_ms()))

    def note_answer(self, letter: Letter, answer: str) -> None:
        """What was answered, as a sentence."""
        with self._books.change() as session:
            session.execute(update(OutboxRow).where(OutboxRow.id == letter.id).values(answer=answer[:LONGEST_ANSWER]))

    def drop(self, letter: Letter, session: Session | None = None) -> None:
        """It has arrived, or is pointless; in this transaction, or in one of its own."""
        with contextlib.nullcontext(session) if session is not None else self._books.change() as within:
            within.execute(delete(OutboxRow).where(OutboxRow.id == letter.id))

    def owe_withdrawals(self) -> None:
        """Enter what was taken back, is not proven and has no letter: its programme was not known when it was."""
        unfinished = select(DonationRow).where(
            DonationRow.programme_id.is_not(None),
            DonationRow.withdrawal.is_not(None),
            DonationRow.not_taken.is_(None),
            DonationRow.shredded_ms.is_(None) | DonationRow.proven_ms.is_(None),
        )
        has_letter = select(OutboxRow.about).where(OutboxRow.kind == LetterKind.WITHDRAW)
        with self._books.change() as session:
            for row in session.scalars(unfinished.where(DonationRow.id.not_in(has_letter))).all():
                lane = Lane(row.programme_id or "", LetterKind.WITHDRAW)
                self.enter(session, lane, row.id, (row.withdrawal or "").encode())

    # ---- sealed clips beside the books -------------------------------------------------------------------------------

    def keep_parcel(self, donation: str, sealed: Sealed) -> None:
        """Keep a sealed clip until it has arrived."""
        make_folder(self._books.outbox)
        write_durably(self._parcel(donation), sealed)

    def parcel(self, donation: str) -> Sealed:
        """The sealed clip. Raises `OSError`, and `NotSealed` for a file that is damaged."""
        return Sealed(self._parcel(donation).read_bytes())

    def drop_parcel(self, donation: str) -> None:
        """It has arrived, or may not be sent any more."""
        self._parcel(donation).unlink(missing_ok=True)

    def drop_stray_parcels(self) -> None:
        """Delete what a crash left: sealed clips that no letter is about."""
        folder = self._books.outbox
        with self.keeping, Session(self._books.engine) as session:
            given = set(session.scalars(select(OutboxRow.about).where(OutboxRow.kind == LetterKind.GIVE)))
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name.removesuffix(".sealed") not in given:
                    path.unlink(missing_ok=True)

    def _parcel(self, donation: str) -> Path:
        return self._books.outbox / f"{donation}.sealed"


def _about(lane: Lane, about: str) -> Delete:
    return delete(OutboxRow).where(
        OutboxRow.programme_id == lane.programme_id, OutboxRow.kind == lane.kind, OutboxRow.about == about
    )
