"""What is given is a plate and drawings: a whole film, nothing of the first one in it, and nobody is found again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.redaction import Style
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.models import BESIDE, find, known_models
from nightlatch.pixels.hiding.eyes import NEEDED, PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.hiding.film import CannotRedact, Excerpt, encoded
from nightlatch.pixels.hiding.looking import LOOK_EVERY
from nightlatch.pixels.hiding.puppets import COLOURS, RIM
from nightlatch.pixels.hiding.redacting import redact_film, stage_of
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from tests.pixels.hiding.scenes import Blind

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
GREY = 96
REAL = pytest.mark.skipif(
    not (SHARED / "videos").is_dir() or any(not (BESIDE / known_models()[n].file).is_file() for n in NEEDED[2:]),
    reason="../shared/data or a network that comes with set-up is not here",
)


class Knows:
    """Finds people where the scene says they are; blinks in pictures whose number `blinks` names."""

    name = "truth"

    def __init__(self, name: str, blinks: frozenset[int] = frozenset()) -> None:
        self.scene, self.blinks, self.looked, self.pictures = scene(name), blinks, 0, 105

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        if bgr.shape[0] > bgr.shape[1]:  # a picture that was turned
            return []
        self.looked += 1
        if self.looked > self.pictures:  # the plate is looked at
            return []
        index = (self.looked - 1) * LOOK_EVERY
        if index in self.blinks:
            return []
        return [Detection(t.box, Kind(t.kind), 0.9) for t in self.scene.truth_at(index) if t.kind == "person"]


def eyes(blinks: frozenset[int] = frozenset()) -> PrivacyEyes:
    return PrivacyEyes(Knows("living-room", blinks), Blind(), Blind())


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Twenty-two seconds of the living room: a person crosses it."""
    path = tmp_path_factory.mktemp("walk") / "walk.mp4"
    return film(scene("living-room", width=640, height=360), path, 22).read_bytes()


def pictures(mp4: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_in_every_picture_of_the_finished_film_no_pixel_is_like_the_person(walk: bytes) -> None:
    """Each pixel of theirs is like the empty place, grey, or a colour of the drawings."""
    knows = Knows("living-room", blinks=frozenset(range(60, 120)))
    knows.scene = scene("living-room", width=640, height=360)
    done = redact_film(walk, PrivacyEyes(knows, Blind(), Blind()), from_ms=0, to_ms=21_000)
    assert done.report.style is Style.PUPPETS
    seen = pictures(done.mp4)
    assert len(seen) == done.report.pictures == 315
    assert 20_000 <= done.length_ms <= 30_000
    empty = knows.scene.ground.astype(int)
    people = 0
    for n in range(0, len(seen), 5):
        picture, made = knows.scene.frame(n).astype(int), seen[n].astype(int)
        theirs = np.abs(picture - empty).max(axis=2) > 40
        if not any(truth.kind == "person" for truth in knows.scene.truth_at(n)):
            continue
        people += 1
        as_empty = np.abs(made - empty).max(axis=2)
        as_they = np.abs(made - picture).max(axis=2)
        drawing = np.min([np.abs(made - colour).max(axis=2) for colour in (*COLOURS, RIM, (GREY,) * 3)], axis=0)
        shown = theirs & (as_they < 16) & (as_empty > 40) & (drawing > 40)
        assert shown.sum() <= max(2, 0.001 * theirs.sum()), n
    assert people > 20
    assert done.report.uncovered == 0
    assert 0 < done.report.share_drawn < 0.2
    assert done.report.share_covered >= max(done.report.share_grey, done.report.share_drawn)


def test_what_lies_under_a_mask_is_black_in_every_picture(walk: bytes) -> None:
    corner = Area("bed", "mask", ((0.0, 0.0), (0.3, 0.0), (0.3, 0.4), (0.0, 0.4)))
    done = redact_film(walk, eyes(), masks=(corner,), from_ms=0, to_ms=21_000)
    for picture in pictures(done.mp4):
        height, width = picture.shape[:2]
        assert picture[: int(0.38 * height), : int(0.28 * width)].max() < 24
        assert picture[int(0.1 * height), int(0.6 * width)].max() > 60


def test_sound_tags_and_every_byte_of_the_first_film_are_gone(walk: bytes) -> None:
    done = redact_film(walk, eyes(), from_ms=0, to_ms=21_000)
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
        redact_film(walk, eyes(), from_ms=from_ms, to_ms=to_ms)


def test_a_camera_that_moves_is_refused_with_the_second_and_the_picture(tmp_path: Path) -> None:
    path = film(scene("camera-shake", width=640, height=360), tmp_path / "shaken.mp4", 4)
    with av.open(str(path)) as container:
        still = next(container.decode(video=0)).to_ndarray(format="bgr24")
    turns = encoded(np.ascontiguousarray(np.roll(still, n * 4, axis=1)) for n in range(315))
    with pytest.raises(CannotRedact, match=r"The camera moves, first at second \d+ \(picture \d+\)"):
        redact_film(turns, eyes(), from_ms=0, to_ms=21_000)


def test_films_that_are_none_and_films_that_break_off_are_refused(walk: bytes) -> None:
    for raw in (b"", b"\0" * 4000, walk[:2000], b"\xff\xff\xff\xffmdat" + walk):
        with pytest.raises(CannotRedact):
            redact_film(raw, eyes(), from_ms=0, to_ms=21_000)


@pytest.mark.shared
@REAL
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
    raw = (SHARED / "videos" / f"{name}.mp4").read_bytes()
    done = redact_film(raw, open_privacy_eyes(models), from_ms=from_ms, to_ms=from_ms + 4_000, any_length=True)
    assert done.report.people > 0
    assert done.report.uncovered == 0


@pytest.mark.shared
@REAL
@pytest.mark.parametrize(
    ("name", "lies"),
    [
        ("fall__home_subject3_fall_01", Box(0.26, 0.68, 0.68, 0.99)),
        ("fall__home_subject3_fall_16", Box(0.26, 0.68, 0.70, 0.93)),
    ],
)
def test_whoever_falls_and_lies_is_not_on_the_plate(name: str, lies: Box) -> None:
    """Where they lie was read off the films by eye: what the plate shows there is as it was before they fell."""
    raw = (SHARED / "videos" / f"{name}.mp4").read_bytes()
    film = Excerpt(raw, 0, 8_000)
    stage = stage_of(film, open_privacy_eyes(SHARED / "models"), lambda share: None, any_length=True)
    *_, (_, last) = film.pictures(LOOK_EVERY)
    height, width = last.shape[:2]
    there = np.s_[int(lies.top * height) : int(lies.bottom * height), int(lies.left * width) : int(lies.right * width)]
    small = [cv2.GaussianBlur(each[there], (0, 0), 3).astype(int) for each in (stage.plate.picture, last)]
    alike = stage.plate.is_known[there] & (np.abs(small[0] - small[1]).max(axis=2) < 12)
    assert alike.mean() < 0.15  # of the box that holds them, corners of floor included
    assert any(puppet.kind is Kind.PERSON for puppet in stage.puppets[-1])
