"""A short soak: some cameras, some simulated minutes. `bench/soak.py` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from soak import soak


@pytest.mark.timeout(180)
def test_memory_stays_footage_is_whole_and_time_does_not_drift(tmp_path: Path) -> None:
    street = film(scene("living-room", width=320, height=180), tmp_path / "street.mp4", 30)
    found = soak(tmp_path / "hub", street, street, cameras=3, minutes=5, speed=8)
    half = found.minutes[2:]
    assert max(each.resident_kib for each in half) - min(each.resident_kib for each in half) < 12 * 1024
    assert found.gaps == 0
    assert abs(found.drift_ms) < 100
    assert 0 < found.minutes[-1].segments <= 3 * 2 * 60 / 4 * 1.5  # two minutes are kept; the rest went
