"""Skimming: predicted pictures that the decoder is shown out of their order, between two key frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nightlatch.pixels.codecs.h264 import Numbering
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import Sight
from tests.pixels.sight.rooms import Image, crossing, film, look, opened


def _quiet(picture: Image, second: float) -> None:
    """Nothing happens."""


def test_a_skim_of_a_quiet_place_is_nearly_the_picture(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", _quiet, seconds=16, gop_s=4)) as opened_film:
        packets, streams = list(opened_film.packets), opened_film.streams
    streams = replace(streams, video=replace(streams.video, width=1920))  # else it would all be decoded
    looker, whole = Looker(streams), Looker(streams)
    whole.wake()
    true, skims = {}, []
    for packet in packets:
        picture = whole.look(packet)
        if picture is not None:
            true[packet.at_ms] = picture.luma
        looker.look(packet)
        luma = looker.skim(packet)
        if luma is not None:
            skims.append(packet.at_ms)
            nearest = min(true, key=lambda at_ms: abs(at_ms - packet.at_ms))
            assert np.abs(luma.astype(int) - true[nearest]).mean() < 2
    assert [at_ms // 1000 for at_ms in skims] == [9, 10, 11, 13, 14, 15]
    assert looker.failed == 0


def test_a_picture_that_keeps_its_number_keeps_its_bytes(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", _quiet, seconds=4, gop_s=4)) as opened_film:
        key, *packets = opened_film.packets
        numbering = Looker(opened_film.streams).numbering
    assert numbering is not None
    assert all(numbering.renumbered(packet.data, count) == packet.data for count, packet in enumerate(packets, 1))
    assert numbering.renumbered(key.data, 1) is None


@pytest.mark.parametrize("place_bits", [None, 4, 16])
def test_what_is_renumbered_can_be_undone_and_never_holds_a_start_code(place_bits: int | None) -> None:
    numbering = Numbering(16, place_bits)
    unit = bytes((0x41, 0b10011011, 0xFF, 0xFE)) + bytes(range(200, 255)) + b"\0\0\3\1"
    first = numbering.renumbered(len(unit).to_bytes(4) + unit, 4097)
    assert first is not None
    for count in (0, 1, 2, 3, 255, 256, 32768):
        made = numbering.renumbered(first, count)
        assert made is not None
        assert made[:4] == (len(made) - 4).to_bytes(4)
        assert not any(bytes((0, 0, low)) in made[4:] for low in range(3))
        assert numbering.renumbered(made, 4097) == first
    if place_bits == 16:
        assert b"\0\0\3" in (numbering.renumbered(first, 0) or b"")[5:20]


def test_what_cannot_be_read_is_not_skimmed(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", _quiet, seconds=1)) as opened_film:
        streams = opened_film.streams
    for extradata in (b"", streams.video.extradata[:9], b"\0" + streams.video.extradata[1:]):
        assert Looker(replace(streams, video=replace(streams.video, extradata=extradata))).numbering is None
    assert Looker(replace(streams, video=replace(streams.video, codec="hevc"))).numbering is None


def test_what_passes_between_two_key_frames_is_found(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(46.3, 47.9, 40, 60), seconds=60, gop_s=2, noise=1.0)
    ((at_ms, event),) = opened(look(path)[0])
    assert 46_200 <= event.onset_ms <= 47_400
    assert at_ms <= 48_500


def test_a_quiet_camera_costs_a_key_frame_and_four_skims_in_two_seconds(tmp_path: Path) -> None:
    told, sight = look(film(tmp_path / "in.mp4", _quiet, seconds=60, gop_s=2))
    assert told == []
    assert 100 <= sight.decoded <= 5 * 30 + 20


def test_a_stream_that_cannot_be_skimmed_after_all_is_left_alone(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", _quiet, seconds=60, gop_s=2)) as opened_film:
        packets, streams = list(opened_film.packets), opened_film.streams
    packets = [
        packet if packet.is_key or packet.at_ms < 8_000 else replace(packet, data=packet.data[:14] + b"\xff" * 9)
        for packet in packets
    ]
    sight = Sight(streams, areas=(), detector=None, new_id=lambda: "e", camera_id="c")
    assert [each for packet in packets for each in sight.take(packet)] == []
    assert sight.failed == 0
