"""Something that serve owes until it is done: once however often it was asked for, and again where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

RETRY_S = 1.0
LONGEST_RETRY_S = 60.0

log = structlog.get_logger()


class Duty:
    """`ask` is called in the event loop. Work that is asked for while it is being done is done once more, after it."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """`name` is what the log calls it."""
        self._name = name
        self._work = work
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have it done soon."""
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        pause_s = RETRY_S
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._work()
                pause_s = RETRY_S
            except Exception as error:  # noqa: BLE001 - a locked index, a full disk: it is owed all the same
                log.warning("duty.failed", duty=self._name, error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_RETRY_S, pause_s * 2)
                self._asked.set()


async def always(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Keep `work` going until cancelled: one that breaks begins anew, and nothing beside it ends."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("work.broke", work=name)
        await asyncio.sleep(RETRY_S)
