"""The log over HTTP: its files for everybody, entries from writers; and a witness's one address.

    who       address                        what
    writers   POST /v1/entries               an entry → its position and receipt
              PUT  /v1/households/{slot}     a household's witness
    witness   GET  /v1/questions/{position}  what it is asked, having seen the log so far (tlog-witness); waits
              POST /v1/cosignatures          its answer
    anybody   GET  /checkpoint               of part 0; /n/checkpoint of part n
              GET  /v1/checkpoint            of the newest part
              GET  /tile/… /tags/… /next     the tree, its entries and indexes, and how a part ends; also under /n
              GET  /v1/receipts/{position}   a receipt (tlog-proof)

Reading asks nobody: a checkpoint is the last one that was put before the witnesses, receipts are under that one.
A witness has POST /add-checkpoint alone (tlog-witness).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import Refused
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.chronicle import Chronicle, chronicle_of
from nightlatch.ledger.cosigners import Cosigner, Cosigners, answer
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.log import Log
from nightlatch.ledger.parts import INDEX_BITS, Part
from nightlatch.ledger.sequencer import Sequencer
from nightlatch.ledger.witness import Moved, Witness
from nightlatch.seal.note import Note, Verifier, read_verifier
from nightlatch.web.face import KIB, Face, Limits, Statuses, Unmeasured, put_on
from nightlatch.web.shape import Answer, Body

REFRESH_EVERY_S = 60.0
ASK_AGAIN = {"Cache-Control": "no-cache"}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_ANYBODY = {"Cross-Origin-Resource-Policy": "cross-origin"}
STATUSES: Statuses = {LogFull: 507, NotShown: 503, Unmeasured: 413}
LIMITS = Limits(longest_body=256 * KIB)
router = APIRouter()
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Registry:
    """One running log."""

    ledger: Chronicle
    cosigners: Cosigners
    sequencer: Sequencer
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
    ledger: Log | Chronicle,
    witnesses: dict[Verifier, Cosigner],
    writer_secret: str,
    named: Sequence[Verifier] = (),
    households: int = 0,
) -> FastAPI:
    """The log's application. `witnesses` are asked; those `named` bring their cosignatures, and so do `households`."""
    whole = chronicle_of(ledger)
    brought = Couriers(whole, named)
    cosigners = Cosigners(whole, witnesses, brought, households)
    sequencer = Sequencer(whole, cosigners)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_refresh(sequencer, cosigners))
        yield
        refreshing.cancel()
        cosigners.stop()

    app = FastAPI(title="Nightlatch log", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.registry = Registry(whole, cosigners, sequencer, brought, writer_secret)
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
    logged = await here.sequencer.append(leaf)
    return ReceivedEntry(index=logged.position, receipt=logged.receipt)


@router.get("/v1/receipts/{index}")
def receipt(here: Here, index: int) -> PlainTextResponse:
    """A receipt of the entry at a position, under the checkpoint that is shown of its part."""
    note = here.cosigners.note
    try:
        if index >> INDEX_BITS == here.ledger.part.number and not _is_of(note, here.ledger.part):
            raise IndexError("the part is just beginning")
        return PlainTextResponse(here.ledger.receipt(index, note))
    except IndexError:
        return PlainTextResponse("The log has no such entry.\n", 404)


@router.put("/v1/households/{slot}", status_code=204, dependencies=[Depends(writer)])
def enrol(here: Here, slot: str, household: HouseholdKey) -> None:
    """Let a household's hub cosign."""
    here.brought.enrol(slot, read_verifier(household.key))


@router.get("/v1/questions/{known}")
async def question(
    here: Here, known: Annotated[int, Path(ge=0)], wait_s: Annotated[int, Query(ge=0)] = 0
) -> PlainTextResponse:
    """What a witness that has seen the log up to a position is asked about the newest part."""
    return await _moved(here.cosigners.question(known, wait_s))


@router.post("/v1/cosignatures")
async def bring(here: Here, asked: Request) -> PlainTextResponse:
    """A cosignature that a witness brings."""
    return await _moved(here.cosigners.bring((await asked.body()).decode("utf-8", "replace")))


@router.get("/v1/checkpoint")
def newest(here: Here) -> PlainTextResponse:
    """The checkpoint of the newest part, or of the one before while that begins."""
    return PlainTextResponse(str(here.cosigners.note), headers=ASK_AGAIN)


@router.get("/checkpoint")
@router.get("/{part:int}/checkpoint")
def checkpoint(here: Here, part: int = 0) -> PlainTextResponse:
    """The checkpoint of a part: of the newest, the last one that was put before the witnesses."""
    note = here.ledger.checkpoint_of(part)
    if part == here.ledger.part.number:
        note = here.cosigners.note if _is_of(here.cosigners.note, here.ledger.part) else None
    if note is None:
        return PlainTextResponse("The log has no such part.\n", 404)
    return PlainTextResponse(str(note), headers=ASK_AGAIN)


@router.get("/tile/{path:path}")
@router.get("/tags/{path:path}")
@router.get("/next")
@router.get("/{part:int}/tile/{path:path}")
@router.get("/{part:int}/tags/{path:path}")
@router.get("/{part:int}/next")
@router.get("/{part:int}/begin")
def file(here: Here, request: Request) -> Response:
    """A file of the log that never changes."""
    found = here.ledger.file(request.url.path.removeprefix("/"))
    if found is None:
        return PlainTextResponse("The log has no such file.\n", 404)
    return Response(found, media_type="application/octet-stream", headers=FOREVER)


def _is_of(note: Note, part: Part) -> bool:
    return note.text.startswith(f"{part.policy.log.name}\n")


async def _moved(asked: Awaitable[str | None]) -> PlainTextResponse:
    """As tlog-witness says that it is elsewhere: 409 and the size."""
    try:
        return PlainTextResponse(await asked or "")
    except Moved as moved:
        return PlainTextResponse(f"{moved.size}\n", 409, media_type="text/x.tlog.size")


async def _refresh(sequencer: Sequencer, cosigners: Cosigners) -> None:
    """Keep the checkpoint fresh while nothing is appended."""
    while True:
        try:
            if sequencer.is_between_parts:
                await sequencer.turn()
            await cosigners.refresh()
        except Exception:  # whatever a witness said, the next round comes
            log.exception("refresh.failed")
        await asyncio.sleep(REFRESH_EVERY_S)
