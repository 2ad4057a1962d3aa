"""The numbers of a story, as the judge's model reads them. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Kind, Place, Story, Track
from nightlatch.pixels.vision.story.things import PETS, REACH, Thing, _apart, _length, things
from nightlatch.pixels.vision.story.walk import EMPTY

NIGHT = (22.5, 5.5)
FEATURES = (
    "people",
    "pets",
    "vehicles",
    "unknown",
    "seconds",
    "person_seconds",
    "stops",
    "places",
    "longest_stop_s",
    "returns",
    "straightness",
    "fastest",
    "ran_off",
    "grew",
    "largest",
    "came_from_edge",
    "left_by_edge",
    "vanished_inside",
    "lay_down",
    "package_gone",
    "package_came",
    "dark",
    "night_hour",
    "score",
    "turning",
    "exit_apart",
    "stop_spread",
    "stopped_share",
    "at_once",
)


def features(story: Story) -> NDArray[np.float32]:
    """The numbers of a story, (F,) float32 in the order of `FEATURES`. Raises `ValueError` for a broken path."""
    found = things(story)
    people = [t.walk for t in found if t.kind is Kind.PERSON]
    main = max(people or [t.walk for t in found], key=lambda w: w.seconds, default=EMPTY)
    last_ms = max((t.track.path[-1].at_ms for t in found), default=story.ended_ms)
    first_ms = min((t.track.path[0].at_ms for t in found), default=story.began_ms)
    packages = [t.track for t in found if t.kind is Kind.PACKAGE]
    hour = story.local_hour
    values = (
        len(people),
        sum(t.kind in PETS for t in found),
        sum(t.kind is Kind.VEHICLE for t in found),
        sum(t.kind is Kind.MOTION for t in found),
        (last_ms - first_ms) / 1000,
        sum(w.seconds for w in people),
        sum(w.stops for w in people),
        max((w.places for w in people), default=0),
        max((w.longest_stop_s for w in people), default=0.0),
        sum(w.returns for w in people),
        main.straightness,
        main.fastest,
        any(w.ran_off for w in people),
        main.grew,
        main.largest,
        main.came_from_edge,
        main.left_by_edge,
        any(not w.left_by_edge for w in people),
        any(w.lay_down for w in people),
        any(t.path[-1].at_ms < last_ms - 2_000 and _beside(t.path[-1], found) for t in packages),
        any(t.path[0].at_ms > first_ms + 2_000 for t in packages),
        story.is_dark,
        hour is not None and (hour >= NIGHT[0] or hour < NIGHT[1]),
        max((t.score for t in found if t.kind is not Kind.MOTION), default=0.0),
        main.turning,
        main.exit_apart,
        main.stop_spread,
        main.stopped_share,
        _at_once([t.track for t in found if t.kind is Kind.PERSON]),
    )
    return np.array(values, np.float32)


def _beside(place: Place, found: list[Thing]) -> bool:
    """Whether a person was there when it was last seen."""
    return any(
        abs(p.at_ms - place.at_ms) < 3_000 and _apart(p.box, place.box) < REACH * _length(p.box)
        for t in found
        if t.kind is Kind.PERSON
        for p in t.track.path
    )


def _at_once(people: list[Track]) -> int:
    """How many people there were at the same time."""
    turns = sorted([(t.path[0].at_ms, 1) for t in people] + [(t.path[-1].at_ms, -1) for t in people])
    now = most = 0
    for _, turn in turns:
        now += turn
        most = max(most, now)
    return most
