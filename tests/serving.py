"""An ASGI application on a real port, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from nightlatch.web.face import Face
from nightlatch.web.serving import configured


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application's base URL while it runs."""
    if not hasattr(app.state, "face"):  # a stand-in of a test, with no face of its own
        app.state.face = Face("this test")
    server = uvicorn.Server(configured(app))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
