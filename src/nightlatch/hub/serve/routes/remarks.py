"""Remarks: what the owner noted about a clip, sealed in the browser."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import ConfigError
from nightlatch.hub.serve.books import remarks
from nightlatch.hub.serve.routes.asking import At, Gone, Owner
from nightlatch.hub.serve.routes.sealed import TYPE
from nightlatch.seal.envelope import Sealed

router = APIRouter(prefix="/api/clips/{clip_id}/remark")
LONGEST_REMARK = 8_192


@router.get("")
def remark(at: At, _: Owner, clip_id: str) -> Response:
    """What the owner noted about a clip, sealed; 204 when nothing."""
    sealed = remarks.remark(at.engine, clip_id)
    return Response(status_code=204) if sealed is None else Response(sealed, media_type=TYPE)


@router.put("", status_code=204)
async def note(at: At, _: Owner, clip_id: str, request: Request) -> None:
    """Keep a remark, sealed in the browser. Raises `NotSealed` for anything else, `Gone` when its clip is gone."""
    body = await request.body()
    if len(body) > LONGEST_REMARK:
        raise ConfigError("This note is too long. Shorten it.")
    kept = await run_in_threadpool(remarks.keep_remark, at.books, clip_id, Sealed(body), at.clock.now_ms())
    if not kept:
        raise Gone("This clip has been deleted or has expired.")
