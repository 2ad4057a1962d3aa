"""Hides people in one clip: the child of the errand `HIDE`. Nothing touches a disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nightlatch.domain.redaction import RedactionReport
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.hiding.eyes import open_privacy_eyes
from nightlatch.pixels.hiding.redacting import redact_film


def hide(request: HideRequest, film: bytes, on_share: Callable[[float], None]) -> tuple[RedactionReport, bytes]:
    """Raises `NightlatchError` with what to do; a model that is missing is not downloaded here."""
    eyes = open_privacy_eyes(Path(request.models_dir) if request.models_dir else None)
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


if __name__ == "__main__":
    run_child(HIDE, hide)
