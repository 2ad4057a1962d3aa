"""Keeps vigil over hubs: where one falls silent, what it wrote in advance goes to its owner's devices.

The mailbox knows only that it did not hear. The hub writes the letters while it is well: each is sealed to one device
(RFC 8291) and carries the hub's own signature for that device's push service (RFC 8292). Here nobody can read or change
them; they can be sent too early, twice, or never, and that is all.

How long a hub has been silent is counted on a steady clock of this process, from when it first saw the newest sign of
life. So no clock that is set, here or there, makes a silence; and after a start, after this process was itself held up,
or when it finds that it was cut off from the push services, everybody has the whole time again.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from sqlalchemy import ColumnElement, Engine, delete, exists, func, select, update
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.records import AccountRow, LetterRow, VigilRow
from nightlatch.domain.time import DAY_MS, SECOND_MS, Clock
from nightlatch.errors import ConfigError, NotFound, OverQuota
from nightlatch.web.addresses import is_push_service
from nightlatch.web.asking import Bounds, Lack, Reply, Unanswered, ask_async

LOOK_EVERY_S = 2.0
HELD_S = 10.0  # between two looks: this process was stopped, or its machine slept
SHORTEST_S = 120
LONGEST_S = DAY_MS // SECOND_MS
MOST_LETTERS = 16
MOST_TRIES = 40  # about six hours; the hub's signature for a push service is good for twelve
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 600.0
SMALLEST_BODY = 86 + 17  # RFC 8188: a header with a key of 65 bytes, and one record that holds nothing
LARGEST_BODY = 4096  # RFC 8291, 4
SERVICE = Bounds(most_bytes=16_384, within_s=10.0)
KEEP_S = DAY_MS // SECOND_MS  # how long a push service holds a letter for a device that is off
GONE = (404, 410)
HTTPS = 443
_TOKEN = re.compile(r"vapid t=[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}, ?k=[A-Za-z0-9_-]{87}\Z")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """A push message for one device, as its hub wrote it."""

    endpoint: str
    token: str = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LifeLine:
    """What a hub is told when it gives a sign of life: by the mailbox's clock, when it was heard before.

    `told_ms`: when its devices were told of a silence, which `heard_ms` began; until letters are left anew, both stay.
    """

    now_ms: int
    heard_ms: int
    told_ms: int | None
    letters: int


@dataclass(slots=True)
class _Known:
    """What this process knows of a household. All times are of its steady clock."""

    signs: int
    since_s: float  # when it first saw the newest sign of life
    tried: int = 0  # tries of all letters; one that this process did not make is another one's on this database
    not_before_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    was_cut_off: bool = False
    is_busy: bool = False


def _since_boot_s() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Vigil:
    """Over all households that left letters. `look` is called again and again, from one place."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        shortest_s: int = SHORTEST_S,
        outside_only: bool = True,
        steady_s: Callable[[], float] = _since_boot_s,
    ) -> None:
        """`outside_only` unless the push service of a test runs on this machine."""
        self._engine = engine
        self._clock = clock
        self._shortest_s = shortest_s
        self._outside_only = outside_only
        self._steady_s = steady_s
        self._known: dict[str, _Known] = {}
        self._looked_s: float | None = None

    # ---- what hubs ask ------------------------------------------------------------------------------------

    def leave(self, household: str, after_s: int, letters: Sequence[Letter]) -> LifeLine:
        """Keep these letters instead of any before, to be sent after so much silence.

        Raises:
            ConfigError: a time or a letter that cannot be.
            OverQuota: more letters than a household may leave.
        """
        if not self._shortest_s <= after_s <= LONGEST_S:
            raise ConfigError(f"A hub may be silent for {self._shortest_s} to {LONGEST_S} s before its devices hear.")
        if len(letters) > MOST_LETTERS:
            raise OverQuota(f"This mailbox keeps letters to {MOST_LETTERS} devices of a household at most.")
        for letter in letters:
            self._check(letter)
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            _lock(session, household)
            row = session.get(VigilRow, household)
            if row is None:
                row = VigilRow(household_id=household, signs=0)
                session.add(row)
            row.after_s, row.signs, row.heard_ms, row.told_ms = after_s, row.signs + 1, now_ms, None
            session.flush()
            session.execute(delete(LetterRow).where(LetterRow.household_id == household))
            session.add_all(
                LetterRow(household_id=household, number=n, endpoint=each.endpoint, token=each.token, body=each.body)
                for n, each in enumerate(letters)
            )
        return LifeLine(now_ms, now_ms, None, len(letters))

    def hear(self, household: str) -> LifeLine:
        """A sign of life. Raises `NotFound` where there are no letters that it could hold back."""
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            _lock(session, household)
            row = session.get(VigilRow, household)
            if row is None:
                raise NotFound("This household left no letters. Leave them first.")
            before = LifeLine(now_ms, row.heard_ms, row.told_ms, _count(session, household))
            row.signs += 1
            if row.told_ms is None:
                row.heard_ms = now_ms
        return before

    def take_back(self, household: str) -> None:
        """Forget the letters and all that was known with them."""
        with Session(self._engine) as session, session.begin():
            _lock(session, household)
            session.execute(delete(LetterRow).where(LetterRow.household_id == household))
            session.execute(delete(VigilRow).where(VigilRow.household_id == household))

    def _check(self, letter: Letter) -> None:
        """Raises `ConfigError`."""
        if self._outside_only and not (
            is_push_service(letter.endpoint) and urlsplit(letter.endpoint).port in (None, HTTPS)
        ):
            raise ConfigError("A letter goes to a push service on the internet, over https.")
        if not _TOKEN.match(letter.token):
            raise ConfigError("A letter carries its hub's signature for the push service (RFC 8292).")
        is_sealed = SMALLEST_BODY <= len(letter.body) <= LARGEST_BODY and letter.body[20:22] == b"\x41\x04"
        if not is_sealed:
            raise ConfigError("A letter is sealed to the device that it goes to (RFC 8291).")

    # ---- the vigil ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as telling:
            while True:
                try:
                    for household in await run_in_threadpool(self.look):
                        telling.create_task(self.tell(household))
                except Exception:  # a locked or lost database: the vigil goes on when it is back
                    log.exception("vigil.stumbled")
                await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> list[str]:
        """Households whose devices are to be told now."""
        with Session(self._engine) as session:
            rows = session.execute(
                select(VigilRow.household_id, VigilRow.signs, VigilRow.after_s, func.sum(LetterRow.tries))
                .join(LetterRow, LetterRow.household_id == VigilRow.household_id)
                .group_by(VigilRow.household_id, VigilRow.signs, VigilRow.after_s)
            ).all()
        now_s = self._steady_s()
        was_held = self._looked_s is not None and now_s - self._looked_s > HELD_S
        self._looked_s, before, overdue = now_s, {} if was_held else self._known, []
        self._known = {}
        for household, signs, after_s, tried in rows:
            known = before.get(household)
            if known is None or known.signs != signs:
                known = _Known(signs, now_s, int(tried))
            if known.tried != tried:
                known.tried, known.not_before_s = int(tried), max(known.not_before_s, now_s + FIRST_PAUSE_S)
            self._known[household] = known
            if not known.is_busy and now_s >= max(known.since_s + after_s, known.not_before_s):
                known.is_busy = True
                overdue.append(household)
        return overdue

    async def tell(self, household: str) -> None:
        """Send what is left of a household's letters, each once unless its push service does not take it."""
        known = self._known.get(household)
        if known is None:
            return
        try:
            await self._tell(household, known)
        except Exception:  # the letters stay, and are tried again
            log.exception("vigil.stumbled")
        finally:
            known.not_before_s = self._steady_s() + known.pause_s
            known.pause_s = min(LONGEST_PAUSE_S, known.pause_s * 2)
            known.is_busy = False

    async def _tell(self, household: str, known: _Known) -> None:
        letters = await run_in_threadpool(self._letters, household)
        if sum(letter.tries for letter in letters) != known.tried:
            return
        if known.was_cut_off:
            if letters and await self._reaches(letters[0].endpoint):
                known.was_cut_off, known.since_s = False, self._steady_s()
            return
        sent = await asyncio.gather(*(self._send(household, known.signs, letter) for letter in letters))
        known.was_cut_off = bool(sent) and all(lack is Lack.AWAY for lack in sent)
        log.info("vigil.told", household=household, letters=len(letters), kept=sum(lack is not None for lack in sent))

    async def _send(self, household: str, signs: int, letter: LetterRow) -> Lack | None:
        """Post a letter unless its hub was heard meanwhile; what was lacking, if it stays."""
        if not await run_in_threadpool(self._claim, household, signs, letter):
            return None
        try:
            reply = await self._post(letter)
        except Unanswered as error:
            is_last = letter.tries + 1 >= MOST_TRIES or error.lack is Lack.INNER
            if is_last:
                await run_in_threadpool(self._drop, household, signs, letter, False)
            return error.lack
        is_taken = 200 <= reply.status <= 202
        if is_taken or reply.status in GONE or letter.tries + 1 >= MOST_TRIES:
            await run_in_threadpool(self._drop, household, signs, letter, is_taken)
            return None
        log.warning("letter.refused", status=reply.status)
        return Lack.SLOW

    async def _post(self, letter: LetterRow) -> Reply:
        headers = {
            "Authorization": letter.token,
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEEP_S),
            "Urgency": "high",
        }
        return await ask_async(
            "POST", letter.endpoint, SERVICE, body=letter.body, headers=headers, outside_only=self._outside_only
        )

    async def _reaches(self, endpoint: str) -> bool:
        """Whether there is a way to this push service at all; nothing is said there."""
        at = urlsplit(endpoint)
        try:
            await ask_async("HEAD", f"{at.scheme}://{at.netloc}/", SERVICE, outside_only=self._outside_only)
        except Unanswered as error:
            return error.lack is not Lack.AWAY
        return True

    # ---- rows; in worker threads ----------------------------------------------------------------------------

    def _letters(self, household: str) -> list[LetterRow]:
        with Session(self._engine) as session:
            rows = session.scalars(select(LetterRow).where(LetterRow.household_id == household)).all()
            session.expunge_all()
        return list(rows)

    def _claim(self, household: str, signs: int, letter: LetterRow) -> bool:
        """Take one try of a letter, before any other process on this database does."""
        mine = self._mine(household, signs, letter, letter.tries)
        with Session(self._engine) as session, session.begin():
            taken = update(LetterRow).where(*mine).values(tries=LetterRow.tries + 1).returning(LetterRow.number)
            return session.execute(taken).first() is not None

    def _drop(self, household: str, signs: int, letter: LetterRow, is_taken: bool) -> None:
        with Session(self._engine) as session, session.begin():
            session.execute(delete(LetterRow).where(*self._mine(household, signs, letter, letter.tries + 1)))
            if is_taken:
                untold = (VigilRow.household_id == household, VigilRow.told_ms.is_(None))
                session.execute(update(VigilRow).where(*untold).values(told_ms=self._clock.now_ms()))

    def _mine(self, household: str, signs: int, letter: LetterRow, tries: int) -> tuple[ColumnElement[bool], ...]:
        """That the letter is as it was read, and its hub has not been heard since."""
        unheard = exists().where(VigilRow.household_id == household, VigilRow.signs == signs)
        number = LetterRow.number == letter.number
        return LetterRow.household_id == household, number, LetterRow.tries == tries, unheard


def _count(session: Session, household: str) -> int:
    return len(session.scalars(select(LetterRow.number).where(LetterRow.household_id == household)).all())


def _lock(session: Session, household: str) -> None:
    """Hold the household until the transaction ends: its row in PostgreSQL, the write lock in SQLite."""
    session.execute(update(AccountRow).where(AccountRow.id == household).values(id=household))
