"""How every program serves: an address that is free or a sentence that says why not, and a file that says where."""

from __future__ import annotations

import json
import os
import resource
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError
from nightlatch.web.face.door import protocols
from nightlatch.web.face.guard import face_of
from nightlatch.web.face.tls import SecureServer

GRACE_S = 3
MOST_FILES = 4096  # a process may open; many systems begin with 1,024, and a face alone takes 500 connections
BELIEVED_PROXY = "127.0.0.1"  # X-Forwarded-For is believed from a reverse proxy on this machine only

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beside:
    """A second face of a program: a thread, an event loop, a pool of threads and limits of its own."""

    app: FastAPI
    listening: socket.socket


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


def server_of(app: FastAPI, cert: Path | None = None, key: Path | None = None) -> uvicorn.Server:
    """uvicorn's server for an application that wears a face: its limits on connections are that face's."""
    face = face_of(app)
    http, websockets = protocols(face)
    config = uvicorn.Config(
        app,
        http=http,
        ws=websockets,
        ws_max_size=face.limits.longest_message,
        ws_per_message_deflate=False,  # JPEGs do not shrink: trying took a quarter of the keeper's processor time
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=BELIEVED_PROXY,
        timeout_graceful_shutdown=GRACE_S,
    )
    if cert is None:
        return uvicorn.Server(config)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return SecureServer(config, context)


def serve(
    app: FastAPI,
    listening: socket.socket,
    folder: Path | None,
    *,
    cert: Path | None = None,
    key: Path | None = None,
    beside: Sequence[Beside] = (),
) -> None:
    """Serve until SIGTERM, over TLS with a certificate; `serve.json` in `folder`, if there is one, says where.

    A face `beside` goes on answering whatever the first one is busy with. When it ends, all end, to be started again.
    """
    allow_files()
    server = server_of(app, cert, key)
    if folder is not None:
        scheme = "https" if cert is not None else "http"
        others = [each.listening.getsockname()[1] for each in beside]
        told = {"port": listening.getsockname()[1], "pid": os.getpid(), "scheme": scheme, "beside": others}
        write_durably(folder / "serve.json", json.dumps(told).encode())
    with _served_beside(beside, server):
        server.run(sockets=[listening])


def allow_files() -> None:
    """Have this process open as many files as it may, up to `MOST_FILES`: a connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def _served_beside(beside: Sequence[Beside], first: uvicorn.Server) -> Iterator[None]:
    servers = [server_of(each.app) for each in beside]

    def run(server: uvicorn.Server, listening: socket.socket) -> None:
        try:
            server.run(sockets=[listening])
        except (Exception, SystemExit):  # whatever it is, the program must not go on without this face
            log.exception("face.failed")
        first.should_exit = True

    threads = [
        threading.Thread(target=run, args=(server, each.listening), name="beside")
        for server, each in zip(servers, beside, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        for thread in threads:
            thread.join(GRACE_S + 2)
