"""A leaked picture names its view; one that was never marked names nobody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from nightlatch.commands.trace import trace
from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.watermark.forensic import mark, recover
from nightlatch.pixels.watermark.marking import mark_key, marker
from nightlatch.pixels.watermark.visible import visible

KEY = b"k" * 32
AT_MS = 1_800_000_000_000


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    return scene("living-room", seed=3).frame(60)


@pytest.fixture(scope="module")
def marked(plain: np.ndarray) -> np.ndarray:
    return marker(KEY)(plain, "heron", AT_MS, 4711)


def harmed(picture: np.ndarray, how: str) -> np.ndarray:
    height, width = picture.shape[:2]
    match how:
        case "encoded again":
            return cv2.imdecode(cv2.imencode(".jpg", picture, [1, 40])[1], 1)
        case "half as large":
            return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        case "cut":
            return picture[height // 4 : height // 4 + height * 6 // 10, width // 5 : width // 5 + width * 6 // 10]
        case "turned":
            way = cv2.getRotationMatrix2D((width / 2, height / 2), 2.3, 1.0)
            return cv2.warpAffine(picture, way, (width, height))
        case "photographed at an angle":
            corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            askew = corners + np.array([[26, 15], [-20, 26], [-10, -20], [18, -13]], np.float32)
            seen = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, askew), (width, height))
            grain = np.random.default_rng(1).normal(0, 4, seen.shape)
            return np.clip(cv2.GaussianBlur(seen, (0, 0), 0.9) + grain, 0, 255).astype(np.uint8)
    return picture


@pytest.mark.parametrize(
    "how", ["as it is", "encoded again", "half as large", "cut", "turned", "photographed at an angle"]
)
def test_a_leak_names_its_view(marked: np.ndarray, how: str) -> None:
    found = recover([harmed(marked, how)], KEY)
    assert found is not None
    assert (found.view, found.is_whole) == (4711, True)


def test_a_picture_that_was_never_marked_accuses_nobody(plain: np.ndarray) -> None:
    assert recover([visible(plain, "heron", AT_MS, 1)], KEY) is None


def test_without_the_key_nothing_is_read(marked: np.ndarray) -> None:
    assert recover([marked], b"another key of thirty-two bytes.") is None


def test_nobody_sees_the_hidden_mark(plain: np.ndarray) -> None:
    assert cv2.PSNR(plain, mark(plain, 1, KEY)) > 40


def test_the_written_mark_wanders_and_covers_little_for_long(plain: np.ndarray) -> None:
    one, later = (visible(plain, "heron", AT_MS + s * 1000, 7) != plain for s in (0, 12))
    assert 0.002 < one.any(axis=2).mean() < 0.2
    both = (one & later).any(axis=2).sum() / one.any(axis=2).sum()
    assert both < 0.5


def test_trace_reads_a_file_and_says_so_plainly_when_there_is_nothing(
    tmp_path: Path, marked: np.ndarray, plain: np.ndarray
) -> None:
    app = Typer()
    app.command()(trace)
    key = tmp_path / "mark.key"
    key.write_bytes(KEY)
    for name, picture in (("leak.jpg", marked), ("other.png", plain)):
        cv2.imwrite(str(tmp_path / name), picture)
    leak = CliRunner().invoke(app, [str(tmp_path / "leak.jpg"), "--key", str(key)])
    assert leak.exit_code == 0
    assert "View 4711" in leak.output
    other = CliRunner().invoke(app, [str(tmp_path / "other.png"), "--key", str(key)])
    assert other.exit_code == 1
    assert "No mark was found" in other.output


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    key = mark_key(tmp_path / "mark.key")
    assert mark_key(tmp_path / "mark.key") == key
    assert (tmp_path / "mark.key").stat().st_mode & 0o777 == 0o600
