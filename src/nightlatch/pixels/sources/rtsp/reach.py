"""Finds a camera by its name and connects, without ever waiting: names are looked up by a thread that soon ends."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import Any

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.sources.rtsp import refusals

_MOST_PLACES = 4  # that one name stands for
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL})
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EISCONN, errno.EINTR})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to connect, as the system names it."""

    family: int
    address: Any  # as the family has it


class Reach:
    """One attempt to connect; `poll` it until it hands out the socket."""

    def __init__(self, host: str, port: int, timeout_us: int, now_us: int) -> None:
        self._host, self._port = host, port
        self._timeout_us, self._since_us = timeout_us, now_us
        self._socket: socket.socket | None = None
        self._places: list[_Place] | None = None
        self._found: list[_Place] | None = None
        self._share_us = timeout_us  # each place has its share of the time
        self._error = 0
        if _is_number(host):
            self._look_up()
        else:
            threading.Thread(target=self._look_up, name="look-up", daemon=True).start()

    def poll(self, now_us: int) -> socket.socket | None:
        """The connected socket, which does not block; None while it takes longer.

        Raises:
            SourceError: it cannot be reached.
        """
        if self._places is None:
            if self._found is None:
                if now_us - self._since_us > self._timeout_us:
                    raise _no_name()
                return None
            self._places = list(self._found)
            if not self._places:
                raise _no_name()
            self._share_us = self._timeout_us // len(self._places)
        while self._socket is not None or self._places:
            if self._socket is None:
                self._begin(self._places.pop(0), now_us)
            elif (connected := self._check(self._socket)) is not None:
                self._socket = None
                return connected
            elif self._socket is not None:
                if now_us - self._since_us <= self._share_us:
                    return None
                self._error = errno.ETIMEDOUT
                self.close()
        raise _explain(self._error)

    def close(self) -> None:
        """Give up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _look_up(self) -> None:
        try:
            told = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, ValueError):  # a label that is too long is no OSError
            told = []
        self._found = [_Place(each[0], each[4]) for each in told[:_MOST_PLACES]]

    def _begin(self, place: _Place, now_us: int) -> None:
        self._since_us = now_us
        try:
            made = socket.socket(place.family, socket.SOCK_STREAM)
        except OSError as error:
            self._error = error.errno or 0
            return
        made.setblocking(False)
        self._error = made.connect_ex(place.address)
        if self._error in _UNDER_WAY:
            self._socket = made
        else:
            made.close()

    def _check(self, made: socket.socket) -> socket.socket | None:
        """The socket when it is connected; lets go of it when that failed."""
        error = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._error = error
            self.close()
            return None
        try:
            made.getpeername()
        except OSError:
            return None
        return made


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _no_name() -> SourceError:
    text = "No camera has this name. Check the spelling, or use its IP address (like 192.168.1.20)."
    return SourceError(Reason.NO_ROUTE, text)


def _explain(error: int) -> SourceError:
    if error == errno.ECONNREFUSED:
        text = "Nothing listens at this address and port. Check the port, and that RTSP is switched on."
        return SourceError(Reason.REFUSED, text)
    if error in (errno.ETIMEDOUT, errno.EAGAIN):
        return refusals.no_answer()
    if error in _UNREACHABLE:
        text = "This address cannot be reached. Check that it is right, and the network cable."
        return SourceError(Reason.NO_ROUTE, text)
    return refusals.hung_up()
