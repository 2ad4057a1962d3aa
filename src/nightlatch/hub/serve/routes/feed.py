"""The feed: hints to look again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api")
KEEP_ALIVE_S = 15.0


@router.get("/feed")
async def feed(at: At, _: Owner, request: Request) -> Response:
    """Hints to look again, as server-sent events."""

    async def hints() -> AsyncIterator[str]:
        with at.feed() as queue:
            yield ": here\n\n"
            while not await request.is_disconnected():
                try:
                    yield f"data: {await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)}\n\n"
                except TimeoutError:
                    yield ": still here\n\n"

    return StreamingResponse(hints(), media_type="text/event-stream")
