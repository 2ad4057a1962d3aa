"""Covers more of a finished film: the child of the errand `COVER`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.domain.redaction import Redacted, RedactionReport
from nightlatch.hub.errands.asking import COVER, CoverRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.hiding.covering import cover_more


def cover(request: CoverRequest, film: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    """Raises `NightlatchError` with what to do."""
    made = cover_more(Redacted(film, request.report), request.boxes, on_share)
    return made.report, made.mp4


if __name__ == "__main__":
    run_child(COVER, cover)
