"""The draw: as likely for every clip, and no strategy beats it."""

from __future__ import annotations

import random
import secrets
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from nightlatch.keeper.draw import Waiting, eligible, winner

NAMES = [f"{n:032x}" for n in range(40)]


@given(st.binary(min_size=32, max_size=32), st.sets(st.sampled_from(NAMES), min_size=1), st.data())
def test_a_clip_that_leaves_changes_the_draw_only_if_it_had_won(
    root: bytes, waiting: set[str], data: st.DataObject
) -> None:
    won = winner(b"day", root, "heron", 0, waiting)
    gone = data.draw(st.sampled_from(sorted(waiting)))
    after = winner(b"day", root, "heron", 0, waiting - {gone})
    assert (after == won) or gone == won


def test_each_clip_is_as_likely_as_any_other() -> None:
    """20,000 draws among 40 clips: chi-squared with 39 degrees of freedom, 99.9 % below 72.1 (fixed roots)."""
    chance = random.Random(7)
    counted = dict.fromkeys(NAMES, 0)
    for n in range(20_000):
        won = winner(b"day", chance.randbytes(32), "heron", n % 150, NAMES)
        assert won is not None
        counted[won] += 1
    assert sum((seen - 500) ** 2 / 500 for seen in counted.values()) < 72.1


def test_the_outcome_depends_on_root_reviewer_number_and_key() -> None:
    drawn = {
        winner(key, root, reviewer, n, [f"{each:032x}" for each in range(10_000)])
        for key in (b"one", b"two")
        for root in (bytes(32), b"\1" * 32)
        for reviewer in ("heron", "stork")
        for n in (0, 1)
    }
    assert len(drawn) == 16


def test_nothing_waits_nothing_is_drawn() -> None:
    assert winner(b"day", bytes(32), "heron", 0, []) is None


def test_who_is_eligible() -> None:
    clips = [
        Waiting("a", "home-1", 10, frozenset()),
        Waiting("b", "home-2", 10, frozenset({"heron"})),
        Waiting("c", "home-3", 10, frozenset()),
        Waiting("d", "home-4", 11, frozenset()),
    ]
    assert eligible(clips, "heron", frozenset({"home-3"}), 10) == ["a"]
    assert eligible(clips, "stork", frozenset(), 11) == ["a", "b", "c", "d"]


def test_an_insider_reaches_a_household_no_more_often_than_the_quota_over_the_clips_promises() -> None:
    """A household gave 3 of 100 clips; the insider skips all others, for 30 draws a day.

    Skipped clips go back, so each draw is independent: P = 1 - (1 - 3/100)^30. Without going back it would be
    1 - C(97,30)/C(100,30), more: skipping does not narrow the list.
    """
    day_key, mine = secrets.token_bytes(32), {f"{n:032x}" for n in range(3)}
    clips = [f"{n:032x}" for n in range(100)]
    chance, reached, days = random.Random(11), 0, 300
    for _ in range(days):
        reached += any(winner(day_key, chance.randbytes(32), "mole", n, clips) in mine for n in range(30))
    promised = 1 - (1 - 3 / 100) ** 30
    spread = (promised * (1 - promised) / days) ** 0.5
    assert abs(reached / days - promised) < 4 * spread
    assert promised < 1 - comb(97, 30) / comb(100, 30)
