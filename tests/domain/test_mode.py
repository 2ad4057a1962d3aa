"""The household's mode: its week by the wall clock, nights in which clocks are set, and what somebody chose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from nightlatch.domain.context import Mode
from nightlatch.domain.mode import HouseholdMode, Schedule, SetBy, WeeklySpan, chosen, followed, rescheduled

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
DAILY = (0, 1, 2, 3, 4, 5, 6)
NIGHTS = Schedule((WeeklySpan(Mode.NIGHT, DAILY, 22 * 60, 6 * 60),))
WORK = WeeklySpan(Mode.AWAY, (0, 1, 2, 3, 4), 8 * 60, 17 * 60)


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "mode"),
    [
        ("2026-11-25T21:59", Mode.HOME),  # a Wednesday
        ("2026-11-25T22:00", Mode.NIGHT),
        ("2026-11-26T05:59", Mode.NIGHT),
        ("2026-11-26T06:00", Mode.HOME),
        ("2026-11-26T08:00", Mode.AWAY),
        ("2026-11-28T08:00", Mode.HOME),  # a Saturday
    ],
)
def test_the_week_says_what_it_is_at_each_minute(at: str, mode: Mode) -> None:
    assert Schedule((*NIGHTS.spans, WORK)).mode_at(ms(at), BERLIN) is mode


def test_where_night_and_away_meet_it_is_away() -> None:
    late = Schedule((*NIGHTS.spans, WeeklySpan(Mode.AWAY, (2,), 20 * 60, 23 * 60)))
    assert late.mode_at(ms("2026-11-25T22:30"), BERLIN) is Mode.AWAY
    change = late.next_change(ms("2026-11-25T22:30"), BERLIN)
    assert change is not None
    assert (change.at_ms, change.mode) == (ms("2026-11-25T23:00"), Mode.NIGHT)


def test_the_next_change_may_be_a_week_away_and_there_may_be_none() -> None:
    sundays = Schedule((WeeklySpan(Mode.AWAY, (6,), 600, 660),))
    change = sundays.next_change(ms("2026-11-29T11:00"), BERLIN)
    assert change is not None
    assert change.at_ms == ms("2026-12-06T10:00")
    assert Schedule().next_change(0, BERLIN) is None
    always = Schedule((WeeklySpan(Mode.AWAY, DAILY, 0, 0),))
    assert always.mode_at(ms("2026-11-29T11:00"), BERLIN) is Mode.AWAY
    assert always.next_change(ms("2026-11-29T11:00"), BERLIN) is None


@pytest.mark.parametrize(
    ("zone", "evening", "ends"),
    [
        (BERLIN, "2026-03-28T23:00", "2026-03-29T04:00"),  # clocks go forward: 06:00 is an hour nearer
        (BERLIN, "2026-10-24T23:00", "2026-10-25T05:00"),  # and back
        (NEW_YORK, "2026-03-07T23:00", "2026-03-08T10:00"),
        (NEW_YORK, "2026-10-31T23:00", "2026-11-01T11:00"),
    ],
)
def test_a_night_in_which_clocks_are_set_ends_when_the_clock_on_the_wall_says_so(
    zone: ZoneInfo, evening: str, ends: str
) -> None:
    change = NIGHTS.next_change(ms(evening, zone), zone)
    assert change is not None
    assert change.at_ms == utc(ends)


@pytest.mark.parametrize(
    ("zone", "day", "leap", "before"),
    [(BERLIN, "2026-03-29", "2026-03-29T01:00", "2026-03-28T21:00"),
     (NEW_YORK, "2026-03-08", "2026-03-08T07:00", "2026-03-07T21:00")],
)  # fmt: skip
def test_a_time_that_is_left_out_is_the_moment_in_which_clocks_go_forward(
    zone: ZoneInfo, day: str, leap: str, before: str
) -> None:
    early = Schedule((WeeklySpan(Mode.NIGHT, DAILY, 2 * 60 + 30, 5 * 60),))
    change = early.next_change(ms(f"{day}T00:00", zone), zone)
    assert change is not None
    assert change.at_ms == utc(leap)
    until = Schedule((WeeklySpan(Mode.NIGHT, DAILY, 20 * 60, 2 * 60 + 30),)).next_change(ms(before, zone), zone)
    assert until is not None
    assert until.at_ms == utc(leap)


def test_an_hour_that_comes_twice_belongs_to_the_night_both_times() -> None:
    assert Schedule((WeeklySpan(Mode.NIGHT, DAILY, 22 * 60, 150),)).next_change(ms("2026-10-24T23:00"), BERLIN) == (
        Schedule((WeeklySpan(Mode.NIGHT, DAILY, 22 * 60, 150),)).next_change(ms("2026-10-25T01:00"), BERLIN)
    )
    change = Schedule((WeeklySpan(Mode.NIGHT, DAILY, 22 * 60, 150),)).next_change(ms("2026-10-24T23:00"), BERLIN)
    assert change is not None
    assert change.at_ms == utc("2026-10-25T01:30")  # the second 02:30
    begins = Schedule((WeeklySpan(Mode.NIGHT, DAILY, 150, 360),)).next_change(ms("2026-10-25T00:00"), BERLIN)
    assert begins is not None
    assert begins.at_ms == utc("2026-10-25T00:30")  # the first


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
def test_the_machines_own_clock_says_the_same_as_its_zone() -> None:
    for evening in ("2026-03-28T23:00", "2026-10-24T23:00", "2026-11-25T23:00"):
        for schedule in (NIGHTS, Schedule((WeeklySpan(Mode.NIGHT, DAILY, 150, 400), WORK))):
            assert schedule.next_change(ms(evening), None) == schedule.next_change(ms(evening), BERLIN)


def test_what_somebody_chose_holds_until_the_schedules_next_change() -> None:
    at = ms("2026-11-25T23:00")
    now = chosen(Mode.HOME, SetBy.HAND, "Anna's phone", NIGHTS, at, BERLIN, hold=False)
    assert (now.mode, now.device, now.until_ms) == (Mode.HOME, "Anna's phone", ms("2026-11-26T06:00"))
    assert followed(now, NIGHTS, ms("2026-11-26T05:59"), BERLIN) == now
    after = followed(now, NIGHTS, ms("2026-11-26T22:15"), BERLIN)  # the hub was off meanwhile
    assert (after.mode, after.by, after.since_ms) == (Mode.NIGHT, SetBy.SCHEDULE, ms("2026-11-26T22:00"))


def test_what_somebody_holds_stays_whatever_the_schedule_says() -> None:
    now = chosen(Mode.AWAY, SetBy.HAND, "phone", NIGHTS, ms("2026-11-25T12:00"), BERLIN, hold=True)
    assert now.until_ms is None
    assert followed(now, NIGHTS, ms("2026-12-25T23:00"), BERLIN) == now
    assert rescheduled(now, Schedule(), ms("2026-12-25T23:00"), BERLIN) == now


def test_without_a_schedule_nothing_changes_by_itself() -> None:
    assert followed(HouseholdMode(), Schedule(), 1_800_000_000_000, BERLIN) == HouseholdMode()
    now = chosen(Mode.AWAY, SetBy.MQTT, None, Schedule(), 1_800_000_000_000, BERLIN, hold=False)
    assert followed(now, Schedule(), 1_900_000_000_000, BERLIN) == now


def test_a_new_schedule_has_its_say_at_its_next_change_where_somebody_chose_and_at_once_where_nobody_did() -> None:
    at = ms("2026-11-25T23:00")
    mine = chosen(Mode.HOME, SetBy.HAND, "phone", Schedule(), at, BERLIN, hold=False)
    assert rescheduled(mine, NIGHTS, at, BERLIN).until_ms == ms("2026-11-26T06:00")
    assert rescheduled(HouseholdMode(), NIGHTS, at, BERLIN).mode is Mode.NIGHT
    gone = rescheduled(rescheduled(HouseholdMode(), NIGHTS, at, BERLIN), Schedule(), at, BERLIN)
    assert (gone.mode, gone.until_ms) == (Mode.HOME, None)


def test_a_clock_that_is_set_back_takes_the_schedule_with_it() -> None:
    night = followed(HouseholdMode(), NIGHTS, ms("2026-11-25T23:00"), BERLIN)
    assert followed(night, NIGHTS, ms("2026-11-25T12:00"), BERLIN).mode is Mode.HOME
