"""Segments and parts: what goes in comes out byte for byte, and each segment plays alone."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.recording import Part
from nightlatch.errors import Reason
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.media.clipper import Clipper
from nightlatch.pixels.media.fmp4 import read_context
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import Sending
from nightlatch.pixels.media.ring import Ring
from nightlatch.pixels.media.segmenter import Segmenter
from tests.pixels.media.films import BEGAN_MS, cut, decoded, film, payloads, read

SOUNDS = {
    "": "",
    "aac": "-c:a aac -ar 16000",
    "opus": "-c:a libopus -ar 48000",
    "pcm_mulaw": "-c:a pcm_mulaw -ar 8000",
    "pcm_alaw": "-c:a pcm_alaw -ar 8000",
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_packets_of_a_film_come_back_byte_for_byte(tmp_path: Path, sound: str) -> None:
    path = film(tmp_path / "in.mkv", sound=SOUNDS[sound])
    streams, packets = read(path)
    assert (streams.audio.codec if streams.audio else "") == sound
    segments, parts = cut(streams, packets)
    assert b"".join(p.mp4 for p in parts) == b"".join(s.mp4 for s in segments)
    for kind in ("video", "audio") if sound else ("video",):
        came: list[bytes] = []
        for segment in segments:
            with av.open(io.BytesIO(segment.mp4)) as back:
                came += payloads(back, kind)
        with av.open(str(path)) as original:
            sent = payloads(original, kind)
        early = len(sent) - len(came)  # an encoder's first sound lies before the first picture
        assert early in ((0, 1) if kind == "audio" else (0,))
        assert came == sent[early:]


@pytest.mark.parametrize("more", ["-bf 0", "-bf 2 -preset medium"])
def test_every_segment_decodes_alone_from_its_first_picture(tmp_path: Path, more: str) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=10, more="-c:v libx264 " + more))
    segments, _ = cut(streams, packets)
    assert [s.duration_ms for s in segments] == [4000, 4000, 2000]
    assert [s.began_ms - segments[0].began_ms for s in segments] == [0, 4000, 8000]
    for segment, pictures in zip(segments, (40, 40, 20), strict=True):
        with av.open(io.BytesIO(segment.mp4)) as back:
            times = [f.pts for f in back.decode(video=0)]
        assert len(times) == pictures
        assert times == sorted(set(times))
    probed = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "-"],
        input=segments[0].mp4,
        capture_output=True,
        check=True,
    )
    assert probed.stderr == b""


@pytest.mark.parametrize("key_every", [5, 200])
def test_no_part_is_longer_than_0_8_s_even_without_key_frames(tmp_path: Path, key_every: int) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=9, key_every=key_every, sound=SOUNDS["aac"]))
    segments, parts = cut(streams, packets)
    assert max(p.duration_ms for p in parts) <= 800
    assert sum(p.duration_ms for p in parts) == pytest.approx(9000, abs=100)
    assert len(segments) == (3 if key_every == 5 else 1)


def test_sound_stays_with_the_picture_over_segments(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=12, sound=SOUNDS["aac"]))
    segments, _ = cut(streams, packets)
    for segment in segments:
        with av.open(io.BytesIO(segment.mp4)) as back:
            video = [p.dts * p.time_base for p in back.demux(video=0) if p.size]
        with av.open(io.BytesIO(segment.mp4)) as back:
            audio = [p.dts * p.time_base for p in back.demux(audio=0) if p.size]
        assert video[0] == 0
        assert 0 <= audio[0] < 0.07
        assert abs(float(video[-1] - audio[-1])) < 0.2


def test_the_context_stands_before_the_first_fragment_of_every_segment(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=8))
    segments, parts = cut(streams, packets, context=lambda began_ms, seq: f"{began_ms} {seq}".encode())
    assert [read_context(s.mp4) for s in segments] == [
        f"{BEGAN_MS} 0".encode(),
        f"{BEGAN_MS + 4000} 1".encode(),
    ]
    assert read_context(parts[0].mp4) == read_context(segments[0].mp4)
    assert b"uuid" not in parts[1].mp4[:64]


def test_a_segment_lasts_until_the_next_key_frame_however_late_that_comes(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=210, fps=2, key_every=200))
    segments, _ = cut(streams, packets)
    assert [s.duration_ms for s in segments] == [100_000, 100_000, 10_000]
    for segment in segments:
        assert decoded(segment.mp4) == segment.duration_ms // 500


def test_a_stream_without_key_frames_is_cut_after_ten_minutes(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=610, fps=1, key_every=1000, size="64x64"))
    segments, _ = cut(streams, packets)
    assert [s.duration_ms for s in segments] == [600_000, 10_000]


def _paused(packets: list[Packet], at: int) -> list[Packet]:
    """Nothing came for six seconds before the picture with this number."""
    from_us = [packet for packet in packets if packet.kind == "video"][at].dts_us
    later = [
        replace(p, at_ms=p.at_ms + 6000, dts_us=p.dts_us + 6_000_000, pts_us=p.pts_us + 6_000_000)
        for p in packets
        if p.dts_us >= from_us
    ]
    first = next(n for n, p in enumerate(later) if p.kind == "video")
    later[first] = replace(later[first], missing=Reason.PAUSED)
    return [*(packet for packet in packets if packet.dts_us < from_us), *later]


@pytest.mark.parametrize("sound", ["", "pcm_mulaw"])
def test_a_segment_ends_where_a_pause_began_and_the_next_begins_where_it_is_over(tmp_path: Path, sound: str) -> None:
    streams, packets = read(film(tmp_path / "in.mkv", sound=SOUNDS[sound]))
    segments, _ = cut(streams, _paused(packets, 60))
    began_ms = segments[0].began_ms
    assert [(s.began_ms - began_ms, s.duration_ms) for s in segments] == [
        *((0, 4000), (4000, 2000)),
        (12_000, 2000),
    ]
    assert [decoded(s.mp4) for s in segments] == [40, 20, 20]


def test_a_pause_before_a_picture_that_is_no_key_frame_lies_inside_a_segment(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4"))
    segments, _ = cut(streams, _paused(packets, 65))
    assert [s.duration_ms for s in segments] == [4000, 9000, 1000]
    assert [decoded(s.mp4) for s in segments] == [40, 30, 10]


def test_nothing_is_kept_before_the_first_key_frame(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=3))
    segments, _ = cut(streams, packets[3:])
    assert segments[0].began_ms == packets[10].at_ms


def _switched(tmp_path: Path) -> tuple[Streams, list[Packet]]:
    streams, small = read(film(tmp_path / "a.mp4", seconds=2))
    _, large = read(film(tmp_path / "b.mp4", seconds=6, size="640x360"))
    later = [replace(p, dts_us=p.dts_us + 2_000_000, pts_us=p.pts_us + 2_000_000, at_ms=p.at_ms + 2000) for p in large]
    return streams, small + later


def test_another_picture_size_begins_a_segment_of_its_own(tmp_path: Path) -> None:
    streams, packets = _switched(tmp_path)
    segments, _ = cut(streams, packets)
    sizes = []
    for segment in segments:
        with av.open(io.BytesIO(segment.mp4)) as back:
            sizes.append({(f.width, f.height) for f in back.decode(video=0)})
    assert [s.duration_ms for s in segments] == [2000, 4000, 2000]
    assert sizes == [{(320, 180)}, {(640, 360)}, {(640, 360)}]


def _clip(streams: Streams, packets: list[Packet]) -> list[Part]:
    clipper = Clipper(Sending(streams), "c0ffee", packets[0], began_ms=packets[0].at_ms, context=lambda *_: b"{}")
    return [part for packet in packets for part in clipper.add(packet)] + clipper.finish()


def test_a_clip_reaches_back_to_a_key_frame_and_leaves_in_parts(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=12, sound=SOUNDS["aac"]))
    ring = Ring(5_000)
    half = len(packets) // 2
    for packet in packets[:half]:
        ring.add(packet)
    before = ring.since(packets[half].dts_us - 3_000_000)
    assert before[0].is_key
    assert 3_000 <= packets[half].at_ms - before[0].at_ms < 4_100
    parts = _clip(streams, before + packets[half - 3 :])  # what the ring gave is not taken twice
    assert len(parts) >= 10
    assert [p.index for p in parts] == list(range(len(parts)))
    assert max(p.duration_ms for p in parts) <= 800
    with av.open(io.BytesIO(b"".join(p.mp4 for p in parts))) as back:
        came = payloads(back, "video")
    first = packets.index(before[0])
    assert came == [p.data for p in packets[first:] if p.kind == "video"]


def test_another_picture_size_or_sound_is_something_else_and_another_rate_is_not(tmp_path: Path) -> None:
    streams, packets = _switched(tmp_path)
    sending = Sending(streams)
    assert [i for i, packet in enumerate(packets) if sending.take(packet)] == [20]
    key = packets[0]
    sound = AudioStream("pcm_alaw", 8000, 1)
    slower = replace(streams, video=replace(streams.video, fps=3.0))
    sending = Sending(streams)
    told = (slower, replace(slower, audio=sound), streams)
    assert [sending.take(replace(key, streams=said)) for said in told] == [False, True, True]


def test_the_ring_is_bounded_in_time_and_bytes(tmp_path: Path) -> None:
    _, packets = read(film(tmp_path / "in.mp4", seconds=20))
    ring = Ring(4_000)
    for packet in packets:
        ring.add(packet)
    kept = ring.since(0)
    assert kept[0].is_key
    assert 4_000 <= kept[-1].at_ms - kept[0].at_ms < 6_000
    tight = Ring(60_000, most_bytes=50_000)
    for packet in packets:
        tight.add(packet)
        assert tight.bytes <= 50_000
    assert tight.bytes == sum(p.size for p in tight.since(0)) or not tight.since(0)


def test_the_ring_keeps_one_interval_of_key_frames_however_long_and_nothing_that_no_clip_can_begin_with(
    tmp_path: Path,
) -> None:
    _, packets = read(film(tmp_path / "in.mp4", seconds=60, fps=5, key_every=100))
    ring = Ring(2_000)
    for packet in packets[:195]:
        ring.add(packet)
    assert len(ring.since(packets[194].dts_us)) == 95
    tight = Ring(2_000, most_bytes=sum(p.size for p in packets[:50]))
    for packet in packets[:100]:
        tight.add(packet)
    assert (len(tight), tight.bytes, tight.since(0)) == (0, 0, [])
    tight.add(packets[100])
    assert tight.since(0) == [packets[100]]


@dataclass(frozen=True)
class Turn:
    """What a camera does for a while."""

    seconds: int
    key_every: int  # pictures
    sends_sound: bool
    tells_sound: bool
    pause_ms: int  # without any picture, at its end
    set_ms: int  # by how much the hub's clock is off


TURNS = st.builds(
    Turn,
    seconds=st.integers(1, 25),
    key_every=st.integers(1, 120),
    sends_sound=st.booleans(),
    tells_sound=st.booleans(),
    pause_ms=st.sampled_from([0, 0, 0, 40, 900, 7_000]),
    set_ms=st.sampled_from([0, 0, 700, -3_600_000, 3_600_000]),
)
ALAW = AudioStream("pcm_alaw", 8000, 1)


def played(first: Packet, streams: Streams, turns: list[Turn]) -> list[Packet]:
    """Ten pictures a second, each of them a key picture but sent as if only every `key_every`th was."""
    made: list[Packet] = []
    at_us = 0
    for turn in turns:
        for number in range(turn.seconds * 10):
            is_key = number % turn.key_every == 0
            told = replace(streams, audio=ALAW if turn.tells_sound else None) if is_key else None
            at_ms = BEGAN_MS + at_us // 1000 + turn.set_ms
            made.append(
                replace(first, is_key=is_key, dts_us=at_us, pts_us=at_us, at_ms=at_ms, duration_ms=100, streams=told)
            )
            if turn.sends_sound:
                sound = replace(made[-1], kind="audio", is_key=True, data=b"\xd5" * 800, streams=None)
                made.append(sound)
            at_us += 100_000
        at_us += turn.pause_ms * 1000
    return made


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Streams, Packet]:
    streams, packets = read(film(tmp_path_factory.mktemp("film") / "a.mp4", seconds=1, key_every=1, size="64x64"))
    return streams, packets[0]


@given(turns=st.lists(TURNS, min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_whatever_a_camera_does_every_segment_decodes_and_no_picture_is_missing_or_there_twice(
    picture: tuple[Streams, Packet], turns: list[Turn]
) -> None:
    streams, first = picture
    packets = played(first, streams, turns)
    segments, parts = cut(replace(streams, audio=ALAW if turns[0].tells_sound else None), packets)
    video = [p for p in packets if p.kind == "video"]
    assert sum(decoded(segment.mp4) for segment in segments) == len(video)
    assert sum(s.duration_ms for s in segments) == (video[-1].dts_us + 100_000) // 1000  # no time is lost between them
    keys = {p.at_ms for p in video if p.is_key}
    assert all(segment.began_ms in keys for segment in segments)
    assert max(p.duration_ms for p in parts) <= 800 + max(turn.pause_ms for turn in turns)
    for segment in segments:
        assert ("soun" in str(segment.mp4[:2000])) == (b"alaw" in segment.mp4[:2000])


def test_sound_that_was_told_and_comes_late_is_in_the_next_segment(picture: tuple[Streams, Packet]) -> None:
    streams, first = picture
    packets = played(first, streams, [Turn(2, 10, False, True, 0, 0), Turn(6, 10, True, True, 0, 0)])
    segments, _ = cut(replace(streams, audio=ALAW), packets)
    assert [s.duration_ms for s in segments] == [3_000, 4_000, 1_000]
    assert [b"alaw" in s.mp4[:2000] for s in segments] == [False, True, True]


def test_sound_that_cannot_be_described_never_enters_the_container(picture: tuple[Streams, Packet]) -> None:
    streams, first = picture
    bare = AudioStream("aac", 16000, 1)
    packets = [
        replace(p, streams=replace(p.streams, audio=bare) if p.streams else None)
        for p in played(first, streams, [Turn(3, 10, True, True, 0, 0)])
    ]
    segments, _ = cut(replace(streams, audio=bare), packets)
    assert all(b"mp4a" not in s.mp4[:2000] for s in segments)
    assert sum(decoded(s.mp4) for s in segments) == 30


def test_sound_of_96_khz_is_kept(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=5, sound="-c:a aac -ar 96000"))
    assert streams.audio is not None
    assert streams.audio.sample_rate == 96_000
    segments, _ = cut(streams, packets)
    for segment in segments:
        decoded(segment.mp4)
        with av.open(io.BytesIO(segment.mp4)) as back:
            assert back.streams.audio[0].rate == 96_000


def test_a_place_that_steps_begins_a_segment(picture: tuple[Streams, Packet]) -> None:
    streams, first = picture
    packets = played(first, streams, [Turn(6, 10, False, False, 0, 0), Turn(6, 10, False, False, 0, 3_600_000)])
    segments, _ = cut(streams, packets)
    spans = [(s.began_ms - BEGAN_MS, s.duration_ms) for s in segments]
    assert spans == [(0, 4_000), (4_000, 2_000), (3_606_000, 4_000), (3_610_000, 2_000)]


def test_a_part_has_4_mib_at_most_unless_one_picture_is_larger(picture: tuple[Streams, Packet]) -> None:
    streams, first = picture
    sizes = [5_000_000, 3_000_000, 2_000_000, 2_000_000, 100, 100, 100, 100]
    pictures = played(first, streams, [Turn(1, 99, False, False, 0, 0)])[: len(sizes)]
    packets = [replace(p, data=bytes(size)) for size, p in zip(sizes, pictures, strict=True)]
    _, parts = cut(streams, packets)
    assert [round(len(p.mp4) / 1e6) for p in parts] == [5, 3, 4]


def test_a_picture_that_lasts_longer_than_a_part_leaves_at_once(picture: tuple[Streams, Packet]) -> None:
    streams, first = picture
    segmenter = Segmenter(streams, "c0ffee")
    for number in range(3):
        at_us = number * 2_000_000
        made = segmenter.add(
            replace(first, dts_us=at_us, pts_us=at_us, at_ms=BEGAN_MS + number * 2000, duration_ms=2000)
        )
        assert [part.began_ms for part in made if isinstance(part, Part)][-1] == BEGAN_MS + number * 2000


def test_sound_that_jitters_abuts_and_a_hole_in_it_stays_a_hole(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=8, sound=SOUNDS["aac"]))
    jitter = random.Random(1)
    shaken = [
        p if p.kind == "video" else replace(p, dts_us=p.dts_us + jitter.randrange(-20_000, 20_000))
        for p in packets
        if p.kind == "video" or not 4_500_000 < p.dts_us < 6_000_000
    ]
    segments, _ = cut(streams, shaken)
    times = [audio_times(segment.mp4) for segment in segments]
    assert all(b - a == 1024 for a, b in itertools.pairwise(times[0]))
    steps = {b - a for a, b in itertools.pairwise(times[1])}
    assert len(steps) == 2
    assert max(steps) == pytest.approx(1.5 * 16_000, abs=2 * 1024)


def audio_times(mp4: bytes) -> list[int]:
    with av.open(io.BytesIO(mp4)) as back:
        return [packet.dts for packet in back.demux(audio=0) if packet.size and packet.dts is not None]
