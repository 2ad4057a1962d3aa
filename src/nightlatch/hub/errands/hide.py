"""Hides people in one clip: the child of the errand `HIDE`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightlatch.domain.redaction import RedactionReport
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.hiding.eyes import open_privacy_eyes
from nightlatch.pixels.hiding.redacting import redact_film


def hide(request: HideRequest, film: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    """Raises `NightlatchError` with what to do; a model that is missing is not downloaded here."""
    eyes = open_privacy_eyes(Path(request.models_dir) if request.models_dir else None)
    clip = film[: request.lengths[0]] if request.lengths else film  # what follows is not looked at yet
    redacted = redact_film(
        clip,
        eyes,
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        masks=request.areas,
        on_progress=on_share,
    )
    return redacted.report, redacted.mp4


if __name__ == "__main__":
    run_child(HIDE, hide)
