"""Draws who was there: a figure for each person, with its place, size, posture and direction. Pure; no pixel is kept.

A person is a plain colour, one a track; where no posture is known, a capsule. An animal or a vehicle is a shape with
its word. Nothing here ever reads what a person or a thing looked like.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.figures import (
    ARMS,
    LEFT_EAR,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEGS,
    NOSE,
    RIGHT_EAR,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Figure,
)

Bgr = NDArray[np.uint8]
Colour = tuple[int, int, int]
COLOURS: tuple[Colour, ...] = (
    (36, 120, 240),
    (200, 120, 30),
    (60, 160, 60),
    (170, 60, 170),
    (30, 190, 220),
    (80, 70, 210),
    (180, 170, 40),
    (120, 60, 90),
)  # of people
THING: Colour = (225, 225, 225)
RIM: Colour = (30, 30, 30)
SHIFT = 4  # sub-pixel bits


@dataclass(frozen=True, slots=True)
class Puppet:
    """What is drawn for one person or thing in one picture. `number` chooses the colour."""

    kind: Kind
    number: int
    box: Box
    figure: Figure | None = None
    goes_right: bool = True


def drawn(plate: Bgr, puppets: tuple[Puppet, ...]) -> Bgr:
    """The plate, (H, W, 3), with all puppets in front of it: who stands lower is nearer."""
    made = plate.copy()
    for puppet in sorted(puppets, key=lambda each: (each.box.bottom, each.number)):
        if puppet.kind is not Kind.PERSON:
            _thing(made, puppet)
        elif puppet.figure is None:
            _capsule(made, puppet)
        else:
            _person(made, puppet.figure, COLOURS[puppet.number % len(COLOURS)])
    return made


def _person(picture: Bgr, figure: Figure, colour: Colour) -> None:
    height, width = picture.shape[:2]
    at = [(x * width, y * height) for x, y in figure.points]
    shoulders, hips = _middle(at[LEFT_SHOULDER], at[RIGHT_SHOULDER]), _middle(at[LEFT_HIP], at[RIGHT_HIP])
    torso = max(math.dist(shoulders, hips), 0.6 * math.dist(at[LEFT_SHOULDER], at[RIGHT_SHOULDER]), 4.0)
    thick = 0.22 * torso
    strokes = [(at[a], at[b], thick * 0.8) for arm in ARMS for a, b in pairwise(arm)]
    strokes += [(at[a], at[b], thick) for leg in LEGS for a, b in pairwise(leg)]
    head = _middle(at[LEFT_EAR], at[RIGHT_EAR])
    strokes.append((shoulders, head, thick * 0.8))
    trunk = np.array([at[LEFT_SHOULDER], at[RIGHT_SHOULDER], at[RIGHT_HIP], at[LEFT_HIP]])
    radius = 0.24 * torso
    nose = _toward(head, at[NOSE], 1.7 * radius)
    for rim, shade in ((max(1.5, 0.03 * torso), RIM), (0.0, colour)):
        for a, b, wide in strokes:
            _line(picture, a, b, wide + 2 * rim, shade)
        for m in range(4):
            _line(picture, tuple(trunk[m]), tuple(trunk[m - 1]), thick + 2 * rim, shade)
        cv2.fillConvexPoly(picture, cv2.convexHull(_fixed(trunk)), shade, cv2.LINE_AA, SHIFT)
        _line(picture, head, nose, 0.5 * radius + 2 * rim, shade)
        _disc(picture, head, radius + rim, shade)


def _capsule(picture: Bgr, puppet: Puppet) -> None:
    """A body without a posture: as long and as wide as its box."""
    height, width = picture.shape[:2]
    left, top, right, bottom = _in_pixels(puppet.box, width, height)
    thick = 0.7 * min(right - left, bottom - top)
    x, y, half = (left + right) / 2, (top + bottom) / 2, thick / 2
    lies = right - left > bottom - top
    a, b = ((left + half, y), (right - half, y)) if lies else ((x, top + half), (x, bottom - half))
    _line(picture, a, b, thick + 3, RIM)
    _line(picture, a, b, thick, COLOURS[puppet.number % len(COLOURS)])


def _thing(picture: Bgr, puppet: Puppet) -> None:
    """An animal or a vehicle: a flat shape with its word, its head or front where it is going."""
    height, width = picture.shape[:2]
    left, top, right, bottom = _in_pixels(puppet.box, width, height)
    middle, half = ((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2)
    if puppet.kind is Kind.VEHICLE:
        cv2.rectangle(picture, _whole((left, top)), _whole((right, bottom)), THING, -1)
        cv2.rectangle(picture, _whole((left, top)), _whole((right, bottom)), RIM, 2)
    else:
        head = (middle[0] + (0.75 if puppet.goes_right else -0.75) * half[0], middle[1] - 0.55 * half[1])
        for rim, shade in ((2.0, RIM), (0.0, THING)):
            axes = (max(2, round(0.85 * half[0] + rim)), max(2, round(0.7 * half[1] + rim)))
            cv2.ellipse(picture, _whole(middle), axes, 0, 0, 360, shade, -1, cv2.LINE_AA)
            _disc(picture, head, 0.35 * half[1] + rim, shade)
    word, scale = str(puppet.kind), max(0.35, min(1.2, half[0] / 60))
    (across, down), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = _whole((min(max(2.0, middle[0] - across / 2), max(2.0, width - across - 2.0)), middle[1] + down / 2))
    cv2.putText(picture, word, place, cv2.FONT_HERSHEY_SIMPLEX, scale, RIM, 1, cv2.LINE_AA)


def _middle(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _toward(a: tuple[float, float], b: tuple[float, float], most: float) -> tuple[float, float]:
    """From `a` towards `b`, no further than `most`."""
    far = math.dist(a, b)
    share = 1.0 if far <= most else most / far
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _in_pixels(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    return box.left * width, box.top * height, box.right * width, box.bottom * height


def _whole(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0]), round(place[1])


def _fixed(places: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.asarray(np.clip(places, -4000, 8000) * (1 << SHIFT), np.int32)


def _line(picture: Bgr, a: tuple[float, ...], b: tuple[float, ...], thick: float, colour: Colour) -> None:
    ends = _fixed(np.array([a, b]))
    wide = max(1, min(255, round(thick)))
    cv2.line(picture, tuple(map(int, ends[0])), tuple(map(int, ends[1])), colour, wide, cv2.LINE_AA, SHIFT)


def _disc(picture: Bgr, at: tuple[float, float], radius: float, colour: Colour) -> None:
    centre = _fixed(np.array([at]))[0]
    size = round(max(1.0, radius) * (1 << SHIFT))
    cv2.circle(picture, tuple(map(int, centre)), size, colour, -1, cv2.LINE_AA, SHIFT)
