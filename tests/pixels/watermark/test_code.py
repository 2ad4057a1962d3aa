"""What is written with a code is read in spite of noise; noise alone is not believed."""

from __future__ import annotations

import numpy as np
import pytest

from nightlatch.pixels.watermark.code import CODED, READ_Z, likeliest, likeness, number_of, spread, view_of


@pytest.mark.parametrize("view", [0, 1, 4711, 2**31, 2**32 - 1])
def test_a_view_is_read_as_it_was_written(view: int) -> None:
    assert view_of(likeliest(spread(number_of(view)))) == view


def test_a_view_is_read_though_a_bit_in_six_is_wrong() -> None:
    dice = np.random.default_rng(3)
    for _ in range(10):
        view = int(dice.integers(2**32))
        soft = spread(number_of(view)) + dice.normal(0, 1.05, CODED)
        assert view_of(likeliest(soft)) == view


def test_what_noise_seems_to_say_is_hardly_ever_believed() -> None:
    dice = np.random.default_rng(4)
    guesses = [dice.normal(size=CODED) for _ in range(100)]
    assert sum(likeness(soft, likeliest(soft)) >= READ_Z for soft in guesses) <= 2
    assert not any(view_of(likeliest(soft)) is not None for soft in guesses)
