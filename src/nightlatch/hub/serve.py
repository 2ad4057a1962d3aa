"""The serve process of a hub: `nightlatch hub --role serve`."""

from __future__ import annotations

import json
import os
import socket

import structlog
import uvicorn

from nightlatch.domain.time import Clock
from nightlatch.hub import tls
from nightlatch.hub.app import create_app
from nightlatch.hub.folder import write_durably
from nightlatch.hub.settings import HubSettings

log = structlog.get_logger()


def run(settings: HubSettings, clock: Clock) -> None:
    """Serve the page and the API until SIGTERM; says in `serve.json` where."""
    secure = not settings.is_loopback
    cert, key = tls.certificate(settings.data_dir, settings.host_names) if secure else (None, None)
    if cert is not None:
        log.info("tls.certificate", sha256=tls.fingerprint(cert))
    app = create_app(settings, clock, secure=secure)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            ssl_certfile=cert,
            ssl_keyfile=key,
        )
    )
    where = {"port": listening.getsockname()[1], "pid": os.getpid(), "scheme": "https" if secure else "http"}
    write_durably(settings.data_dir / "serve.json", json.dumps(where).encode())
    server.run(sockets=[listening])
