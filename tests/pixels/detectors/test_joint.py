"""Several networks as one eye: each thing once, with the surest score and the surest box."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.joint import SMALLEST_PX, JointEye, is_cut, window_around
from nightlatch.pixels.detectors.windows import Bgr, Window, box_within, letterbox

PICTURE = np.zeros((720, 1280, 3), np.uint8)
HERE, NEARLY, THERE = Box(0.1, 0.1, 0.3, 0.6), Box(0.11, 0.1, 0.3, 0.6), Box(0.6, 0.1, 0.8, 0.6)


@dataclass
class Fixed:
    """A network that always sees the same, and remembers where it was asked to look."""

    found: list[Detection]
    is_rough: bool = False
    name: str = "fixed"
    asked: list[Window] = field(default_factory=list)

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        self.asked.append(window)
        return self.found


def joint(*networks: list[Detection] | Fixed) -> list[Detection]:
    opinions = [each if isinstance(each, Fixed) else Fixed(each) for each in networks]
    return JointEye("both", opinions).look(PICTURE, [])


def test_the_piece_that_is_asked_about_holds_all_that_moves() -> None:
    regions = [Box(0.1, 0.2, 0.15, 0.3), Box(0.2, 0.3, 0.25, 0.35)]
    left, top, right, bottom = window_around(regions, 1280, 720) or (0, 0, 0, 0)
    assert right - left == bottom - top >= SMALLEST_PX
    assert left <= 0.1 * 1280
    assert right >= 0.25 * 1280
    assert top <= 0.2 * 720
    assert bottom >= 0.35 * 720


@pytest.mark.parametrize("regions", [[], [Box(0, 0, 1, 1)], [Box(0.0, 0.0, 0.1, 0.1), Box(0.9, 0.9, 1.0, 1.0)]])
def test_what_moves_everywhere_or_nowhere_is_asked_about_in_the_whole_picture(regions: list[Box]) -> None:
    assert window_around(regions, 1280, 720) is None


@pytest.mark.parametrize("region", [Box(0.97, 0.95, 1.0, 1.0), Box(1.2, 1.1, 1.3, 1.2), Box(-0.4, -0.3, -0.3, -0.2)])
def test_a_piece_at_the_edge_or_beyond_it_lies_within_the_picture(region: Box) -> None:
    left, top, right, bottom = window_around([region], 640, 360) or (0, 0, 0, 0)
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 360


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2000, 8), (8, 2000), (100, 100)])
def test_of_a_picture_too_small_for_a_piece_the_whole_is_seen(width: int, height: int) -> None:
    network = Fixed([])
    picture = np.zeros((height, width, 3), np.uint8)
    assert JointEye("both", [network]).look(picture, [Box(0.4, 0.4, 0.6, 0.6)]) == []
    assert network.asked == [(0, 0, width, height)]


def test_the_whole_picture_is_seen_in_about_every_third_look() -> None:
    network = Fixed([])
    eye = JointEye("both", [network])
    for _ in range(300):
        eye.look(PICTURE, [Box(0.4, 0.4, 0.5, 0.5)])
    assert 70 < sum(window == (0, 0, 1280, 720) for window in network.asked) < 130


def test_of_one_thing_the_better_founded_opinion_stands_and_of_two_both() -> None:
    one = [Detection(HERE, Kind.PERSON, 0.4), Detection(THERE, Kind.CAT, 0.5)]
    two = [Detection(NEARLY, Kind.PERSON, 0.7), Detection(THERE, Kind.DOG, 0.6)]
    assert joint(one, two) == [two[0], two[1]]
    assert joint(two, one) == [two[0], two[1]]


def test_where_one_sees_an_animal_and_another_a_person_both_are_said() -> None:
    dog, person = Detection(HERE, Kind.DOG, 0.7), Detection(NEARLY, Kind.PERSON, 0.45)
    assert joint([dog], [person]) == [dog, person]


def test_one_network_that_is_in_doubt_says_what_it_is_surest_of() -> None:
    dog, person = Detection(HERE, Kind.DOG, 0.7), Detection(NEARLY, Kind.PERSON, 0.45)
    assert joint([dog, person]) == [dog]


def test_a_head_within_a_body_is_no_second_person() -> None:
    body, head = Detection(HERE, Kind.PERSON, 0.6), Detection(Box(0.15, 0.1, 0.2, 0.2), Kind.PERSON, 0.8)
    assert [each.kind for each in joint([body], [head])] == [Kind.PERSON]
    assert [each.kind for each in joint([body, head])] == [Kind.PERSON]


def test_two_people_side_by_side_are_two() -> None:
    one, two = Detection(HERE, Kind.PERSON, 0.6), Detection(Box(0.25, 0.1, 0.45, 0.6), Kind.PERSON, 0.8)
    assert len(joint([one, two])) == 2


def test_a_guessed_box_gives_way_to_a_seen_one_and_the_score_stays() -> None:
    guess = Fixed([Detection(Box(0.08, 0.05, 0.32, 0.7), Kind.PERSON, 0.5)], is_rough=True)
    assert joint([Detection(HERE, Kind.PERSON, 0.3)], guess) == [Detection(HERE, Kind.PERSON, 0.5)]
    assert joint(guess) == guess.found


def test_a_guess_alone_does_not_make_an_animal_a_person() -> None:
    guess = Fixed([Detection(Box(0.08, 0.05, 0.32, 0.7), Kind.PERSON, 0.5)], is_rough=True)
    cat, somebody = Detection(HERE, Kind.CAT, 0.4), Detection(NEARLY, Kind.PERSON, 0.35)
    assert joint([cat], guess) == [cat]
    assert {each.kind for each in joint([cat], [somebody], guess)} == {Kind.CAT, Kind.PERSON}
    assert max(each.score for each in joint([cat], [somebody], guess)) == 0.5  # the guess counts then
    elsewhere = Detection(THERE, Kind.CAT, 0.4)
    assert joint([elsewhere], guess) == [*guess.found, elsewhere]


def test_a_body_cut_off_at_the_edge_of_a_piece_is_known_as_such() -> None:
    piece = (320, 180, 640, 500)
    assert is_cut(Box(0.3, 500 / 720 - 0.2, 0.4, 499 / 720), piece, 1280, 720)
    assert not is_cut(Box(0.3, 0.4, 0.4, 0.5), piece, 1280, 720)
    assert not is_cut(Box(0, 0, 1, 1), (0, 0, 1280, 720), 1280, 720)  # there is nothing beyond


@pytest.mark.parametrize("window", [(0, 0, 1280, 720), (100, 50, 400, 650)])
@pytest.mark.parametrize("is_centred", [True, False])
def test_what_lies_in_a_letterbox_comes_back_to_where_it_was(window: Window, is_centred: bool) -> None:
    fit = letterbox(PICTURE, window, 416, grey=0, is_centred=is_centred)
    left, top, right, bottom = window
    x, y = ((416 - (right - left) * fit.scale) / 2, (416 - (bottom - top) * fit.scale) / 2) if is_centred else (0, 0)
    low, high = fit.shares(np.array([[x, y], [x + (right - left) * fit.scale, y + (bottom - top) * fit.scale]]))
    assert low * (1280, 720) == pytest.approx((left, top), abs=1)
    assert high * (1280, 720) == pytest.approx((right, bottom), abs=1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_box_that_is_no_number_is_no_box(bad: float) -> None:
    assert box_within(bad, 0, 1, 1) is None
    assert box_within(0, 0, 1, bad) is None
    assert box_within(-1, -1, 2, 2) == Box(0, 0, 1, 1)
    assert box_within(1.1, 0, 1.2, 1) is None
