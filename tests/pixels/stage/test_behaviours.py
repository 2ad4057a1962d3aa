"""Rendered behaviours: the truth is inside the picture and where something was drawn, the same by seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from nightlatch.pixels.stage.behaviours import BEHAVIOURS, Behaviour, behaved
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


def spans(here: Behaviour) -> dict[str, tuple[int, int]]:
    """From when to when (ms) each kind is in the picture."""
    return {t.kind: (t.from_ms, t.to_ms) for index in range(600) for t in here.truth_at(index)}


@pytest.mark.parametrize("seed", range(12))
def test_a_package_goes_while_its_thief_is_there_and_comes_while_its_courier_is(seed: int) -> None:
    taken, left = spans(small("taking a package", seed)), spans(small("delivering", seed))
    if "package" in taken:
        assert taken["person"][0] < taken["package"][1] < taken["person"][1]
    if "package" in left:
        assert left["person"][0] < left["package"][0] < left["person"][1]


def test_behaviours_are_scenes_by_name() -> None:
    assert isinstance(scene("taking-a-package"), Behaviour)
    with pytest.raises(KeyError):
        behaved("unheard of")
