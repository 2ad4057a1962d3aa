"""What the review room's routes work with, and who sits before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from nightlatch.domain.time import Clock
from nightlatch.review.entries import Append
from nightlatch.review.keeper import Keeper
from nightlatch.review.labels import Labels
from nightlatch.review.passkeys import Door, Sitting
from nightlatch.review.quality import Agreement
from nightlatch.review.queue import Queue, Tidings
from nightlatch.review.roster import Roster
from nightlatch.review.settings import ReviewSettings

COOKIE = "nightlatch-review"


@dataclass(frozen=True, slots=True)
class Desk:
    """One running review room."""

    settings: ReviewSettings
    clock: Clock
    roster: Roster
    labels: Labels
    queue: Queue
    keeper: Keeper
    door: Door
    append: Append
    tidings: Tidings
    agreements: dict[tuple[str, int], Agreement] = field(default_factory=dict)  # of a reviewer, as of a midnight (ms)


async def _desk(request: Request) -> Desk:  # async: FastAPI would take a thread for anything else
    found: Desk = request.app.state.desk
    return found


At = Annotated[Desk, Depends(_desk)]


def seated(at: At, request: Request) -> Sitting:  # in a thread: it asks the roster
    """Who asks. Raises `NoSession`."""
    return at.door.sitting(request.cookies.get(COOKIE, ""))


Seated = Annotated[Sitting, Depends(seated)]
