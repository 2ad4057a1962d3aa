"""The serve process of a hub: `nightlatch hub --role serve`."""

from __future__ import annotations

import structlog

from nightlatch.domain.time import Clock
from nightlatch.hub.serve import tls
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.settings import HubSettings
from nightlatch.web.serving import listen, serve

log = structlog.get_logger()


def run(settings: HubSettings, clock: Clock) -> None:
    """Serve the page and the API until SIGTERM; `serve.json` says where.

    Raises:
        ConfigError: an address that is taken or not this machine's.
    """
    secure = not settings.is_loopback
    cert, key = tls.certificate(settings.data_dir, settings.host_names) if secure else (None, None)
    if cert is not None:
        log.info("tls.certificate", sha256=tls.fingerprint(cert))
    app = create_app(settings, clock, secure=secure)
    serve(app, listen(settings.host, settings.port, "The hub", "hub"), settings.data_dir, cert=cert, key=key)
