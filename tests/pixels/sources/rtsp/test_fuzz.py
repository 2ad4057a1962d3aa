"""A short run of `make fuzz-rtsp`."""

from __future__ import annotations

from tests.pixels.sources.rtsp import fuzz


def test_hostile_cameras_end_in_a_sentence_and_nothing_grows() -> None:
    assert fuzz.run(20_000, 20) > 0
