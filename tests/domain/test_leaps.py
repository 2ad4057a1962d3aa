"""A clock that jumps must not make footage go early."""

from __future__ import annotations

from nightlatch.domain.time import HOUR_MS, MINUTE_MS, Leaps

DAY_MS = 24 * HOUR_MS


def test_a_clock_that_keeps_pace_is_not_held_back() -> None:
    leaps = Leaps(DAY_MS)
    assert [leaps.held_ms(1_000_000 + minute * MINUTE_MS, minute * 60.0) for minute in range(50)] == [0] * 50


def test_a_jump_ahead_holds_deletion_back_for_as_long_as_footage_is_kept() -> None:
    leaps = Leaps(DAY_MS)
    leaps.held_ms(0, 0.0)
    jump_ms = 3 * DAY_MS
    assert leaps.held_ms(jump_ms + MINUTE_MS, 60.0) == jump_ms
    assert leaps.held_ms(jump_ms + DAY_MS, 86_400.0) == jump_ms
    assert leaps.held_ms(jump_ms + DAY_MS + 2 * MINUTE_MS, 86_520.0) == 0


def test_a_jump_back_and_the_mend_after_it_are_told_apart_from_a_leap() -> None:
    leaps = Leaps(DAY_MS)
    leaps.held_ms(10 * DAY_MS, 0.0)
    assert leaps.held_ms(2 * DAY_MS, 60.0) == 0
    assert leaps.held_ms(10 * DAY_MS + MINUTE_MS, 120.0) == 8 * DAY_MS  # what was recorded meanwhile is young


def test_a_step_of_less_than_a_minute_is_ordinary() -> None:
    leaps = Leaps(DAY_MS)
    leaps.held_ms(0, 0.0)
    assert leaps.held_ms(59_000, 0.5) == 0
