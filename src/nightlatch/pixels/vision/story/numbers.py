"""The numbers of a story, as the judge's model reads them. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Kind, Place, Story
from nightlatch.pixels.vision.boxes import apart, longer_side
from nightlatch.pixels.vision.story.things import PETS, REACH, Thing
from nightlatch.pixels.vision.story.walk import EMPTY

# Set by hand on the simulated stories of lab/judge; the model was trained with these.
NIGHT = (22.5, 5.5)  # hours, from and to
PACKAGE_MS = 2_000  # a package was there without anybody, or nobody without it, for longer than this
BESIDE_MS = 3_000  # a person within this time of a place was there then


@dataclass(frozen=True, slots=True)
class Numbers:
    """A story as the model reads it, in this order; yes and no are 1 and 0. Of people: all together, or any of them.

    `main` is the person who was there longest, or else the thing that was.
    """

    people: float
    pets: float
    vehicles: float
    unknown: float
    seconds: float
    person_seconds: float
    stops: float
    places: float
    longest_stop_s: float
    returns: float
    straightness: float  # of main
    fastest: float  # of main
    ran_off: float
    grew: float  # of main
    largest: float  # of main
    came_from_edge: float  # of main
    left_by_edge: float  # of main
    vanished_inside: float
    lay_down: float
    package_gone: float
    package_came: float
    dark: float
    night_hour: float
    score: float
    turning: float  # of main
    exit_apart: float  # of main
    stop_spread: float  # of main
    stopped_share: float  # of main
    at_once: float


FEATURES = tuple(each.name for each in fields(Numbers))


def features(story: Story, found: Sequence[Thing]) -> NDArray[np.float32]:
    """The numbers of a story whose things were `found`, (F,) float32 in the order of `FEATURES`."""
    return np.array(astuple(_count(story, found)), np.float32)


def _count(story: Story, found: Sequence[Thing]) -> Numbers:
    people = [t.walk for t in found if t.kind is Kind.PERSON]
    main = max(people or [t.walk for t in found], key=lambda w: w.seconds, default=EMPTY)
    last_ms = max((t.track.path[-1].at_ms for t in found), default=story.ended_ms)
    first_ms = min((t.track.path[0].at_ms for t in found), default=story.began_ms)
    return Numbers(
        people=len(people),
        pets=_how_many(found, PETS),
        vehicles=_how_many(found, {Kind.VEHICLE}),
        unknown=_how_many(found, {Kind.MOTION}),
        seconds=(last_ms - first_ms) / 1000,
        person_seconds=sum(w.seconds for w in people),
        stops=sum(w.stops for w in people),
        places=max((w.places for w in people), default=0),
        longest_stop_s=max((w.longest_stop_s for w in people), default=0.0),
        returns=sum(w.returns for w in people),
        straightness=main.straightness,
        fastest=main.fastest,
        ran_off=any(w.ran_off for w in people),
        grew=main.grew,
        largest=main.largest,
        came_from_edge=main.came_from_edge,
        left_by_edge=main.left_by_edge,
        vanished_inside=not all(w.left_by_edge for w in people),
        lay_down=any(w.lay_down for w in people),
        package_gone=_is_package_gone(found, last_ms),
        package_came=_has_package_come(found, first_ms),
        dark=story.is_dark,
        night_hour=_is_night(story.local_hour),
        score=max((t.score for t in found if t.kind is not Kind.MOTION), default=0.0),
        turning=main.turning,
        exit_apart=main.exit_apart,
        stop_spread=main.stop_spread,
        stopped_share=main.stopped_share,
        at_once=_at_once(found),
    )


def _how_many(found: Sequence[Thing], kinds: Set[Kind]) -> int:
    return sum(thing.kind in kinds for thing in found)


def _is_night(hour: float | None) -> bool:
    return hour is not None and (hour >= NIGHT[0] or hour < NIGHT[1])


def _is_package_gone(found: Sequence[Thing], last_ms: int) -> bool:
    """Whether a package was seen for the last time well before the end, and somebody was beside it then."""
    last = [thing.track.path[-1] for thing in found if thing.kind is Kind.PACKAGE]
    return any(place.at_ms < last_ms - PACKAGE_MS and _beside(place, found) for place in last)


def _has_package_come(found: Sequence[Thing], first_ms: int) -> bool:
    """Whether a package was seen for the first time well after the beginning."""
    return any(t.kind is Kind.PACKAGE and t.track.path[0].at_ms > first_ms + PACKAGE_MS for t in found)


def _beside(place: Place, found: Sequence[Thing]) -> bool:
    """Whether a person was there when it was last seen."""
    return any(
        abs(p.at_ms - place.at_ms) < BESIDE_MS and apart(p.box, place.box) < REACH * longer_side(p.box)
        for t in found
        if t.kind is Kind.PERSON
        for p in t.track.path
    )


def _at_once(found: Sequence[Thing]) -> int:
    """How many people there were at the same time."""
    people = [thing.track for thing in found if thing.kind is Kind.PERSON]
    turns = sorted([(t.path[0].at_ms, 1) for t in people] + [(t.path[-1].at_ms, -1) for t in people])
    now = most = 0
    for _, turn in turns:
        now += turn
        most = max(most, now)
    return most
