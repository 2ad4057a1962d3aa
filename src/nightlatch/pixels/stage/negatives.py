"""Twelve hard negatives: much moves, and it is nobody. A good eye opens no event for any of them.

Each begins with quiet and says in `disturbed` when it is not; none has a person, a pet or a vehicle in its truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.stage.acting import CYCLE_S, Scene, Visit
from nightlatch.pixels.stage.drawing import Image, blob, limb
from nightlatch.pixels.stage.places import LivingRoom, Porch


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one second of the cycle to another."""

    from_s: float
    to_s: float

    def holds(self, second: float) -> bool:
        return self.from_s <= second < self.to_s

    def share(self, second: float) -> float:
        """How much of it is over, 0 to 1."""
        return min(1.0, max(0.0, (second - self.from_s) / (self.to_s - self.from_s)))


class Negative(Scene):
    """A scene with nobody in it. `disturbed` is when its disturbance shows, `name` what it is."""

    visits: tuple[Visit, ...] = ()
    name = ""
    disturbed: tuple[Stretch, ...] = (Stretch(20, CYCLE_S),)

    def stir(self, picture: Image, second: float, index: int) -> None:
        """Nothing moves."""

    def light(self, picture: Image, second: float) -> Image:
        """The light stays."""
        return picture

    def is_disturbed(self, second: float) -> bool:
        return any(span.holds(second) for span in self.disturbed)

    def _dice(self, index: int, period: int = 997) -> np.random.Generator:
        return np.random.default_rng((self.seed, index % period))

    @cached_property
    def _across(self) -> NDArray[np.float32]:
        return np.asarray(np.arange(self.width) / self.width, np.float32)


class Night(Negative, Porch):
    """The porch in infrared, with nothing but grain."""


class Day(Negative, Porch):
    """The porch in colours."""

    noise = 2.5

    def place(self, canvas: Image) -> Image:
        grey = Porch.place(self, canvas).astype(np.float32)
        return np.asarray(np.clip(grey * np.array([0.95, 1.18, 1.08], np.float32) * 1.25 + 14, 0, 255), np.uint8)


class EmptyRoom(Negative, LivingRoom):
    """The living room, with nothing but grain."""


class Branches(Day):
    """A bush and branches in gusts of wind."""

    name = "branches"

    @cached_property
    def _leaves(self) -> NDArray[np.float64]:
        return np.random.default_rng(self.seed).random((60, 5))

    def stir(self, picture: Image, second: float, index: int) -> None:
        gust = (0.6 + 0.4 * sin(second * 0.4)) if self.is_disturbed(second) else 0.0
        w, h = self.width, self.height
        for x, y, size, tone, phase in self._leaves:
            sway = gust * (0.009 * sin(second * (1.9 + phase) + phase * 6) + 0.005 * sin(second * 4.1 + phase * 9))
            at = (x * 0.27 + sway) * w, (0.26 + y * 0.34 + sway * 0.3) * h
            green = (int(40 + 40 * tone), int(70 + 70 * tone), int(50 + 40 * tone))
            blob(picture, *at, (0.011 + 0.014 * size) * w, (0.011 + 0.011 * size) * h, green, 40 * gust * sin(second))
        for n in range(5):
            end = (
                (0.88 - 0.03 * n + gust * 0.013 * sin(second * 1.7 + n)) * w,
                (0.08 + 0.05 * n + gust * 0.01 * sin(second * 2.3 + n)) * h,
            )
            limb(picture, (w * 1.01, (0.03 + 0.012 * n) * h), end, 0.01 * h, (60, 80, 70))


class Rain(Night):
    """Rain at night, lit by the camera's lamp: streaks, new ones in each picture."""

    name = "rain"

    def stir(self, picture: Image, second: float, index: int) -> None:
        if not self.is_disturbed(second):
            return
        for x, y, long in self._dice(index).random((70, 3)):
            top = round(x * self.width), round(y * self.height)
            end = top[0] - 3, top[1] + round((0.02 + 0.03 * long) * self.height)
            cv2.line(picture, top, end, (165, 165, 165), 1, cv2.LINE_AA)


class Snow(Night):
    """Flakes near and far that sink and drift."""

    name = "snow"

    @cached_property
    def _flakes(self) -> NDArray[np.float64]:
        return np.random.default_rng(self.seed).random((90, 4))

    def stir(self, picture: Image, second: float, index: int) -> None:
        if not self.is_disturbed(second):
            return
        for x, y, near, phase in self._flakes:
            down = (y + second * (0.10 + 0.28 * near)) % 1.1 - 0.05
            across = (x + 0.02 * sin(second * 1.3 + phase * 6) + second * 0.015) % 1.0
            size = self.height * (0.002 + 0.007 * near**3)
            blob(picture, across * self.width, down * self.height, size, size, (int(150 + 80 * near),) * 3)


class Insects(Night):
    """A moth or a fly near the lens: large, bright, out of focus, erratic, for a few seconds."""

    name = "insects"
    disturbed = tuple(Stretch(s, s + 4.0) for s in range(20, 116, 12))

    @cached_property
    def _glow(self) -> NDArray[np.float32]:
        """A soft disc with wings, (S, S)."""
        size = self.height // 5
        yy, xx = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
        return np.asarray(150 * np.exp(-(xx**2 * 3 + yy**2 * 7)), np.float32)

    def stir(self, picture: Image, second: float, index: int) -> None:
        for number, span in enumerate(self.disturbed):
            if not span.holds(second):
                continue
            a, b, c, d = np.random.default_rng((self.seed, number)).random(4)
            t = second - span.from_s
            x = 1.3 * span.share(second) - 0.15 + 0.11 * sin(t * (5 + 4 * a) + 6 * b) + 0.05 * sin(t * 13 + c)
            y = 0.2 + 0.5 * d + 0.15 * cos(t * (4 + 5 * b) + 6 * c)
            self._add(picture, round(x * self.width), round(y * self.height))

    def _add(self, picture: Image, x: int, y: int) -> None:
        size = self._glow.shape[0]
        left, top = x - size // 2, y - size // 2
        rows = slice(max(0, top), max(0, min(self.height, top + size)))
        columns = slice(max(0, left), max(0, min(self.width, left + size)))
        if rows.start < rows.stop and columns.start < columns.stop:
            part = self._glow[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None]
            picture[rows, columns] = np.clip(picture[rows, columns] + part, 0, 255).astype(np.uint8)


class Headlights(Night):
    """Cars that are out of sight throw their light over the houses."""

    name = "headlights"
    disturbed = tuple(Stretch(s, s + 4) for s in range(20, 116, 15))

    def light(self, picture: Image, second: float) -> Image:
        for number, span in enumerate(self.disturbed):
            if span.holds(second):
                share = span.share(second) if number % 2 else 1 - span.share(second)
                beam = np.exp(-(((self._across - (1.2 - 1.4 * share)) / 0.12) ** 2)) * 80
                top = picture[: round(self.height * 0.575)]
                top[:] = cv2.add(top, np.broadcast_to(beam[None, :, None], top.shape).astype(np.uint8))
        return picture


class Curtain(EmptyRoom):
    """A curtain at an open window, in the wind."""

    name = "curtain"

    def stir(self, picture: Image, second: float, index: int) -> None:
        gust = max(0.0, 0.5 + 0.5 * sin(second * 0.5)) if self.is_disturbed(second) else 0.0
        w, h = self.width, self.height
        for n in range(9):
            top = (0.085 + 0.033 * n) * w
            swing = gust * (0.02 + 0.012 * sin(second * 1.9 + n * 0.7)) * w
            lift = gust * 0.02 * h * (1 + sin(second * 1.9 + n * 0.7))
            fold = [(top, 0.07 * h), (top + 0.03 * w, 0.07 * h), (top + 0.03 * w + swing, 0.6 * h - lift)]
            fold.append((top + swing, 0.6 * h - lift))
            tone = 205 + 18 * (n % 2)
            cv2.fillPoly(picture, [np.array(fold, np.int32)], (tone, tone - 4, tone - 14), cv2.LINE_AA)


class LightSwitch(EmptyRoom):
    """Somebody elsewhere switches a lamp of this room on and off."""

    name = "light switch"
    disturbed = tuple(Stretch(s, s + 7) for s in range(20, 116, 16))

    @cached_property
    def _lit(self) -> Image:
        yy, xx = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        away = ((xx / self.width - 0.93) ** 2 + (yy / self.height - 0.32) ** 2) * 3
        lamp = (0.72 + 0.8 * np.exp(-away))[..., None]
        return np.asarray(np.clip(self.ground * lamp, 0, 255), np.uint8)

    def stir(self, picture: Image, second: float, index: int) -> None:
        if self.is_disturbed(second):
            picture[:] = self._lit


class InfraredFlip(Day):
    """The camera changes between day and night sight; the exposure needs half a second to settle."""

    name = "infrared flip"
    disturbed = (Stretch(20, 21), Stretch(50, 51), Stretch(80, 81), Stretch(110, 111))

    @cached_property
    def _night(self) -> Image:
        grey = cv2.cvtColor(self.ground, cv2.COLOR_BGR2GRAY)
        return np.asarray(cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=0.7, beta=22), cv2.COLOR_GRAY2BGR), np.uint8)

    def stir(self, picture: Image, second: float, index: int) -> None:
        begun = [span for span in self.disturbed if span.from_s <= second]
        if len(begun) % 2:
            picture[:] = self._night
        if begun and begun[-1].holds(second):
            over = max(0.0, 1 - 2 * (second - begun[-1].from_s))
            picture[:] = cv2.convertScaleAbs(picture, alpha=1 + over, beta=60 * over)


class CameraShake(Day):
    """Wind or a lorry shakes the camera."""

    name = "camera shake"
    disturbed = tuple(Stretch(s, s + 5) for s in range(20, 116, 15))

    def light(self, picture: Image, second: float) -> Image:
        if not self.is_disturbed(second):
            return picture
        strength = self.height / 720 * (4 + 3 * sin(second * 0.9))
        dx, dy = strength * sin(second * 37), strength * sin(second * 29 + 1)
        moved = cv2.warpAffine(
            picture,
            np.array([[1, 0, dx], [0, 1, dy]], np.float32),
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(moved, np.uint8)


class RobotVacuum(EmptyRoom):
    """A robot vacuum cleans the floor in lanes. It moves like a thing, and it is one."""

    name = "robot vacuum"

    def stir(self, picture: Image, second: float, index: int) -> None:
        t = max(0.0, second - self.disturbed[0].from_s) if self.is_disturbed(second) else 0.0
        lane, share = divmod(t / 14.0, 1.0)
        across = share if int(lane) % 2 == 0 else 1 - share
        x, y = (0.08 + 0.8 * across) * self.width, (0.76 + 0.028 * lane) * self.height
        size = self.height * (0.035 + 0.02 * (lane / 8))
        blob(picture, x, y + size * 0.35, size * 1.08, size * 0.5, (70, 84, 100))
        blob(picture, x, y, size, size * 0.46, (52, 50, 48))
        blob(picture, x, y - size * 0.1, size * 0.86, size * 0.38, (88, 86, 84))
        blob(picture, x, y - size * 0.12, size * 0.2, size * 0.09, (190, 180, 60))


class Television(EmptyRoom):
    """A television that shows moving pictures; its light falls on the wall."""

    name = "television"

    def stir(self, picture: Image, second: float, index: int) -> None:
        w, h = self.width, self.height
        left, top, right, bottom = round(0.38 * w), round(0.38 * h), round(0.52 * w), round(0.54 * h)
        cv2.rectangle(picture, (left - 6, top - 6), (right + 6, bottom + 6), (22, 22, 24), -1)
        if not self.is_disturbed(second):
            return
        dice = np.random.default_rng((self.seed, int(second / 2.7)))  # a cut every 2.7 s
        screen = picture[top:bottom, left:right]
        screen[:] = dice.integers(30, 220, 3)
        for x, y, size, speed in dice.random((5, 4)):
            at = ((x + (speed - 0.5) * 0.3 * second) % 1.0) * (right - left)
            colour = (int(255 * x), int(255 * y), int(255 * size))
            blob(screen, at, y * (bottom - top), (0.05 + 0.15 * size) * w * 0.2, 0.06 * h, colour)
        glow = int(screen.mean() * 0.12)
        wall = picture[round(0.20 * h) : round(0.36 * h), round(0.37 * w) : round(0.52 * w)]
        wall[:] = cv2.add(wall, np.full_like(wall, glow))


class Shadow(Day):
    """Shadows of clouds, and of somebody outside the picture, pass over the ground."""

    name = "shadow"
    disturbed = tuple(Stretch(s, s + 9) for s in range(20, 110, 18))

    @cached_property
    def _edge(self) -> NDArray[np.float32]:
        """Darkness along x, three pictures wide, (3W,): none, then half a picture of shade, then none."""
        x = np.arange(3 * self.width, dtype=np.float32) / self.width - 1.5
        return np.asarray(0.38 * np.exp(-((x / 0.22) ** 4)), np.float32)

    def light(self, picture: Image, second: float) -> Image:
        for span in self.disturbed:
            if not span.holds(second):
                continue
            at = round((2.0 - 2.0 * span.share(second)) * self.width)
            keep = ((1 - self._edge[at : at + self.width]) * 255).astype(np.uint8)
            ground = picture[round(self.height * 0.5) :]
            shade = np.repeat(np.repeat(keep[None, :, None], ground.shape[0], 0), 3, 2)
            ground[:] = cv2.multiply(ground, shade, scale=1 / 255)
        return picture


NEGATIVES: dict[str, type[Negative]] = {
    "branches": Branches,
    "rain": Rain,
    "snow": Snow,
    "insects": Insects,
    "headlights": Headlights,
    "curtain": Curtain,
    "light-switch": LightSwitch,
    "infrared-flip": InfraredFlip,
    "camera-shake": CameraShake,
    "robot-vacuum": RobotVacuum,
    "television": Television,
    "shadow": Shadow,
}
