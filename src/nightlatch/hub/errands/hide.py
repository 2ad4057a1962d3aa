"""Hides people in one clip: the child of the errand `HIDE`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightlatch.domain.redaction import RedactionReport
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.detectors.downloading import fetch
from nightlatch.pixels.detectors.models import known_models, models_folder
from nightlatch.pixels.detectors.opening import PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.media.rewrite import redact_film

NEEDED = ("yolox_nano", "yunet_n_640")


def hide(request: HideRequest, film: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    """Raises `NightlatchError` with what to do."""
    eyes = _privacy_eyes(Path(request.models_dir) if request.models_dir else None)
    redacted = redact_film(
        film,
        eyes.detector,
        eyes.faces,
        style=request.style,
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        masks=request.areas,
        on_progress=on_share,
    )
    return redacted.report, redacted.mp4


def _privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs, downloaded when it is not here. Raises `NotFound` or `ModelLost` with what to do."""
    for name in NEEDED:
        fetch(known_models()[name], models_folder(models_dir))
    return open_privacy_eyes(models_dir)


if __name__ == "__main__":
    run_child(HIDE, hide)
