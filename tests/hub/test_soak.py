"""A short soak: some cameras, two minutes. `bench/soak.py` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from cameras import crowd
from soak import soak

CAMERAS, MINUTES = 3, 2
FILMS = 6  # whose size a camera may keep, clips and sheets included


@pytest.mark.timeout(240)
def test_memory_stays_footage_is_whole_and_time_does_not_drift(tmp_path: Path) -> None:
    place = scene("living-room", width=320, height=180)
    street = film(place, tmp_path / "street.mp4", 30)
    quota_bytes = street.stat().st_size * FILMS
    with crowd(street, place.fps, street, place.fps) as sends:
        found = soak(tmp_path, sends, cameras=CAMERAS, minutes=MINUTES, quota_bytes=quota_bytes)
    first, last = found.minutes[0], found.minutes[-1]
    assert last.watch_mib - first.watch_mib < 12
    assert found.gaps == 0
    assert abs(found.drift_ms) < 100
    assert last.behind_ms < 12_000
    assert 2 * CAMERAS <= last.segments < CAMERAS * MINUTES * 60 / 4  # some went
