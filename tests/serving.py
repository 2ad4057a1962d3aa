"""An ASGI application on a real port, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fastapi import FastAPI

from nightlatch.web.face import Face
from nightlatch.web.serving import listen, server_of


@contextmanager
def served(app: FastAPI, cert: Path | None = None, key: Path | None = None) -> Iterator[str]:
    """The application's base URL while it runs; over TLS with a certificate."""
    if not hasattr(app.state, "face"):  # a stand-in of a test, with no face of its own
        app.state.face = Face("this test")
    server, listening = server_of(app, cert, key), listen("127.0.0.1", 0, "The test", None)
    port = listening.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.02)
    try:
        yield f"{'http' if cert is None else 'https'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shown(folder: Path) -> Iterator[str]:
    """The address of a web server that shows this folder and knows nothing."""
    folder.mkdir(exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
