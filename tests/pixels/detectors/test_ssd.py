"""The second network: it gives in OpenCV what it gives in its own runtime, and boxes land where they belong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors.both import SMALLEST_PX, fused, window_around
from nightlatch.pixels.detectors.ssd import FILE, Ssd, _anchors, _boxes, _in_order

needs_model = pytest.mark.skipif(not FILE.is_file(), reason="the model comes with set-up: make page")
# Offsets of these boxes for `slope`, as LiteRT 2.3 computes them.
LITERT = {
    0: (-2.649, -2.634, -80.56, -80.555),
    700: (0.498, 0.211, 0.2, -0.227),
    1083: (2.272, 0.666, 0.415, -0.257),
    1500: (0.261, -0.675, 0.564, -1.638),
    1700: (0.925, 0.205, -1.486, 2.371),
    1850: (1.031, -1.282, -0.512, -0.588),
    1916: (0.025, 0.029, -0.004, -0.184),
}


def slope() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    y, x = np.mgrid[:300, :300]
    return np.stack((x * 255 // 299, y * 255 // 299, (x + y) * 255 // 598), -1).astype(np.uint8)


@needs_model
def test_opencv_computes_what_the_models_own_runtime_computes() -> None:
    """OpenCV hands out each layer's offsets in an order of its own; another version may do otherwise."""
    ssd = Ssd()
    ssd._network.setInput(cv2.dnn.blobFromImage(slope(), 1 / 127.5, (300, 300), (127.5,) * 3, swapRB=True))
    offsets = _in_order(ssd._network.forward(ssd._outputs)[0][0])
    for number, wanted in LITERT.items():
        assert offsets[number] == pytest.approx(wanted, abs=0.005)


def test_an_anchor_without_offsets_is_its_own_box() -> None:
    anchors = _anchors()
    assert anchors.shape == (1917, 4)
    last = _boxes(np.zeros((1, 4), np.float32), anchors[-1:])[0]  # square, in the middle, larger than the picture
    assert last == pytest.approx((0.5 - 0.4873, 0.5 - 0.4873, 0.5 + 0.4873, 0.5 + 0.4873), abs=0.001)
    moved = _boxes(np.array([[10, 0, 0, 0]], np.float32), np.array([[0.5, 0.2, 0.1, 0.2]], np.float32))[0]
    assert moved == pytest.approx((0.45, 0.3, 0.55, 0.5), abs=1e-6)  # one height further down


@needs_model
def test_nothing_is_seen_in_plain_colours() -> None:
    picture = slope()
    assert Ssd().look_at(picture, (0, 0, 300, 300)) == []


def test_a_model_that_is_not_there_or_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="comes with set-up"):
        Ssd(tmp_path / "none.tflite")
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    with pytest.raises(ConfigError):
        Ssd(tmp_path / "broken.tflite")


# ---- both networks together


def test_the_piece_that_is_asked_about_holds_all_that_moves() -> None:
    regions = [Box(0.1, 0.2, 0.15, 0.3), Box(0.2, 0.3, 0.25, 0.35)]
    left, top, right, bottom = window_around(regions, 1280, 720) or (0, 0, 0, 0)
    assert right - left == bottom - top >= SMALLEST_PX
    assert left <= 0.1 * 1280
    assert right >= 0.25 * 1280
    assert top <= 0.2 * 720
    assert bottom >= 0.35 * 720


@pytest.mark.parametrize("regions", [[], [Box(0, 0, 1, 1)], [Box(0.0, 0.0, 0.1, 0.1), Box(0.9, 0.9, 1.0, 1.0)]])
def test_what_moves_everywhere_or_nowhere_is_asked_about_in_the_whole_picture(regions: list[Box]) -> None:
    assert window_around(regions, 1280, 720) is None


def test_a_piece_at_the_edge_lies_within_the_picture() -> None:
    left, top, right, bottom = window_around([Box(0.97, 0.95, 1.0, 1.0)], 640, 360) or (0, 0, 0, 0)
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 360


def test_of_one_thing_the_better_founded_opinion_stands_and_of_two_both() -> None:
    here, nearly, there = Box(0.1, 0.1, 0.3, 0.6), Box(0.11, 0.1, 0.3, 0.6), Box(0.6, 0.1, 0.8, 0.6)
    one = [Detection(here, Kind.PERSON, 0.4), Detection(there, Kind.CAT, 0.5)]
    two = [Detection(nearly, Kind.PERSON, 0.7), Detection(there, Kind.DOG, 0.6), Detection(here, Kind.CAT, 0.3)]
    assert fused(one, two) == [two[0], two[1], two[2]]
    assert fused(two, one) == two
