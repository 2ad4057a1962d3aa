"""Labels from the first key press to the hand-in: autosave keeps a draft, submitting makes it count.

What was handed in counts while its row fits what the log holds (nightlatch.review.proofs), each time it is used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.label import Label, Labelled, NotALabel
from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.errors import NotFound, Refused
from nightlatch.review.entries import Append, Entry, entry
from nightlatch.review.proofs import KIND, HandedIn, LabelProofs, label_event
from nightlatch.review.records import AnswerRow, DonatedClipRow, LookRow
from nightlatch.review.writing import read, written

UNDO_MS = 10_000
TURNS = 64  # looks whose labels may be on their way into the log at the same time, nearly always
UNDO_GRACE_MS = 5_000  # what was asked for in time may be slow on its way


@dataclass(frozen=True, slots=True)
class ReviewLook:
    """One reviewer's open piece of work: which clip (never told to the page), how long it is, and the draft."""

    view: int
    donation: str
    reviewer: str
    length_ms: int
    label: Label = field(default_factory=Label)
    is_over: bool = False  # handed in, skipped or flagged


@dataclass(frozen=True, slots=True)
class Submission:
    """A label that the log holds, or that it was taken back: in which entry, for the keeper to seal to the owner."""

    labelled: Labelled
    view: int
    event: bytes
    entry: Entry
    receipt: str


@dataclass(frozen=True, slots=True)
class RefusedLabel:
    """A label that does not count, and why."""

    view: int
    donation: str
    why: str


class Labels:
    """Drafts and labels of all reviewers. One reviewer never gets at those of another."""

    def __init__(self, engine: Engine, clock: Clock, proofs: LabelProofs | None = None) -> None:
        self.engine = self._engine = engine
        self._clock, self.proofs = clock, proofs or LabelProofs()
        self._turns = tuple(threading.Lock() for _ in range(TURNS))  # of looks: two tabs may hand in the same one

    def open(self, look: ReviewLook, tag: bytes) -> None:
        """A view was let in: a place for its label. `tag` is the one of its `view.open` leaf."""
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            if session.get(DonatedClipRow, look.donation) is None:
                session.add(DonatedClipRow(donation=look.donation, length_ms=look.length_ms, first_seen_ms=now_ms))
                session.flush()
            row = LookRow(view=look.view, donation=look.donation, reviewer=look.reviewer, opened_ms=now_ms, tag=tag)
            session.add(row)

    def look(self, view: int, reviewer: str) -> ReviewLook:
        """Raises `NotFound` for somebody else's view, or none."""
        with Session(self._engine) as session:
            row = self._mine(session, view, reviewer)
            clip = session.get_one(DonatedClipRow, row.donation)
            label = read(row.label) if row.label is not None else Label()
            is_over = bool(row.submitted_ms or row.skipped_ms or clip.flagged_ms)
            return ReviewLook(view, row.donation, reviewer, clip.length_ms, label, is_over)

    def save(self, view: int, reviewer: str, label: Label) -> int:
        """Keep a draft; when it was kept. Raises `NotALabel`, `NotFound`, `Refused` when the look is over."""
        look, now_ms = self._unfinished(view, reviewer), self._clock.now_ms()
        label.check_within(look.length_ms)
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            row.label, row.saved_ms = written(label), now_ms
        return now_ms

    def submit(self, view: int, reviewer: str, label: Label, append: Append) -> Submission:
        """Hand a label in: an entry in the log (under the owner's tag), then it counts. Said twice, it is one label.

        Raises:
            NotALabel: it says too little, or contradicts itself.
            Unreachable: the log did not answer; the draft is kept, submit again.
        """
        if not label.is_complete:
            raise NotALabel(
                "Say who or what is there, and what it means (threat, routine or unsure), or that too much is hidden."
            )
        with self._turn(view):
            return self._handed_in_before(view, reviewer, label) or self._submit(view, reviewer, label, append)

    def _handed_in_before(self, view: int, reviewer: str, label: Label) -> Submission | None:
        """The very same label of this look, which counts: its answer was lost on the way, or it came from two tabs."""
        with Session(self._engine) as session:
            row = self._mine(session, view, reviewer)
            if row.submitted_ms is None or row.label != written(label) or not (row.leaf and row.salt and row.receipt):
                return None
            if session.get_one(DonatedClipRow, row.donation).flagged_ms is not None:
                return None
            event = label_event(row.donation, reviewer, view, label)
            said = Labelled(row.donation, reviewer, label, row.submitted_ms)
            return Submission(said, view, event, Entry(row.leaf, row.salt), row.receipt)

    def _submit(self, view: int, reviewer: str, label: Label, append: Append) -> Submission:
        look, label = self._unfinished(view, reviewer), read(written(label))
        self.save(view, reviewer, label)
        event = label_event(look.donation, reviewer, view, label)
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            made = entry(KIND, event, row.tag, self._clock)
            row.leaf, row.salt = made.leaf, made.salt
            row.leaf_index = row.receipt = None  # of a label that was taken back
        logged = append(made.leaf)
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            row.submitted_ms, row.leaf_index, row.receipt = now_ms, logged.index, logged.text
        return Submission(Labelled(look.donation, reviewer, label, now_ms), view, event, made, logged.text)

    def undo(self, view: int, reviewer: str, append: Append) -> Submission:
        """Take a label back just after it was handed in: another entry of the log says so, and it is a draft again.

        Once a look: the log has no room for those who cannot make up their mind. The row keeps the first entry until
        the log has the second, so that a label counts in between.

        Raises:
            Refused: it is too late, or was done before.
            Unreachable: the log did not answer; the label goes on counting.
        """
        with self._turn(view):
            return self._undo(view, reviewer, append)

    def _undo(self, view: int, reviewer: str, append: Append) -> Submission:
        look, now_ms = self.look(view, reviewer), self._clock.now_ms()
        event = label_event(look.donation, reviewer, view, None)
        with Session(self._engine) as session:
            row = self._mine(session, view, reviewer)
            if row.undone_ms is not None:
                raise Refused("This label was taken back once before. It stays as it is now.")
            if row.submitted_ms is None or now_ms - row.submitted_ms > UNDO_MS + UNDO_GRACE_MS:
                raise Refused("It is too late to take this label back. Go on with the next clip.")
            if session.get_one(DonatedClipRow, look.donation).flagged_ms is not None:
                raise Refused("This clip was flagged: none of its labels counts.")
            made = entry(KIND, event, row.tag, self._clock)
        logged = append(made.leaf)
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            row.submitted_ms, row.undone_ms = None, self._clock.now_ms()
            row.leaf, row.salt, row.leaf_index, row.receipt = made.leaf, made.salt, logged.index, logged.text
        return Submission(Labelled(look.donation, reviewer, look.label, now_ms), view, event, made, logged.text)

    def skip(self, view: int, reviewer: str) -> None:
        """Leave a clip without a label. Nothing else is written down, and nobody counts it."""
        self._unfinished(view, reviewer)
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            row.skipped_ms, row.label = self._clock.now_ms(), None

    def flag(self, view: int, reviewer: str) -> None:
        """“This should not have been shared”: no label of this clip counts any more."""
        look = self.look(view, reviewer)
        with Session(self._engine) as session, session.begin():
            clip = session.get_one(DonatedClipRow, look.donation)
            if clip.flagged_ms is None:
                clip.flagged_ms, clip.flagged_by = self._clock.now_ms(), reviewer

    def submitted(self, donation: str | None = None, before_ms: int | None = None) -> list[Labelled]:
        """Labels that count, of one clip or of all, oldest first: each is held against what the log has of it."""
        query = select(LookRow).join(DonatedClipRow, DonatedClipRow.donation == LookRow.donation)
        query = query.where(LookRow.submitted_ms.is_not(None), DonatedClipRow.flagged_ms.is_(None))
        if donation is not None:
            query = query.where(LookRow.donation == donation)
        if before_ms is not None:
            query = query.where(LookRow.submitted_ms < before_ms)
        with Session(self._engine) as session, session.begin():
            rows = session.scalars(query.order_by(LookRow.submitted_ms, LookRow.view)).all()
            return [
                Labelled(row.donation, row.reviewer, read(row.label or "{}"), row.submitted_ms or 0)
                for row in rows
                if self._fault(row) is None
            ]

    def refused(self) -> list[RefusedLabel]:
        """Labels that were handed in and do not count, since their row does not fit the log."""
        with Session(self._engine) as session, session.begin():
            handed_in = LookRow.submitted_ms.is_not(None) | LookRow.leaf_index.is_not(None)
            rows = session.scalars(select(LookRow).where(handed_in).order_by(LookRow.view)).all()
            faults = [(row, self._fault(row)) for row in rows]
            return [RefusedLabel(row.view, row.donation, fault) for row, fault in faults if fault is not None]

    def lengths(self) -> dict[str, int]:
        """Milliseconds of every clip that was seen here."""
        with Session(self._engine) as session:
            return {row.donation: row.length_ms for row in session.scalars(select(DonatedClipRow))}

    def done_today(self, reviewer: str) -> int:
        """How many clips this reviewer has looked at since midnight UTC."""
        midnight_ms = self._clock.now_ms() // DAY_MS * DAY_MS
        query = select(LookRow.view).where(LookRow.reviewer == reviewer, LookRow.opened_ms >= midnight_ms)
        with Session(self._engine) as session:
            return len(session.scalars(query).all())

    def know(self, donation: str, label: Label) -> None:
        """Write down the known answer of a clip that the programme gave itself. Raises `NotALabel`."""
        if not label.is_complete:
            raise NotALabel("A known answer says who or what is there, and the verdict.")
        with Session(self._engine) as session, session.begin():
            session.merge(AnswerRow(donation=donation, label=written(label), added_ms=self._clock.now_ms()))

    def known(self) -> dict[str, Label]:
        """All known answers by donation."""
        with Session(self._engine) as session:
            return {row.donation: read(row.label) for row in session.scalars(select(AnswerRow))}

    def _fault(self, row: LookRow) -> str | None:
        """Why a label that was handed in does not count. A receipt that was not kept is asked for, and kept."""
        if row.receipt is None:
            row.receipt = self.proofs.receipt(row.leaf_index)
        if row.submitted_ms is None:
            undone = self._held_against_the_log(row, None)
            return "it was handed in, and is a draft again" if undone else None
        try:
            return self._held_against_the_log(row, read(row.label or ""))
        except NotALabel:
            return "it cannot be read"

    def _held_against_the_log(self, row: LookRow, said: Label | None) -> str | None:
        return self.proofs.fault(
            HandedIn(
                view=row.view,
                donation=row.donation,
                reviewer=row.reviewer,
                label=said,
                tag=row.tag,
                leaf=row.leaf or b"",
                salt=row.salt or b"",
                receipt=row.receipt or "",
            )
        )

    def _turn(self, view: int) -> threading.Lock:
        return self._turns[view % TURNS]

    def _mine(self, session: Session, view: int, reviewer: str) -> LookRow:
        row = session.get(LookRow, view)
        if row is None or row.reviewer != reviewer:
            raise NotFound("You have no such clip. Ask for the next one.")
        return row

    def _unfinished(self, view: int, reviewer: str) -> ReviewLook:
        look = self.look(view, reviewer)
        if look.is_over:
            raise Refused("This clip is done. Ask for the next one.")
        return look
