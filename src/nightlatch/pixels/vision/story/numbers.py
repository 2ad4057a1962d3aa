"""The numbers of a story, as the judge's model reads them. Pure.

Of people each is the most that any of them, or all together, did: one person more, or one who stays longer, never
makes a number smaller, but for `passed`, which is of all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.context import Landmark, Mode, Site
from nightlatch.domain.sighting import Kind, Story
from nightlatch.pixels.vision.story.facts import Facts
from nightlatch.pixels.vision.story.things import PETS, Thing
from nightlatch.pixels.vision.story.walk import Walk

BRIEF_S = 3.0  # who was seen for less says nothing of how far people get
# Chosen on one half of real tracks labelled "loitering" by others (AUC .83 of `held` alone; any height of people).
GO_ON_S = 3.0  # who was seen for less is taken to have gone on
LASTING = 0.3  # doublings that one doubling of time weighs
STOOD = 1.0  # doublings that standing all the time weighs
NEAREST = 0.5  # heights; nearer is not told apart
FARTHEST = 8.0  # doublings of a height
NOT_KNOWN = -100.0
OUTSIDE = (Site.DRIVE, Site.GARDEN)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A story as the model reads it, in this order; yes and no are 1 and 0, what is not known is -100."""

    people: float  # at once
    score: float  # of the surest person
    held: float  # how near to where they began somebody stayed, and for how long
    passed: float
    ran_off: float
    crouched_s: float
    in_contact: float
    pets: float
    vehicles: float
    dark: float
    night_hour: float
    crooked_at_night: float  # 1 less straightness, of who went least straight
    at_door_s: float
    at_landmark_s: float  # a window, a car or a fence
    climbed: float
    came_in: float
    outside: float  # in the garden or the drive
    in_street: float
    inside: float
    away: float
    inside_away: float
    usual: float  # share of days


FEATURES = tuple(each.name for each in fields(Numbers))
# Which way a number may move the chance of a threat: 1 up only, -1 down only, 0 either.
# What is not known stands apart. Set by sense, not by result.
SLOPES = dict.fromkeys(FEATURES, 0.0) | {"held": 0.2}  # log odds for one more of it, that learning begins with
EITHER = ("vehicles", "outside", "in_street", "inside", "usual")
WAYS = dict.fromkeys(FEATURES, 1) | dict.fromkeys(("passed", "pets"), -1) | dict.fromkeys(EITHER, 0)


def features(story: Story, found: Sequence[Thing], known: Facts) -> NDArray[np.float32]:
    """The numbers of a story whose things were `found` and whose facts are `known`, (F,) float32 as `FEATURES`."""
    return np.array([round(float(each), 3) for each in astuple(_count(story, found, known))], np.float32)


def _count(story: Story, found: Sequence[Thing], known: Facts) -> Numbers:
    people = [t.walk for t in found if t.kind is Kind.PERSON]
    site, mode, usual = story.context.site, story.context.mode, story.context.usual
    any_area = {area.shows for area in story.areas}
    at = {shows: known.seconds_at(shows) if shows in any_area else NOT_KNOWN for shows in Landmark}
    held = _held(people)
    crooked = max((1 - w.straightness for w in people if w.seconds >= BRIEF_S), default=0.0)
    return Numbers(
        people=known.people,
        score=max((t.score for t in found if t.kind is Kind.PERSON), default=0.0),
        held=held,
        passed=known.passed,
        ran_off=any(w.ran_off for w in people),
        crouched_s=known.crouched_s,
        in_contact=known.in_contact,
        pets=sum(t.kind in PETS for t in found),
        vehicles=sum(t.kind is Kind.VEHICLE for t in found),
        dark=story.is_dark,
        night_hour=known.is_night,
        crooked_at_night=crooked if known.is_night else 0.0,
        at_door_s=at[Landmark.DOOR],
        at_landmark_s=max(at[Landmark.WINDOW], at[Landmark.CAR], at[Landmark.FENCE]),
        climbed=known.climbed,
        came_in=known.came_in is not None,
        outside=NOT_KNOWN if site is None else site in OUTSIDE,
        in_street=NOT_KNOWN if site is None else site is Site.STREET,
        inside=NOT_KNOWN if site is None else site is Site.INSIDE,
        away=NOT_KNOWN if mode is None else mode is Mode.AWAY,
        inside_away=bool(people) and site is Site.INSIDE and mode is Mode.AWAY,
        usual=NOT_KNOWN if usual is None or not usual.of else usual.days / usual.of,
    )


def _held(people: Sequence[Walk]) -> float:
    """How near somebody stayed to where they began, for how long, and how much of it standing, in doublings."""
    return max((_of_one(w) for w in people if w.seconds), default=-FARTHEST)


def _of_one(walk: Walk) -> float:
    far = walk.strayed * max(1.0, GO_ON_S / max(walk.seconds, 0.5))
    stood = STOOD * walk.stopped_s / max(walk.seconds, GO_ON_S)
    return LASTING * math.log2(walk.seconds + 1) + stood - math.log2(far + NEAREST)
