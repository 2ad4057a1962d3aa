"""What the built-in eye may learn from, and that it learns from the same every time."""

from __future__ import annotations

from itertools import islice

import numpy as np

from nightlatch.lab.eye.data import Stock, is_held_out, may_learn, samples
from nightlatch.pixels.detectors.eye import NAMES, SIDE

DICE = np.random.default_rng(5)


def stock() -> Stock:
    made = Stock()
    for name in NAMES:
        made.things[name] = [DICE.integers(0, 255, (40, 30, 3), np.uint8) for _ in range(3)]
        made.drawn[name] = [DICE.integers(0, 255, (50, 50, 3), np.uint8)]
    made.filmed["person"] = made.drawn["person"]
    made.cut["cat"] = made.cut["person"] = [(made.things["cat"][0], np.full((40, 30), 255, np.uint8))]
    made.ground = [DICE.integers(0, 255, (90, 160, 3), np.uint8)]
    return made


def test_nobody_who_did_not_agree_is_learnt_from() -> None:
    assert may_learn("A", "dev/person__room_people_one_by_one.mp4")
    assert may_learn("B", "dev/vehicle__motorway_bridge.mp4")
    assert may_learn("B", "dev/pet__sofa_kitten.mp4")
    assert not may_learn("B", "dev/person__park_man_juggles_ball.mp4")
    assert not may_learn("B", "dev/pet__path_woman_and_dog.mp4")
    assert not may_learn("B", "somebody/fights/noFight/nofi053.mp4")


def test_the_same_seed_gives_the_same_pictures() -> None:
    held = stock()
    first, again, other = (list(islice(samples(held, seed), 60)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) and n == m for (a, n), (b, m) in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for (a, _), (b, _) in zip(first, other, strict=True))


def test_pictures_are_of_the_size_the_eye_takes_and_of_all_kinds() -> None:
    made = list(islice(samples(stock(), 1), 200))
    assert {image.shape for image, _ in made} == {(SIDE, SIDE, 3)}
    assert {number for _, number in made} == set(range(len(NAMES)))


def test_sources_are_held_out_whole_and_about_one_in_eight() -> None:
    held = sum(is_held_out(f"film {n}") for n in range(2000))
    assert 200 < held < 300
    assert is_held_out("film 1") == is_held_out("film 1")
