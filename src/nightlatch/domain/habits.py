"""At which hours somebody is usually there, before one camera. Pure: wall-clock days and hours come from outside.

An hour of a day is a bit. A day that nobody watched says nothing; today says nothing about what is usual, or people who
come twice in an hour would have made themselves usual.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from nightlatch.domain.context import Usual

DAYS = 14  # before today, that are asked
KEPT_DAYS = 21  # with a margin: a clock that was wrong for some days costs only those
HOURS = 24
MOST_AREAS = 32  # as many as a camera has

Hours = Mapping[int, int]  # by day (a proleptic ordinal): a bit for each hour of that day


@dataclass(frozen=True, slots=True)
class UsualHours:
    """What is known of one camera. Areas go by the name that the owner gave them."""

    watched: Hours = field(default_factory=dict)
    there: Hours = field(default_factory=dict)  # somebody was, anywhere on the picture
    areas: Mapping[str, Hours] = field(default_factory=dict)  # somebody was in this area

    def watching(self, day: int, hour: int) -> UsualHours:
        """The camera is watched in this hour."""
        return UsualHours(_with(self.watched, day, hour), self.there, self.areas)

    def somebody(self, day: int, hour: int, areas: Collection[str]) -> UsualHours:
        """Somebody was there in this hour, and in these areas."""
        known = dict(self.areas)
        for name in areas:
            if name in known or len(known) < MOST_AREAS:
                known[name] = _with(known.get(name, {}), day, hour)
        return UsualHours(_with(self.watched, day, hour), _with(self.there, day, hour), known)

    def only(self, areas: Collection[str]) -> UsualHours:
        """Without areas that are no more."""
        return UsualHours(self.watched, self.there, {name: self.areas[name] for name in self.areas if name in areas})

    def usual(self, day: int, hour: int, areas: Collection[str] = ()) -> Usual:
        """How usual it is about this hour: in the least usual of these areas, or anywhere."""
        known = [each for each in _before(day) if any(_has(self.watched, *slot) for slot in _about(each, hour))]
        places = [self.areas.get(name, {}) for name in areas] or [self.there]
        counts = (sum(any(_has(place, *slot) for slot in _about(each, hour)) for each in known) for place in places)
        return Usual(min(counts), len(known))

    def by_hour(self, day: int, hours: Hours) -> tuple[int, ...]:
        """On how many of the days before this one a bit is set, for each hour."""
        return tuple(sum(_has(hours, each, hour) for each in _before(day)) for hour in range(HOURS))


def _with(hours: Hours, day: int, hour: int) -> Hours:
    """The same and this hour; the oldest days go."""
    now = {**hours, day: hours.get(day, 0) | 1 << hour}
    return {each: now[each] for each in sorted(now)[-KEPT_DAYS:]}


def _has(hours: Hours, day: int, hour: int) -> bool:
    return bool(hours.get(day, 0) >> hour & 1)


def _before(day: int) -> Iterator[int]:
    return iter(range(day - DAYS, day))


def _about(day: int, hour: int) -> Iterator[tuple[int, int]]:
    """This hour, the one before and the one after, over midnight, too."""
    for each in (hour - 1, hour, hour + 1):
        yield day + each // HOURS, each % HOURS
