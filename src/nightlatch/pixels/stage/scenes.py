"""Scenes rendered from code alone: the same seed gives the same pictures, in any order, with the truth about each.

Every moving thing is drawn from its visit (kind, path, from, to), so its box is known, not guessed. Pictures are
(H, W, 3) uint8 BGR; scenes repeat after `CYCLE_S`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
CYCLE_S = 120.0
NOISE_BANK = 7
SHIFT = 4  # sub-pixel bits of OpenCV's drawing
CODE = "CANARY-7f3a"


@dataclass(frozen=True, slots=True)
class Truth:
    """One moving thing in one picture, and the whole of its visit in milliseconds of the scene."""

    kind: str
    box: Box
    from_ms: int
    to_ms: int


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


def _point(x: float, y: float) -> tuple[int, int]:
    return round(x * (1 << SHIFT)), round(y * (1 << SHIFT))


def _limb(picture: Image, a: tuple[float, float], b: tuple[float, float], thick: float, colour: Colour) -> None:
    cv2.line(picture, _point(*a), _point(*b), colour, max(1, round(thick)), cv2.LINE_AA, SHIFT)


def _blob(picture: Image, x: float, y: float, rx: float, ry: float, colour: Colour, turn: float = 0) -> None:
    axes = (max(1, round(rx * (1 << SHIFT))), max(1, round(ry * (1 << SHIFT))))
    cv2.ellipse(picture, _point(x, y), axes, turn, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def _shade(colour: Colour, by: float) -> Colour:
    return (min(255, int(colour[0] * by)), min(255, int(colour[1] * by)), min(255, int(colour[2] * by)))


def _person(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    """A walking figure whose feet are at (x, y), `high` pixels tall."""
    way = 1 if right else -1
    swing = sin(second * 2 * pi * 0.9)
    hip, shoulder, head = y - high * 0.47, y - high * 0.80, y - high * 0.91
    dark, skin = _shade(colour, 0.62), (150, 172, 205) if max(colour) - min(colour) > 8 else (178, 178, 178)
    _blob(picture, x, y, high * 0.16, high * 0.022, _shade(colour, 0.3))
    for side in (1, -1):
        stride = swing * side
        knee = (x + way * high * (0.055 + 0.075 * stride), y - high * 0.25)
        foot = (x + way * high * 0.16 * stride, y - high * (0.01 + 0.04 * max(0.0, -cos(second * 2 * pi * 0.9) * side)))
        _limb(picture, (x, hip), knee, high * 0.085, dark)
        _limb(picture, knee, foot, high * 0.07, dark)
        _limb(picture, foot, (foot[0] + way * high * 0.05, foot[1]), high * 0.04, _shade(dark, 0.6))
        elbow = (x - way * high * 0.06 * stride, y - high * 0.64)
        hand = (x - way * high * (0.13 * stride - 0.03), y - high * 0.50)
        _limb(picture, (x, shoulder), elbow, high * 0.06, _shade(colour, 0.86))
        _limb(picture, elbow, hand, high * 0.05, _shade(colour, 0.86))
    _limb(picture, (x, hip), (x + way * high * 0.012, shoulder), high * 0.155, colour)
    _blob(picture, x + way * high * 0.012, shoulder, high * 0.088, high * 0.05, colour)
    _blob(picture, x + way * high * 0.025, head, high * 0.056, high * 0.07, skin)
    _blob(picture, x + way * high * 0.010, head - high * 0.025, high * 0.058, high * 0.05, _shade(dark, 0.5))


def _animal(
    picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour, dog: bool
) -> None:
    """A cat or a dog on the move; `high` to the top of its head."""
    way = 1 if right else -1
    pace = second * 2 * pi * (1.9 if dog else 1.5)
    back, length = y - high * 0.62, high * (1.25 if dog else 1.45)
    _blob(picture, x, y, length * 0.55, high * 0.05, _shade(colour, 0.35))
    for n, share in enumerate((-0.36, -0.28, 0.28, 0.36)):
        swing = sin(pace + n * pi * 0.55) * high * 0.16
        top = (x + way * length * share, back + high * 0.12)
        _limb(picture, top, (top[0] + way * swing, y), high * 0.12, _shade(colour, 0.8 if n % 2 else 0.95))
    _blob(picture, x, back, length * 0.46, high * (0.24 if dog else 0.2), colour)
    neck = (x + way * length * 0.40, back - high * 0.06)
    head = (x + way * length * 0.54, y - high * 0.80)
    _limb(picture, neck, head, high * 0.2, colour)
    _blob(picture, *head, high * 0.19, high * 0.16, _shade(colour, 1.06))
    if dog:
        _blob(
            picture, head[0] + way * high * 0.17, head[1] + high * 0.04, high * 0.13, high * 0.07, _shade(colour, 0.9)
        )
        _blob(
            picture, head[0] - way * high * 0.08, head[1] - high * 0.02, high * 0.07, high * 0.15, _shade(colour, 0.6)
        )
    else:
        for ear in (-0.1, 0.08):
            tip = (head[0] + way * high * ear, head[1] - high * 0.24)
            _limb(picture, (head[0] + way * high * ear, head[1] - high * 0.1), tip, high * 0.09, colour)
    tail = (x - way * length * 0.44, back - high * 0.04)
    lift = high * (0.35 + 0.12 * sin(pace * 0.6))
    _limb(picture, tail, (tail[0] - way * high * 0.3, tail[1] - lift), high * 0.085, _shade(colour, 0.9))


def _cat(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    _animal(picture, x, y, high, second, right, colour, dog=False)


def _dog(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    _animal(picture, x, y, high, second, right, colour, dog=True)


def _block(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    cv2.rectangle(picture, (round(x - high / 2), round(y - high)), (round(x + high / 2), round(y)), colour, -1)


DRAWN: dict[str, Callable[[Image, float, float, float, float, bool, Colour], None]] = {
    "person": _person,
    "cat": _cat,
    "dog": _dog,
    "block": _block,
}
SHAPE = {"person": 0.45, "cat": 2.1, "dog": 1.9, "block": 1.0}  # width over height


def _fade(canvas: Image, top: int, bottom: int, first: Colour, last: Colour) -> None:
    """A vertical gradient between two rows."""
    rows = max(1, bottom - top)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    blend = np.asarray(first, np.float32) * (1 - share) + np.asarray(last, np.float32) * share
    canvas[top:bottom] = blend[:, None, :].astype(np.uint8)


class Porch(Scene):
    """A front garden at night in infrared: a path, a hedge, a street. Rain for a while, headlights now and then."""

    noise = 5.0
    visits = (
        Visit("person", 8, 22, (0.80, 0.60), (0.40, 0.97), 0.24, 0.60, (150, 150, 150)),
        Visit("person", 24, 36, (0.40, 0.97), (0.86, 0.58), 0.60, 0.22, (150, 150, 150)),
        Visit("cat", 66, 76, (-0.06, 0.90), (1.06, 0.80), 0.10, 0.085, (190, 190, 190)),
        Visit("person", 96, 106, (-0.05, 0.57), (1.05, 0.57), 0.17, 0.17, (110, 110, 110)),
    )

    def place(self, canvas: Image) -> Image:
        h, w = self.height, self.width
        horizon = round(h * 0.5)
        _fade(canvas, 0, horizon, (16, 16, 16), (46, 46, 46))
        _fade(canvas, horizon, h, (62, 62, 62), (112, 112, 112))
        random = np.random.default_rng(self.seed)
        for x, high in ((0.62, 0.19), (0.78, 0.24), (0.93, 0.20)):  # houses across the street
            left, top = round(x * w - 0.085 * w), round(horizon - high * h)
            cv2.rectangle(canvas, (left, top), (round(x * w + 0.07 * w), horizon), (38, 38, 38), -1)
            roof = np.array(
                [[left - 12, top], [round(x * w - 0.008 * w), top - 46], [round(x * w + 0.07 * w) + 12, top]]
            )
            cv2.fillPoly(canvas, [roof.astype(np.int32)], (28, 28, 28), cv2.LINE_AA)
            cv2.rectangle(canvas, (left + 24, top + 30), (left + 52, top + 62), (120, 120, 120), -1)
        cv2.rectangle(canvas, (0, horizon), (w, round(h * 0.575)), (74, 74, 74), -1)  # the street
        for _ in range(520):  # grass
            left, foot = int(random.integers(0, w)), int(h * (0.6 + 0.4 * random.random()))
            tone = int(84 + 50 * random.random())
            cv2.line(
                canvas, (left, foot), (left + 2, foot - 3 - (foot - horizon) // 50), (tone, tone, tone), 1, cv2.LINE_AA
            )
        path = np.array([[0.79, 0.575], [0.84, 0.575], [0.58, 1.0], [0.20, 1.0]]) * (w, h)
        cv2.fillPoly(canvas, [path.astype(np.int32)], (138, 138, 138), cv2.LINE_AA)
        for n in range(9):
            t = (n / 9) ** 1.7
            y = h * (0.575 + 0.425 * t)
            left, right = w * (0.79 - 0.59 * t), w * (0.84 - 0.26 * t)
            cv2.line(
                canvas, (round(left), round(y)), (round(right), round(y)), (116, 116, 116), 1 + n // 4, cv2.LINE_AA
            )
        for _ in range(150):  # hedge
            x, y = 0.30 * random.random() * w, h * (0.40 + 0.24 * random.random())
            tone = int(48 + 42 * random.random())
            _blob(canvas, x, y, 26, 18, (tone, tone, tone))
        cv2.rectangle(canvas, (round(w * 0.945), 0), (w, h), (58, 58, 58), -1)  # the post of the porch
        cv2.rectangle(canvas, (round(w * 0.945), 0), (round(w * 0.952), h), (88, 88, 88), -1)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        glow = 1.16 - 0.62 * (((xx - w * 0.42) / w) ** 2 * 2.1 + ((yy - h * 0.86) / h) ** 2)  # the camera's own lamp
        return np.asarray(np.clip(canvas * glow[..., None], 0, 255), dtype=np.uint8)

    def stir(self, picture: Image, second: float, index: int) -> None:
        h, w = self.height, self.width
        sway = sin(second * 1.3) * 2.2 + sin(second * 2.9)
        for n in range(7):  # a branch from above
            x = w * (0.05 + 0.025 * n)
            end = (x + sway * (0.4 + n * 0.15) + 40, h * (0.16 + 0.025 * (n % 4)))
            _limb(picture, (x - 40, -6), end, 5, (66, 66, 66))
            _blob(picture, *end, 26, 12, (88, 88, 88), 30 + sway * 2)
        if 40 <= second < 58:
            self._rain(picture, index)

    def _rain(self, picture: Image, index: int) -> None:
        random = np.random.default_rng(self.seed * 100_003 + index % 997)
        for x, y in random.random((70, 2)):
            a = (round(x * self.width), round(y * self.height))
            cv2.line(picture, a, (a[0] - 3, a[1] + 20), (158, 158, 158), 1, cv2.LINE_AA)

    def light(self, picture: Image, second: float) -> Image:
        if not 84 <= second < 88:
            return picture
        share = (second - 84) / 4  # headlights sweep over the houses
        beam = np.exp(-(((np.arange(self.width) / self.width - (1.2 - 1.4 * share)) / 0.12) ** 2)) * 70
        top = picture[: round(self.height * 0.575)]
        top[:] = np.clip(top + beam[None, :, None], 0, 255).astype(np.uint8)
        return picture


class LivingRoom(Scene):
    """A living room by day: a window, a sofa, a rug; people, a cat and a dog; once the light is switched."""

    noise = 2.2
    visits = (
        Visit("person", 14, 26, (1.08, 0.93), (-0.08, 0.95), 0.66, 0.68, (138, 96, 62)),
        Visit("cat", 46, 58, (-0.1, 0.88), (1.1, 0.93), 0.13, 0.14, (82, 128, 190)),
        Visit("dog", 80, 90, (1.12, 0.94), (-0.12, 0.90), 0.24, 0.23, (70, 92, 118)),
        Visit("person", 104, 113, (-0.08, 0.95), (1.08, 0.94), 0.67, 0.66, (96, 78, 150)),
    )

    def place(self, canvas: Image) -> Image:
        h, w = self.height, self.width
        floor = round(h * 0.68)
        _fade(canvas, 0, floor, (206, 214, 220), (188, 199, 208))
        _fade(canvas, floor, h, (96, 128, 160), (120, 154, 188))
        for n in range(12):  # boards
            x = w * (n / 11)
            a, b = (round(w / 2 + (x - w / 2) * 0.72), floor), (round(w / 2 + (x - w / 2) * 1.5), h)
            cv2.line(canvas, a, b, (88, 118, 148), 1, cv2.LINE_AA)
        cv2.rectangle(canvas, (0, floor - 12), (w, floor), (222, 228, 232), -1)
        wl, wt, wr, wb = round(w * 0.09), round(h * 0.10), round(w * 0.36), round(h * 0.48)
        cv2.rectangle(canvas, (wl - 10, wt - 10), (wr + 10, wb + 10), (236, 240, 243), -1)
        sky = np.linspace(0, 1, wb - wt, dtype=np.float32)[:, None, None]
        canvas[wt:wb, wl:wr] = ((1 - sky) * (244, 214, 170) + sky * (246, 238, 222)).astype(np.uint8)
        pane = canvas[wt:wb, wl:wr]
        _blob(pane, (wr - wl) * 0.3, wb - wt, (wr - wl) * 0.3, 46, (120, 158, 118))
        _blob(pane, (wr - wl) * 0.8, wb - wt, (wr - wl) * 0.32, 66, (102, 140, 104))
        cv2.line(canvas, ((wl + wr) // 2, wt), ((wl + wr) // 2, wb), (236, 240, 243), 8)
        rug = np.array([[0.30, 0.80], [0.80, 0.80], [0.92, 0.98], [0.20, 0.98]]) * (w, h)
        cv2.fillPoly(canvas, [rug.astype(np.int32)], (150, 150, 196), cv2.LINE_AA)
        cv2.polylines(canvas, [rug.astype(np.int32)], True, (196, 200, 224), 5, cv2.LINE_AA)
        for x, y, rx, ry, tone in (  # the sofa
            (0.66, 0.60, 0.20, 0.11, (122, 104, 84)),
            (0.66, 0.70, 0.205, 0.075, (138, 118, 96)),
            (0.475, 0.66, 0.035, 0.10, (112, 94, 76)),
            (0.845, 0.66, 0.035, 0.10, (112, 94, 76)),
        ):
            left, right = round((x - rx) * w), round((x + rx) * w)
            top, bottom = round((y - ry) * h), round((y + ry) * h)
            cv2.rectangle(canvas, (left, top + 14), (right, bottom), tone, -1, cv2.LINE_AA)
            _blob(canvas, (left + right) / 2, top + 14, (right - left) / 2, 15, tone)
        _blob(canvas, w * 0.57, h * 0.60, 46, 40, (110, 150, 214), 12)
        for x0, y0, x1, y1, tone in (
            (0.53, 0.13, 0.63, 0.33, (150, 176, 150)),
            (0.67, 0.16, 0.74, 0.31, (176, 160, 200)),
        ):
            a, b = (round(x0 * w), round(y0 * h)), (round(x1 * w), round(y1 * h))
            cv2.rectangle(canvas, (a[0] - 7, a[1] - 7), (b[0] + 7, b[1] + 7), (70, 84, 96), -1)
            cv2.rectangle(canvas, a, b, tone, -1)
        _limb(canvas, (w * 0.93, h * 0.80), (w * 0.93, h * 0.36), 6, (60, 66, 72))
        shade = np.array([[0.90, 0.37], [0.96, 0.37], [0.945, 0.26], [0.915, 0.26]]) * (w, h)
        cv2.fillPoly(canvas, [shade.astype(np.int32)], (190, 222, 244), cv2.LINE_AA)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        day = 1.06 - 0.34 * (((xx - w * 0.26) / w) ** 2 + ((yy - h * 0.45) / h) ** 2 * 0.9)
        soft = cv2.GaussianBlur(canvas, (3, 3), 0)
        return np.asarray(np.clip(soft * day[..., None], 0, 255), dtype=np.uint8)

    def light(self, picture: Image, second: float) -> Image:
        if 68 <= second < 72:  # somebody switched the lamp
            return np.asarray(cv2.convertScaleAbs(picture, alpha=1.16, beta=9), dtype=np.uint8)
        return picture


class PrintedCode(Scene):
    """A large printed code and something that keeps moving: for the canary test and for quick events."""

    noise = 1.5
    visits = tuple(
        Visit("block", s, s + 8, (0.1, 0.9), (0.9, 0.9), 0.22, 0.22, (40, 60, 200)) for s in range(5, 119, 14)
    )

    def place(self, canvas: Image) -> Image:
        canvas[:] = (225, 228, 230)
        scale = self.width / 640
        where = (round(self.width * 0.08), round(self.height * 0.4))
        cv2.putText(
            canvas, CODE, where, cv2.FONT_HERSHEY_DUPLEX, 2.4 * scale, (20, 20, 20), round(5 * scale), cv2.LINE_AA
        )
        return canvas


class Flat(Scene):
    """A plain wall with a small clock that ticks: nothing ever happens."""

    noise = 2.0

    def place(self, canvas: Image) -> Image:
        _fade(canvas, 0, self.height, (150, 152, 154), (118, 120, 122))
        return canvas

    def stir(self, picture: Image, second: float, index: int) -> None:
        cv2.putText(picture, f"{second:06.2f}", (16, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (90, 92, 94), 1, cv2.LINE_AA)


SCENES: dict[str, type[Scene]] = {
    "porch": Porch,
    "living-room": LivingRoom,
    "printed_code": PrintedCode,
    "flat": Flat,
}


def scene(name: str, seed: int = 1, width: int = 1280, height: int = 720, fps: float = 15) -> Scene:
    """The scene called `name`. Raises `KeyError` for one that there is not."""
    return SCENES[name](seed, width, height, fps)
