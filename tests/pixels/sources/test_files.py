"""Films from files: recorded or refused with the reason, never a hang, never a password in a text."""

from __future__ import annotations

import io
import itertools
import subprocess
import threading
import time
from pathlib import Path

import av
import pytest

from nightlatch.clocks import system_clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.sources import open_source
from nightlatch.pixels.sources.address import parse_address
from nightlatch.pixels.sources.probe import probe
from tests.pixels.media.films import BEGAN_MS, FixedClock, cut, film, read

SHARED = Path(__file__).parents[4] / "shared" / "data" / "videos"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.mp4",
        "concat:/etc/passwd",
        "tcp://127.0.0.1:1",
        "pipe:0",
        "lavfi:testsrc",
        "usb:/dev/sda",
        "usb:/dev/video0;x",
        "rtsp://",
        "",
        "file:",
        "//host/share",
        "data:text/plain,x",
        "rtsp://cam/\nx",
        "/dev",
    ],
)
def test_other_addresses_are_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(url, clock=FixedClock())
    assert caught.value.reason is Reason.BAD_ADDRESS


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://u:s3cret@cam/live", "rtsp://cam/live"),
        ("rtsp://u:s3cret%40@[fe80::1]:8554/a?b=1", "rtsp://[fe80::1]:8554/a?b=1"),
        ("rtsp://cam/user=u&password=s3cret&channel=1", "rtsp://cam/user=…&password=…&channel=1"),
        ("rtsp://cam/live?token=s3cret", "rtsp://cam/live?token=…"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url: str, shown: str) -> None:
    address = parse_address(url)
    assert address.shown == shown
    assert "s3cret" not in repr(address)


def _reason(path: Path) -> Reason:
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) > 30
    return caught.value.reason


def test_what_cannot_be_recorded_as_it_is_is_refused_with_the_reason(tmp_path: Path) -> None:
    assert _reason(film(tmp_path / "a.avi", seconds=1, more="-c:v mpeg4")) is Reason.NOT_H264
    assert _reason(film(tmp_path / "b.mp4", seconds=1, more="-c:v mpeg4")) is Reason.NOT_H264


def test_what_is_no_film_is_refused_with_the_reason(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4", seconds=4).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "garbage.mp4").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:4,\nfile:///etc/passwd\n")
    (tmp_path / "list.ffconcat").write_text(f"ffconcat version 1.0\nfile {tmp_path / 'a.mp4'}\n")
    for name in ("cut.mp4", "garbage.mp4", "empty.mp4", "list.m3u8", "list.ffconcat"):
        assert _reason(tmp_path / name) is Reason.BROKEN_STREAM, name
    assert _reason(tmp_path / "absent.mp4") is Reason.NOT_FOUND


def test_sound_alone_is_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    tone = ["-f", "lavfi", "-i", "sine=d=2:r=16000", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", *tone, str(path)], check=True, timeout=30)
    assert _reason(path) is Reason.NO_VIDEO


def test_a_film_cut_short_is_recorded_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.ts", seconds=6).read_bytes()
    (tmp_path / "cut.ts").write_bytes(whole[: len(whole) * 2 // 3])
    streams, packets = read(tmp_path / "cut.ts")
    segments, _ = cut(streams, packets)
    assert sum(s.duration_ms for s in segments) > 3000


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.avi", "a.h264", "a.flv"])
def test_every_framing_and_time_base_gives_the_same_film(tmp_path: Path, name: str) -> None:
    streams, packets = read(film(tmp_path / name, seconds=6))
    assert (streams.video.width, streams.video.height) == (320, 180)
    assert streams.codecs.startswith("avc1.")
    video = [p for p in packets if p.kind == "video"]
    assert [p.is_key for p in video] == [i % 10 == 0 for i in range(60)]
    assert all(a.dts_us < b.dts_us for a, b in itertools.pairwise(video))
    segments, _ = cut(streams, packets)
    pictures = 0
    for segment in segments:
        with av.open(io.BytesIO(segment.mp4)) as back:
            pictures += sum(1 for _ in back.decode(video=0))
    assert pictures == 60


def test_adts_sound_becomes_plain_aac(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "a.ts", seconds=5, sound="-c:a aac -ar 16000"))
    assert streams.audio is not None
    assert streams.codecs.endswith("mp4a.40.2")
    segments, _ = cut(streams, packets)
    with av.open(io.BytesIO(segments[0].mp4)) as back:
        assert sum(f.samples for f in back.decode(audio=0)) > 3.5 * 16000


def test_a_looped_file_goes_on_without_a_hole_or_a_step_back(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=2, sound="-c:a aac -ar 16000")
    seen = []
    with open_source(f"file:{path}?loop=1", clock=FixedClock(), speed=float("inf")) as source:
        for packet in source:
            seen.append(packet)
            if packet.dts_us > 9_000_000:
                break
    video = [p.dts_us for p in seen if p.kind == "video"]
    sound = [p.dts_us for p in seen if p.kind == "audio"]
    assert all(90_000 < b - a < 250_000 for a, b in itertools.pairwise(video))
    assert all(0 < b - a < 250_000 for a, b in itertools.pairwise(sound))
    assert abs(video[-1] - sound[-1]) < 300_000


def test_a_file_plays_at_wall_speed_and_stops_at_once(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=30)
    with open_source(f"file:{path}", clock=system_clock()) as source:
        began_s = time.monotonic()
        threading.Timer(0.5, source.stop).start()
        count = sum(1 for _ in source)
        took_s = time.monotonic() - began_s
    assert 3 <= count <= 8
    assert took_s < 1.5


def test_packets_are_placed_from_the_clock_at_the_first_one(tmp_path: Path) -> None:
    _, packets = read(film(tmp_path / "a.mp4", seconds=3))
    assert packets[0].at_ms == BEGAN_MS
    assert packets[-1].at_ms == BEGAN_MS + 2900


def test_a_probe_measures_and_advises(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", seconds=12, key_every=50, sound="-c:a aac -ar 16000")
    found = probe(str(path), clock=FixedClock(), speed=float("inf"))
    assert found.fps == pytest.approx(10, abs=0.2)
    assert found.gop_s == 5.0
    assert any("5 s" in note for note in found.notes)
    assert found.still.jpeg[:2] == b"\xff\xd8"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/videos is not here")
@pytest.mark.parametrize("name", sorted(p.name for p in SHARED.glob("*.*")) if SHARED.is_dir() else [])
@pytest.mark.timeout(30)
def test_real_films_are_recorded_or_refused_with_a_reason(name: str) -> None:
    try:
        streams, packets = read(SHARED / name)
    except SourceError as error:
        refused = error.reason
    else:
        refused = None
    if refused is not None:
        assert refused in (Reason.NOT_H264, Reason.BROKEN_STREAM)
        assert name.endswith((".avi", ".json"))
        return
    segments, parts = cut(streams, packets)
    assert max(p.duration_ms for p in parts) <= 1000
    pictures = 0
    for segment in segments:
        with av.open(io.BytesIO(segment.mp4)) as back:
            pictures += sum(1 for p in back.demux(video=0) if p.size)
    assert pictures == sum(1 for p in packets if p.kind == "video")
