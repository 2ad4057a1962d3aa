"""Whether the keeper knows all that the log holds: one whose rows were put back shows nothing until it does.

Every entry of a kind that the keeper writes must be in its rows, and every change of roster or policy must have been
told to it. What is missing was done after the rows that are here were saved:

    consent.withdraw, flag        the clip is found again (its entry's salt is made from the owner's log key) and taken
                                  back again; if it cannot be told which clip of a household it was, all of that
                                  household's are taken back
    roster, policy                no session and no view until review tells the change again, as it does by itself
    view.close, flag              nothing is drawn until the next UTC day: who has seen what today is not known

Reading the log is no part of showing a picture: the sweep does it every quarter of a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS, SECOND_MS, Clock
from nightlatch.domain.view import Leaf, commitment, read_leaf, tag
from nightlatch.errors import NightlatchError
from nightlatch.keeper import book
from nightlatch.keeper.changes import POLICY, ROSTER, Changes
from nightlatch.keeper.events import EntryKind, Event, FlagEvent, WithdrawEvent
from nightlatch.keeper.reading import News
from nightlatch.keeper.records import ChangeRow, KeptDonationRow, leaf_group
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.stamps import Stamps, tolerant
from nightlatch.keeper.taking_back import FLAGGED_FOR_MS, SHRED_WITHIN_MS, TakingBack
from nightlatch.keeper.words import Ledger

EVERY_MS = 15 * SECOND_MS
STALE_MS = 5 * MINUTE_MS  # longer than that without reading the log: nothing is shown
TELLING_MS = 30 * SECOND_MS  # from the log to here: so long may review take to tell a change
NOTED_WITHIN_MS = 2 * SECOND_MS  # between the moment that an event names and its leaf
UNTOLD = "The log holds a change of roster or policy that the keeper was not told. Review tells it again by itself."
PUT_BACK = "The keeper's rows were put back to earlier ones, and today's looks are gone. Come back tomorrow (UTC)."
OWN = (EntryKind.GIVE, EntryKind.WITHDRAW, EntryKind.CLOSE, EntryKind.FLAG, EntryKind.SHRED)
LOOKED = (EntryKind.CLOSE, EntryKind.FLAG)

log = structlog.get_logger()


class CatchingUp:
    """Reads the log, and says what the keeper does not know."""

    def __init__(
        self,
        engine: Engine,
        stamps: Stamps,
        clock: Clock,
        ledger: Ledger,
        changes: Changes,
        taking_back: TakingBack,
        alone: AbstractContextManager[object],
    ) -> None:
        """`alone` is the room's lock; `clock` is asked under it, and outside of it."""
        self._engine, self._stamps, self._clock, self._ledger = engine, stamps, clock, ledger
        self._changes, self._taking_back, self._alone = changes, taking_back, alone
        self._reading = threading.Lock()
        self._read_ms: int | None = None

    def check(self) -> None:
        """Raises `KeeperRefused` while something is known to be missing."""
        self._stamps.check()
        now_ms = self._clock.now_ms()
        if self._changes.untold(now_ms - TELLING_MS):
            raise KeeperRefused(Refusal.BEHIND, UNTOLD)
        if self._stamps.head.closed_day == now_ms // DAY_MS:
            raise KeeperRefused(Refusal.BEHIND, PUT_BACK)

    def keep_up(self) -> None:
        """Read what is new, if it is time. It asks the log: not under the room's lock. Never raises: `require` does."""
        with self._reading:
            if self._is_read_within(EVERY_MS):
                return
            try:
                self._read()
            except NightlatchError as error:
                log.warning("log.unread", error=str(error))

    def require(self) -> None:
        """Raises `KeeperRefused` unless the log was read lately: now, if need be. Not under the room's lock."""
        with self._reading:
            if not self._is_read_within(STALE_MS):
                self._read()

    def _is_read_within(self, age_ms: int) -> bool:
        return self._read_ms is not None and abs(self._clock.now_ms() - self._read_ms) < age_ms

    def _read(self) -> None:
        news = self._ledger.news(self._stamps.head.seen, self._clock.now_ms(), self._is_missing)
        with self._alone:
            self._take(news)
        self._read_ms = self._clock.now_ms()

    def _is_missing(self, raw: bytes) -> bool:
        leaf = _leaf(raw)
        return leaf is not None and leaf.kind in (*OWN, ROSTER, POLICY) and not self._stamps.members(leaf_group(raw))

    def _take(self, news: News) -> None:
        now_ms = self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            for index, raw in news.leaves:
                leaf = _leaf(raw)
                if leaf is None or not self._is_missing(raw):  # told meanwhile
                    continue
                if leaf.kind in (ROSTER, POLICY):
                    log.warning("change.untold", index=index)
                    session.add(ChangeRow(kind=leaf.kind, leaf=raw, found_ms=now_ms))
                elif rows := self._household_of(session, leaf):
                    self._make_good(session, rows, index, raw, leaf, now_ms)
            if bytes(news.seen) != self._stamps.head.seen:
                self._stamps.note(session, seen=bytes(news.seen))

    def _household_of(self, session: Session, leaf: Leaf) -> list[KeptDonationRow]:
        """The clips of the household under whose tag this entry is."""
        states = [("state", state) for state in State if state not in (State.MADE, State.SHREDDED)]
        rows = self._stamps.all_of(session, KeptDonationRow, *states)
        return [row for row in rows if row.log_key is not None and tag(row.log_key, leaf.at_s * 1000) == leaf.tag]

    def _make_good(
        self, session: Session, rows: list[KeptDonationRow], index: int, raw: bytes, leaf: Leaf, now_ms: int
    ) -> None:
        """An entry that this keeper wrote and does not know any more: what it says is done again."""
        log.warning("entry.unknown", index=index, kind=leaf.kind)
        if leaf.kind in LOOKED:
            self._stamps.note(session, closed_day=now_ms // DAY_MS)
        if leaf.kind not in (EntryKind.WITHDRAW, EntryKind.FLAG):
            return
        standing = [row for row in rows if row.state in (State.WAITING, State.LABELLED, State.FLAGGED)]
        for row in standing:
            for event in self._possible(row, leaf):
                salt = book.salt_of(row.log_key or b"", event)
                if commitment(salt, event.canonical()) == leaf.commitment:
                    self._do_again(row, event)
                    kind, said = EntryKind(leaf.kind), event.canonical()
                    book.enter(session, row, kind, raw, said, salt, now_ms, now_ms, index)
                    return
        for row in standing:
            self._taking_back.withdraw(session, row, now_ms)

    def _possible(self, row: KeptDonationRow, leaf: Leaf) -> Iterator[Event]:
        """All that this entry may say of this clip."""
        latest_ms = leaf.at_s * 1000 + SECOND_MS
        moments = range(latest_ms - SECOND_MS - NOTED_WITHIN_MS, latest_ms)
        if leaf.kind == EntryKind.WITHDRAW:
            for at_ms in moments:
                yield WithdrawEvent(row.id, at_ms, at_ms + SHRED_WITHIN_MS)
            return
        for view in self._stamps.members(("viewers", row.id)):
            for at_ms in moments:
                yield FlagEvent(row.id, view, at_ms + FLAGGED_FOR_MS)

    def _do_again(self, row: KeptDonationRow, event: Event) -> None:
        if isinstance(event, WithdrawEvent):
            row.state, row.withdrawn_ms = State.WITHDRAWN, event.refused_ms
        elif isinstance(event, FlagEvent):
            row.state, row.flagged_ms = State.FLAGGED, event.shred_by_ms - FLAGGED_FOR_MS


def _leaf(raw: bytes) -> Leaf | None:
    try:
        return read_leaf(raw)
    except ValueError:
        return None
