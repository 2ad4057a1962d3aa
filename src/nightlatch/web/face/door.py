"""Where connections come in. Nobody waits outside because of somebody who says nothing.

uvicorn closes a connection that is silent after an answer, but waits for ever for a first request, lets a head grow
without end, and counts idle connections against its one limit: 205 of them, without any key, stopped the keeper.
Here a head has a deadline and a size, and when there are too many connections, the one that has been silent longest
makes room. A newcomer is refused only while all the others are being answered, and an answer that its client does
not read ends.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from nightlatch.web.addresses import is_this_machine, sender
from nightlatch.web.face.face import Face
from nightlatch.web.face.limits import Limits, size


class Entrance:
    """Who is connected, and who of them is silent: has sent no whole head since coming, or since the last answer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._senders: dict[asyncio.Transport, str] = {}
        self._counts: Counter[str] = Counter()
        self._silent: dict[asyncio.Transport, None] = {}  # the longest silent first

    def admit(self, transport: asyncio.Transport, address: str) -> bool:
        """Let a connection in; False when there is no room for it."""
        who = sender(address)
        most = self._limits.on_loopback if is_this_machine(address) else self._limits.per_address
        if self._counts[who] >= most and not self._make_room(who):
            return False
        if len(self._senders) >= self._limits.at_once and not self._make_room(None):
            return False
        self._senders[transport] = who
        self._counts[who] += 1
        self._silent[transport] = None
        return True

    def speaks(self, transport: asyncio.Transport) -> None:
        """A whole head came: this one is being answered."""
        self._silent.pop(transport, None)

    def falls_silent(self, transport: asyncio.Transport) -> None:
        """Answered; it may ask again."""
        if transport in self._senders:
            self._silent[transport] = None

    def leave(self, transport: asyncio.Transport) -> None:
        """It is gone, or as good as gone."""
        self._silent.pop(transport, None)
        who = self._senders.pop(transport, None)
        if who is not None:
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]

    def _make_room(self, who: str | None) -> bool:
        """Drop the connection, of `who` or of anybody, that has been silent longest; False when none is silent."""
        for transport in self._silent:
            if who in (None, self._senders[transport]):
                self.leave(transport)
                transport.abort()
                return True
        return False


class Visitor(HttpToolsProtocol):
    """A connection: uvicorn's own, with a deadline and a size for the head of every request."""

    door: ClassVar[Entrance]
    face: ClassVar[Face]
    _head_deadline: asyncio.TimerHandle | None = None
    _reading_deadline: asyncio.TimerHandle | None = None
    _is_in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.door.admit(transport, self.client[0] if self.client else ""):
            self._wait_for_head()
        else:
            self._hang_up(
                503, "Too many requests are being answered here. Wait a second and try again.", {"Retry-After": "1"}
            )

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()
        self._stop_watching()
        self.door.leave(self.transport)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > (longest := self.face.limits.longest_head):
                self._hang_up(431, f"The head of this request is too large: at most {size(longest)} are taken.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:  # what comes after a chunked body is kept by nobody
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_waiting()
        self.door.speaks(self.transport)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._rest()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()
        self._rest()

    def send_400_response(self, msg: str) -> None:
        self._hang_up(400, "This is not an HTTP request. Check the address.")

    def _rest(self) -> None:
        """The answer is complete and the client has read it, and no other request waits behind."""
        is_over = self.cycle is not None and self.cycle.response_complete and not self.flow.write_paused
        if is_over and self._head_deadline is None and not self.transport.is_closing():
            self.door.falls_silent(self.transport)
            self._wait_for_head()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._head_deadline = self.loop.call_later(self.face.limits.head_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _watch_reading(self) -> None:
        """See in a while whether the client has read any of its answer, and drop one that has not."""
        left = self.transport.get_write_buffer_size()
        self._reading_deadline = self.loop.call_later(self.face.limits.unread_s, self._drop_if_unread, left)

    def _drop_if_unread(self, left: int) -> None:
        if self.transport.get_write_buffer_size() < left:
            self._watch_reading()
        else:
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._reading_deadline is not None:
            self._reading_deadline.cancel()
            self._reading_deadline = None

    def _give_up(self) -> None:
        if self.transport.is_closing():  # it was closed before, and its client still reads nothing
            self.transport.abort()
            return
        if self._is_in_head:
            self._hang_up(408, f"The request did not arrive within {self.face.limits.head_s:g} seconds.")
        else:
            self.transport.close()
        self._wait_for_head()

    def _hang_up(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        """Say why, unless an answer is under way, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_written(status, text, {**self.face.all_headers(), **(headers or {})}))
        self.transport.close()


class Viewer(WebSocketsSansIOProtocol):
    """A WebSocket: its connection came in through the same door, and leaves through it."""

    door: ClassVar[Entrance]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.door.leave(self.transport)


def protocols(wearing: Face) -> tuple[type[Visitor], type[Viewer]]:
    """uvicorn's protocols for HTTP and WebSockets, with one door for both."""
    only = Entrance(wearing.limits)

    class Here(Visitor):
        door, face = only, wearing

    class There(Viewer):
        door = only

    return Here, There


def _written(status: int, text: str, headers: Mapping[str, str]) -> bytes:
    """A whole answer, for where no application stands behind it."""
    body = json.dumps({"error": text}).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    own = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines += [f"{name}: {value}" for name, value in {**headers, **own}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
