"""What people, pets and cars do in front of a camera: a behaviour is a list of legs (go there, stay) for each actor.

The lab learns from these as tracks, without a picture; `Behaviour` renders the same ones with exact truth. Our idea
of what a burglar or a neighbour does is written down here and nowhere else. Deterministic by its dice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.stage.acting import Truth
from nightlatch.pixels.stage.drawing import FIGURES, WIDTHS, Colour, Image
from nightlatch.pixels.stage.negatives import Day

LOOK_MS = 300
LIES_AFTER = 0.55  # of its time, for somebody who falls
Point = tuple[float, float]
THREATS = frozenset({"trying doors", "breaking in", "taking a package", "prowling", "hanging about"})
ROUTINE = frozenset(
    {
        "passing",
        "running",
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


@dataclass(slots=True)
class Actor:
    """One thing with a plan: walks its legs, from where it starts."""

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


def _edge(dice: random.Random, y: float | None = None) -> Point:
    return (dice.choice((-0.03, 1.03)), dice.uniform(0.55, 0.95) if y is None else y)


def _door(dice: random.Random) -> Point:
    return (dice.uniform(0.25, 0.75), dice.uniform(0.5, 0.8))


def _person(dice: random.Random, start: Point, legs: list[tuple[Point, float]], **more: object) -> Actor:
    made = Actor(Kind.PERSON, dice.uniform(0.18, 0.55), dice.uniform(0.55, 0.95), legs, start)
    made.growth = dice.uniform(0.0, 0.8)
    for key, value in more.items():
        setattr(made, key, value)
    return made


def _arrival_s(actor: Actor) -> float:
    """When it comes to the end of its first leg."""
    return walked(replace(actor, legs=[(actor.legs[0][0], 0.0)]))[-1][0]


def play(name: str, dice: random.Random) -> list[Actor]:
    """Who does what when `name` is played; other dice, other places and paces. Unknown names play branches."""
    door, edge = _door(dice), _edge(dice)
    other: Point = (1 - edge[0], dice.uniform(0.55, 0.95))
    for some in (_neighbours, _burglars):
        actors = some(name, dice, door, edge, other)
        if actors:
            return actors
    return _others(name, dice, door, edge, other)


def _passers(dice: random.Random, edge: Point, other: Point) -> list[Actor]:
    """One or two who cross the picture; some stop on their way."""
    stop = [((dice.uniform(0.3, 0.7), edge[1]), dice.uniform(0, 4))] if dice.random() < 0.2 else []
    pace = dice.uniform(0.55, 1.1)
    return [_person(dice, edge, [*stop, (other, 0)], pace=pace) for _ in range(dice.choice((1, 1, 1, 2)))]


def _neighbours(name: str, dice: random.Random, door: Point, edge: Point, other: Point) -> list[Actor]:
    """Daily life."""
    match name:
        case "passing":
            return _passers(dice, edge, other)
        case "running":
            return [_person(dice, edge, [(other, 0)], pace=dice.uniform(1.7, 2.6))]
        case "visiting":
            return [_person(dice, edge, [(door, dice.uniform(6, 40)), (edge, 0)])]
        case "delivering":
            walker = _person(dice, edge, [(door, dice.uniform(2, 9)), (edge, 0)], pace=dice.uniform(0.8, 1.4))
            left_s = _arrival_s(walker) + dice.uniform(0.8, 1.8)
            box = Actor(Kind.PACKAGE, 0.07, 0.0, [(door, dice.uniform(8, 15))], door, begins_s=left_s)
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
    return []


def _burglars(name: str, dice: random.Random, door: Point, edge: Point, other: Point) -> list[Actor]:
    """Threats."""
    match name:
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
            thief = _person(dice, edge, [(door, dice.uniform(2.5, 4)), (edge, 0)], pace=dice.uniform(0.9, 2.6))
            box = Actor(Kind.PACKAGE, 0.07, 0.0, [(door, _arrival_s(thief) + dice.uniform(0.8, 2.2))], door)
            return [thief, box] if dice.random() < 0.85 else [thief]
        case "prowling":
            spots = [
                ((dice.uniform(0.1, 0.9), dice.uniform(0.5, 0.95)), dice.uniform(3, 10))
                for _ in range(dice.randint(3, 5))
            ]
            return [_person(dice, edge, [*spots, (other, 0)], pace=dice.uniform(0.3, 0.6))]
        case "hanging about":
            x, y = dice.uniform(0.2, 0.8), dice.uniform(0.55, 0.9)
            paces = [((x + dice.uniform(-0.1, 0.1), y), dice.uniform(5, 15)) for _ in range(dice.randint(2, 4))]
            return [_person(dice, edge, [*paces, (dice.choice((edge, other)), 0)])]
    return []


def _others(name: str, dice: random.Random, door: Point, edge: Point, other: Point) -> list[Actor]:
    """Animals, cars, and what is nobody."""
    match name:
        case "cat" | "dog" | "wild animal":
            kind = {"cat": Kind.CAT, "dog": Kind.DOG, "wild animal": Kind.ANIMAL}[name]
            spots = [
                ((dice.uniform(0.1, 0.9), dice.uniform(0.6, 0.95)), dice.uniform(0, 8))
                for _ in range(dice.randint(0, 3))
            ]
            return [Actor(kind, dice.uniform(0.05, 0.18), dice.uniform(0.8, 4), [*spots, (other, 0)], edge)]
        case "dog walk":
            pet = Actor(Kind.DOG, dice.uniform(0.08, 0.18), 1.8, [(other, 0)], edge)
            return [_person(dice, edge, [(other, 0)]), pet]
        case "car":
            return [Actor(Kind.VEHICLE, dice.uniform(0.1, 0.35), dice.uniform(1, 4), [(other, 0)], edge)]
        case "parking":
            spot = (dice.uniform(0.3, 0.7), dice.uniform(0.6, 0.9))
            car = Actor(Kind.VEHICLE, dice.uniform(0.15, 0.35), 0.8, [(spot, 15)], edge)
            return [car, _person(dice, spot, [(door, dice.uniform(1, 5))], begins_s=8, goes_in=True)]
        case "insect":
            spots = [((dice.random(), dice.random()), 0.0) for _ in range(dice.randint(3, 9))]
            return [Actor(Kind.MOTION, dice.uniform(0.15, 0.5), dice.uniform(2, 8), spots, _edge(dice), jitter=0.3)]
    spot = (dice.random(), dice.uniform(0.2, 0.6))
    sway = [((spot[0] + dice.uniform(-0.03, 0.03), spot[1]), 0.0) for _ in range(dice.randint(4, 30))]
    return [Actor(Kind.MOTION, dice.uniform(0.05, 0.3), dice.uniform(0.1, 0.6), sway, spot, jitter=0.25)]


def walked(actor: Actor) -> list[tuple[float, Point, float]]:
    """(second, feet, height) every look."""
    at_s, here = actor.begins_s, actor.start
    found = [(at_s, here, height_at(actor, here))]
    for to, stay_s in actor.legs:
        while True:
            high = height_at(actor, here)
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
            found.append((at_s, here, height_at(actor, here)))
    return [each for each in found if each[0] <= 60]


def height_at(actor: Actor, here: Point) -> float:
    return actor.high * (1 + actor.growth * (here[1] - 0.7))


class Behaviour(Day):
    """One behaviour in the garden by day, played once from the fifth second on."""

    behaviour = "passing"
    noise = 2.5
    disturbed = ()

    @cached_property
    def actors(self) -> tuple[Actor, ...]:
        """Who plays, by seed."""
        return tuple(play(self.behaviour, random.Random(self.seed)))

    @cached_property
    def _ways(self) -> list[NDArray[np.float64]]:
        """For each actor (N, 4): second of the cycle, x and y of its feet, height; in fractions."""
        return [np.array([(5 + at_s, *feet, high) for at_s, feet, high in walked(a)]) for a in self.actors]

    def frame(self, index: int) -> Image:
        """Picture `index`, (H, W, 3) uint8 BGR."""
        second, picture = self.second(index), self.ground.copy()
        for number, (actor, way) in enumerate(zip(self.actors, self._ways, strict=True)):
            if not way[0, 0] <= second <= way[-1, 0]:
                continue
            x, y, high = (float(np.interp(second, way[:, 0], way[:, n])) for n in (1, 2, 3))
            ahead = float(np.interp(second + 0.3, way[:, 0], way[:, 1])) - x
            stride = (
                x * self.width / max(8.0, high * self.height) * 1.2
            )  # legs move as far as the feet do, so that nobody walks on the spot
            name = "lying" if self._lies(actor, way, second) else actor.kind.value
            colour = COLOURS[(self.seed + number) % len(COLOURS)]
            FIGURES[name](picture, x * self.width, y * self.height, high * self.height, stride, ahead >= 0, colour)
        return self._grain(picture, index)

    def truth_at(self, index: int) -> tuple[Truth, ...]:
        """Everybody in picture `index`."""
        second, found = self.second(index), []
        for actor, way in zip(self.actors, self._ways, strict=True):
            if not way[0, 0] <= second <= way[-1, 0]:
                continue
            x, y, high = (float(np.interp(second, way[:, 0], way[:, n])) for n in (1, 2, 3))
            wide = high * WIDTHS[actor.kind.value] * self.height / self.width
            if self._lies(actor, way, second):
                high, wide = high * 0.3, high * self.height / self.width
            box = Box(max(0.0, x - wide / 2), max(0.0, y - high), min(1.0, x + wide / 2), min(1.0, y + 0.01))
            if box.left < box.right and box.top < box.bottom:
                span = round(float(way[0, 0]) * 1000), round(float(way[-1, 0]) * 1000)
                found.append(Truth(actor.kind.value, box, *span, self.behaviour))
        return tuple(found)

    @staticmethod
    def _lies(actor: Actor, way: NDArray[np.float64], second: float) -> bool:
        return actor.lies and second > float(way[int(len(way) * LIES_AFTER), 0])


COLOURS: tuple[Colour, ...] = ((40, 40, 46), (30, 60, 110), (120, 80, 40), (70, 92, 118))
UNSEEN = frozenset({"branches", "insect"})  # the negatives show these
BEHAVIOURS = tuple(sorted((THREATS | ROUTINE) - UNSEEN))


def behaved(name: str) -> type[Behaviour]:
    """The scene in which `name` is played. Raises `KeyError` for a behaviour that there is not."""
    if name not in BEHAVIOURS:
        raise KeyError(name)
    return type("Behaviour", (Behaviour,), {"behaviour": name, "__doc__": f"{name}, in the garden by day."})
