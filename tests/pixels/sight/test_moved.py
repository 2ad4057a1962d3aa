"""A sight tells that its camera was moved, and when, and names nothing that only seemed to move with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.replay.replaying import replay
from tests.pixels.sight.rooms import Image, film

MOVED_S, END_S = 46, 74


class CarsEverywhere:
    """An eye to which the new picture is full of parked cars."""

    name = "cars"
    kinds = frozenset({Kind.VEHICLE})

    def look(self, bgr: Image, regions: object) -> list[Detection]:
        return [Detection(Box(0.2, 0.3, 0.6, 0.8), Kind.VEHICLE, 0.9)]


def turned(picture: Image, second: float) -> Image:
    return np.ascontiguousarray(np.roll(picture, 150, axis=1)[::-1]) if second >= MOVED_S else picture


def test_a_camera_that_is_turned_is_told_and_what_it_shows_then_has_no_name(tmp_path: Path) -> None:
    seen = replay(film(tmp_path / "in.mp4", turned, seconds=END_S), detector=CarsEverywhere())
    assert seen.moved_ms is not None
    assert abs(seen.moved_ms - MOVED_S * 1000) <= 4_000
    assert all(set(event.judgement.kinds) <= {Kind.MOTION} for event in seen.events)


def test_a_camera_that_is_left_alone_is_told_of_as_nothing(tmp_path: Path) -> None:
    assert replay(film(tmp_path / "in.mp4", lambda picture, second: None, seconds=END_S)).moved_ms is None
