"""Areas of the owner's: masks that nobody sees under, and areas that want somebody to stay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from nightlatch.domain.geometry import Area, Box, is_inside
from nightlatch.domain.sighting import Detection, EventClosed, Place
from nightlatch.pixels.sight import TracksChanged
from nightlatch.pixels.vision.stays import longest_stay_ms
from tests.pixels.sight.rooms import Draw, Image, Told, box_at, crossing, film, look, opened

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
MIDDLE = Area("door", "watch", ((0.3, 0.2), (0.7, 0.2), (0.7, 1.0), (0.3, 1.0)), dwell_s=5)


class Witness:
    """A detector that keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[Image, tuple[Box, ...]]] = []

    def look(self, bgr: Image, regions: Sequence[Box]) -> list[Detection]:
        self.shown.append((bgr.copy(), tuple(regions)))
        return []


def lingering(from_s: float, to_s: float) -> Draw:
    """Somebody who walks about in the middle of the picture."""

    def draw(picture: Image, second: float) -> None:
        if from_s <= second < to_s:
            turn = second * 1.3
            box_at(picture, 0.5 + 0.06 * math.cos(turn), 0.6 + 0.05 * math.sin(turn), 40, 100)

    return draw


@pytest.fixture(scope="module")
def stay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "stay.mp4", lingering(15, 30), seconds=48)


def kinds(told: Told) -> list[str]:
    return [type(each).__name__ for _, each in told if not isinstance(each, TracksChanged)]


def test_nobody_sees_under_a_mask_and_nothing_happens_there(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 23, 40, 100), seconds=35)
    eye = Witness()
    told, sight = look(path, areas=(Area("bed", "mask", LEFT),), detector=eye)
    ((_, event),) = opened(told)
    assert event.onset_ms >= 18_500  # it comes out from under the mask in the middle of its way
    assert eye.shown
    for bgr, regions in eye.shown:
        assert not bgr[:, : bgr.shape[1] // 2 - 1].any()
        assert bgr[:, bgr.shape[1] // 2 + 2 :].any()
        assert all(region.right > 0.49 for region in regions)
    assert sight.picture is not None
    still = sight.picture.bgr(320)
    assert not still[:, :159].any()
    assert still[:, 162:].any()


def test_under_a_mask_over_everything_nothing_ever_happens(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 40, 100), seconds=30)
    assert look(path, areas=(Area("all", "mask", ALL),))[0] == []


def test_who_passes_through_an_area_that_wants_a_stay_makes_no_event(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 21, 40, 100), seconds=40)  # in the area for 2.4 s
    assert look(path, areas=(MIDDLE,))[0] == []
    assert len(opened(look(path, areas=(Area("door", "watch", MIDDLE.points),))[0])) == 1


def test_who_stays_makes_one_event_after_that_while(stay: Path) -> None:
    told, _ = look(stay, areas=(MIDDLE,))
    assert kinds(told) == ["EventOpened", "EventClosed"]
    ((at_ms, event),) = opened(told)
    assert 19_500 <= at_ms <= 22_500  # 5 s after 15 s, and a look or two
    assert event.clip_from_ms == event.onset_ms - 5_000
    closed = next(each for _, each in told if isinstance(each, EventClosed))
    assert closed.onset_ms == event.onset_ms
    assert abs(closed.last_motion_ms - 30_000) <= 1_500
    tracks = next(each.tracks for _, each in told if isinstance(each, TracksChanged))
    assert min(track.path[0].at_ms for track in tracks) <= 16_500  # what was seen while it waited is told, too


def test_another_area_that_wants_no_stay_opens_at_once(stay: Path) -> None:
    at_once = Area("path", "watch", ALL)
    ((at_ms, _),) = opened(look(stay, areas=(MIDDLE, at_once))[0])
    assert at_ms <= 17_500


def test_a_stay_goes_on_through_a_short_absence_only() -> None:
    area = Area("a", "watch", LEFT)
    inside, outside = Box(0.1, 0.4, 0.2, 0.8), Box(0.7, 0.4, 0.8, 0.8)
    there = [Place(at_ms, inside) for at_ms in (0, 1_000, 3_500, 9_000, 10_000)]
    assert longest_stay_ms([*there[:3], Place(5_000, outside), *there[3:]], area) == 3_500
    assert longest_stay_ms([Place(0, outside)], area) == -1
    assert longest_stay_ms([Place(0, inside)], area) == 0


def test_a_point_is_inside_a_shape_with_a_dent_or_not() -> None:
    dented = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0))
    assert is_inside((0.1, 0.5), dented)
    assert not is_inside((0.5, 0.5), dented)
