"""What is usual: hours of the days before this one, of an area or of the whole picture."""

from __future__ import annotations

from nightlatch.domain.context import Usual
from nightlatch.domain.habits import KEPT_DAYS, UsualHours

TODAY = 740_000


def of_days(*days: int, hour: int = 8, areas: tuple[str, ...] = ()) -> UsualHours:
    known = UsualHours()
    for day in range(TODAY - 14, TODAY + 1):
        for each in range(24):
            known = known.watching(day, each)
    for day in days:
        known = known.somebody(day, hour, areas)
    return known


def test_an_hour_is_usual_on_as_many_days_as_somebody_was_there_about_it() -> None:
    known = of_days(TODAY - 1, TODAY - 3, TODAY - 14)
    assert known.usual(TODAY, 8) == Usual(3, 14)
    assert known.usual(TODAY, 7) == known.usual(TODAY, 9) == Usual(3, 14)
    assert known.usual(TODAY, 10) == Usual(0, 14)


def test_today_and_what_is_longer_ago_than_two_weeks_count_for_nothing() -> None:
    assert of_days(TODAY, TODAY - 15).usual(TODAY, 8) == Usual(0, 14)


def test_midnight_is_no_wall() -> None:
    assert of_days(TODAY - 2, hour=23).usual(TODAY, 0) == Usual(1, 14)
    assert of_days(TODAY - 2, hour=0).usual(TODAY, 23) == Usual(1, 14)


def test_days_on_which_nobody_watched_at_that_hour_are_not_known() -> None:
    known = UsualHours().watching(TODAY - 1, 20).watching(TODAY - 2, 8)
    assert known.usual(TODAY, 8) == Usual(0, 1)
    assert UsualHours().usual(TODAY, 8) == Usual(0, 0)


def test_of_several_areas_the_least_usual_speaks() -> None:
    known = of_days(TODAY - 1, TODAY - 2, areas=("path",)).somebody(TODAY - 3, 8, ("car",))
    assert known.usual(TODAY, 8, ["path"]) == Usual(2, 14)
    assert known.usual(TODAY, 8, ["path", "car"]) == Usual(1, 14)
    assert known.usual(TODAY, 8, ["fence"]) == Usual(0, 14)
    assert known.usual(TODAY, 8) == Usual(3, 14)


def test_what_is_kept_is_bounded_and_a_clock_that_was_wrong_for_a_day_costs_that_day() -> None:
    known = of_days(TODAY - 1).watching(719_163, 8).watching(TODAY + 400, 8)  # 1970, and a year from now
    for day in range(TODAY - 60, TODAY - 14):
        known = known.somebody(day, 8, [f"area {day}"])
    assert len(known.watched) <= KEPT_DAYS
    assert len(known.areas) <= 32
    assert known.usual(TODAY, 8) == Usual(1, 14)


def test_an_area_that_is_no_more_is_forgotten() -> None:
    assert set(of_days(TODAY - 1, areas=("path", "car")).only({"car"}).areas) == {"car"}


def test_a_picture_of_the_day_has_twenty_four_hours() -> None:
    known = of_days(TODAY - 1, TODAY - 2)
    assert known.by_hour(TODAY, known.there) == (0,) * 8 + (2,) + (0,) * 15
    assert known.by_hour(TODAY, known.watched) == (14,) * 24
