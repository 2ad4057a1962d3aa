"""Challenges: asked for without end, answered once, and over after two minutes."""

from __future__ import annotations

import secrets

import pytest

from nightlatch.web.challenges import LENGTH, LIFE_MS, Challenges
from tests.clocks import TestClock


def test_one_is_open_until_it_was_answered() -> None:
    made = Challenges(TestClock(fixed_ms=1_800_000_000_000))
    one, other = made.fresh(), made.fresh()
    assert len(one) == LENGTH
    assert made.is_open(one)
    assert made.answered(one)
    assert not made.is_open(one)
    assert not made.answered(one)
    assert made.answered(other)


def test_a_flood_of_them_takes_no_memory_and_locks_nobody_out() -> None:
    made = Challenges(TestClock())
    mine = made.fresh()
    for _ in range(20_000):
        made.fresh()
    assert made.answered(mine)
    assert len(made._answered) == 1


@pytest.mark.parametrize("leap_ms", [LIFE_MS, LIFE_MS * 10, -1])
def test_one_that_is_over_or_of_tomorrow_is_refused(leap_ms: int) -> None:
    clock = TestClock(fixed_ms=1_800_000_000_000)
    made = Challenges(clock)
    one = made.fresh()
    clock.offset_ms += leap_ms
    assert not made.answered(one)


def test_what_was_answered_is_forgotten_when_it_is_over() -> None:
    clock = TestClock(fixed_ms=1_800_000_000_000)
    made = Challenges(clock)
    for _ in range(10):
        made.answered(made.fresh())
    clock.offset_ms += LIFE_MS
    made.answered(made.fresh())
    assert len(made._answered) == 1


def test_nobody_elses_is_taken() -> None:
    made, other = Challenges(TestClock()), Challenges(TestClock())
    one = made.fresh()
    odd = [b"", b"x", bytes(LENGTH), secrets.token_bytes(LENGTH), other.fresh(), one[1:], one + b"x", b"x" + one]
    odd += [one[:n] + bytes([one[n] ^ 1]) + one[n + 1 :] for n in range(LENGTH)]
    assert not any(made.is_open(each) or made.answered(each) for each in odd)


def test_two_doors_check_one_answer_each_for_itself() -> None:
    keeper, review = Challenges(TestClock()), Challenges(TestClock())
    both = review.fresh(before=keeper.fresh())
    assert (keeper.is_open(both[:LENGTH]), review.is_open(both)) == (True, True)
    assert not review.is_open(keeper.fresh() + both[LENGTH:])
    assert (keeper.answered(both[:LENGTH]), review.answered(both)) == (True, True)
