"""Serve's end of the wire: hears every watch process, and tells all of them things."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from nightlatch.hub.wire.notices import LONGEST, Hello, Notice, decode, frame

MOST_UNREAD = 16 * 1024 * 1024  # bytes that a watch process may leave unread before it is cut off


class NoticeServer:
    """One Unix socket, readable by this account only."""

    def __init__(self, path: Path, heard: Callable[[Notice], None], left: Callable[[Hello], None]) -> None:
        """`heard` gets every notice, Hello first; `left` the Hello of a watch process that is gone."""
        self._path = path
        self._heard = heard
        self._left = left
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._talk, self._path)
        self._path.chmod(0o600)
        self._loop = asyncio.get_running_loop()

    def tell(self, notice: Notice) -> None:
        """Send to every watch process, from any thread; never waits."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._write, frame(notice))

    def later(self, act: Callable[[], None]) -> None:
        """Have `act` run in the event loop, from any thread; nothing while the server is not started."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(act)

    def _write(self, framed: bytes) -> None:
        for writer in list(self._writers):
            if writer.transport.get_write_buffer_size() > MOST_UNREAD:
                writer.transport.abort()  # it hangs; it joins again when it comes back
            else:
                writer.write(framed)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        self._loop = None
        self._path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello: Hello | None = None
        self._writers.add(writer)
        try:
            while (length := int.from_bytes(await reader.readexactly(4), "big")) <= LONGEST:
                body = await reader.readexactly(length)
                with contextlib.suppress(msgspec.DecodeError):  # of another version: the rest still counts
                    notice = decode(body)
                    hello = notice if isinstance(notice, Hello) else hello
                    self._heard(notice)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            if hello is not None:
                self._left(hello)
