"""Asks programs elsewhere, and gives none of them this program's memory or time.

One deadline covers the whole exchange: the name, the connection, TLS, the head and the body, however slowly they come.
Bytes are counted as they arrive and nothing is kept beyond the limit. Answers are taken as they are sent: a packed one
is refused, since a few kilobytes of it may unpack to gigabytes. No redirect is followed, and the environment's
proxies are not used: secrets and loopback addresses are none of their business.
"""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from nightlatch.domain.digits import read_count
from nightlatch.errors import NightlatchError
from nightlatch.web.addresses import is_outside

PLAIN = "identity"
LAST_PORT = 65_535
NOTHING_SENT: Mapping[str, str] = {}


class Lack(StrEnum):
    """What is wrong with an answer; fits behind the name of whoever was asked."""

    AWAY = "cannot be reached"
    SLOW = "did not finish its answer in time"
    LONG = "sent more than it may"
    PACKED = "sent a packed answer, although nobody asked for one"
    INNER = "is at an address inside a home or a machine"


class Unanswered(NightlatchError):
    """There is no answer that can be used, and why."""

    def __init__(self, lack: Lack) -> None:
        super().__init__(f"The other side {lack.value}.")
        self.lack = lack


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an answer's body may be, and how long the whole exchange may take."""

    most_bytes: int = 65_536
    within_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that kept its bounds."""

    status: int
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def told(self) -> Mapping[str, object]:
        """The body's JSON object; an empty one for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def ask(
    method: str,
    url: str,
    bounds: Bounds,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] = NOTHING_SENT,
    outside_only: bool = False,
) -> Reply:
    """Ask and wait. Where an event loop runs already, the exchange has a thread of its own. Raises `Unanswered`."""
    exchange = ask_async(method, url, bounds, body=body, headers=headers, outside_only=outside_only)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(exchange)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, exchange).result()


async def ask_async(
    method: str,
    url: str,
    bounds: Bounds,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] = NOTHING_SENT,
    outside_only: bool = False,
) -> Reply:
    """One exchange. With `outside_only`, only with an address on the internet, whatever the name resolves to.

    Raises:
        Unanswered: nobody is there, or the answer does not keep its bounds.
    """
    try:
        async with asyncio.timeout(bounds.within_s):
            asked = httpx.Request(method, url, content=body, headers={**headers, "Accept-Encoding": PLAIN})
            if (asked.url.port or 0) > LAST_PORT:
                raise Unanswered(Lack.AWAY)
            if outside_only:
                await _pin(asked)
            return await _exchange(asked, bounds.most_bytes)
    except TimeoutError:
        raise Unanswered(Lack.SLOW) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):  # ValueError: a URL or a header that is none
        raise Unanswered(Lack.AWAY) from None


def json_body(told: object) -> tuple[bytes, dict[str, str]]:
    """A body and its header."""
    return json.dumps(told).encode(), {"Content-Type": "application/json"}


async def _exchange(asked: httpx.Request, most_bytes: int) -> Reply:
    async with httpx.AsyncClient(verify=_tls(), timeout=None, trust_env=False, follow_redirects=False) as client:
        answer = await client.send(asked, stream=True)
        try:
            if answer.headers.get("content-encoding", PLAIN).strip().lower() != PLAIN:
                raise Unanswered(Lack.PACKED)
            stated = read_count(answer.headers.get("content-length", "0"), most_bytes)
            if stated is None and asked.method != "HEAD":
                raise Unanswered(Lack.LONG)
            body = bytearray()
            async for piece in answer.aiter_raw():
                if len(body) + len(piece) > most_bytes:
                    raise Unanswered(Lack.LONG)
                body += piece
            return Reply(answer.status_code, bytes(body))
        finally:
            await answer.aclose()


async def _pin(asked: httpx.Request) -> None:
    """Resolve the name once and ask that very address: the next answer of a name server may be another.

    Raises:
        Unanswered: a name that stands for no address on the internet.
    """
    host, port = asked.url.host, asked.url.port or (443 if asked.url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    outside = [str(each[4][0]) for each in found if is_outside(str(each[4][0]))]
    if not outside:
        raise Unanswered(Lack.INNER)
    asked.url = asked.url.copy_with(host=outside[0])  # the Host header was made from the name, and stays
    asked.extensions["sni_hostname"] = host


@functools.cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the roots takes 20 ms and a megabyte."""
    return httpx.create_ssl_context()
