"""A replay asks what would have been said somewhere else, and at another time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nightlatch.domain.context import Context, Mode, Site
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.replay.replaying import replay
from tests.pixels.sight.rooms import crossing, film


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "walk.mp4", crossing(8, 14, 36, 90), seconds=18)


def test_a_film_has_the_hour_that_it_is_given(walk: Path) -> None:
    (event,) = replay(walk, hour=23.5, context=Context(Site.GARDEN, Mode.AWAY)).events
    assert any("23:30" in reason for reason in event.judgement.reasons)
    (event,) = replay(walk).events
    assert not any("23:30" in reason for reason in event.judgement.reasons)


def test_a_bad_network_lies_between_the_film_and_the_sight(walk: Path) -> None:
    def half(packets: Iterator[Packet]) -> Iterator[Packet]:
        return (packet for number, packet in enumerate(packets) if number % 10 < 5)

    whole, torn = replay(walk), replay(walk, through=half)
    assert torn.packets * 2 == whole.packets
    assert torn.failed == 0
