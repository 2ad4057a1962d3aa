"""Models come whole and right, or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightlatch.commands import models as commands
from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors.models import Model, ModelLost, fetch, find, known_models, models_folder, need
from nightlatch.pixels.detectors.opening import CHOICES, open_detector, open_privacy_eyes

WEIGHTS = os.urandom(300_000)


class Release(BaseHTTPRequestHandler):
    """A maker's server: a moved file, a file, a damaged file, one that is too long, one that breaks off."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/right")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = {
            "/right": WEIGHTS,
            "/damaged": b"\0" + WEIGHTS[1:],
            "/long": WEIGHTS + b"\0",
            "/breaks": WEIGHTS[:1000],
        }.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(WEIGHTS) if self.path == "/breaks" else len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Release)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def model(url: str) -> Model:
    return Model("weights", url, sha256(WEIGHTS).hexdigest(), len(WEIGHTS), "none", "random numbers")


def test_a_model_is_fetched_once_with_progress(server: str, tmp_path: Path) -> None:
    shares: list[float] = []
    path = fetch(model(f"{server}/moved"), tmp_path / "models", shares.append)
    assert path.read_bytes() == WEIGHTS
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert fetch(model("http://127.0.0.1:9/gone"), tmp_path / "models") == path


@pytest.mark.parametrize("way", ["damaged", "long", "breaks", "missing"])
def test_wrong_bytes_are_refused_and_nothing_is_left(server: str, tmp_path: Path, way: str) -> None:
    with pytest.raises(ModelLost):
        fetch(model(f"{server}/{way}"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_said_to_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ModelLost, match="tried again"):
        fetch(model("http://127.0.0.1:9/weights"), tmp_path)


def test_a_folder_that_cannot_be_made_is_named(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="models_dir"):
        fetch(model(f"{server}/right"), tmp_path / "file" / "models")


def test_a_damaged_file_on_disk_is_not_found(tmp_path: Path) -> None:
    wanted = model("")
    (tmp_path / "any-name.onnx").write_bytes(WEIGHTS)
    assert find(wanted, tmp_path) == tmp_path / "any-name.onnx"
    (tmp_path / "any-name.onnx").write_bytes(WEIGHTS[:-1] + b"\0")
    assert find(wanted, tmp_path) is None


def test_what_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nightlatch models fetch yolox_nano"):
        need("yolox_nano", tmp_path)
    with pytest.raises(NotFound):
        open_detector("both", tmp_path)
    with pytest.raises(NotFound):
        open_privacy_eyes(tmp_path)


def test_every_entry_is_complete() -> None:
    for entry in known_models().values():
        assert entry.url.startswith("https://github.com/")
        assert len(entry.sha256) == 64
        assert entry.licence in ("Apache-2.0", "BSD-3-Clause", "MIT")


def test_the_folder_is_what_was_given_or_the_environment_or_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTLATCH_MODELS", str(tmp_path))
    assert models_folder(Path("/given")) == Path("/given")
    assert models_folder(None) == tmp_path
    monkeypatch.delenv("NIGHTLATCH_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert models_folder(None) == tmp_path / "cache" / "nightlatch" / "models"


def test_the_command_lists_what_is_not_here(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands.app, ["list", "--folder", str(tmp_path)])
    assert told.exit_code == 0
    assert told.output.count("not here") == len(known_models())


def test_an_unknown_choice_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=", ".join(CHOICES)):
        open_detector("owl", tmp_path)


def test_eye_and_motion_need_nothing_fetched(tmp_path: Path) -> None:
    assert open_detector("eye", tmp_path).name == "eye"
    assert open_detector("motion", tmp_path).name == "motion"
