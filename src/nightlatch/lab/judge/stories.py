"""Stories to learn from: what people, pets and cars do before a camera, as tracks with a detector's mistakes in them.

No pixels: a behaviour is a list of legs (go there, stay so long), walked at the pace of its kind, and then seen badly:
boxes jitter, looks are missed, kinds are confused, tracks break. Deterministic by seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind, Place, Story, Track

LOOK_MS = 300
Point = tuple[float, float]
THREATS = frozenset({"trying doors", "breaking in", "taking a package", "prowling", "hanging about"})
ROUTINE = frozenset(
    {
        "passing",
        "visiting",
        "delivering",
        "coming home",
        "leaving home",
        "playing",
        "gardening",
        "cat",
        "dog",
        "wild animal",
        "dog walk",
        "car",
        "parking",
        "insect",
        "branches",
        "fall",
    }
)
WEIGHT = {
    "passing": 3.0,
    "cat": 1.5,
    "car": 1.5,
    "branches": 2.0,
    "insect": 1.2,
    "trying doors": 1.3,
    "hanging about": 0.8,
}


@dataclass(slots=True)
class _Actor:
    kind: Kind
    high: float  # of the picture, where it begins
    pace: float  # heights a second
    legs: list[tuple[Point, float]]  # where to, and how long it stays there (s)
    start: Point
    begins_s: float = 0.0
    goes_in: bool = False
    lies: bool = False
    growth: float = 0.0  # how much larger it gets from the top of the picture to its bottom
    jitter: float = 0.06


def make(seed: int) -> tuple[Story, bool, str]:
    """A story, whether it is a threat, and what was played."""
    dice = random.Random(seed)
    names = sorted(THREATS | ROUTINE)
    is_threat = dice.random() < 0.3
    pool = [n for n in names if (n in THREATS) == is_threat]
    name = dice.choices(pool, [WEIGHT.get(n, 1.0) for n in pool])[0]
    actors = _play(name, dice)
    if dice.random() < 0.12 and name not in ("cat", "dog"):
        actors += _play(dice.choice(("cat", "car", "branches", "insect")), dice)
    night = dice.random() < (0.62 if is_threat else 0.33)
    hour = dice.choice((23.2, 0.5, 2.2, 3.6, 4.8)) + dice.uniform(-0.5, 0.5) if night else dice.uniform(6, 22.3)
    began_ms = 1_800_000_000_000
    tracks: list[Track] = []
    for actor in actors:
        tracks += _seen(actor, dice, began_ms, night)
    tracks.sort(key=lambda t: t.path[0].at_ms)
    numbered = tuple(Track(n, t.kind, t.score, t.path) for n, t in enumerate(tracks, 1))
    ended_ms = max((t.path[-1].at_ms for t in numbered), default=began_ms + 2000)
    dark = night if dice.random() < 0.9 else not night
    return Story(began_ms, ended_ms, numbered, (), dark, hour % 24 if dice.random() < 0.95 else None), is_threat, name


def _edge(dice: random.Random, y: float | None = None) -> Point:
    return (dice.choice((-0.03, 1.03)), dice.uniform(0.55, 0.95) if y is None else y)


def _door(dice: random.Random) -> Point:
    return (dice.uniform(0.25, 0.75), dice.uniform(0.5, 0.8))


def _person(dice: random.Random, start: Point, legs: list[tuple[Point, float]], **more: object) -> _Actor:
    made = _Actor(Kind.PERSON, dice.uniform(0.18, 0.55), dice.uniform(0.55, 0.95), legs, start)
    made.growth = dice.uniform(0.0, 0.8)
    for key, value in more.items():
        setattr(made, key, value)
    return made


def _play(name: str, dice: random.Random) -> list[_Actor]:
    door, edge = _door(dice), _edge(dice)
    other: Point = (1 - edge[0], dice.uniform(0.55, 0.95))
    match name:
        case "passing":
            stop = [((dice.uniform(0.3, 0.7), edge[1]), dice.uniform(0, 4))] if dice.random() < 0.2 else []
            run = dice.uniform(1.7, 2.6) if dice.random() < 0.12 else dice.uniform(0.55, 1.1)
            return [_person(dice, edge, [*stop, (other, 0)], pace=run) for _ in range(dice.choice((1, 1, 1, 2)))]
        case "visiting":
            return [_person(dice, edge, [(door, dice.uniform(6, 40)), (edge, 0)])]
        case "delivering":
            walker = _person(dice, edge, [(door, dice.uniform(2, 9)), (edge, 0)], pace=dice.uniform(0.8, 1.4))
            box = _Actor(Kind.PACKAGE, 0.07, 0.0, [(door, dice.uniform(8, 15))], door, begins_s=dice.uniform(7, 9))
            return [walker, box] if dice.random() < 0.7 else [walker]
        case "coming home":
            return [_person(dice, edge, [(door, dice.uniform(2, 8))], goes_in=True)]
        case "leaving home":
            pause = [((door[0] + 0.05, door[1] + 0.03), dice.uniform(0, 6))]
            return [_person(dice, door, [*pause, (edge, 0)], begins_s=0.5)]
        case "playing":
            spots = [((dice.uniform(0.15, 0.85), dice.uniform(0.6, 0.95)), dice.uniform(0, 2)) for _ in range(8)]
            return [
                _person(dice, edge, spots, pace=dice.uniform(1.0, 2.2), high=dice.uniform(0.12, 0.3)) for _ in range(2)
            ]
        case "gardening":
            spots = [((dice.uniform(0.3, 0.6), dice.uniform(0.65, 0.8)), dice.uniform(5, 14)) for _ in range(4)]
            return [_person(dice, door, spots, pace=0.5)]
        case "fall":
            spot = (dice.uniform(0.3, 0.7), dice.uniform(0.7, 0.9))
            return [_person(dice, edge, [(spot, dice.uniform(10, 30))], lies=True)]
        case "trying doors":
            doors = [(_door(dice), dice.uniform(2.5, 9)) for _ in range(dice.randint(2, 4))]
            return [_person(dice, edge, [*doors, (dice.choice((edge, other)), 0)])]
        case "breaking in":
            work = [
                (door, dice.uniform(10, 35)),
                ((door[0] + 0.2, door[1]), dice.uniform(2, 6)),
                (door, dice.uniform(4, 12)),
            ]
            return [_person(dice, edge, work[dice.choice((0, 0, 1)) :], goes_in=True, pace=dice.uniform(0.5, 1.2))]
        case "taking a package":
            box = _Actor(Kind.PACKAGE, 0.07, 0.0, [(door, dice.uniform(5, 8))], door)
            thief = _person(dice, edge, [(door, dice.uniform(2.5, 4)), (edge, 0)], pace=dice.uniform(0.9, 2.6))
            return [thief, box] if dice.random() < 0.85 else [thief]
        case "prowling":
            spots = [
                ((dice.uniform(0.1, 0.9), dice.uniform(0.5, 0.95)), dice.uniform(3, 10))
                for _ in range(dice.randint(3, 5))
            ]
            return [_person(dice, edge, [*spots, (other, 0)], pace=dice.uniform(0.3, 0.6))]
        case "hanging about":
            spot = (dice.uniform(0.2, 0.8), dice.uniform(0.55, 0.9))
            return [_person(dice, edge, [(spot, dice.uniform(22, 45)), (other, 0)])]
        case "cat" | "dog" | "wild animal":
            kind = {"cat": Kind.CAT, "dog": Kind.DOG, "wild animal": Kind.ANIMAL}[name]
            spots = [
                ((dice.uniform(0.1, 0.9), dice.uniform(0.6, 0.95)), dice.uniform(0, 8))
                for _ in range(dice.randint(0, 3))
            ]
            return [_Actor(kind, dice.uniform(0.05, 0.18), dice.uniform(0.8, 4), [*spots, (other, 0)], edge)]
        case "dog walk":
            pet = _Actor(Kind.DOG, dice.uniform(0.08, 0.18), 1.8, [(other, 0)], edge)
            return [_person(dice, edge, [(other, 0)]), pet]
        case "car":
            return [_Actor(Kind.VEHICLE, dice.uniform(0.1, 0.35), dice.uniform(1, 4), [(other, 0)], edge)]
        case "parking":
            spot = (dice.uniform(0.3, 0.7), dice.uniform(0.6, 0.9))
            car = _Actor(Kind.VEHICLE, dice.uniform(0.15, 0.35), 0.8, [(spot, 15)], edge)
            return [car, _person(dice, spot, [(door, dice.uniform(1, 5))], begins_s=8, goes_in=True)]
        case "insect":
            spots = [((dice.random(), dice.random()), 0.0) for _ in range(dice.randint(3, 9))]
            return [_Actor(Kind.MOTION, dice.uniform(0.15, 0.5), dice.uniform(2, 8), spots, _edge(dice), jitter=0.3)]
    spot = (dice.random(), dice.uniform(0.2, 0.6))
    sway = [((spot[0] + dice.uniform(-0.03, 0.03), spot[1]), 0.0) for _ in range(dice.randint(4, 30))]
    return [_Actor(Kind.MOTION, dice.uniform(0.05, 0.3), dice.uniform(0.1, 0.6), sway, spot, jitter=0.25)]


def _walked(actor: _Actor) -> list[tuple[float, Point, float]]:
    """(second, feet, height) every look."""
    at_s, here = actor.begins_s, actor.start
    found = [(at_s, here, _height(actor, here))]
    for to, stay_s in actor.legs:
        while True:
            high = _height(actor, here)
            step = max(0.002, actor.pace * high * LOOK_MS / 1000)
            dx, dy = to[0] - here[0], to[1] - here[1]
            far = (dx * dx * 3.16 + dy * dy) ** 0.5
            at_s += LOOK_MS / 1000
            if far <= step or at_s > actor.begins_s + 60:
                here = to
                break
            here = (here[0] + dx * step / far, here[1] + dy * step / far)
            found.append((at_s, here, high))
        for _ in range(int(stay_s * 1000 / LOOK_MS)):
            at_s += LOOK_MS / 1000
            found.append((at_s, here, _height(actor, here)))
    return [each for each in found if each[0] <= 60]


def _height(actor: _Actor, here: Point) -> float:
    return actor.high * (1 + actor.growth * (here[1] - 0.7))


def _seen(actor: _Actor, dice: random.Random, began_ms: int, night: bool) -> list[Track]:
    """The tracks that a detector and a tracker make of it: jitter, gaps, wrong kinds, broken tracks."""
    miss = dice.uniform(0.0, 0.35 if night else 0.2)
    walked = _walked(actor)
    places: list[Place] = []
    cuts: list[list[Place]] = [places]
    for n, (at_s, feet, high) in enumerate(walked):
        wide = high * (0.4 if actor.kind is Kind.PERSON else 1.2) * 9 / 16
        if actor.lies and n > len(walked) * 0.55:
            high, wide = wide * 16 / 9, high * 9 / 16 * 1.1
        if dice.random() < miss or not -0.02 <= feet[0] <= 1.02:
            continue
        jitter = actor.jitter * high
        x, y = feet[0] + dice.gauss(0, jitter * 0.4), feet[1] + dice.gauss(0, jitter * 0.4)
        grow = 1 + dice.gauss(0, actor.jitter)
        box = Box(
            max(0.0, x - wide * grow / 2),
            max(0.0, y - high * grow),
            min(1.0, max(0.002, x + wide * grow / 2)),
            min(1.0, max(0.002, y)),
        )
        if box.right - box.left < 0.002 or box.bottom - box.top < 0.002:
            continue
        if places and dice.random() < 0.012:
            places = []
            cuts.append(places)
        places.append(Place(began_ms + int(at_s * 1000), box))
    found = []
    for some in cuts:
        if len(some) < 3:
            continue
        kind, score = actor.kind, min(1.0, max(0.2, dice.gauss(0.72, 0.17)))
        if dice.random() < (0.12 if night else 0.07):
            kind = dice.choice((Kind.MOTION, Kind.PERSON, Kind.DOG, Kind.ANIMAL, Kind.MOTION))
            score = dice.uniform(0.2, 0.5)
        found.append(Track(1, kind, 0.0 if kind is Kind.MOTION else score, tuple(some)))
    return found
