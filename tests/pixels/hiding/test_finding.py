"""Who was found is hidden from head to foot, through a detector's blinks, and beyond the last find."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.doubting import Ends, ends_of
from nightlatch.pixels.hiding.finding import Chain, Cover, Findings, Guess, bodies, chains, covers_of
from nightlatch.pixels.hiding.plate import Hidden, NoPlate, Plate, Sample, mask_of, plate_of
from nightlatch.pixels.vision.boxes import covered

FPS = 15.0
SOMEBODY = Box(0.4, 0.3, 0.5, 0.8)


def person(box: Box = SOMEBODY, score: float = 0.9) -> Findings:
    return Findings((Detection(box, Kind.PERSON, score),), (), ())


def hidden(boxes: Sequence[Box], box: Box) -> bool:
    return any(covered(box, each) > 0.999 for each in boxes)


def covers(looks: dict[int, Findings], count: int, held: tuple[bool, bool] = (False, False)) -> list[list[Box]]:
    made: list[list[Box]] = [[] for _ in range(count)]
    for chain in chains(looks, FPS):
        for n, cover in covers_of(chain, range(count), FPS, held).items():
            made[n].append(cover.reach)
    return made


def test_whoever_is_found_is_covered_with_a_margin_all_around() -> None:
    wide = Box(SOMEBODY.left - 0.015, SOMEBODY.top - 0.08, SOMEBODY.right + 0.015, SOMEBODY.bottom + 0.03)
    assert hidden(covers({0: person()}, 1)[0], wide)


def test_between_two_looks_and_through_a_blink_somebody_stays_covered() -> None:
    there = Box(0.55, 0.3, 0.65, 0.8)
    made = covers({0: person(), 30: person(there)}, 31)
    for n in range(31):
        x = 0.4 + 0.15 * n / 30
        assert hidden(made[n], Box(x, 0.3, x + 0.1, 0.8)), n


def test_a_box_that_is_cut_short_in_one_look_does_not_bare_a_head() -> None:
    short = Box(0.4, 0.5, 0.5, 0.8)
    made = covers({n: person(short if n == 20 else SOMEBODY) for n in range(0, 41, 2)}, 41)
    assert all(hidden(made[n], SOMEBODY) for n in range(41))


def test_covers_reach_a_second_before_and_after() -> None:
    made = covers({60: person()}, 121)
    assert all(hidden(made[n], SOMEBODY) for n in range(45, 76))
    assert not made[0]


def test_a_face_alone_covers_a_whole_body() -> None:
    face = Box(0.5, 0.2, 0.54, 0.27)
    look = Findings((), (Detection(face, Kind.PERSON, 0.9),), ())
    assert hidden(covers({0: look}, 1)[0], Box(0.46, 0.17, 0.58, 0.7))


@pytest.mark.parametrize("score", [0.8, 0.3])
def test_what_moves_is_covered_whether_it_is_surely_a_pet_or_not(score: float) -> None:
    region = Box(0.1, 0.5, 0.25, 0.8)
    look = Findings((Detection(region, Kind.DOG, score),), (), (region,))
    assert hidden(covers({0: look}, 1)[0], region)


def test_who_is_cut_off_by_the_pictures_side_is_covered_to_below_the_feet() -> None:
    half_outside = Box(0.0, 0.3, 0.05, 0.6)
    (body,) = bodies(person(half_outside))
    assert covered(Box(0.0, 0.3, 0.1, 0.75), body.cover) > 0.999


def test_a_rough_box_does_not_widen_a_sure_one_but_counts_alone() -> None:
    sure, rough = Detection(SOMEBODY, Kind.PERSON, 0.9), Guess(Box(0.2, 0.2, 0.7, 0.9), Kind.PERSON, 0.45)
    (body,) = bodies(Findings((rough, sure), (), ()))
    assert body.box == SOMEBODY
    assert body.cover.left > 0.3
    (alone,) = bodies(Findings((rough,), (), ()))
    assert covered(rough.box, alone.cover) > 0.999


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.floats(0, 0.85), st.floats(0, 0.5)), min_size=1, max_size=12))
def test_nobody_that_was_found_is_ever_left_open(seen: list[tuple[int, float, float]]) -> None:
    looks = {n: person(Box(x, y, x + 0.1, y + 0.45)) for n, x, y in seen}
    made = covers(looks, 81)
    for n, look in looks.items():
        assert hidden(made[n], look.things[0].box)


AT = list(range(0, 200, 2))


def greys(lies: Box | None, from_picture: int, other_light: int = 0, stands: Sequence[int] = ()) -> list[np.ndarray]:
    """A place, every second picture of 200; somebody lies in it from `from_picture` on, or stands in some pictures."""
    place = np.random.default_rng(2).integers(60, 140, (18, 32)).astype(np.uint8)
    place = cv2.resize(place, (320, 180), interpolation=cv2.INTER_CUBIC)
    made = []
    for n in AT:
        picture = place[:, ::-1].copy() if n >= from_picture and other_light else place.copy()
        for box in ([lies] if n >= from_picture and lies is not None else []) + ([SOMEBODY] if n in stands else []):
            picture[int(box.top * 180) : int(box.bottom * 180), int(box.left * 320) : int(box.right * 320)] = 20
        made.append(picture)
    return made


def only(looks: dict[int, Findings]) -> Chain:
    (chain,) = chains(looks, FPS)
    return chain


def plate(looks: dict[int, Findings], small: list[np.ndarray]) -> Plate:
    found = chains(looks, FPS)
    ends = [ends_of(chain, found, AT, small, FPS) for chain in found]
    covers: dict[int, list[Cover]] = {n: [] for n in AT}
    for chain, end in zip(found, ends, strict=True):
        for n, cover in covers_of(chain, AT, FPS, end.held).items():
            covers[n].append(cover)
    reach = np.stack([mask_of([each.reach for each in covers[n]], small[0].shape) for n in AT])
    taken = np.stack([mask_of([each.core for each in covers[n] if each.core], small[0].shape) for n in AT])
    samples = [Sample(k, cv2.cvtColor(small[k], cv2.COLOR_GRAY2BGR)) for k in range(0, len(AT), 4)]
    return plate_of(small, samples, Hidden(taken, reach), [known for end in ends for known in end.known], FPS / 2)


ENTERS = {n: person(Box(0.9 - 0.4 * n / 60, 0.3, min(1.0, 1.0 - 0.4 * n / 60), 0.8)) for n in range(0, 61, 2)}
LIES = Box(0.1, 0.75, 0.3, 0.9)


def test_somebody_whose_place_stays_as_it_was_is_still_there_and_covered_to_the_end_and_the_beginning() -> None:
    seen = {n: person() for n in range(30, 61, 2)}
    small = greys(None, 0, stands=range(200))
    assert ends_of(only(seen), [], AT, small, FPS) == Ends((True, True), True, ())
    made = plate(seen, small)
    assert not made.is_known[60:140, 130:158].any()


def test_somebody_who_comes_and_leaves_by_the_sides_is_not_lost() -> None:
    seen = {n: person(Box((n - 30) / 60 * 0.9, 0.3, (n - 30) / 60 * 0.9 + 0.1, 0.8)) for n in range(30, 91, 2)}
    assert ends_of(only(seen), [], AT, greys(None, 0), FPS) == Ends((False, False), False, ())


def test_where_one_who_left_their_place_may_be_is_known_only_before() -> None:
    seen = {n: person() for n in range(30, 61, 2)}
    ends = ends_of(only(seen), [], AT, greys(None, 0, stands=range(30, 62)), FPS)
    assert ends.held == (False, False)
    before, after = (sorted(np.flatnonzero(each)) for each in ends.known)
    assert before == [k for k, n in enumerate(AT) if n >= 30]
    assert after == [k for k, n in enumerate(AT) if n <= 60]


def test_somebody_who_lies_still_where_no_detector_finds_them_is_grey() -> None:
    assert not plate(ENTERS, greys(LIES, 62)).is_known[136:160, 34:94].any()
    assert plate(ENTERS, greys(None, 62)).is_known[136:160, 34:94].all()


def test_somebody_who_lay_there_before_they_were_found_is_grey_too() -> None:
    small = [lying if n < 90 else empty for n, lying, empty in zip(AT, greys(LIES, 0), greys(None, 0), strict=True)]
    rises = {n: person(Box(0.4 + 0.005 * (n - 100), 0.3, 0.5 + 0.005 * (n - 100), 0.8)) for n in range(100, 199, 2)}
    made = plate(rises, small)
    shown = made.is_known[136:160, 34:94]
    assert not (shown & (made.picture[136:160, 34:94, 0] < 40)).any()


def test_in_another_light_nobody_can_say_who_is_gone() -> None:
    try:
        made = plate(ENTERS, greys(None, 62, other_light=1))
    except NoPlate:
        return
    assert made.is_known.mean() < 0.05


def test_a_camera_that_moves_is_refused_with_the_second() -> None:
    place = greys(None, 0)[0]
    wide = cv2.resize(place, (640, 360), interpolation=cv2.INTER_CUBIC)
    small = [np.ascontiguousarray(wide[50:230, k * 3 : k * 3 + 320]) for k in range(100)]
    samples = [Sample(k, cv2.cvtColor(small[k], cv2.COLOR_GRAY2BGR)) for k in range(0, 100, 10)]
    nobody = np.zeros((100, 180, 320), np.bool_)
    with pytest.raises(NoPlate, match="The camera moves"):
        plate_of(small, samples, Hidden(nobody, nobody), [], 5.0)


def test_grey_leaves_nothing_of_what_was_under_it() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    made = Plate(noise, np.ones((180, 320), np.bool_)).without([Box(0.25, 0.25, 0.75, 0.75)])
    assert made.picture[45:135, 80:240].std() == 0
    assert (made.picture[:40] == noise[:40]).all()
