"""A track's order and clock, as RTP has them."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.pixels.sources.rtsp.rtp import RtpTrack
from tests.pixels.sources.rtsp.scripted import interleaved, rtp

NTP_EPOCH_S = 2_208_988_800


def track() -> RtpTrack:
    return RtpTrack(96, 90_000)


def report(seconds: float, stamp: int, *more: bytes) -> bytes:
    ntp = int((seconds + NTP_EPOCH_S) * 2**32)
    told = struct.pack(">BBHIQIII", 0x80, 200, 6, 7, ntp, stamp & 0xFFFFFFFF, 0, 0)
    return interleaved(1, told + b"".join(more))


def test_numbers_and_timestamps_run_on_over_their_ends() -> None:
    made = track()
    stamps = []
    for number in range(10):
        assert made.payload(rtp(b"a", 65_531 + number, 2**32 - 12_000 + number * 6_000)) == b"a"
        assert not made.is_gap
        stamps.append(made.stamp)
    assert [later - before for before, later in pairwise(stamps)] == [6_000] * 9


def test_a_gap_is_noticed_and_counted() -> None:
    made = track()
    told = []
    for number in (65_534, 65_535, 2, 3):
        made.payload(rtp(b"a", number, 0))
        told.append(made.is_gap)
    assert told == [False, False, True, False]
    assert made.lost == 2


def test_a_packet_that_comes_late_or_twice_is_passed_over() -> None:
    made = track()
    assert [made.payload(rtp(b"a", number, 0)) for number in (5, 6, 6, 5, 7)] == [b"a", b"a", None, None, b"a"]
    assert not made.is_gap


def test_another_source_begins_anew() -> None:
    made = track()
    made.payload(rtp(b"a", 5, 100))
    made.report(report(1_790_000_000, 100))
    assert made.payload(rtp(b"a", 40_000, 7, ssrc=8)) == b"a"
    assert made.is_gap
    assert made.clock_us(made.stamp) is None


def test_sources_extension_and_padding_are_no_payload() -> None:
    head = struct.pack(">BBHII", 0xB2, 96, 1, 0, 7) + bytes(8) + b"\xbe\xde\0\1abcd"
    assert track().payload(interleaved(0, head + b"payload" + b"\0\0\3")) == b"payload"


@pytest.mark.parametrize(
    "packet", [b"", bytes(12), b"\x80" + bytes(5), b"\x90\x60" + bytes(10), b"\xa0\x60" + bytes(9)]
)
def test_what_is_no_packet_is_passed_over(packet: bytes) -> None:
    made = track()
    assert made.payload(interleaved(0, packet)) in (None, b"")
    assert made.lost == 0


def test_comfort_noise_is_none_of_the_track_s() -> None:
    made = RtpTrack(0, 8_000)
    assert made.payload(rtp(b"a", 1, 0, kind=0)) == b"a"
    assert made.payload(rtp(b"a", 2, 0, kind=13)) is None


def test_a_camera_that_announces_a_wrong_payload_type_is_believed_in_the_end() -> None:
    made = track()
    told = [made.payload(rtp(b"a", number, 0, kind=97)) for number in range(40)]
    assert told[0] is None
    assert told[-1] == b"a"


def test_a_sender_report_gives_the_camera_s_clock_before_and_after() -> None:
    made = track()
    made.report(report(1_790_000_000, 2**32 - 90_000))  # even before the first packet
    made.payload(rtp(b"a", 1, 2**32 - 45_000))
    assert made.clock_us(made.stamp) == 1_790_000_000_500_000
    made.payload(rtp(b"a", 2, 45_000))
    assert made.clock_us(made.stamp) == 1_790_000_001_500_000
    made.report(report(1_790_003_600, 45_000, struct.pack(">BBHI", 0x81, 202, 1, 7)))  # it was set meanwhile
    assert made.clock_us(made.stamp) == 1_790_003_600_000_000


def test_a_camera_without_a_clock_tells_none() -> None:
    made = track()
    made.payload(rtp(b"a", 1, 0))
    assert made.clock_us(0) is None
    made.report(interleaved(1, struct.pack(">BBHIQIII", 0x80, 200, 6, 7, 0, 0, 0, 0)))
    assert made.clock_us(0) is None
    made.report(report(1_790_000_000, 0))
    assert made.clock_us(3_600 * 90_000) is None


def test_the_camera_hears_how_its_packets_arrive() -> None:
    made = track()
    assert made.answer(1) == b""
    for number in (65_535, 0, 4):
        made.payload(rtp(b"a", number, 0))
    told = made.answer(1)
    assert told[:4] == b"$\1" + (len(told) - 4).to_bytes(2)
    assert len(told) % 4 == 0
    assert struct.unpack_from(">BBHxxxxIII", told, 4) == (0x81, 201, 7, 7, 3, 4)
    assert told[4 + 32 :][:2] == b"\x81\xca"
    assert b"nightlatch" in told


def test_good_bye_holds_until_something_comes() -> None:
    made = track()
    made.payload(rtp(b"a", 1, 0))
    made.report(report(1_790_000_000, 0, struct.pack(">BBHI", 0x81, 203, 1, 7)))
    assert made.has_left
    made.payload(rtp(b"a", 2, 0))
    assert not made.has_left


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_taken_without_an_error(packets: list[bytes]) -> None:
    made = track()
    for packet in packets:
        made.payload(interleaved(0, packet))
        made.report(interleaved(1, packet))
        made.clock_us(made.stamp)
