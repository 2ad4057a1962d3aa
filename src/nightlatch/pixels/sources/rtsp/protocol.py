"""RTSP 1.0 (RFC 2326) over one TCP connection, as values: bytes in, bytes out, no socket and no clock.

A `Conversation` asks OPTIONS, DESCRIBE, SETUP for each chosen track (interleaved, 10.12), PLAY, and keeps the session
alive. One request waits for its answer at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urljoin

from nightlatch.errors import SourceError
from nightlatch.pixels.sources.rtsp import refusals, sdp
from nightlatch.pixels.sources.rtsp.login import Login
from nightlatch.pixels.sources.rtsp.sdp import Description, TrackOffer
from nightlatch.pixels.sources.rtsp.wire import Message, Wire

MOST_ANSWERS = 64 * 1024  # bytes that wait to be sent; a camera that asks without end is left
LONGEST_ALIVE_US = 30_000_000
_USUAL_TIMEOUT_S = 60  # RFC 2326, 12.37
_MOST_TRIES = 6  # of one request, each with another answer to a challenge
_AGENT = "Nightlatch"

_FIRST_ANSWER = re.compile(r"RTSP/[0-9.]+ +([0-9]{3})(?: .*)?")
_FIRST_REQUEST = re.compile(r"([A-Z_]{3,20}) +(\S+) +RTSP/[0-9.]+")
_INTERLEAVED = re.compile(r"interleaved\s*=\s*([0-9]{1,3})(?:\s*-\s*([0-9]{1,3}))?", re.IGNORECASE)
_TIMEOUT = re.compile(r"timeout\s*=\s*([0-9]{1,6})", re.IGNORECASE)
_ANSWERED = frozenset({"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class _Request:
    """What waits for its answer; one at a time."""

    method: str
    url: str = field(repr=False)
    headers: tuple[str, ...]
    number: int
    sent_us: int
    is_proof: bool  # it carried an answer to a challenge
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Channel:
    """A track that was set up: its RTP comes on this channel, its RTCP on the other."""

    offer: TrackOffer
    rtp: int
    rtcp: int


class Guest(Protocol):
    """Who wants the tracks."""

    def choose(self, description: Description) -> Sequence[TrackOffer]:
        """Those that are wanted, in order; the first is a must.

        Raises:
            SourceError: there is none.
        """
        ...

    def open(self, channel: Channel) -> None:
        """A track was set up."""
        ...

    def refuse(self, offer: TrackOffer) -> None:
        """The camera does not send a track that is no must."""
        ...


class Conversation:
    """One connection from OPTIONS to TEARDOWN."""

    def __init__(self, url: str, login: Login, guest: Guest, timeout_us: int, now_us: int) -> None:
        self._url, self._login, self._guest, self._timeout_us = url, login, guest, timeout_us
        self._now_us = now_us
        self._wire = Wire(self._meet)
        self._outgoing = bytearray()
        self._number = self._given_up = 0
        self._pending: _Request | None = None
        self._wanted: list[TrackOffer] = []
        self._session: str | None = None
        self._play_url = url
        self._alive_us = _USUAL_TIMEOUT_S * 1_000_000 // 3
        self._asked_us = now_us
        self._has_parameters = False
        self._channels: list[Channel] = []
        self._set_ups = 0
        self.is_playing = False
        self.is_ended = False
        self.moved: str | None = None  # where the camera sent us; this conversation is over then
        self._ask("OPTIONS", url)

    def __repr__(self) -> str:
        return f"Conversation(is_playing={self.is_playing})"

    @property
    def is_set_up(self) -> bool:
        """Whether the camera has begun a session for us."""
        return bool(self._channels)

    @property
    def held(self) -> int:
        """Bytes that wait for more, in either direction."""
        return self._wire.held + len(self._outgoing)

    def take(self) -> bytes:
        """What is to be sent now."""
        if not self._outgoing:
            return b""
        sent = bytes(self._outgoing)
        self._outgoing.clear()
        return sent

    def receive(self, data: bytes, now_us: int) -> list[bytes]:
        """Interleaved frames in this piece of the stream, each with its four bytes of head.

        Raises:
            SourceError: the camera refuses, or what it sends cannot be read.
        """
        self._now_us = now_us
        return self._wire.receive(data)

    def tick(self, now_us: int) -> None:
        """Keep the session alive, and notice an answer that does not come.

        Raises:
            SourceError: it did not come in time.
        """
        self._now_us = now_us
        pending = self._pending
        if pending is not None and now_us - pending.sent_us > self._timeout_us:
            if not self.is_playing:
                raise refusals.no_answer()
            self._pending, self._given_up = None, pending.number  # pictures come all the same
            pending = None
        if self.is_playing and pending is None and now_us - self._asked_us >= self._alive_us:
            self._ask("GET_PARAMETER" if self._has_parameters else "OPTIONS", self._play_url)

    def end(self) -> bytes:
        """What takes leave of the camera; empty where there is no session."""
        self._outgoing.clear()
        if self._session is not None and not self.is_ended:
            self._pending = None
            self._ask("TEARDOWN", self._play_url)
        self.is_ended = True
        return self.take()

    def _ask(self, method: str, url: str, *headers: str) -> None:
        self._number += 1
        self._pending = request = _Request(method, url, headers, self._number, self._now_us, False)
        self._send(request)

    def _send(self, request: _Request) -> None:
        lines = [f"{request.method} {request.url} RTSP/1.0", f"CSeq: {request.number}", f"User-Agent: {_AGENT}"]
        proof = self._login.header(request.method, request.url)
        request.is_proof = proof is not None
        if proof is not None:
            lines.append(f"Authorization: {proof}")
        if self._session is not None:
            lines.append(f"Session: {self._session}")
        lines += request.headers
        self._asked_us = request.sent_us
        self._outgoing += ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _oblige(self, method: str, message: Message) -> None:
        """Answer a request of the camera's."""
        number = message.header("cseq")
        number = number if number.isascii() and number.isdigit() and len(number) < 12 else "0"
        status = "200 OK" if method in _ANSWERED else "501 Not Implemented"
        more = "Public: OPTIONS, GET_PARAMETER, SET_PARAMETER\r\n" if method == "OPTIONS" else ""
        self._outgoing += f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}\r\n".encode()
        if len(self._outgoing) > MOST_ANSWERS:
            raise refusals.lost_track()

    def _meet(self, message: Message) -> None:
        found = _FIRST_ANSWER.fullmatch(message.first)
        if found is not None:
            self._meet_answer(int(found[1]), message)
        elif (asked := _FIRST_REQUEST.fullmatch(message.first)) is not None:
            self._oblige(asked[1], message)

    def _meet_answer(self, status: int, answer: Message) -> None:
        request = self._pending
        if request is None or status < 200 or self._is_late(answer):
            return
        self._pending = None
        if self.is_playing:
            self._meet_alive(request, status, answer)
        elif status == 401:
            self._login.meet(answer.all("www-authenticate"), request.is_proof)
            self._repeat(request)
        elif status in _REDIRECTS and request.method in ("OPTIONS", "DESCRIBE"):
            self._move(request, answer)
        else:
            if request.is_proof and status < 300:
                self._login.accept()
            self._go_on(request, status, answer)

    def _go_on(self, request: _Request, status: int, answer: Message) -> None:
        """Ask for what comes next."""
        if request.method == "OPTIONS":  # whatever it says: some cameras do not know it
            self._learn(status, answer)
            self._ask("DESCRIBE", self._url, "Accept: application/sdp")
        elif request.method == "SETUP":
            self._meet_setup(status, answer)
        elif status >= 300:
            raise refusals.refusal(status)
        elif request.method == "DESCRIBE":
            self._meet_description(answer)
        elif request.method == "PLAY":
            self.is_playing = True

    def _is_late(self, answer: Message) -> bool:
        """Whether it answers a request that was given up; any other number means the one that waits."""
        number = answer.header("cseq")
        return number.isascii() and number.isdigit() and len(number) < 10 and 0 < int(number) <= self._given_up

    def _repeat(self, request: _Request) -> None:
        """Ask again with the answer to a challenge."""
        if request.tries >= _MOST_TRIES:
            raise refusals.wrong_password()
        self._number += 1
        request.number, request.sent_us, request.tries = self._number, self._now_us, request.tries + 1
        self._pending = request
        self._send(request)

    def _meet_alive(self, request: _Request, status: int, answer: Message) -> None:
        """A keep-alive was answered, and the answer does not matter, unless the password must be proved anew."""
        if status == 401:
            try:
                self._login.meet(answer.all("www-authenticate"), request.is_proof)
                self._repeat(request)
            except SourceError:
                self._pending = None  # pictures come, so the password was right
        elif request.method == "OPTIONS":
            self._learn(status, answer)
        elif status in (405, 501, 551):
            self._has_parameters = False
        if request.is_proof and status < 300:
            self._login.accept()

    def _learn(self, status: int, answer: Message) -> None:
        offered = ",".join(answer.all("public")).upper()
        if status < 300 and offered:
            self._has_parameters = "GET_PARAMETER" in re.split(r"[\s,]+", offered)

    def _move(self, request: _Request, answer: Message) -> None:
        target = answer.header("location")
        try:
            target = sdp.without_login(urljoin(request.url, target)) if target else ""
        except ValueError:
            target = ""
        is_plain = all(32 < ord(each) < 127 for each in target) and len(target) < 2048
        if not target.lower().startswith("rtsp://") or not is_plain:
            raise refusals.sent_away()
        self.moved = target

    def _meet_description(self, answer: Message) -> None:
        base = self._url
        for name in ("content-base", "content-location"):
            told = answer.header(name)
            if told:
                base = sdp.resolve(self._url, told)
                break
        description = sdp.parse_sdp(answer.body.decode("utf-8", "replace"), base)
        self._play_url = description.url
        self._wanted = list(self._guest.choose(description))
        self._set_up()

    def _set_up(self) -> None:
        """Ask for the next track, or to play when there is none left."""
        if self._wanted:
            first = 2 * self._set_ups
            transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={first}-{first + 1}"
            self._ask("SETUP", self._wanted[0].url, transport)
        else:
            self._ask("PLAY", self._play_url, "Range: npt=0.000-")

    def _meet_setup(self, status: int, answer: Message) -> None:
        offer = self._wanted.pop(0)
        if status < 300:
            self._learn_session(answer)
            channel = self._channel(offer, answer.header("transport"))
            self._channels.append(channel)
            self._wire.channels |= {channel.rtp, channel.rtcp}
            self._guest.open(channel)
        elif not self._channels:
            raise refusals.refusal(status)
        else:
            self._guest.refuse(offer)
        self._set_ups += 1
        self._set_up()

    def _learn_session(self, answer: Message) -> None:
        told = answer.header("session")
        name = told.split(";")[0].strip()
        if name and all(32 < ord(each) < 127 for each in name) and len(name) < 256:
            self._session = name
        if (found := _TIMEOUT.search(told)) is not None:
            self._alive_us = min(max(1_000_000, int(found[1]) * 1_000_000 // 3), LONGEST_ALIVE_US)

    def _channel(self, offer: TrackOffer, transport: str) -> Channel:
        """The channels that the camera chose, whatever was asked for; what was asked for if it says nothing."""
        first = 2 * self._set_ups
        found = _INTERLEAVED.search(transport)
        if found is None:
            if transport and "TCP" not in transport.upper():
                raise refusals.TransportRefused()
            return Channel(offer, first, first + 1)
        rtp = int(found[1])
        rtcp = int(found[2]) if found[2] is not None else rtp + 1
        if rtp > 255 or rtcp > 255 or any(rtp in (each.rtp, each.rtcp) for each in self._channels):
            raise refusals.unreadable()
        return Channel(offer, rtp, rtcp)
