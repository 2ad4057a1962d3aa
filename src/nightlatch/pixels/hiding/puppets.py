"""Draws who was there: a figure for each person, with its place, size, posture and direction. Pure; no pixel is kept.

A person is one plain colour a track: the left arm and leg are lighter, the right ones darker, and knees are marked,
since whether somebody sits shows in where they are; a face and a nose show where they look, a bare dark head that they
look away; a ring on the ground shows where they stand or lie. Where no posture is known there is a capsule. An animal,
a vehicle or a parcel is a shape with its word. What moved through the picture and no eye knew is a dashed shape that
says "something"; one who was lost where they stood, "somebody?". Nothing here ever reads what a person or a thing
looked like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import ANIMALS, Kind
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
Spot = tuple[float, float]  # in pixels
COLOURS: tuple[Colour, ...] = (
    (36, 120, 240),
    (200, 120, 30),
    (60, 160, 60),
    (170, 60, 170),
    (30, 190, 220),
    (80, 70, 210),
    (180, 170, 40),
    (165, 95, 250),
)  # of people
ANIMAL: Colour = (150, 235, 245)
VEHICLE: Colour = (245, 215, 160)
PARCEL: Colour = (150, 190, 215)
STRANGER: Colour = (170, 145, 115)
RIM: Colour = (30, 30, 30)
SHADOW: Colour = (45, 45, 45)
WORDS = {Kind.MOTION: "something", Kind.PACKAGE: "parcel"}  # others say what they are
SOMEBODY = "somebody?"
LIGHT, DARK = 0.45, 0.6  # of white in the left limbs, and of the colour in the right ones
SIDEWAYS = 0.3  # of the trunk's length: shoulders no further apart than this show somebody from the side
KNEE = 0.14  # of the trunk's length: who sits towards the camera is told from who stands by where the knees are
FACE = 0.62  # of the head
TEXT = cv2.FONT_HERSHEY_SIMPLEX
THICKEST = 235.0  # OpenCV draws no line beyond 255, and there is a rim
SHIFT = 4  # sub-pixel bits


@dataclass(frozen=True, slots=True)
class Puppet:
    """What is drawn for one person or thing in one picture. `number` chooses a person's colour."""

    kind: Kind
    number: int
    box: Box
    figure: Figure | None = None
    goes_right: bool = True
    is_lost: bool = False  # somebody who may still be about here, and nobody knows how they stand


def drawn(plate: Bgr, puppets: tuple[Puppet, ...]) -> Bgr:
    """The plate, (H, W, 3), with all puppets in front of it: who stands lower is nearer."""
    made = plate.copy()
    for puppet in sorted(puppets, key=lambda each: (each.box.bottom, each.number)):
        if puppet.kind is not Kind.PERSON or puppet.is_lost:
            _thing(made, puppet)
        elif puppet.figure is None:
            _capsule(made, puppet)
        else:
            _person(made, puppet.figure, COLOURS[puppet.number % len(COLOURS)])
    for puppet in puppets:
        if puppet.kind is not Kind.PERSON or puppet.is_lost:
            _say(made, puppet)
    return made


def lighter(colour: Colour) -> Colour:
    """Of left arms and legs, and faces."""
    b, g, r = (round(each + (255 - each) * LIGHT) for each in colour)
    return b, g, r


def darker(colour: Colour) -> Colour:
    """Of right arms and legs, and of the backs of heads."""
    b, g, r = (round(each * DARK) for each in colour)
    return b, g, r


def _person(picture: Bgr, figure: Figure, colour: Colour) -> None:
    height, width = picture.shape[:2]
    at = [(x * width, y * height) for x, y in figure.points]
    shoulders, hips = _middle(at[LEFT_SHOULDER], at[RIGHT_SHOULDER]), _middle(at[LEFT_HIP], at[RIGHT_HIP])
    torso = max(math.dist(shoulders, hips), 0.6 * math.dist(at[LEFT_SHOULDER], at[RIGHT_SHOULDER]), 4.0)
    thick, rim = max(1.5, 0.22 * torso), max(1.0, 0.03 * torso)
    _ring(picture, at, torso, colour)
    facing = _facing(at, shoulders, hips, torso)
    sides = ((0, lighter(colour)), (1, darker(colour)))  # lines of ARMS and LEGS
    far, near = sides if at[NOSE][0] >= shoulders[0] else sides[::-1]  # who looks to the right shows the right side
    for side, shade in (far, near):
        for wide, limb in ((0.95 * thick, LEGS[side]), (0.75 * thick, ARMS[side])):
            if side == far[0] or limb in LEGS:
                _limb(picture, [at[n] for n in limb], wide, rim, shade)
    trunk = np.array([at[LEFT_SHOULDER], at[RIGHT_SHOULDER], at[RIGHT_HIP], at[LEFT_HIP]])
    for wider, shade in ((2 * rim, RIM), (0.0, colour)):
        for m in range(4):
            _line(picture, tuple(trunk[m]), tuple(trunk[m - 1]), thick + wider, shade)
        cv2.fillConvexPoly(picture, cv2.convexHull(_fixed(trunk)), shade, cv2.LINE_AA, SHIFT)
    for side in (far[0], near[0]):
        knee = at[LEGS[side][1]]
        _disc(picture, knee, max(2.0, KNEE * torso) + rim, RIM)
        _disc(picture, knee, max(2.0, KNEE * torso), colour)
    head = _middle(at[LEFT_EAR], at[RIGHT_EAR])
    _limb(picture, [shoulders, head], 0.8 * thick, rim, colour)
    _head(picture, head, at, torso, facing, colour)
    _limb(picture, [at[n] for n in ARMS[near[0]]], 0.75 * thick, rim, near[1])


def _facing(at: Sequence[Spot], shoulders: Spot, hips: Spot, torso: float) -> float:
    """How far the left shoulder is to the right of the right one, as upright: above 0 they look at the camera."""
    up = (shoulders[0] - hips[0]) / torso, (shoulders[1] - hips[1]) / torso
    across = at[LEFT_SHOULDER][0] - at[RIGHT_SHOULDER][0], at[LEFT_SHOULDER][1] - at[RIGHT_SHOULDER][1]
    return (across[1] * up[0] - across[0] * up[1]) / torso


def _head(picture: Bgr, head: Spot, at: Sequence[Spot], torso: float, facing: float, colour: Colour) -> None:
    """A disc; with a face and a nose where they look, and dark where they look away."""
    radius = min(0.5 * torso, max(0.25 * torso, 0.6 * math.dist(at[LEFT_EAR], at[RIGHT_EAR])))
    rim = max(1.0, 0.03 * torso)
    is_away = facing < -SIDEWAYS
    nose = _toward(head, at[NOSE], 1.55 * radius)
    shade = darker(colour) if is_away else colour
    if not is_away and math.dist(head, nose) > 0.5 * radius:
        _line(picture, head, nose, 0.6 * radius + 2 * rim, RIM)
    _disc(picture, head, radius + rim, RIM)
    if not is_away and math.dist(head, nose) > 0.5 * radius:
        _line(picture, head, nose, 0.6 * radius, lighter(colour))
    _disc(picture, head, radius, shade)
    if is_away:
        return
    face = _toward(head, at[NOSE], 0.45 * radius)
    _disc(picture, face, FACE * radius, lighter(colour))
    if radius < 5:
        return
    aside = at[LEFT_EAR][0] - at[RIGHT_EAR][0], at[LEFT_EAR][1] - at[RIGHT_EAR][1]
    reach = 0.28 * radius / max(1e-6, math.hypot(*aside))
    for way in (-reach, reach) if facing > SIDEWAYS else (0.0,):
        _disc(picture, (face[0] + way * aside[0], face[1] + way * aside[1]), 0.13 * radius, RIM)


def _ring(picture: Bgr, at: Sequence[Spot], torso: float, colour: Colour) -> None:
    """Where they touch the ground: small under who stands, long under who lies."""
    low = max(y for _, y in at)
    touching = [x for x, y in at if y > low - 0.4 * torso]
    middle = (min(touching) + max(touching)) / 2, low
    axes = max(0.3 * torso, (max(touching) - min(touching)) / 2 + 0.15 * torso), max(1.5, 0.12 * torso)
    _oval(picture, middle, axes, darker(colour))
    _oval(picture, middle, (axes[0] - max(1.0, 0.04 * torso), axes[1] - max(1.0, 0.04 * torso)), SHADOW)


def _capsule(picture: Bgr, puppet: Puppet) -> None:
    """A body without a posture: as long and as wide as its box."""
    height, width = picture.shape[:2]
    left, top, right, bottom = _in_pixels(puppet.box, width, height)
    thick = min(THICKEST, 0.7 * min(right - left, bottom - top))
    x, y, half = (left + right) / 2, (top + bottom) / 2, thick / 2
    is_cut = top <= 0.015 * height  # their head is above the picture
    lies = right - left > bottom - top and not is_cut
    if is_cut:
        top, half = top - thick, min(half, 0.4 * (bottom - top))
    a, b = ((left + half, y), (right - half, y)) if lies else ((x, top + half), (x, bottom - half))
    _line(picture, a, b, thick + 2 * max(2.0, 0.006 * height), RIM)
    _line(picture, a, b, thick, COLOURS[puppet.number % len(COLOURS)])


def _thing(picture: Bgr, puppet: Puppet) -> None:
    """An animal, a vehicle, a parcel or something: a flat shape, its head or front where it is going."""
    height, width = picture.shape[:2]
    left, top, right, bottom = _in_pixels(puppet.box, width, height)
    middle, half = ((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2)
    ahead = 1.0 if puppet.goes_right else -1.0
    if puppet.kind in ANIMALS:
        _animal(picture, middle, half, ahead)
    elif puppet.kind is Kind.MOTION or puppet.is_lost:
        _stranger(picture, middle, half)
    else:
        colour = VEHICLE if puppet.kind is Kind.VEHICLE else PARCEL
        cv2.rectangle(picture, _whole((left, top)), _whole((right, bottom)), colour, -1)
        cv2.rectangle(picture, _whole((left, top)), _whole((right, bottom)), RIM, 2)
        if puppet.kind is Kind.VEHICLE:
            for way in (-0.55, 0.55):
                _disc(picture, (middle[0] + way * half[0], bottom), max(2.0, 0.22 * half[1]), RIM)
            front = middle[0] + ahead * half[0]
            cv2.line(picture, _whole((front, top)), _whole((middle[0] + ahead * 0.5 * half[0], bottom)), RIM, 2)
            cv2.line(picture, _whole((front, bottom)), _whole((middle[0] + ahead * 0.5 * half[0], top)), RIM, 2)


def _animal(picture: Bgr, middle: Spot, half: Spot, ahead: float) -> None:
    """Body, four legs, a tail and a head with ears, within its box."""
    x, y = middle
    legs = [(x + share * half[0], y + 0.25 * half[1]) for share in (-0.5, -0.3, 0.25, 0.45)]
    head = (x + ahead * 0.7 * half[0], y - 0.5 * half[1])
    size = max(2.0, 0.42 * min(half))
    for rim, shade in ((2.0, RIM), (0.0, ANIMAL)):
        wide = max(2.0, 0.16 * min(half)) + 2 * rim
        for leg in legs:
            _line(picture, leg, (leg[0], y + 0.92 * half[1]), wide, shade)
        tail = (x - ahead * 0.6 * half[0], y), (x - ahead * 0.95 * half[0], y - 0.7 * half[1])
        _line(picture, *tail, wide, shade)
        _oval(
            picture, (x - ahead * 0.05 * half[0], y + 0.1 * half[1]), (0.7 * half[0] + rim, 0.45 * half[1] + rim), shade
        )
        for ear in (-0.6, 0.6):
            _line(picture, head, (head[0] + ear * size, head[1] - 1.2 * size), wide, shade)
        _disc(picture, head, size + rim, shade)
    _disc(picture, (head[0] + ahead * 0.45 * size, head[1] - 0.1 * size), max(1.0, 0.14 * size), RIM)


def _stranger(picture: Bgr, middle: Spot, half: Spot) -> None:
    axes = (max(2, round(half[0])), max(2, round(half[1])))
    cv2.ellipse(picture, _whole(middle), axes, 0, 0, 360, STRANGER, -1, cv2.LINE_AA)
    for turn in range(0, 360, 30):
        cv2.ellipse(picture, _whole(middle), axes, 0, turn, turn + 17, RIM, 2, cv2.LINE_AA)


def word_scale(height: int) -> float:
    """How large words are written on a picture so high, as OpenCV counts it."""
    return min(1.0, max(0.5, height / 800))


def _say(picture: Bgr, puppet: Puppet) -> None:
    """The word of a thing, above it where there is room."""
    height, width = picture.shape[:2]
    left, top, right, _ = _in_pixels(puppet.box, width, height)
    word, scale = SOMEBODY if puppet.is_lost else WORDS.get(puppet.kind, str(puppet.kind)), word_scale(height)
    (across, down), under = cv2.getTextSize(word, TEXT, scale, 1)
    x = min(max(0.0, (left + right - across) / 2 - 3), max(0.0, width - across - 6.0))
    y = max(0.0, top - down - under - 4)
    cv2.rectangle(picture, _whole((x, y)), _whole((x + across + 6, y + down + under + 4)), RIM, -1)
    cv2.putText(picture, word, _whole((x + 3, y + down + 2)), TEXT, scale, (255, 255, 255), 1, cv2.LINE_AA)


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


def _limb(picture: Bgr, places: Sequence[Spot], wide: float, rim: float, colour: Colour) -> None:
    """A line of several pieces with one dark rim around all of it."""
    for wider, shade in ((2 * rim, RIM), (0.0, colour)):
        for a, b in pairwise(places):
            _line(picture, a, b, wide + wider, shade)


def _oval(picture: Bgr, at: Spot, axes: Spot, colour: Colour) -> None:
    centre = _fixed(np.array([at]))[0]
    size = tuple(round(min(4000.0, max(1.0, each)) * (1 << SHIFT)) for each in axes)
    cv2.ellipse(picture, tuple(map(int, centre)), size, 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def _disc(picture: Bgr, at: tuple[float, float], radius: float, colour: Colour) -> None:
    centre = _fixed(np.array([at]))[0]
    size = round(max(1.0, radius) * (1 << SHIFT))
    cv2.circle(picture, tuple(map(int, centre)), size, colour, -1, cv2.LINE_AA, SHIFT)
