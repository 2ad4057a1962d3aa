"""Pairs rows with columns at the least cost in all: which box is which track's.

The Hungarian method with shortest augmenting paths (Kuhn 1955, Munkres 1957), in time rows² × columns. Written here
because the library that has it weighs 31 MiB in every watch process, for a dozen boxes at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def assign(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """(row, column) pairs, as many as the shorter side has; `costs[row][column]`, all finite, rows of one length."""
    if not costs or not costs[0]:
        return []
    if len(costs) > len(costs[0]):
        return sorted((row, column) for column, row in assign(list(zip(*costs, strict=True))))
    columns = len(costs[0])
    row_of = [-1] * (columns + 1)  # the last one is where each search starts from
    row_price, column_price = [0.0] * len(costs), [0.0] * (columns + 1)
    for row in range(len(costs)):
        row_of[columns] = row
        came_from, at = _shortest(costs, row_of, row_price, column_price)
        while at != columns:  # every row on the way moves on by one column
            row_of[at] = row_of[came_from[at]]
            at = came_from[at]
    return sorted((row, column) for column, row in enumerate(row_of[:columns]) if row >= 0)


def _shortest(
    costs: Sequence[Sequence[float]], row_of: list[int], row_price: list[float], column_price: list[float]
) -> tuple[list[int], int]:
    """The cheapest way from the newest row to a free column: where each column was reached from, and that column."""
    columns = len(column_price) - 1
    least, came_from = [math.inf] * columns, [columns] * columns
    is_done = [False] * (columns + 1)
    at = columns
    while row_of[at] >= 0:
        is_done[at] = True
        row, step, following = row_of[at], math.inf, columns
        for column in range(columns):
            if is_done[column]:
                continue
            cost = costs[row][column] - row_price[row] - column_price[column]
            if cost < least[column]:
                least[column], came_from[column] = cost, at
            if least[column] < step:
                step, following = least[column], column
        for column in range(columns + 1):
            if is_done[column]:
                row_price[row_of[column]] += step
                column_price[column] -= step
            elif column < columns:
                least[column] -= step
        at = following
    return came_from, at
