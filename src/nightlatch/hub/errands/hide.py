"""Hides people in one clip: the child of the errand `HIDE`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    first, *more = _films(film, request.lengths)
    redacted = redact_film(
        first,
        eyes,
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        masks=request.areas,
        more=more,
        on_progress=on_share,
    )
    return redacted.report, redacted.mp4


def _films(films: bytes, lengths: Sequence[int]) -> list[bytes]:
    """The films that come one after the other; the clip's is the first."""
    at, made = 0, []
    for length in lengths or (len(films),):
        made.append(films[at : at + length])
        at += length
    return made


def _privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs, downloaded when it is not here. Raises `NotFound` or `ModelLost` with what to do."""
    for model in (known_models()[name] for name in NEEDED):
        if not model.comes_with_set_up:
            fetch(model, models_folder(models_dir))
    return open_privacy_eyes(models_dir)


if __name__ == "__main__":
    run_child(HIDE, hide)
