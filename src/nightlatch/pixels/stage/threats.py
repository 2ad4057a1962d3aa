"""Plans of people who mean harm: what a burglar, a thief or a scout does is written down here and nowhere else."""

from __future__ import annotations

import random
from functools import partial

from nightlatch.domain.context import Landmark, Site
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
    spot,
)

Dice = random.Random
OUTSIDE = (Site.DRIVE, Site.GARDEN, Site.FRONT_DOOR)


def _out(dice: Dice, came: Point) -> Leg:
    return (dice.choice((came, across(dice, came))), 0)


def trying_doors(dice: Dice) -> list[Actor]:
    came = edge(dice)
    doors = [door(dice) for _ in range(dice.randint(2, 4))]
    marks = tuple((dice.choice((Landmark.DOOR, Landmark.WINDOW)), at) for at in doors)
    legs = [(at, dice.uniform(2.5, 9)) for at in doors]
    return [person(dice, came, [*legs, _out(dice, came)], marks=marks)]


def breaking_in(dice: Dice, mark: Landmark = Landmark.DOOR) -> list[Actor]:
    came, at = edge(dice), door(dice)
    work = [(at, dice.uniform(10, 35)), (by(dice, at, 0.2), dice.uniform(2, 6)), (at, dice.uniform(4, 12))]
    legs = work[dice.choice((0, 0, 1)) :]
    low = tuple(n for n in range(len(legs)) if dice.random() < 0.35)
    return [person(dice, came, legs, goes_in=True, pace=dice.uniform(0.5, 1.2), marks=((mark, at),), crouches=low)]


def prowling(dice: Dice) -> list[Actor]:
    came = edge(dice)
    spots = [(spot(dice), dice.uniform(3, 10)) for _ in range(dice.randint(3, 5))]
    marks = ((Landmark.WINDOW, spots[0][0]),) if dice.random() < 0.6 else ()
    return [person(dice, came, [*spots, _out(dice, came)], pace=dice.uniform(0.3, 0.6), marks=marks)]


def hanging_about(dice: Dice) -> list[Actor]:
    came, at = edge(dice), spot(dice)
    paces = [(by(dice, at, 0.1), dice.uniform(5, 15)) for _ in range(dice.randint(2, 4))]
    start = at if dice.random() < 0.4 else came
    return [person(dice, start, [*paces, *([_out(dice, came)] if dice.random() < 0.6 else [])])]


def checking_cars(dice: Dice) -> list[Actor]:
    """Along a row of cars, a hand on each door."""
    came = edge(dice)
    row = sorted((dice.uniform(0.1, 0.9) for _ in range(dice.randint(2, 4))), reverse=came[0] > 0.5)
    cars = [(x, came[1] + dice.uniform(-0.03, 0.03)) for x in row]
    marks = tuple((Landmark.CAR, at) for at in cars)
    return [person(dice, came, [*((at, dice.uniform(1.5, 6)) for at in cars), _out(dice, came)], marks=marks)]


def car_break_in(dice: Dice) -> list[Actor]:
    came, car = edge(dice), spot(dice)
    legs = [(car, dice.uniform(6, 20)), (by(dice, car, 0.12), dice.uniform(3, 15)), (car, dice.uniform(2, 10))]
    low = (1,) if dice.random() < 0.6 else ()
    away = (came, 0.0)
    return [person(dice, came, [*legs, away], crouches=low, marks=((Landmark.CAR, car),), pace=dice.uniform(0.7, 1.4))]


def under_a_car(dice: Dice) -> list[Actor]:
    """Saws something off from below; often a second one keeps watch."""
    came, car = edge(dice), spot(dice)
    thief = person(dice, came, [(car, dice.uniform(20, 45)), (came, 0)], crouches=(0,), marks=((Landmark.CAR, car),))
    if dice.random() < 0.5:
        return [thief]
    at = by(dice, car, 0.25)
    return [thief, person(dice, came, [(at, dice.uniform(10, 20)), (by(dice, at), dice.uniform(8, 20)), (came, 0)])]


def at_the_windows(dice: Dice) -> list[Actor]:
    came, along = edge(dice), dice.uniform(0.5, 0.7)
    windows = [(dice.uniform(0.15, 0.85), along) for _ in range(dice.randint(1, 3))]
    legs = [(at, dice.uniform(4, 14)) for at in windows]
    low = tuple(n for n in range(len(legs)) if dice.random() < 0.3)
    marks = tuple((Landmark.WINDOW, at) for at in windows)
    return [person(dice, came, [*legs, _out(dice, came)], marks=marks, crouches=low, pace=dice.uniform(0.4, 0.8))]


def over_the_fence(dice: Dice, back: bool = False) -> list[Actor]:
    y = dice.uniform(0.55, 0.75)
    near, far = dice.uniform(0.1, 0.4), dice.uniform(0.45, 0.6)
    legs: list[Leg] = [((near, y), dice.uniform(1, 6)), ((near + 0.14, y), 0), ((far, dice.uniform(0.6, 0.9)), 6)]
    legs += [((near + 0.14, y), 1), ((near, y), 0)] if back else [(spot(dice), dice.uniform(3, 12))]
    return [person(dice, (-0.03, y), legs, climbs=1, marks=((Landmark.FENCE, (near + 0.07, y)),))]


def garden_intruder(dice: Dice) -> list[Actor]:
    """Stands in the dark of a garden, looks at the house, goes along it."""
    start = spot(dice)
    legs = [(start, dice.uniform(5, 20))] + [(spot(dice), dice.uniform(2, 12)) for _ in range(dice.randint(2, 3))]
    marks = ((Landmark.WINDOW, legs[-1][0]),) if dice.random() < 0.5 else ()
    return [person(dice, start, legs, pace=dice.uniform(0.3, 0.7), marks=marks)]


def taking_a_bicycle(dice: Dice) -> list[Actor]:
    came, at = edge(dice), spot(dice)
    look = (by(dice, at, 0.2), dice.uniform(2, 8))
    off = (_out(dice, came)[0], 0.0)
    thief = person(dice, came, [look, (at, dice.uniform(8, 25)), off], crouches=(1,), pace=dice.uniform(0.7, 1.3))
    return [thief]


def into_the_shed(dice: Dice) -> list[Actor]:
    came, at = edge(dice), door(dice)
    legs = [(at, dice.uniform(8, 25)), (by(dice, at, 0.05), dice.uniform(4, 12)), (came, 0)]
    return [person(dice, came, legs, marks=((Landmark.DOOR, at),), crouches=(0,) if dice.random() < 0.4 else ())]


def two_with_a_lookout(dice: Dice, mark: Landmark = Landmark.DOOR) -> list[Actor]:
    came, at = edge(dice), door(dice)
    burglar = person(dice, came, [(at, dice.uniform(12, 35)), (came, 0)], marks=((mark, at),), crouches=(0,))
    post = by(dice, at, 0.3)
    legs = [(by(dice, post), dice.uniform(4, 12)) for _ in range(3)]
    return [burglar, person(dice, came, [*legs, (came, 0)], begins_s=dice.uniform(0, 3))]


def forcing_the_front_door(dice: Dice) -> list[Actor]:
    came, at = edge(dice), door(dice)
    legs = [(at, dice.uniform(4, 10)), (came if dice.random() < 0.4 else by(dice, at, 0.15), 2.0)]
    legs += [(at, dice.uniform(10, 25))]
    return [person(dice, came, legs, goes_in=True, crouches=(2,), marks=((Landmark.DOOR, at),))]


def ringing_to_see_who_is_home(dice: Dice) -> list[Actor]:
    """Rings, waits, looks in by a window, looks round the side, and goes."""
    came, at = edge(dice), door(dice)
    side = by(dice, at, 0.25)
    legs = [(at, dice.uniform(8, 18)), (side, dice.uniform(3, 9)), (at, dice.uniform(1, 4)), _out(dice, came)]
    return [person(dice, came, legs, marks=((Landmark.DOOR, at), (Landmark.WINDOW, side)))]


def inside_while_away(dice: Dice) -> list[Actor]:
    high = dice.uniform(0.35, 0.8)
    legs = [(spot(dice), dice.uniform(1, 8)) for _ in range(dice.randint(3, 6))]
    low = tuple(n for n in range(len(legs)) if dice.random() < 0.3)
    return [person(dice, edge(dice), legs, high=high, crouches=low, pace=dice.uniform(0.4, 0.9))]


def in_by_a_window(dice: Dice) -> list[Actor]:
    window = (dice.uniform(0.3, 0.7), dice.uniform(0.5, 0.65))
    legs = [(window, dice.uniform(2, 5))] + [(spot(dice), dice.uniform(1, 6)) for _ in range(dice.randint(2, 4))]
    high = dice.uniform(0.35, 0.7)
    return [person(dice, window, legs, high=high, pace=dice.uniform(0.3, 0.7), marks=((Landmark.WINDOW, window),))]


def emptying_the_house(dice: Dice) -> list[Actor]:
    """To and fro between the house and where the van must be."""
    came, at = edge(dice), door(dice)
    legs = [leg for _ in range(dice.randint(2, 3)) for leg in ((at, dice.uniform(2, 8)), (came, 0.3))]
    actors = [person(dice, at, legs, pace=dice.uniform(0.8, 1.5), marks=((Landmark.DOOR, at),))]
    return actors + ([person(dice, came, legs[::-1], pace=dice.uniform(0.8, 1.4))] if dice.random() < 0.5 else [])


def a_scuffle(dice: Dice) -> list[Actor]:
    """Two close together, to and fro, then one runs."""
    came, at = edge(dice), spot(dice)
    victim = person(dice, across(dice, came), [(at, 8), (by(dice, at), 4), (by(dice, at), 3)], high=0.4)
    robber = person(dice, came, [(by(dice, at, 0.02), 6), (by(dice, at, 0.04), 3), (came, 0)], high=0.4, pace=2.0)
    return [victim, robber]


def stealing_fuel(dice: Dice) -> list[Actor]:
    came, car = edge(dice), spot(dice)
    legs = [(car, dice.uniform(15, 40)), (came, 0)]
    return [person(dice, came, legs, crouches=(0,), marks=((Landmark.CAR, car),), pace=dice.uniform(0.5, 1.0))]


def masking_the_camera(dice: Dice) -> list[Actor]:
    """Comes up close, from the side, and reaches for the lens."""
    came = edge(dice)
    legs = [((dice.uniform(0.3, 0.7), 0.98), dice.uniform(3, 10)), (spot(dice), dice.uniform(3, 12))]
    return [person(dice, came, legs, high=dice.uniform(0.6, 0.9), growth=1.2)]


def casing_the_street(dice: Dice) -> list[Actor]:
    """Comes by, stops at the gate, goes on, and is back."""
    came = edge(dice)
    gates = [((dice.uniform(0.15, 0.85), came[1]), dice.uniform(3, 9)) for _ in range(dice.randint(2, 3))]
    turn = (across(dice, came), 1.0)
    return [person(dice, came, [gates[0], turn, *gates[1:], (came, 0)], pace=dice.uniform(0.4, 0.8))]


STREETS = (Site.STREET, Site.DRIVE)
BACK = (Site.GARDEN,)
FAMILIES: dict[str, Family] = {
    "trying doors": Family(trying_doors, OUTSIDE, 0.5, 0.45),
    "breaking in": Family(breaking_in, OUTSIDE, 0.45, 0.55),
    "breaking a window": Family(partial(breaking_in, mark=Landmark.WINDOW), BACK, 0.5, 0.5),
    "prowling": Family(prowling, OUTSIDE, 0.6, 0.35),
    "hanging about": Family(hanging_about, OUTSIDE, 0.5, 0.35),
    "checking cars": Family(checking_cars, STREETS, 0.75, 0.25),
    "car break-in": Family(car_break_in, STREETS, 0.7, 0.25),
    "under a car": Family(under_a_car, STREETS, 0.65, 0.3),
    "at the windows": Family(at_the_windows, OUTSIDE, 0.5, 0.45),
    "over the fence": Family(over_the_fence, BACK, 0.55, 0.4),
    "over the fence and back": Family(partial(over_the_fence, back=True), BACK, 0.55, 0.4),
    "garden intruder": Family(garden_intruder, BACK, 0.6, 0.4),
    "taking a bicycle": Family(taking_a_bicycle, OUTSIDE, 0.5, 0.4),
    "into the shed": Family(into_the_shed, BACK, 0.55, 0.4),
    "two with a lookout": Family(two_with_a_lookout, OUTSIDE, 0.5, 0.5),
    "two at a window": Family(partial(two_with_a_lookout, mark=Landmark.WINDOW), BACK, 0.5, 0.5),
    "forcing the front door": Family(forcing_the_front_door, (Site.FRONT_DOOR,), 0.4, 0.6),
    "ringing to see who is home": Family(ringing_to_see_who_is_home, (Site.FRONT_DOOR,), 0.2, 0.65),
    "inside while away": Family(inside_while_away, (Site.INSIDE,), 0.45, 0.95),
    "in by a window": Family(in_by_a_window, (Site.INSIDE,), 0.75, 0.3),
    "emptying the house": Family(emptying_the_house, (Site.FRONT_DOOR, Site.DRIVE), 0.35, 0.85),
    "a scuffle": Family(a_scuffle, (Site.STREET, Site.DRIVE), 0.6, 0.2),
    "stealing fuel": Family(stealing_fuel, STREETS, 0.75, 0.2),
    "masking the camera": Family(masking_the_camera, OUTSIDE, 0.5, 0.5),
    "casing the street": Family(casing_the_street, STREETS, 0.45, 0.4),
}
