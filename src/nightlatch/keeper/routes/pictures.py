"""The one WebSocket: pictures of an open view, one at a time, to the browser that shows its ticket.

page → keeper   {"ticket", "session"}      first, within ten seconds
keeper → page   {"pictures": n}
page → keeper   {"from": n, "to": m}       pictures n to m, each as a line of JSON and a JPEG
                {"here": true}             still there
keeper → page   {"refused", "error"}       and the end

Pictures leave at twice the film's speed, after a first stretch at once: the page, which plays from the first picture on
and fetches ahead, never waits; a program that wants all of them has to stay for half as long as the film lasts.
"""

from __future__ import annotations

import asyncio
import contextlib
from itertools import count
from typing import TypeAlias

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import NightlatchError
from nightlatch.keeper.premises import Premises, premises
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.release import AHEAD, MarkedStill
from nightlatch.keeper.room import Room
from nightlatch.web.shape import Answer, Number

STANDING_EVERY_S = 0.25  # how often an open view asks whether it still stands
HELLO_WITHIN_S = 10.0
SPEED = 2.0  # the page needs one, and slow motion a quarter
AT_ONCE_S, AT_ONCE = 6.0, 60  # of the film, and pictures at least
CLOSED_BY_KEEPER = 4403
UNREADABLE = 1003

router = APIRouter()


class TicketMessage(BaseModel):
    """What the page says first."""

    model_config = ConfigDict(frozen=True)

    ticket: str
    session: str


class PageMessage(BaseModel):
    """What the page says next: which pictures it wants, or only that somebody is there."""

    model_config = ConfigDict(frozen=True)

    here: JsonValue = None
    first: int = Field(-1, alias="from")
    last: int = Field(-1, alias="to")

    @property
    def is_only_here(self) -> bool:
        return "here" in self.model_fields_set

    @property
    def numbers(self) -> range:
        """Of the pictures. Raises `ValueError` when it names none."""
        if not {"first", "last"} <= self.model_fields_set:
            raise ValueError("a page says from where to where")
        return range(self.first, self.last + 1)


class Pace:
    """How fast pictures leave one connection. `rate` is the film's own, in pictures a second."""

    def __init__(self, rate: float, now_s: float) -> None:
        self._per_s, self._most = rate * SPEED, max(AT_ONCE, rate * AT_ONCE_S)
        self._left, self._at_s = self._most, now_s

    def wait_s(self, now_s: float) -> float:
        """How long the next picture has to wait."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s) - 1
        self._at_s = now_s
        return max(0.0, -self._left / self._per_s)


class FilmLength(Answer):
    """How many pictures a view has."""

    pictures: int


class PictureHead(Answer):
    """What comes before each picture: its number, and when it is in the clip."""

    n: int  # from 0
    at_ms: int


class ViewEnd(Answer):
    """Why the keeper ended a view: in one word, and as a sentence for the reviewer."""

    refused: Refusal
    error: str


ViewMessage: TypeAlias = FilmLength | PictureHead | ViewEnd


@router.websocket("/v1/views/{view}")
async def watch(socket: WebSocket, view: Number) -> None:
    """Show a view."""
    here = premises(socket)
    if socket.headers.get("origin") != here.review_origin:
        await socket.close(CLOSED_BY_KEEPER)  # before accepting: the browser sees 403
        return
    await socket.accept()
    await _show(socket, here, view)


async def _show(socket: WebSocket, here: Premises, view: int) -> None:
    """One connection of one view, to its end. Whatever ends it ends the view, but for a second tab."""
    room, ahead = here.room, None
    try:
        hello = TicketMessage.model_validate_json(await asyncio.wait_for(socket.receive_text(), HELLO_WITHIN_S))
        pictures = await run_in_threadpool(room.connect, view, hello.ticket, hello.session)
        ahead = Ahead(here, view)
        await _say(socket, FilmLength(pictures=pictures))
        pace = Pace(await run_in_threadpool(room.pace, view), asyncio.get_running_loop().time())
        while True:
            await _answer(socket, room, view, pace, ahead, await _next(socket, room, view))
    except KeeperRefused as refused:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _say(socket, ViewEnd(refused=refused.refusal, error=str(refused)))
            await socket.close(CLOSED_BY_KEEPER)
    except (ValueError, KeyError, OverflowError, TimeoutError):  # KeyError: bytes where text was due
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(UNREADABLE)
    except WebSocketDisconnect:
        pass
    finally:
        if ahead is not None:
            await run_in_threadpool(room.close_view, view)
            await ahead.end()


async def _say(socket: WebSocket, message: ViewMessage) -> None:
    await socket.send_text(message.model_dump_json())


async def _next(socket: WebSocket, room: Room, view: int) -> PageMessage:
    """What the page says next. Raises `KeeperRefused` within a quarter of a second once the view is no longer valid."""
    reading = asyncio.ensure_future(socket.receive_text())
    try:
        while not (await asyncio.wait({reading}, timeout=STANDING_EVERY_S))[0]:
            await run_in_threadpool(room.check_standing, view)
        return PageMessage.model_validate_json(reading.result())
    finally:
        reading.cancel()


class Ahead:
    """Has pictures made before they are wanted, in their order: a few of them wait while the pace has them wait."""

    def __init__(self, here: Premises, view: int) -> None:
        self._here, self._view, self._next = here, view, 0
        self._at_work = asyncio.Lock()
        self._made, self._making = self._begin(0)

    async def still(self, n: int) -> MarkedStill:
        """A picture that may leave. Raises `KeeperRefused`."""
        if n != self._next:
            await self.end()  # one at a time: a film is decoded in its order
            self._made, self._making = self._begin(n)
        self._next = n + 1
        await self._made.get()
        room = self._here.room
        if (ready := room.ready(self._view, n)) is not None:
            return ready
        return await run_in_threadpool(room.still, self._view, n)

    async def end(self) -> None:
        """Leave nothing behind that is still being made."""
        async with self._at_work:
            self._making.cancel()

    def _begin(self, n: int) -> tuple[asyncio.Queue[int], asyncio.Task[None]]:
        made = asyncio.Queue[int](AHEAD - 2)  # one more waits to go in, another was taken out and has not left
        return made, asyncio.create_task(self._make(made, n))

    async def _make(self, made: asyncio.Queue[int], first: int) -> None:
        for n in count(first):
            async with self._at_work:
                with contextlib.suppress(NightlatchError):  # said when it is asked for, in its turn
                    await self._here.prepare(self._view, n)
            await made.put(n)


async def _answer(socket: WebSocket, room: Room, view: int, pace: Pace, ahead: Ahead, said: PageMessage) -> None:
    if said.is_only_here:
        await run_in_threadpool(room.touch, view)
        return
    for n in said.numbers:
        await asyncio.sleep(pace.wait_s(asyncio.get_running_loop().time()))
        still = await ahead.still(n)
        await _say(socket, PictureHead(n=still.n, at_ms=still.at_ms))
        await socket.send_bytes(still.jpeg)
