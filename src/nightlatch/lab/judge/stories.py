"""Stories to learn from: the stage's behaviours as tracks, with a detector's mistakes in them.

No pixels: each actor walks and is then seen badly: boxes jitter, looks are missed, kinds are confused, tracks break.
Deterministic by seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from nightlatch.domain.geometry import Box, Point
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Place, Story, Track
from nightlatch.pixels.stage.behaviours import LIES_AFTER, ROUTINE, THREATS, Actor, play, walked

BEGAN_MS = 1_800_000_000_000
SMALLEST = 0.002  # of the picture
WEIGHT = {
    "passing": 3.0,
    "cat": 1.5,
    "car": 1.5,
    "branches": 2.0,
    "insect": 1.2,
    "trying doors": 1.3,
    "hanging about": 0.8,
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, whether it is a threat, and what was played."""

    story: Story
    is_threat: bool
    behaviour: str


def make(seed: int, worse: float = 1.0, in_parts: float = 0.0) -> Scenario:
    """The story of a seed; with `worse` above 1 a worse detector sees it: more misses, jitter and wrong kinds.

    `in_parts` is the share of people whose head and legs are seen apart, as by an eye that looks at what moves.
    """
    dice = random.Random(seed)
    is_threat = dice.random() < 0.3
    name, actors = _cast(is_threat, dice)
    night = dice.random() < (0.62 if is_threat else 0.33)
    hour = dice.choice((23.2, 0.5, 2.2, 3.6, 4.8)) + dice.uniform(-0.5, 0.5) if night else dice.uniform(6, 22.3)
    tracks = [track for actor in actors for track in _tracked(actor, dice, night, worse, in_parts)]
    tracks.sort(key=lambda t: t.path[0].at_ms)
    numbered = tuple(Track(n, t.kind, t.score, t.path) for n, t in enumerate(tracks, 1))
    ended_ms = max((t.path[-1].at_ms for t in numbered), default=BEGAN_MS + 2000) + POST_ROLL_MS
    dark = night if dice.random() < 0.9 else not night
    told_hour = hour % 24 if dice.random() < 0.95 else None
    return Scenario(Story(BEGAN_MS, ended_ms, numbered, (), dark, told_hour), is_threat, name)


def _cast(is_threat: bool, dice: random.Random) -> tuple[str, list[Actor]]:
    """What is played and who plays it; now and then something harmless passes as well."""
    pool = [name for name in sorted(THREATS | ROUTINE) if (name in THREATS) == is_threat]
    name = dice.choices(pool, [WEIGHT.get(each, 1.0) for each in pool])[0]
    actors = play(name, dice)
    if dice.random() < 0.12 and name not in ("cat", "dog"):
        actors += play(dice.choice(("cat", "car", "branches", "insect")), dice)
    return name, actors


def _tracked(actor: Actor, dice: random.Random, night: bool, worse: float, in_parts: float) -> list[Track]:
    """The pieces of track that a detector and a tracker make of an actor."""
    pieces = _seen(actor, dice, night, worse)
    if in_parts and actor.kind is Kind.PERSON and not actor.lies and dice.random() < in_parts:
        pieces = [part for piece in pieces for part in _parts(piece, dice)]
    wrong = (0.12 if night else 0.07) * worse
    return [_named(piece, actor, dice, wrong) for piece in pieces if len(piece) >= 3]


def _seen(actor: Actor, dice: random.Random, night: bool, worse: float) -> list[list[Place]]:
    """Where a detector and a tracker see it: jitter, gaps, broken tracks."""
    miss = min(0.7, dice.uniform(0.0, 0.35 if night else 0.2) * worse)
    way = walked(actor)
    places: list[Place] = []
    cuts: list[list[Place]] = [places]
    for n, (at_s, feet, high) in enumerate(way):
        lies = actor.lies and n > len(way) * LIES_AFTER
        wide = high * (0.4 if actor.kind is Kind.PERSON else 1.2) * 9 / 16
        if lies:
            high, wide = wide * 16 / 9, high * 9 / 16 * 1.1
        if dice.random() < miss or not -0.02 <= feet[0] <= 1.02:
            continue
        box = _jittered(feet, high, wide, actor.jitter, worse, dice)
        if box.right - box.left < SMALLEST or box.bottom - box.top < SMALLEST:
            continue
        if places and _breaks(places[-1], lies, worse, dice):
            places = []
            cuts.append(places)
        places.append(Place(BEGAN_MS + int(at_s * 1000), box))
    return cuts


def _breaks(last: Place, lies: bool, worse: float, dice: random.Random) -> bool:
    """Whether the tracker loses it here: often when somebody falls, else seldom."""
    return (lies and _stands(last) and dice.random() < 0.6) or dice.random() < 0.012 * worse


def _jittered(feet: Point, high: float, wide: float, jitter: float, worse: float, dice: random.Random) -> Box:
    """The box of a thing that stands at `feet`, a little off and a little too large or too small."""
    stray = jitter * high * worse * 0.4
    x, y = feet[0] + dice.gauss(0, stray), feet[1] + dice.gauss(0, stray)
    grow = 1 + dice.gauss(0, jitter)
    return Box(
        max(0.0, x - wide * grow / 2),
        max(0.0, y - high * grow),
        min(1.0, max(SMALLEST, x + wide * grow / 2)),
        min(1.0, max(SMALLEST, y)),
    )


def _parts(places: list[Place], dice: random.Random) -> list[list[Place]]:
    """Head and legs, which move, seen as two things with nothing between; each is missed now and then."""
    waist = dice.uniform(0.35, 0.6)
    above: list[Place] = []
    below: list[Place] = []
    for place in places:
        left, top, right, bottom = place.box.left, place.box.top, place.box.right, place.box.bottom
        at = top + waist * (bottom - top)
        if dice.random() < 0.8:
            above.append(Place(place.at_ms, Box(left, top, right, at - 0.1 * (bottom - top))))
        if dice.random() < 0.8:
            below.append(Place(place.at_ms, Box(left, at, right, bottom)))
    return [above, below]


def _named(places: list[Place], actor: Actor, dice: random.Random, wrong: float) -> Track:
    """What the detector calls a piece of a track: who lies is often taken for a pet, and anything for anything."""
    kind, score = actor.kind, min(1.0, max(0.2, dice.gauss(0.72, 0.17)))
    box = places[len(places) // 2].box
    if actor.lies and (box.right - box.left) * 16 / 9 > box.bottom - box.top and dice.random() < 0.5:
        return Track(1, dice.choice((Kind.DOG, Kind.CAT)), dice.uniform(0.3, 0.7), tuple(places))
    if dice.random() < wrong:
        kind = dice.choice((Kind.MOTION, Kind.PERSON, Kind.DOG, Kind.ANIMAL, Kind.MOTION))
        score = dice.uniform(0.2, 0.5)
    return Track(1, kind, 0.0 if kind is Kind.MOTION else score, tuple(places))


def _stands(place: Place) -> bool:
    return (place.box.right - place.box.left) * 16 / 9 < place.box.bottom - place.box.top
