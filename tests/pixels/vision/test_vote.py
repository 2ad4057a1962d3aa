"""The vote over an event: what it takes to be named, for every kind alike."""

from __future__ import annotations

import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.vision.vote import MOST_LOOKS, TWICE_MS, Vote

HERE, THERE = Box(0.1, 0.1, 0.3, 0.6), Box(0.6, 0.5, 0.9, 0.9)
EVERYWHERE = (Box(0.0, 0.0, 1.0, 1.0),)


def voted(*looks: list[Detection], every_ms: int = 300, regions: tuple[Box, ...] = EVERYWHERE) -> Vote:
    vote = Vote()
    for n, found in enumerate(looks):
        vote.take(n * every_ms, found, regions)
    return vote


def seen(kind: Kind, score: float = 0.6, box: Box = HERE) -> Detection:
    return Detection(box, kind, score)


def test_nothing_is_known_before_an_eye_has_looked_and_nothing_is_there_when_it_saw_nothing() -> None:
    assert voted().kinds is None
    assert voted([], []).kinds == ()


@pytest.mark.parametrize("kind", [Kind.PERSON, Kind.CAT, Kind.DOG, Kind.ANIMAL, Kind.VEHICLE, Kind.PACKAGE])
def test_one_look_in_fifty_names_nothing_and_two_within_seconds_do(kind: Kind) -> None:
    empty: list[list[Detection]] = [[] for _ in range(49)]
    assert voted(*empty, [seen(kind, 0.9)]).kinds == ()
    assert voted([seen(kind)], [seen(kind)]).kinds == (kind,)
    assert voted([seen(kind)], [seen(kind)], every_ms=TWICE_MS + 1).kinds == ()
    assert voted([seen(kind, 0.4)], [seen(kind, 0.4)], [seen(kind, 0.4)]).kinds == ()


def test_two_sightings_in_one_look_are_one() -> None:
    assert voted([seen(Kind.PERSON), seen(Kind.PERSON, box=THERE)]).kinds == ()


def test_what_weighs_little_beside_the_heaviest_is_dropped() -> None:
    people = [[seen(Kind.PERSON, 0.8)] for _ in range(20)]
    assert voted(*people, [seen(Kind.DOG, box=THERE)], [seen(Kind.DOG, box=THERE)]).kinds == (Kind.PERSON,)
    both = [[seen(Kind.PERSON, 0.8), seen(Kind.DOG, box=THERE)] for _ in range(20)]
    assert voted(*both).kinds == (Kind.PERSON, Kind.DOG)


def test_cats_and_dogs_are_one_family_and_the_heavier_name_is_told() -> None:
    assert voted([seen(Kind.CAT, 0.5)], [seen(Kind.DOG, 0.8)], [seen(Kind.DOG, 0.7)]).kinds == (Kind.DOG,)


def test_an_animal_where_a_person_lies_is_the_person() -> None:
    lying = Box(0.1, 0.15, 0.3, 0.55)
    looks = [
        [seen(Kind.PERSON, 0.5)],
        [seen(Kind.CAT, 0.6, lying)],
        [seen(Kind.CAT, 0.6, lying)],
        [seen(Kind.PERSON, 0.5)],
    ]
    assert voted(*looks).kinds == (Kind.PERSON,)


def test_also_when_the_person_is_recognised_only_later() -> None:
    assert voted([seen(Kind.DOG)], [seen(Kind.DOG)], [seen(Kind.PERSON)], [seen(Kind.PERSON)]).kinds == (Kind.PERSON,)


def test_an_animal_beside_a_person_stays_one() -> None:
    looks = [[seen(Kind.PERSON), seen(Kind.DOG, box=THERE)] for _ in range(3)]
    assert voted(*looks).kinds == (Kind.PERSON, Kind.DOG)


def test_what_is_far_from_all_that_moves_is_not_news() -> None:
    assert voted([seen(Kind.PERSON)], [seen(Kind.PERSON)], regions=(THERE,)).kinds == ()


def test_a_parked_vehicle_behind_what_moves_is_not_named_and_one_that_moves_is() -> None:
    car = Box(0.2, 0.2, 0.8, 0.8)
    beside = (Box(0.1, 0.3, 0.19, 0.6),)
    assert voted(*[[seen(Kind.VEHICLE, 0.9, car)]] * 5, regions=beside).kinds == ()
    assert voted(*[[seen(Kind.VEHICLE, 0.9, car)]] * 5, regions=(Box(0.2, 0.2, 0.4, 0.8),)).kinds == (Kind.VEHICLE,)


def test_what_knows_motion_only_has_no_vote() -> None:
    assert voted([seen(Kind.MOTION, 0.0)], [seen(Kind.MOTION, 1.0)]).kinds is None


def test_half_an_hour_keeps_a_bounded_number_of_ballots() -> None:
    vote = voted(*[[seen(Kind.PERSON)]] * (3 * MOST_LOOKS))
    assert vote.kinds == (Kind.PERSON,)
    assert len(vote._people) <= MOST_LOOKS


def test_two_looks_that_are_sure_enough_together_name_a_kind() -> None:
    assert voted([seen(Kind.PERSON, 0.6)], [seen(Kind.PERSON, 0.32)]).kinds == (Kind.PERSON,)
    assert voted([seen(Kind.PERSON, 0.32)], [], [seen(Kind.PERSON, 0.6)]).kinds == (Kind.PERSON,)
    assert voted([seen(Kind.PERSON, 0.9)], [seen(Kind.PERSON, 0.28)]).kinds == ()


def test_a_parked_car_behind_moving_leaves_is_not_named_and_one_that_drives_is() -> None:
    leaves = (Box(0.55, 0.45, 0.68, 0.9),)
    car = [seen(Kind.VEHICLE, 0.7, THERE)]
    assert voted(car, car, car, regions=leaves).kinds == ()
    assert voted(car, car, car, regions=(THERE,)).kinds == (Kind.VEHICLE,)


def test_people_are_counted_by_those_whom_two_looks_saw_at_once() -> None:
    one, other = seen(Kind.PERSON, 0.8), seen(Kind.PERSON, 0.7, THERE)
    assert voted([one, other], [one, other]).people == 2
    assert voted([one], [other], [one], [other]).people == 1
    assert voted([one, other], [one], [one]).people == 1  # one erring look
    assert voted([seen(Kind.CAT)], [seen(Kind.CAT)]).people == 0


def test_an_arm_and_its_body_are_one_and_who_never_moves_is_none() -> None:
    body, arm = seen(Kind.PERSON, 0.8), seen(Kind.PERSON, 0.6, Box(0.1, 0.1, 0.2, 0.3))
    assert voted([body, arm], [body, arm]).people == 1
    statue = seen(Kind.PERSON, 0.9, THERE)
    assert voted([body, statue], [body, statue], regions=(HERE,)).people == 1


def test_a_person_seen_in_an_animal_is_the_animal_where_that_is_far_surer() -> None:
    cat, ghost = seen(Kind.CAT, 0.8), seen(Kind.PERSON, 0.47, Box(0.05, 0.05, 0.35, 0.65))
    assert voted([cat, ghost], [cat, ghost]).kinds == (Kind.CAT,)
    assert Kind.PERSON in (voted([cat, seen(Kind.PERSON, 0.8)], [cat, seen(Kind.PERSON, 0.8)]).kinds or ())


def test_what_somebody_moves_does_not_make_a_person_of_what_stands_beside_them() -> None:
    man, motorcycle = seen(Kind.PERSON, 0.9, Box(0.3, 0.2, 0.5, 1.0)), seen(Kind.PERSON, 0.7, Box(0.4, 0.2, 0.9, 1.0))
    assert voted([man, motorcycle], [man, motorcycle], regions=(man.box,)).people == 1
    assert voted([man, motorcycle], [man, motorcycle], regions=(man.box, Box(0.6, 0.3, 0.8, 0.9))).people == 2


def test_one_thing_that_is_a_cat_far_more_often_than_a_person_is_the_cat() -> None:
    def there(n: int) -> Box:
        return Box(0.1 + 0.03 * n, 0.7, 0.2 + 0.03 * n, 0.82)

    def walk(*scores: tuple[float, float]) -> Vote:
        looks = [
            [seen(kind, score, there(n)) for kind, score in zip((Kind.CAT, Kind.PERSON), pair, strict=True) if score]
            for n, pair in enumerate(scores)
        ]
        return voted(*looks, every_ms=400)

    cat = [(0.6, 0.0), (0.5, 0.58), (0.5, 0.0), (0.5, 0.0), (0.6, 0.0), (0.6, 0.0), (0.5, 0.57), (0.6, 0.0), (0.6, 0.0)]
    assert walk(*cat).kinds == (Kind.CAT,)
    assert walk(*cat, *[(0.0, 0.9)] * 9).kinds[0] is Kind.PERSON  # type: ignore[index]
    standing = [seen(Kind.PERSON, 0.6, Box(0.6, 0.2, 0.8, 0.95))]
    with_owner = voted(*[[seen(Kind.CAT, 0.9, there(n)), *standing] for n in range(9)], every_ms=400)
    assert with_owner.kinds == (Kind.PERSON, Kind.CAT)
