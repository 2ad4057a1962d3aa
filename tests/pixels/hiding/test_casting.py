"""One puppet for each body: finds become roles, roles vote on what they are, and only who was there is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.casting import Role, cast, strangers
from nightlatch.pixels.hiding.finding import Findings, chains
from nightlatch.pixels.hiding.puppets import Puppet
from nightlatch.pixels.hiding.staging import staged

FPS, STEP = 15.0, 3
FILM = range(0, 150, STEP)


def look(*things: Detection, regions: tuple[Box, ...] = ()) -> Findings:
    return Findings(things, (), regions)


def person(box: Box, score: float = 0.8) -> Detection:
    return Detection(box, Kind.PERSON, score)


def upright(x: float, high: float = 0.5, foot: float = 0.9) -> Box:
    return Box(x - 0.15 * high, foot - high, x + 0.15 * high, foot)


def lying(x: float, foot: float = 0.92) -> Box:
    return Box(x - 0.16, foot - 0.16, x + 0.16, foot)


def puppets(looks: Mapping[int, Findings]) -> list[tuple[Puppet, ...]]:
    found = chains(looks, FPS)
    return staged(looks, found, max(looks) + 1, FPS, [False] * len(found))


def only(looks: Mapping[int, Findings]) -> Role:
    (role,) = cast(looks, FPS)
    return role


def crosses(n: int, leftwards: bool = False) -> Box:
    x = 0.1 + 0.8 * n / 150
    return upright(1 - x if leftwards else x)


def test_a_body_found_whole_and_by_its_half_is_one_role() -> None:
    whole = upright(0.4)
    half = Box(whole.left, 0.4, whole.right, 0.62)
    looks = {n: look(person(whole), *([person(half, 0.4)] if n % 2 else [])) for n in FILM}
    assert only(looks).kind is Kind.PERSON
    assert all(len(each) == 1 for each in puppets(looks))


def test_a_vague_box_in_every_other_look_takes_nobodys_place() -> None:
    wide = Box(0.3, 0.5, 0.75, 0.8)
    looks = {n: look(person(upright(0.4)), *([person(wide, 0.35)] if n % 2 else [])) for n in FILM}
    assert len({each.number for some in puppets(looks) for each in some}) == 1


def test_two_who_cross_keep_their_colours() -> None:
    looks = {n: look(person(crosses(n)), person(crosses(n, True))) for n in FILM}
    made = puppets(looks)
    assert all(len(each) == 2 for n, each in enumerate(made) if abs(n - 75) > 12)
    first = {each.number: each.box.left for each in made[6]}
    last = {each.number: each.box.left for each in made[-6]}
    assert first.keys() == last.keys()
    assert all((first[number] < 0.5) != (last[number] < 0.5) for number in first)


def test_a_child_at_the_side_of_a_grown_up_is_somebody_of_their_own() -> None:
    looks = {n: look(person(crosses(n)), person(upright(0.19 + 0.8 * n / 150, 0.25), 0.7)) for n in FILM}
    assert all(len(each) == 2 for each in puppets(looks))


def test_one_who_lies_while_another_stands_beside_are_two() -> None:
    looks = {n: look(person(lying(0.4), 0.6), person(upright(0.62), 0.9)) for n in FILM}
    assert all(len(each) == 2 for each in puppets(looks))


def test_a_cat_that_is_called_a_person_now_and_then_is_a_cat() -> None:
    at = {n: Box(0.1 + 0.005 * n, 0.75, 0.22 + 0.005 * n, 0.9) for n in FILM}
    looks = {n: look(person(at[n], 0.4) if n % 4 == 0 else Detection(at[n], Kind.CAT, 0.6)) for n in FILM}
    assert {each.kind for some in puppets(looks) for each in some} == {Kind.CAT}


def test_somebody_who_falls_and_is_then_called_a_dog_is_a_person() -> None:
    looks = {n: look(person(upright(0.3 + 0.002 * n))) for n in range(0, 75, STEP)}
    looks |= {n: look(Detection(lying(0.5), Kind.DOG, 0.55)) for n in range(81, 150, STEP)}
    made = puppets(looks)
    assert {each.kind for some in made for each in some} == {Kind.PERSON}
    assert {each.number for each in made[20]} == {each.number for each in made[-1]}


def test_a_motorcycle_that_is_taken_for_a_person_is_not_drawn() -> None:
    at = Box(0.5, 0.4, 0.9, 0.95)
    looks = {n: look(person(at, 0.45), Detection(at, Kind.VEHICLE, 0.9)) for n in FILM}
    assert not any(puppets(looks))


def test_who_is_lost_in_the_middle_and_found_again_there_is_the_same_one() -> None:
    looks = {n: look() if 45 <= n < 105 else look(person(upright(0.4 + 0.0005 * n))) for n in FILM}
    assert {each.number for some in puppets(looks) for each in some} == {0}


def test_who_comes_after_another_has_left_is_somebody_else() -> None:
    leaves = {n: look(person(upright(0.5 - 0.01 * n))) for n in range(0, 45, STEP)}
    comes = {n: look(person(upright(0.06 + 0.01 * (n - 90)))) for n in range(90, 150, STEP)}
    looks = {n: look() for n in FILM} | leaves | comes
    assert {each.number for some in puppets(looks) for each in some} == {0, 1}


def test_a_find_elsewhere_in_one_look_moves_nobody() -> None:
    looks = {n: look(person(upright(0.4) if n != 60 else Box(0.1, 0.2, 0.95, 0.9))) for n in FILM}
    assert all(abs(each.box.left - upright(0.4).left) < 0.01 for some in puppets(looks) for each in some)


@pytest.mark.parametrize(
    ("found", "score"), [(FILM, 0.4), (range(60, 84, STEP), 0.7)], ids=["never sure", "from nowhere, for a moment"]
)
def test_what_never_moves_is_drawn_only_where_it_can_be_somebody(found: range, score: float) -> None:
    looks = {n: look(person(upright(0.4), score) if n in found else person(upright(0.4), 0.0)) for n in FILM}
    looks = {n: each if n in found else look() for n, each in looks.items()}
    assert not any(puppets(looks))


def test_who_is_unsure_but_walks_is_drawn() -> None:
    assert all(puppets({n: look(person(crosses(n), 0.4)) for n in FILM}))


def test_something_that_crosses_and_no_eye_knows_is_told() -> None:
    looks = {n: look(regions=(Box(0.1 + 0.005 * n, 0.7, 0.18 + 0.005 * n, 0.8),)) for n in FILM}
    assert {each.kind for some in puppets(looks) for each in some} == {Kind.MOTION}


@pytest.mark.parametrize("sway", [0.0, 0.03])
def test_branches_that_sway_are_nothing(sway: float) -> None:
    looks = {n: look(regions=(Box(0.4 + sway * (n % 2), 0.2, 0.5 + sway * (n % 2), 0.35),)) for n in FILM}
    assert not strangers(looks, [], FPS)


def test_light_that_flickers_all_over_the_picture_is_nothing() -> None:
    looks = {
        n: look(regions=tuple(Box(0.1 * k + 0.002 * n, 0.2, 0.1 * k + 0.05 + 0.002 * n, 0.3) for k in range(6)))
        for n in FILM
    }
    assert not strangers(looks, [], FPS)


def test_what_moves_where_somebody_walks_is_theirs() -> None:
    looks = {n: look(person(crosses(n)), regions=(crosses(n),)) for n in FILM}
    assert not strangers(looks, cast(looks, FPS), FPS)
