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
from nightlatch.web.face.door import protocols
from nightlatch.web.face.guard import face_of

GRACE_S = 3
BELIEVED_PROXY = "127.0.0.1"  # X-Forwarded-For is believed from a reverse proxy on this machine only


def listen(host: str, port: int, who: str, section: str | None) -> socket.socket:
    """A listening socket; port 0 means any free one. `section` is where its address is set, unless on the command line.

    Raises:
        ConfigError: an address that is taken or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        remedy = f"Set [{section}] host or port." if section is not None else "Give another --host or --port."
        raise ConfigError(f"{who} cannot listen on {host} port {port}: {error.strerror}. {remedy}") from None


def configured(
    app: FastAPI, *, host: str = "127.0.0.1", port: int = 0, cert: Path | None = None, key: Path | None = None
) -> uvicorn.Config:
    """uvicorn's settings for an application that wears a face: its limits on connections are that face's."""
    face = face_of(app)
    http, websockets = protocols(face)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=http,
        ws=websockets,
        ws_max_size=face.limits.longest_message,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=BELIEVED_PROXY,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )


def serve(
    app: FastAPI,
    listening: socket.socket,
    folder: Path | None,
    *,
    cert: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until SIGTERM, over TLS with a certificate; `serve.json` in `folder`, if there is one, says where."""
    config = configured(app, cert=cert, key=key)
    if folder is not None:
        scheme = "https" if cert is not None else "http"
        told = {"port": listening.getsockname()[1], "pid": os.getpid(), "scheme": scheme}
        write_durably(folder / "serve.json", json.dumps(told).encode())
    uvicorn.Server(config).run(sockets=[listening])
