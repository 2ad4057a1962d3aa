"""What waits for labels. Which clip a reviewer gets is the keeper's draw; this only knows when one has enough."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.review.enough import honeypots_wanted, wanted
from nightlatch.review.labels import Labels
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
        """After a label has come: does the clip have enough now?"""
        enough = wanted([each.label for each in self._labels.submitted(donation)]) == 0
        with Session(self._engine) as session, session.begin():
            row = session.get_one(DonatedClipRow, donation)
            if enough and row.enough_ms is None:
                row.enough_ms = self._clock.now_ms()
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
