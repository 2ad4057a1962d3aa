"""The household's mode, and its weekly schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from nightlatch.domain.context import Mode
from nightlatch.domain.mode import SetBy, WeeklySpan
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.people.modes import MOST_SPANS
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody

router = APIRouter(prefix="/api/mode")
Minute = Annotated[int, Field(ge=0, lt=1440)]
Day = Annotated[int, Field(ge=0, le=6)]


class ModeBody(PageBody):
    mode: Mode
    hold: bool = False  # until somebody changes it; otherwise until the schedule's next change


class WeeklySpanBody(PageBody):
    mode: Literal[Mode.NIGHT, Mode.AWAY]
    days: list[Day] = Field(min_length=1, max_length=7)
    from_min: Minute
    to_min: Minute


class ScheduleBody(PageBody):
    spans: list[WeeklySpanBody] = Field(max_length=MOST_SPANS)


@dataclass(frozen=True, slots=True)
class ModeNowShape:
    """What the household is doing, who said so, and until when."""

    mode: Mode
    since_ms: int | None  # null: nobody has set it yet
    by: SetBy | None
    device: str | None  # whose hand it was, as the device is called
    held: bool  # until somebody changes it, whatever the schedule says
    until_ms: int | None  # the schedule's next change
    then: Mode | None  # what it is then


@dataclass(frozen=True, slots=True)
class ScheduleShape:
    """When it is night and when away, on the wall clock of the hub; home at all other times."""

    spans: list[WeeklySpan]
    zone: str  # of that clock, as it is called now: "CET"
    utc_offset_min: int  # and how far it is ahead of UTC


def mode_now(at: House) -> ModeNowShape:
    """For this page, and for Home."""
    now = at.modes.now()
    return ModeNowShape(
        mode=now.mode,
        since_ms=now.since_ms,
        by=now.by,
        device=now.device,
        held=now.held,
        until_ms=now.until_ms,
        then=at.modes.then(now),
    )


@router.get("")
def mode(at: At, _: Owner) -> ModeNowShape:
    """What the household is doing."""
    return mode_now(at)


@router.put("")
def choose(at: At, device: Owner, body: ModeBody) -> ModeNowShape:
    """Set it by hand."""
    at.modes.choose(body.mode, SetBy.HAND, device.name, hold=body.hold)
    at.mode_changed()
    return mode_now(at)


@router.get("/schedule")
def schedule(at: At, _: Owner) -> ScheduleShape:
    """The week."""
    return _schedule(at)


@router.put("/schedule")
def keep_schedule(at: At, _: Owner, body: ScheduleBody) -> ScheduleShape:
    """Put this week in place of the one before; no spans: no schedule."""
    at.modes.keep_schedule([WeeklySpan(span.mode, tuple(span.days), span.from_min, span.to_min) for span in body.spans])
    at.mode_changed()
    return _schedule(at)


def _schedule(at: House) -> ScheduleShape:
    wall = datetime.fromtimestamp(at.clock.now_ms() / 1000).astimezone()
    offset = wall.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    return ScheduleShape(list(at.modes.schedule().spans), wall.tzname() or "UTC", minutes)
