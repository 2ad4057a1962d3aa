"""A detector that is not here yet: what is here looks until it has come, and it comes on its own."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from nightlatch.doctor import LACKS, Finding, examine
from nightlatch.doctor import eye as doctor_eye
from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, EyePart
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.watch import eye as looking
from nightlatch.hub.watch.observer import Looking
from nightlatch.hub.watch.pool import Pool
from nightlatch.hub.watch.shards import Shard
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import Hello
from nightlatch.pixels.detectors import models, opening
from nightlatch.pixels.detectors.sharing import SharedDetector, Slot
from tests.clocks import TestClock
from tests.house import until
from tests.hub.test_api import Hub
from tests.pixels.detectors.onnx_files import square_finder
from tests.serving import served

STANDS_IN = opening.open_stand_in("both", Path("/nowhere")).name  # "ssd", or "eye" where set-up had no internet
MODEL = Path(__file__).resolve().parents[3] / "shared" / "data" / "models" / "yolox_nano.onnx"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.shared
@pytest.mark.skipif(not MODEL.exists(), reason="../shared/data/models is not here")
@pytest.mark.skipif(STANDS_IN != "ssd", reason="the SSD comes with set-up: make models")
def test_a_chosen_model_is_fetched_while_what_is_here_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(MODEL.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known = models.known_models()["yolox_nano"]
    here = f"http://127.0.0.1:{server.server_port}/{MODEL.name}"
    monkeypatch.setattr(
        looking,
        "known_models",
        lambda: {"yolox_nano": models.Model(known.name, here, known.sha256, known.bytes, known.licence, known.what)},
    )
    chosen = looking.EyeChoice("both", tmp_path)
    assert chosen.now.name in (STANDS_IN, "both")
    assert EyePart.YOLOX in chosen.lacks
    until(lambda: chosen.now.name == "both", "the model", 30)
    assert chosen.lacks == ()
    assert chosen.percent is None
    server.shutdown()
    assert looking.EyeChoice("both", tmp_path).now.name == "both"


def test_a_model_that_cannot_be_downloaded_leaves_what_is_here_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = models.known_models()["yolox_nano"]
    gone = models.Model(known.name, "http://127.0.0.1:9/x", known.sha256, known.bytes, known.licence, known.what)
    monkeypatch.setattr(looking, "known_models", lambda: {"yolox_nano": gone})
    assert looking.EyeChoice("yolox", tmp_path).now.name == STANDS_IN
    monkeypatch.setattr(models, "BESIDE", tmp_path)  # nor did set-up bring anything
    assert looking.EyeChoice("yolox", tmp_path).now.name == "eye"


@pytest.mark.shared
@pytest.mark.skipif(not MODEL.exists(), reason="../shared/data/models is not here")
@pytest.mark.skipif(STANDS_IN != "ssd", reason="the SSD comes with set-up: make models")
def test_a_model_that_somebody_brings_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = models.known_models()["yolox_nano"]
    gone = models.Model(known.name, "http://127.0.0.1:9/x", known.sha256, known.bytes, known.licence, known.what)
    monkeypatch.setattr(looking, "known_models", lambda: {"yolox_nano": gone})
    monkeypatch.setattr(looking, "BROUGHT_EVERY_S", 0.05)
    chosen = looking.EyeChoice("both", tmp_path)
    until(lambda: chosen.missing, "the first try", 30)
    models.take(known, MODEL, tmp_path)
    until(lambda: chosen.now.name == "both", "the model", 30)
    assert (chosen.missing, chosen.percent, chosen.lacks) == (None, None, ())


def test_a_model_of_the_owners_that_does_not_fit_does_not_stop_the_watch(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    chosen = looking.EyeChoice("own", tmp_path, tmp_path / "mine.onnx")
    assert chosen.now.name == STANDS_IN
    assert "mine.toml is not there" in str(chosen.missing)
    (tmp_path / "mine.toml").write_text('head = "yolo"\n[labels]\nperson = [0]\n')
    assert "not a model that can be used" in str(looking.EyeChoice("own", tmp_path, tmp_path / "mine.onnx").missing)
    fits = square_finder(tmp_path / "mine.onnx", "yolo")
    chosen = looking.EyeChoice("own", tmp_path, fits)
    assert (chosen.now.name, chosen.missing, chosen.percent) == ("own", None, None)


@pytest.mark.skipif(STANDS_IN != "ssd", reason="the SSD comes with set-up: make models")
def test_a_network_that_cannot_run_here_does_not_stop_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    chosen = looking.EyeChoice("ssd", tmp_path)
    assert chosen.now.name == "eye"
    assert "LiteRT" in str(chosen.missing)
    assert chosen.lacks == ()


def test_a_choice_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Choose one of"):
        looking.open_looking("hawk", tmp_path)


@dataclass
class Moody:
    """An eye that fails, hangs or answers, as it is told."""

    is_failing: bool = False
    door: threading.Event = field(default_factory=threading.Event)
    looks: int = 0

    def __post_init__(self) -> None:
        self.door.set()

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        self.looks += 1
        self.door.wait(30)
        if self.is_failing:
            raise RuntimeError("the model broke")
        return []


@dataclass
class Seconds:
    """A monotonic clock that goes when it is told to."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Told:
    """A hub whose page and doctor hear of an eye over the real socket."""

    hub: Hub
    eye: Moody
    seconds: Seconds
    slot: Slot
    camera_id: str
    teller: looking.EyeTeller

    def home(self) -> dict[str, Any]:
        self.teller.look_after()
        return dict(self.hub.client.get("/api/home").json())

    def problems(self) -> list[dict[str, Any]]:
        return [p for p in self.home()["problems"] if "eye" in p["text"]]

    def doctor(self) -> Finding:
        self.teller.look_after()
        return next(each for each in looking_findings(self.hub) if each.name == "eye")

    def looked(self, times: int) -> bool:
        return self.eye.looks == times

    def show(self) -> None:
        self.slot.look(np.zeros((36, 64, 3), np.uint8), [])


def looking_findings(hub: Hub) -> list[Finding]:
    return list(doctor_eye(hub.folder, hub.clock.now_ms()))


@contextmanager
def told_of(folder: Path, eye: Moody) -> Iterator[Told]:
    clock, seconds = TestClock(), Seconds()
    app = create_app(HubSettings.model_validate({"data_dir": folder}), clock)
    with served(app) as url, httpx.Client(base_url=url, headers={"X-Nightlatch": "1"}, timeout=20) as http:
        hub = Hub(http, app.state.house, clock, folder)
        assert hub.set_up().status_code == 201
        camera_id = hub.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://192.0.2.1/"}).json()["id"]
        client = NoticeClient(folder / "watch.sock", lambda notice: None, lambda: Hello(0, 1))
        client.start()
        shared = SharedDetector(eye, pause_s=0.001, monotonic=seconds)
        slot = shared.slot()
        report = looking.EyeReport(client.send, clock, folder)
        chosen = looking.EyeChoice("eye", None)
        try:
            teller = looking.EyeTeller(chosen, shared, {camera_id: slot}, report)
            yield Told(hub, eye, seconds, slot, camera_id, teller)
        finally:
            eye.door.set()
            shared.stop()
            client.close()


def test_the_page_and_the_doctor_report_a_crashing_eye_until_it_sees_again(tmp_path: Path) -> None:
    with told_of(tmp_path / "hub", Moody(is_failing=True)) as told:
        until(lambda: told.home()["looking"], "the eye being heard of")
        assert told.problems() == []
        told.show()
        until(lambda: told.home()["looking"]["blind_since_ms"], "being blind")
        blind_ms = told.hub.clock.now_ms()
        assert told.problems() == []  # a moment is no news
        told.hub.clock.offset_ms += 11_000
        (problem,) = until(told.problems, "the page")
        assert "blind" in problem["text"]
        assert "recorded" in problem["text"]
        assert "RuntimeError" in problem["todo"]
        assert abs(problem["since_ms"] - blind_ms) < 10_000
        assert told.doctor().state == "fail"
        assert "restart" in told.doctor().todo
        told.eye.is_failing = False
        until(lambda: not told.problems(), "seeing again, although nothing moves")
        assert told.doctor() == Finding("eye", "ok", "eye looks")


def test_a_hanging_eye_is_reported_and_one_that_always_hangs_needs_a_restart(tmp_path: Path) -> None:
    with told_of(tmp_path / "hub", Moody()) as told:
        told.eye.door.clear()
        told.show()
        until(lambda: told.eye.looks == 1, "the look")
        told.seconds.now_s += 21
        told.home()
        told.hub.clock.offset_ms += 11_000
        (problem,) = until(told.problems, "the page")
        assert "does not answer" in problem["todo"]
        for tries in range(2, 5):
            told.show()
            until(partial(told.looked, tries), "another try")
            told.seconds.now_s += 21
            told.home()
        until(lambda: "no longer asks it" in str(told.problems()), "giving up")


def test_pictures_that_were_passed_over_are_counted_for_their_camera(tmp_path: Path) -> None:
    with told_of(tmp_path / "hub", Moody()) as told:
        told.eye.door.clear()
        told.show()
        until(lambda: told.eye.looks == 1, "the look")
        for _ in range(200):
            told.show()
        told.eye.door.set()
        until(lambda: told.slot.looked == 2, "the newest picture")

        def looks() -> Any:
            (camera,) = told.home()["cameras"]
            return camera["looks"] if camera["looks"] and camera["looks"]["looked"] == 2 else None

        counted = until(looks, "the count")
        assert (counted["looked"], counted["passed_over"]) == (2, 199)
        (found,) = [each for each in looking_findings(told.hub) if "camera" in each.name]
        assert found.state == "warn"
        assert "199" in found.text


def test_the_doctor_says_nothing_about_an_eye_that_is_gone(tmp_path: Path) -> None:
    with told_of(tmp_path / "hub", Moody()) as told:
        told.teller.look_after()
        assert looking_findings(told.hub)
        told.hub.clock.offset_ms += 600_000
        assert looking_findings(told.hub) == []
        for rubbish in ("", "[]", '{"at_ms": 1}', json.dumps({"at_ms": told.hub.clock.now_ms(), "looks": 3})):
            (told.hub.folder / "eye.json").write_text(rubbish)
            assert looking_findings(told.hub) == []
        assert any(each.name == "Python" for each in examine(told.hub.folder, {}, None))


def test_a_model_that_is_not_here_is_said_calmly_with_what_to_do_and_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = models.known_models()["yolox_nano"]
    gone = models.Model(known.name, "http://127.0.0.1:9/x", known.sha256, known.bytes, known.licence, known.what)
    monkeypatch.setattr(looking, "known_models", lambda: {"yolox_nano": gone})
    with told_of(tmp_path / "hub", Moody()) as told:
        told.teller._chosen = looking.EyeChoice("both", tmp_path / "models")

        def said() -> Any:
            now = told.home()["looking"]
            return now if now and "cannot be reached" in str(now["coming_text"]) else None

        now = until(said, "the page")
        assert "nightlatch models fetch yolox_nano --from FILE" in now["coming_text"]
        assert "yolox_nano" in now["lacks"]
        assert told.problems() == []
        assert told.home()["eye"] == STANDS_IN
        assert told.doctor().state == "warn"
        assert "--from FILE" in told.doctor().todo


def test_the_doctor_says_what_the_eye_is_without(tmp_path: Path) -> None:
    with told_of(tmp_path / "hub", Moody()) as told:
        told.teller._chosen.lacks = (EyePart.POSE,)
        assert told.doctor() == Finding("eye", "warn", "eye looks for now, without pose_detection.", LACKS)


def test_the_doctor_hears_every_shard_and_forgets_those_of_another_count(tmp_path: Path) -> None:
    clock, told = TestClock(), list[Any]()
    shared = SharedDetector(Moody(), pause_s=0.001)

    def look_after(shard: Shard, *cameras: str) -> None:
        report = looking.EyeReport(told.append, clock, tmp_path, shard)
        slots = {camera: shared.slot() for camera in cameras}
        looking.EyeTeller(looking.EyeChoice("eye", None), shared, slots, report).look_after()

    try:
        look_after(Shard(0, 1), "0" * 12)
        look_after(Shard(0, 2), "2" * 12)
        look_after(Shard(1, 2), "1" * 12, "3" * 12)
    finally:
        shared.stop()
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["eye.0.json", "eye.1.json"]
    found = [each.name for each in doctor_eye(tmp_path, clock.now_ms())]
    assert found == ["eye", "eye, camera 1 of 3", "eye, camera 2 of 3", "eye, camera 3 of 3"]
    blind = json.loads((tmp_path / "eye.1.json").read_bytes())
    (tmp_path / "eye.1.json").write_text(json.dumps(blind | {"blind_since_ms": 1, "blind_text": "Restart the hub."}))
    assert [(each.state, each.todo) for each in doctor_eye(tmp_path, clock.now_ms())] == [("fail", "Restart the hub.")]


def test_what_was_passed_over_before_the_eye_counts_and_looking_that_all_hangs_is_blind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, shared = list[Any](), SharedDetector(Moody(), pause_s=0.001)
    how: Any = Looking(lambda *_: None, lambda _: None, lambda: "eye")  # type: ignore[arg-type,return-value]
    how.passed_over["0" * 12] += 7
    report = looking.EyeReport(told.append, TestClock(), tmp_path)
    try:
        slots = {"0" * 12: shared.slot()}
        teller = looking.EyeTeller(looking.EyeChoice("eye", None), shared, slots, report, how)
        teller.look_after()
        assert told[-1].looks == {"0" * 12: (0, 7)}
        assert told[-1].blind_text is None
        monkeypatch.setattr(Pool, "is_blind", True)
        teller.look_after()
        assert "Restart the hub" in told[-1].blind_text
    finally:
        shared.stop()
