"""Rows are not proof: whoever writes into `keeper.db` must not be able to say what this keeper did.

Each row has a stamp, HMAC-SHA256 over its content under a key from `master.key`. While the keeper runs it remembers the
stamps of all rows: a row that is read must have the stamp that is remembered, and a question with many answers (the
draws of a day, the clips that wait) must find each of them. The database keeps one row more, the head: the number of
changes so far, and an HMAC over that number and the sum of all stamps.

    what was done to keeper.db                  is noticed
    a row changed, added, removed, put back     when it is read; by the round over all rows; at the next start
    the whole file put back to an earlier one   at the start: `halves/.changes`, which is in no backup, counts on
    all of that, and the counter, too           by the log (nightlatch.keeper.catching_up)

A file that was put back is used again once the log was read. If draws or views are gone with it, nothing is drawn until
the next UTC day: who has seen what today is not known.

What is noticed is a fault: nothing is shown until the file is restored. Taking back goes on, from whatever rows say.

Not noticed: somebody who has `master.key`, or writes into the memory of this program. A row is written through the ORM
alone, and a column that is added later may be empty: what is empty is not stamped.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary, ref

import structlog
from sqlalchemy import Engine, event, func, insert, inspect, select, update
from sqlalchemy.orm import Session, SessionTransaction, attributes

from nightlatch.durably import write_durably
from nightlatch.keeper.records import Group, HeadRow, KeeperTables
from nightlatch.keeper.refusals import KeeperRefused, Refusal

AT_ONCE = 500  # rows in one question; SQLite takes 32,766 values
ROUND_AT_ONCE = 200  # rows that each sweep looks at: 2 ms
LOOKS = ("draws", "views")
FAULT = "A row of the keeper's database is not as the keeper wrote it. Nothing is shown until it is restored."
_TOLERANT, _PENDING, _HEAD, _HELD = "tolerant", "pending stamps", "head", "holds the stamps' lock"

Key = tuple[str, Any]  # table, primary key
Row = TypeVar("Row", bound=KeeperTables)

log = structlog.get_logger()
_of: WeakKeyDictionary[Engine, Stamps] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is remembered of a row: the HMAC of its content, and the groups that it is in."""

    mac: bytes
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What is kept under one HMAC with the sum of all stamps."""

    number: int = 0  # of changes
    closed_day: int = -1  # days since 1970 UTC: what was drawn on it is not known any more
    seen: bytes = b""  # how far the log was read; see nightlatch.keeper.reading


class Count(NamedTuple):
    """What is counted outside of the database: its changes, and the draws and views that it has."""

    changes: int
    looks: int


class Stamps:
    """The stamps of one database. Calls may come from several threads."""

    def __init__(self, engine: Engine, key: bytes, counter: Path, today: int) -> None:
        """`counter` lies where no backup goes. `today` (days since 1970) is closed if looks of it are gone."""
        self._ref, self._key, self._counter = ref(engine), key, counter
        self._lock = threading.RLock()
        self._stamps: dict[Key, Stamp] = {}
        self._groups: defaultdict[Group, set[Any]] = defaultdict(set)
        self._sum = self._looked = 0
        self._round: Iterator[Key] = iter(())
        self.fault = False
        self.head = Head()
        self._open(today)
        _of[engine] = self

    # ---- asking ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises `KeeperRefused` once a row was found that the keeper did not write."""
        if self.fault:
            raise KeeperRefused(Refusal.ROWS, FAULT)

    def members(self, group: Group) -> tuple[Any, ...]:
        """Primary keys of all rows of a group, as of the last commit."""
        with self._lock:
            return tuple(self._groups.get(group, ()))

    def knows(self, table: type[KeeperTables], key: Any) -> bool:
        """Whether there is such a row, whatever the database says."""
        with self._lock:
            return (table.__tablename__, key) in self._stamps

    def all_of(self, session: Session, table: type[Row], *groups: Group) -> list[Row]:
        """All rows of these groups, by primary key: each as it was written, none missing. Raises `KeeperRefused`."""
        keys = sorted({key for group in groups for key in self.members(group)})
        (column,) = inspect(table).primary_key
        rows = list[Row]()
        for first in range(0, len(keys), AT_ONCE):
            some = keys[first : first + AT_ONCE]
            found = session.scalars(select(table).where(column.in_(some)).order_by(column)).all()
            if len(found) != len(some):
                self._notice(session, table.__tablename__)
            rows += found
        return rows

    def go_round(self) -> None:
        """Look at some more rows, until all were looked at, and then from the beginning."""
        keys = [key for _, key in zip(range(ROUND_AT_ONCE), self._round, strict=False)]
        if not keys:
            self._begin_round()
            return
        with tolerant(self._engine) as session:
            for table in _stamped_tables():
                (column,) = inspect(table).primary_key
                wanted = [key for name, key in keys if name == table.__tablename__]
                found = session.scalars(select(table).where(column.in_(wanted))).all() if wanted else ()
                if len(found) != len(wanted):
                    self._notice(session, table.__tablename__)

    def _begin_round(self) -> None:
        """Rows that were added are nobody's answer, since none is asked for; they are counted here."""
        with self._lock, tolerant(self._engine) as session:
            self._round = iter(tuple(self._stamps))
            for table in _stamped_tables():
                known = sum(name == table.__tablename__ for name, _ in self._stamps)
                if session.scalar(select(func.count()).select_from(table)) != known:
                    self._notice(session, table.__tablename__)

    def note(self, session: Session, **head: int | bytes) -> None:
        """Change the head, with the transaction of this session."""
        session.info.setdefault(_HEAD, {}).update(head)

    @property
    def _engine(self) -> Engine:
        if (engine := self._ref()) is None:
            raise RuntimeError("These stamps have outlived their database.")
        return engine

    # ---- at the start ---------------------------------------------------------------------------------------------

    def _open(self, today: int) -> None:
        with tolerant(self._engine) as session:
            try:
                for table in _stamped_tables():
                    for row in session.scalars(select(table).execution_options(yield_per=1000)):
                        self._apply({_key_of(row): self._stamp(row)})
            except (LookupError, TypeError, ValueError):  # a value that no keeper writes
                self._found("any")
            kept = session.get(HeadRow, 1)
            written = Head(kept.number, kept.closed_day, kept.seen) if kept is not None else Head()
        counted = self._counted()
        if kept is None and counted is None:  # a new keeper, or one from before there were stamps
            self._write_first()
            return
        mac = self._head_mac(written, self._sum, len(self._stamps))
        if kept is None or not hmac.compare_digest(mac, kept.mac):
            self._found("head")
            return
        self.head = written
        if counted is None or counted.changes > written.number:
            self._put_back(counted, today)

    def _put_back(self, counted: Count | None, today: int) -> None:
        """What is here is whole, and not the newest."""
        log.error("rows.put_back", changes=counted.changes - self.head.number if counted else "some")
        lost_looks = counted is None or counted.looks > self._looked
        number = max(counted.changes if counted else 0, self.head.number)
        self.head = Head(number, today if lost_looks else self.head.closed_day, self.head.seen)
        _of[self._engine] = self
        with Session(self._engine) as session, session.begin():
            self.note(session, closed_day=self.head.closed_day)

    def _write_first(self) -> None:
        self.head = Head(1)
        mac = self._head_mac(self.head, self._sum, len(self._stamps))
        with self._engine.begin() as connection:
            connection.execute(insert(HeadRow).values(id=1, number=1, closed_day=-1, seen=b"", mac=mac))
        self._count()

    # ---- with each transaction ------------------------------------------------------------------------------------

    def flushed(self, session: Session) -> None:
        """Rows were written: what will be remembered of them, if it is committed."""
        pending = session.info.setdefault(_PENDING, {})
        for row in (*session.new, *session.dirty):
            if _is_stamped(row):
                pending[_key_of(row)] = self._stamp(row)
        for row in session.deleted:
            if _is_stamped(row):
                pending[_key_of(row)] = None

    def commits(self, session: Session) -> None:
        """Write the head that belongs to what this session wrote; nobody else does until it has ended."""
        session.flush()
        pending, head = session.info.get(_PENDING, {}), session.info.get(_HEAD, {})
        if not pending and not head:
            return
        if not pending:  # the database's lock first, always: whoever flushed has it and waits for ours
            session.connection().execute(update(HeadRow).where(HeadRow.id == 1).values(id=1))
        self._lock.acquire()
        session.info[_HELD] = True
        if self.fault:  # what was done to the rows must not come under a good head
            return
        total, count = self._sum, len(self._stamps)
        for key, stamp in pending.items():
            before = self._stamps.get(key)
            total += (int.from_bytes(stamp.mac) if stamp else 0) - (int.from_bytes(before.mac) if before else 0)
            count += (stamp is not None) - (before is not None)
        made = Head(**{"closed_day": self.head.closed_day, "seen": self.head.seen, **head}, number=self.head.number + 1)
        mac = self._head_mac(made, total, count)
        values = {"number": made.number, "closed_day": made.closed_day, "seen": made.seen, "mac": mac}
        session.connection().execute(update(HeadRow).where(HeadRow.id == 1).values(**values))
        session.info[_HEAD] = made

    def committed(self, session: Session) -> None:
        """Remember what is in the database from now on."""
        if not session.info.get(_HELD):
            return
        self._apply(session.info.get(_PENDING, {}))
        if isinstance(made := session.info.get(_HEAD), Head):
            self.head = made
            self._count()

    def ended(self, session: Session) -> None:
        """The transaction is over, committed or not."""
        session.info.pop(_PENDING, None)
        session.info.pop(_HEAD, None)
        if session.info.pop(_HELD, False):
            self._lock.release()

    def loaded(self, session: Session, row: KeeperTables) -> None:
        """Raises `KeeperRefused` for a row that the keeper did not write like this."""
        key, mac = _key_of(row), self._mac_of(row)
        pending = session.info.get(_PENDING, {})
        expected = pending[key] if key in pending else self._stamps.get(key)
        if (expected is None or expected.mac != mac) and not self._is_read_again(row, key):
            self._notice(session, row.__tablename__)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _is_read_again(self, row: KeeperTables, key: Key) -> bool:
        """Somebody may have committed between the reading and the remembering: read again while nobody can."""
        with self._lock, tolerant(self._engine) as session:
            fresh = (
                session.execute(
                    select(*row.__table__.columns).where(row.__table__.c[_shape(type(row)).primary] == key[1])
                )
                .mappings()
                .first()
            )
            expected = self._stamps.get(key)
            if fresh is None or expected is None or self._mac(_shape(type(row)), dict(fresh)) != expected.mac:
                return False
            for name, value in fresh.items():
                attributes.set_committed_value(row, name, value)
            return True

    def _notice(self, session: Session, table: str) -> None:
        self._found(table)
        if not session.info.get(_TOLERANT):
            self.check()

    def _found(self, table: str) -> None:
        if not self.fault:
            log.error("rows.changed", table=table)
        self.fault = True

    def _apply(self, changed: Mapping[Key, Stamp | None]) -> None:
        for key, stamp in changed.items():
            if (before := self._stamps.pop(key, None)) is not None:
                self._sum -= int.from_bytes(before.mac)
                self._looked -= key[0] in LOOKS
                for group in before.groups:
                    self._groups[group].discard(key[1])
                    if not self._groups[group]:
                        del self._groups[group]
            if stamp is not None:
                self._stamps[key] = stamp
                self._sum += int.from_bytes(stamp.mac)
                self._looked += key[0] in LOOKS
                for group in stamp.groups:
                    self._groups[group].add(key[1])

    def _stamp(self, row: KeeperTables) -> Stamp:
        return Stamp(self._mac_of(row), tuple(row.groups()))

    def _mac_of(self, row: KeeperTables) -> bytes:
        shape, values = _shape(type(row)), row.__dict__
        unset = {name: getattr(row, name) for name, _ in shape.columns if name not in values}
        return self._mac(shape, {**values, **unset} if unset else values)

    def _mac(self, shape: Shape, values: Mapping[str, Any]) -> bytes:
        said = [shape.table]
        for name, framed in shape.columns:
            if (value := values[name]) is not None:
                encoded = _encoded(value)
                said += (framed, len(encoded).to_bytes(4), encoded)
        return hmac.digest(self._key, b"".join(said), "sha256")

    def _head_mac(self, head: Head, total: int, count: int) -> bytes:
        numbers = (head.number, head.closed_day, count, total % (1 << 256))
        said = _framed(head.seen) + b"".join(_framed(str(each).encode()) for each in numbers)
        return hmac.digest(self._key, b"head" + said, "sha256")

    def _counted(self) -> Count | None:
        with suppress(OSError, ValueError):
            changes, looks = self._counter.read_bytes().split()
            return Count(int(changes), int(looks))
        return None

    def _count(self) -> None:
        """In place: a power cut may take the last ones, a kill takes nothing."""
        said = b"%020d %020d\n" % (self.head.number, self._looked)
        if not self._counter.exists():
            write_durably(self._counter, said)
            return
        handle = os.open(self._counter, os.O_WRONLY)
        try:
            os.pwrite(handle, said, 0)
        finally:
            os.close(handle)


def stamps_of(session: Session) -> Stamps:
    """The stamps of this session's database. Raises `KeyError` for one that has none."""
    return _of[session.get_bind().engine]


def tolerant(engine: Engine) -> Session:
    """A session that reads rows which were changed from outside, for taking back: that goes on whatever happens."""
    return Session(engine, info={_TOLERANT: True})


def _stamped_tables() -> list[type[KeeperTables]]:
    return [mapper.class_ for mapper in KeeperTables.registry.mappers if mapper.class_ is not HeadRow]


def _is_stamped(row: object) -> bool:
    return isinstance(row, KeeperTables) and not isinstance(row, HeadRow)


class Shape(NamedTuple):
    """What a stamp needs to know of a table: its name, framed; its columns in order, framed; its primary key."""

    table: bytes
    columns: tuple[tuple[str, bytes], ...]
    primary: str


@cache
def _shape(table: type[KeeperTables]) -> Shape:
    names = sorted(column.name for column in table.__table__.columns)
    (primary,) = inspect(table).primary_key
    return Shape(_framed(table.__tablename__.encode()), tuple((n, _framed(n.encode())) for n in names), primary.name)


def _key_of(row: KeeperTables) -> Key:
    return row.__tablename__, getattr(row, _shape(type(row)).primary)


def _encoded(value: object) -> bytes:
    """Bytes that differ for values that differ. An enumerated word is its text, a truth a number."""
    if isinstance(value, bytes):
        return b"b" + value
    return b"i%d" % value if isinstance(value, int) else b"s" + str(value).encode()


def _framed(said: bytes) -> bytes:
    return len(said).to_bytes(4) + said


# ---- what the ORM tells -------------------------------------------------------------------------------------------


def _watching(session: Session) -> Stamps | None:
    return _of.get(bind.engine) if (bind := session.bind) is not None else None


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _: object) -> None:
    if (stamps := _watching(session)) is not None:
        stamps.flushed(session)


@event.listens_for(Session, "before_commit")
def _commits(session: Session) -> None:
    if (stamps := _watching(session)) is not None:
        stamps.commits(session)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if (stamps := _watching(session)) is not None:
        stamps.committed(session)


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None and (stamps := _watching(session)) is not None:
        stamps.ended(session)


@event.listens_for(KeeperTables, "load", propagate=True)
@event.listens_for(KeeperTables, "refresh", propagate=True)
def _loaded(row: KeeperTables, context: Any, *_: object) -> None:
    if _is_stamped(row) and context is not None and (stamps := _watching(context.session)) is not None:
        stamps.loaded(context.session, row)
