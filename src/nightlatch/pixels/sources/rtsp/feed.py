"""A camera over RTSP and TCP, received by ourselves: a `Feed` that is asked once a tick and never waits.

Asking on a clock, and not whenever a packet is ready, is what makes it cheap: one `recv` a tick brings everything. Of
1080p at 15 pictures a second (2 Mbit/s, 186 packets a second) a second costs 0.3 ms CPU at ticks of 100 ms.
"""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from nightlatch.errors import SourceError
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.sources.address import Address
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.rtsp import refusals
from nightlatch.pixels.sources.rtsp.login import Login
from nightlatch.pixels.sources.rtsp.protocol import Conversation
from nightlatch.pixels.sources.rtsp.reach import Reach
from nightlatch.pixels.sources.rtsp.tracks import Tracks

RECEIVE = 64 * 1024  # bytes asked of the system at once: a tick of 1080p is 25 KB
MOST_A_POLL = 1024 * 1024  # bytes, so that one camera cannot hold up the others: 80 Mbit/s at ten polls a second
FRAME_COST = 300  # bytes that each packet counts beside its own: the smallest take 2 µs, 120 ms a poll otherwise
MOST_MOVES = 3
_MOST_UNSENT = 256 * 1024
_BYE_US = 1_000_000  # how long after its good-bye a camera may still change its mind
_REPORT_US = 5_000_000  # RFC 3550, 6.2: the least interval for reports
_PLAIN = "%/:@!$&'()*+,;=~?[]"


class RtspFeed:
    """One camera from its address to raw packets; `poll` says what fails. All calls come from one thread."""

    is_live = True
    receiver: Receiver = "nightlatch"

    def __init__(self, address: Address, timeout_s: float = 10.0) -> None:
        self._timeout_us = int(timeout_s * 1_000_000)
        self._target = _Target(address.opens)
        self._login = self._target.login()
        self._url, self._host, self._port = self._target.url, address.host or "", address.port
        self._moves = 0
        self._is_retried = False
        self._error: SourceError | None = None
        self._reach: Reach | None = None
        self._socket: socket.socket | None = None
        self._talk: Conversation | None = None
        self._tracks = Tracks()
        self._unsent = b""
        self._heard_us = 0
        self._reported_us = 0
        self._bye_us: int | None = None

    def __repr__(self) -> str:
        return "RtspFeed(…)"

    @property
    def audio(self) -> AudioStream | None:
        """The sound that was announced and can be kept, as it is described by now."""
        return self._tracks.audio

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each track that is not recorded."""
        return self._tracks.left_out

    @property
    def lost(self) -> int:
        """Packets that the camera sent and that did not arrive."""
        return self._tracks.lost

    def poll(self, now_us: int) -> list[Raw]:
        """What has come since the last call, in order.

        Raises:
            SourceError: it cannot be had, or has ended. `TakeOver`: FFmpeg may fare better.
        """
        if self._error is not None:
            raise self._error
        raws: list[Raw] = []
        try:
            self._step(now_us, raws)
        except SourceError as error:
            self._tracks.finish(raws)
            self.close()
            self._error = error  # whatever came before is handed out first
            if not raws:
                raise
        return raws

    def close(self) -> None:
        """Take leave of the camera, without waiting for its answer."""
        if self._error is None:
            self._error = refusals.hung_up()
        if self._reach is not None:
            self._reach.close()
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            if self._talk is not None and (leave := self._talk.end()):
                self._socket.send(self._unsent + leave)
        self._socket.close()
        self._socket = None

    def _step(self, now_us: int, raws: list[Raw]) -> None:
        talk, connected = self._talk, self._socket
        if talk is None or connected is None:
            if self._reach is None:
                self._reach = Reach(self._host, self._port, self._timeout_us, now_us)
            connected = self._reach.poll(now_us)
            if connected is None:
                return
            self._socket, self._reach, self._heard_us = connected, None, now_us
            self._talk = talk = Conversation(self._url, self._login, self._tracks, self._timeout_us, now_us)
        else:
            self._receive(connected, talk, now_us, raws)
        if talk.moved is not None:
            self._move(talk.moved)
            return
        if self._talk is talk:
            talk.tick(now_us)
            self._watch(talk, now_us)
            self._send(connected, talk)

    def _receive(self, connected: socket.socket, talk: Conversation, now_us: int, raws: list[Raw]) -> None:
        left = MOST_A_POLL
        take = self._tracks.take
        while left > 0:
            try:
                data = connected.recv(RECEIVE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                raise refusals.hung_up() from None
            if not data:
                self._meet_end(talk)
                return
            frames = talk.receive(data, now_us)
            for frame in frames:
                take(frame, now_us, raws)
            if frames or not talk.is_playing:  # an answer to a keep-alive is no sign of pictures
                self._heard_us = now_us
            if len(data) < RECEIVE or talk.moved is not None:
                return
            left -= len(data) + FRAME_COST * len(frames)

    def _meet_end(self, talk: Conversation) -> None:
        """The camera hung up."""
        if talk.is_playing:
            raise refusals.ended()
        if self._login.is_challenged and not talk.is_set_up and not self._is_retried:
            self._is_retried = True  # some cameras hang up with the challenge: come back with the answer
            self._login.begin_anew()
            self._leave()
            return
        raise refusals.hung_up()

    def _watch(self, talk: Conversation, now_us: int) -> None:
        """Report to the camera; notice that it has said good-bye, or fell silent.

        Raises:
            SourceError: that is so.
        """
        if not talk.is_playing:
            return
        if now_us - self._reported_us >= _REPORT_US:
            self._reported_us = now_us
            self._unsent += self._tracks.answer()
        if self._tracks.has_left:
            self._bye_us = now_us if self._bye_us is None else self._bye_us
            if now_us - self._bye_us > _BYE_US:
                raise refusals.ended()
        else:
            self._bye_us = None
        if now_us - self._heard_us > self._timeout_us:
            raise refusals.stalled(self._tracks.has_begun)

    def _send(self, connected: socket.socket, talk: Conversation) -> None:
        self._unsent += talk.take()
        if not self._unsent:
            return
        try:
            self._unsent = self._unsent[connected.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            if len(self._unsent) > _MOST_UNSENT:
                raise refusals.lost_track() from None
        except OSError:
            raise refusals.hung_up() from None

    def _leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._talk, self._tracks, self._unsent, self._bye_us = None, Tracks(), b"", None

    def _move(self, url: str) -> None:
        """Follow a redirect. The password goes on to the same host only."""
        self._moves += 1
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            raise refusals.sent_away() from None
        if not host or self._moves > MOST_MOVES:
            raise refusals.sent_away()
        self._leave()
        self._login = self._target.login() if host == self._target.host else Login(None, "")
        self._url, self._host, self._port = url, host, port or 554


class _Target:
    """The address apart from its name and password, which never show."""

    def __init__(self, opens: str) -> None:
        parts = urlsplit(opens)
        self.host = parts.hostname or ""
        self._user = unquote(parts.username) if parts.username is not None else None
        self._password = unquote(parts.password or "")
        place = parts.netloc.rpartition("@")[2]
        path, query = quote(parts.path, safe=_PLAIN), quote(parts.query, safe=_PLAIN)
        self.url = urlunsplit((parts.scheme, place, path, query, ""))

    def __repr__(self) -> str:
        return "_Target(…)"

    def login(self) -> Login:
        """For a new connection to this host."""
        return Login(self._user, self._password)
