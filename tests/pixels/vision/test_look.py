"""Which picture shows best what an event is about."""

from __future__ import annotations

import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind, Place, Track
from nightlatch.hub.watch.looks import BETTER
from nightlatch.pixels.vision.look import worth, worth_of


def thing(kind: Kind, box: Box, score: float = 0.8, at_ms: int = 1_000) -> Track:
    return Track(1, kind, score, (Place(0, Box(0, 0, 1, 1)), Place(at_ms, box)))


def of(kind: Kind, box: Box, score: float = 0.8) -> float:
    return worth([thing(kind, box, score)], 1_000)


FAR = Box(0.5, 0.4, 0.53, 0.5)
NEAR = Box(0.4, 0.3, 0.55, 0.8)


def test_a_picture_with_nothing_in_it_is_worth_nothing() -> None:
    assert worth([], 1_000) == 0
    assert worth([thing(Kind.PERSON, NEAR, at_ms=1_000)], 2_000) == 0  # gone a second ago
    assert worth([thing(Kind.PERSON, NEAR, at_ms=1_000)], 500) == 0  # not there yet


def test_nearer_is_better_and_surer_is_better() -> None:
    assert of(Kind.PERSON, NEAR) > of(Kind.PERSON, FAR)
    assert of(Kind.PERSON, NEAR, 0.9) > of(Kind.PERSON, NEAR, 0.4)


@pytest.mark.parametrize("cut", [Box(0.0, 0.3, 0.15, 0.8), Box(0.85, 0.3, 1.0, 0.8), Box(0.4, 0.0, 0.55, 0.5)])
def test_what_is_cut_off_at_the_edge_is_worse_than_what_is_whole(cut: Box) -> None:
    assert of(Kind.PERSON, cut) < of(Kind.PERSON, NEAR) / 2
    assert of(Kind.PERSON, cut) < of(Kind.PERSON, Box(0.4, 0.5, 0.55, 1.0))  # feet matter less


def test_who_walks_through_the_middle_is_shown_there_and_not_where_they_came() -> None:
    coming = of(Kind.PERSON, Box(0.05, 0.3, 0.2, 0.8))
    assert coming * BETTER < of(Kind.PERSON, Box(0.45, 0.3, 0.6, 0.8))
    assert coming > of(Kind.PERSON, Box(0.0, 0.3, 0.15, 0.8))


def test_a_small_person_tells_more_than_a_large_car_or_a_branch() -> None:
    person = of(Kind.PERSON, Box(0.5, 0.3, 0.6, 0.65))
    for kind in (Kind.VEHICLE, Kind.DOG, Kind.MOTION):
        assert person > of(kind, Box(0.2, 0.2, 0.8, 0.9))


def test_the_best_thing_in_the_picture_counts() -> None:
    both = [thing(Kind.MOTION, NEAR, 0.0), thing(Kind.PERSON, NEAR)]
    assert worth(both, 1_000) == of(Kind.PERSON, NEAR)


def test_of_what_an_eye_saw_only_that_counts_which_the_event_was_voted_to_have() -> None:
    cat, person = Detection(NEAR, Kind.CAT, 0.9), Detection(FAR, Kind.PERSON, 0.5)
    assert worth_of([cat, person], (Kind.PERSON,)) == of(Kind.PERSON, FAR, 0.5)
    assert worth_of([cat, person], (Kind.DOG,)) == of(Kind.CAT, NEAR, 0.9)  # of one family: the look erred
    assert worth_of([cat], (Kind.PERSON,)) == 0
    assert worth_of([cat, person], ()) == 0
