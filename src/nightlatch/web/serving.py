"""How every program serves: an address that is free or a sentence that says why not, and a file that says where."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError

GRACE_S = 3


def listen(host: str, port: int, who: str, section: str) -> socket.socket:
    """A listening socket; port 0 means any free one.

    Raises:
        ConfigError: an address that is taken or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        where = f"{host} port {port}"
        raise ConfigError(f"{who} cannot listen on {where}: {error.strerror}. Set [{section}] host or port.") from None


def serve(
    app: FastAPI,
    listening: socket.socket,
    folder: Path,
    *,
    most_at_once: int | None = None,
    cert: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until SIGTERM, over TLS with a certificate; `serve.json` in `folder` says where."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=most_at_once,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    scheme = "https" if cert is not None else "http"
    told = {"port": listening.getsockname()[1], "pid": os.getpid(), "scheme": scheme}
    write_durably(folder / "serve.json", json.dumps(told).encode())
    uvicorn.Server(config).run(sockets=[listening])
