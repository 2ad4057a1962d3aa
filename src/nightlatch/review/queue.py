"""What waits for labels. Which clip a reviewer gets is the keeper's draw; this only knows when one has enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.review.enough import honeypots_wanted, wanted
from nightlatch.review.labels import UNDO_GRACE_MS, UNDO_MS, Labels
from nightlatch.review.records import AnswerRow, DonatedClipRow


@dataclass(frozen=True, slots=True)
class Standing:
    """How the work stands, in numbers only."""

    clips: int  # that were ever drawn here
    open: int  # of them, how many want another label
    done: int
    flagged: int
    honeypots: int  # known answers
    honeypots_to_give: int


class Queue:
    """The clips that were seen here, and whether they want another label."""

    def __init__(self, engine: Engine, clock: Clock, labels: Labels) -> None:
        self._engine, self._clock, self._labels = engine, clock, labels

    def settle(self, donation: str) -> bool:
        """After a label has come or was taken back: does the clip have enough now?"""
        enough = wanted([each.label for each in self._labels.submitted(donation)]) == 0
        with Session(self._engine) as session, session.begin():
            row = session.get_one(DonatedClipRow, donation)
            row.enough_ms = (row.enough_ms or self._clock.now_ms()) if enough else None
        return enough

    def standing(self, waiting: int | None = None) -> Standing:
        """Numbers for the programme's administrators. `waiting`: clips at the keeper; drawn here or not, they count."""
        with Session(self._engine) as session:
            clips = session.execute(select(DonatedClipRow.enough_ms, DonatedClipRow.flagged_ms)).all()
            honeypots = session.scalar(select(func.count()).select_from(AnswerRow)) or 0
        flagged = sum(flag is not None for _, flag in clips)
        done = sum(enough is not None and flag is None for enough, flag in clips)
        open_clips = len(clips) - flagged - done
        to_give = honeypots_wanted(open_clips if waiting is None else waiting, honeypots)
        return Standing(len(clips), open_clips, done, flagged, honeypots, to_give)


@dataclass(frozen=True, slots=True)
class LastLabel:
    """A clip that has enough labels since this reviewer handed in the last one."""

    reviewer: str
    at_ms: int


@dataclass(slots=True)
class Tidings:
    """Clips that have enough labels, and of which the keeper is to be told.

    Not at once: it never draws such a clip again, and the last label may be taken back for some seconds. But before
    anybody else draws. In memory: one that is forgotten is drawn once more, and is then told of.
    """

    clock: Clock
    _clips: dict[str, LastLabel] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def change(self, donation: str, reviewer: str, *, has_enough: bool) -> None:
        """A label of this reviewer came, or was taken back."""
        with self._turn:
            self._clips.pop(donation, None)
            if has_enough:
                self._clips[donation] = LastLabel(reviewer, self.clock.now_ms())

    def due(self, reviewer: str) -> list[str]:
        """Whom the keeper is told of when this reviewer asks for something; they are told of once."""
        now_ms = self.clock.now_ms()
        with self._turn:
            due = [
                donation
                for donation, last in self._clips.items()
                if last.reviewer != reviewer or now_ms - last.at_ms > UNDO_MS + UNDO_GRACE_MS
            ]
            for donation in due:
                del self._clips[donation]
        return due
