"""A drawing shows place, size, posture and direction, and nothing of what somebody looked like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.figures import POINTS, Figure, like, middle_of, moved
from nightlatch.pixels.hiding.puppets import (
    ANIMAL,
    COLOURS,
    RIM,
    SHADOW,
    STRANGER,
    VEHICLE,
    Puppet,
    darker,
    drawn,
    lighter,
)
from tests.pixels.hiding.scenes import Act, Room, room, stage

BOX = Box(0.4, 0.1, 0.6, 0.95)
# Somebody who stands and looks at the camera: their left is to our right.
HEAD = {0: (0.5, 0.2), 7: (0.52, 0.19), 8: (0.48, 0.19)}
LEFT = {11: (0.55, 0.3), 13: (0.58, 0.42), 15: (0.58, 0.54), 23: (0.53, 0.55), 25: (0.53, 0.73), 27: (0.53, 0.9)}
STANDS = HEAD | LEFT | {n + 1: (1 - x, y) for n, (x, y) in LEFT.items()} | {31: (0.54, 0.93), 32: (0.46, 0.93)}
FRONT = Figure(tuple(STANDS.get(n, (0.5, 0.2)) for n in range(POINTS)), 0.9, BOX)
EVERYTHING = (
    Puppet(Kind.PERSON, 0, BOX, FRONT),
    Puppet(Kind.PERSON, 1, Box(0.05, 0.3, 0.2, 0.9)),
    Puppet(Kind.CAT, 2, Box(0.7, 0.7, 0.9, 0.9)),
    Puppet(Kind.VEHICLE, 3, Box(0.65, 0.2, 0.95, 0.45), goes_right=False),
    Puppet(Kind.MOTION, 4, Box(0.22, 0.7, 0.33, 0.85)),
)


def plain(grey: int) -> np.ndarray:
    return np.full((360, 640, 3), grey, np.uint8)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == np.array(colour)).all(axis=2)


@pytest.mark.parametrize("puppet", EVERYTHING, ids=lambda each: f"{each.kind} {each.number}")
def test_a_drawing_is_the_same_before_every_place(puppet: Puppet) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    first, second = drawn(noise, (puppet,)), drawn(255 - noise, (puppet,))
    is_same = (first == second).all(axis=2)
    is_drawn = (first != noise).any(axis=2) | (second != 255 - noise).any(axis=2)
    assert is_same.sum() > 500
    assert (is_drawn & ~is_same).sum() < 0.25 * is_drawn.sum()  # soft outlines
    mine = COLOURS[puppet.number]
    plainly = [
        has(first, colour) for colour in (mine, lighter(mine), darker(mine), RIM, SHADOW, ANIMAL, VEHICLE, STRANGER)
    ]
    assert np.any(plainly, axis=0)[is_same].mean() > 0.75  # and between them only where two of these meet


def test_same_finds_in_other_pictures_are_the_same_drawing(tmp_path: Path) -> None:
    """Somebody in other clothes and another light, found in the same places, is the same puppet."""

    class Other(Room):
        noise = 0.0

        def stir(self, picture: np.ndarray, second: float, index: int) -> None:
            picture[:] = 255 - picture
            super().stir(picture, second, index)

    act = Act("person", 2, 9, (-0.1, 0.93), (1.1, 0.93), 0.6)
    other = Other(1, 320, 180)
    other.acts = (act,)
    one, two = stage(room(act), tmp_path, 12), stage(other, tmp_path, 12)
    assert one.puppets == two.puppets
    assert any(one.puppets)


def test_left_and_right_face_and_back_can_be_told() -> None:
    picture = drawn(plain(200), (Puppet(Kind.PERSON, 0, BOX, FRONT),))
    left, right = has(picture, lighter(COLOURS[0])), has(picture, darker(COLOURS[0]))
    legs = np.s_[250:330]
    assert np.nonzero(left[legs])[1].mean() > np.nonzero(right[legs])[1].mean()
    assert left[50:90].any()  # a face
    back = drawn(plain(200), (Puppet(Kind.PERSON, 0, BOX, FRONT.mirrored),))
    assert not has(back, lighter(COLOURS[0]))[50:90].any()
    assert has(back, darker(COLOURS[0]))[50:90].any()


def test_who_lies_has_a_long_mark_on_the_ground_and_who_stands_a_short_one() -> None:
    lies = Figure(tuple((0.1 + 0.8 * y, 0.7 + 0.3 * (x - 0.5)) for x, y in FRONT.points), 0.9, Box(0.1, 0.6, 0.9, 0.8))

    def mark(figure: Figure) -> int:
        ground = has(drawn(plain(200), (Puppet(Kind.PERSON, 0, BOX, figure),)), (45, 45, 45))
        return int(np.ptp(np.flatnonzero(ground.any(axis=0))))

    assert mark(lies) > 3 * mark(FRONT)


def test_things_say_what_they_are_and_which_way_they_go() -> None:
    right, left = (
        drawn(plain(90), (Puppet(Kind.DOG, 0, Box(0.3, 0.5, 0.7, 0.8), None, way),)) for way in (True, False)
    )
    assert (right > 200).all(axis=2)[120:180].any()  # the word
    body = np.s_[180:290]
    assert (right[body] == left[body, ::-1]).mean() > 0.9
    assert (right[body] == left[body]).mean() < 0.95


def test_a_very_small_and_a_very_large_figure_can_be_drawn() -> None:
    for scale in (0.02, 5.0):
        points = tuple((0.5 + (x - 0.5) * scale, 0.5 + (y - 0.5) * scale) for x, y in FRONT.points)
        assert (drawn(plain(200), (Puppet(Kind.PERSON, 9, BOX, Figure(points, 0.9, BOX)),)) != 200).any()


def test_a_slip_of_one_look_is_not_drawn_and_a_posture_moves_as_its_find_does() -> None:
    slipped = Figure(tuple((y, x) for x, y in FRONT.points), 0.9, BOX)
    assert like(middle_of([FRONT, slipped, FRONT]), FRONT) == 0
    aside = moved(FRONT, BOX, Box(0.5, 0.1, 0.7, 0.95))
    assert aside.points[0] == pytest.approx((0.6, 0.2))
    assert moved(FRONT, BOX, Box(0.3, 0.1, 0.7, 0.95)).points == FRONT.points  # a find that only grew
