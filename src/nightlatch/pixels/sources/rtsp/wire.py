"""Cuts what a camera sends into interleaved frames (RFC 2326, 10.12) and messages, however the bytes come in.

Memory stays bounded whatever comes: a header by 64 KiB, a body by 1 MiB, a frame by its own format. Junk between
frames, which cameras send when their own buffers overflow, is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nightlatch.pixels.sources.rtsp import refusals, sdp

LONGEST_HEADER = 64 * 1024
LONGEST_JUNK = 256 * 1024  # between two frames; a camera that loses the thread for longer is left and asked anew
_LONGEST_LINE = 4096
_DOLLAR = 0x24
_END = re.compile(rb"\r?\n\r?\n")
_FIRST = re.compile(rb"RTSP/|[A-Z_]{3,20} ")
_HALF = re.compile(rb"[A-Z_]{3,20}")


@dataclass(frozen=True, slots=True)
class Message:
    """An answer or a request; names of headers are in small letters, and one may come several times."""

    first: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first of this name; empty where there is none."""
        return next((value for each, value in self.headers if each == name), "")

    def all(self, name: str) -> list[str]:
        """All of this name."""
        return [value for each, value in self.headers if each == name]


class Wire:
    """The camera's side of one connection. `meet` gets each message in its place between the frames."""

    def __init__(self, meet: Callable[[Message], None]) -> None:
        self._meet = meet
        self._buffer = b""
        self._junk = 0
        self._is_lost = False  # in the middle of junk
        self.channels: set[int] = set()  # those that were set up; without one, junk is no RTSP at all

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[bytes]:
        """Interleaved frames in this piece of the stream, each with its four bytes of head.

        Raises:
            SourceError: what comes cannot be read; or as `meet` raises.
        """
        buffer = self._buffer + data if self._buffer else data
        frames: list[bytes] = []
        at, end = 0, len(buffer)
        while at + 4 <= end:
            if self._is_lost:
                at = self._find(buffer, at)
                if self._is_lost:
                    break
            elif buffer[at] == _DOLLAR and buffer[at + 1] in self.channels:
                last = at + 4 + (buffer[at + 2] << 8 | buffer[at + 3])
                if last > end:
                    break
                frames.append(buffer[at:last])
                at = last
            elif buffer[at] in b"\r\n":
                at += 1
            else:
                size = self._message(buffer, at)
                if not self._is_lost and size == 0:
                    break
                at += size
        self._buffer = buffer[at:]
        return frames

    def _message(self, buffer: bytes, at: int) -> int:
        """Read one message at `at`; its size, 0 when more must come, or 1 when it is none and the thread is lost."""
        if _FIRST.match(buffer, at) is None:
            half = _HALF.match(buffer, at)
            return 0 if half is not None and half.end() == len(buffer) else self._lose()
        line = buffer.find(b"\n", at, at + _LONGEST_LINE)
        if line < 0:
            return self._lose() if len(buffer) - at >= _LONGEST_LINE else 0
        if b"RTSP/" not in buffer[at:line]:
            return self._lose()
        found = _END.search(buffer, at, at + LONGEST_HEADER)
        if found is None:
            return self._lose() if len(buffer) - at >= LONGEST_HEADER else 0
        message = _read_head(buffer[at : found.start()])
        size = _size(message.header("content-length"))
        if size > sdp.LARGEST:
            raise refusals.unreadable()
        if found.end() + size > len(buffer):
            return 0
        self._meet(Message(message.first, message.headers, buffer[found.end() : found.end() + size]))
        return found.end() + size - at

    def _lose(self) -> int:
        if not self.channels:
            raise refusals.unreadable()
        self._is_lost = True
        return 1

    def _find(self, buffer: bytes, at: int) -> int:
        """Pass over junk: to the next frame on a channel of ours that holds RTP, or the next answer."""
        start, last = at, len(buffer) - 5
        while at <= last:
            dollar, answer = buffer.find(b"$", at), buffer.find(b"RTSP/", at)
            at = min(each if each >= 0 else last + 1 for each in (dollar, answer))
            if at > last:
                at = last + 1
                break
            if at == answer or (buffer[at + 1] in self.channels and buffer[at + 4] >> 6 == 2):
                self._is_lost = False
                break
            at += 1
        self._junk = self._junk + at - start if self._is_lost else 0
        if self._junk > LONGEST_JUNK:
            raise refusals.lost_track()
        return at


def _read_head(head: bytes) -> Message:
    """The first line and the headers, with folded lines (RFC 2616, 4.2) put together."""
    first, *lines = re.split(r"\r?\n", head.decode("utf-8", "replace"))
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
        elif colon:
            headers.append((name.strip().lower(), value.strip()))
    return Message(first.strip(), headers, b"")


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
