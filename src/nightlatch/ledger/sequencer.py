"""Pools what writers append: one commit and one round of witnesses for all that wait.

An entry that comes while nothing is under way goes at once; what comes during a round is the next pool. Between two
rounds the sequencer waits a moment for the writers that the first one has just answered: without it the quickest of
them would have a round of its own. Fifty writers and a witness that takes 200 ms: see `bench/log`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from nightlatch.errors import NightlatchError
from nightlatch.ledger.chronicle import Chronicle
from nightlatch.ledger.cosigners import Cosigners
from nightlatch.ledger.errors import LedgerError, LogFull
from nightlatch.ledger.log import Logged, check_entry
from nightlatch.seal.note import Note

GATHER_S = 0.03
MOST_AT_ONCE = 1_024
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoggedReceipt:
    """Where an entry is, and its receipt (tlog-proof)."""

    position: int
    receipt: str


@dataclass(frozen=True, slots=True)
class _WaitingEntry:
    leaf: bytes
    answer: asyncio.Future[LoggedReceipt]


class Sequencer:
    """The one way into a log that is served. All calls come from one event loop."""

    def __init__(self, ledger: Chronicle, cosigners: Cosigners) -> None:
        self._log, self._cosigners = ledger, cosigners
        self._pool: list[_WaitingEntry] = []
        self._running: asyncio.Task[None] | None = None
        self._turning = asyncio.Lock()

    @property
    def is_between_parts(self) -> bool:
        """Whether a part has ended and the next one is still to begin."""
        return self._log.is_ended

    async def append(self, leaf: bytes) -> LoggedReceipt:
        """Add an entry; it is durable, and was put before the witnesses, when this returns.

        Raises:
            LedgerError: as `Log.append` does.
        """
        check_entry(leaf)
        mine = _WaitingEntry(leaf, asyncio.get_running_loop().create_future())
        self._pool.append(mine)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await mine.answer

    async def turn(self) -> None:
        """When it is time, end the newest part and have that cosigned; begin the part that follows one that has ended.

        A crash, or the operator, may have left only the second half to do.
        """
        async with self._turning:
            if not self._log.is_ended:
                if not self._log.is_turn_due() or not self._cosigners.is_quorate:
                    return
                try:
                    await self._cosigners.apart(self._log.end_part)
                except (NightlatchError, OSError):
                    log.exception("log.not_ended")
                    return
                self._cosigners.grew()
            await self._cosigners.refresh()
            await self._cosigners.apart(self._log.begin_part)

    async def _run(self) -> None:
        while self._pool:
            some, self._pool = self._pool[:MOST_AT_ONCE], self._pool[MOST_AT_ONCE:]
            try:
                await self._commit(some)
            except (LedgerError, OSError) as error:
                told = error if isinstance(error, LedgerError) else LogFull(f"The log has no room ({error.strerror}).")
                _refuse(some, told)
            except Exception as error:  # one pool that fails for any reason must not keep the next ones waiting
                log.exception("log.not_appended")
                _refuse(some, LedgerError(f"The log did not take an entry ({type(error).__name__})."))
            await asyncio.sleep(GATHER_S)

    async def _commit(self, some: list[_WaitingEntry]) -> None:
        await self.turn()
        outcomes = await self._cosigners.apart(self._log.append_all, [each.leaf for each in some])
        self._cosigners.grew()
        note = await self._cosigners.refresh()
        for waiting, outcome in zip(some, await self._cosigners.apart(self._receipts, outcomes, note), strict=True):
            if waiting.answer.done():  # whoever asked is gone
                continue
            if isinstance(outcome, LedgerError):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)

    def _receipts(self, outcomes: list[Logged | LedgerError], note: Note) -> list[LoggedReceipt | LedgerError]:
        return [
            each if isinstance(each, LedgerError) else LoggedReceipt(each.index, self._log.receipt(each.index, note))
            for each in outcomes
        ]


def _refuse(some: list[_WaitingEntry], why: LedgerError) -> None:
    for each in some:
        if not each.answer.done():
            each.answer.set_exception(why)
