"""A camera that was moved, beside all that only looks as if it had been."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nightlatch.pixels.vision.standpoint import EVERY_MS, STAYS_MS, Stand, Standpoint

Grey = NDArray[np.uint8]
WIDE, HIGH = 320, 180


def place(seed: int) -> Grey:
    """A place with walls, windows and leaves."""
    dice = np.random.default_rng(seed)
    picture = np.full((HIGH, WIDE), 120, np.uint8)
    for _ in range(220):
        x, y, wide, high = dice.integers(0, (WIDE, HIGH, 40, 30))
        cv2.rectangle(picture, (int(x), int(y)), (int(x + wide), int(y + high)), int(dice.integers(40, 220)), -1)
    return picture


HERE, THERE = place(1), place(2)


def noisy(picture: Grey, dice: np.random.Generator) -> Grey:
    return np.asarray(np.clip(picture + dice.normal(0, 3, picture.shape), 0, 255), np.uint8)


def shifted(picture: Grey, x: float, y: float = 0.0, degrees: float = 0.0) -> Grey:
    turn = cv2.getRotationMatrix2D((WIDE / 2, HIGH / 2), degrees, 1.0)
    turn[:, 2] += (x, y)
    return np.asarray(cv2.warpAffine(picture, turn, (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT), np.uint8)


def told(
    *stretches: tuple[Callable[[int], Grey], int], is_dark: Callable[[int], bool] = lambda _: False
) -> list[tuple[Stand, int]]:
    """What is told of so many looks at each picture."""
    standpoint, dice, found, number = Standpoint(), np.random.default_rng(0), [], 0
    for picture, looks in stretches:
        for n in range(looks):
            said = standpoint.look(noisy(picture(n), dice), number * EVERY_MS, is_dark=is_dark(number))
            found += [said] if said is not None else []
            number += 1
    return found


def still(picture: Grey) -> Callable[[int], Grey]:
    return lambda _: picture


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(THERE, id="it looks elsewhere"),
        pytest.param(shifted(HERE, 60), id="to the side"),
        pytest.param(shifted(HERE, 30, 25), id="to the side and down"),
        pytest.param(shifted(HERE, 0, 0, 25), id="it hangs askew"),
    ],
)
def test_a_camera_that_was_moved_is_told_once_with_when(after: Grey) -> None:
    assert told((still(HERE), 40), (still(after), 60)) == [(Stand.MOVED, 40 * EVERY_MS)]


def test_a_camera_that_was_moved_back_is_told_too() -> None:
    found = told((still(HERE), 40), (still(THERE), 30), (still(HERE), 20), (still(THERE), 30))
    assert [each for each, _ in found] == [Stand.MOVED, Stand.BACK, Stand.MOVED]


def lorry(n: int) -> Grey:
    picture = HERE.copy()
    picture[30:, 40:280] = THERE[30:, 40:280]
    return picture


def lamp() -> Grey:
    y, x = np.mgrid[:HIGH, :WIDE]
    glow = 0.3 + 1.4 * np.exp(-(((x - 250) / 120) ** 2 + ((y - 30) / 90) ** 2))
    return np.asarray(np.clip(HERE * glow, 0, 255), np.uint8)


def rain(n: int) -> Grey:
    dice = np.random.default_rng(n)
    return np.asarray(np.clip(HERE + dice.normal(0, 25, HERE.shape), 0, 255), np.uint8)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(lorry, id="a lorry parks before the lens"),
        pytest.param(still(lamp()), id="a lamp"),
        pytest.param(still(np.asarray(HERE * 0.3, np.uint8)), id="dusk"),
        pytest.param(still(np.full_like(HERE, 10)), id="a covered lens"),
        pytest.param(rain, id="rain"),
        pytest.param(lambda n: shifted(HERE, 8 * np.sin(1.3 * n), 5 * np.cos(n)), id="a pole in the wind"),
        pytest.param(lambda n: place(100 + n), id="something that never stands still"),
        pytest.param(still(shifted(HERE, 5)), id="a hair's breadth"),
    ],
)
def test_what_only_changes_the_picture_is_not_told(after: Callable[[int], Grey]) -> None:
    assert told((still(HERE), 40), (after, 60)) == []


def test_infrared_is_another_picture_that_is_learnt_by_itself() -> None:
    night = np.asarray(255 - place(7) // 2, np.uint8)
    days = ((still(HERE), 40), (still(night), 40)) * 3
    assert told(*days, is_dark=lambda n: n // 40 % 2 == 1) == []


def test_who_carries_it_about_is_not_told_before_it_hangs_still() -> None:
    found = told((still(HERE), 40), (lambda n: place(50 + n), 15), (still(THERE), 30))
    assert [each for each, _ in found] == [Stand.MOVED]
    assert found[0][1] >= (40 + 15 - 1) * EVERY_MS


def test_it_is_strange_at_once_and_certain_after_a_while() -> None:
    standpoint, dice = Standpoint(), np.random.default_rng(0)
    for n in range(40):
        standpoint.look(noisy(HERE, dice), n * EVERY_MS, is_dark=False)
    assert not standpoint.is_strange
    assert standpoint.look(noisy(THERE, dice), 40 * EVERY_MS, is_dark=False) is None
    assert standpoint.is_strange
    assert STAYS_MS >= 10_000


def test_a_bare_wall_says_nothing() -> None:
    assert told((still(np.full_like(HERE, 130)), 40), (still(THERE), 60)) == []
