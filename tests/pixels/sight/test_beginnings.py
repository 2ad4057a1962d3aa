"""A camera's first half minute, and one that is shaken: nobody is there."""

from __future__ import annotations

from math import sin
from pathlib import Path

import cv2
import numpy as np
import pytest

from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import Sight
from tests.pixels.sight.rooms import HIGH, WIDE, Image, box_at, film, look, opened


def _clock(picture: Image, second: float) -> None:
    text = f"2026-11-23 09:59:{int(second) % 60:02}"
    cv2.putText(picture, text, (14, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)


def _wind(picture: Image, second: float) -> None:
    gust = 0.6 + 0.4 * sin(second * 0.31) * sin(second * 0.087)
    for x, y, size, tone, phase in np.random.default_rng(7).random((70, 5)):
        sway = gust * (4.5 * sin(second * (1.9 + phase) + phase * 6) + 2.5 * sin(second * 4.1 + phase * 9))
        at = (round(x * 165 + sway), round(95 + y * 120 + sway * 0.3))
        shade = (int(40 + 40 * tone), int(70 + 70 * tone), int(50 + 40 * tone))
        axes = (round(7 + 9 * size), round(4 + 4 * size))
        cv2.ellipse(picture, at, axes, 40 * sin(second + phase), 0, 360, shade, -1)


def _begun_at(path: Path, second: int) -> bool:
    """Whether a camera that is begun at a second of the film opens an event within 30 s."""
    with open_film(path) as opened_film:
        packets = [packet for packet in opened_film.packets if 0 <= packet.at_ms - second * 1000 < 30_000]
        sight = Sight(opened_film.streams, areas=(), detector=None, new_id=lambda: "e", camera_id="c")
        return any(sight.take(packet) for packet in packets)


@pytest.mark.parametrize("draw", [_clock, _wind])
def test_a_new_camera_opens_nothing_on_a_clock_or_on_wind(tmp_path: Path, draw: object) -> None:
    path = film(tmp_path / "in.mp4", draw, seconds=60)  # type: ignore[arg-type]
    assert [second for second in range(0, 30, 3) if _begun_at(path, second)] == []


def test_who_walks_by_in_the_wind_is_seen_by_a_new_camera(tmp_path: Path) -> None:
    def draw(picture: Image, second: float) -> None:
        _wind(picture, second)
        if 8 <= second < 16:
            box_at(picture, (second - 8) / 8, 0.9, 50, 130)

    told, _ = look(film(tmp_path / "in.mp4", draw, seconds=30))
    ((at_ms, _),) = opened(told)
    assert 8_000 <= at_ms <= 10_000


def _shaken(picture: Image, second: float) -> Image:
    if not 20 <= second < 45:
        return picture
    far = 2 + 1.5 * sin(second * 0.9)
    by = np.array([[1, 0, far * sin(second * 37)], [0, 1, far * sin(second * 29 + 1)]], np.float32)
    return np.asarray(cv2.warpAffine(picture, by, (WIDE, HIGH), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_a_shaken_camera_opens_nothing_until_somebody_walks_by(tmp_path: Path) -> None:
    def draw(picture: Image, second: float) -> Image:
        if 35 <= second < 42:
            box_at(picture, (second - 35) / 7, 0.7, 40, 100)
        return _shaken(picture, second)

    assert opened(look(film(tmp_path / "still.mp4", _shaken, seconds=50))[0]) == []
    ((at_ms, _),) = opened(look(film(tmp_path / "walk.mp4", draw, seconds=50))[0])
    assert 35_000 <= at_ms <= 37_000
