"""Whether the keeper knows all that the log holds: one whose rows were put back shows nothing until it does.

Every entry of a kind that the keeper writes must be in its rows, and every change of roster or policy must have been
told to it. What is missing was done after the rows that are here were saved:

    consent.withdraw, flag        the clip is found again (its entry's salt is made from the owner's log key) and taken
                                  back again; if it cannot be told which clip of a household it was, all of that
                                  household's are taken back
    roster, policy                no session and no view until review tells the change again, as it does by itself
    view.close, flag              nothing is drawn until the next UTC day: who has seen what today is not known

An entry that waits here to be appended, and is in the log, was appended before: it is not appended again.

Reading the log is no part of showing a picture: the sweep does it every quarter of a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from hashlib import sha256

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS, SECOND_MS, Clock
from nightlatch.domain.view import Leaf, commitment, read_leaf, tag
from nightlatch.errors import NightlatchError
from nightlatch.keeper import book
from nightlatch.keeper.changes import POLICY, ROSTER, Changes
from nightlatch.keeper.events import EntryKind, FlagEvent, WithdrawEvent
from nightlatch.keeper.reading import News
from nightlatch.keeper.records import ChangeRow, EntryRow, KeptDonationRow, change_of, entry_of
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.stamps import Stamps, tolerant
from nightlatch.keeper.taking_back import FLAGGED_FOR_MS, SHRED_WITHIN_MS, TakingBack
from nightlatch.keeper.words import Ledger

EVERY_MS = 15 * SECOND_MS
STALE_MS = 5 * MINUTE_MS  # longer than that without reading the log: nothing is shown
NOTED_WITHIN_MS = 2 * SECOND_MS  # between the moment that an event names and its leaf
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
        self._tried_ms = -EVERY_MS

    def check(self) -> None:
        """Raises `KeeperRefused` while something is known to be missing."""
        self._stamps.check()
        self._changes.check_told()
        if self._stamps.head.closed_day == self._clock.now_ms() // DAY_MS:
            raise KeeperRefused(Refusal.BEHIND, PUT_BACK)

    def keep_up(self) -> None:
        """Read what is new, if it is time. It asks the log: not under the room's lock. Never raises: `require` does."""
        with self._reading:
            now_ms = self._clock.now_ms()
            if self._stamps.fault or 0 <= now_ms - self._tried_ms < EVERY_MS:
                return
            self._tried_ms = now_ms
            try:
                self._read()
            except NightlatchError as error:  # a witness that is late, nearly always
                if not self._is_read_within(STALE_MS):
                    log.warning("log.unread", error=str(error))

    def require(self) -> None:
        """Raises `KeeperRefused` unless the log was read lately: now, if need be. Not under the room's lock."""
        self._stamps.check()
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
        """Whether an entry is one of ours that no row knows, or one that waits here to be appended."""
        leaf = _leaf(raw)
        if leaf is None:
            return False
        if leaf.kind in (ROSTER, POLICY):
            return not self._stamps.members(change_of(raw))
        known = self._stamps.members(entry_of(raw))
        return leaf.kind in OWN and (not known or known[0] in self._stamps.members(("queued",)))

    def _take(self, news: News) -> None:
        now_ms = self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            for index, raw in news.leaves:
                leaf = _leaf(raw)
                if leaf is None or not self._is_missing(raw):  # told meanwhile
                    continue
                if leaf.kind in (ROSTER, POLICY):
                    log.warning("change.untold", index=index, leaf=sha256(raw).hexdigest())
                    found_ms = 0 if self._read_ms is None else now_ms  # at the start nothing is on its way
                    session.add(ChangeRow(kind=leaf.kind, leaf=raw, found_ms=found_ms))
                elif known := self._stamps.all_of(session, EntryRow, entry_of(raw)):
                    known[0].leaf_index = index
                else:
                    self._make_good(session, leaf, raw, index)
            if bytes(news.seen) != self._stamps.head.seen:
                self._stamps.note(session, seen=bytes(news.seen))

    def _make_good(self, session: Session, leaf: Leaf, raw: bytes, index: int) -> None:
        """An entry that this keeper wrote and does not know any more: what it says is done again."""
        states = [("state", state) for state in State if state not in (State.MADE, State.SHREDDED)]
        here = {row.id: row for row in self._stamps.all_of(session, KeptDonationRow, *states)}
        keys = {row.id: row.log_key or b"" for row in here.values()} | self._taking_back.lost
        household = {name: key for name, key in keys.items() if tag(key, leaf.at_s * 1000) == leaf.tag}
        if not household:
            return
        log.warning("entry.unknown", index=index, kind=leaf.kind)
        now_ms = self._clock.now_ms()
        if leaf.kind in LOOKED:
            self._stamps.note(session, closed_day=now_ms // DAY_MS)
        if leaf.kind not in (EntryKind.WITHDRAW, EntryKind.FLAG):
            return
        for name, key in household.items():
            for event in self._possible(name, leaf):
                salt, said = book.salt_of(key, event), event.canonical()
                if commitment(salt, said) == leaf.commitment:
                    if (row := here.get(name)) is not None:  # else its key is gone already
                        _do_again(row, event)
                        book.enter(session, row, event.kind, raw, said, salt, now_ms, now_ms, index)
                    return
        for row in (here[name] for name in household if name in here):
            if row.state is not State.WITHDRAWN:
                self._taking_back.withdraw(session, row, now_ms)

    def _possible(self, donation: str, leaf: Leaf) -> Iterator[WithdrawEvent | FlagEvent]:
        """All that this entry may say of this clip."""
        before_ms = (leaf.at_s + 1) * SECOND_MS
        moments = range(before_ms - SECOND_MS - NOTED_WITHIN_MS, before_ms)
        if leaf.kind == EntryKind.WITHDRAW:
            for at_ms in moments:
                yield WithdrawEvent(donation, at_ms, at_ms + SHRED_WITHIN_MS)
            return
        for view in self._stamps.members(("viewers", donation)):
            for at_ms in moments:
                yield FlagEvent(donation, view, at_ms + FLAGGED_FOR_MS)


def _do_again(row: KeptDonationRow, event: WithdrawEvent | FlagEvent) -> None:
    if isinstance(event, WithdrawEvent):
        row.state, row.withdrawn_ms = State.WITHDRAWN, event.refused_ms
    elif row.state is not State.WITHDRAWN:
        row.state, row.flagged_ms = State.FLAGGED, event.shred_by_ms - FLAGGED_FOR_MS


def _leaf(raw: bytes) -> Leaf | None:
    try:
        return read_leaf(raw)
    except ValueError:
        return None
