"""A camera that shakes a little is held still; one that is carried about is told from one that stands."""

from __future__ import annotations

import numpy as np
import pytest

from nightlatch.pixels.hiding.steady import Steady, first_moved
from nightlatch.pixels.stage.places import LivingRoom

WIDE = LivingRoom(1, 400, 240).ground
GREYS = WIDE[:, :, 1]


def seen(x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """What a camera sees that looks so far to the right and down: in colour, twice as large as the small grey one."""
    small = np.ascontiguousarray(GREYS[30 + y : 210 + y, 40 + x : 360 + x])
    return np.repeat(np.repeat(WIDE[30 + y : 210 + y, 40 + x : 360 + x], 2, axis=0), 2, axis=1), small


@pytest.mark.parametrize(("x", "y"), [(6, 0), (-5, 3), (12, -8)])
def test_what_was_shifted_is_shifted_back(x: int, y: int) -> None:
    steady = Steady()
    first, small = steady.held(*seen(0, 0))
    large_again, small_again = steady.held(*seen(x, y))
    inner = np.s_[20:-20, 25:-25]
    assert np.abs(small_again[inner].astype(int) - small[inner]).mean() < 2
    assert np.abs(large_again[40:-40, 50:-50].astype(int) - first[40:-40, 50:-50]).mean() < 3


def test_a_camera_that_stands_is_left_alone() -> None:
    steady = Steady()
    steady.held(*seen(0, 0))
    large, small = seen(0, 0)
    assert steady.held(large, small)[0] is large


def test_a_camera_that_moves_on_is_told_with_the_look() -> None:
    still = [seen(0, 0)[1]] * 20
    assert first_moved(still) is None
    assert first_moved([*still[:8], *(seen(3 * k, 0)[1] for k in range(1, 13))]) == 8
    assert first_moved([*still, seen(9, 0)[1], *still]) is None  # one knock is no journey
