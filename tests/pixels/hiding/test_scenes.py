"""No visible pixel of a person beyond 0.1 % in any picture, measured on rendered scenes whose every pixel is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nightlatch.pixels.hiding.film import CannotRedact
from tests.pixels.hiding.scenes import CLEAR, Act, known_share, most_visible, room, stage

MOST = 0.001
ON_FLOOR, ON_SOFA = (0.35, 0.9), (0.66, 0.72)


def walks(from_s: float, to_s: float, start: tuple[float, float], end: tuple[float, float]) -> Act:
    return Act("person", from_s, to_s, start, end, 0.6)


def lies(from_s: float, to_s: float, at: tuple[float, float] = ON_FLOOR) -> Act:
    return Act("lying", from_s, to_s, at, at, 0.55, moves_limbs=False)


def stands(from_s: float, to_s: float, at: tuple[float, float] = (0.6, 0.93)) -> Act:
    return Act("person", from_s, to_s, at, at, 0.6, moves_limbs=False)


THROUGH = (walks(3, 11, (-0.1, 0.93), (1.1, 0.93)),)
COMES_AND_FALLS = (walks(1, 7, (1.1, 0.9), ON_FLOOR), lies(7, 25))
FALLS_AT_ONCE = (walks(0, 3, (1.1, 0.9), ON_FLOOR), lies(3, 25))
RISES = (lies(0, 14), walks(14, 20, ON_FLOOR, (1.1, 0.9)))
ALWAYS_LIES = (lies(0, 25),)
ALWAYS_STANDS = (stands(0, 25),)
COMES_AND_STAYS = (walks(2, 7, (1.1, 0.93), (0.6, 0.93)), stands(7, 25))
STOOD_AND_GOES = (stands(0, 15), walks(15, 20, (0.6, 0.93), (-0.1, 0.93)))
STAYS_SOON = (walks(0, 1.5, (1.1, 0.93), (0.6, 0.93)), stands(1.5, 25))
BEFORE_S = 20.0
Misses = Callable[[int, Act], bool]


def later(act: Act, by_s: float) -> Act:
    """The act as much later; who stands or lies there at first was there all the time before."""
    from_s = 0.0 if act.from_s == 0 and act.start == act.end else act.from_s + by_s
    return replace(act, from_s=from_s, to_s=act.to_s + by_s)


def nobody(n: int, act: Act) -> bool:
    return True


def who_lies(n: int, act: Act) -> bool:
    return act.figure == "lying"


def blinks(n: int, act: Act) -> bool:
    return (n // 30) % 2 == 1


def late(n: int, act: Act) -> bool:
    return n > 90


def early(n: int, act: Act) -> bool:
    return n < 200


def seldom(n: int, act: Act) -> bool:
    return n not in (30, 150, 270)


PLAYS = [
    pytest.param(THROUGH, lambda n, act: False, id="who walks through and is always found"),
    pytest.param(THROUGH, blinks, id="who walks through while the eyes blink"),
    pytest.param(THROUGH, nobody, id="who walks through and is never found"),
    pytest.param(COMES_AND_FALLS, lambda n, act: False, id="who falls and is found"),
    pytest.param(COMES_AND_FALLS, who_lies, id="who falls and is not found any more"),
    pytest.param(FALLS_AT_ONCE, who_lies, id="who falls at once and is not found any more"),
    pytest.param(FALLS_AT_ONCE, nobody, id="who falls at once and is never found"),
    pytest.param(RISES, lambda n, act: False, id="who lay there, found"),
    pytest.param(RISES, who_lies, id="who lay there unseen before they were found"),
    pytest.param(RISES, nobody, id="who lay there and rises and is never found"),
    pytest.param(ALWAYS_LIES, late, id="who lies all the time and is lost after six seconds"),
    pytest.param(ALWAYS_LIES, early, id="who lies all the time and is found late"),
    pytest.param(ALWAYS_LIES, seldom, id="who lies all the time and is found three times"),
    pytest.param(ALWAYS_STANDS, late, id="who stands still and is lost"),
    pytest.param(COMES_AND_STAYS, late, id="who comes, stays and is lost on the way"),
    pytest.param(COMES_AND_STAYS, nobody, id="who comes, stays and is never found"),
    pytest.param(STOOD_AND_GOES, late, id="who stood, is lost, and goes unseen"),
    pytest.param(STOOD_AND_GOES, nobody, id="who stood, goes, and is never found"),
]


@pytest.mark.parametrize(("acts", "misses"), PLAYS)
def test_no_pixel_shows_somebody(acts: tuple[Act, ...], misses: Misses, tmp_path: Path) -> None:
    scene = room(*acts)
    try:
        made = stage(scene, tmp_path, 25, misses)
    except CannotRedact:
        return  # refused: nothing is given
    visible, at = most_visible(scene, made)
    assert visible <= MOST, f"{visible:.1%} of somebody in picture {at}"


@pytest.mark.parametrize(("acts", "misses"), PLAYS)
def test_no_pixel_of_the_time_before_shows_somebody(acts: tuple[Act, ...], misses: Misses, tmp_path: Path) -> None:
    scene = room(*(later(act, BEFORE_S) for act in acts))
    try:
        made = stage(scene, tmp_path, BEFORE_S + 25, misses, BEFORE_S)
    except CannotRedact:
        return
    visible, at = most_visible(scene, made, from_s=BEFORE_S)
    assert visible <= MOST, f"{visible:.1%} of somebody in picture {at}"


@pytest.mark.parametrize(
    ("before", "acts"),
    [
        pytest.param(lies(0, BEFORE_S), (lies(0, 25),), id="who lies there all the time"),
        pytest.param(lies(0, BEFORE_S), (walks(0, 9, ON_FLOOR, (1.1, 0.9)),), id="who lay there and rises"),
        pytest.param(lies(0, BEFORE_S), (stands(0, 25, (0.35, 0.93)),), id="who lay where they stand now"),
        pytest.param(stands(0, BEFORE_S), (stands(0, 4), lies(4, 25, (0.6, 0.9))), id="who stood where they lie now"),
        pytest.param(stands(0, BEFORE_S), (walks(0, 9, (0.6, 0.93), (-0.1, 0.93)),), id="who stood there and goes"),
    ],
)
def test_one_whom_nobody_found_before_is_not_shown_where_they_were(
    before: Act, acts: tuple[Act, ...], tmp_path: Path
) -> None:
    scene = room(before, *(replace(act, from_s=act.from_s + BEFORE_S, to_s=act.to_s + BEFORE_S) for act in acts))
    made = stage(scene, tmp_path, BEFORE_S + 25, lambda n, act: n < 0, BEFORE_S)
    assert most_visible(scene, made, from_s=BEFORE_S)[0] <= MOST
    picture = scene.frame(round(BEFORE_S / 2 * scene.fps)).astype(int)
    theirs = np.abs(picture - scene.ground).max(axis=2) > CLEAR
    off = np.abs(made.plate.picture.astype(int) - scene.ground).max(axis=2) > CLEAR
    assert (theirs & off & made.plate.is_known).sum() <= MOST * theirs.sum()


def test_the_time_before_shows_what_one_hides_who_stays(tmp_path: Path) -> None:
    alone = known_share(stage(room(*STAYS_SOON), tmp_path, 25))
    scene = room(*(later(act, BEFORE_S) for act in STAYS_SOON))
    made = stage(scene, tmp_path, BEFORE_S + 25, from_s=BEFORE_S)
    assert known_share(made) > 0.97 > 0.9 > alone
    assert most_visible(scene, made, from_s=BEFORE_S)[0] <= MOST


@pytest.mark.parametrize("misses", [nobody, blinks, lambda n, act: False])
def test_the_room_stays_in_sight_where_somebody_walks_through(misses: Misses, tmp_path: Path) -> None:
    assert known_share(stage(room(*THROUGH), tmp_path, 25, misses)) > 0.95


def test_one_who_stays_costs_their_own_place_only(tmp_path: Path) -> None:
    assert known_share(stage(room(*COMES_AND_STAYS), tmp_path, 25)) > 0.8


def test_one_who_leaves_by_a_door_in_the_middle_does_not_cost_the_room(tmp_path: Path) -> None:
    out = (walks(2, 9, (1.1, 0.93), (0.3, 0.9)),)
    assert known_share(stage(room(*out), tmp_path, 25)) > 0.8


def test_somebody_is_drawn_where_they_are(tmp_path: Path) -> None:
    scene = room(*THROUGH)
    made = stage(scene, tmp_path, 14)
    for n in range(75, 135, 10):
        ((_, truth),) = scene.boxes(n)
        (puppet,) = made.puppets[n]
        assert abs(puppet.box.left - truth.left) < 0.03
        assert abs(puppet.box.bottom - truth.bottom) < 0.03
    assert not made.puppets[15]


def test_one_who_lies_there_is_drawn_to_the_films_end_though_no_eye_finds_them(tmp_path: Path) -> None:
    made = stage(room(*ALWAYS_LIES), tmp_path, 20, late)
    assert all(len(each) == 1 for each in made.puppets[10:])


def test_a_cat_is_a_cat_and_leaves_no_pixel(tmp_path: Path) -> None:
    scene = room(Act("cat", 2, 12, (-0.1, 0.9), (1.1, 0.92), 0.14))
    made = stage(scene, tmp_path, 16)
    assert {each.kind for each in made.puppets[90]} == {"cat"} or {each.kind for each in made.puppets[90]} == {"animal"}
    assert most_visible(scene, made)[0] <= MOST
