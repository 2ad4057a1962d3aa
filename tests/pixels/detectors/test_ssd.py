"""The second network: its own runtime's numbers, and boxes that land where they belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors.models import BESIDE
from nightlatch.pixels.detectors.ssd import SsdNetwork, _anchors, _boxes

FILE = BESIDE / "ssd_oidv4.tflite"
needs_model = pytest.mark.skipif(not FILE.is_file(), reason="the model comes with set-up: make models")
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
def test_its_offsets_are_those_of_its_own_runtime() -> None:
    rgb = slope()[..., ::-1].astype(np.float32) / 127.5 - 1
    offsets = SsdNetwork(FILE)._network.run(np.ascontiguousarray(rgb)[None])[0][0]
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
    assert SsdNetwork(FILE).look_at(slope(), (0, 0, 300, 300)) == []


@needs_model
@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 2000, 3), (2000, 8, 3), (300, 300, 3)])
def test_a_picture_of_any_shape_is_looked_at(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    for found in SsdNetwork(FILE).look_at(picture, (0, 0, shape[1], shape[0])):
        assert 0 <= found.box.left < found.box.right <= 1


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="comes with set-up"):
        SsdNetwork(tmp_path / "none.tflite")


@needs_model
@pytest.mark.parametrize("way", ["cut", "changed", "empty", "other"])
def test_a_damaged_model_is_refused_before_its_runtime_sees_it(tmp_path: Path, way: str) -> None:
    raw = FILE.read_bytes()
    made = {"cut": raw[:-1], "changed": raw[:5_000] + b"?" + raw[5_001:], "empty": b"", "other": b"no model"}[way]
    (tmp_path / "ssd.tflite").write_bytes(made)
    with pytest.raises(ConfigError, match=r"ssd\.tflite is damaged"):
        SsdNetwork(tmp_path / "ssd.tflite")
