"""Stories to learn from: the stage's behaviours as tracks, with a detector's mistakes in them, and what was known.

No pixels: each actor walks and is then seen badly: boxes jitter, looks are missed, kinds are confused, tracks break.
Most stories come with what a household would have told of the place and the hour, some with nothing. Deterministic by
seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from nightlatch.domain.context import Context, Landmark, Mode, Site, Usual
from nightlatch.domain.geometry import Area, Box, Point
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Place, Story, Track
from nightlatch.lab.judge.views import seen_from
from nightlatch.pixels.stage.behaviours import FAMILIES, ROUTINE, THREATS, Actor, height_at, play, walked
from nightlatch.pixels.stage.daily import PASSERS

BEGAN_MS = 1_800_000_000_000
SMALLEST = 0.002  # of the picture
THREAT_SHARE = 0.3
KNOWN = 0.6  # share of stories with a context
WEIGHT = dict.fromkeys(PASSERS, 3.0) | {"cat": 1.5, "car": 2.0, "branches": 2.0}  # of most cameras' days
# Measured with both networks in 25 real films of one person near the camera, 300 looks upright and 100 down: what is
# missed, in runs of how many looks; boxes that mostly stand and now and then leap; people who lie taken for animals.
# Farther off and by night there are no such films: the ranges there are guessed.
NEAR_MISS = 0.034
LYING_MISS = 0.17
MISS_RUNS = (1,) * 11 + (2, 2, 3, 3, 10)
MEAN_RUN = sum(MISS_RUNS) / len(MISS_RUNS)
LEAPS, LEAP, STEADY = 0.2, 2.5, 0.4  # share of looks, times the jitter of a kind
LYING_SWAP = 0.3
# Of families that nobody has said it of.
NIGHTS = {True: 0.62, False: 0.33}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, whether it is a threat, and what was played."""

    story: Story
    is_threat: bool
    behaviour: str


def make(seed: int, worse: float = 1.0, in_parts: float = 0.0, families: frozenset[str] | None = None) -> Scenario:
    """The story of a seed; with `worse` above 1 a worse detector sees it: more misses, jitter and wrong kinds.

    `in_parts` is the share of people whose head and legs are seen apart, as by an eye that looks at what moves. Only
    `families` are played, where they are given.
    """
    dice = random.Random(seed)
    is_threat = dice.random() < THREAT_SHARE
    if families is not None and not families & (THREATS if is_threat else ROUTINE):
        is_threat = not is_threat
    name, actors = _cast(is_threat, dice, families)
    family = FAMILIES.get(name)
    night = dice.random() < (family.night if family else NIGHTS[is_threat])
    hour = dice.choice((23.2, 0.5, 2.2, 3.6, 4.8)) + dice.uniform(-0.5, 0.5) if night else dice.uniform(6, 22.3)
    dark = (night or hour > dice.uniform(16.5, 22.3)) if dice.random() < 0.9 else not night
    told_hour = hour % 24 if dice.random() < 0.95 else None
    story = staged(actors, dice, night, worse, in_parts)
    story = replace(story, is_dark=dark, local_hour=told_hour)
    if family is not None and dice.random() < KNOWN:
        story = _known(story, name, actors, night, is_threat, dice)
    return Scenario(seen_from(story, dice), is_threat, name)


def staged(actors: list[Actor], dice: random.Random, night: bool, worse: float, in_parts: float) -> Story:
    """What a detector and a tracker make of a play; nothing else is known of it yet."""
    tracks = [track for actor in actors for track in _tracked(actor, dice, night, worse, in_parts)]
    tracks.sort(key=lambda t: t.path[0].at_ms)
    numbered = tuple(Track(n, t.kind, t.score, t.path) for n, t in enumerate(tracks, 1))
    ended_ms = max((t.path[-1].at_ms for t in numbered), default=BEGAN_MS + 2000) + POST_ROLL_MS
    return Story(BEGAN_MS, ended_ms, numbered)


def _cast(is_threat: bool, dice: random.Random, families: frozenset[str] | None) -> tuple[str, list[Actor]]:
    """What is played and who plays it; now and then something harmless passes as well."""
    pool = [name for name in sorted(THREATS | ROUTINE) if (name in THREATS) == is_threat]
    pool = [name for name in pool if families is None or name in families]
    name = dice.choices(pool, [WEIGHT.get(each, 1.0) for each in pool])[0]
    actors = play(name, dice)
    if dice.random() < 0.12 and name not in ("cat", "dog"):
        actors += play(dice.choice(("cat", "car", "branches", "insect")), dice)
    return name, actors


def _known(story: Story, name: str, actors: list[Actor], night: bool, is_threat: bool, dice: random.Random) -> Story:
    """The same story with what a household has told; now and then a part of it is not known."""
    family = FAMILIES[name]
    site = dice.choice(family.sites)
    mode = Mode.AWAY if dice.random() < family.away else Mode.NIGHT if night and dice.random() < 0.7 else Mode.HOME
    of = dice.randint(0, 14)
    often = dice.uniform(0.0, (0.2 if is_threat else 0.45) if night else (0.7 if is_threat else 0.9))
    usual = Usual(sum(dice.random() < often for _ in range(of)), of)
    context = Context(
        site if dice.random() < 0.9 else None,
        mode if dice.random() < 0.9 else None,
        usual if dice.random() < 0.5 else None,
    )
    return replace(story, areas=drawn_areas(actors, site, dice) if dice.random() < 0.75 else (), context=context)


def drawn_areas(actors: list[Actor], site: Site, dice: random.Random) -> tuple[Area, ...]:
    """What the owner drew: what there is where people go, and what is elsewhere in the picture."""
    found = [
        _area(shows, at, height_at(actor, at), dice)
        for actor in actors
        for shows, at in dict.fromkeys(actor.marks)
        if dice.random() < 0.85
    ]
    there = (Landmark.DOOR, Landmark.WINDOW) if site is Site.INSIDE else tuple(Landmark)
    for _ in range(dice.choice((0, 1, 1, 2))):
        at = (dice.uniform(0.05, 0.95), dice.uniform(0.4, 0.75))
        found.append(_area(dice.choice(there), at, dice.uniform(0.18, 0.5), dice))
    return tuple(found)


def _area(shows: Landmark, at: Point, high: float, dice: random.Random) -> Area:
    """A rectangle behind or beside somebody so high who stands at `at`, as by an unsteady hand."""
    x, y = at[0] + dice.gauss(0, 0.1) * high, at[1] - dice.uniform(0.0, 0.2) * high
    wide, tall, up = {
        Landmark.DOOR: (0.5, 1.15, 0.0),
        Landmark.WINDOW: (0.7, 0.7, 0.4),
        Landmark.CAR: (2.2, 0.8, 0.0),
        Landmark.FENCE: (0.8, 0.6, 0.0),
    }[shows]
    half, foot, top = wide * high * 9 / 32, y - up * high, y - (up + tall) * high
    return Area(
        shows.value, "watch", ((x - half, top), (x + half, top), (x + half, foot), (x - half, foot)), 0.0, shows
    )


def _tracked(actor: Actor, dice: random.Random, night: bool, worse: float, in_parts: float) -> list[Track]:
    """The pieces of track that a detector and a tracker make of an actor."""
    pieces = _seen(actor, dice, night, worse)
    if in_parts and actor.kind is Kind.PERSON and not actor.lies and dice.random() < in_parts:
        pieces = [part for piece in pieces for part in _parts(piece, dice)]
    wrong = (0.1 if night else 0.05) * worse
    return [_named(piece, actor, dice, wrong) for piece in pieces if len(piece) >= 3]


def _seen(actor: Actor, dice: random.Random, night: bool, worse: float) -> list[list[Place]]:
    """Where a detector and a tracker see it: jitter, gaps, broken tracks."""
    miss = min(0.7, dice.choice((NEAR_MISS, dice.uniform(0.0, 0.35 if night else 0.2))) * worse)
    blind = 0  # looks that are still missed in a row
    way = walked(actor)
    places: list[Place] = []
    cuts: list[list[Place]] = [places]
    for n, (at_s, feet, high) in enumerate(way):
        lies = actor.lies and n >= len(way) * actor.lies_from
        wide = high * (0.4 if actor.kind is Kind.PERSON else 1.2) * 9 / 16
        if lies:
            high, wide = wide * 16 / 9, high * 9 / 16 * 1.1
        blind = blind - 1 if blind else _missed_looks(min(0.8, miss + LYING_MISS * worse) if lies else miss, dice)
        if blind or not -0.02 <= feet[0] <= 1.02:
            continue
        box = _jittered(feet, high, wide, actor.jitter, worse, dice)
        if box.right - box.left < SMALLEST or box.bottom - box.top < SMALLEST:
            continue
        if places and _breaks(places[-1], lies, worse, dice):
            places = []
            cuts.append(places)
        places.append(Place(BEGAN_MS + int(at_s * 1000), box))
    return cuts


def _missed_looks(miss: float, dice: random.Random) -> int:
    """How many looks in a row find nothing from here on."""
    return dice.choice(MISS_RUNS) if dice.random() < miss / MEAN_RUN else 0


def _breaks(last: Place, lies: bool, worse: float, dice: random.Random) -> bool:
    """Whether the tracker loses it here: often when somebody falls, else seldom."""
    return (lies and _stands(last) and dice.random() < 0.6) or dice.random() < 0.012 * worse


def _jittered(feet: Point, high: float, wide: float, jitter: float, worse: float, dice: random.Random) -> Box:
    """The box of a thing that stands at `feet`, a little off and a little too large or too small."""
    jitter *= LEAP if dice.random() < LEAPS else STEADY
    stray = jitter * high * worse * 0.7
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
    kind, score = actor.kind, min(1.0, max(0.2, dice.gauss(0.78, 0.15)))
    box = places[len(places) // 2].box
    if actor.lies and (box.right - box.left) * 16 / 9 > box.bottom - box.top and dice.random() < LYING_SWAP:
        return Track(1, dice.choice((Kind.DOG, Kind.CAT)), dice.uniform(0.3, 0.6), tuple(places))
    if dice.random() < wrong:
        kind = dice.choice((Kind.MOTION, Kind.PERSON, Kind.DOG, Kind.ANIMAL, Kind.MOTION))
        score = dice.uniform(0.2, 0.5)
    return Track(1, kind, 0.0 if kind is Kind.MOTION else score, tuple(places))


def _stands(place: Place) -> bool:
    return (place.box.right - place.box.left) * 16 / 9 < place.box.bottom - place.box.top
