"""The pose detector: where a body lies follows from two of its points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nightlatch.domain.sighting import Kind
from nightlatch.errors import ConfigError, NotFound
from nightlatch.lab.eye.clips import looks
from nightlatch.pixels.detectors.models import BESIDE
from nightlatch.pixels.detectors.pose import ALONG, PoseNetwork, _box, _centres

FILE = BESIDE / "pose_detection.tflite"
FILMS = Path(__file__).resolve().parents[4] / "shared" / "data" / "videos"
needs_model = pytest.mark.skipif(not FILE.is_file(), reason="the model comes with set-up: make models")


def test_somebody_who_stands_is_high_and_somebody_who_lies_is_wide() -> None:
    hips = np.array((100, 100), np.float32)
    (left, top), (right, bottom) = _box(hips, np.array((100, 40), np.float32))
    assert bottom - top == pytest.approx(2 * ALONG * 60)
    assert bottom - top > 2 * (right - left)
    (left, top), (right, bottom) = _box(hips, np.array((160, 100), np.float32))
    assert right - left > 2 * (bottom - top)


def test_every_cell_has_its_rows() -> None:
    centres = _centres()
    assert centres.shape == (2254, 2)
    assert centres[0] == pytest.approx(centres[1])
    assert centres[2] == pytest.approx((1.5 / 28, 0.5 / 28))
    assert centres[-1] == pytest.approx((6.5 / 7, 6.5 / 7))


def test_without_its_file_it_says_that_it_comes_with_set_up(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="comes with set-up"):
        PoseNetwork(tmp_path / "pose_detection.tflite")


@needs_model
def test_half_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pose_detection.tflite").write_bytes(FILE.read_bytes()[:1_000_000])
    with pytest.raises(ConfigError, match="damaged"):
        PoseNetwork(tmp_path / "pose_detection.tflite")


@needs_model
def test_nobody_is_seen_where_nobody_is_whatever_the_shape() -> None:
    pose = PoseNetwork(FILE)
    for height, width in ((1, 1), (8, 2000), (2000, 8), (720, 1280)):
        assert pose.look_at(np.full((height, width, 3), 90, np.uint8), (0, 0, width, height)) == []


@needs_model
@pytest.mark.shared
@pytest.mark.skipif(not FILMS.is_dir(), reason="needs ../shared/data/videos")
def test_somebody_who_walks_is_one_person_at_half_weight_from_head_to_foot() -> None:
    pose, seen = PoseNetwork(FILE), []
    for look in looks(FILMS / "person__office_gesture_walk.mkv"):
        height, width = look.bgr.shape[:2]
        found = pose.look_at(look.bgr, (0, 0, width, height))
        assert all(each.kind is Kind.PERSON and 0.25 <= each.score <= 0.5 for each in found)
        seen += found
    assert seen
    assert max(each.box.bottom - each.box.top for each in seen) > 0.3
