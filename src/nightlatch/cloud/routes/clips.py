"""Clips: put by the hub; listed, got and deleted by the owner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.mailbox import MailboxClip
from nightlatch.cloud.office import HubCall, Office, OwnerCall
from nightlatch.domain.time import HOUR_MS
from nightlatch.seal.envelope import Sealed

LATEST_MS = 2**53
BYTES = "application/octet-stream"
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})\Z", re.ASCII)

router = APIRouter(prefix="/v1/clips")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClipList:
    """All that is held for a household, and its plan."""

    clips: list[MailboxClip]
    used_bytes: int
    quota_bytes: int
    keep_hours: int


@router.put("/{clip}/{name}", status_code=201)
async def put(here: Office, call: HubCall, request: Request, clip: str, name: str) -> Response:
    """Store one object: 201, or 200 when exactly these bytes were there."""
    # only the manifest grows: what a hub has put into a part or a still, nobody with its key can change
    replace = name == "manifest" and request.headers.get("x-nightlatch-replace") == "1"
    sealed = Sealed(call.body)
    fresh = await run_in_threadpool(lambda: here.mailbox.put(call.household, clip, name, sealed, replace=replace))
    log.info("object.put", household=call.household, bytes=len(sealed), fresh=fresh)
    return Response(status_code=201 if fresh else 200)


@router.get("")
async def clips(here: Office, call: OwnerCall, after_ms: Annotated[int, Query(ge=0, le=LATEST_MS)] = 0) -> ClipList:
    """What is held, oldest first."""
    found = await run_in_threadpool(here.mailbox.clips, call.household, after_ms)
    used = await run_in_threadpool(here.mailbox.used_bytes, call.household)
    return ClipList(found, used, here.mailbox.quota_bytes, here.mailbox.keep_ms // HOUR_MS)


@router.get("/{clip}/{name}")
async def get(here: Office, call: OwnerCall, request: Request, clip: str, name: str) -> Response:
    """One object, or one range of its bytes."""
    headers = {"Accept-Ranges": "bytes"}
    asked = _RANGE.match(request.headers.get("range", ""))
    if asked is None:
        body = await run_in_threadpool(here.mailbox.get, call.household, clip, name)
        return Response(body, media_type=BYTES, headers=headers)
    size = await run_in_threadpool(here.mailbox.size, call.household, clip, name)
    start = int(asked[1])
    end = min(size, int(asked[2]) + 1 if asked[2] else size)
    if start >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    body = await run_in_threadpool(here.mailbox.get, call.household, clip, name, start, end)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(body, 206, media_type=BYTES, headers=headers)


@router.delete("/{clip}", status_code=204)
async def delete_clip(here: Office, call: OwnerCall, clip: str) -> None:
    """Delete one clip at once."""
    await run_in_threadpool(here.mailbox.delete, call.household, clip)


@router.delete("", status_code=204)
async def delete_all(here: Office, call: OwnerCall) -> None:
    """Delete every clip of the household at once."""
    await run_in_threadpool(here.mailbox.delete, call.household)
