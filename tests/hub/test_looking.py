"""A detector that is not here yet: the built-in eye looks until it came, and it comes by itself."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nightlatch.errors import ConfigError
from nightlatch.hub import looking
from nightlatch.pixels.detectors import models
from tests.house import until

MODEL = Path(__file__).resolve().parents[3] / "shared" / "data" / "models" / "yolox_nano.onnx"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.shared
@pytest.mark.skipif(not MODEL.exists(), reason="../shared/data/models is not here")
def test_a_chosen_model_is_fetched_while_the_built_in_eye_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(MODEL.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known = models.known_models()["yolox_nano"]
    here = f"http://127.0.0.1:{server.server_port}/{MODEL.name}"
    monkeypatch.setattr(
        looking,
        "known_models",
        lambda: {"yolox_nano": models.Model(known.name, here, known.sha256, known.bytes, known.licence, known.what)},
    )
    chosen = looking.Chosen("both", tmp_path)
    assert chosen.now.name in ("eye", "both")
    until(lambda: chosen.now.name == "both", "the model", 30)
    server.shutdown()
    assert looking.Chosen("both", tmp_path).now.name == "both"


def test_a_model_that_cannot_be_had_leaves_the_eye_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = models.known_models()["yolox_nano"]
    gone = models.Model(known.name, "http://127.0.0.1:9/x", known.sha256, known.bytes, known.licence, known.what)
    monkeypatch.setattr(looking, "known_models", lambda: {"yolox_nano": gone})
    assert looking.Chosen("yolox", tmp_path).now.name == "eye"


def test_a_choice_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Choose one of"):
        looking.open_looking("hawk", tmp_path)
