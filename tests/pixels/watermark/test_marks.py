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
from nightlatch.pixels.watermark.code import CODED, number_of, spread
from nightlatch.pixels.watermark.forensic import Statement, bit_errors, mark, recover, together
from nightlatch.pixels.watermark.marking import SMALLEST, enlarged, mark_key, marker
from nightlatch.pixels.watermark.visible import visible, writing

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


def page_with(picture: np.ndarray, wide: int = 964) -> np.ndarray:
    """A screenshot of 1366 × 768: the picture on a dark stage, as large as fits, letters beside it."""
    page = np.full((768, 1366, 3), 246, np.uint8)
    page[69:647, 19:983] = (14, 13, 11)
    share = min(wide / picture.shape[1], 578 / picture.shape[0])
    shown = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA if share < 1 else 1)
    top, left = 69 + (578 - shown.shape[0]) // 2, 19 + (964 - shown.shape[1]) // 2
    page[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    for n, word in enumerate(("Person", "Other animal", "Passing", "Delivering", "Trying doors", "Threat", "Routine")):
        cv2.putText(page, word, (1010, 100 + 80 * n), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (30, 30, 30), 1, cv2.LINE_AA)
    return page


def flat_film(width: int, height: int) -> np.ndarray:
    """As given films are: grey where nobody knows, a plain figure, a little of the room."""
    room = cv2.resize(scene("living-room", seed=5).frame(20), (width, height), interpolation=cv2.INTER_AREA)
    room[:, : width // 2] = (90, 94, 92)
    middle = (width * 2 // 3, height // 2)
    cv2.ellipse(room, middle, (width // 16, height // 3), 0, 0, 360, (38, 119, 240), -1)
    return room


@pytest.mark.parametrize(
    "how", ["as it is", "encoded again", "half as large", "cut", "turned", "photographed at an angle"]
)
def test_a_leak_names_its_view(marked: np.ndarray, how: str) -> None:
    found = recover([harmed(marked, how)], KEY)
    assert found is not None
    assert (found.view, found.is_whole) == (4711, True)


@pytest.mark.parametrize("size", [(320, 240), (480, 270), (640, 360), (640, 480), (360, 640), (1280, 720)])
@pytest.mark.parametrize("how", ["as it is", "encoded again", "turned"])
def test_a_screenshot_of_the_whole_page_names_the_view_of_a_flat_film(size: tuple[int, int], how: str) -> None:
    shown = marker(KEY)(flat_film(*size), "heron", AT_MS, 81)
    found = recover([harmed(page_with(shown), how)], KEY)
    assert found is not None
    assert (found.view, found.is_whole) == (81, True)


def test_pictures_that_are_too_damaged_alone_name_their_view_together() -> None:
    dice = np.random.default_rng(11)
    written = spread(number_of(4711))
    readings = [Statement(6.5, 0.5 * written + dice.normal(size=CODED)) for _ in range(4)]
    for reading in readings:
        alone = together([reading])
        assert alone is not None
        assert not alone.is_whole
    found = together(readings)
    assert found is not None
    assert (found.view, found.is_whole) == (4711, True)


def test_two_screenshots_of_a_noisy_screen_are_read_together() -> None:
    leaks = []
    for n in range(2):
        noise = np.random.default_rng(n).normal(0, 26, (768, 1366, 3))
        shown = page_with(marker(KEY)(flat_film(640, 360), "heron", AT_MS + 3000 * n, 4711))
        leaks.append(np.clip(shown + noise, 0, 255).astype(np.uint8))
    found = recover([leaks[0], cv2.resize(leaks[1], None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)], KEY)
    assert found is not None
    assert (found.view, found.is_whole) == (4711, True)


def test_what_two_reviewers_mix_never_names_a_third(plain: np.ndarray) -> None:
    for first, second in ((7, 8), (4711, 90_210), (1, 2**32 - 1)):
        both = cv2.addWeighted(mark(plain, first, KEY), 0.5, mark(plain, second, KEY), 0.5, 0)
        found = recover([both], KEY)
        assert found is None or not found.is_whole or found.view in (first, second)


def test_a_small_film_is_shown_larger_and_a_large_one_as_it_is(plain: np.ndarray) -> None:
    assert enlarged(flat_film(320, 240)).shape == (480, SMALLEST, 3)
    assert enlarged(flat_film(106, 60)).shape == (362, SMALLEST, 3)
    assert enlarged(plain) is plain


def test_a_mark_on_brightness_alone_is_the_same_mark(plain: np.ndarray) -> None:
    grey = mark(cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY), 12, KEY)
    found = recover([cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)], KEY)
    assert bit_errors(found, 12) == 0


def test_a_picture_that_was_never_marked_accuses_nobody(plain: np.ndarray) -> None:
    assert recover([visible(plain, "heron", AT_MS, 1)], KEY) is None


def test_without_the_key_nothing_is_read(marked: np.ndarray) -> None:
    assert recover([marked], b"another key of thirty-two bytes.") is None


def test_nobody_sees_the_hidden_mark(plain: np.ndarray) -> None:
    assert cv2.PSNR(plain, mark(plain, 1, KEY)) > 40


@pytest.mark.parametrize("size", [(640, 480), (640, 360), (360, 640), (640, 160), (768, 432), (1280, 720), (1280, 960)])
@pytest.mark.parametrize("name", ["heron", "grey-heron-of-the-morning-tide"])
def test_the_written_mark_is_whole_and_large_enough_at_every_size(size: tuple[int, int], name: str) -> None:
    line = writing(name, AT_MS, 2**32 - 1, *size)
    assert line.across + 2 <= size[0]
    assert 3 * line.down < size[1]
    assert line.capital * min(964 / size[0], 578 / size[1]) >= 6.5  # pixels, as a page of 1366 × 768 shows it


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
    assert "read in 1 of 1" in leak.output
    other = CliRunner().invoke(app, [str(tmp_path / "other.png"), "--key", str(key)])
    assert other.exit_code == 1
    assert "No mark was found" in other.output


def test_trace_tells_the_pictures_of_two_views_apart(tmp_path: Path, plain: np.ndarray) -> None:
    app = Typer()
    app.command()(trace)
    key = tmp_path / "mark.key"
    key.write_bytes(KEY)
    for view in (5, 6):
        cv2.imwrite(str(tmp_path / f"{view}.jpg"), page_with(mark(plain, view, KEY)))
    both = CliRunner().invoke(app, [str(tmp_path / "5.jpg"), str(tmp_path / "6.jpg"), "--key", str(key)])
    assert both.exit_code == 0
    assert "5.jpg: view 5" in both.output
    assert "6.jpg: view 6" in both.output


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    key = mark_key(tmp_path / "mark.key")
    assert mark_key(tmp_path / "mark.key") == key
    assert (tmp_path / "mark.key").stat().st_mode & 0o777 == 0o600
