"""Each event keeps the best look at what it is about: few stills, each clearly better than the one before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nightlatch.domain.camera import Camera
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.recording import Still
from nightlatch.domain.sighting import EventJudged, EventOpened, Judgement, Kind, Place, Track, Verdict
from nightlatch.hub.watch.clipping import ClipOrder
from nightlatch.hub.watch.looks import MOST, WINDOW_MS, BestLooks, Look
from nightlatch.hub.watch.observer import Observer
from nightlatch.hub.watch.pool import Pool
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import EventNotice, Notice
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import CameraBack, CameraMoved, Shown, TracksChanged
from tests.clocks import TestClock
from tests.hub.test_pool import Ear, Fake
from tests.pixels.sight.rooms import film as scene_film

CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")
EVENT = "e" * 16


def still(at_ms: int) -> Still:
    return Still(CAMERA.id, at_ms, 32, 18, b"jpeg %d" % at_ms)


def test_a_look_must_be_clearly_better_than_the_one_before() -> None:
    looks = BestLooks(0)
    assert looks.wants(0.5, 500)
    assert looks.take(Look(still(500), 0.5))
    assert not looks.wants(0.6, 1_000)
    assert not looks.wants(0.0, 1_000)
    assert looks.wants(0.9, 1_500)
    assert looks.take(Look(still(1_500), 0.9))
    assert looks.best is not None
    assert looks.best.still.at_ms == 1_500


def test_an_event_makes_only_so_many_stills_however_it_grows() -> None:
    looks, made = BestLooks(0), 0
    for at_ms in range(0, 60 * WINDOW_MS, 500):
        if looks.wants(worth := 1.0 + at_ms, at_ms):
            looks.take(Look(still(at_ms), worth))
            made += 1
    assert made <= 60 * MOST


def test_later_clips_get_looks_of_their_own_and_the_best_stays_the_best() -> None:
    looks = BestLooks(0)
    looks.take(Look(still(500), 4.0))
    assert looks.wants(1.0, WINDOW_MS + 500)
    assert not looks.take(Look(still(WINDOW_MS + 500), 1.0))
    assert looks.best is not None
    assert looks.best.still.at_ms == 500


@dataclass
class Ears(Ear):
    def seen_better(self, event_id: str, seen: Still) -> None:
        self.told.append(("better", seen.at_ms))


def test_the_picture_in_which_the_person_is_near_becomes_the_still_of_the_event(tmp_path: Path) -> None:
    film = scene_film(tmp_path / "in.mp4", lambda picture, second: None, seconds=2)
    with open_film(film) as opened:
        picture = Looker(opened.streams).look(next(opened.packets))
    assert picture is not None
    ear = Ears()
    made: Any = Observer(
        *(CAMERA, lambda: Fake(), lambda story: Judgement(Verdict.UNSURE, 0.5, ()), ear, deque[Any]()),  # type: ignore[arg-type,return-value]
        pool=Pool(0),
    )

    def at(ms: int) -> Any:
        return replace(picture, at_ms=ms, dts_us=ms * 1_000)

    made._follow([EventOpened(CAMERA.id, EVENT, 100_000, 95_000)], at(100_000))
    for ms, high in ((100_500, 0.1), (101_000, 0.45), (101_500, 0.2), (102_000, 0.1)):
        track = Track(1, Kind.PERSON, 0.8, (Place(ms, Box(0.4, 0.7 - high, 0.4 + high / 3, 0.7)),))
        made._follow([TracksChanged(EVENT, ms, (track,))], at(ms))
    told = list(made.happenings)
    assert isinstance(told[0], ClipOrder)
    assert [each.still.at_ms for each in told if isinstance(each, Look)] == [100_500, 101_000]
    assert [what for what in ear.told if what[0] == "better"] == [("better", 100_500), ("better", 101_000)]


def observing(tmp_path: Path) -> tuple[Any, Any, Ears]:
    """An observer, pictures by their time, and what it tells."""
    film = scene_film(tmp_path / "in.mp4", lambda picture, second: None, seconds=2)
    with open_film(film) as opened:
        picture = Looker(opened.streams).look(next(opened.packets))
    ear = Ears()
    made: Any = Observer(
        *(CAMERA, lambda: Fake(), lambda story: Judgement(Verdict.UNSURE, 0.5, ()), ear, deque[Any]()),  # type: ignore[arg-type,return-value]
        pool=Pool(0),
    )
    return made, lambda ms: replace(picture, at_ms=ms, dts_us=ms * 1_000), ear


def test_the_still_is_the_picture_in_which_the_eye_saw_it_and_not_the_newest(tmp_path: Path) -> None:
    made, at, ear = observing(tmp_path)
    made._follow([EventOpened(CAMERA.id, EVENT, 100_000, 95_000)], at(100_000))
    track = Track(1, Kind.PERSON, 0.8, (Place(100_500, Box(0.4, 0.2, 0.6, 0.7)),))
    seen = TracksChanged(EVENT, 101_000, (track,), (Kind.PERSON,), 1, Shown(at(100_600), 2.0))
    made._follow([seen, replace(seen, at_ms=101_500, shown=None)], at(101_500))
    assert [each.still.at_ms for each in made.happenings if isinstance(each, Look)] == [100_600]
    assert [what for what in ear.told if what[0] == "better"] == [("better", 100_600)]


def test_a_camera_that_was_moved_is_told_until_it_is_moved_back(tmp_path: Path) -> None:
    made, at, _ = observing(tmp_path)
    sight: Any = Fake()
    assert made.advice(sight, 0) is None
    made._follow([CameraMoved(1_800_000_000_000)], at(100_000))
    told = made.advice(sight, 1_000)
    assert told.startswith("This camera was moved at ")
    assert told.endswith("turn it back.")
    made.camera = replace(CAMERA, areas=(Area("door", "watch", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))),))
    assert "areas may no longer fit" in made.advice(sight, 2_000)
    made._follow([CameraBack(1_800_000_100_000)], at(101_000))
    assert made.advice(sight, 3_000) is None


class Wire:
    def __init__(self) -> None:
        self.sent: list[EventNotice] = []

    def send(self, notice: Notice) -> None:
        if isinstance(notice, EventNotice):
            self.sent.append(notice)


def test_who_was_told_of_an_event_is_shown_the_better_picture_and_nobody_else() -> None:
    wire = Wire()
    telling, opened = Telling(wire, TestClock()), EventOpened(CAMERA.id, EVENT, 0, 0)
    judged = EventJudged(CAMERA.id, EVENT, 500, Judgement(Verdict.UNSURE, 0.5, ("Why.",), (Kind.PERSON,)))
    unknown = replace(judged, judgement=replace(judged.judgement, kinds=(Kind.MOTION,)))
    telling.judged(CAMERA, opened, "c" * 16, unknown, still(0))
    telling.seen_better(EVENT, still(700))
    assert wire.sent == []  # too young to be told
    telling.judged(CAMERA, opened, "c" * 16, replace(judged, at_ms=2_000), still(700))
    telling.seen_better(EVENT, still(2_500))
    assert [told.picture for told in wire.sent] == [b"jpeg 700", b"jpeg 2500"]
    assert wire.sent[0].reasons == wire.sent[1].reasons
    telling.seen_better("another", still(3_000))
    telling.closed(EVENT)
    assert len(wire.sent) == 3
    telling.seen_better(EVENT, still(4_000))
    assert len(wire.sent) == 3
