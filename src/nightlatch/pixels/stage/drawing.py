"""Strokes and figures: people, pets, cars drawn with OpenCV at sub-pixel places. Pictures are (H, W, 3) uint8 BGR."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
SHIFT = 4  # sub-pixel bits of OpenCV's drawing


def point(x: float, y: float) -> tuple[int, int]:
    return round(x * (1 << SHIFT)), round(y * (1 << SHIFT))


def limb(picture: Image, a: tuple[float, float], b: tuple[float, float], thick: float, colour: Colour) -> None:
    cv2.line(picture, point(*a), point(*b), colour, max(1, round(thick)), cv2.LINE_AA, SHIFT)


def blob(picture: Image, x: float, y: float, rx: float, ry: float, colour: Colour, turn: float = 0) -> None:
    axes = (max(1, round(rx * (1 << SHIFT))), max(1, round(ry * (1 << SHIFT))))
    cv2.ellipse(picture, point(x, y), axes, turn, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def shade(colour: Colour, by: float) -> Colour:
    return (min(255, int(colour[0] * by)), min(255, int(colour[1] * by)), min(255, int(colour[2] * by)))


def _person(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    """A walking figure whose feet are at (x, y), `high` pixels tall."""
    way = 1 if right else -1
    swing = sin(second * 2 * pi * 0.9)
    hip, shoulder, head = y - high * 0.47, y - high * 0.80, y - high * 0.91
    dark, skin = shade(colour, 0.62), (150, 172, 205) if max(colour) - min(colour) > 8 else (178, 178, 178)
    blob(picture, x, y, high * 0.16, high * 0.022, shade(colour, 0.3))
    for side in (1, -1):
        stride = swing * side
        knee = (x + way * high * (0.055 + 0.075 * stride), y - high * 0.25)
        foot = (x + way * high * 0.16 * stride, y - high * (0.01 + 0.04 * max(0.0, -cos(second * 2 * pi * 0.9) * side)))
        limb(picture, (x, hip), knee, high * 0.085, dark)
        limb(picture, knee, foot, high * 0.07, dark)
        limb(picture, foot, (foot[0] + way * high * 0.05, foot[1]), high * 0.04, shade(dark, 0.6))
        elbow = (x - way * high * 0.06 * stride, y - high * 0.64)
        hand = (x - way * high * (0.13 * stride - 0.03), y - high * 0.50)
        limb(picture, (x, shoulder), elbow, high * 0.06, shade(colour, 0.86))
        limb(picture, elbow, hand, high * 0.05, shade(colour, 0.86))
    limb(picture, (x, hip), (x + way * high * 0.012, shoulder), high * 0.155, colour)
    blob(picture, x + way * high * 0.012, shoulder, high * 0.088, high * 0.05, colour)
    blob(picture, x + way * high * 0.025, head, high * 0.056, high * 0.07, skin)
    blob(picture, x + way * high * 0.010, head - high * 0.025, high * 0.058, high * 0.05, shade(dark, 0.5))


def _animal(
    picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour, dog: bool
) -> None:
    """A cat or a dog on the move; `high` to the top of its head."""
    way = 1 if right else -1
    pace = second * 2 * pi * (1.9 if dog else 1.5)
    back, length = y - high * 0.62, high * (1.25 if dog else 1.45)
    blob(picture, x, y, length * 0.55, high * 0.05, shade(colour, 0.35))
    for n, share in enumerate((-0.36, -0.28, 0.28, 0.36)):
        swing = sin(pace + n * pi * 0.55) * high * 0.16
        top = (x + way * length * share, back + high * 0.12)
        limb(picture, top, (top[0] + way * swing, y), high * 0.12, shade(colour, 0.8 if n % 2 else 0.95))
    blob(picture, x, back, length * 0.46, high * (0.24 if dog else 0.2), colour)
    neck = (x + way * length * 0.40, back - high * 0.06)
    head = (x + way * length * 0.54, y - high * 0.80)
    limb(picture, neck, head, high * 0.2, colour)
    blob(picture, *head, high * 0.19, high * 0.16, shade(colour, 1.06))
    if dog:
        blob(picture, head[0] + way * high * 0.17, head[1] + high * 0.04, high * 0.13, high * 0.07, shade(colour, 0.9))
        blob(picture, head[0] - way * high * 0.08, head[1] - high * 0.02, high * 0.07, high * 0.15, shade(colour, 0.6))
    else:
        for ear in (-0.1, 0.08):
            tip = (head[0] + way * high * ear, head[1] - high * 0.24)
            limb(picture, (head[0] + way * high * ear, head[1] - high * 0.1), tip, high * 0.09, colour)
    tail = (x - way * length * 0.44, back - high * 0.04)
    lift = high * (0.35 + 0.12 * sin(pace * 0.6))
    limb(picture, tail, (tail[0] - way * high * 0.3, tail[1] - lift), high * 0.085, shade(colour, 0.9))


def _cat(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    _animal(picture, x, y, high, second, right, colour, dog=False)


def _dog(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    _animal(picture, x, y, high, second, right, colour, dog=True)


def _block(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    cv2.rectangle(picture, (round(x - high / 2), round(y - high)), (round(x + high / 2), round(y)), colour, -1)


def _lying(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    """Somebody `high` pixels long who lies along the ground."""
    way = 1 if right else -1
    dark, back = shade(colour, 0.62), y - high * 0.08
    for lift in (0.0, 0.05):
        limb(picture, (x, back), (x - way * high * 0.42, y - high * (0.03 + lift)), high * 0.08, dark)
    limb(picture, (x, back), (x + way * high * 0.28, back), high * 0.15, colour)
    limb(
        picture, (x + way * high * 0.24, back), (x + way * high * 0.1, y - high * 0.2), high * 0.05, shade(colour, 0.86)
    )
    blob(picture, x + way * high * 0.40, back, high * 0.07, high * 0.056, (150, 172, 205))


def _vehicle(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Colour) -> None:
    """A car whose wheels stand at (x, y)."""
    way, long = (1 if right else -1), high * 2.4
    body = (round(x - long / 2), round(y - high * 0.62)), (round(x + long / 2), round(y - high * 0.15))
    cv2.rectangle(picture, *body, colour, -1)
    roof = [(-0.34, -0.6), (-0.2, -1.0), (0.16, -1.0), (0.32, -0.6)]
    corners = np.array([(x + way * a * long, y + b * high) for a, b in roof], np.int32)
    cv2.fillPoly(picture, [corners], shade(colour, 0.35), cv2.LINE_AA)
    for at in (-0.3, 0.3):
        blob(picture, x + at * long, y - high * 0.15, high * 0.16, high * 0.16, (25, 25, 25))


DRAWN: dict[str, Callable[[Image, float, float, float, float, bool, Colour], None]] = {
    "person": _person,
    "cat": _cat,
    "dog": _dog,
    "block": _block,
}
SHAPE = {"person": 0.45, "cat": 2.1, "dog": 1.9, "block": 1.0}  # width over height
FIGURES = DRAWN | {"animal": _dog, "vehicle": _vehicle, "lying": _lying}  # who plays behaviours
WIDTHS = SHAPE | {"animal": 1.9, "vehicle": 2.4}


def fade(canvas: Image, top: int, bottom: int, first: Colour, last: Colour) -> None:
    """A vertical gradient between two rows."""
    rows = max(1, bottom - top)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    blend = np.asarray(first, np.float32) * (1 - share) + np.asarray(last, np.float32) * share
    canvas[top:bottom] = blend[:, None, :].astype(np.uint8)
