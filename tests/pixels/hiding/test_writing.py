"""Clocks, names, plates, signs and screens are grey on the plate; bricks, fences and leaves are not taken for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.pixels.hiding.eyes import PrivacyEyes
from nightlatch.pixels.hiding.film import Excerpt
from nightlatch.pixels.hiding.plate import GREY, Plate, Sample, mask_of
from nightlatch.pixels.hiding.redacting import Stage, redact_film, stage_of
from nightlatch.pixels.hiding.writing import writing_on, written
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.places import LivingRoom
from tests.pixels.hiding.scenes import Blind

WIDTH, HEIGHT = 640, 360
CLOCK = "2026-11-28 16:27:36"
Colour = tuple[int, int, int]
WHITE, BLACK, YELLOW, RED = (255, 255, 255), (0, 0, 0), (0, 255, 255), (0, 0, 255)


def room() -> np.ndarray:
    return LivingRoom(1, WIDTH, HEIGHT, 15).frame(0)


def write(
    picture: np.ndarray,
    words: str,
    at: tuple[int, int],
    high: int,
    colour: Colour,
    face: int = cv2.FONT_HERSHEY_SIMPLEX,
    outline: Colour | None = None,
) -> np.ndarray:
    """Write on the picture, the first foot at `at`; which pixels are ink."""
    scale = cv2.getFontScaleFromHeight(face, high, 1)
    thick = max(1, round(high / 10))
    if outline is not None:
        cv2.putText(picture, words, at, face, scale, outline, thick + 2, cv2.LINE_AA)
    cv2.putText(picture, words, at, face, scale, colour, thick, cv2.LINE_AA)
    alpha = np.zeros(picture.shape[:2], np.uint8)
    cv2.putText(alpha, words, at, face, scale, 255, thick, cv2.LINE_AA)
    return alpha > 100


def compressed(picture: np.ndarray) -> np.ndarray:
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def covered(picture: np.ndarray, ink: np.ndarray) -> float:
    return float(mask_of(writing_on(compressed(picture)), picture.shape)[ink].mean())


@pytest.mark.parametrize("at", [(12, 24), (330, 24), (150, 24), (12, 350), (330, 350)])
@pytest.mark.parametrize("high", [9, 12, 16])
@pytest.mark.parametrize(("colour", "outline"), [(WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE), (RED, None)])
def test_a_burnt_in_clock_is_covered(at: tuple[int, int], high: int, colour: Colour, outline: Colour | None) -> None:
    picture = room()
    assert covered(picture, write(picture, CLOCK, at, high, colour, outline=outline)) > 0.95


@pytest.mark.parametrize("face", [cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX])
@pytest.mark.parametrize("words", ["Front Door", "CAM 02", "Wohnzimmer", "28.11.2026 16:27"])
def test_a_name_in_any_face_is_covered(face: int, words: str) -> None:
    picture = room()
    assert covered(picture, write(picture, words, (14, 346), 14, WHITE, face, BLACK)) > 0.95


@pytest.mark.parametrize("turned", [-10.0, 0.0, 10.0])
@pytest.mark.parametrize("high", [10, 16, 30])
def test_a_number_plate_is_covered_at_an_angle(turned: float, high: int) -> None:
    picture = room()
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    board = np.zeros_like(alpha)
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_DUPLEX, high, 2)
    (wide, _), _ = cv2.getTextSize("KX23 ABD", cv2.FONT_HERSHEY_DUPLEX, scale, 2)
    x, y = (WIDTH - wide) // 2, HEIGHT // 2
    cv2.rectangle(board, (x - high, y - 2 * high), (x + wide + high, y + high), 255, -1)
    cv2.putText(alpha, "KX23 ABD", (x, y), cv2.FONT_HERSHEY_DUPLEX, scale, 255, max(1, high // 9), cv2.LINE_AA)
    way = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turned, 1.0)
    ink, ground = (np.asarray(cv2.warpAffine(each, way, (WIDTH, HEIGHT))) for each in (alpha, board))
    picture[ground > 127] = (225, 225, 225)
    picture[ink > 60] = (30, 30, 30)
    assert covered(picture, ink > 100) > 0.95


def bricks() -> np.ndarray:
    made = np.full((HEIGHT, WIDTH, 3), (150, 160, 170), np.uint8)
    for n, y in enumerate(range(0, HEIGHT, 16)):
        for x in range(-20 * (n % 2), WIDTH, 40):
            cv2.rectangle(made, (x + 1, y + 1), (x + 38, y + 14), (60 + x % 30, 70 + y % 20, 140), -1)
    return made


def fence() -> np.ndarray:
    made = np.full((HEIGHT, WIDTH, 3), (90, 140, 100), np.uint8)
    for x in range(0, WIDTH, 18):
        cv2.rectangle(made, (x, 90), (x + 8, 300), (210, 215, 220), -1)
    return made


def blinds() -> np.ndarray:
    made = np.full((HEIGHT, WIDTH, 3), (235, 235, 230), np.uint8)
    for y in range(0, HEIGHT, 10):
        cv2.line(made, (0, y), (WIDTH, y), (120, 120, 120), 2)
    return made


def tiles() -> np.ndarray:
    made = np.full((HEIGHT, WIDTH, 3), (200, 190, 180), np.uint8)
    for x in range(0, WIDTH, 30):
        cv2.line(made, (x, 0), (x, HEIGHT), (90, 90, 90), 2)
    for y in range(0, HEIGHT, 30):
        cv2.line(made, (0, y), (WIDTH, y), (90, 90, 90), 2)
    return made


def leaves() -> np.ndarray:
    dice = np.random.default_rng(4)
    made = np.full((HEIGHT, WIDTH, 3), (30, 60, 40), np.uint8)
    for _ in range(2500):
        at = (int(dice.integers(WIDTH)), int(dice.integers(HEIGHT)))
        size = (int(dice.integers(4, 14)), int(dice.integers(2, 6)))
        shade = int(dice.integers(40, 160))
        cv2.ellipse(made, at, size, float(dice.integers(180)), 0, 360, (shade // 3, shade, shade // 2), -1)
    return made


def grain() -> np.ndarray:
    noise = np.random.default_rng(5).normal(90, 25, (HEIGHT, WIDTH, 1))
    return np.clip(noise.repeat(3, axis=2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("texture", [room, bricks, fence, blinds, tiles, grain])
def test_a_texture_is_not_taken_for_writing(texture: Callable[[], np.ndarray]) -> None:
    picture = compressed(texture())
    assert mask_of(writing_on(picture), picture.shape).mean() < 0.02


def test_a_hedge_close_by_is_no_wall_of_grey() -> None:
    picture = compressed(leaves())
    assert mask_of(writing_on(picture), picture.shape).mean() < 0.15


def plate_of(picture: np.ndarray, unknown: Sequence[slice] = ()) -> Plate:
    known = np.ones(picture.shape[:2], np.bool_)
    if unknown:
        known[tuple(unknown)] = False
    shown = picture.copy()
    shown[~known] = GREY
    return Plate(shown, known)


NOBODY = np.zeros((8, 180, 320), np.bool_)


def test_the_rest_of_a_clock_whose_seconds_are_grey_is_covered_whole() -> None:
    picture = room()
    ink = write(picture, CLOCK, (14, 26), 14, WHITE, outline=BLACK)
    left, _, wide, high = cv2.boundingRect(ink.astype(np.uint8))
    seconds = (slice(0, high + 30), slice(left + wide - 30, left + wide + 4))
    plate = plate_of(picture, seconds)
    made = plate.without(written(plate, [Sample(0, picture)], NOBODY, None))
    assert not made.is_known[ink].any()


def test_what_is_grey_already_is_not_counted() -> None:
    picture = room()
    write(picture, CLOCK, (14, 26), 14, WHITE, outline=BLACK)
    plate = plate_of(picture, (slice(0, 60), slice(0, WIDTH)))
    somebody = np.ones_like(NOBODY)
    assert written(plate, [Sample(0, picture)], somebody, None) == []


class Television:
    """Says where a television is."""

    def screens(self, bgr: np.ndarray) -> Sequence[Box]:
        return [Box(0.4, 0.4, 0.6, 0.6)]


def test_a_screen_is_covered_with_its_frame() -> None:
    plate = plate_of(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    (box,) = written(plate, [], NOBODY, Television())
    assert box.left < 0.4 < 0.6 < box.right
    assert box.top < 0.4 < 0.6 < box.bottom
    assert box.right - box.left < 0.25


def test_what_changes_by_itself_between_four_straight_sides_is_a_screen() -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    seen = plate_of(flat, (slice(100, 200), slice(200, 380)))
    (box,) = written(seen, [], NOBODY, None)
    assert mask_of([box], (HEIGHT, WIDTH))[100:200, 200:380].all()
    somebody = np.ones_like(NOBODY)
    assert written(seen, [], somebody, None) == []


def test_what_changes_in_another_shape_is_no_screen() -> None:
    known = np.ones((HEIGHT, WIDTH), np.bool_)
    tree = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(tree, (300, 180), (60, 90), 0, 0, 360, 1, -1)
    known[tree > 0] = False
    assert written(Plate(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), known), [], NOBODY, None) == []


class Watched(LivingRoom):
    """The living room as a camera shows it: its name below, a running clock above."""

    def stir(self, picture: np.ndarray, second: float, index: int) -> None:
        write(picture, f"2026-11-28 16:27:{int(second):02}", (14, 26), 14, WHITE, outline=BLACK)
        write(picture, "Living room", (WIDTH - 150, HEIGHT - 14), 14, WHITE, outline=BLACK)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("watched") / "film.mp4"
    return film(Watched(1, WIDTH, HEIGHT, 15), path, 8).read_bytes()


EYES = PrivacyEyes(Blind(), Blind(), Blind())


def test_no_stroke_of_a_running_clock_and_of_a_name_stays_on_the_plate(watched: bytes) -> None:
    stage: Stage = stage_of(Excerpt(watched, 0, 8000), EYES, lambda share: None, any_length=True)
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    ink = write(canvas, "2026-11-28 16:27:00", (14, 26), 14, WHITE)
    ink |= write(canvas, "Living room", (WIDTH - 150, HEIGHT - 14), 14, WHITE)
    assert not stage.plate.is_known[ink].any()
    assert stage.plate.is_known.mean() > 0.9


def test_the_report_says_how_many_places_are_covered_as_writing(watched: bytes) -> None:
    made = redact_film(watched, EYES, from_ms=0, to_ms=8000, any_length=True)
    assert made.report.written == 2
