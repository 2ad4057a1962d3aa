"""What people, pets and cars do in front of a camera: families of plans, of daily life and of threats.

The lab learns from these as tracks, without a picture; `Behaviour` renders the same ones with exact truth.
Deterministic by its dice.
"""

from __future__ import annotations

import random
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.stage import daily, threats
from nightlatch.pixels.stage.acting import Truth
from nightlatch.pixels.stage.actor import LIES_AFTER, LOOK_MS, Actor, Family, Point, height_at, walked
from nightlatch.pixels.stage.drawing import FIGURES, WIDTHS, Colour, Image
from nightlatch.pixels.stage.negatives import Day

__all__ = ["LIES_AFTER", "LOOK_MS", "Actor", "Point", "height_at", "play", "walked"]

FAMILIES: dict[str, Family] = daily.FAMILIES | threats.FAMILIES
THREATS = frozenset(threats.FAMILIES)
ROUTINE = frozenset(daily.FAMILIES)


def play(name: str, dice: random.Random) -> list[Actor]:
    """Who does what when `name` is played; other dice, other places and paces. Unknown names play branches."""
    return FAMILIES.get(name, FAMILIES["branches"]).play(dice)


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
        return actor.lies and second > float(way[int((len(way) - 1) * actor.lies_from), 0])


COLOURS: tuple[Colour, ...] = ((40, 40, 46), (30, 60, 110), (120, 80, 40), (70, 92, 118))
# Rendered, one of each kind of motion; the negatives show branches and insects.
BEHAVIOURS = (
    "breaking in",
    "car",
    "cat",
    "coming home",
    "delivering",
    "dog",
    "dog walk",
    "fall",
    "gardening",
    "hanging about",
    "leaving home",
    "parking",
    "passing",
    "playing",
    "prowling",
    "running",
    "trying doors",
    "visiting",
    "wild animal",
)


def behaved(name: str) -> type[Behaviour]:
    """The scene in which `name` is played. Raises `KeyError` for a behaviour that there is not."""
    if name not in BEHAVIOURS:
        raise KeyError(name)
    return type("Behaviour", (Behaviour,), {"behaviour": name, "__doc__": f"{name}, in the garden by day."})
