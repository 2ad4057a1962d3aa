"""The log over HTTP: tiles and checkpoint for everybody, entries from writers; and a witness's one address."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import httpx
import structlog
from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import NightlatchError, Refused
from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.errors import Conflict, LedgerError, LogFull, NotShown, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.witness import Moved, Witness, request
from nightlatch.seal.note import Note, Signature, Verifier, read_note

LONGEST_BODY = 256 * 1024
WITNESS_WITHIN_S = 5.0
REFRESH_EVERY_S = 60.0
_TILE = re.compile(r"(?:\d{1,2}|entries)/(?:x\d{3}/)*\d{3}(?:\.p/\d{1,3})?\Z")
log = structlog.get_logger()
Cosigner = Callable[[str], Awaitable[tuple[int, str]]]  # a request → status and body


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    leaf: str  # b64


class Cosigners:
    """The witnesses that this log asks, and what each knows."""

    def __init__(self, ledger: Log, witnesses: dict[Verifier, Cosigner]) -> None:
        self._log, self._witnesses = ledger, witnesses
        self._known: dict[Verifier, int] = {}
        self._lock = asyncio.Lock()
        self.shown: Note | None = None  # the newest checkpoint that was put before the witnesses

    async def refresh(self) -> Note:
        """Have the newest checkpoint cosigned by all that answer; the note with what came."""
        async with self._lock:
            note = self._log.note
            size = int(note.text.split("\n")[1])
            asked = (self._ask(key, cosigner, note, size) for key, cosigner in self._witnesses.items())
            came = [each for each in await asyncio.gather(*asked) if each is not None]
            await run_in_threadpool(self._log.cosigned, came, size)
            kept = [s for s in note.signatures if all((s.name, s.id) != (n.name, n.id) for n in came)]
            self.shown = Note(note.text, (*kept, *came))
            return self.shown

    async def _ask(self, key: Verifier, cosigner: Cosigner, note: Note, size: int) -> Signature | None:
        plain = str(Note(note.text, note.signatures[:1]))
        for _ in range(2):
            old = min(self._known.get(key, size), size)
            try:
                status, body = await cosigner(request(old, self._log.consistency(old, size), plain))
            except (httpx.HTTPError, OSError):
                return None
            if status == 409 and body.strip().isdigit():
                self._known[key] = int(body)
                continue
            if status != 200:
                log.warning("witness.refused", witness=key.name, status=status)
                return None
            self._known[key] = size
            with contextlib.suppress(NightlatchError):
                signature = read_note(f"{note.text}\n{body}").signatures[0]
                if cosigned_at_s(Note(note.text, (signature,)), key) is not None:
                    return signature
            return None
        return None


def http_cosigner(url: str) -> Cosigner:
    """A witness elsewhere; `url` ends in /add-checkpoint."""

    async def ask(body: str) -> tuple[int, str]:
        async with httpx.AsyncClient(timeout=WITNESS_WITHIN_S) as client:
            answer = await client.post(url, content=body.encode())
            return answer.status_code, answer.text

    return ask


def create_log_app(ledger: Log, witnesses: dict[Verifier, Cosigner], writer_secret: str) -> FastAPI:
    """The log's application."""
    cosigners = Cosigners(ledger, witnesses)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        refreshing = asyncio.create_task(_refresh(cosigners))
        yield
        refreshing.cancel()

    app = FastAPI(title="Nightlatch log", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _speak_plainly(app)

    @app.post("/v1/entries", status_code=201)
    async def append(told: _Entry, authorization: Annotated[str, Header()] = "") -> dict[str, int | str]:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {writer_secret}".encode()):
            raise Refused("Only the programme writes into this log. Show the writers' secret.")
        try:
            leaf = b64decode(told.leaf, validate=True)
        except ValueError:
            raise LedgerError("An entry comes as base64.") from None
        logged = await run_in_threadpool(ledger.append, leaf)
        note = await cosigners.refresh()
        return {"index": logged.index, "receipt": ledger.receipt(logged.index, note)}

    @app.get("/v1/receipts/{index}")
    async def receipt(index: int) -> PlainTextResponse:
        try:
            return PlainTextResponse(ledger.receipt(index, await cosigners.refresh()))
        except IndexError:
            return PlainTextResponse("The log has no such entry.\n", 404)

    @app.get("/checkpoint")
    def checkpoint() -> Response:
        return PlainTextResponse(str(cosigners.shown or ledger.note), headers={"Cache-Control": "no-cache"})

    @app.get("/tile/{path:path}")
    def tile(path: str) -> Response:
        found = ledger.folder / "tile" / path
        if not _TILE.match(path) or not found.is_file():
            return PlainTextResponse("The log has no such file.\n", 404)
        forever = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(found, media_type="application/octet-stream", headers=forever)

    return app


async def _refresh(cosigners: Cosigners) -> None:
    """Keep the checkpoint fresh while nothing is appended."""
    while True:
        with contextlib.suppress(NightlatchError, OSError):
            await cosigners.refresh()
        await asyncio.sleep(REFRESH_EVERY_S)


def local_cosigner(witness: Witness) -> Cosigner:
    """A witness in the same process."""

    async def ask(body: str) -> tuple[int, str]:
        return await run_in_threadpool(answer, witness, body)

    return ask


def answer(witness: Witness, body: str) -> tuple[int, str]:
    """What a witness says to a request: status and body (tlog-witness)."""
    try:
        return 200, str(witness.add_checkpoint(body))
    except (Moved, Conflict) as moved:
        return 409, f"{moved.size}\n"
    except Unproven as unproven:
        status = {Why.WRONG_ORIGIN: 404, Why.NOT_SIGNED: 403, Why.MALFORMED: 400}.get(unproven.why, 422)
        return status, f"{unproven}\n"


def create_witness_app(witness: Witness) -> FastAPI:
    """A witness's application."""
    app = FastAPI(title="Nightlatch witness", docs_url=None, redoc_url=None, openapi_url=None)
    _speak_plainly(app)

    @app.post("/add-checkpoint")
    async def add_checkpoint(asked: Request) -> PlainTextResponse:
        body = (await asked.body()).decode("utf-8", "replace")
        status, text = await run_in_threadpool(answer, witness, body)
        kind = "text/x.tlog.size" if status == 409 else "text/plain"
        return PlainTextResponse(text, status, media_type=kind)

    return app


def _speak_plainly(app: FastAPI) -> None:
    @app.middleware("http")
    async def guard(asked: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        stated = asked.headers.get("content-length", "0")
        if "transfer-encoding" in asked.headers or not stated.isdigit() or int(stated) > LONGEST_BODY:
            return PlainTextResponse("Say how long the body is; it may have 256 KiB.\n", 413)
        return await go_on(asked)

    @app.exception_handler(NightlatchError)
    async def refuse(_: Request, error: NightlatchError) -> JSONResponse:
        statuses: dict[type[NightlatchError], int] = {LogFull: 507, NotShown: 503}
        status = 403 if isinstance(error, Refused) else statuses.get(type(error), 400)
        return JSONResponse({"error": str(error)}, status)


def encode_leaf(leaf: bytes) -> dict[str, str]:
    """The body of POST /v1/entries."""
    return {"leaf": b64encode(leaf).decode()}
