"""Stands before an application: strict headers, sizes, deadlines, and errors as sentences. Plain ASGI.

Bytes are counted as they come, whatever Content-Length says, and passed on, never kept. What is cut off is answered
at once, and the application sees a client that went away.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nightlatch.errors import NightlatchError, TooManyTries
from nightlatch.web.addresses import is_this_machine, sender
from nightlatch.web.face.face import Face
from nightlatch.web.face.refusals import TooLarge, TooSlow, Unmeasured

CROWDED = "Too many requests from this address are being answered. Wait a second and try again."

log = structlog.get_logger()


def put_on(app: FastAPI, face: Face) -> None:
    """Give an application its face: one call, after which no error, header or size is the routes' business."""
    app.state.face = face
    app.add_middleware(Guard)

    @app.exception_handler(NightlatchError)
    async def refuse(request: Request, error: NightlatchError) -> Response:
        worn = face_of(request.app)
        worn.note(request, error)
        return worn.refusal(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        return face_of(request.app).malformed(error)

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        return face_of(request.app).nowhere(error.status_code, error.headers)


def face_of(app: FastAPI) -> Face:
    """The face that an application wears."""
    face: Face = app.state.face
    return face


class Guard:
    """The middleware. One per application; it remembers only how many requests of each address are being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        who = sender(address)
        exchange = _Exchange(face_of(scope["app"]), scope, receive, send)
        self._open[who] += 1
        try:
            await self._answer(exchange, self._open[who], is_this_machine(address))
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    async def _answer(self, exchange: _Exchange, open_now: int, is_near: bool) -> None:
        limits = exchange.face.limits
        try:
            if open_now > (limits.on_loopback if is_near else limits.per_address):
                raise TooManyTries(CROWDED, 1)
            exchange.check()
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except NightlatchError as error:
            await exchange.say(exchange.face.refusal(error))
        except ClientDisconnect:  # gone, or cut off by us; there is nobody to tell
            pass
        except Exception:  # whatever it is, a client reads one sentence and no traceback
            log.exception("request.failed", method=exchange.scope["method"], route=_route(exchange.scope))
            await exchange.say(exchange.face.broken())


class _Exchange:
    """One request and its answer: how much of the body came, and whether the answer has begun."""

    def __init__(self, face: Face, scope: Scope, receive: Receive, send: Send) -> None:
        self.face, self.scope = face, scope
        self._receive, self._send = receive, send
        self._allowed = face.allowed(scope["method"], scope["path"])
        self._until_s: float | None = None  # of the loop's clock, once somebody reads the body
        self._came = 0
        self._is_whole = self._is_answered = self._is_cut = False
        self._has_body = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )

    def check(self) -> None:
        """What the head alone shows. Raises `NightlatchError`."""
        request = Request(self.scope)
        for gate in self.face.gates:
            gate(request)
        longest = self._allowed.longest_body
        if "transfer-encoding" in request.headers and not self.face.takes_unmeasured:
            raise Unmeasured(longest)
        stated = request.headers.get("content-length", "0")
        if not stated.isdecimal() or len(stated) > 15 or int(stated) > longest:
            raise TooLarge(longest)

    async def receive(self) -> Message:
        """The next piece of the body, as long as it comes in time and is not too much."""
        if self._is_cut:
            return {"type": "http.disconnect"}
        if self._is_whole:  # from here on it waits for the client to go away, for as long as the answer takes
            return await self._receive()
        if self._until_s is None:
            self._until_s = asyncio.get_running_loop().time() + self._allowed.body_s
        try:
            async with asyncio.timeout_at(self._until_s):
                message = await self._receive()
        except TimeoutError:
            return await self._cut_off(TooSlow(self._allowed.body_s))
        self._came += len(message.get("body", b""))
        if self._came > self._allowed.longest_body:
            return await self._cut_off(TooLarge(self._allowed.longest_body))
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, with the headers of this face."""
        if self._is_cut:
            return
        if message["type"] == "http.response.start":
            self._is_answered = True
            headers = MutableHeaders(scope=message)
            for name, value in self.face.all_headers().items():
                headers.setdefault(name, value)
            if not self._is_whole and self._has_body:
                headers["Connection"] = "close"  # what was not read is not waited for
        await self._send(message)

    async def say(self, answer: Response) -> None:
        """Answer, unless an answer has begun: then the server hangs up, since it never ends."""
        if not self._is_answered:
            await answer(self.scope, self._receive, self.send)

    async def _cut_off(self, error: NightlatchError) -> Message:
        await self.say(self.face.refusal(error))
        self._is_cut = True
        return {"type": "http.disconnect"}


def _route(scope: Scope) -> str | None:
    """The route's pattern: the path itself may name a clip."""
    return getattr(scope.get("route"), "path", None)
