"""One thing with a plan: a list of legs (go there, stay), walked look by look. Deterministic by its dice."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from nightlatch.domain.context import Landmark, Site
from nightlatch.domain.sighting import Kind

LOOK_MS = 300
LONGEST_S = 60  # of a plan
LIES_AFTER = 0.55  # of its time, for somebody who falls
CROUCHED = 0.6  # of the height
CLIMBS = 0.6  # heights that the feet rise over a fence
Point = tuple[float, float]
Leg = tuple[Point, float]


@dataclass(slots=True)
class Actor:
    """One thing with a plan: walks its legs, from where it starts."""

    kind: Kind
    high: float  # of the picture, where it begins
    pace: float  # heights a second
    legs: list[Leg]  # where to, and how long it stays there (s)
    start: Point
    begins_s: float = 0.0
    goes_in: bool = False
    lies: bool = False
    growth: float = 0.0  # how much larger it gets from the top of the picture to its bottom
    jitter: float = 0.06
    lies_from: float = LIES_AFTER
    crouches: tuple[int, ...] = ()  # legs at whose ends it is crouched while it stays
    climbs: int | None = None  # the leg on whose way it gets over something
    marks: tuple[tuple[Landmark, Point], ...] = ()  # what there is where it goes


@dataclass(frozen=True, slots=True)
class Family:
    """Plans of one kind: who plays them, at which sites, and how often by night and while nobody is home."""

    play: Callable[[random.Random], list[Actor]]
    sites: tuple[Site, ...]
    night: float  # share of them
    away: float  # share of them


def walked(actor: Actor) -> list[tuple[float, Point, float]]:
    """(second, feet, height) every look."""
    at_s, here = actor.begins_s, actor.start
    found = [(at_s, here, height_at(actor, here))]
    for number, (to, stay_s) in enumerate(actor.legs):
        began = len(found)
        while True:
            high = height_at(actor, here)
            step = max(0.002, actor.pace * high * LOOK_MS / 1000)
            dx, dy = to[0] - here[0], to[1] - here[1]
            far = (dx * dx * 3.16 + dy * dy) ** 0.5
            at_s += LOOK_MS / 1000
            if far <= step or at_s > actor.begins_s + LONGEST_S:
                here = to
                break
            here = (here[0] + dx * step / far, here[1] + dy * step / far)
            found.append((at_s, here, high))
        if number == actor.climbs:
            found[began:] = _lifted(found[began:])
        low = CROUCHED if number in actor.crouches else 1.0
        for n in range(int(stay_s * 1000 / LOOK_MS)):
            at_s += LOOK_MS / 1000
            found.append((at_s, here, height_at(actor, here) * (low if n else (1 + low) / 2)))
    return [each for each in found if each[0] <= LONGEST_S]


def _lifted(way: list[tuple[float, Point, float]]) -> list[tuple[float, Point, float]]:
    """The same way, over a fence in its middle."""
    return [
        (at_s, (x, y - CLIMBS * high * math.sin(math.pi * n / max(1, len(way) - 1))), high)
        for n, (at_s, (x, y), high) in enumerate(way)
    ]


def height_at(actor: Actor, here: Point) -> float:
    """How high it is where its feet are at `here`."""
    return actor.high * (1 + actor.growth * (here[1] - 0.7))


def arrival_s(actor: Actor) -> float:
    """When it comes to the end of its first leg."""
    return walked(replace(actor, legs=[(actor.legs[0][0], 0.0)]))[-1][0]


def person(dice: random.Random, start: Point, legs: list[Leg], **more: object) -> Actor:
    """Somebody, as large and as quick as the dice say."""
    made = Actor(Kind.PERSON, dice.uniform(0.18, 0.55), dice.uniform(0.55, 0.95), legs, start)
    made.growth = dice.uniform(0.0, 0.8)
    for key, value in more.items():
        setattr(made, key, value)
    return made


def vehicle(dice: random.Random, start: Point, legs: list[Leg], **more: object) -> Actor:
    """A car."""
    made = Actor(Kind.VEHICLE, dice.uniform(0.15, 0.35), dice.uniform(0.8, 2.5), legs, start)
    for key, value in more.items():
        setattr(made, key, value)
    return made


def pet(dice: random.Random, kind: Kind, start: Point, legs: list[Leg], **more: object) -> Actor:
    """A cat, a dog or another animal."""
    made = Actor(kind, dice.uniform(0.05, 0.18), dice.uniform(0.8, 3), legs, start)
    for key, value in more.items():
        setattr(made, key, value)
    return made


def edge(dice: random.Random, y: float | None = None) -> Point:
    """A point just outside the picture, left or right."""
    return (dice.choice((-0.03, 1.03)), dice.uniform(0.55, 0.95) if y is None else y)


def across(dice: random.Random, of: Point) -> Point:
    """A point on the other side."""
    return (1 - of[0], dice.uniform(0.55, 0.95))


def door(dice: random.Random) -> Point:
    """Where somebody stands before a door."""
    return (dice.uniform(0.25, 0.75), dice.uniform(0.5, 0.8))


def spot(dice: random.Random) -> Point:
    """Anywhere on the ground."""
    return (dice.uniform(0.1, 0.9), dice.uniform(0.55, 0.95))


def by(dice: random.Random, at: Point, far: float = 0.08) -> Point:
    """Near a point."""
    return (min(0.97, max(0.03, at[0] + dice.uniform(-far, far))), min(0.98, at[1] + dice.uniform(-far / 3, far / 3)))
