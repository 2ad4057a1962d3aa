"""Takes bytes for a film: `slow` never ends, `bad` cannot be hidden, `shown` still shows somebody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from hashlib import sha256

from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.errors import ConfigError
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.errands.errand import run_child


def hide(request: HideRequest, body: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    films = request.lengths or (len(body),)
    film = body[: films[0]]
    on_share(0.25)
    if film == b"slow":
        threading.Event().wait()
    if film == b"bad":
        raise ConfigError("Too dark. Choose another part.")
    made = b"hidden: %s of %d films, %d to %d" % (film, len(films), request.from_ms, request.to_ms)
    uncovered = int(film == b"shown")
    return RedactionReport(sha256(made).hexdigest(), Style.PUPPETS, 3, uncovered, True, True), made


if __name__ == "__main__":
    run_child(HIDE, hide)
