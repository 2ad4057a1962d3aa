"""Hides people in one clip: the child of the errand `HIDE`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightlatch.domain.redaction import RedactionReport
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.detectors.downloading import fetch
from nightlatch.pixels.detectors.models import known_models, models_folder
from nightlatch.pixels.hiding.eyes import NEEDED, PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.hiding.redacting import redact_film


def hide(request: HideRequest, film: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    """Raises `NightlatchError` with what to do."""
    eyes = _privacy_eyes(Path(request.models_dir) if request.models_dir else None)
    redacted = redact_film(
        film,
        eyes,
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        masks=request.areas,
        on_progress=on_share,
    )
    return redacted.report, redacted.mp4


def _privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs, downloaded when it is not here. Raises `NotFound` or `ModelLost` with what to do."""
    for model in (known_models()[name] for name in NEEDED):
        if not model.comes_with_set_up:
            fetch(model, models_folder(models_dir))
    return open_privacy_eyes(models_dir)


if __name__ == "__main__":
    run_child(HIDE, hide)
