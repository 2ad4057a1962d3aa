"""Downloads a model: the child of the errand `FETCH`, so that the recorder speaks no HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightlatch.hub.errands.asking import FETCH, FetchAnswer, FetchRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.detectors.downloading import fetch
from nightlatch.pixels.detectors.models import Model


def download(request: FetchRequest, _: bytes, on_share: Callable[[float], None]) -> tuple[FetchAnswer, bytes]:
    """Raises `ModelLost` or `ConfigError` with what to do."""
    model = Model(request.name, request.url, request.sha256, request.bytes, request.licence, request.what)
    return FetchAnswer(str(fetch(model, Path(request.folder), on_share))), b""


if __name__ == "__main__":
    run_child(FETCH, download)
