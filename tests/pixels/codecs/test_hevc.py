"""HEVC: what is told of it is right, units come whole or are called torn, and nothing hostile raises or grows."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.pixels.codecs import hevc, rfc6381
from nightlatch.pixels.codecs.codec import AccessUnit, Gathering, VideoStream
from nightlatch.pixels.codecs.h264 import join_lengths, split_annex_b, split_lengths

START = b"\0\0\0\1"


@cache
def encoded(width: int = 320, height: int = 180, pix_fmt: str = "yuv420p", more: str = "") -> tuple[bytes, ...]:
    """Twelve access units in Annex B, as a camera sends them: parameter sets before each of three key frames."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, pix_fmt
    encoder.time_base = Fraction(1, 10)
    encoder.framerate = 10
    params = "log-level=0:repeat-headers=1:keyint=4:min-keyint=4:scenecut=0:bframes=0:info=0:pools=1:frame-threads=1"
    encoder.options = {"preset": "ultrafast", "x265-params": params + more}
    made = []
    for index in range(12):
        picture = np.full((height, width, 3), 40 + 10 * index, np.uint8)
        picture[:, : width // 2] = np.random.default_rng(index).integers(0, 255, (height, width // 2, 3))
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pix_fmt)
        frame.pts = index
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(made + [bytes(packet) for packet in encoder.encode(None)])


def framed(units: tuple[bytes, ...]) -> tuple[VideoStream, list[bytes]]:
    framing = hevc.framing(b"", 10.0)
    samples = [framing.frame(unit, index % 4 == 0) for index, unit in enumerate(units)]
    assert framing.video is not None
    return framing.video, samples


@pytest.mark.parametrize(
    ("size", "pix_fmt", "name"),
    [
        ((320, 180), "yuv420p", "hvc1.1.6.L"),
        ((1920, 1080), "yuv420p", "hvc1.1.6.L"),  # 1088 rows, eight of them cropped
        ((426, 240), "yuv420p10le", "hvc1.2.4.L"),
        ((320, 180), "yuv422p10le", "hvc1.4."),
        ((320, 180), "yuv444p", "hvc1.4."),
    ],
)
def test_size_depth_and_name_are_read_from_the_parameter_sets(size: tuple[int, int], pix_fmt: str, name: str) -> None:
    video, _ = framed(encoded(*size, pix_fmt))
    assert (video.width, video.height, video.codec, video.fps) == (*size, "hevc", 10.0)
    assert (rfc6381(video) or "").startswith(name)
    units, length_size = hevc.read_record(video.extradata)
    shape = hevc.parse_sps(units[1])
    assert length_size == 4
    assert (shape.chroma, shape.luma_depth) == ({"0": 1, "2": 2, "4": 3}[pix_fmt[5]], 10 if "10" in pix_fmt else 8)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("0101600000009000000000005d", "hvc1.1.6.L93.90"),
        ("010160000000b0000000000078", "hvc1.1.6.L120.B0"),
        ("0122200000009000000000005d", "hvc1.2.4.H93.90"),
        ("010208000000000000000000ba", "hvc1.2.10.L186"),
        ("0184e0000000123400000000b4", "hvc1.B4.7.L180.12.34"),
    ],
)
def test_the_name_is_as_the_standard_writes_it(head: str, name: str) -> None:
    video = VideoStream(320, 180, None, bytes.fromhex(head).ljust(23, b"\0"), codec="hevc")
    assert hevc.rfc6381(video) == name


def test_a_record_is_read_as_it_was_written() -> None:
    units = hevc.parameter_sets(encoded()[0])
    record = hevc.write_record(units, hevc.parse_sps(units[1]))
    assert [unit[0] >> 1 for unit in units] == [hevc.VPS, hevc.SPS, hevc.PPS]
    assert hevc.read_record(record) == (units, 4)
    for cut in range(len(record)):
        with pytest.raises(hevc.BadHevc):
            hevc.read_record(record[:cut])


def test_parameter_sets_stand_in_the_sample_entry_and_pictures_stay_as_they_are() -> None:
    units = encoded()
    video, samples = framed(units)
    for unit, sample in zip(units, samples, strict=True):
        sets = hevc.parameter_sets(unit)
        assert list(split_lengths(sample)) == [each for each in split_annex_b(unit) if each not in sets]
        assert hevc.begins_picture(sample)
    again = hevc.framing(video.extradata, 10.0)
    assert [again.frame(sample, False) for sample in samples] == samples
    assert again.video == video


def test_a_change_of_parameter_sets_is_told_with_the_key_frame_that_brings_it() -> None:
    small, large = encoded(), encoded(640, 360)
    framing = hevc.framing(b"", None)
    told = []
    for unit in (small[0], small[1], large[0], large[1], small[4]):
        sample = framing.frame(unit, hevc.parameter_sets(unit) != ())
        assert not any(hevc.VPS <= each[0] >> 1 <= hevc.PPS for each in split_lengths(sample))
        told.append(framing.video.width if framing.video else 0)
    assert told == [320, 320, 640, 640, 320]


def test_a_change_between_key_frames_stays_in_its_sample_and_in_the_next_record() -> None:
    units = encoded()
    framing = hevc.framing(b"", None)
    framing.frame(units[0], True)
    before = framing.video
    sets = hevc.parameter_sets(units[0])
    changed = sets[2][:-1] + b"\x55"  # the same id, other content
    kept = list(split_lengths(framing.frame(START + changed + units[1], False)))
    assert kept[0] == changed
    assert framing.video != before
    after = list(split_lengths(framing.frame(units[4], True)))
    assert framing.video == before
    assert sets[2] in after  # the decoder has the other one, and no init tells it better


def test_parameter_sets_may_come_one_by_one_and_alone_they_are_no_sample() -> None:
    vps, sps, pps = hevc.parameter_sets(encoded()[0])
    framing = hevc.framing(b"", None)
    for unit in (pps, sps):
        assert framing.frame(START + unit, False) == b""
        assert framing.video is None
    assert framing.frame(START + vps, False) == b""
    assert framing.video is not None


def test_a_session_description_announces_parameter_sets() -> None:
    sets = hevc.parameter_sets(encoded()[0])
    names = ("sprop-vps", "sprop-sps", "sprop-pps")
    said = {name: base64.b64encode(unit).decode() for name, unit in zip(names, sets, strict=True)}
    assert hevc.announced(said) == b"".join(START + unit for unit in sets)
    assert hevc.framing(hevc.announced(said), None).video is not None
    assert hevc.announced({**said, "sprop-pps": "%%%,A"}) == START + sets[0] + START + sets[1]
    assert hevc.announced({"sprop-vps": "ä", "sprop-sps": ""}) == b""


def gathered(payloads: list[bytes], gathering: Gathering) -> AccessUnit | None:
    for payload in payloads:
        gathering.add(payload)
    return gathering.take()


@pytest.mark.parametrize("most", [40, 1400, 100_000])
def test_pictures_come_back_whole_from_single_units_and_pieces(most: int) -> None:
    gathering = hevc.gathering()
    for index, unit in enumerate(encoded()):
        found = gathered(hevc.payloads(unit, most), gathering)
        assert found == AccessUnit(tuple(split_annex_b(unit)), index % 4 == 0, True)
    assert gathering.take() is None


GST = (
    "videotestsrc num-buffers=30 pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1,format=I420 "
    "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 option-string=log-level=0:slices=3 ! h265parse "
    "! rtph265pay config-interval=-1 mtu=700 aggregate-mode={}"
)


def _has_gst() -> bool:
    check = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"
    return subprocess.run(["/usr/bin/python3", "-c", check], capture_output=True, check=False).returncode == 0


def gst_packets(aggregate: str) -> Iterator[tuple[bool, bytes]]:
    """(marker, payload) of two seconds in three slices a picture."""
    command = ["/usr/bin/python3", str(Path(__file__).with_name("gst_payloads.py")), GST.format(aggregate)]
    stream, at = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout, 0
    while at < len(stream):
        size = int.from_bytes(stream[at : at + 2])
        packet = stream[at + 2 : at + 2 + size]
        yield packet[1] & 0x80 != 0, packet[12:]
        at += 2 + size


@pytest.mark.services
@pytest.mark.skipif(not _has_gst(), reason="gir1.2-gstreamer-1.0 is not installed")
@pytest.mark.parametrize("aggregate", ["none", "zero-latency", "max"])
def test_what_gstreamer_sends_is_gathered_and_decoded(aggregate: str) -> None:
    gathering, framing = hevc.gathering(), hevc.framing(b"", None)
    samples = []
    for is_last, payload in gst_packets(aggregate):
        gathering.add(payload)
        if is_last and (found := gathering.take()) is not None:
            assert found.is_whole
            samples.append(framing.frame_units(found.units, found.is_key))
    decoder: Any = av.CodecContext.create("hevc", "r")
    decoder.extradata = framing.video.extradata if framing.video else None
    pictures = [picture for sample in samples for picture in decoder.decode(av.Packet(sample))]
    assert len(samples) == 30
    assert len(pictures) + len(decoder.decode(None)) == 30


def aggregated(units: list[bytes]) -> bytes:
    return bytes((hevc.AP << 1, 1)) + b"".join(len(unit).to_bytes(2) + unit for unit in units)


def test_aggregated_units_come_back() -> None:
    units = split_annex_b(encoded()[0])
    sets, rest = units[:3], units[3:]
    found = gathered([aggregated(sets), *rest], hevc.gathering())
    assert found == AccessUnit(tuple(units), True, True)


def test_what_is_no_picture_is_joined_to_the_next() -> None:
    units = split_annex_b(encoded()[0])
    gathering = hevc.gathering()
    assert gathered([aggregated(units[:3])], gathering) is None
    assert gathered(units[3:], gathering) == AccessUnit(tuple(units), True, True)


def test_a_lost_piece_is_told_and_the_next_picture_is_whole() -> None:
    first, second = (hevc.payloads(unit, 200) for unit in encoded()[:2])
    assert len(first) > 6
    for lost in range(3, len(first)):
        gathering = hevc.gathering()
        for index, payload in enumerate(first):
            if index == lost:
                gathering.lose()
            else:
                gathering.add(payload)
        found = gathering.take()
        assert found is None or not found.is_whole
        if lost == len(first) - 1 or found is None:  # the next picture may have lost its beginning
            gathered(second, gathering)
        assert gathered(second, gathering) == AccessUnit(tuple(split_annex_b(encoded()[1])), False, True)


def test_a_loss_between_pictures_is_told_with_the_next_one() -> None:
    gathering = hevc.gathering()
    whole = gathered(hevc.payloads(encoded()[0], 1400), gathering)
    gathering.lose()
    after = gathered(hevc.payloads(encoded()[2], 1400), gathering)
    assert whole is not None
    assert whole.is_whole
    assert after is not None
    assert not after.is_whole


@pytest.mark.parametrize("kind", [hevc.AP, hevc.FU, 50, 51, 63])
def test_what_makes_no_sense_counts_as_lost(kind: int) -> None:
    gathering = hevc.gathering()
    for payload in (b"", b"\x26", bytes((kind << 1, 1)), bytes((kind << 1, 1)) + b"\0" * 9):
        gathering.add(payload)
    found = gathered(hevc.payloads(encoded()[0], 1400), gathering)
    assert found is not None
    assert found.is_key
    assert not found.is_whole


def test_a_session_that_begins_within_a_key_frame_does_not_call_it_whole() -> None:
    units = split_annex_b(encoded(640, 360, more=":slices=3")[0])
    slices = [unit for unit in units if unit[0] >> 1 < 32]
    assert len(slices) == 3
    found = gathered(slices[1:], hevc.gathering())
    assert found is not None
    assert found.is_key
    assert not found.is_whole
    assert not hevc.begins_picture(join_lengths(slices[1:]))
    assert hevc.begins_picture(join_lengths(units))


def test_a_flood_without_an_end_is_bounded() -> None:
    gathering = hevc.gathering()
    gathering.add(bytes((hevc.FU << 1, 1, 0x80 | 19)) + bytes(60_000))
    for _ in range(600):
        gathering.add(bytes((hevc.FU << 1, 1, 19)) + bytes(60_000))
    for _ in range(10_000):
        gathering.add(b"\x02\x01" + bytes(4_000))
    found = gathering.take()
    assert found is not None
    assert not found.is_whole
    assert sum(map(len, found.units)) <= 16 << 20
    for _ in range(100):
        gathering.add(b"\x4e\x01" + bytes(30_000))
        assert gathering.take() is None
    found = gathered([b"\x02\x01\x80\0"], gathering)
    assert found is not None
    assert len(found.units) <= 4


def test_a_flood_of_parameter_sets_is_bounded() -> None:
    framing = hevc.framing(b"", None)
    framing.frame(encoded()[0], True)
    video = framing.video
    for number in range(16):
        framing.frame(START + bytes((hevc.VPS << 1, 1, number << 4)) + b"\x55" * 60_000, True)
    assert video is not None
    assert framing.video is not None
    assert len(framing.video.extradata) < 0x11000


Payload = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda kind, rest: bytes((kind << 1, 1)) + rest,
        st.sampled_from([0, 1, 8, 19, 21, hevc.VPS, hevc.SPS, hevc.PPS, 39, hevc.AP, hevc.FU, 50]),
        st.binary(max_size=60),
    ),
)


@given(st.lists(st.one_of(Payload, st.sampled_from(["lose", "take"])), max_size=30), st.booleans())
def test_no_payloads_raise_or_grow(steps: list[bytes | str], is_key: bool) -> None:
    gathering, framing, came = hevc.gathering(), hevc.framing(b"", None), 0
    for step in (*steps, "take"):
        if isinstance(step, bytes):
            gathering.add(step)
            came += len(step)
        elif step == "lose":
            gathering.lose()
        elif (found := gathering.take()) is not None:
            assert sum(map(len, found.units)) <= came
            sample = framing.frame_units(found.units, is_key)
            assert len(sample) <= came + 4 * len(found.units)
            hevc.begins_picture(sample)
            hevc.without_parameters(sample)


@settings(max_examples=300)
@given(st.data())
def test_no_damaged_stream_raises(data: st.DataObject) -> None:
    unit = bytearray(data.draw(st.sampled_from(encoded())))
    for _ in range(data.draw(st.integers(1, 8))):
        unit[data.draw(st.integers(0, min(len(unit), 120) - 1))] = data.draw(st.integers(0, 255))
    framing = hevc.framing(data.draw(st.sampled_from([b"", bytes(unit[:60])])), None)
    framing.frame(bytes(unit), True)
    if framing.video is not None:
        assert 0 < framing.video.width <= 16384
        assert hevc.rfc6381(framing.video).startswith("hvc1.")
        assert hevc.framing(framing.video.extradata, None).video == framing.video
    hevc.payloads(bytes(unit), 100)


@given(st.binary(max_size=200), st.booleans())
def test_no_record_and_no_announcement_raises(noise: bytes, is_record: bool) -> None:
    record = b"\1" + noise if is_record else noise
    framing = hevc.framing(record, None)
    framing.frame(noise, True)
    hevc.announced({"sprop-sps": noise.decode("latin-1"), "sprop-vps": base64.b64encode(noise).decode()})
