"""Looking at packets: cheap pictures, stills and sheets."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from nightlatch.pixels.media.frames import Looker, Picture, small_luma
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


def test_a_torn_picture_and_all_that_is_predicted_from_it_are_never_shown(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=8, key_every=20))
    looker = Looker(streams)
    looker.wake()
    seen = []
    for number, packet in enumerate(packets):
        if 47 <= number < 50:
            continue  # these did not arrive
        picture = looker.look(replace(packet, is_torn=50 <= number < 60))
        if picture is not None:
            seen.append(number)
    assert [number for number in seen if 47 <= number < 60] == []
    assert 60 in seen
    assert looker.torn == 10
    assert looker.failed == 0
    assert looker.key_every_us is not None
    assert looker.key_every_us < 2_500_000  # the gap is not taken for a longer interval


def test_what_was_lost_without_a_word_is_noticed_by_how_the_stream_counts(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=14, key_every=20))
    looker = Looker(streams)
    looker.wake()
    lost = {47, 81, 100}  # the last is a key frame
    seen = [number for number, packet in enumerate(packets) if number not in lost and looker.look(packet) is not None]
    assert not [number for number in seen if 47 <= number < 60 or 81 <= number < 120]
    assert {60, 120} <= set(seen)
    assert looker.torn == 12 + 18 + 19
    assert looker.failed == 0


def test_what_was_passed_over_is_not_made_up_when_something_wakes_the_camera(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=10, key_every=20))
    looker = Looker(streams)
    with av.open(str(tmp_path / "in.mp4")) as whole:
        true = [small_luma(frame) for frame in whole.decode(video=0)]
    for number, packet in enumerate(packets[:81]):
        if number == 75:
            looker.skip()
        looker.look(packet)
    past = looker.wake()
    assert len(past) >= 5
    for picture in past:
        number = [packet.at_ms for packet in packets].index(picture.at_ms)
        assert number < 75
        assert np.abs(picture.luma.astype(int) - true[number]).mean() < 1


def test_an_interval_too_long_to_keep_gives_no_picture_that_lacks_its_middle(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=4, key_every=80))
    looker = Looker(streams)
    looker._decodes_all = False
    looker._following = None  # it would notice that the same picture comes again and again
    looker.look(packets[0])
    for number in range(1, 300):
        looker.look(replace(packets[1], dts_us=packets[0].dts_us + number))
    looker.wake()
    assert looker.look(packets[30]) is None
