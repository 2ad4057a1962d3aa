"""Things and the vote agree: what a track looked like gives way to what the event was voted to hold."""

from __future__ import annotations

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind, Place, Story, Track, Verdict
from nightlatch.pixels.vision.judge import NOBODY, ROUTINE_TO, Judge
from nightlatch.pixels.vision.story.agreed import agreed
from nightlatch.pixels.vision.story.things import Thing
from nightlatch.pixels.vision.story.walk import walk


def thing(number: int, kind: Kind, seconds: int = 4) -> Thing:
    top = 0.35 * (number - 1)  # each by itself
    path = tuple(Place(n * 250, Box(0.1 + n / 100, top, 0.2 + n / 100, top + 0.2)) for n in range(seconds * 4))
    track = Track(number, kind, 0.7, path)
    return Thing(kind, 0.7, track, walk(track))


def kinds(found: list[Thing], voted: tuple[Kind, ...] | None) -> list[Kind]:
    return [each.kind for each in agreed(found, voted)]


def test_where_no_eye_has_looked_things_stay_as_they_are() -> None:
    assert kinds([thing(1, Kind.CAT), thing(2, Kind.MOTION)], None) == [Kind.CAT, Kind.MOTION]


def test_a_fragment_that_looked_like_an_animal_is_the_person_who_was_voted_for() -> None:
    assert kinds([thing(1, Kind.PERSON), thing(2, Kind.DOG)], (Kind.PERSON,)) == [Kind.PERSON, Kind.PERSON]


def test_what_nobody_voted_for_is_plain_motion() -> None:
    assert kinds([thing(1, Kind.PERSON), thing(2, Kind.VEHICLE)], (Kind.VEHICLE,)) == [Kind.MOTION, Kind.VEHICLE]
    assert kinds([thing(1, Kind.CAT)], ()) == [Kind.MOTION]


def test_a_cat_that_was_voted_a_dog_is_a_dog() -> None:
    assert kinds([thing(1, Kind.CAT)], (Kind.DOG,)) == [Kind.DOG]


def test_what_was_voted_for_and_not_followed_is_what_was_followed_for_longest() -> None:
    assert kinds([thing(1, Kind.MOTION, 2), thing(2, Kind.MOTION, 8)], (Kind.PERSON,)) == [Kind.MOTION, Kind.PERSON]


def person(number: int, from_s: int, to_s: int, x: float = 0.1, score: float = 0.7) -> Thing:
    path = tuple(Place(n * 250, Box(x, 0.2, x + 0.1, 0.7)) for n in range(from_s * 4, to_s * 4))
    track = Track(number, Kind.PERSON, score, path)
    return Thing(Kind.PERSON, score, track, walk(track))


def test_no_more_people_are_there_than_looks_saw_at_once() -> None:
    courier = [person(1, 0, 8), person(2, 2, 6, 0.12, 0.5), person(3, 3, 5, 0.3, 0.4)]
    assert [each.track.id for each in agreed(courier, (Kind.PERSON,), 1)] == [1]
    assert len(agreed(courier, (Kind.PERSON,), 2)) == 2
    assert len(agreed(courier, (Kind.PERSON,))) == 3  # where nobody counted


def test_a_piece_that_is_one_too_many_goes_on_where_the_person_was_lost() -> None:
    (whole,) = agreed([person(1, 0, 8), person(2, 6, 14, 0.15, 0.5)], (Kind.PERSON,), 1)
    assert whole.track.path[-1].at_ms == 13_750
    assert whole.walk.seconds == 13.75
    (short,) = agreed([person(1, 0, 8), person(2, 6, 14, 0.8, 0.5)], (Kind.PERSON,), 1)
    assert short.track.path[-1].at_ms == 7_750  # too far away to be the same


def test_two_who_come_one_after_the_other_are_two() -> None:
    assert len(agreed([person(1, 0, 8), person(2, 9, 14)], (Kind.PERSON,), 1)) == 2


def moved(number: int, box: Box) -> Thing:
    track = Track(number, Kind.MOTION, 0.0, tuple(Place(n * 250, box) for n in range(16)))
    return Thing(Kind.MOTION, 0.0, track, walk(track))


def test_what_moves_beside_somebody_is_theirs_and_what_moves_elsewhere_is_not() -> None:
    found = [person(1, 0, 8), moved(2, Box(0.2, 0.4, 0.27, 0.5)), moved(3, Box(0.7, 0.1, 0.8, 0.2))]
    assert [each.track.id for each in agreed(found, (Kind.PERSON,), 1)] == [1, 3]


def test_nobody_there_is_no_threat_whatever_moved_and_however() -> None:
    tracks = tuple(thing(n, Kind.PERSON, 30).track for n in range(1, 4))
    judge = Judge()
    for voted, most in (((Kind.CAT,), ROUTINE_TO), ((Kind.VEHICLE,), ROUTINE_TO), ((), NOBODY)):
        said = judge.judge(Story(0, 60_000, tracks, is_dark=True, local_hour=3.0, kinds=voted))
        assert said.verdict is not Verdict.THREAT
        assert said.threat <= most
        assert said.kinds == (voted or (Kind.MOTION,))
        assert not any("person" in reason.lower() and "no person" not in reason for reason in said.reasons)
