"""The keeper over HTTP, and one WebSocket for pictures. Nothing here may be cached; nothing here is a file.

    who       address                          what
    hub       POST /v1/donations               a key for one donation
              PUT  /v1/donations/{id}          the sealed clip, its consent, its report
              POST /v1/witnesses               the key with which its hub cosigns the log
    review    POST /v1/challenges, /v1/sessions        log in with a passkey
              POST /v1/assignments, /v1/assignments/skip   the clip that was drawn
              POST /v1/views                   a receipt → a view and a ticket
              POST /v1/views/{id}/label        what was said of it, for its owner
              POST /v1/views/{id}/flag         “this should not have been shared”
              POST /v1/donations/{id}/enough   it has labels enough
              POST /v1/roster                  a passkey let in or put out
              POST, GET /v1/policy             what is promised, and whether it is kept
    owner     POST /v1/revocations             a signed withdrawal
              GET  /v1/donations/{id}/entries  what the log holds about it, sealed to the owner
    browser   WS   /v1/views/{id}              pictures, one at a time

Review shows the bearer secret of `face.secret`. Hub and owner need none: consents and withdrawals are signed, entries
are sealed, and keys that no clip came for are few and go after a day. The browser shows the page's origin, the session
and the ticket.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.consent import Consented, Purpose, Withdrawn, canonical
from nightlatch.domain.donation import LARGEST_SEALED
from nightlatch.domain.redaction import read as read_report
from nightlatch.domain.view import Enrolment, View
from nightlatch.errors import NightlatchError, NotFound, NotSealed, Refused
from nightlatch.keeper.changes import ChangeProof, Promises
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.room import Room
from nightlatch.keeper.words import Gift, ViewRequest
from nightlatch.seal.envelope import Sealed

SWEEP_EVERY_S = 1.0
STANDING_EVERY_S = 0.25  # how often an open view asks whether it still stands
HELLO_WITHIN_S = 10.0
LARGEST_BODY = LARGEST_SEALED * 4 // 3 + 64 * 1024
CLOSED_BY_KEEPER = 4403

Token = Annotated[str, Header(alias="x-nightlatch-session")]

log = structlog.get_logger()


def _b64(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("no text")
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise KeeperRefused(Refusal.SIZE, "A part of this request is not base64.") from None


Base64 = Annotated[bytes, BeforeValidator(_b64)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Report(_Told):
    sha256: str
    style: str
    people: int
    uncovered: int
    sound_removed: bool
    metadata_removed: bool


class _Gift(_Told):
    consent: dict[str, Any]  # {"record": …, "signature": b64}
    sealed: Base64
    report: _Report
    log_key: Base64  # 32 bytes
    owner_recipient: str  # age1…


class _Witness(_Told):
    donation: str
    key: str  # name+hash+b64, as C2SP signed-note writes it


class _Login(_Told):
    challenge: Base64
    assertion: str  # JSON of the PublicKeyCredential


class _Logged(_Told):
    """An entry of the log, and what it takes to believe it."""

    salt: Base64
    leaf: Base64
    receipt: str  # tlog-proof


class _Asked(_Logged):
    donation: str
    sealed_sha256: str
    consent_sha256: str
    reviewer: str
    device: str
    purpose: str
    from_ms: int
    to_ms: int
    seq: int


class _Label(_Logged):
    event: str  # canonical JSON


class _Signed(_Logged):
    signatures: dict[str, str]  # b64 key → b64 signature

    @property
    def proof(self) -> ChangeProof:
        return ChangeProof(self.signatures, self.salt, self.leaf, self.receipt)


class _Enrolment(_Signed):
    do: str
    reviewer: str
    device: str
    credential: str
    public_key: str
    at_ms: int


class _Promise(_Signed):
    event: str  # the canonical JSON that was signed


def create_app(room: Room, passkeys: Passkeys, review_origin: str, face_secret: str) -> FastAPI:
    """The keeper's application around a `Room`."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(room))
        yield
        sweeping.cancel()

    app = FastAPI(title="Nightlatch keeper", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _speak_plainly(app)

    def program(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {face_secret}".encode()):
            raise KeeperRefused(Refusal.SESSION, "Only review may ask this: show the face secret.")

    for routes in (_logins(passkeys), _looking(room), _promises(room.promises)):
        app.include_router(routes, dependencies=[Depends(program)])
    for routes in (_intake(room), _owners(room)):
        app.include_router(routes)

    @app.get("/healthz")
    def health() -> dict[str, bool]:
        return {"ok": True}

    @app.websocket("/v1/views/{view}")
    async def watch(socket: WebSocket, view: int) -> None:
        if socket.headers.get("origin") != review_origin:
            await socket.close(CLOSED_BY_KEEPER)  # before accepting: the browser sees 403
            return
        await socket.accept()
        await _show(socket, room, view)

    return app


def _intake(room: Room) -> APIRouter:
    """No secret: what comes in is signed by an owner and sealed to one key."""
    face = APIRouter()

    @face.post("/v1/donations", status_code=201)
    def make() -> dict[str, str]:
        return asdict(room.make())

    @face.put("/v1/donations/{donation}", status_code=201)
    def receive(donation: str, told: _Gift) -> dict[str, str]:
        consented, report = Consented(canonical(told.consent)), read_report(told.report.model_dump())
        room.receive(Gift(donation, consented, Sealed(told.sealed), report, told.log_key, told.owner_recipient))
        return {"state": "waiting"}

    @face.post("/v1/witnesses", status_code=204)
    def introduce(told: _Witness) -> None:
        room.introduce(told.donation, told.key)

    return face


def _logins(passkeys: Passkeys) -> APIRouter:
    face = APIRouter()

    @face.post("/v1/challenges")
    def challenge() -> dict[str, str]:
        return {"challenge": b64encode(passkeys.challenge()).decode()}

    @face.post("/v1/sessions", status_code=201)
    def sit(told: _Login) -> dict[str, str]:
        token = passkeys.sit(told.challenge, told.assertion)
        seat = passkeys.seat(token)
        return {"session": token, "reviewer": seat.reviewer if seat else "", "device": seat.device if seat else ""}

    @face.delete("/v1/sessions", status_code=204)
    def leave(token: Token = "") -> None:
        passkeys.leave(token)

    @face.post("/v1/roster", status_code=201)
    def enrol(told: _Enrolment) -> dict[str, bool]:
        passkeys.enrol(Enrolment(**told.model_dump(exclude=set(_Signed.model_fields))), told.proof)
        return {"ok": True}

    return face


def _looking(room: Room) -> APIRouter:
    face = APIRouter()

    @face.post("/v1/assignments")
    def assign(token: Token = "") -> dict[str, str | int]:
        drawn = room.next_clip(token)
        return asdict(drawn) | {"tag": b64encode(drawn.tag).decode()}

    @face.post("/v1/assignments/skip", status_code=204)
    def skip(token: Token = "") -> None:
        room.skip(token)

    @face.post("/v1/donations/{donation}/enough", status_code=204)
    def enough(donation: str) -> None:
        room.enough(donation)

    @face.post("/v1/views", status_code=201)
    def open_view(told: _Asked, token: Token = "") -> dict[str, str | int]:
        values = told.model_dump(exclude={*_Logged.model_fields, "purpose"})
        try:
            view = View(purpose=Purpose(told.purpose), **values)
        except ValueError:
            raise KeeperRefused(Refusal.CONSENT, "There is no such purpose.") from None
        opened = room.open_view(token, ViewRequest(view, told.salt, told.leaf, told.receipt))
        return {"view": opened.view_id, "ticket": opened.ticket, "pictures": opened.pictures}

    @face.post("/v1/views/{view}/label", status_code=204)
    def label(view: int, told: _Label) -> None:
        room.labelled(view, told.event.encode(), told.salt, told.leaf, told.receipt)

    @face.post("/v1/views/{view}/flag", status_code=204)
    def flag(view: int, token: Token = "") -> None:
        room.flag(token, view)

    return face


def _promises(promises: Promises) -> APIRouter:
    face = APIRouter()

    @face.get("/v1/policy")
    def breach() -> dict[str, str | None]:
        return {"breach": promises.breach()}

    @face.post("/v1/policy", status_code=201)
    def take(told: _Promise) -> dict[str, str | None]:
        promises.take(told.event.encode(), told.proof)
        return {"breach": promises.breach()}

    return face


def _owners(room: Room) -> APIRouter:
    """No secret: a withdrawal is signed by the owner, and entries are sealed to the owner."""
    face = APIRouter()

    @face.post("/v1/revocations", status_code=202)
    def revoke(told: Annotated[dict[str, Any], Body()]) -> dict[str, int | None]:
        return asdict(room.revoke(Withdrawn(canonical(told))))

    @face.get("/v1/donations/{donation}/entries")
    def entries(donation: str) -> dict[str, list[dict[str, str | int | None]]]:
        told: list[dict[str, str | int | None]] = [
            {
                "kind": each.kind,
                "leaf": b64encode(each.leaf).decode(),
                "index": each.leaf_index,
                "due_ms": each.due_ms,
                "sealed_event": b64encode(each.sealed_event).decode(),
            }
            for each in room.entries(donation)
        ]
        return {"entries": told}

    return face


async def _show(socket: WebSocket, room: Room, view: int) -> None:
    """One connection of one view, to its end. Whatever ends it ends the view, but for a second tab."""
    is_ours = False
    try:
        hello = await asyncio.wait_for(socket.receive_json(), HELLO_WITHIN_S)
        ticket, session = str(hello["ticket"]), str(hello["session"])
        pictures = await run_in_threadpool(room.connect, view, ticket, session)
        is_ours = True
        await socket.send_json({"pictures": pictures})
        while True:
            told = await _next(socket, room, view)
            await _answer(socket, room, view, told)
    except KeeperRefused as refused:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_json({"refused": refused.refusal.value, "error": str(refused)})
            await socket.close(CLOSED_BY_KEEPER)
    except (ValueError, KeyError, TypeError, AttributeError, TimeoutError):
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(1003)
    except WebSocketDisconnect:
        pass
    finally:
        if is_ours:
            await run_in_threadpool(room.close_view, view)


async def _next(socket: WebSocket, room: Room, view: int) -> dict[str, Any]:
    """What the page says next. Raises `KeeperRefused` within a quarter of a second after the view stops to stand."""
    reading = asyncio.ensure_future(socket.receive_json())
    try:
        while not (await asyncio.wait({reading}, timeout=STANDING_EVERY_S))[0]:
            await run_in_threadpool(room.check_standing, view)
        told = reading.result()
        if not isinstance(told, dict):
            raise ValueError("a page sends objects")
        return told
    finally:
        reading.cancel()


async def _answer(socket: WebSocket, room: Room, view: int, told: dict[str, Any]) -> None:
    """`{"from": n, "to": m}`: pictures n to m, each as a line of JSON and a JPEG. `{"here": true}`: still there."""
    if "here" in told:
        await run_in_threadpool(room.touch, view)
        return
    for n in range(int(told["from"]), int(told["to"]) + 1):
        still = await run_in_threadpool(room.still, view, n)
        await socket.send_json({"n": still.n, "at_ms": still.at_ms})
        await socket.send_bytes(still.jpeg)


def _speak_plainly(app: FastAPI) -> None:
    """Errors as one sentence with a name; nothing is cached; nothing too large is read."""

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        stated = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not stated.isdigit() or int(stated) > LARGEST_BODY:
            response: Response = JSONResponse({"error": "Say how long the body is; it may have 43 MiB."}, 413)
        else:
            response = await answer(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.exception_handler(NightlatchError)
    async def refuse(_: Request, error: NightlatchError) -> JSONResponse:
        status = {NotFound: 404, NotSealed: 415}.get(type(error), 403 if isinstance(error, Refused) else 400)
        body: dict[str, str | int] = {"error": str(error)}
        if isinstance(error, KeeperRefused):
            body |= {"refused": error.refusal.value, "step": error.step}
            log.info("refused", refusal=error.refusal.value, step=error.step)
        return JSONResponse(body, status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        places = ", ".join(str(e["loc"][-1]) for e in error.errors())
        return JSONResponse({"error": f"This request cannot be read: {places}."}, 422)


async def _sweep(room: Room) -> None:
    while True:
        try:
            await run_in_threadpool(room.sweep)
        except Exception:  # whatever it is, the promise to destroy outlives it
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
