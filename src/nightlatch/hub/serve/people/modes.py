"""What the household is doing, kept in the books: set by hand, over MQTT or by the schedule (rules: domain.mode).

The clock on the wall is this machine's own. Whatever changes the mode, the books hold it before anybody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nightlatch.domain.context import Mode
from nightlatch.domain.mode import HouseholdMode, Schedule, SetBy, WeeklySpan, chosen, followed, rescheduled
from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import ModeRow, ModeSpanRow

MOST_SPANS = 50
log = structlog.get_logger()


class Modes:
    """The mode of one household. From any thread but the loop's; `mode` is what was read or kept last."""

    def __init__(self, books: Books, clock: Clock, zone: tzinfo | None = None) -> None:
        """`zone` unless it is this machine's."""
        self._books = books
        self._clock = clock
        self._zone = zone
        self.mode = self.now().mode

    def now(self) -> HouseholdMode:
        """What the household is doing, by the books."""
        with Session(self._books.engine) as session:
            now = _read(session)
        self.mode = now.mode
        return now

    def choose(self, mode: Mode, by: SetBy, device: str | None = None, *, hold: bool = False) -> HouseholdMode:
        """Somebody sets it: until the next change of the schedule, or with `hold` until somebody changes it."""

        def choice(_: HouseholdMode, schedule: Schedule) -> HouseholdMode:
            return chosen(mode, by, device, schedule, self._clock.now_ms(), self._zone, hold=hold)

        return self._change(choice)[1]

    def follow(self) -> bool:
        """Let the schedule have its say; whether that changed the mode, or who set it."""
        before, after = self._change(lambda now, schedule: followed(now, schedule, self._clock.now_ms(), self._zone))
        return before != after

    def schedule(self) -> Schedule:
        """The week, as the owner keeps it."""
        with Session(self._books.engine) as session:
            return _read_schedule(session)

    def keep_schedule(self, spans: Sequence[WeeklySpan]) -> HouseholdMode:
        """Put this schedule in place of the one before. Raises `ConfigError` for spans that make no sense."""
        kept = [_checked(span) for span in spans]
        if len(kept) > MOST_SPANS:
            raise ConfigError(f"A schedule has at most {MOST_SPANS} spans. Put days with the same hours into one.")
        with self._books.change() as session:
            session.execute(delete(ModeSpanRow))
            session.add_all(kept)
        return self._change(lambda now, schedule: rescheduled(now, schedule, self._clock.now_ms(), self._zone))[1]

    def then(self, now: HouseholdMode) -> Mode | None:
        """What the schedule makes of it at `until_ms`."""
        return None if now.until_ms is None else self.schedule().mode_at(now.until_ms, self._zone)

    def _change(self, apply: Callable[[HouseholdMode, Schedule], HouseholdMode]) -> tuple[HouseholdMode, HouseholdMode]:
        """Before and after. Raises `OSError`."""
        with self._books.turn:
            with Session(self._books.engine) as session:
                before, schedule = _read(session), _read_schedule(session)
            after = apply(before, schedule)
            if after != before:
                with self._books.change() as session:
                    session.merge(_row(after))
                self._books.sync()  # a power cut must not disarm the house
        self.mode = after.mode
        if (after.mode, after.by) != (before.mode, before.by):
            log.info("mode.changed", mode=after.mode.value, by=None if after.by is None else after.by.value)
        return before, after


def _read(session: Session) -> HouseholdMode:
    row = session.get(ModeRow, 1)
    if row is None:
        return HouseholdMode()
    return HouseholdMode(row.mode, row.since_ms, row.by, row.device, row.until_ms, row.held)


def _row(now: HouseholdMode) -> ModeRow:
    return ModeRow(
        one=1,
        mode=now.mode,
        since_ms=now.since_ms or 0,
        by=now.by or SetBy.SCHEDULE,
        device=now.device,
        until_ms=now.until_ms,
        held=now.held,
    )


def _read_schedule(session: Session) -> Schedule:
    rows = session.scalars(select(ModeSpanRow).order_by(ModeSpanRow.id))
    return Schedule(tuple(WeeklySpan(Mode(row.mode), _days(row.days), row.from_min, row.to_min) for row in rows))


def _days(bits: int) -> tuple[int, ...]:
    return tuple(day for day in range(7) if bits >> day & 1)


def _checked(span: WeeklySpan) -> ModeSpanRow:
    """Raises `ConfigError`."""
    if span.mode is Mode.HOME:
        raise ConfigError("A schedule says when it is night or away; at all other times you are home.")
    if not span.days or any(not 0 <= day <= 6 for day in span.days):
        raise ConfigError("Choose at least one day of the week for each span of the schedule.")
    if not (0 <= span.from_min < 1440 and 0 <= span.to_min < 1440):
        raise ConfigError("The times of a schedule lie between 00:00 and 23:59.")
    return ModeSpanRow(
        mode=span.mode.value,
        days=sum(1 << day for day in set(span.days)),
        from_min=span.from_min,
        to_min=span.to_min,
    )
