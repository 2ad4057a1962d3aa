"""Runs the review room."""

from __future__ import annotations

from nightlatch.domain.time import Clock
from nightlatch.review.app import create_app
from nightlatch.review.opening import label_proofs, open_parts
from nightlatch.review.settings import ReviewSettings
from nightlatch.web.serving import listen, serve


def run(settings: ReviewSettings, clock: Clock) -> None:
    """Serve until SIGTERM; `serve.json` says where.

    Raises:
        ConfigError: an address that is taken, a secret that is missing, or a database that cannot be used.
    """
    parts = open_parts(settings)
    app = create_app(settings, clock, parts.engine, parts.keeper, parts.append, parts.receipt, label_proofs(settings))
    listening = listen(settings.host, settings.port, "The review room", "review")
    try:
        serve(app, listening, settings.data_dir)
    finally:
        parts.engine.dispose()
