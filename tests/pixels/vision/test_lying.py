"""Who went down and stays down, from made-up paths: falls, beds, prayers, shoes, and what looks get wrong."""

from __future__ import annotations

import random

import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Place
from nightlatch.pixels.vision.story.lying import went_down

STANDS = Box(0.40, 0.20, 0.50, 0.80)
CROUCHES = Box(0.39, 0.45, 0.51, 0.80)
SITS = Box(0.38, 0.42, 0.50, 0.80)
LEANS = Box(0.36, 0.52, 0.58, 0.80)
LIES = Box(0.35, 0.64, 0.65, 0.81)
LIES_ON_A_BED = Box(0.35, 0.48, 0.65, 0.65)


def path(*parts: tuple[Box, float], every_ms: int = 400, from_ms: int = 0) -> list[Place]:
    """Somebody in each place for so many seconds."""
    found, at_ms = [], from_ms
    for box, seconds in parts:
        for _ in range(round(seconds * 1000 / every_ms)):
            found.append(Place(at_ms, box))
            at_ms += every_ms
    return found


@pytest.mark.parametrize("every_ms", [200, 400, 800, 1600])
def test_who_stood_and_lies_on_the_floor_at_once_went_down(every_ms: int) -> None:
    fall = went_down(path((STANDS, 6.4), (LIES, 6.4), every_ms=every_ms))
    assert fall is not None
    assert fall.at_ms == 6400
    assert fall.stayed_ms >= 6400 - every_ms


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(STANDS, 8)], id="stands"),
        pytest.param([(STANDS, 4), (CROUCHES, 8)], id="ties their shoes"),
        pytest.param([(STANDS, 4), (SITS, 8)], id="sits down on the floor"),
        pytest.param([(STANDS, 4), (LIES, 3), (STANDS, 3)], id="gets up again"),
        pytest.param([(STANDS, 4), (SITS, 6), (LIES_ON_A_BED, 8)], id="goes to bed"),
        pytest.param([(STANDS, 4), (LIES_ON_A_BED, 8)], id="drops on a bed"),
        pytest.param([(STANDS, 3), (SITS, 8), (LEANS, 2), (LIES, 8)], id="lies down on the carpet at leisure"),
        pytest.param([(LIES, 8)], id="was lying from the first"),
        pytest.param([(LIES, 4), (STANDS, 4)], id="gets up"),
        pytest.param([(STANDS, 6), (LIES, 0.8)], id="is seen low for a moment only"),
    ],
)
def test_who_did_not_fall_or_got_up_did_not_go_down(parts: list[tuple[Box, float]]) -> None:
    assert went_down(path(*parts)) is None


def test_who_falls_after_having_got_up_once_went_down() -> None:
    fall = went_down(path((STANDS, 3.2), (LIES, 2), (STANDS, 3.2), (LIES, 4)))
    assert fall is not None
    assert fall.at_ms == 8400


def test_who_slides_off_a_chair_went_down() -> None:
    assert went_down(path((STANDS, 3.2), (SITS, 8), (LIES, 4))) is not None


def test_a_gap_of_some_looks_at_the_fall_hides_nothing() -> None:
    fall = went_down([*path((STANDS, 4)), *path((LIES, 4), from_ms=6_400)])
    assert fall is not None
    assert fall.at_ms == 6_400


def test_who_lies_where_the_picture_ends_went_down() -> None:
    stands, lies = Box(0.3, 0.3, 0.45, 1.0), Box(0.1, 0.75, 0.6, 1.0)
    assert went_down(path((stands, 4), (lies, 4))) is not None


def test_boxes_that_jitter_as_real_ones_do_change_nothing() -> None:
    for seed in range(20):
        dice = random.Random(seed)

        def shaken(box: Box, dice: random.Random = dice) -> Box:
            high, wide = box.bottom - box.top, box.right - box.left
            grown, moved = dice.gauss(0, 0.05), dice.gauss(0, 0.02)
            return Box(
                box.left + moved, box.top - grown * high, box.right + moved + dice.gauss(0, 0.06) * wide, box.bottom
            )

        fell = [Place(p.at_ms, shaken(p.box)) for p in path((STANDS, 5), (LIES, 5))]
        stood = [Place(p.at_ms, shaken(p.box)) for p in path((STANDS, 5), (CROUCHES, 5))]
        assert went_down(fell) is not None
        assert went_down(stood) is None


def test_one_place_is_no_fall() -> None:
    assert went_down(path((STANDS, 0.4))) is None


def test_who_is_only_seen_small_after_having_stood_near_did_not_go_down() -> None:
    near = [Place(300 * n, Box(0.4, 0.2, 0.5, 0.9)) for n in range(10)]
    far = [Place(20_000, Box(0.4, 0.7, 0.42, 0.8))]
    flat = [Place(20_300 + 300 * n, Box(0.3, 0.7, 0.5, 0.8)) for n in range(8)]
    assert went_down((*near, *far, *flat)) is None
