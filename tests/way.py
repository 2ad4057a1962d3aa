"""The way to a program, in the hands of a test: open, answering 503, hanging, cut while asking, or without answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

How = Literal["open", "busy", "hanging", "cut", "deaf"]
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Way:
    """Passes on connections to a port of this machine, as long as it is open."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.is_: How = "open"
        self.held: list[socket.socket] = []  # connections that hang
        self.cut_after = 0  # bytes of a request, while it is cut; deaf, it is cut when the answer comes
        self.on_cut: Callable[[], object] = lambda: None  # called once
        self.refused = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()
        self.let_go()

    def let_go(self) -> None:
        """End what hangs."""
        while self.held:
            self.held.pop().close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._door.accept()
                threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        if self.is_ == "hanging":
            self.held.append(near)
            return
        with near, contextlib.suppress(OSError):
            if self.is_ == "busy":
                near.recv(65536)
                self.refused += 1
                near.sendall(BUSY)
                return
            with socket.create_connection(("127.0.0.1", self.to), 5) as far:
                far.settimeout(None)
                threading.Thread(target=self._pour, args=(far, near, False), daemon=True).start()
                self._pour(near, far, True)

    def _pour(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while some := source.recv(4096):
                count += len(some)
                is_cut = self.is_ == "cut" and count > self.cut_after if is_request else self.is_ == "deaf"
                if is_cut:
                    on_cut, self.on_cut = self.on_cut, lambda: None
                    on_cut()
                    break
                sink.sendall(some)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def way(port: int) -> Iterator[Way]:
    """A way that is closed whatever happens."""
    made = Way(port)
    try:
        yield made
    finally:
        made.close()
