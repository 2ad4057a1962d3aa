"""The household's mode: who set it, until when, and the weekly schedule by the wall clock of the house. Pure.

By the schedule it is night or away in the spans that the owner chose, and home at all other times. A mode that
somebody set holds until the next change of the schedule, as on a thermostat, or until somebody changes it.

A span begins the first time that the clock on the wall shows its beginning and ends the last time that it shows its
end, so that a night in which clocks are set back is guarded longer, never shorter; a time that is left out when they
are set forward is the moment in which that happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from nightlatch.domain.context import Mode
from nightlatch.domain.time import DAY_MS, Span

AHEAD_DAYS = 8  # that are asked for a change: a week, and the day on which it is asked


class SetBy(StrEnum):
    """How the mode was changed last."""

    HAND = "hand"  # on a page
    COMMAND = "command"  # `nightlatch mode`, on the hub itself
    SCHEDULE = "schedule"
    MQTT = "mqtt"


@dataclass(frozen=True, slots=True)
class HouseholdMode:
    """What the household is doing, and who said so."""

    mode: Mode = Mode.HOME
    since_ms: int | None = None
    by: SetBy | None = None  # None: nobody has said anything
    device: str | None = None  # whose hand it was, as the device is called
    until_ms: int | None = None  # the next change of the schedule; None: there is none
    held: bool = False  # until somebody changes it, whatever the schedule says


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """From `from_min` to `to_min` on each of `days`; into the next day where that is not later."""

    mode: Mode  # night or away
    days: tuple[int, ...]  # on which it begins, 0 is Monday
    from_min: int  # after midnight, 0 to 1439
    to_min: int


@dataclass(frozen=True, slots=True)
class ModeChange:
    """The schedule goes over to `mode` at `at_ms`."""

    at_ms: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class Schedule:
    """The spans of a week; where night and away meet, it is away: nobody is there to sleep."""

    spans: tuple[WeeklySpan, ...] = ()

    def mode_at(self, now_ms: int, zone: tzinfo | None) -> Mode:
        """What it says now. `zone` is the house's; None: this machine's."""
        return _mode_at(now_ms, list(self._spells(now_ms, zone)))

    def next_change(self, now_ms: int, zone: tzinfo | None) -> ModeChange | None:
        """When it says something else, and what; None: never."""
        spells = list(self._spells(now_ms, zone))
        mode = _mode_at(now_ms, spells)
        for at_ms in sorted({edge for _, spell in spells for edge in (spell.began_ms, spell.ended_ms)}):
            if now_ms < at_ms < now_ms + AHEAD_DAYS * DAY_MS and (then := _mode_at(at_ms, spells)) is not mode:
                return ModeChange(at_ms, then)
        return None

    def last_change_ms(self, now_ms: int, zone: tzinfo | None) -> int | None:
        """Since when it has said what it says now; None: always, or for more than a day."""
        spells = list(self._spells(now_ms, zone))
        mode, since_ms = _mode_at(now_ms, spells), None
        for at_ms in sorted({edge for _, spell in spells for edge in (spell.began_ms, spell.ended_ms)}, reverse=True):
            if at_ms <= now_ms:
                if _mode_at(at_ms, spells) is not mode:
                    break
                since_ms = at_ms
        else:
            return None
        return since_ms

    def _spells(self, now_ms: int, zone: tzinfo | None) -> Iterator[tuple[Mode, Span]]:
        """Each time that a span comes, from the day before yesterday to well after the days that are asked."""
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        for day in (today + timedelta(days=each) for each in range(-2, AHEAD_DAYS + 3)):
            for span in self.spans:
                if day.weekday() in span.days:
                    ends = day if span.to_min > span.from_min else day + timedelta(days=1)
                    spell = Span(_first_ms(day, span.from_min, zone), _last_ms(ends, span.to_min, zone))
                    if spell.duration_ms > 0:
                        yield span.mode, spell


def chosen(
    mode: Mode, by: SetBy, device: str | None, schedule: Schedule, now_ms: int, zone: tzinfo | None, *, hold: bool
) -> HouseholdMode:
    """Somebody sets the mode: until the next change of the schedule, or with `hold` until somebody changes it."""
    change = None if hold else schedule.next_change(now_ms, zone)
    return HouseholdMode(mode, now_ms, by, device, None if change is None else change.at_ms, hold)


def followed(now: HouseholdMode, schedule: Schedule, now_ms: int, zone: tzinfo | None) -> HouseholdMode:
    """What it is at `now_ms`, if nobody sets anything."""
    if now.held or (now.by is not SetBy.SCHEDULE and not schedule.spans):
        return now
    is_chosen = now.by is not None and now.by is not SetBy.SCHEDULE
    if is_chosen and now.until_ms is not None and now_ms < now.until_ms:
        return now
    mode, change = schedule.mode_at(now_ms, zone), schedule.next_change(now_ms, zone)
    until_ms = None if change is None else change.at_ms
    if is_chosen and now.until_ms is None:  # chosen while there was no schedule
        return replace(now, until_ms=until_ms)
    if mode is now.mode and now.by is SetBy.SCHEDULE:
        return replace(now, until_ms=until_ms)
    since_ms = schedule.last_change_ms(now_ms, zone) if now.since_ms is not None else None
    return HouseholdMode(mode, now_ms if since_ms is None else since_ms, SetBy.SCHEDULE, None, until_ms)


def rescheduled(now: HouseholdMode, schedule: Schedule, now_ms: int, zone: tzinfo | None) -> HouseholdMode:
    """What it is once the owner changed the schedule: what was chosen by hand holds until the new one's next change."""
    return followed(replace(now, until_ms=None), schedule, now_ms, zone)


def _mode_at(now_ms: int, spells: list[tuple[Mode, Span]]) -> Mode:
    now = {mode for mode, spell in spells if spell.began_ms <= now_ms < spell.ended_ms}
    return next((mode for mode in (Mode.AWAY, Mode.NIGHT) if mode in now), Mode.HOME)


def _first_ms(day: date, minute: int, zone: tzinfo | None) -> int:
    """When the wall clock first shows this, or first shows something later."""
    shown = _wall(day, minute, zone)
    return _ms(shown) if _is_shown(shown) else _leap_ms(shown)


def _last_ms(day: date, minute: int, zone: tzinfo | None) -> int:
    """When it last shows this, or first shows something later."""
    shown = _wall(day, minute, zone)
    return _ms(shown.replace(fold=1)) if _is_shown(shown) else _leap_ms(shown)


def _wall(day: date, minute: int, zone: tzinfo | None) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)


def _ms(shown: datetime) -> int:
    return round(shown.timestamp() * 1000)


def _is_shown(shown: datetime) -> bool:
    back = datetime.fromtimestamp(shown.timestamp(), shown.tzinfo)
    return (back.hour, back.minute) == (shown.hour, shown.minute)


def _leap_ms(shown: datetime) -> int:
    """The moment in which clocks are set forward past `shown`: between what it would be before and after."""
    at_s = round(shown.replace(fold=1).timestamp())
    while datetime.fromtimestamp(at_s, shown.tzinfo).replace(tzinfo=None) < shown.replace(tzinfo=None):
        at_s += 60
    return at_s * 1000
