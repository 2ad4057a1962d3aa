"""Runs the mailbox."""

from __future__ import annotations

from pathlib import Path

from nightlatch.cloud.app import create_app
from nightlatch.cloud.settings import CloudSettings
from nightlatch.domain.time import Clock
from nightlatch.web.serving import listen, serve

MIGRATIONS = Path(__file__).with_name("migrations")


def run(settings: CloudSettings, clock: Clock) -> None:
    """Serve until SIGTERM; `serve.json` says where.

    Raises:
        ConfigError: an address that is taken or not this machine's, or a database that cannot be used.
    """
    app = create_app(settings, clock, MIGRATIONS)
    serve(app, listen(settings.host, settings.port, "The mailbox", "cloud"), settings.data_dir)
