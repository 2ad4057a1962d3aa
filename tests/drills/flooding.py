"""What floods a program in a drill, as a process of its own: `python -m tests.drills.flooding KIND URL PATH SECONDS`.

Only addresses of this machine are asked, from addresses of this machine (127.7.0.0/16), each with few connections. It
ends by itself, and prints how many connections it opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SOCKETS, OF_ONE = 1000, 50
BODIES, BODY = 200, 40 * 1024**2
FILMS = 40  # each held whole by the flood, too
PIECE = b"x" * 65536
AGAIN_S = 0.5  # after a connection was dropped


@dataclass
class Flood:
    """One flood of one program."""

    host: str
    port: int
    path: str  # of a request that brings a large body
    until_s: float
    opened: int = 0
    answers: dict[str, int] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until_s

    async def connect(self, n: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.opened += 1
        return await asyncio.open_connection(self.host, self.port, local_addr=(f"127.7.{n // OF_ONE}.1", 0))

    def note(self, answer: bytes) -> None:
        status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/") else "more" if answer else "nothing"
        self.answers[status] = self.answers.get(status, 0) + 1


async def idle(flood: Flood, n: int) -> None:
    await _drip(flood, n, b"", b"")


async def heads(flood: Flood, n: int) -> None:
    await _drip(flood, n, f"GET {flood.path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode(), b"x")


async def bodies(flood: Flood, n: int) -> None:
    head = f"POST {flood.path} HTTP/1.1\r\nHost: localhost\r\nX-Nightlatch: 1\r\nContent-Length: 1000\r\n\r\n"
    await _drip(flood, n, head.encode(), b" ")


async def unread(flood: Flood, n: int) -> None:
    await _drip(flood, n, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50, b"", reads=False)


async def _drip(flood: Flood, n: int, first: bytes, then: bytes, reads: bool = True) -> None:
    reader, writer = await flood.connect(n)
    try:
        writer.write(first)
        while flood.goes_on:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    if not reads:
                        await asyncio.sleep(1)
                    elif not (answer := await reader.read(4096)):
                        return
                    else:
                        flood.note(answer)
            writer.write(then)
            await writer.drain()
    finally:
        writer.transport.abort()


async def large(flood: Flood, n: int) -> None:
    reader, writer = await flood.connect(n)
    head = f"PUT {flood.path} HTTP/1.1\r\nHost: localhost\r\nX-Nightlatch: 1\r\nContent-Length: {BODY}\r\n\r\n"
    try:
        writer.write(head.encode())
        for _ in range(BODY // len(PIECE)):
            if not flood.goes_on:
                return
            writer.write(PIECE)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                flood.note(await reader.read(4096))
        writer.transport.abort()


async def films(flood: Flood, n: int) -> None:
    """As a stranger who does all that a household does, up to the film: 32 MiB that are none."""
    from tests.drills import strangers

    made = json.loads(await _ask(flood, n, "POST", "/v1/donations", b"{}"))
    head, film = await asyncio.to_thread(strangers.clip, made["donation"], made["recipient"], flood.path)
    await _ask(flood, n, "PUT", f"/v1/donations/{made['donation']}", head)
    await _ask(flood, n, "PUT", f"/v1/donations/{made['donation']}/film", film)


async def _ask(flood: Flood, n: int, method: str, path: str, body: bytes) -> bytes:
    reader, writer = await flood.connect(n)
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode())
        for at in range(0, len(body), len(PIECE)):
            writer.write(body[at : at + len(PIECE)])
            await writer.drain()
        answer = await reader.read()
        flood.note(answer)
        return answer.partition(b"\r\n\r\n")[2]
    finally:
        writer.transport.abort()


KINDS: dict[str, tuple[int, Callable[[Flood, int], Awaitable[None]]]] = {
    "idle": (SOCKETS, idle),
    "heads": (SOCKETS, heads),
    "bodies": (SOCKETS, bodies),
    "unread": (SOCKETS, unread),
    "large": (BODIES, large),
    "films": (FILMS, films),
}


async def flood(kind: str, url: str, path: str, seconds: float) -> Flood:
    parts = urlsplit(url)
    made = Flood(parts.hostname or "", parts.port or 0, path, time.monotonic() + seconds)
    count, attack = KINDS[kind]

    async def again_and_again(n: int) -> None:
        while made.goes_on:
            with contextlib.suppress(OSError, ValueError, KeyError, asyncio.IncompleteReadError):
                await attack(made, n)
            await asyncio.sleep(AGAIN_S)

    tasks = [asyncio.create_task(again_and_again(n)) for n in range(count)]
    await asyncio.wait(tasks, timeout=seconds + 2)
    for task in tasks:
        task.cancel()
    return made


if __name__ == "__main__":
    if not sys.argv[2].startswith("http://127.0.0.1:"):
        raise SystemExit("only programs of this machine are flooded")
    from nightlatch.web.serving import allow_files

    allow_files()
    found = asyncio.run(flood(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
    print(json.dumps({"opened": found.opened, "answers": found.answers}))
