"""Tracks: one thing is one track, whoever measures it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.vision.boxes import covered, iou, joined
from nightlatch.pixels.vision.tracker import Tracker

BEGAN_MS = 1_800_000_000_000


def _box(x: float, y: float = 0.5, wide: float = 0.06, high: float = 0.2) -> Box:
    return Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


@pytest.mark.parametrize("speed", [0.02, 0.1, 0.4, 0.8])
def test_one_moving_thing_is_one_track(speed: float) -> None:
    tracker = Tracker()
    looks = min(40, int(0.9 / speed / 0.2))
    for n in range(looks):
        tracker.update(BEGAN_MS + n * 200, [_box(0.05 + speed * n * 0.2)])
    (track,) = tracker.tracks
    assert track.id == 1
    assert len(track.path) == looks
    last = track.path[-1].box
    assert (last.left + last.right) / 2 == pytest.approx(0.05 + speed * (looks - 1) * 0.2, abs=0.05)


def test_two_that_cross_keep_their_own_tracks() -> None:
    tracker = Tracker()
    for n in range(30):
        share = n / 29
        right, left = _box(0.1 + 0.8 * share, 0.45), _box(0.9 - 0.8 * share, 0.6, 0.1, 0.12)
        seen = [Detection(right, Kind.PERSON, 0.9), Detection(left, Kind.DOG, 0.8)]
        tracker.update(BEGAN_MS + n * 200, [right, left], seen)
    assert [(t.kind, t.path[-1].box.left > t.path[0].box.left) for t in tracker.tracks] == [
        (Kind.PERSON, True),
        (Kind.DOG, False),
    ]


def test_kinds_are_voted_over_time() -> None:
    tracker = Tracker()
    for n in range(10):
        box = _box(0.1 + 0.03 * n)
        kind = Kind.DOG if n in (2, 5) else Kind.PERSON
        tracker.update(BEGAN_MS + n * 200, [box], [Detection(box, kind, 0.7)])
    (track,) = tracker.tracks
    assert track.kind is Kind.PERSON
    assert 0.4 < track.score < 0.7


def test_unsure_detections_continue_a_track_but_begin_none() -> None:
    tracker = Tracker()
    for n in range(5):
        tracker.update(BEGAN_MS + n * 200, [], [Detection(_box(0.3), Kind.CAT, 0.3)])
    assert tracker.tracks == ()
    for n in range(5, 12):
        box = _box(0.1 + 0.02 * n)
        tracker.update(BEGAN_MS + n * 200, [box], [Detection(box, Kind.CAT, 0.9 if n == 5 else 0.3)])
    (track,) = tracker.tracks
    assert track.kind is Kind.CAT
    assert len(track.path) == 7


def test_parked_things_are_not_news() -> None:
    tracker = Tracker()
    parked = Detection(_box(0.8, 0.6, 0.2, 0.2), Kind.VEHICLE, 0.95)
    for n in range(20):
        walker = _box(0.1 + 0.02 * n)
        tracker.update(BEGAN_MS + n * 200, [walker], [Detection(walker, Kind.PERSON, 0.9), parked])
    assert [t.kind for t in tracker.tracks] == [Kind.PERSON]


def test_what_moves_of_a_known_thing_is_not_another_thing() -> None:
    tracker = Tracker()
    body = _box(0.5, 0.5, 0.1, 0.5)
    for n in range(20):
        arm = _box(0.52, 0.42 + 0.01 * (n % 3), 0.04, 0.06)
        tracker.update(
            BEGAN_MS + n * 200, [body if n < 3 else arm], [Detection(body, Kind.PERSON, 0.9)] if n % 2 else None
        )
    (track,) = tracker.tracks
    assert iou(track.path[-1].box, body) > 0.7


def test_a_curtain_that_moves_behind_somebody_does_not_drag_them_along() -> None:
    tracker = Tracker()
    body = _box(0.3, 0.5, 0.1, 0.5)
    for n in range(20):
        curtain = Box(0.2, 0.0, 0.9, 0.9)
        seen = [Detection(body, Kind.PERSON, 0.8)] if n % 3 == 0 else None
        tracker.update(BEGAN_MS + n * 200, [body if n < 2 else curtain], seen)
    person = next(track for track in tracker.tracks if track.kind is Kind.PERSON)
    assert all(iou(place.box, body) > 0.9 for place in person.path)


def test_two_tracks_of_which_an_eye_never_sees_but_one_become_one() -> None:
    tracker = Tracker()
    standing, low = _box(0.3, 0.5, 0.1, 0.5), _box(0.3, 0.65, 0.2, 0.3)
    for n in range(4):  # a moment in which one is taken for two
        both = [Detection(standing, Kind.PERSON, 0.8), Detection(low, Kind.PERSON, 0.6)]
        tracker.update(BEGAN_MS + n * 400, [standing, low], both)
    for n in range(4, 20):
        tracker.update(BEGAN_MS + n * 400, [standing], [Detection(standing, Kind.PERSON, 0.8)])
    ended = [track.path[-1].at_ms for track in tracker.tracks]
    assert max(ended) == BEGAN_MS + 19 * 400
    assert sorted(ended)[:-1] in ([], [BEGAN_MS + 3 * 400])


def test_two_people_that_an_eye_sees_side_by_side_stay_two() -> None:
    tracker = Tracker()
    for n in range(20):
        both = [Detection(_box(x + 0.01 * n, 0.5, 0.1, 0.5), Kind.PERSON, 0.8) for x in (0.3, 0.36)]
        tracker.update(BEGAN_MS + n * 400, [each.box for each in both], both)
    assert [track.kind for track in tracker.tracks] == [Kind.PERSON] * 2


def test_numbers_and_paths_begin_again_with_each_event() -> None:
    tracker = Tracker()
    for n in range(10):
        tracker.update(BEGAN_MS + n * 200, [_box(0.1 + 0.02 * n)])
    tracker.begin(BEGAN_MS + 1000)
    (track,) = tracker.tracks
    assert track.id == 1
    assert track.path[0].at_ms == BEGAN_MS + 1000


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, min(1.0, x + w), min(1.0, y + h)),
    st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.5), st.floats(0.01, 0.5),
)  # fmt: skip
detections = st.builds(Detection, boxes, st.sampled_from(Kind), st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-300, 900), st.lists(boxes, max_size=6), st.none() | st.lists(detections, max_size=4))
    )
)
def test_whatever_comes_paths_are_in_order_boxes_upright_and_answers_the_same(looks: list) -> None:  # type: ignore[type-arg]
    def run() -> Tracker:
        tracker, at_ms = Tracker(), BEGAN_MS
        for passed_ms, regions, found in looks:
            at_ms += passed_ms
            tracker.update(at_ms, regions, found)
        return tracker

    tracks = run().tracks
    assert tracks == run().tracks
    assert [t.id for t in tracks] == sorted({t.id for t in tracks})
    for track in tracks:
        assert 0 <= track.score <= 1
        assert all(a.at_ms <= b.at_ms for a, b in pairwise(track.path))
        assert all(0 <= p.box.left < p.box.right <= 1 and 0 <= p.box.top < p.box.bottom <= 1 for p in track.path)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=8), st.floats(0, 0.1))
def test_joined_boxes_cover_what_they_joined_and_stay_apart(found: list[Box], gap: float) -> None:
    whole = joined(found, gap)
    assert len(whole) <= len(found)
    assert all(any(covered(box, large) > 0.999 for large in whole) for box in found)
    assert (
        joined(whole, 0.0) == tuple(sorted(whole, key=lambda b: (b.left, b.top, b.right, b.bottom))) or len(whole) > 1
    )
    assert np.isfinite([iou(a, b) for a in whole for b in whole]).all()


def test_half_an_hour_of_one_thing_is_a_track_of_bounded_length_with_its_beginning_and_its_end() -> None:
    tracker = Tracker()
    for n in range(6_000):
        share = abs(n % 100 - 50) / 50
        tracker.update(BEGAN_MS + n * 200, [_box(0.1 + 0.8 * share)])
    (track,) = tracker.tracks
    assert len(track.path) <= 2_000
    assert (track.path[0].at_ms, track.path[-1].at_ms) == (BEGAN_MS, BEGAN_MS + 5_999 * 200)
    assert all(b.at_ms - a.at_ms == 200 for a, b in pairwise(track.path[-900:]))


def test_of_many_things_in_one_event_those_that_nobody_knew_are_forgotten_first() -> None:
    tracker = Tracker()
    for number in range(150):
        for n in range(8):
            box, at_ms = _box(0.2 + 0.05 * n), BEGAN_MS + number * 10_000 + n * 200
            tracker.update(at_ms, [box], [Detection(box, Kind.PERSON, 0.9)] if number % 5 == 0 else None)
        tracker.update(BEGAN_MS + number * 10_000 + 6_000, [])
    assert len(tracker.tracks) <= 65
    assert sum(track.kind is Kind.PERSON for track in tracker.tracks) == 30
