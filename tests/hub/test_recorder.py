"""Recording never waits for looking, and comes back after every kind of failure."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.recording import Still
from nightlatch.domain.sighting import EventJudged, Judgement, Story, Verdict
from nightlatch.errors import SourceError
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import ClipRow, SegmentRow
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.observer import WAITING_LOOKS, Observer, Seen
from nightlatch.hub.watch.recorder import Looking, Recorder
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import News, Sight
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock

BEGAN_MS = 1_800_000_000_000
CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")


@dataclass
class Told:
    states: list[tuple[CameraState, str | None]] = field(default_factory=list)
    clips: list[bool] = field(default_factory=list)
    judged: list[EventJudged] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    advised: list[str | None] = field(default_factory=list)

    def state(self, camera_id: str, state: CameraState, streams: Streams | None, problem: SourceError | None) -> None:
        self.states.append((state, problem.reason.value if problem else None))

    def still(self, still: Still, sealer: Sealer) -> None:
        pass

    def clip(self, clip_id: str, camera_id: str, is_open: bool) -> None:
        self.clips.append(is_open)

    def event(self, judged: EventJudged, camera: Camera, clip_id: str, onset_ms: int, still: Still | None) -> None:
        self.judged.append(judged)

    def advice(self, camera_id: str, text: str | None) -> None:
        self.advised.append(text)

    def event_ended(self, event_id: str) -> None:
        self.ended.append(event_id)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds in which something moves from the fifth on."""
    return film(scene("printed_code", width=640, height=360), tmp_path_factory.mktemp("film") / "moving.mp4", 12)


def plain_sight(camera: Camera, streams: Streams) -> Sight:
    return Sight(streams, areas=camera.areas, detector=None, new_id=lambda: secrets.token_hex(8), camera_id=camera.id)


def undecided(story: Story) -> Judgement:
    return Judgement(Verdict.UNSURE, 0.5, (f"{len(story.tracks)} things moved.",), tracks=story.tracks)


def record(
    folder: Path, url: str, until_s: float, make_sight: Callable[[Camera, Streams], Sight] = plain_sight
) -> tuple[Engine, Told]:
    """Record `url` for a while."""
    engine = open_index(folder)
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    told = Told()
    camera = Camera(id="0123456789ab", name="yard", url=url)
    made = Recorder(
        camera,
        "h",
        sealer,
        Vault(folder, engine, TestClock()),
        TestClock(),
        told,
        Looking(make_sight, undecided, lambda: "motion"),
    )
    thread = threading.Thread(target=made.run)
    thread.start()
    time.sleep(until_s)
    made.stop()
    thread.join(15)
    assert not thread.is_alive()
    return engine, told


def seconds_kept(engine: Engine) -> float:
    with Session(engine) as session:
        return sum(session.scalars(select(SegmentRow.duration_ms))) / 1000


def test_motion_makes_a_clip(tmp_path: Path, moving: Path) -> None:
    engine, told = record(tmp_path, f"file:{moving}", 13)
    assert seconds_kept(engine) == pytest.approx(12, abs=0.3)
    with Session(engine) as session:
        clips = session.scalars(select(ClipRow)).all()
    assert len(clips) == 1
    assert told.clips[-1] is False
    assert told.ended == [clips[0].event_id]
    last = told.judged[-1]
    assert last.judgement.tracks
    assert last.judgement.reasons


@pytest.mark.parametrize("fault", ["dead", "hangs"])
def test_a_dead_or_hanging_look_loses_no_footage(tmp_path: Path, moving: Path, fault: str) -> None:
    class Broken(Sight):
        def take(self, packet: object) -> list[News]:
            if fault == "dead":
                raise RuntimeError("the detector is gone")
            time.sleep(30)
            return []

    def broken(camera: Camera, streams: Streams) -> Sight:
        return Broken(streams, areas=(), detector=None, new_id=lambda: "0" * 16, camera_id=camera.id)

    engine, _ = record(tmp_path, f"file:{moving}", 13, broken)
    assert seconds_kept(engine) == pytest.approx(12, abs=0.3)


def observed(sight: Callable[[], Sight], **more: Any) -> Observer:
    nothing: Any = lambda *_: None  # noqa: E731
    return Observer(CAMERA, sight, undecided, Seen(deque(), nothing, nothing, nothing), **more)


def test_advice_is_told_once(tmp_path: Path, moving: Path) -> None:
    class Advised(Sight):
        advice = property(lambda self: "Set its key-frame interval to 1 s.")  # type: ignore[assignment]

    def advised(camera: Camera, streams: Streams) -> Sight:
        return Advised(streams, areas=(), detector=None, new_id=lambda: "0" * 16, camera_id=camera.id)

    _, told = record(tmp_path, f"file:{moving}", 4, advised)
    assert told.advised == ["Set its key-frame interval to 1 s."]


def test_pictures_that_nobody_had_time_for_are_counted_and_told_for_a_minute(moving: Path) -> None:
    with open_film(moving) as film_:
        sight = plain_sight(CAMERA, film_.streams)
        observer = observed(lambda: sight)
        for packet in (packets := list(film_.packets))[:100]:
            observer.offer(packet)  # nobody looks: the thread was not started
        assert len(packets) > 100
        assert observer.dropped == 100 - WAITING_LOOKS
        observer.advice(sight, BEGAN_MS)
        observer.dropped += 40
        told = observer.advice(sight, BEGAN_MS + 61_000)
        assert told is not None
        assert "40 pictures" in told
        assert observer.advice(sight, BEGAN_MS + 90_000) == told
        assert observer.advice(sight, BEGAN_MS + 123_000) == sight.advice


def test_a_camera_that_is_not_there_is_tried_again_and_again(tmp_path: Path) -> None:
    _, told = record(tmp_path, "rtsp://127.0.0.1:9/none", 4)
    reasons = [reason for state, reason in told.states if state is CameraState.RETRYING]
    assert len(reasons) >= 2
    assert set(reasons) == {"refused"}
    assert told.states[-1][0] is CameraState.OFF
