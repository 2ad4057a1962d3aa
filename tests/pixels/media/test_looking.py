"""Looking at packets: cheap pictures, stills and sheets."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from nightlatch.pixels.media.frames import Looker, Picture
from nightlatch.pixels.media.stills import SheetBuilder, make_still, read_comment
from tests.pixels.media.films import film, read


def _pictures(path: Path) -> list[Picture]:
    streams, packets = read(path)
    looker = Looker(streams)
    seen = [picture for packet in packets if (picture := looker.look(packet)) is not None]
    assert looker.failed == 0
    return seen


@pytest.mark.parametrize(("key_every", "least", "most"), [(10, 10, 12), (20, 6, 9), (100, 18, 21)])
def test_frequent_key_frames_are_looked_at_and_rare_ones_do_not_blind(
    tmp_path: Path, key_every: int, least: int, most: int
) -> None:
    pictures = _pictures(film(tmp_path / "in.mp4", seconds=10, key_every=key_every))
    assert least <= len(pictures) <= most
    times = [p.at_ms for p in pictures]
    assert times == sorted(set(times))
    assert max(b - a for a, b in pairwise(times)) <= 2000


def test_luma_is_small_and_true(tmp_path: Path) -> None:
    picture = _pictures(film(tmp_path / "in.mp4", seconds=1, size="640x360"))[0]
    assert picture.luma.shape == (180, 320)
    grey = cv2.cvtColor(picture.bgr(320), cv2.COLOR_BGR2GRAY)
    assert np.abs(grey.astype(int) * 219 / 255 + 16 - picture.luma).mean() < 6


def test_broken_packets_never_raise(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=6))
    looker = Looker(streams)
    seen = 0
    for index, packet in enumerate(packets):
        if index % 3 == 0 and index > 25:
            packet = replace(packet, data=packet.data[:4] + bytes(reversed(packet.data[4:60])))
        seen += looker.look(packet) is not None
    assert seen >= 2


def test_a_still_is_a_jpeg_of_the_width_asked_for(tmp_path: Path) -> None:
    picture = _pictures(film(tmp_path / "in.mp4", seconds=1, size="1280x720"))[0]
    still = make_still(picture, "c0ffee")
    assert (still.width, still.height) == (640, 360)
    assert cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


def test_a_sheet_holds_a_minute_and_says_which_moments(tmp_path: Path) -> None:
    picture = _pictures(film(tmp_path / "in.mp4", seconds=1))[0]
    builder = SheetBuilder("c0ffee")
    began_ms = 1_800_000_000_000
    made = [builder.add(replace(picture, at_ms=began_ms + second * 1000)) for second in range(130)]
    sheets = [sheet for sheet in made if sheet is not None]
    assert [len(s.at_ms) for s in sheets] == [15, 15]
    assert [s.began_ms for s in sheets] == [began_ms, began_ms + 60_000]
    comment = read_comment(sheets[0].jpeg)
    assert comment is not None
    assert json.loads(comment) == {"v": 1, "at_ms": list(sheets[0].at_ms), "columns": 5, "cell": [320, 180]}
    assert cv2.imdecode(np.frombuffer(sheets[0].jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (540, 1600, 3)
    last = builder.finish()
    assert last is not None
    assert len(last.at_ms) == 3
