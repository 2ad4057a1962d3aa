"""Labels from the first key press to the hand-in: autosave keeps a draft, submitting makes it count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Json, canonical
from nightlatch.domain.label import Happening, Label, Labelled, NotALabel, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import DAY_MS, Clock, Span
from nightlatch.errors import NotFound, Refused
from nightlatch.review.entries import Append, Entry, entry
from nightlatch.review.records import AnswerRow, DonatedClipRow, LookRow


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
    """A label that the log holds: what was said in which entry, for the keeper to seal to the clip's owner."""

    labelled: Labelled
    view: int
    event: bytes
    entry: Entry
    receipt: str


def written(label: Label) -> str:
    """A label as canonical JSON."""
    return canonical(_told(label)).decode()


def _told(label: Label) -> dict[str, Json]:
    told: dict[str, Json] = {
        "happenings": [each.value for each in sorted(label.happenings)],
        "spans": [[span.began_ms, span.ended_ms] for span in label.spans],
        "subjects": [each.value for each in sorted(label.subjects)],
    }
    if label.verdict is not None:
        told["verdict"] = label.verdict.value
    return told


def read(text: str) -> Label:
    """The inverse of `written`; what is left out is left open. Raises `NotALabel`."""
    try:
        told = json.loads(text)
        return label_of(
            told.get("subjects", ()), told.get("happenings", ()), told.get("verdict"), told.get("spans", ())
        )
    except (ValueError, TypeError, AttributeError):
        raise NotALabel("This label cannot be read. Load the page again.") from None


def label_of(
    subjects: Iterable[str], happenings: Iterable[str], verdict: str | None, spans: Iterable[Sequence[int]] = ()
) -> Label:
    """A label of these words, and of spans [began, ended) in milliseconds. Raises `NotALabel`."""
    try:
        return Label(
            frozenset(Subject(each) for each in subjects),
            frozenset(Happening(each) for each in happenings),
            Verdict(verdict) if verdict is not None else None,
            tuple(sorted((Span(int(began), int(ended)) for began, ended in spans), key=lambda span: span.began_ms)),
        )
    except (ValueError, TypeError):
        raise NotALabel("This label holds a word that Nightlatch does not know. Load the page again.") from None


class Labels:
    """Drafts and labels of all reviewers. One reviewer never gets at those of another."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = self._engine = engine
        self._clock = clock

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
        """Hand a label in: an entry in the log (under the owner's tag), then it counts.

        Raises:
            NotALabel: it says too little, or contradicts itself.
            Unreachable: the log did not answer; the draft is kept, submit again.
        """
        if not label.is_complete:
            raise NotALabel("Say who or what is there, and whether it is a threat, routine or unsure.")
        look = self._unfinished(view, reviewer)
        self.save(view, reviewer, label)
        event = canonical(
            {"donation": look.donation, "label": _told(label), "reviewer": reviewer, "view": view},
        )
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            made = entry("label", event, row.tag, self._clock)
            row.leaf, row.salt = made.leaf, made.salt
        logged = append(made.leaf)
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            row = self._mine(session, view, reviewer)
            row.submitted_ms, row.leaf_index = now_ms, logged.index
        return Submission(Labelled(look.donation, reviewer, label, now_ms), view, event, made, logged.text)

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
        """Labels that count, of one clip or of all, oldest first."""
        query = select(LookRow).join(DonatedClipRow, DonatedClipRow.donation == LookRow.donation)
        query = query.where(LookRow.submitted_ms.is_not(None), DonatedClipRow.flagged_ms.is_(None))
        if donation is not None:
            query = query.where(LookRow.donation == donation)
        if before_ms is not None:
            query = query.where(LookRow.submitted_ms < before_ms)
        with Session(self._engine) as session:
            return [
                Labelled(row.donation, row.reviewer, read(row.label or "{}"), row.submitted_ms or 0)
                for row in session.scalars(query.order_by(LookRow.submitted_ms, LookRow.view))
            ]

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
