"""TLS at the door: a connection is counted from the moment it is accepted, and has as long to agree as a head has.

asyncio and uvloop tell nobody of a connection before its handshake is over, and wait for that a minute: a thousand
that begin none take a thousand files, and nothing at the door knows of them. So we accept them ourselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import cast

import structlog
import uvicorn

from nightlatch.web.face.door import Visitor

PAUSE_S = 0.2  # after an accept that failed: no file is left, or no memory

log = structlog.get_logger()


class SecureServer(uvicorn.Server):
    """uvicorn's server, over TLS."""

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext) -> None:
        super().__init__(config)
        self._context = context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept from these sockets. uvicorn closes what is in `servers` when it stops."""
        await super().startup(sockets=[])
        for each in sockets or []:
            self.servers.append(cast(asyncio.Server, Threshold(self, each, self._context)))

    def visitor(self) -> Visitor:
        """What will talk to a client."""
        made = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        if not isinstance(made, Visitor):
            raise TypeError("Only a face's own protocol stands at this door.")
        return made


class Knock:
    """A connection that was accepted and has yet to agree on TLS."""

    def __init__(self, accepted: socket.socket) -> None:
        self.accepted = accepted

    def abort(self) -> None:
        """Hang up; whoever shakes hands with it hears of it."""
        with contextlib.suppress(OSError):
            self.accepted.shutdown(socket.SHUT_RDWR)


class Threshold:
    """Accepts on one socket, shakes hands, and lets in; to uvicorn it is a server as asyncio makes them."""

    def __init__(self, server: SecureServer, listening: socket.socket, context: ssl.SSLContext) -> None:
        listening.setblocking(False)
        listening.listen(server.config.backlog)
        self.sockets = [listening]
        self._server, self._context = server, context
        self._accepting = asyncio.create_task(self._accept(listening))
        self._shaking: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Accept nobody more, and leave those who are still shaking hands."""
        self._accepting.cancel()
        for task in self._shaking:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until none is left."""
        await asyncio.gather(self._accepting, *self._shaking, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listening)
            except OSError as error:
                log.warning("door.full", error=error.strerror)
                await asyncio.sleep(PAUSE_S)
                continue
            task = loop.create_task(self._let_in(accepted, str(address[0])))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)

    async def _let_in(self, accepted: socket.socket, address: str) -> None:
        visitor, knock = self._server.visitor(), Knock(accepted)
        door, within_s = visitor.door, visitor.face.limits.head_s
        if not door.admit(knock, address):
            accepted.close()
            return
        visitor.knock = knock
        try:
            async with asyncio.timeout(within_s):
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: visitor,
                    accepted,
                    ssl=self._context,
                    ssl_handshake_timeout=within_s,
                    ssl_shutdown_timeout=within_s,
                )
        except (OSError, TimeoutError):  # no TLS, gone, or too slow
            pass
        finally:
            door.leave(knock)  # nothing is left of it once it has become a visitor
