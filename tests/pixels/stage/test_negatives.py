"""Scenes with nobody in them: the same by seed, quiet first, then disturbed, and cheap."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from nightlatch.pixels.stage.negatives import NEGATIVES
from nightlatch.pixels.stage.scenes import Scene, scene

MOVED = 25  # grey levels: well over the grain


def small(name: str, seed: int = 1) -> Scene:
    return scene(name, seed, 320, 180, 5.0)


def moved(here: Scene, first: int, second: int) -> float:
    """Share of the picture that differs by more than grain."""
    apart = cv2.absdiff(here.frame(first), here.frame(second)).max(axis=2)
    return float(np.mean(apart > MOVED))


def test_there_are_twelve() -> None:
    assert len(NEGATIVES) == 12
    assert len({kind.name for kind in NEGATIVES.values()}) == 12


@pytest.mark.parametrize("name", NEGATIVES)
def test_nobody_is_in_it(name: str) -> None:
    here = small(name)
    assert all(here.truth_at(index) == () for index in range(600))


@pytest.mark.parametrize("name", NEGATIVES)
def test_the_same_seed_gives_the_same_pictures_in_any_order(name: str) -> None:
    here, there = small(name), small(name)
    wanted = [10, 112, 133, 260]
    first = {index: here.frame(index) for index in wanted}
    for index in reversed(wanted):
        assert np.array_equal(first[index], there.frame(index))
        assert first[index].shape == (180, 320, 3)
        assert first[index].dtype == np.uint8


@pytest.mark.parametrize("name", NEGATIVES)
def test_it_is_quiet_first_and_then_much_moves(name: str) -> None:
    here = NEGATIVES[name](1, 320, 180, 5.0)
    quiet = [index for index in range(95) if not here.is_disturbed(here.second(index))]
    assert len(quiet) == 95
    calm = max(moved(here, 20, index) for index in quiet[::7])
    wild = max(moved(here, 20, index) for index in range(95, 600, 2) if here.is_disturbed(here.second(index)))
    assert calm < 0.001
    assert wild > max(0.002, 4 * calm)


@pytest.mark.parametrize("name", NEGATIVES)
def test_drawing_one_costs_little_more_than_the_demo(name: str) -> None:
    # 1.0 to 1.7 times a living room's picture when written; CPU time of this thread, the better of three rounds
    cv2.setNumThreads(1)
    room, here = scene("living-room"), scene(name)
    assert min(cost(here) / cost(room) for _ in range(3)) < 3


def cost(here: Scene) -> float:
    here.frame(330)
    began = time.thread_time()
    for index in range(330, 1700, 137):
        here.frame(index)
    return time.thread_time() - began
