"""Where connections come in. Nobody waits outside because of somebody who says nothing.

uvicorn closes a connection that is silent after an answer, but waits for ever for a first request, lets a head grow
without end, and counts idle connections against its one limit: 205 of them, without any key, stopped the keeper.
Here a head has a deadline and a size, and an answer that its client does not read ends. When there are too many
connections, one makes room: the one that has been silent longest; where none is silent, the one that is slowest to
send its body or to read its answer; then one that has been answered for longer than `LONG_S`, as a long poll is. A
newcomer is refused only while all the others are truly being answered.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from nightlatch.web.addresses import is_this_machine, sender
from nightlatch.web.face.face import Face
from nightlatch.web.face.limits import Limits, size
from nightlatch.web.sizes import KIB

JUST_CAME_S = 1.0  # who came a moment ago has had no time to speak: a body that drips goes first
HEAD_START = 64 * KIB  # bytes that count as sent already: a request that has just begun is never the slowest
MOST_BEHIND = 8  # requests that wait behind the one being answered; in 64 KiB there is room for 3,000, of 3 KB each
LONG_S = 10.0  # an answer that takes longer may be cut off for a newcomer when all places are taken; a poll asks again


class Guest(Protocol):
    """A connection, as far as the door is concerned: an asyncio transport, or one that has yet to agree on TLS."""

    def abort(self) -> None:
        """End it at once."""
        ...


@dataclass(slots=True)
class _Debt:
    """What a client owes: since when, and how many bytes of it have come or gone."""

    since_s: float
    moved: int = 0

    def pace(self, now_s: float) -> float:
        """Bytes a second; who has just begun counts as fast."""
        return (self.moved + HEAD_START) / (now_s - self.since_s + 0.001)


class Entrance:
    """Who is connected, and what each is waiting for.

    *Silent*: no whole head has come since the connection, or since the last answer. *Owing*: the rest of a body is to
    come, or an answer to be read. The others are being answered.
    """

    def __init__(self, limits: Limits, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now_s = limits, now_s
        self._senders: dict[Guest, str] = {}
        self._counts: Counter[str] = Counter()
        self._silent_since: dict[Guest, float] = {}  # the longest silent first
        self._owing: dict[Guest, _Debt] = {}
        self._answered_since: dict[Guest, float] = {}  # the longest first

    def admit(self, transport: Guest, address: str) -> bool:
        """Let a connection in; False when there is no room for it."""
        if transport in self._senders:
            return True
        who = sender(address)
        most = self._limits.on_loopback if is_this_machine(address) else self._limits.per_address
        if self._counts[who] >= most and not self._drop(self._silent_one(who)):
            return False
        if len(self._senders) >= self._limits.at_once and not self._drop(self._one_to_drop()):
            return False
        self._senders[transport] = who
        self._counts[who] += 1
        self._silent_since[transport] = self._now_s()
        return True

    def becomes(self, before: Guest, now: Guest) -> None:
        """The same connection, once both ends have agreed on TLS."""
        if (who := self._senders.pop(before, None)) is not None:
            self._forget_state(before)
            self._senders[now] = who
            self._silent_since[now] = self._now_s()

    def owes(self, transport: Guest) -> None:
        """A whole head came and its body did not yet, or an answer waits to be read."""
        if transport in self._senders:
            self._forget_state(transport)
            self._owing[transport] = _Debt(self._now_s())

    def moves(self, transport: Guest, count: int) -> None:
        """So many bytes of what it owes came, or were read."""
        if (debt := self._owing.get(transport)) is not None:
            debt.moved += count

    def speaks(self, transport: Guest) -> None:
        """A whole request came: this one is being answered."""
        if transport in self._senders:
            self._forget_state(transport)
            self._answered_since[transport] = self._now_s()

    def stays(self, transport: Guest) -> None:
        """It talks both ways from now on, and never makes room."""
        self._forget_state(transport)

    def falls_silent(self, transport: Guest) -> None:
        """Answered; it may ask again."""
        if transport in self._senders:
            self._forget_state(transport)
            self._silent_since[transport] = self._now_s()

    def leave(self, transport: Guest) -> None:
        """It is gone, or as good as gone."""
        self._forget_state(transport)
        who = self._senders.pop(transport, None)
        if who is not None:
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]

    def _forget_state(self, transport: Guest) -> None:
        self._silent_since.pop(transport, None)
        self._owing.pop(transport, None)
        self._answered_since.pop(transport, None)

    def _silent_one(self, who: str) -> Guest | None:
        """The connection of this sender that has been silent longest."""
        return next((transport for transport in self._silent_since if self._senders[transport] == who), None)

    def _one_to_drop(self) -> Guest | None:
        """The connection, of anybody, that is the least loss."""
        now_s = self._now_s()
        silent, since_s = next(iter(self._silent_since.items()), (None, now_s))
        if silent is not None and (now_s - since_s > JUST_CAME_S or not self._owing):
            return silent
        if self._owing:
            return min(self._owing, key=lambda transport: self._owing[transport].pace(now_s))
        longest = next(iter(self._answered_since.items()), None)
        return longest[0] if longest is not None and now_s - longest[1] > LONG_S else None

    def _drop(self, transport: Guest | None) -> bool:
        if transport is not None:
            self.leave(transport)
            transport.abort()
        return transport is not None


class Visitor(HttpToolsProtocol):
    """A connection: uvicorn's own, with a deadline and a size for the head of every request."""

    door: ClassVar[Entrance]
    face: ClassVar[Face]
    knock: Guest | None = None  # what this connection was at the door, before it agreed on TLS
    _head_deadline: asyncio.TimerHandle | None = None
    _reading_deadline: asyncio.TimerHandle | None = None
    _is_in_head = False
    _head_bytes = 0
    _open: tuple[RequestResponseCycle, ...] = ()  # requests that were not answered yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.knock is not None:
            self.door.becomes(self.knock, transport)
        if self.door.admit(transport, self.client[0] if self.client else ""):
            self._wait_for_head()
        else:
            self._hang_up(
                503, "Too many requests are being answered here. Wait a second and try again.", {"Retry-After": "1"}
            )

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for cycle in self._open:  # uvicorn tells only the last of them, and the one being answered writes into nothing
            cycle.disconnected = True
            cycle.message_event.set()
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
        if len(self.pipeline) >= MOST_BEHIND:  # the parser ends here, and reads nothing of what came with it
            raise ValueError("too many requests on one connection, none of which was answered")
        self._stop_waiting()
        self.door.owes(self.transport)
        super().on_headers_complete()
        self._open = (*(each for each in self._open if not each.response_complete), self.cycle)

    def on_body(self, body: bytes) -> None:
        self.door.moves(self.transport, len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.door.speaks(self.transport)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._rest()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.door.owes(self.transport)
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.door.speaks(self.transport)
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
        if (read := left - self.transport.get_write_buffer_size()) > 0:
            self.door.moves(self.transport, read)
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
    _has_shaken_hands = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.door.owes(transport)  # its first message

    def data_received(self, data: bytes) -> None:
        if self._has_shaken_hands:
            self.door.stays(self.transport)
        self._has_shaken_hands = True
        super().data_received(data)

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
