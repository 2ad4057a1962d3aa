"""Runs the mailbox."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import uvicorn

from nightlatch.cloud.app import create_app
from nightlatch.cloud.settings import CloudSettings
from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError

MIGRATIONS = Path(__file__).with_name("migrations")
MOST_AT_ONCE = 1000


def run(settings: CloudSettings, clock: Clock) -> None:
    """Serve until SIGTERM; says in `serve.json` where, since port 0 means any free one.

    Raises:
        ConfigError: an address that is taken or not of this machine, or a database that cannot be used.
    """
    app = create_app(settings, clock, MIGRATIONS)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        where = f"{settings.host} port {settings.port}"
        raise ConfigError(
            f"The mailbox cannot listen on {where}: {error.strerror}. Set [cloud] host or port."
        ) from None
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=3,
        )
    )
    told = settings.data_dir / "serve.json"
    draft = told.with_suffix(".new")
    draft.write_text(json.dumps({"port": listening.getsockname()[1], "pid": os.getpid(), "scheme": "http"}))
    draft.replace(told)
    server.run(sockets=[listening])
