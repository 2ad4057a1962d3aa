"""The hub's clock may be set while something happens: what is seen, and how long it lasts, does not change by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nightlatch.domain.sighting import EventClosed, EventOpened
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import TracksChanged
from tests.pixels.sight.rooms import Image, Told, crossing, film, tell

BEGAN_MS = 1_800_000_000_000
SET_AT_MS = 14_000  # while the first of two things crosses


@pytest.fixture(scope="module")
def two_visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    first, second = crossing(12, 17, 60, 140), crossing(40, 45, 60, 140)

    def draw(picture: Image, at_s: float) -> None:
        first(picture, at_s)
        second(picture, at_s)

    return film(tmp_path_factory.mktemp("film") / "in.mp4", draw, seconds=60)


def told_with(path: Path, set_by_ms: int) -> Told:
    """What is told of the film by a hub whose clock is set in the middle of it."""
    with open_film(path) as opened:
        packets = [_at(packet, BEGAN_MS + (set_by_ms if packet.at_ms >= SET_AT_MS else 0)) for packet in opened.packets]
        return tell(opened.streams, packets)[0]


def _at(packet: Packet, by_ms: int) -> Packet:
    return replace(packet, at_ms=packet.at_ms + by_ms)


@pytest.mark.parametrize("set_by_ms", [3_600_000, -3_600_000, 700])
def test_a_clock_that_is_set_changes_nothing_but_where_later_events_lie(two_visits: Path, set_by_ms: int) -> None:
    usual, told = [[each for _, each in told_with(two_visits, by_ms)] for by_ms in (0, set_by_ms)]
    first = usual.index(next(each for each in usual if isinstance(each, EventClosed))) + 1
    assert told[:first] == usual[:first]
    assert len(told) == len(usual)
    for before, after in zip(usual[first:], told[first:], strict=True):
        match before, after:
            case EventOpened(), EventOpened():
                assert after.onset_ms - before.onset_ms == set_by_ms
                assert after.clip_from_ms - before.clip_from_ms == set_by_ms
            case TracksChanged(), TracksChanged():
                assert after.at_ms - before.at_ms == set_by_ms
                shifts = {
                    b.at_ms - a.at_ms
                    for x, y in zip(before.tracks, after.tracks, strict=True)
                    for a, b in zip(x.path, y.path, strict=True)
                }
                assert shifts <= {set_by_ms}
            case EventClosed(), EventClosed():
                assert after.last_motion_ms - before.last_motion_ms == set_by_ms
                assert after.clip_to_ms - after.onset_ms == before.clip_to_ms - before.onset_ms
            case _:
                pytest.fail(f"{before} became {after}")


def test_a_film_has_two_events_of_which_the_clock_is_set_in_the_first(two_visits: Path) -> None:
    opened = [each for _, each in told_with(two_visits, 0) if isinstance(each, EventOpened)]
    closed = [each for _, each in told_with(two_visits, 0) if isinstance(each, EventClosed)]
    assert len(opened) == len(closed) == 2
    assert opened[0].onset_ms < BEGAN_MS + SET_AT_MS < closed[0].clip_to_ms
