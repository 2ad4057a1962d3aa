"""Boxes and tracks are paired at the least cost in all, as SciPy finds it, too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.optimize import linear_sum_assignment

from nightlatch.pixels.vision.assignment import assign


@pytest.mark.parametrize("rows", range(1, 9))
@pytest.mark.parametrize("columns", range(1, 9))
def test_the_cost_in_all_is_what_scipy_finds(rows: int, columns: int) -> None:
    for seed in range(8):
        costs = np.random.default_rng(seed).random((rows, columns)).round(2 if seed % 2 else 12)
        pairs = assign(costs.tolist())
        assert len(pairs) == min(rows, columns)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        best = costs[linear_sum_assignment(costs)].sum()
        assert sum(costs[row, column] for row, column in pairs) == pytest.approx(best)


@given(some.lists(some.lists(some.sampled_from([0.0, 0.5, 1.0, 9.0]), min_size=3, max_size=3), max_size=6))
def test_equal_costs_are_no_trouble(costs: list[list[float]]) -> None:
    pairs = assign(costs)
    assert len(pairs) == min(len(costs), 3)
    if costs:
        table = np.array(costs)
        assert sum(table[pair] for pair in pairs) == pytest.approx(table[linear_sum_assignment(table)].sum())


def test_nothing_pairs_with_nothing() -> None:
    assert assign([]) == []
    assert assign([[]]) == []
