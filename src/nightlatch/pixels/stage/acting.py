"""What a scene is: a place, what moves in it, its light; the same seed gives the same pictures, in any order.

Every moving thing is drawn from its visit (kind, path, from, to), so its box is known, not guessed. Pictures are
(H, W, 3) uint8 BGR; scenes repeat after `CYCLE_S`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.stage.drawing import DRAWN, SHAPE, Colour, Image

CYCLE_S = 120.0
NOISE_BANK = 7


@dataclass(frozen=True, slots=True)
class Truth:
    """One moving thing in one picture, and the whole of its visit in milliseconds of the scene."""

    kind: str
    box: Box
    from_ms: int
    to_ms: int
    behaviour: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A thing that crosses: from `start` to `end` (x, y of its feet, in fractions), growing from `size` to `grown`."""

    kind: str
    from_s: float
    to_s: float
    start: tuple[float, float]
    end: tuple[float, float]
    size: float  # height as a share of the picture's
    grown: float
    colour: Colour = (70, 70, 80)

    def at(self, second: float) -> tuple[float, float, float] | None:
        """(x, y, height) in fractions at a second of the cycle, or None while it is away."""
        if not self.from_s <= second < self.to_s:
            return None
        share = (second - self.from_s) / (self.to_s - self.from_s)
        x = self.start[0] + (self.end[0] - self.start[0]) * share
        y = self.start[1] + (self.end[1] - self.start[1]) * share
        return x, y, self.size + (self.grown - self.size) * share


class Scene:
    """A place, what moves in it, and its light. `frame` and `truth_at` are pure functions of seed and index."""

    visits: tuple[Visit, ...] = ()
    noise = 3.0

    def __init__(self, seed: int = 1, width: int = 1280, height: int = 720, fps: float = 15) -> None:
        self.seed, self.width, self.height, self.fps = seed, width, height, fps

    def second(self, index: int) -> float:
        """Second of the cycle that picture `index` shows."""
        return (index / self.fps) % CYCLE_S

    @cached_property
    def ground(self) -> Image:
        """The place without anything that moves."""
        return self.place(np.zeros((self.height, self.width, 3), np.uint8))

    @cached_property
    def _bank(self) -> list[NDArray[np.int8]]:
        random = np.random.default_rng(self.seed)
        shape = (self.height // 2 + 64, self.width // 2 + 64)
        return [np.clip(random.normal(0, self.noise, shape), -60, 60).astype(np.int8) for _ in range(NOISE_BANK)]

    def place(self, canvas: Image) -> Image:
        """Draw what never moves."""
        return canvas

    def light(self, picture: Image, second: float) -> Image:
        """Change the light, in place or not."""
        return picture

    def stir(self, picture: Image, second: float, index: int) -> None:
        """Draw what moves but is nobody: branches, rain, a clock."""

    def frame(self, index: int) -> Image:
        """Picture `index`, (H, W, 3) uint8 BGR."""
        second = self.second(index)
        picture = self.ground.copy()
        self.stir(picture, second, index)
        for visit in self.visits:
            where = visit.at(second)
            if where is not None:
                DRAWN[visit.kind](picture, *self._pixels(where), second, visit.end[0] > visit.start[0], visit.colour)
        picture = self.light(picture, second)
        return self._grain(picture, index)

    def truth_at(self, index: int) -> tuple[Truth, ...]:
        """Everything that moves in picture `index` and is somebody."""
        second = self.second(index)
        found = []
        for visit in self.visits:
            where = visit.at(second)
            if where is None:
                continue
            x, y, high = where
            wide = high * SHAPE[visit.kind] * self.height / self.width
            box = Box(max(0.0, x - wide / 2), max(0.0, y - high), min(1.0, x + wide / 2), min(1.0, y + 0.01))
            if box.left < box.right and box.top < box.bottom:
                found.append(Truth(visit.kind, box, round(visit.from_s * 1000), round(visit.to_s * 1000)))
        return tuple(found)

    def _pixels(self, where: tuple[float, float, float]) -> tuple[float, float, float]:
        return where[0] * self.width, where[1] * self.height, where[2] * self.height

    def _grain(self, picture: Image, index: int) -> Image:
        if self.noise <= 0:
            return picture
        bank = self._bank[(index * 5 + 3) % NOISE_BANK]
        dy, dx = (index * 29) % 64, (index * 47) % 64
        grain = bank[dy : dy + self.height // 2, dx : dx + self.width // 2]
        large = cv2.resize(grain, (self.width, self.height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(cv2.add(picture, cv2.merge([large] * 3).astype(np.int16), dtype=cv2.CV_8U), dtype=np.uint8)
