"""The log over HTTP: tiles and checkpoint for everybody, entries from writers; and a witness's one address.

    who       address                      what
    writers   POST /v1/entries             an entry → its index and receipt
              PUT  /v1/households/{slot}   a household's witness
    witness   GET  /v1/questions/{old}     what it is asked, having seen `old` entries (tlog-witness); waits
              POST /v1/cosignatures        its answer
    anybody   GET  /checkpoint             the newest, with its cosignatures
              GET  /tile/…                 the tree and its entries (tlog-tiles)
              GET  /v1/receipts/{index}    a receipt (tlog-proof)

A witness has POST /add-checkpoint alone (tlog-witness).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import Refused
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.cosigners import Cosigner, Cosigners, answer
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.log import Log
from nightlatch.ledger.witness import Moved, Witness
from nightlatch.seal.note import Verifier, read_verifier
from nightlatch.web.face import KIB, Face, Limits, Statuses, Unmeasured, put_on
from nightlatch.web.shape import Answer, Body

REFRESH_EVERY_S = 60.0
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_ANYBODY = {"Cross-Origin-Resource-Policy": "cross-origin"}
STATUSES: Statuses = {LogFull: 507, NotShown: 503, Unmeasured: 413}
LIMITS = Limits(longest_body=256 * KIB)
_TILE = re.compile(r"(?:\d{1,2}|entries)/(?:x\d{3}/){0,6}\d{3}(?:\.p/\d{1,3})?\Z", re.ASCII)

router = APIRouter()
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Registry:
    """One running log."""

    ledger: Log
    cosigners: Cosigners
    brought: Couriers
    writer_secret: str = field(repr=False)


class EntryToAppend(Body):
    """An entry to append."""

    leaf: str  # b64


class HouseholdKey(Body):
    """The witness of a household."""

    key: str


class ReceivedEntry(Answer):
    """An entry that the log took, and its receipt (tlog-proof)."""

    index: int
    receipt: str


def create_log_app(
    ledger: Log, witnesses: dict[Verifier, Cosigner], writer_secret: str, named: Sequence[Verifier] = ()
) -> FastAPI:
    """The log's application. `witnesses` are asked; those `named` bring their cosignatures."""
    brought = Couriers(ledger, named)
    cosigners = Cosigners(ledger, witnesses, brought)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_refresh(cosigners))
        yield
        refreshing.cancel()

    app = FastAPI(title="Nightlatch log", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.registry = Registry(ledger, cosigners, brought, writer_secret)
    app.include_router(router)
    put_on(app, Face("this log", limits=LIMITS, statuses=STATUSES, headers=FOR_ANYBODY))
    return app


def create_witness_app(witness: Witness) -> FastAPI:
    """A witness's application."""
    app = FastAPI(title="Nightlatch witness", docs_url=None, redoc_url=None, openapi_url=None)
    put_on(app, Face("this witness", limits=LIMITS, statuses=STATUSES))

    @app.post("/add-checkpoint")
    async def add_checkpoint(asked: Request) -> PlainTextResponse:
        body = (await asked.body()).decode("utf-8", "replace")
        status, text = await run_in_threadpool(answer, witness, body)
        kind = "text/x.tlog.size" if status == 409 else "text/plain"
        return PlainTextResponse(text, status, media_type=kind)

    return app


async def _registry(request: Request) -> Registry:  # async: FastAPI would take a thread for anything else
    found: Registry = request.app.state.registry
    return found


Here = Annotated[Registry, Depends(_registry)]


async def writer(here: Here, authorization: Annotated[str, Header()] = "") -> None:
    """Raises `Refused` for anybody who does not show the writers' secret."""
    if not secrets.compare_digest(authorization.encode(), f"Bearer {here.writer_secret}".encode()):
        raise Refused("Only the programme writes into this log. Show the writers' secret.")


@router.post("/v1/entries", status_code=201, dependencies=[Depends(writer)])
async def append(here: Here, entry: EntryToAppend) -> ReceivedEntry:
    """Append an entry; it is durable when this answers."""
    try:
        leaf = b64decode(entry.leaf, validate=True)
    except ValueError:
        raise LedgerError("Send the entry as base64.") from None
    logged = await run_in_threadpool(here.ledger.append, leaf)
    here.cosigners.grew()
    note = await here.cosigners.refresh()
    return ReceivedEntry(index=logged.index, receipt=here.ledger.receipt(logged.index, note))


@router.get("/v1/receipts/{index}")
async def receipt(here: Here, index: int) -> PlainTextResponse:
    """A receipt of an entry, under the newest checkpoint."""
    try:
        return PlainTextResponse(here.ledger.receipt(index, await here.cosigners.refresh()))
    except IndexError:
        return PlainTextResponse("The log has no such entry.\n", 404)


@router.put("/v1/households/{slot}", status_code=204, dependencies=[Depends(writer)])
def enrol(here: Here, slot: str, household: HouseholdKey) -> None:
    """Let a household's hub cosign."""
    here.brought.enrol(slot, read_verifier(household.key))


@router.get("/v1/questions/{old}")
async def question(
    here: Here, old: Annotated[int, Path(ge=0)], wait_s: Annotated[int, Query(ge=0)] = 0
) -> PlainTextResponse:
    """What a witness that has seen `old` entries is asked."""
    return await _moved(here.cosigners.question(old, wait_s))


@router.post("/v1/cosignatures")
async def bring(here: Here, asked: Request) -> PlainTextResponse:
    """A cosignature that a witness brings."""
    return await _moved(here.cosigners.bring((await asked.body()).decode("utf-8", "replace")))


@router.get("/checkpoint")
def checkpoint(here: Here) -> Response:
    """The newest checkpoint that was put before the witnesses."""
    return PlainTextResponse(str(here.cosigners.shown or here.ledger.note), headers={"Cache-Control": "no-cache"})


@router.get("/tile/{path:path}")
def tile(here: Here, path: str) -> Response:
    """A file of the tree; it never changes."""
    found = here.ledger.folder / "tile" / path
    if not _TILE.match(path) or not found.is_file():
        return PlainTextResponse("The log has no such file.\n", 404)
    return FileResponse(found, media_type="application/octet-stream", headers=FOREVER)


async def _moved(asked: Awaitable[str | None]) -> PlainTextResponse:
    """As tlog-witness says that it is elsewhere: 409 and the size."""
    try:
        return PlainTextResponse(await asked or "")
    except Moved as moved:
        return PlainTextResponse(f"{moved.size}\n", 409, media_type="text/x.tlog.size")


async def _refresh(cosigners: Cosigners) -> None:
    """Keep the checkpoint fresh while nothing is appended."""
    while True:
        try:
            await cosigners.refresh()
        except Exception:  # whatever a witness said, the next round comes
            log.exception("refresh.failed")
        await asyncio.sleep(REFRESH_EVERY_S)


def encode_leaf(leaf: bytes) -> dict[str, str]:
    """The body of POST /v1/entries."""
    return {"leaf": b64encode(leaf).decode()}
