"""The short form of `python -m tests.drills.pictures`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.foreign import is_installed
from tests.drills.pictures import FPS, make_film, record


@pytest.mark.services
@pytest.mark.timeout(180)
@pytest.mark.skipif(not is_installed(), reason="gst-rtsp-server is not installed (see scripts/packages.txt)")
def test_every_picture_of_a_foreign_camera_is_recorded_once_and_can_be_decoded(tmp_path: Path) -> None:
    film = make_film(tmp_path, 640, 360, 500_000, 60)
    found = record(tmp_path, film, 15)
    assert found.steps == ()
    assert found.decoded == found.pictures
    assert found.pictures >= 14 * FPS
    assert found.gaps == 0
    assert found.footage_s == pytest.approx(found.pictures / FPS, abs=0.2)
    assert found.sound_s == pytest.approx(found.footage_s, abs=0.5)
