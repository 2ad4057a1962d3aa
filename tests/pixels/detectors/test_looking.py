"""What the eyes do with pictures and regions, whatever they know."""

from __future__ import annotations

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError
from nightlatch.lab.eye.clips import looks
from nightlatch.pixels.detectors.eye import SIDE, BuiltInEye, crop
from nightlatch.pixels.detectors.faces import FaceFinder
from nightlatch.pixels.detectors.motion import PlainMotion
from nightlatch.pixels.detectors.yolox import COCO, Yolox, merged

MODELS = Path(__file__).resolve().parents[4] / "shared" / "data" / "models"
CORNERS = [Box(0, 0, 0.1, 0.2), Box(0.9, 0.8, 1, 1), Box(0, 0, 1, 1), Box(0.5, 0.5, 0.5001, 0.5001)]
DICE = np.random.default_rng(3)


def test_the_eye_takes_regions_at_the_edges_and_pictures_of_any_shape() -> None:
    eye = BuiltInEye()
    for shape in ((720, 1280, 3), (60, 106, 3), (1280, 720, 3)):
        picture = DICE.integers(0, 255, shape, np.uint8)
        for found in eye.look(picture, CORNERS):
            assert found.box in CORNERS
            assert found.kind in eye.kinds
            assert 0 <= found.score <= 1
        for region in CORNERS:
            assert crop(picture, region, 1.3).shape == (SIDE, SIDE, 3)


def test_without_regions_the_eye_sees_nothing() -> None:
    assert BuiltInEye().look(np.zeros((90, 160, 3), np.uint8), []) == []


def test_the_eye_says_the_same_again() -> None:
    picture = DICE.integers(0, 255, (360, 640, 3), np.uint8)
    assert BuiltInEye().look(picture, CORNERS) == BuiltInEye().look(picture, CORNERS)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "eye.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"eye\.onnx"):
        BuiltInEye(tmp_path / "eye.onnx")


def test_plain_motion_says_nothing_of_what_moves() -> None:
    found = PlainMotion().look(np.zeros((9, 16, 3), np.uint8), CORNERS)
    assert [each.box for each in found] == CORNERS
    assert {each.kind for each in found} == {Kind.MOTION}
    assert all(each.score == 0 for each in found)


def test_luggage_is_no_package_and_a_cow_is_an_animal() -> None:
    assert COCO[19] is Kind.ANIMAL
    assert not {24, 26, 28} & COCO.keys()


def test_two_boxes_of_one_thing_become_the_surer_one() -> None:
    box = Box(0.2, 0.2, 0.4, 0.8)
    near = Box(0.21, 0.2, 0.41, 0.8)
    far = Box(0.7, 0.2, 0.9, 0.8)
    found = [Detection(box, Kind.DOG, 0.4), Detection(near, Kind.PERSON, 0.7), Detection(far, Kind.DOG, 0.5)]
    assert merged(found) == [found[1], found[2]]


@pytest.mark.shared
@pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/data/models")
def test_yolox_sees_nothing_in_grey_and_takes_any_shape() -> None:
    yolox = Yolox(MODELS / "yolox_nano.onnx")
    for shape in ((720, 1280, 3), (60, 106, 3), (700, 300, 3)):
        assert yolox.look(np.full(shape, 114, np.uint8), CORNERS) == []


@pytest.mark.shared
@pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/data/models")
def test_yolox_says_where_a_monitor_and_a_laptop_are_and_sees_no_screen_in_grey() -> None:
    yolox = Yolox(MODELS / "yolox_nano.onnx")
    middles = {"desk.jpg": (0.5, 0.35), "room_4.jpg": (0.52, 0.42)}
    with tarfile.open(MODELS.parent / "images" / "jetson_inference.tar") as photos:
        for name, (x, y) in middles.items():
            photo = photos.extractfile(f"jetson_inference_mit/{name}")
            assert photo is not None
            picture = np.asarray(cv2.imdecode(np.frombuffer(photo.read(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
            assert any(box.left < x < box.right and box.top < y < box.bottom for box in yolox.screens(picture)), name
    for shape in ((720, 1280, 3), (60, 106, 3), (700, 300, 3)):
        assert yolox.screens(np.full(shape, 114, np.uint8)) == []


@pytest.mark.shared
@pytest.mark.skipif(not MODELS.is_dir(), reason="needs ../shared/data/models")
def test_a_face_is_found_where_one_is_and_nowhere_else() -> None:
    finder = FaceFinder(MODELS / "yunet_n_640_640.onnx")
    film = MODELS.parent / "videos" / "person__gif_head_pose_face_detection_male.mp4"
    pictures = [look.bgr for look in looks(film)]
    found = [finder.find(bgr) for bgr in pictures]
    assert sum(len(each) == 1 for each in found) > 0.7 * len(pictures)
    assert finder.find(np.full((480, 640, 3), 90, np.uint8)) == []
