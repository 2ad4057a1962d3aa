"""The short form of `make drill-faults`, and that what it judges with is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.faults import drill
from tests.drills.strip import Stretch, Strip


@pytest.mark.timeout(300)
def test_every_second_of_a_camera_with_faults_is_recorded_or_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = drill(tmp_path, cameras=3, seconds=60, seed=10)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.wrong == []
    assert found.begun.total() >= 6
    assert found.kept > 0.9 * found.sent


def test_a_hole_is_what_neither_footage_nor_an_outage_covers() -> None:
    footage = (Stretch(0, 4000, "a"), Stretch(4000, 8000, "b"), Stretch(20_000, 24_000, "c"))
    strip = Strip(footage, (Stretch(9000, 15_000, "stalled"),))
    assert strip.gaps(0, 24_000, 0.5) == [Stretch(8000, 20_000, "nothing")]
    assert [(each.began_ms, each.ended_ms) for each in strip.unexplained(0, 30_000, 0.5)] == [
        (8000, 9000),
        (15_000, 20_000),
        (24_000, 30_000),
    ]
    assert [each.length_s for each in strip.unexplained(0, 30_000, 2.5)] == [5.0, 6.0]
    assert strip.unexplained(9000, 15_000, 0) == []


def test_two_files_that_show_the_same_time_are_found() -> None:
    strip = Strip((Stretch(0, 4000, "a"), Stretch(3000, 8000, "b"), Stretch(7900, 9000, "c")), ())
    assert [(each.began_ms, each.ended_ms) for each in strip.overlaps(0.25)] == [(3000, 4000)]


def test_an_outage_over_what_was_recorded_is_found() -> None:
    strip = Strip((Stretch(0, 4000, "a"), Stretch(9000, 12_000, "b")), (Stretch(1000, 9500, "stalled"),))
    assert [(each.began_ms, each.ended_ms) for each in strip.contradictions(0.25)] == [(1000, 4000), (9000, 9500)]
    assert [each.began_ms for each in strip.contradictions(2.5)] == [1000]
