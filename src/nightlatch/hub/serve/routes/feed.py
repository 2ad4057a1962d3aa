"""The feed: hints to look again."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from nightlatch.domain.time import Clock
from nightlatch.hub.serve.hints import HereHint
from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api")
BEAT_S = 3.0  # a page says that the hub is silent after 8 s: two beats may be late


@router.get("/feed")
async def feed(at: At, _: Owner, request: Request) -> Response:
    """Hints to look again, as server-sent events; between them, that the hub is there.

    A page cannot see a comment, nor that a connection died without a word. So this is said in a hint of its own, on
    time however many others there are.
    """

    async def hints() -> AsyncIterator[str]:
        with at.feed() as queue:
            loop = asyncio.get_running_loop()
            beat_s = loop.time()
            while not await request.is_disconnected():
                if loop.time() >= beat_s:
                    beat_s = loop.time() + BEAT_S
                    yield f"data: {_here(at.clock)}\n\n"
                with contextlib.suppress(TimeoutError):
                    yield f"data: {await asyncio.wait_for(queue.get(), max(0.0, beat_s - loop.time()))}\n\n"

    return StreamingResponse(hints(), media_type="text/event-stream")


def _here(clock: Clock) -> str:
    return json.dumps(HereHint(type="here", now_ms=clock.now_ms()))
