"""What serve owes is done in the end, and never twice at once."""

from __future__ import annotations

import asyncio

import pytest

from nightlatch.hub.serve import duty
from nightlatch.hub.serve.duty import Duty, always


async def nothing_more() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_work_that_is_asked_for_again_and_again_while_it_is_done_is_done_once_more() -> None:
    async def act() -> None:
        began, gate, at_once = [0], asyncio.Event(), [0]

        async def work() -> None:
            began[0] += 1
            at_once[0] += 1
            assert at_once[0] == 1
            await gate.wait()
            at_once[0] -= 1

        owed = Duty("x", work)
        task = asyncio.create_task(owed.run())
        owed.ask()
        await nothing_more()
        for _ in range(20):
            owed.ask()
        gate.set()
        await nothing_more()
        assert began == [2]
        task.cancel()

    asyncio.run(act())


def test_work_that_failed_is_done_again_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "RETRY_S", 0.0)

    async def act() -> None:
        tries, done = [0], asyncio.Event()

        async def work() -> None:
            tries[0] += 1
            if tries[0] < 3:
                raise KeyError("a mistake of ours")
            done.set()

        owed = Duty("x", work)
        task = asyncio.create_task(owed.run())
        owed.ask()
        await asyncio.wait_for(done.wait(), 10)
        assert tries == [3]
        task.cancel()

    asyncio.run(act())


def test_what_runs_beside_the_page_begins_anew_when_it_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "RETRY_S", 0.0)

    async def act() -> None:
        began, again = [0], asyncio.Event()

        async def work() -> None:
            began[0] += 1
            if began[0] == 1:
                raise ZeroDivisionError
            again.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(always("x", work))
        await asyncio.wait_for(again.wait(), 10)
        task.cancel()

    asyncio.run(act())
