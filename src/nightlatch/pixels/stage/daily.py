"""Plans of daily life: people who live there, work there, wait, visit and pass; animals, cars, and what is nobody."""

from __future__ import annotations

import random
from collections.abc import Callable

from nightlatch.domain.context import Landmark, Site
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.stage.actor import (
    Actor,
    Family,
    Leg,
    Point,
    across,
    by,
    door,
    edge,
    person,
    pet,
    spot,
    vehicle,
)

Dice = random.Random
Part = tuple[float, float]  # from and to


def passing(dice: Dice, pace: Part = (0.55, 1.1), most: int = 2, stops: float = 0.2) -> list[Actor]:
    """One or some who cross the picture; now and then one stops on the way."""
    came = edge(dice)
    to = across(dice, came)
    stop = [((dice.uniform(0.3, 0.7), came[1]), dice.uniform(0, 4))] if dice.random() < stops else []
    speed = dice.uniform(*pace)
    count = dice.choice((1, *range(1, most + 1)))
    return [
        person(dice, by(dice, came, 0.02) if n else came, [*stop, (to, 0)], pace=speed, begins_s=0.7 * n)
        for n in range(count)
    ]


def calling(dice: Dice, wait: Part, back: bool = True, pace: Part = (0.55, 1.2), count: int = 1) -> list[Actor]:
    """To a door, wait there, and off again; or in."""
    came, at = edge(dice), door(dice)
    legs: list[Leg] = [(at, dice.uniform(*wait)), *([(came, 0.0)] if back else [])]
    marks = ((Landmark.DOOR, at),)
    return [
        person(
            dice, came, [(by(dice, at, 0.04), legs[0][1]), *legs[1:]] if n else legs,
            pace=dice.uniform(*pace), begins_s=1.2 * n, goes_in=not back, marks=marks,
        )
        for n in range(count)
    ]  # fmt: skip


def leaving(dice: Dice, pause: Part = (0, 6), count: int = 1) -> list[Actor]:
    at, to = door(dice), edge(dice)
    legs = [((at[0] + 0.05, at[1] + 0.03), dice.uniform(*pause)), (to, 0.0)]
    return [person(dice, at, legs, begins_s=0.5 + n, marks=((Landmark.DOOR, at),)) for n in range(count)]


def working(
    dice: Dice, spots: int, stay: Part, mark: Landmark | None = None, low: float = 0.0, spread: float = 0.5
) -> list[Actor]:
    """Goes from one place to the next and does something at each."""
    start, middle = (edge(dice), spot(dice))
    at = [by(dice, middle, spread) for _ in range(spots)]
    legs = [(each, dice.uniform(*stay)) for each in at]
    crouches = tuple(n for n in range(spots) if dice.random() < low)
    marks = tuple((mark, each) for each in at) if mark else ()
    out = [(edge(dice), 0.0)] if dice.random() < 0.4 else []
    return [person(dice, start, [*legs, *out], pace=dice.uniform(0.35, 0.7), crouches=crouches, marks=marks)]


def waiting(dice: Dice, stay: Part, paces: int = 1, count: int = 1, leaves: float = 0.7) -> list[Actor]:
    """Stands about at one place."""
    came, at = edge(dice), spot(dice)
    found = []
    for _ in range(count):
        legs: list[Leg] = [(by(dice, at, 0.07), dice.uniform(*stay) / paces) for _ in range(paces)]
        legs += [(across(dice, came), 0.0)] if dice.random() < leaves else []
        found.append(person(dice, came, legs, begins_s=dice.uniform(0, 2)))
    return found


def at_a_car(dice: Dice, trips: int, stay: Part, low: float = 0.0, drives: float = 0.0) -> list[Actor]:
    """Between the house and the household's car."""
    at, car = door(dice), spot(dice)
    legs: list[Leg] = []
    for _ in range(trips):
        legs += [(by(dice, car, 0.06), dice.uniform(*stay)), (at, dice.uniform(1, 5))]
    crouches = tuple(n for n in range(0, len(legs), 2) if dice.random() < low)
    marks = ((Landmark.CAR, car), (Landmark.DOOR, at))
    actors = [person(dice, at, legs, goes_in=True, crouches=crouches, marks=marks)]
    if dice.random() < drives:
        actors.append(vehicle(dice, car, [(edge(dice), 0)], begins_s=dice.uniform(20, 40)))
    return actors


def around_the_car(dice: Dice, sides: int, stay: Part, low: float) -> list[Actor]:
    car = spot(dice)
    legs = [(by(dice, car, 0.15), dice.uniform(*stay)) for _ in range(sides)]
    crouches = tuple(n for n in range(sides) if dice.random() < low)
    return [person(dice, by(dice, car, 0.2), legs, crouches=crouches, marks=((Landmark.CAR, car),), pace=0.5)]


def parking(dice: Dice, arrives: bool = True) -> list[Actor]:
    at, car, way = door(dice), (dice.uniform(0.3, 0.7), dice.uniform(0.6, 0.9)), edge(dice)
    marks = ((Landmark.CAR, car), (Landmark.DOOR, at))
    if arrives:
        who = person(dice, car, [(at, dice.uniform(1, 5))], begins_s=dice.uniform(6, 12), goes_in=True, marks=marks)
        return [vehicle(dice, way, [(car, 15)], pace=0.8), who]
    return [person(dice, at, [(car, 2)], marks=marks), vehicle(dice, car, [(way, 0)], begins_s=dice.uniform(12, 20))]


def playing(dice: Dice, count: int, high: Part = (0.12, 0.3), pace: Part = (1.0, 2.2)) -> list[Actor]:
    came = edge(dice)
    return [
        person(
            dice, came, [(spot(dice), dice.uniform(0, 2)) for _ in range(dice.randint(6, 12))],
            pace=dice.uniform(*pace), high=dice.uniform(*high),
        )
        for _ in range(count)
    ]  # fmt: skip


def at_home(
    dice: Dice, spots: int, stay: Part, count: int = 1, low: float = 0.0, high: Part = (0.35, 0.85)
) -> list[Actor]:
    """In a room."""
    found = []
    for _ in range(count):
        places = [(spot(dice), dice.uniform(*stay)) for _ in range(spots)]
        crouches = tuple(n for n in range(spots) if dice.random() < low)
        start = edge(dice) if dice.random() < 0.6 else spot(dice)
        found.append(
            person(dice, start, places, high=dice.uniform(*high), crouches=crouches, pace=dice.uniform(0.4, 0.9))
        )
    return found


def lying(dice: Dice, from_share: float) -> list[Actor]:
    """Falls, or has been asleep all the time."""
    at = (dice.uniform(0.3, 0.7), dice.uniform(0.7, 0.9))
    start = edge(dice) if from_share else at
    return [person(dice, start, [(at, dice.uniform(10, 30))], lies=True, lies_from=from_share)]


def exercising(dice: Dice) -> list[Actor]:
    at = spot(dice)
    legs = [(by(dice, at, 0.03), dice.uniform(2, 4)) for _ in range(dice.randint(6, 10))]
    return [person(dice, at, legs, high=dice.uniform(0.4, 0.8), crouches=tuple(range(0, len(legs), 2)))]


def walking_a_dog(dice: Dice, stay: Part = (0, 0), home: bool = False) -> list[Actor]:
    came = door(dice) if home else edge(dice)
    to, at = came if home else across(dice, came), spot(dice)
    legs: list[Leg] = [(at, dice.uniform(*stay)), (to, 0.0)]
    return [person(dice, came, legs), pet(dice, Kind.DOG, came, [(by(dice, at, 0.1), dice.uniform(*stay)), (to, 0)])]


def roaming(dice: Dice, kind: Kind) -> list[Actor]:
    came = edge(dice)
    spots = [(spot(dice), dice.uniform(0, 8)) for _ in range(dice.randint(0, 3))]
    return [pet(dice, kind, came, [*spots, (across(dice, came), 0)])]


def driving(dice: Dice) -> list[Actor]:
    came = edge(dice)
    return [vehicle(dice, came, [(across(dice, came), 0)], pace=dice.uniform(1, 4), high=dice.uniform(0.1, 0.35))]


def cycling(dice: Dice, laps: int = 0) -> list[Actor]:
    came = edge(dice)
    legs: list[Leg] = [(spot(dice), 0.0) for _ in range(laps)]
    return [person(dice, came, [*legs, (across(dice, came), 0)], pace=dice.uniform(1.4, 2.8))]


def insect(dice: Dice) -> list[Actor]:
    spots = [((dice.random(), dice.random()), 0.0) for _ in range(dice.randint(3, 9))]
    return [Actor(Kind.MOTION, dice.uniform(0.15, 0.5), dice.uniform(2, 8), spots, edge(dice), jitter=0.3)]


def branches(dice: Dice) -> list[Actor]:
    at: Point = (dice.random(), dice.uniform(0.2, 0.6))
    sway = [((at[0] + dice.uniform(-0.03, 0.03), at[1]), 0.0) for _ in range(dice.randint(4, 30))]
    return [Actor(Kind.MOTION, dice.uniform(0.05, 0.3), dice.uniform(0.1, 0.6), sway, at, jitter=0.25)]


def up_a_ladder(dice: Dice) -> list[Actor]:
    """Carries something to and fro, climbs, works, comes down."""
    came, foot = edge(dice), door(dice)
    top = (foot[0], foot[1] - dice.uniform(0.15, 0.3))
    legs = [(foot, dice.uniform(3, 8)), (top, dice.uniform(10, 30)), (foot, dice.uniform(2, 6)), (came, 0)]
    return [person(dice, came, legs, marks=((Landmark.WINDOW, foot),), pace=dice.uniform(0.4, 0.7))]


def to_and_fro(dice: Dice, lanes: int, step: float, pace: Part) -> list[Actor]:
    """Back and forth in lanes, as with a mower or a shovel."""
    y, left, right = dice.uniform(0.6, 0.7), dice.uniform(0.1, 0.3), dice.uniform(0.7, 0.9)
    legs = [((right if n % 2 else left, y + step * n), 0.5) for n in range(lanes)]
    return [person(dice, edge(dice), legs, pace=dice.uniform(*pace))]


def meeting(dice: Dice, count: int, stay: Part) -> list[Actor]:
    """People who meet and talk, and go their ways."""
    at = spot(dice)
    return [
        person(dice, came, [(by(dice, at, 0.06), dice.uniform(*stay)), (across(dice, came), 0)], begins_s=2.0 * n)
        for n, came in enumerate(edge(dice) for _ in range(count))
    ]


OUT = (Site.DRIVE, Site.GARDEN)
DOOR = (Site.FRONT_DOOR, Site.DRIVE)
WAY = (Site.STREET,)
HOUSE = (Site.FRONT_DOOR, Site.DRIVE, Site.GARDEN)
ROOM = (Site.INSIDE,)
ANY = tuple(Site)
OPEN = (Site.STREET, Site.FRONT_DOOR, Site.DRIVE, Site.GARDEN)


def _of(play: Callable[..., list[Actor]], *given: object, **more: object) -> Callable[[Dice], list[Actor]]:
    return lambda dice: play(dice, *given, **more)


VISITS: dict[str, Family] = {
    "visiting": Family(_of(calling, (6, 40)), DOOR, 0.15, 0.35),
    "delivering": Family(_of(calling, (2, 9), pace=(0.8, 1.4)), DOOR, 0.1, 0.4),
    "bringing a meal": Family(_of(calling, (4, 20), pace=(0.7, 1.3)), DOOR, 0.4, 0.15),
    "post": Family(_of(calling, (1, 4)), DOOR, 0.02, 0.4),
    "canvassing": Family(_of(calling, (10, 30), count=2), DOOR, 0.03, 0.35),
    "children at the door": Family(_of(calling, (4, 15), count=3), DOOR, 0.2, 0.2),
    "neighbour rings": Family(_of(calling, (10, 45)), DOOR, 0.15, 0.3),
    "guests": Family(_of(calling, (3, 10), back=False, count=3), DOOR, 0.3, 0.05),
    "coming home": Family(_of(calling, (2, 8), back=False), DOOR, 0.3, 0.55),
    "coming home late": Family(_of(calling, (4, 15), back=False), DOOR, 0.9, 0.3),
    "leaving home": Family(leaving, DOOR, 0.15, 0.15),
    "family leaves": Family(_of(leaving, (1, 10), count=3), DOOR, 0.1, 0.2),
    "parking": Family(parking, (Site.DRIVE, Site.STREET), 0.3, 0.4),
    "driving off": Family(_of(parking, arrives=False), (Site.DRIVE, Site.STREET), 0.2, 0.15),
}
PASSERS: dict[str, Family] = {
    "passing": Family(passing, OPEN, 0.3, 0.35),
    "a group passes": Family(_of(passing, most=5), WAY, 0.4, 0.3),
    "late walkers": Family(_of(passing, (0.4, 0.8), 3, 0.4), WAY, 0.9, 0.25),
    "running": Family(_of(passing, (1.7, 2.6), 1, 0.0), WAY, 0.25, 0.3),
    "strolling": Family(_of(passing, (0.3, 0.55), 2, 0.6), WAY, 0.2, 0.3),
    "cycling": Family(cycling, OPEN, 0.3, 0.3),
    "dog walk": Family(walking_a_dog, OPEN, 0.35, 0.3),
    "dog sniffs": Family(_of(walking_a_dog, (2, 12)), WAY, 0.35, 0.3),
    "meeting in the street": Family(_of(meeting, 2, (5, 35)), WAY, 0.15, 0.3),
    "bus stop": Family(_of(waiting, (15, 45), 2, 2), WAY, 0.25, 0.35),
    "waiting for a taxi": Family(_of(waiting, (12, 45), 2), (Site.STREET, Site.FRONT_DOOR), 0.4, 0.15),
    "smoking outside": Family(_of(waiting, (20, 50), 2), OPEN, 0.4, 0.1),
    "on the telephone": Family(_of(waiting, (15, 50), 5), OPEN, 0.25, 0.25),
    "lost": Family(_of(waiting, (4, 12), 1), (Site.STREET, Site.FRONT_DOOR), 0.15, 0.35),
}
WORKERS: dict[str, Family] = {
    "window cleaner": Family(_of(working, 3, (6, 14), Landmark.WINDOW), HOUSE, 0.0, 0.3),
    "meter reader": Family(_of(working, 1, (5, 15), None, 0.5), HOUSE, 0.0, 0.35),
    "roofer": Family(up_a_ladder, HOUSE, 0.0, 0.3),
    "painter on a ladder": Family(up_a_ladder, HOUSE, 0.0, 0.3),
    "mowing": Family(_of(to_and_fro, 6, 0.05, (0.5, 0.9)), (Site.GARDEN,), 0.0, 0.25),
    "gardening": Family(_of(working, 4, (5, 14), None, 0.6), (Site.GARDEN,), 0.03, 0.2),
    "hedge cutting": Family(_of(working, 3, (6, 16), Landmark.FENCE, 0.1), (Site.GARDEN,), 0.0, 0.2),
    "refuse collectors": Family(_of(calling, (1, 3), pace=(0.9, 1.5), count=2), (Site.STREET, Site.DRIVE), 0.25, 0.3),
    "street sweeper": Family(_of(to_and_fro, 2, 0.02, (0.4, 0.6)), WAY, 0.1, 0.3),
    "movers": Family(_of(at_a_car, 3, (3, 8)), (Site.DRIVE, Site.STREET), 0.02, 0.05),
}
HOUSEHOLD: dict[str, Family] = {
    "bins": Family(_of(at_a_car, 1, (2, 6)), (Site.DRIVE, Site.STREET), 0.35, 0.02),
    "loading the car": Family(_of(at_a_car, 3, (3, 10), 0.2, 0.4), (Site.DRIVE,), 0.2, 0.03),
    "a thing from the car": Family(_of(at_a_car, 1, (4, 12)), (Site.DRIVE, Site.STREET), 0.6, 0.02),
    "washing the car": Family(_of(around_the_car, 5, (5, 12), 0.5), (Site.DRIVE,), 0.0, 0.05),
    "changing a tyre": Family(_of(around_the_car, 2, (15, 30), 0.9), (Site.DRIVE, Site.STREET), 0.1, 0.05),
    "scraping ice": Family(_of(around_the_car, 3, (4, 10), 0.0), (Site.DRIVE, Site.STREET), 0.2, 0.02),
    "child on a bicycle": Family(_of(cycling, 8), (Site.DRIVE, Site.STREET), 0.0, 0.1),
    "playing": Family(_of(playing, 2), HOUSE, 0.03, 0.1),
    "ball in the street": Family(_of(playing, 4), WAY, 0.05, 0.25),
    "shovelling snow": Family(_of(to_and_fro, 5, 0.04, (0.35, 0.6)), (Site.DRIVE, Site.FRONT_DOOR), 0.15, 0.03),
    "hanging washing": Family(_of(working, 4, (4, 10), None, 0.3, 0.15), (Site.GARDEN,), 0.0, 0.03),
    "watering": Family(_of(working, 5, (2, 7)), (Site.GARDEN,), 0.05, 0.1),
    "evening smoke": Family(_of(waiting, (20, 50), 1, 1, 0.1), HOUSE, 0.6, 0.02),
    "dog out at night": Family(_of(walking_a_dog, (5, 20), home=True), HOUSE, 0.7, 0.02),
    "barbecue": Family(_of(meeting, 4, (20, 50)), (Site.GARDEN,), 0.3, 0.02),
    "fall": Family(_of(lying, 0.55), (*HOUSE, Site.INSIDE), 0.25, 0.05),
}
ROOMS: dict[str, Family] = {
    "cooking": Family(_of(at_home, 5, (3, 12)), ROOM, 0.15, 0.0),
    "cleaning": Family(_of(at_home, 7, (2, 6), 1, 0.4), ROOM, 0.05, 0.05),
    "exercising": Family(exercising, ROOM, 0.1, 0.0),
    "sleeping": Family(_of(lying, 0.0), ROOM, 0.7, 0.0),
    "toddler on the floor": Family(_of(at_home, 8, (1, 6), 1, 0.3, (0.12, 0.25)), ROOM, 0.05, 0.0),
    "party": Family(_of(at_home, 4, (4, 15), 4), ROOM, 0.5, 0.0),
    "watching television": Family(_of(at_home, 2, (15, 40)), ROOM, 0.35, 0.0),
    "up at night": Family(_of(at_home, 3, (1, 6)), ROOM, 0.95, 0.0),
    "through the hall": Family(_of(passing, (0.5, 1.0)), ROOM, 0.3, 0.08),
}
NOBODY: dict[str, Family] = {
    "cat": Family(_of(roaming, Kind.CAT), ANY, 0.4, 0.3),
    "dog": Family(_of(roaming, Kind.DOG), ANY, 0.3, 0.3),
    "wild animal": Family(_of(roaming, Kind.ANIMAL), OPEN, 0.6, 0.3),
    "car": Family(driving, (Site.STREET, Site.DRIVE), 0.35, 0.3),
    "insect": Family(insect, ANY, 0.5, 0.3),
    "branches": Family(branches, OPEN, 0.4, 0.3),
}
FAMILIES: dict[str, Family] = VISITS | PASSERS | WORKERS | HOUSEHOLD | ROOMS | NOBODY
