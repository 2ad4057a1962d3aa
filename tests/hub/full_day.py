"""The books of a hub with a full day: four cameras that recorded all of it, with 300 events each, for ten days.

Rows alone: no file lies behind them, and no application is started that would match them with files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session
from starlette.types import Message

from nightlatch.domain.time import DAY_MS, MINUTE_MS
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.serve.books.records import CameraRow, ClipPartRow, ClipRow, OutageRow, SegmentRow, SheetRow
from nightlatch.hub.serve.house import House
from nightlatch.hub.settings import HubSettings
from nightlatch.owner.keys import OwnerKeys
from tests.clocks import TestClock
from tests.hub.test_api import proofs

CAMERAS, EVENTS, DAYS = 4, 300, 10
SEGMENT_MS = 4_000
PARTS = ("manifest", "still", "part-0000", "part-0001", "part-0002", "sub-0000", "sub-0001", "sub-0002")


def camera_id(number: int) -> str:
    return f"{number:012x}"


def fill(engine: Engine, now_ms: int, *, cameras: int = CAMERAS, events: int = EVENTS, days: int = DAYS) -> None:
    """A day of segments and stills, and clips of `days`; some parts wait for the mailbox, a few outages were."""
    with Session(engine) as session, session.begin():
        for number in range(cameras):
            row = {"id": camera_id(number), "name": f"Camera {number}", "url": "rtsp://camera/", "created_ms": number}
            session.execute(insert(CameraRow).values(row))
            session.execute(insert(SegmentRow), list(_footage(number, now_ms, SEGMENT_MS, 900_000)))
            session.execute(insert(SheetRow), list(_footage(number, now_ms, MINUTE_MS, 60_000)))
            session.execute(insert(OutageRow), list(_outages(number, now_ms)))
            clips = list(_clips(number, now_ms, events, days))
            session.execute(insert(ClipRow), clips)
            session.execute(insert(ClipPartRow), [part for clip in clips for part in _parts(clip["id"])])


def _footage(number: int, now_ms: int, every_ms: int, size: int) -> Iterator[dict[str, object]]:
    for n in range(DAY_MS // every_ms):
        began_ms = now_ms - DAY_MS + n * every_ms
        where = {"camera_id": camera_id(number), "began_ms": began_ms, "duration_ms": every_ms - 40, "bytes": size + n}
        yield where | {"path": f"{camera_id(number)}/{every_ms}/{began_ms}"}


def _outages(number: int, now_ms: int) -> Iterator[dict[str, object]]:
    for n in range(12):
        began_ms = now_ms - DAY_MS + n * 2 * 3_600_000
        yield {
            "camera_id": camera_id(number), "began_ms": began_ms, "ended_ms": began_ms + 30_000, "reason": "timeout"
        }  # fmt: skip


def _clips(number: int, now_ms: int, events: int, days: int) -> Iterator[dict[str, object]]:
    for n in range(events * days):
        began_ms = now_ms - (n + 1) * DAY_MS // events
        key = f"{number:04x}{n:012x}"
        yield {
            "id": key, "camera_id": camera_id(number), "event_id": key, "onset_ms": began_ms + 5_000,
            "began_ms": began_ms, "ended_ms": began_ms + 40_000, "open": False,
        }  # fmt: skip


def _parts(clip: object) -> Iterator[dict[str, object]]:
    is_sent = int(str(clip), 16) % 50 != 0
    for name in PARTS:
        yield {
            "clip_id": clip, "name": name, "version": 1, "bytes": 400_000, "created_ms": 0, "sent_version": int(is_sent)
        }  # fmt: skip


@dataclass
class Asked:
    """An answer, and what it took of this process's CPU, in ms."""

    status: int
    headers: dict[str, str]
    body: bytes
    cpu_ms: float


class Booked:
    """A hub whose books are full, asked as a browser asks it, without a network in between."""

    def __init__(self, folder: Path) -> None:
        self.clock = TestClock(fixed_ms=1_795_000_000_000)
        self.app: FastAPI = create_app(HubSettings.model_validate({"data_dir": folder}), self.clock)
        self.house: House = self.app.state.house
        self.cookie = asyncio.run(self._set_up())

    async def _set_up(self) -> str:
        transport = httpx.ASGITransport(self.app)
        headers = {"X-Nightlatch": "1"}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            keys = OwnerKeys(bytes(range(32)))
            told = {"name": "A house", "recipient": keys.recipient, "signing_key": keys.signing_public_b64}
            answer = await client.post("/api/household", json=told | {"device_name": "test", **proofs(keys)})
            answer.raise_for_status()
            return "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    def ask(self, path: str, **headers: str) -> Asked:
        """GET it once."""
        return asyncio.run(self._ask(path, headers, 1))

    def ask_often(self, path: str, times: int, **headers: str) -> Asked:
        """GET it so many times; the CPU is the mean."""
        return asyncio.run(self._ask(path, headers, times))

    async def _ask(self, path: str, headers: dict[str, str], times: int) -> Asked:
        where, _, query = path.partition("?")
        sent = {"host": "localhost", "cookie": self.cookie, **headers}
        began_s = time.process_time()
        for _ in range(times):
            came: list[Message] = []

            asked = asyncio.Event()

            async def receive(asked: asyncio.Event = asked) -> Message:
                if asked.is_set():  # nobody goes away before the answer
                    await asyncio.Event().wait()
                asked.set()
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Message, came: list[Message] = came) -> None:
                came.append(message)

            scope = {
                "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": where,
                "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
                "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
                "client": ("127.0.0.1", 1), "server": ("localhost", 80),
            }  # fmt: skip
            await self.app(scope, receive, send)
        cpu_ms = (time.process_time() - began_s) * 1000 / times
        head = {name.decode(): value.decode() for name, value in came[0]["headers"]}
        body = b"".join(each.get("body", b"") for each in came[1:])
        return Asked(int(str(came[0]["status"])), head, body, cpu_ms)
