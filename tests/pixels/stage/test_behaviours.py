"""Rendered behaviours: the truth is inside the picture and where something was drawn, the same by seed."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest

from nightlatch.domain.sighting import Kind
from nightlatch.pixels.stage.behaviours import BEHAVIOURS, ROUTINE, THREATS, Actor, Behaviour, behaved, play, walked
from nightlatch.pixels.stage.scenes import CYCLE_S, scene

WIDE, HIGH, FPS = 320, 180, 5.0


def small(name: str, seed: int) -> Behaviour:
    return behaved(name)(seed, WIDE, HIGH, FPS)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_truth_is_inside_the_picture_and_lasts_as_long_as_it_says(name: str) -> None:
    for seed in range(6):
        here = small(name, seed)
        seen = [(index, truth) for index in range(int(CYCLE_S * FPS)) for truth in here.truth_at(index)]
        assert seen
        for index, truth in seen:
            box, at_ms = truth.box, index / FPS * 1000
            assert 0 <= box.left < box.right <= 1
            assert 0 <= box.top < box.bottom <= 1
            assert truth.from_ms <= at_ms <= truth.to_ms
            assert truth.behaviour == name


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_where_the_truth_is_something_is_drawn_and_nowhere_else(name: str) -> None:
    here = small(name, 3)
    empty = here.ground
    found = 0
    for index in range(25, 400, 9):
        truths = here.truth_at(index)
        changed = cv2.absdiff(here.frame(index), empty).max(axis=2) > 30
        for truth in truths:
            box = truth.box
            rows = slice(round(box.top * HIGH), max(1, round(box.bottom * HIGH)))
            columns = slice(round(box.left * WIDE), max(1, round(box.right * WIDE)))
            part = changed[rows, columns]
            found += bool(part.size and part.mean() > 0.08)
            rows = slice(max(0, rows.start - 4), rows.stop + 6)
            columns = slice(max(0, columns.start - 10), columns.stop + 10)
            changed[rows, columns] = False
        assert changed.mean() < 0.002
    assert found


def test_the_same_seed_plays_the_same_and_another_one_does_not() -> None:
    here, there, other = small("visiting", 4), small("visiting", 4), small("visiting", 5)
    assert here.actors == there.actors != other.actors
    assert np.array_equal(here.frame(60), there.frame(60))


def test_somebody_who_falls_lies_longer_than_high() -> None:
    here = small("fall", 2)
    boxes = [truth.box for index in range(600) for truth in here.truth_at(index)]
    first, last = boxes[len(boxes) // 4], boxes[-1]
    assert (first.right - first.left) * WIDE < (first.bottom - first.top) * HIGH
    assert (last.right - last.left) * WIDE > (last.bottom - last.top) * HIGH


def test_every_plan_of_every_family_is_walked_by_somebody() -> None:
    assert len(ROUTINE) >= 45
    assert len(THREATS) >= 20
    for name in sorted(THREATS | ROUTINE):
        for seed in range(5):
            assert all(walked(actor) for actor in play(name, random.Random(seed))), name


def test_who_crouches_is_lower_and_who_climbs_goes_up_and_comes_down() -> None:
    at = (0.5, 0.8)
    low = walked(Actor(Kind.PERSON, 0.4, 0.8, [(at, 5.0)], (0.3, 0.8), crouches=(0,)))
    assert min(high for _, _, high in low) < 0.7 * max(high for _, _, high in low)
    over = [feet[1] for _, feet, _ in walked(Actor(Kind.PERSON, 0.4, 0.8, [(at, 1.0)], (0.3, 0.8), climbs=0))]
    assert min(over) < 0.65
    assert over[0] == over[-1] == 0.8


def test_behaviours_are_scenes_by_name() -> None:
    assert isinstance(scene("breaking-in"), Behaviour)
    with pytest.raises(KeyError):
        behaved("unheard of")
