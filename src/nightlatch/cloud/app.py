"""The mailbox over HTTP. Every request but /healthz is signed; see `nightlatch.web.signature`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from hashlib import sha256
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from nightlatch.cloud.accounts import Accounts, Caller, Role, UnknownKey
from nightlatch.cloud.mailbox import Mailbox, NameTaken
from nightlatch.cloud.patience import Patience
from nightlatch.cloud.settings import CloudSettings
from nightlatch.domain.time import Clock, Leaps
from nightlatch.errors import NightlatchError, NotFound, NotSealed, OverQuota, Refused, TooManyTries
from nightlatch.seal.envelope import Sealed
from nightlatch.store import records
from nightlatch.store.blobs import Blobs
from nightlatch.web.signature import Signed, check_digest, verify

SWEEP_EVERY_S = 60.0
LONGEST_JSON = 16 * 1024
LONGEST_BODY_S = 300.0
LATEST_MS = 2**53
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})\Z")

log = structlog.get_logger()


class TooLarge(NightlatchError):
    """The body is larger than this mailbox takes."""


class TooSlow(NightlatchError):
    """The body did not come in time."""


STATUS: dict[type[NightlatchError], int] = {
    NotSealed: 415,
    TooLarge: 413,
    TooSlow: 408,
    TooManyTries: 429,
    OverQuota: 507,
    NameTaken: 409,
    Refused: 403,
    NotFound: 404,
}


def status_of(error: NightlatchError) -> int:
    """The HTTP status for an error of ours; the most specific class wins."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def create_app(settings: CloudSettings, clock: Clock, migrations: Any) -> FastAPI:
    """The mailbox's application. Makes or migrates its database."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    records.migrate(settings.records, migrations)
    engine = records.engine(settings.records, durable=True)
    accounts = Accounts(engine, clock, settings.enrolment_code)
    mailbox = Mailbox(engine, Blobs(settings.blobs), clock, settings.keep_days, settings.quota_bytes)
    patience = Patience()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(mailbox.sweep_strays)
        sweeper = asyncio.create_task(_sweep(mailbox, accounts, clock))
        yield
        sweeper.cancel()
        engine.dispose()

    app = FastAPI(title="Nightlatch mailbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.mailbox = mailbox

    @app.exception_handler(NightlatchError)
    async def refuse(request: Request, error: NightlatchError) -> JSONResponse:
        status = status_of(error)
        if status == 403:
            patience.failed(_address(request))
        body = {"error": str(error)} | ({"reason": "unknown_key"} if isinstance(error, UnknownKey) else {})
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyTries) else None
        return JSONResponse(body, status, headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        places = ", ".join(str(e["loc"][-1]) for e in error.errors())
        return JSONResponse({"error": f"This request cannot be read: {places}."}, 422)

    @app.exception_handler(HTTPException)
    async def elsewhere(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": "There is no such address in this mailbox."}, error.status_code, error.headers)

    def signer(request: Request) -> Signed:
        patience.check(_address(request))
        path = request.scope["raw_path"].decode("ascii", "replace")
        query = request.scope["query_string"].decode("ascii", "replace")
        return verify(request.method, path, query, request.headers, clock.now_ms() // 1000)

    async def caller(request: Request, *roles: Role, limit: int = LONGEST_JSON) -> tuple[Caller, bytes]:
        """Who asks, and the body. Nothing of the body is read for somebody who is not known here."""
        known = await run_in_threadpool(accounts.admit, signer(request), *roles)
        return known, await read_body(request, limit)

    @app.get("/healthz")
    async def health() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/v1/households", status_code=201)
    async def enrol(request: Request) -> dict[str, bool]:
        signed = signer(request)
        body = await read_body(request, LONGEST_JSON)
        try:
            told = json.loads(body)
            household, hub_key = str(told["household"]), str(told["hub_key"])
            owner_key, statement = str(told["owner_key"]), str(told["statement_signature"])
            code = str(told.get("code") or "")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Refused("An enrolment names household, hub_key, owner_key and statement_signature.") from None
        if signed.key != hub_key:
            raise Refused("An enrolment is signed by the hub that it names.")
        await run_in_threadpool(accounts.enrol, household, hub_key, owner_key, statement, code)
        await run_in_threadpool(accounts.once, signed)
        return {"ok": True}

    @app.put("/v1/clips/{clip}/{name}", status_code=201)
    async def put(request: Request, clip: str, name: str) -> Response:
        known, body = await caller(request, "hub", limit=settings.largest_object_bytes)
        # only the manifest grows: what a hub has told in a part or a still, nobody with its key can tell otherwise
        replace = name == "manifest" and request.headers.get("x-nightlatch-replace") == "1"
        sealed = Sealed(body)
        fresh = await run_in_threadpool(lambda: mailbox.put(known.household, clip, name, sealed, replace=replace))
        log.info("object.put", household=known.household, bytes=len(sealed), fresh=fresh)
        return Response(status_code=201 if fresh else 200)

    @app.get("/v1/clips")
    async def clips(request: Request, after_ms: Annotated[int, Query(ge=0, le=LATEST_MS)] = 0) -> dict[str, Any]:
        known, _ = await caller(request, "owner")
        found = await run_in_threadpool(mailbox.clips, known.household, after_ms)
        used = await run_in_threadpool(mailbox.used_bytes, known.household)
        return {"clips": [asdict(c) for c in found], "used_bytes": used, **_plan(mailbox)}

    @app.get("/v1/status")
    async def status(request: Request) -> dict[str, Any]:
        known, _ = await caller(request, "owner", "hub")
        found = await run_in_threadpool(mailbox.clips, known.household)
        used = await run_in_threadpool(mailbox.used_bytes, known.household)
        return {"now_ms": clock.now_ms(), "clips": len(found), "used_bytes": used, **_plan(mailbox)}

    @app.get("/v1/clips/{clip}/{name}")
    async def get(request: Request, clip: str, name: str) -> Response:
        known, _ = await caller(request, "owner")
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        asked = _RANGE.match(request.headers.get("range", ""))
        if asked is None:
            body = await run_in_threadpool(mailbox.get, known.household, clip, name)
            return Response(body, media_type="application/octet-stream", headers=headers)
        size = await run_in_threadpool(mailbox.size, known.household, clip, name)
        start = int(asked[1])
        end = min(size, int(asked[2]) + 1 if asked[2] else size)
        if start >= end:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        body = await run_in_threadpool(mailbox.get, known.household, clip, name, start, end)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Response(body, 206, media_type="application/octet-stream", headers=headers)

    @app.delete("/v1/clips/{clip}", status_code=204)
    async def delete_clip(request: Request, clip: str) -> None:
        known, _ = await caller(request, "owner")
        await run_in_threadpool(mailbox.delete, known.household, clip)

    @app.delete("/v1/clips", status_code=204)
    async def delete_all(request: Request) -> None:
        known, _ = await caller(request, "owner")
        await run_in_threadpool(mailbox.delete, known.household)

    return app


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes, held against the signed digest. Raises `TooLarge`, `TooSlow`, `Refused`."""
    stated = request.headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > limit:
        raise TooLarge(f"This mailbox takes at most {limit // 1024} KiB in one piece.")
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST_BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > limit:
                    raise TooLarge(f"This mailbox takes at most {limit // 1024} KiB in one piece.")
    except TimeoutError:
        raise TooSlow("The body did not come within five minutes. Send it again.") from None
    check_digest(request.headers["content-digest"], sha256(body).digest())
    return bytes(body)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _plan(mailbox: Mailbox) -> dict[str, int]:
    return {"quota_bytes": mailbox.quota_bytes, "keep_hours": mailbox.keep_ms // 3_600_000}


async def _sweep(mailbox: Mailbox, accounts: Accounts, clock: Clock) -> None:
    leaps = Leaps(mailbox.keep_ms)
    while True:
        try:
            held_ms = leaps.held_ms(clock.now_ms(), time.monotonic())
            if gone := await run_in_threadpool(mailbox.expire, held_ms):
                log.info("clips.expired", count=gone)
            await run_in_threadpool(accounts.forget)
        except Exception:  # whatever it is, the promise to delete outlives it
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
