"""Says which of the models that hiding needs are not here: the child of the errand `LACK`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nightlatch.hub.errands.asking import LACK, FetchRequest, LackAnswer, LackedModel, LackRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.detectors.models import Model, find, known_models, models_folder
from nightlatch.pixels.hiding.eyes import NEEDED


def lacking(request: LackRequest, _: bytes, __: Callable[[float], None]) -> tuple[LackAnswer, bytes]:
    """All of NEEDED that is nowhere on this machine."""
    folder = models_folder(Path(request.models_dir) if request.models_dir else None)
    needed = [known_models()[name] for name in NEEDED]
    return LackAnswer(tuple(_lacked(model, folder) for model in needed if find(model, folder) is None)), b""


def _lacked(model: Model, folder: Path) -> LackedModel:
    wanted = FetchRequest(model.name, model.url, model.sha256, model.bytes, model.licence, model.what, str(folder))
    fetch = None if model.comes_with_set_up else wanted
    return LackedModel(model.name, model.bytes, model.licence, model.what, model.how_to_get, fetch)


if __name__ == "__main__":
    run_child(LACK, lacking)
