"""People are hidden from head to foot, through a detector's blinks, and nothing of the first film survives."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.redaction import Style
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.models import find, known_models
from nightlatch.pixels.detectors.opening import open_privacy_eyes
from nightlatch.pixels.media.rewrite import CannotRedact, redact_film
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.vision.boxes import covered
from nightlatch.pixels.vision.redact import Findings, paint, plan

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
FPS = 15.0
SOMEBODY = Box(0.4, 0.3, 0.5, 0.8)


class Knows:
    """Finds people where the scene says they are; blinks in pictures whose number `blinks` names."""

    name = "truth"

    def __init__(self, name: str, blinks: frozenset[int] = frozenset()) -> None:
        self.scene, self.blinks, self.looked, self.pictures = scene(name), blinks, 0, 158

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        if bgr.shape[0] > bgr.shape[1]:  # a picture that was turned
            return []
        self.looked += 1
        if self.looked > self.pictures:  # the finished film is looked at: whoever is under a cover is not found
            return []
        index = (self.looked - 1) * 2
        if index in self.blinks:
            return []
        return [Detection(t.box, Kind(t.kind), 0.9) for t in self.scene.truth_at(index) if t.kind == "person"]


class Blind:
    name = "nothing"

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        return []

    def find(self, bgr: np.ndarray) -> list[Detection]:
        return []


def person(box: Box = SOMEBODY, score: float = 0.9) -> Findings:
    return Findings((Detection(box, Kind.PERSON, score),), (), ())


def hidden(boxes: Sequence[Box], box: Box) -> bool:
    return any(covered(box, each) > 0.999 for each in boxes)


def test_whoever_is_found_is_covered_with_a_margin_all_around() -> None:
    covers = plan({0: person()}, 1, FPS)
    wide = Box(SOMEBODY.left - 0.015, SOMEBODY.top - 0.08, SOMEBODY.right + 0.015, SOMEBODY.bottom + 0.03)
    assert hidden(covers.boxes[0], wide)


def test_between_two_looks_and_through_a_blink_somebody_stays_covered() -> None:
    there = Box(0.55, 0.3, 0.65, 0.8)
    covers = plan({0: person(), 30: person(there)}, 31, FPS)
    for n in range(31):
        x = 0.4 + 0.15 * n / 30
        assert hidden(covers.boxes[n], Box(x, 0.3, x + 0.1, 0.8)), n


def test_a_box_that_is_cut_short_in_one_look_does_not_bare_a_head() -> None:
    short = Box(0.4, 0.5, 0.5, 0.8)
    covers = plan({n: person(short if n == 20 else SOMEBODY) for n in range(0, 41, 2)}, 41, FPS)
    assert all(hidden(covers.boxes[n], SOMEBODY) for n in range(41))


def test_somebody_who_is_lost_in_the_middle_stays_covered_to_the_end_and_is_counted() -> None:
    seen = {n: person() for n in range(30, 61, 2)}
    covers = plan(seen, 200, FPS)
    assert all(hidden(covers.boxes[n], SOMEBODY) for n in range(200))
    assert covers.lost == 1


def test_somebody_who_comes_and_leaves_by_the_sides_is_not_lost() -> None:
    seen = {}
    for n in range(30, 91, 2):
        x = (n - 30) / 60 * 0.9
        seen[n] = person(Box(x, 0.3, x + 0.1, 0.8))
    assert plan(seen, 200, FPS).lost == 0


def greys(lies: Box | None, from_picture: int, other_light: int = 0) -> dict[int, np.ndarray]:
    """A place, every second picture of 200; somebody lies in it, undetected, from `from_picture` on."""
    place = np.random.default_rng(2).integers(60, 140, (18, 32)).astype(np.uint8)
    place = cv2.resize(place, (320, 180), interpolation=cv2.INTER_CUBIC)
    made = {}
    for n in range(0, 200, 2):
        picture = place.copy()
        if n >= from_picture and lies is not None:
            rows = slice(int(lies.top * 180), int(lies.bottom * 180))
            picture[rows, int(lies.left * 320) : int(lies.right * 320)] = 20
        if n >= from_picture and other_light:
            picture = place[:, ::-1].copy()
        made[n] = picture
    return made


ENTERS = {n: person(Box(0.9 - 0.4 * n / 60, 0.3, min(1.0, 1.0 - 0.4 * n / 60), 0.8)) for n in range(0, 61, 2)}


def test_somebody_whose_place_is_as_before_is_not_lost() -> None:
    assert plan(ENTERS, 200, FPS).lost == 1
    assert plan(ENTERS, 200, FPS, greys(None, 62)).lost == 0


def test_somebody_who_lies_still_where_no_detector_finds_them_is_covered_and_not_called_gone() -> None:
    lies = Box(0.1, 0.75, 0.3, 0.9)
    covers = plan(ENTERS, 200, FPS, greys(lies, 62))
    assert all(any(covered(lies, each) > 0.999 for each in covers.boxes[n]) for n in range(62, 200))
    without = plan(ENTERS, 200, FPS, greys(None, 62))
    assert not any(covered(lies, each) > 0.5 for each in without.boxes[150])


def test_somebody_who_lay_there_before_they_were_found_is_covered_too() -> None:
    lies = Box(0.1, 0.75, 0.3, 0.9)
    film = greys(None, 0)
    for n in range(0, 90, 2):
        film[n] = greys(lies, 0)[n]
    rises = {n: person(Box(0.4 + 0.005 * (n - 100), 0.3, 0.5 + 0.005 * (n - 100), 0.8)) for n in range(100, 199, 2)}
    covers = plan(rises, 200, FPS, film)
    assert all(any(covered(lies, each) > 0.999 for each in covers.boxes[n]) for n in range(88))


def test_in_another_light_nobody_can_say_who_is_gone() -> None:
    assert plan(ENTERS, 200, FPS, greys(None, 62, other_light=1)).lost == 1


def test_covers_reach_two_seconds_before_and_after() -> None:
    covers = plan({60: person()}, 121, FPS)
    assert all(hidden(covers.boxes[n], SOMEBODY) for n in range(30, 91))
    assert not covers.boxes[0]


def test_a_face_alone_covers_a_whole_body() -> None:
    face = Box(0.5, 0.2, 0.54, 0.27)
    covers = plan({0: Findings((), (Detection(face, Kind.PERSON, 0.9),), ())}, 1, FPS)
    assert hidden(covers.boxes[0], Box(0.46, 0.17, 0.58, 0.7))
    assert covers.faces == 1


def test_what_moves_and_is_not_surely_a_pet_is_covered_too() -> None:
    region = Box(0.1, 0.5, 0.25, 0.8)
    sure = Detection(region, Kind.DOG, 0.8)
    unsure = Detection(region, Kind.DOG, 0.3)
    assert not plan({0: Findings((sure,), (), (region,))}, 1, FPS).boxes[0]
    assert hidden(plan({0: Findings((unsure,), (), (region,))}, 1, FPS).boxes[0], region)


def test_without_a_look_nothing_is_planned() -> None:
    with pytest.raises(ValueError, match="look"):
        plan({}, 10, FPS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.floats(0, 0.85), st.floats(0, 0.5)), min_size=1, max_size=12))
def test_nobody_that_was_found_is_ever_left_open(seen: list[tuple[int, float, float]]) -> None:
    looks = {n: person(Box(x, y, x + 0.1, y + 0.45)) for n, x, y in seen}
    covers = plan(looks, 81, FPS)
    for n, look in looks.items():
        assert hidden(covers.boxes[n], look.things[0].box)


def test_paint_leaves_nothing_of_what_was_under_it() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    painted = paint(noise, [Box(0.25, 0.25, 0.75, 0.75)])
    inside = painted[45:135, 80:240]
    assert inside.std() == 0
    assert (painted[:40] == noise[:40]).all()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Twenty-two seconds of the living room: a person crosses it."""
    path = tmp_path_factory.mktemp("walk") / "walk.mp4"
    return film(scene("living-room", width=640, height=360), path, 22).read_bytes()


def pictures(mp4: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("style", Style)
def test_in_every_picture_of_the_finished_film_people_are_flat_patches(walk: bytes, style: Style) -> None:
    knows = Knows("living-room", blinks=frozenset(range(40, 62, 2)))
    done = redact_film(walk, knows, Blind(), style=style, from_ms=0, to_ms=21_000)
    seen = pictures(done.mp4)
    assert len(seen) == done.report.pictures == 315
    assert 20_000 <= done.length_ms <= 30_000
    people = 0
    for n, picture in enumerate(seen):
        for truth in knows.scene.truth_at(n):
            if truth.kind != "person":
                continue
            people += 1
            height, width = picture.shape[:2]
            box = truth.box
            patch = picture[
                int(box.top * height) + 3 : int(box.bottom * height) - 3,
                int(box.left * width) + 3 : int(box.right * width) - 3,
            ]
            if patch.size:
                grey = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)
                assert grey.std() < 4, (n, truth)
    assert people > 40
    assert done.report.uncovered == 0


def test_what_lies_under_a_mask_is_black_in_every_picture(walk: bytes) -> None:
    corner = Area("bed", "mask", ((0.0, 0.0), (0.3, 0.0), (0.3, 0.4), (0.0, 0.4)))
    done = redact_film(walk, Knows("living-room"), Blind(), masks=(corner,), from_ms=0, to_ms=21_000)
    for picture in pictures(done.mp4):
        height, width = picture.shape[:2]
        assert picture[: int(0.38 * height), : int(0.28 * width)].max() < 24
        assert picture[int(0.1 * height), int(0.6 * width)].max() > 60


def test_sound_tags_and_every_byte_of_the_first_film_are_gone(walk: bytes) -> None:
    done = redact_film(walk, Knows("living-room"), Blind(), from_ms=0, to_ms=21_000)
    with av.open(io.BytesIO(done.mp4), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert {*container.metadata} <= {"major_brand", "minor_version", "compatible_brands"}
        before = {bytes(p) for p in av.open(io.BytesIO(walk), "r").demux(video=0)}
        assert not before & {bytes(p) for p in container.demux(video=0)} - {b""}
    assert b"x264" not in done.mp4
    assert b"Lavf" not in done.mp4


@pytest.mark.parametrize(("from_ms", "to_ms"), [(0, 19_000), (0, 31_000), (5_000, 4_000)])
def test_a_gift_is_twenty_to_thirty_seconds(walk: bytes, from_ms: int, to_ms: int) -> None:
    with pytest.raises(CannotRedact, match="20 to 30"):
        redact_film(walk, Blind(), Blind(), from_ms=from_ms, to_ms=to_ms)


def test_films_that_are_none_and_films_that_break_off_are_refused(walk: bytes) -> None:
    for raw in (b"", b"\0" * 4000, walk[:2000], b"\xff\xff\xff\xffmdat" + walk):
        with pytest.raises(CannotRedact):
            redact_film(raw, Blind(), Blind(), from_ms=0, to_ms=21_000)


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "videos").is_dir(), reason="../shared/data is not here")
@pytest.mark.parametrize(
    ("name", "from_ms"),
    [
        ("person__driveway_man_walks", 0),
        ("person__room_people_one_by_one", 7_000),
    ],
)
def test_nobody_is_found_again_in_real_films(name: str, from_ms: int) -> None:
    models = SHARED / "models"
    assert find(known_models()["yolox_nano"], models)
    eyes = open_privacy_eyes(models)
    raw = (SHARED / "videos" / f"{name}.mp4").read_bytes()
    done = redact_film(raw, eyes.detector, eyes.faces, from_ms=from_ms, to_ms=from_ms + 4_000, any_length=True)
    assert done.report.people > 0
    assert done.report.uncovered == 0


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "videos").is_dir(), reason="../shared/data is not here")
@pytest.mark.parametrize(
    ("name", "lies"),
    [
        ("fall__home_subject3_fall_01", Box(0.26, 0.68, 0.68, 0.99)),
        ("fall__home_subject3_fall_16", Box(0.26, 0.68, 0.70, 0.93)),
    ],
)
def test_whoever_falls_and_lies_is_covered_to_the_films_end(name: str, lies: Box) -> None:
    """Where they lie was read off the films by eye. These films were refused when nobody could say where they lay."""
    eyes = open_privacy_eyes(SHARED / "models")
    raw = (SHARED / "videos" / f"{name}.mp4").read_bytes()
    done = redact_film(raw, eyes.detector, eyes.faces, from_ms=0, to_ms=8_000, any_length=True)
    last = pictures(done.mp4)[-3]
    height, width = last.shape[:2]
    patch = last[int(lies.top * height) : int(lies.bottom * height), int(lies.left * width) : int(lies.right * width)]
    assert cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).std() < 4
