"""The log over HTTP: tiles and checkpoint for everybody, entries from writers; and a witness's one address."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated

import httpx
import structlog
from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import NightlatchError, Refused
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.errors import Conflict, LedgerError, LogFull, NotShown, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.witness import Moved, Witness, request
from nightlatch.seal.note import Note, Signature, Verifier, read_note, read_verifier

LONGEST_BODY = 256 * 1024
WITNESS_WITHIN_S = 5.0
BROUGHT_WITHIN_S = 5.0
LONGEST_WAIT_S = 25
MOST_WAITING = 256
REFRESH_EVERY_S = 60.0
_TILE = re.compile(r"(?:\d{1,2}|entries)/(?:x\d{3}/)*\d{3}(?:\.p/\d{1,3})?\Z")
log = structlog.get_logger()
Cosigner = Callable[[str], Awaitable[tuple[int, str]]]  # a request → status and body


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    leaf: str  # b64


class _Household(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str


class Cosigners:
    """The witnesses that this log asks and what each knows, and those that come by themselves."""

    def __init__(self, ledger: Log, witnesses: dict[Verifier, Cosigner], brought: Couriers) -> None:
        self._log, self._witnesses, self._brought = ledger, witnesses, brought
        self._grown, self._came, self._waiting = asyncio.Event(), asyncio.Event(), 0
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
            await self._wait_for_those_who_bring(size)
            now = self._log.note
            kept = [s for s in note.signatures if all((s.name, s.id) != (n.name, n.id) for n in came)]
            self.shown = now if now.text == note.text else Note(note.text, (*kept, *came))
            return self.shown

    def grew(self) -> None:
        """The log has another checkpoint: whoever waits for it is told."""
        self._grown.set()
        self._grown = asyncio.Event()

    async def bring(self, raw: str) -> None:
        """Take a cosignature that a witness brings. Raises as `Couriers.bring` does."""
        await run_in_threadpool(self._brought.bring, raw)
        if self.shown is not None and self.shown.text == self._log.note.text:
            self.shown = self._log.note
        self._came.set()
        self._came = asyncio.Event()

    async def question(self, old: int, wait_s: int) -> str:
        """What a witness at `old` entries is asked (tlog-witness); waits for a newer checkpoint. Raises `Moved`."""
        if old == self._log.checkpoint.size and wait_s > 0 and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._grown.wait(), min(wait_s, LONGEST_WAIT_S))
            finally:
                self._waiting -= 1
        note = self._log.note
        size = int(note.text.split("\n")[1])
        if old > size:
            raise Moved(size)
        return request(old, self._log.consistency(old, size), str(Note(note.text, note.signatures[:1])))

    async def _wait_for_those_who_bring(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + BROUGHT_WITHIN_S
        while missing := self._brought.awaited(size):
            if (left := until - loop.time()) <= 0:
                self._brought.missed(missing)
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), left)

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
    _speak_plainly(app)

    def writer(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {writer_secret}".encode()):
            raise Refused("Only the programme writes into this log. Show the writers' secret.")

    @app.post("/v1/entries", status_code=201, dependencies=[Depends(writer)])
    async def append(told: _Entry) -> dict[str, int | str]:
        try:
            leaf = b64decode(told.leaf, validate=True)
        except ValueError:
            raise LedgerError("An entry comes as base64.") from None
        logged = await run_in_threadpool(ledger.append, leaf)
        cosigners.grew()
        note = await cosigners.refresh()
        return {"index": logged.index, "receipt": ledger.receipt(logged.index, note)}

    @app.get("/v1/receipts/{index}")
    async def receipt(index: int) -> PlainTextResponse:
        try:
            return PlainTextResponse(ledger.receipt(index, await cosigners.refresh()))
        except IndexError:
            return PlainTextResponse("The log has no such entry.\n", 404)

    @app.put("/v1/households/{slot}", status_code=204, dependencies=[Depends(writer)])
    def enrol(slot: str, told: _Household) -> None:
        brought.enrol(slot, read_verifier(told.key))

    @app.get("/v1/questions/{old}")
    async def question(old: Annotated[int, Path(ge=0)], wait_s: Annotated[int, Query(ge=0)] = 0) -> PlainTextResponse:
        return await _moved(cosigners.question(old, wait_s))

    @app.post("/v1/cosignatures")
    async def bring(asked: Request) -> PlainTextResponse:
        return await _moved(cosigners.bring((await asked.body()).decode("utf-8", "replace")))

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


async def _moved(asked: Awaitable[str | None]) -> PlainTextResponse:
    """As tlog-witness says that it is elsewhere: 409 and the size."""
    try:
        return PlainTextResponse(await asked or "")
    except Moved as moved:
        return PlainTextResponse(f"{moved.size}\n", 409, media_type="text/x.tlog.size")


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
