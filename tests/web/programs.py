"""The five programs, each on a real port with limits so small that a test need not wait, and a raw line to them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute

from nightlatch.cloud.app import create_app as cloud_app
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.hub.serve.app import create_app as hub_app
from nightlatch.hub.settings import HubSettings
from nightlatch.keeper.app import create_app as keeper_app
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.seal.note import make_signer
from nightlatch.web.face import KIB, MIB, Face, Limits
from nightlatch.web.signature import sign
from tests.clocks import TestClock
from tests.keeper.house import ORIGIN, house
from tests.keeper.logs import TinyLog
from tests.review.rooms import WholeRoom
from tests.serving import served

LIMITS = Limits(
    head_s=0.6,
    body_s=1.2,
    unread_s=2.0,
    longest_head=8 * KIB,
    longest_body=16 * KIB,
    per_address=6,
    on_loopback=10,
    at_once=48,
)
SECRET = "a-secret-of-this-test"
STRANGER = "127.0.0.2"  # another address of this machine


@dataclass(frozen=True)
class Ask:
    """An address of a program that reads a body, with headers that let it get so far."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Program:
    name: str
    url: str
    ask: Ask

    @contextmanager
    def line(self, address: str = "127.0.0.1") -> Iterator[socket.socket]:
        """A connection that sends nothing by itself."""
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname, parts.port), 10, (address, 0)) as made:
            made.settimeout(10)
            yield made

    def head(self, *more: str) -> bytes:
        """The head of a request that has a body."""
        lines = [f"{self.ask.method} {self.ask.path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.ask.headers.items()]
        return "\r\n".join([*lines, *more, "", ""]).encode()

    def post(self, body: bytes) -> httpx.Response:
        return httpx.request(
            self.ask.method, self.url + self.ask.path, content=body, headers=dict(self.ask.headers), timeout=10
        )

    def nothing(self) -> httpx.Response:
        """Asks for what is not there."""
        return httpx.get(f"{self.url}/api/nothing", timeout=10)


def heard(line: socket.socket) -> bytes:
    """All that comes until the other end hangs up."""
    came = b""
    try:
        while piece := line.recv(65536):
            came += piece
    except ConnectionResetError:
        pass
    return came


def strict(face: Face) -> Face:
    """The same face with limits for a test."""
    uploads = tuple(replace(upload, longest_body=32 * KIB, body_s=LIMITS.body_s) for upload in face.uploads)
    return replace(face, limits=LIMITS, uploads=uploads)


async def _broken() -> None:
    raise RuntimeError(SECRET)


async def _large() -> Response:
    return Response(bytes(8 * MIB))  # more than the buffers of both ends hold


@contextmanager
def running(name: str, folder: Path) -> Iterator[Program]:
    """One of the five, by its name."""
    with _MADE[name](folder) as (app, ask):
        app.state.face = strict(app.state.face)
        app.router.routes[:0] = [APIRoute("/api/broken", _broken), APIRoute("/api/large", _large)]
        with served(app) as url:
            yield Program(name, url, ask)


Made = tuple[FastAPI, Ask]


@contextmanager
def _hub(folder: Path) -> Iterator[Made]:
    app = hub_app(HubSettings(data_dir=folder), TestClock())
    yield app, Ask("POST", "/api/login", {"X-Nightlatch": "1"})


@contextmanager
def _cloud(folder: Path) -> Iterator[Made]:
    clock = TestClock()
    app = cloud_app(CloudSettings(data_dir=folder), clock, MIGRATIONS)
    path, now_s = "/v1/households", clock.now_ms() // 1000
    yield app, Ask("POST", path, sign(Ed25519PrivateKey.generate(), "POST", path, "", sha256(b"").digest(), now_s))


@contextmanager
def _keeper(folder: Path) -> Iterator[Made]:
    with house(folder) as home:
        yield keeper_app(home.room, home.passkeys, ORIGIN, SECRET), Ask("POST", "/v1/revocations", {})


@contextmanager
def _review(folder: Path) -> Iterator[Made]:
    clock = TestClock()
    room = WholeRoom(folder, clock, TinyLog(clock), (8642, 8643))
    yield room.app, Ask("POST", "/api/login", {"X-Nightlatch": "1", "Origin": room.origin})
    room.engine.dispose()
    room.house.engine.dispose()


@contextmanager
def _log(folder: Path) -> Iterator[Made]:
    with Log(folder, make_signer("example.org/log")) as ledger:
        yield create_log_app(ledger, {}, SECRET), Ask("POST", "/v1/entries", {"Authorization": f"Bearer {SECRET}"})


_MADE: Mapping[str, Callable[[Path], AbstractContextManager[Made]]] = {
    "hub": _hub,
    "cloud": _cloud,
    "keeper": _keeper,
    "review": _review,
    "log": _log,
}
NAMES = tuple(_MADE)
