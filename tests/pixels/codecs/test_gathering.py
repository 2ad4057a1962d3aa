"""What codecs make of RTP payloads: each framing that cameras use, cut, lost and broken."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.pixels.codecs import ENCODINGS, PICTURES, SOUNDS, AudioStream, SoundGathering, h264, opus
from nightlatch.pixels.codecs.codec import AccessUnit

IDR, SLICE = b"\x65\x88\x84\x01", b"\x41\x9a\x02\x03"
REST_OF_IDR = b"\x65\x00\x84\x02"  # a slice that does not begin its picture
SPS, PPS = b"\x67\x42\xc0\x1e\xd9", b"\x68\xce\x38\x80"
HBR = {"mode": "AAC-hbr", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": "1408"}
MONO_16K = AudioStream("aac", 16_000, 1, bytes.fromhex("1408"))


def pictures(*payloads: bytes | None) -> list[AccessUnit]:
    """Access units; None ends one, empty bytes are a loss."""
    made, found = h264.gathering(), []
    for payload in (*payloads, None):
        if payload is None:
            if (unit := made.take()) is not None:
                found.append(unit)
        elif payload:
            made.add(payload)
        else:
            made.lose()
    return found


def fu(unit: bytes, *cuts: int) -> list[bytes]:
    edges = [1, *cuts, len(unit)]
    last = len(edges) - 2
    return [
        bytes((unit[0] & 0xE0 | 28, (index == 0) << 7 | (index == last) << 6 | unit[0] & 31)) + unit[at:end]
        for index, (at, end) in enumerate(pairwise(edges))
    ]


def test_single_units_make_a_picture() -> None:
    assert pictures(SPS, PPS, IDR, None, SLICE) == [
        AccessUnit((SPS, PPS, IDR), is_key=True, is_whole=True),
        AccessUnit((SLICE,), is_key=False, is_whole=True),
    ]


def test_fragments_become_the_unit_again() -> None:
    assert pictures(*fu(IDR, 2, 3)) == [AccessUnit((IDR,), True, True)]
    assert pictures(*fu(IDR)) == [AccessUnit((IDR,), True, True)]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_fragment_leaves_the_unit_out_and_the_picture_torn(missing: int) -> None:
    pieces = fu(IDR, 2, 3)
    pieces[missing] = b""
    assert pictures(SLICE, *pieces, SLICE) == [AccessUnit((SLICE, SLICE), False, False)]


def test_a_fragment_that_never_ends_is_left_out() -> None:
    assert pictures(*fu(IDR, 2)[:1], SLICE) == [AccessUnit((SLICE,), False, False)]
    assert pictures(SLICE, *fu(IDR, 2)[:1]) == [AccessUnit((SLICE,), False, False)]
    assert pictures(*fu(IDR, 2)[:1], *fu(SLICE, 2)) == [AccessUnit((SLICE,), False, False)]


@pytest.mark.parametrize("odd", [b"\x78\x00\x09abc", b"\x79" + bytes(9), b"\x7d" + bytes(9), b"\x40ab"])
def test_what_makes_no_sense_counts_as_lost(odd: bytes) -> None:
    assert pictures(SLICE, odd) == [AccessUnit((SLICE,), False, False)]


def test_start_codes_in_a_payload_are_taken_off() -> None:
    assert pictures(b"\0\0\0\1" + SPS + b"\0\0\1" + IDR) == [AccessUnit((SPS, IDR), True, True)]


def test_what_comes_before_the_first_slice_waits_for_it() -> None:
    assert pictures(SPS, None, PPS, None, IDR) == [AccessUnit((SPS, PPS, IDR), True, True)]


def test_a_loss_before_a_picture_does_it_no_harm_unless_its_beginning_is_gone() -> None:
    assert [each.is_whole for each in pictures(b"", IDR)] == [True]
    assert [each.is_whole for each in pictures(b"", REST_OF_IDR, None, IDR)] == [False, True]


def test_a_recovery_point_of_this_very_picture_is_a_key() -> None:
    intra = b"\x61\x88\x80\x10"  # first macroblock 0, a slice of kind 7: I only
    assert [each.is_key for each in pictures(b"\x06\x06\x01\xc4\x80", intra)] == [True]
    assert [each.is_key for each in pictures(b"\x06\x06\x01\x40\x80", intra)] == [False]  # pictures later
    assert [each.is_key for each in pictures(b"\x06\x06\x01\xc4\x80", SLICE)] == [False]
    assert [each.is_key for each in pictures(b"\x06\x05\x02ab\x06\x01\xc4\x80", intra)] == [True]


def test_a_picture_without_end_is_bounded() -> None:
    made = h264.gathering()
    for _ in range(3 * h264.LARGEST_UNIT // 60_000):
        made.add(SLICE + bytes(60_000))
    unit = made.take()
    assert unit is not None
    assert not unit.is_whole
    assert sum(map(len, unit.units)) < h264.LARGEST_UNIT + 70_000
    for _ in range(20_000):
        made.add(SPS)
        made.take()
    assert pictures(SLICE) == [AccessUnit((SLICE,), False, True)]


def test_announced_parameter_sets_are_annex_b() -> None:
    told = h264.announced({"sprop-parameter-sets": "Z0LAHtk=,aM44gA,***,"})
    assert h264.split_annex_b(told) == [SPS, b"\x68\xce\x38\x80"]
    assert h264.announced({}) == b""


@cache
def aac() -> list[bytes]:
    """Frames of a tone, 16 kHz, one channel."""
    encoder: Any = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.format, encoder.layout, encoder.time_base = 16_000, "fltp", "mono", Fraction(1, 16_000)
    made: list[bytes] = []
    for number in range(12):
        tone = np.sin((np.arange(1024) + number * 1024) / 16_000 * 2 * np.pi * 440).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[None] * 0.3, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = 16_000, number * 1024, Fraction(1, 16_000)
        made += [bytes(each) for each in encoder.encode(frame)]
    return [each for each in made if each]


def sound(encoding: str, parameters: Mapping[str, str], rate: int = 16_000, channels: int = 1) -> SoundGathering:
    return SOUNDS[ENCODINGS[encoding]].gathering(encoding, rate, channels, parameters)


def headed(*frames: bytes) -> bytes:
    heads = b"".join((len(each) << 3).to_bytes(2) for each in frames)
    return (8 * len(heads)).to_bytes(2) + heads + b"".join(frames)


def adts(frame: bytes) -> bytes:
    size = len(frame) + 7
    return bytes((0xFF, 0xF1, 0x60, 0x40 | size >> 11, size >> 3 & 255, (size & 7) << 5 | 0x1F, 0xFC)) + frame


def latm(frame: bytes) -> bytes:
    return b"\xff" * (len(frame) // 255) + bytes((len(frame) % 255,)) + frame


def shifted(bits: str, data: bytes) -> bytes:
    """`data` behind some bits."""
    text = bits + "".join(f"{each:08b}" for each in data)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8)


def test_one_frame_or_several_behind_their_headers() -> None:
    made, (one, two, three) = sound("MPEG4-GENERIC", HBR), aac()[:3]
    assert made.stream == MONO_16K
    assert made.add(headed(one)) == [one]
    assert made.add(headed(one, two, three)) == [one, two, three]


def test_a_frame_in_pieces_is_put_together_and_let_go_after_a_loss() -> None:
    made, big = sound("MPEG4-GENERIC", HBR), bytes(range(200)) * 5
    head = b"\0\x10" + (len(big) << 3).to_bytes(2)
    assert [made.add(head + big[at : at + 400]) for at in (0, 400, 800)] == [[], [], [big]]
    made.add(head + big[:400])
    made.lose()
    assert made.add(head + big[800:]) == []
    made.lose()
    assert made.add(headed(big)) == [big]


def test_adts_instead_of_headers_is_noticed() -> None:
    one, two = aac()[1:3]
    for parameters in (HBR, {**HBR, "config": ""}):
        made = sound("MPEG4-GENERIC", parameters)
        assert made.add(adts(one) + adts(two)) == [one, two]
        assert made.add(headed(adts(one))) == [one]
        assert made.stream == MONO_16K


def test_what_an_adts_header_says_counts() -> None:
    made = sound("MPEG4-GENERIC", {**HBR, "config": "1210"})  # 44.1 kHz, says the description
    made.add(adts(aac()[1]))
    assert made.stream == MONO_16K


def test_aac_is_described_once_an_adts_header_has_come() -> None:
    made = sound("MPEG4-GENERIC", {**HBR, "config": ""})
    assert made.stream is None
    assert made.add(headed(aac()[1])) == []
    assert made.add(headed(adts(aac()[1]))) == [aac()[1]]
    assert made.stream == MONO_16K


def test_latm_with_its_configuration_in_the_description() -> None:
    made = sound("MP4A-LATM", {"cpresent": "0", "config": "400028103fc0"})
    assert made.stream == MONO_16K
    for frame in (*aac(), bytes(255), bytes(range(1, 200)) * 4):
        assert made.add(latm(frame)) == [frame]


def test_latm_in_several_packets() -> None:
    made, whole = sound("MP4A-LATM", {"cpresent": "0", "config": "400028103fc0"}), latm(bytes(range(200)) * 5)
    assert [made.add(whole[:300]), made.add(whole[300:900]), made.add(whole[900:])] == [[], [], [bytes(range(200)) * 5]]
    made.add(whole[:300])
    made.lose()
    assert made.add(latm(aac()[1])) == [aac()[1]]


def test_latm_with_its_configuration_in_band() -> None:
    made, frame = sound("MP4A-LATM", {}), aac()[1]
    assert made.stream is None
    assert made.add(shifted("1", latm(frame))) == []
    config = f"{int('400028103fc0', 16):048b}"[: 1 + 1 + 6 + 4 + 3 + 16 + 3 + 8 + 1 + 1]
    assert made.add(shifted("0" + config, latm(frame))) == [frame]
    assert made.stream == MONO_16K
    assert made.add(shifted("1", latm(frame))) == [frame]


def test_replicated_bands_count_at_the_lower_rate() -> None:
    config = int("00101" + "1000" + "0001" + "0101" + "00010" + "000" + "0000000", 2).to_bytes(4)  # 16 kHz → 32 kHz
    made = sound("MPEG4-GENERIC", {**HBR, "config": config.hex()})
    assert made.stream is not None
    assert made.stream.sample_rate == 16_000
    assert made.stream.extradata == config


@pytest.mark.parametrize(
    ("encoding", "parameters", "rate", "word"),
    [
        ("MP4A-LATM", {"cpresent": "0", "config": ""}, 16_000, "does not say"),
        ("MP4A-LATM", {"cpresent": "0", "config": "zz"}, 16_000, "does not say"),
        ("MP4A-LATM", {"cpresent": "0", "config": "4000f8103fc0"}, 16_000, "does not say"),
        ("MPEG4-GENERIC", {"mode": "CELP-cbr"}, 16_000, "MPEG-4"),
        ("PCMU", {}, 96_000, "G.711"),
    ],
)
def test_what_can_never_be_described_is_refused_with_a_sentence(
    encoding: str, parameters: Mapping[str, str], rate: int, word: str
) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        sound(encoding, parameters, rate)
    assert str(caught.value).startswith("Its sound (")
    assert str(caught.value).endswith(".")


def test_g711_and_opus_are_what_they_are() -> None:
    law, voice = sound("PCMA", {}, 8_000), sound("OPUS", {}, 48_000, 2)
    assert law.stream == AudioStream("pcm_alaw", 8_000, 1)
    assert voice.stream == AudioStream("opus", 48_000, 2)
    assert (law.add(b"abc"), law.add(b""), voice.add(b"xyz")) == ([b"abc"], [], [b"xyz"])


@pytest.mark.parametrize(
    ("data", "samples"),
    [
        (b"\x78a", 960),
        (b"\x80a", 120),
        (b"\x19a", 5_760),
        (b"\x7b\x82", 1_920),
        (b"\x7b\xff", 5_760),
        (b"", 0),
        (b"\x7b", 960),
    ],
)
def test_an_opus_packet_says_how_long_it_is(data: bytes, samples: int) -> None:
    stream = AudioStream("opus", 48_000, 2)
    assert opus.samples(stream, data) == samples


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_any_payloads_are_taken_without_an_error(payloads: list[bytes]) -> None:
    for codec in PICTURES.values():
        gathering, framing = codec.gathering(), codec.framing(b"", None)
        for payload in payloads:
            gathering.add(payload)
            if len(payload) % 3 == 0 and (unit := gathering.take()) is not None:
                framing.frame_units(unit.units, unit.is_key)
    for encoding, parameters in (("MPEG4-GENERIC", HBR), ("MPEG4-GENERIC", {}), ("MP4A-LATM", {}), ("OPUS", {})):
        made = sound(encoding, parameters, 16_000)
        for payload in payloads:
            made.add(payload)
