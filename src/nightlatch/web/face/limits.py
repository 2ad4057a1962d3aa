"""How much, how long and how many: what a face takes from anybody before it knows who asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nightlatch.web.sizes import KIB, MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """The defaults suit every program; smaller ones make a test short.

    Per address means per connection's other end. A reverse proxy is one address: run it on this machine, where
    `on_loopback` holds and its X-Forwarded-For is believed (nobody else's is), so that `per_address` bounds the
    requests of each client behind it.
    """

    head_s: float = 10.0  # from the connection, or the last answer, to the last byte of a request's head
    body_s: float = 30.0  # from there to the last byte of its body
    unread_s: float = 30.0  # that an answer may wait for its reader to take any of it
    longest_head: int = 32 * KIB
    longest_body: int = 64 * KIB
    longest_message: int = 64 * KIB  # that a browser sends over a WebSocket
    per_address: int = 64  # a browser opens 6, and one more for server-sent events
    on_loopback: int = 256
    at_once: int = 500  # open connections; a process may have 1,024 files by default


@dataclass(frozen=True, slots=True)
class Upload:
    """Requests that may bring more than others, and take longer to."""

    method: str
    path: re.Pattern[str]  # matched from the first character; end it with \\Z
    longest_body: int
    body_s: float

    def fits(self, method: str, path: str) -> bool:
        return method == self.method and self.path.match(path) is not None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one request may bring, in bytes, and how long it may take."""

    longest_body: int
    body_s: float


def allowance(limits: Limits, uploads: Iterable[Upload], method: str, path: str) -> Allowance:
    """What a request to `path` may bring."""
    for upload in uploads:
        if upload.fits(method, path):
            return Allowance(upload.longest_body, upload.body_s)
    return Allowance(limits.longest_body, limits.body_s)


def size(count: int) -> str:
    """Bytes as a person reads them: 64 KiB, 43.4 MiB."""
    unit, name = (MIB, "MiB") if count >= MIB else (KIB, "KiB")
    return f"{round(count / unit, 1):g} {name}"
