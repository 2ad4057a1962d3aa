"""How the room stands, for the programme's administrators: hours and numbers, and which labels may still be used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from nightlatch.keeper.premises import Here
from nightlatch.web.shape import Answer, Body

router = APIRouter(prefix="/v1/standing")


class RoomFigures(Answer):
    """What this keeper does, by its own settings, and what it has for reviewers now."""

    waiting: int  # clips that may still be drawn
    away: int  # of them, how many wait for the hub of their household
    is_open: bool
    opens_minute: int  # of the day, by the clock of `zone`
    closes_minute: int
    zone: str
    weekdays: list[int]  # Monday is 0
    quota: int
    most_viewers: int


class ClipsAskedFor(Body):
    """Clips that review has labels of."""

    donations: Annotated[list[str], Field(max_length=500)]


class ClipsGone(Answer):
    """Of these, which nobody may see any more: taken back, flagged, or ended."""

    gone: list[str]


@router.get("")
def standing(here: Here) -> RoomFigures:
    """As of now."""
    found = here.room.figures()
    policy, hours = found.policy, found.policy.hours
    return RoomFigures(
        waiting=found.waiting,
        away=found.away,
        is_open=found.is_open,
        opens_minute=hours.from_minute,
        closes_minute=hours.to_minute,
        zone=hours.zone,
        weekdays=sorted(hours.weekdays),
        quota=policy.quota,
        most_viewers=policy.most_viewers,
    )


@router.post("/clips")
def clips(here: Here, asked: ClipsAskedFor) -> ClipsGone:
    """Whose labels may not be used any more. Why is the owner's to say."""
    return ClipsGone(gone=here.room.gone(asked.donations))
