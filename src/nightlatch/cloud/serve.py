"""Runs the mailbox."""

from __future__ import annotations

from pathlib import Path

import uvicorn

from nightlatch.cloud.app import create_app
from nightlatch.cloud.settings import CloudSettings
from nightlatch.domain.time import Clock

MIGRATIONS = Path(__file__).with_name("migrations")


def run(settings: CloudSettings, clock: Clock) -> None:
    """Serve until SIGTERM."""
    app = create_app(settings, clock, MIGRATIONS)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
