"""The gate and the event builder: arrays in, words out; deterministic."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import EventClosed, EventOpened, Motion
from nightlatch.pixels.vision.events import EventBuilder
from nightlatch.pixels.vision.gate import Gate
from nightlatch.pixels.vision.motion import Background, Grey

BEGAN_MS = 1_800_000_000_000


def _room(seed: int = 1) -> Grey:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 16))
    return np.kron(coarse, np.ones((10, 10))).astype(np.uint8)


def _noisy(picture: Grey, seed: int, sigma: float = 3.0) -> Grey:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _with_cat(picture: Grey, left: int, top: int = 60, wide: int = 8, high: int = 5) -> Grey:
    seen = picture.copy()
    place = (slice(top, top + high), slice(left, left + wide))
    seen[place] = np.where(seen[place] < 128, seen[place] // 2 + 120, seen[place] // 2 - 30)
    return seen


def _look(gate: Background, pictures: Iterator[Grey], from_ms: int = 0, every_ms: int = 1000) -> list[Motion]:
    return [gate.update(p, BEGAN_MS + from_ms + i * every_ms) for i, p in enumerate(pictures)]


def _learnt(areas: tuple[Area, ...] = (), sigma: float = 3.0) -> Background:
    gate = Background(areas)
    assert not any(m.moving for m in _look(gate, (_noisy(_room(), s, sigma) for s in range(10))))
    return gate


@pytest.mark.parametrize("sigma", [1.0, 4.0, 10.0])
def test_noise_alone_never_moves(sigma: float) -> None:
    gate = Background()
    assert not any(m.moving for m in _look(gate, (_noisy(_room(), s, sigma) for s in range(300))))


@pytest.mark.parametrize("every_ms", [200, 500, 1000, 2000])
def test_a_cat_moves_at_every_rate_of_looking(every_ms: int) -> None:
    gate = Background()
    assert not any(m.moving for m in _look(gate, (_noisy(_room(), s) for s in range(40)), every_ms=every_ms))
    seen = _look(gate, (_noisy(_with_cat(_room(), 20 + 10 * i), i) for i in range(8)), 40 * every_ms, every_ms)
    assert all(m.moving for m in seen)
    box = seen[0].boxes[0]
    assert box.left == pytest.approx(20 / 160, abs=0.03)
    assert box.bottom == pytest.approx(65 / 90, abs=0.04)


@pytest.mark.parametrize("change", [lambda p: p // 3, lambda p: np.minimum(p.astype(int) + 60, 255).astype(np.uint8)])
def test_a_light_switch_is_learnt_without_opening(change: object) -> None:
    gate = _learnt()
    switched = change(_room())  # type: ignore[operator]
    assert not any(m.moving for m in _look(gate, (_noisy(switched, s) for s in range(20)), 10_000))
    assert _look(gate, iter([_with_cat(switched, 50)]), 40_000)[0].moving


def test_slow_daylight_does_not_move() -> None:
    gate = Background()
    pictures = (_noisy(np.clip(_room() * (1 - i / 900), 0, 255).astype(np.uint8), i) for i in range(400))
    assert not any(m.moving for m in _look(gate, pictures))


def test_ignored_places_do_not_count_and_watched_ones_alone_do() -> None:
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    for use, moves_left in (("ignore", False), ("watch", True)):
        gate = _learnt((Area("left half", use, left),))  # type: ignore[arg-type]
        assert _look(gate, iter([_with_cat(_room(), 20)]), 10_000)[0].moving is moves_left
        gate = _learnt((Area("left half", use, left),))  # type: ignore[arg-type]
        assert _look(gate, iter([_with_cat(_room(), 120)]), 10_000)[0].moving is not moves_left


def test_what_stands_still_becomes_background_and_its_ghost_too() -> None:
    gate = _learnt()
    parked = _with_cat(_room(), 40, 40, 30, 20)
    seen = _look(gate, (_noisy(parked, s) for s in range(40)), 10_000)
    assert seen[0].moving
    assert not any(m.moving for m in seen[16:])
    left = _look(gate, (_noisy(_room(), s) for s in range(40)), 50_000)
    assert left[0].moving
    assert not any(m.moving for m in left[16:])


def test_specks_do_not_move() -> None:
    gate = _learnt()
    assert not any(
        m.moving for m in _look(gate, (_with_cat(_noisy(_room(), i), 10 * i, 30, 2, 1) for i in range(10)), 10_000)
    )


def test_the_same_pictures_give_the_same_answers() -> None:
    pictures = [_noisy(_with_cat(_room(), i * 2), i) for i in range(30)]
    assert _look(Background(), iter(pictures)) == _look(Background(), iter(pictures))


def _events(moving_s: set[int], until_s: int, share: float = 0.01) -> list[EventOpened | EventClosed]:
    builder = EventBuilder("c0ffee", new_id=lambda: "e")
    made: list[EventOpened | EventClosed] = []
    for second in range(until_s):
        moving = second in moving_s
        made += builder.update(Motion(BEGAN_MS + second * 1000, moving, share if moving else 0.0))
    return made + builder.finish(BEGAN_MS + until_s * 1000)


def test_an_event_begins_at_the_first_look_that_moved() -> None:
    opened, closed = _events({20, 21, 22}, 60)
    assert opened == EventOpened("c0ffee", "e", BEGAN_MS + 20_000, BEGAN_MS + 15_000, 1_000)
    assert closed == EventClosed("c0ffee", "e", BEGAN_MS + 20_000, BEGAN_MS + 22_000, BEGAN_MS + 32_000)


def test_one_small_look_alone_opens_nothing_but_a_large_one_does() -> None:
    assert _events({20}, 60) == []
    assert _events({20, 30}, 60) == []
    assert len(_events({20}, 60, share=0.2)) == 2


def test_what_goes_on_for_minutes_is_one_event() -> None:
    opened, closed = _events(set(range(20, 260)), 300)
    assert (closed.onset_ms, closed.clip_to_ms) == (opened.onset_ms, opened.onset_ms + 249_000)  # type: ignore[union-attr]


def test_an_event_lasts_half_an_hour_at_most_and_the_next_one_follows_without_overlap() -> None:
    made = _events(set(range(20, 1900)), 2000)
    assert [type(e) for e in made] == [EventOpened, EventClosed, EventOpened, EventClosed]
    first, ended, second = made[0], made[1], made[2]
    assert isinstance(first, EventOpened)
    assert isinstance(ended, EventClosed)
    assert isinstance(second, EventOpened)
    assert ended.clip_to_ms - first.onset_ms == 1_800_000
    assert second.clip_from_ms == ended.clip_to_ms


def test_a_stream_that_ends_closes_the_event() -> None:
    made = _events({20, 21}, 25)
    assert isinstance(made[-1], EventClosed)
    assert made[-1].clip_to_ms == BEGAN_MS + 25_000


def test_what_fills_the_picture_for_two_looks_is_the_light_and_for_three_somebody() -> None:
    near = Box(0.0, 0.3, 0.6, 1.0)
    looks = [Motion(BEGAN_MS + 200 * n, True, 0.2, (near,)) for n in range(3)]
    gate = Gate()
    assert [gate.weigh(look) for look in looks] == [None, None, BEGAN_MS]


def _weighed(*boxes: tuple[float, float], high: float = 0.1) -> list[int]:
    """Which looks, five a second, at a thing between these left and right edges are sure of it."""
    gate = Gate()
    looks = [
        gate.weigh(Motion(BEGAN_MS + n * 200, True, 0.004, (Box(left, 0.5, right, 0.5 + high),)))
        for n, (left, right) in enumerate(boxes)
    ]
    return [n for n, onset_ms in enumerate(looks) if onset_ms is not None]


def test_what_comes_in_at_a_side_and_goes_on_inwards_needs_one_look_less() -> None:
    assert _weighed((0.95, 1.0), (0.93, 0.99), (0.91, 0.97)) == [1, 2]
    assert _weighed((0.0, 0.05), (0.02, 0.08), (0.04, 0.1)) == [1, 2]
    assert _weighed((0.5, 0.55), (0.52, 0.58), (0.54, 0.6)) == [2]  # in the middle
    assert _weighed((0.91, 0.97), (0.93, 0.99), (0.95, 1.0)) == [2]  # it leaves
    assert _weighed((0.95, 1.0), (0.93, 0.99), (0.91, 0.97), (0.89, 0.95), high=0.01) == [3]  # a drop, a leaf
