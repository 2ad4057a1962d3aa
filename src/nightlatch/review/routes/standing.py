"""A reviewer's own agreement with the others, as of last midnight; nobody else's."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.domain.time import DAY_MS
from nightlatch.review.desk import At, Desk, Seated
from nightlatch.review.quality import Agreement, agreement

router = APIRouter(prefix="/api/mine")


@dataclass(frozen=True, slots=True)
class OwnStanding:
    """How often one reviewer said what the others said, and how far the day is."""

    compared: int
    verdict: float | None  # 0 to 1; None: too few labels to tell
    subjects: float | None
    done_today: int
    quota: int


@router.get("")
def mine(at: At, who: Seated) -> OwnStanding:
    """My own."""
    found = _as_of_midnight(at, who.reviewer)
    today, quota = at.labels.done_today(who.reviewer), at.roster.policy().quota
    return OwnStanding(found.compared, found.verdict, found.subjects, today, quota)


def _as_of_midnight(at: Desk, reviewer: str) -> Agreement:
    """Counted once a day: a number that moved with every label would say what the others had said of it."""
    midnight_ms = at.clock.now_ms() // DAY_MS * DAY_MS
    if (reviewer, midnight_ms) not in at.agreements:
        submitted = at.labels.submitted(before_ms=midnight_ms)
        at.agreements[reviewer, midnight_ms] = agreement(submitted, reviewer, at.labels.known())
    return at.agreements[reviewer, midnight_ms]
