"""Usual hours: when somebody is there, before each camera. Watch keeps them in files; here they are only read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter

from nightlatch.domain.habits import Hours
from nightlatch.errors import NotFound
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.vault.habits import read_habits

router = APIRouter(prefix="/api/cameras")


@dataclass(frozen=True, slots=True)
class PlaceHabitsShape:
    """A place, and on how many days somebody was there at each hour of the wall clock, from 0 to 23."""

    area: str | None  # null: the camera as a whole
    days: list[int]


@dataclass(frozen=True, slots=True)
class HabitsShape:
    """What is usual before a camera, of the last 14 days; kept at home."""

    of: list[int]  # days on which the camera was watched at each hour, from 0 to 23
    places: list[PlaceHabitsShape]  # the camera as a whole first


@router.get("/{camera_id}/habits")
def habits(at: At, _: Owner, camera_id: str) -> HabitsShape:
    """At which hours somebody is usually there. Raises `NotFound`."""
    camera = next((each for each in catalogue.cameras(at.engine) if each.id == camera_id), None)
    if camera is None:
        raise NotFound("There is no such camera.")
    kept = read_habits(at.settings.data_dir, camera_id)
    today = datetime.fromtimestamp(at.clock.now_ms() / 1000).toordinal()
    names = dict.fromkeys(area.name for area in camera.areas if area.use == "watch")
    places: dict[str | None, Hours] = {None: kept.there, **{name: kept.areas.get(name, {}) for name in names}}
    return HabitsShape(
        list(kept.by_hour(today, kept.watched)),
        [PlaceHabitsShape(name, list(kept.by_hour(today, hours))) for name, hours in places.items()],
    )
