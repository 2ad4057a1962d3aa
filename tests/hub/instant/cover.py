"""Writes down how much was covered; what is covered on the left edge fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from nightlatch.domain.redaction import RedactionReport
from nightlatch.errors import ConfigError
from nightlatch.hub.errands.asking import COVER, CoverRequest
from nightlatch.hub.errands.errand import run_child


def cover(request: CoverRequest, film: bytes, _: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    if any(box.left == 0 for box in request.boxes):
        raise ConfigError("The finished film is damaged. Hide people again.")
    made = film + b", %d covered" % len(request.boxes)
    return replace(request.report, sha256=sha256(made).hexdigest(), owner_covered=len(request.boxes)), made


if __name__ == "__main__":
    run_child(COVER, cover)
