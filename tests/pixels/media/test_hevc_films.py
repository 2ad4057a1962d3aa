"""HEVC from a film to segments, clips, stills and a redacted copy: recorded as it comes, and everybody can read it."""

from __future__ import annotations

import io
import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection
from nightlatch.pixels.codecs.hevc import framing
from nightlatch.pixels.hiding.eyes import PrivacyEyes
from nightlatch.pixels.hiding.redacting import redact_film
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.stills import make_still
from tests.pixels.media.films import cut, film, payloads, read

HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=0:info=0:keyint=10:min-keyint=10:scenecut=0:{}"
PLAIN = HEVC.format("bframes=0")
IN_BAND = HEVC.format("bframes=0:repeat-headers=1")
CROSSED = HEVC.format("bframes=3:open-gop=0")
OPEN = HEVC.format("bframes=3:open-gop=1")


def _decoded(mp4: bytes) -> list[int]:
    """Times of the pictures, as libavcodec shows them; Debian's ffprobe must count as many without a complaint."""
    with av.open(io.BytesIO(mp4)) as back:
        times = [frame.pts for frame in back.decode(video=0)]
    asked = ["-count_frames", "-show_entries", "stream=codec_tag_string,nb_read_frames", "-of", "csv=p=0", "-"]
    probed = subprocess.run(["ffprobe", "-v", "error", *asked], input=mp4, capture_output=True, check=True, timeout=60)
    assert probed.stderr == b""
    assert probed.stdout.decode().strip() == f"hvc1,{len(times)}"
    return [time for time in times if time is not None]


@pytest.mark.parametrize(
    ("name", "more"), [("a.mp4", PLAIN), ("a.mkv", PLAIN), ("a.ts", IN_BAND), ("a.h265", IN_BAND), ("a.mp4", CROSSED)]
)
def test_every_framing_gives_segments_that_play_alone(tmp_path: Path, name: str, more: str) -> None:
    streams, packets = read(film(tmp_path / name, seconds=8, more=more))
    assert (streams.video.codec, streams.video.width, streams.video.height) == ("hevc", 320, 180)
    assert streams.codecs.startswith("hvc1.1.6.L")
    assert [p.is_key for p in packets] == [i % 10 == 0 for i in range(80)]
    assert all(a.dts_us < b.dts_us for a, b in itertools.pairwise(packets))
    segments, parts = cut(streams, packets)
    assert [s.duration_ms for s in segments] == [4000, 4000]
    assert b"".join(p.mp4 for p in parts) == b"".join(s.mp4 for s in segments)
    for segment in segments:
        times = _decoded(segment.mp4)
        assert len(times) == 40
        assert times == sorted(set(times))


def test_pictures_come_back_byte_for_byte(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mkv", seconds=8, more=PLAIN)
    streams, packets = read(path)
    came: list[bytes] = []
    for segment in cut(streams, packets)[0]:
        with av.open(io.BytesIO(segment.mp4)) as back:
            came += payloads(back, "video")
    with av.open(str(path)) as original:
        assert came == payloads(original, "video")


def test_an_open_gop_loses_only_what_nobody_can_decode_there(tmp_path: Path) -> None:
    """Each segment begins with a CRA; its leading pictures are predicted from the segment before."""
    streams, packets = read(film(tmp_path / "in.mkv", seconds=12, more=OPEN))
    leading = [sum(unit in (8, 9) for unit in _kinds(packet)) for packet in packets]
    assert any(leading)
    segments, _ = cut(streams, packets)
    for segment in segments:
        times = _decoded(segment.mp4)
        assert len(times) >= segment.duration_ms // 100 - 3
        assert times == sorted(set(times))
    looker = Looker(streams)
    seen = [picture for packet in packets if (picture := looker.look(packet)) is not None]
    looker.wake()
    assert looker.failed == 0
    assert len(seen) >= 10


def _kinds(packet: Packet) -> list[int]:
    at, found = 0, []
    while at + 6 <= packet.size:
        found.append(packet.data[at + 4] >> 1 & 63)
        at += 4 + int.from_bytes(packet.data[at : at + 4])
    return found


@pytest.mark.parametrize("depth", ["yuv420p", "yuv420p10le"])
def test_four_k_is_recorded_and_looked_at(tmp_path: Path, depth: str) -> None:
    path = film(tmp_path / "in.mp4", seconds=0.5, size="3840x2160", more=PLAIN + f" -pix_fmt {depth}")
    streams, packets = read(path)
    assert (streams.video.width, streams.video.height) == (3840, 2160)
    (segment,), _ = cut(streams, packets)
    assert len(_decoded(segment.mp4)) == 5
    picture = Looker(streams).look(packets[0])
    assert picture is not None
    assert picture.luma.shape == (180, 320)
    still = make_still(picture, "c0ffee")
    assert cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


def test_ten_bits_look_like_eight(tmp_path: Path) -> None:
    found = []
    for depth in ("yuv420p", "yuv420p10le"):
        streams, packets = read(film(tmp_path / f"{depth}.mp4", seconds=2, more=PLAIN + f" -pix_fmt {depth}"))
        assert streams.codecs.startswith("hvc1.1." if depth == "yuv420p" else "hvc1.2.4.L")
        looker = Looker(streams)
        found.append([picture for packet in packets if (picture := looker.look(packet)) is not None])
        assert looker.failed == 0
    eight, ten = found
    assert len(eight) == len(ten) >= 2
    for one, other in zip(eight, ten, strict=True):
        assert np.abs(one.bgr(320).astype(int) - other.bgr(320)).mean() < 6


@pytest.mark.parametrize("depth", ["yuv420p", "yuv420p10le", "yuv422p10le", "yuv444p12le"])
def test_a_picture_without_colours_is_known_at_every_depth(tmp_path: Path, depth: str) -> None:
    found = []
    for name, grey in (("grey", ",hue=s=0"), ("coloured", "")):
        path = tmp_path / f"{name}.mp4"
        drawn = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r=10:d=1{grey}", "-pix_fmt", depth]
        subprocess.run(["ffmpeg", "-v", "error", *drawn, *PLAIN.split(), str(path)], check=True, timeout=60)
        streams, packets = read(path)
        picture = Looker(streams).look(packets[0])
        assert picture is not None
        found.append(picture)
    assert [picture.is_dark for picture in found] == [True, False]
    assert abs(float(found[0].luma.mean()) - 125) < 5


def test_a_camera_that_changes_its_size_begins_a_new_segment(tmp_path: Path) -> None:
    streams, first = read(film(tmp_path / "a.mp4", seconds=2, more=PLAIN))
    _, more = read(film(tmp_path / "b.mp4", seconds=2, size="640x360", more=PLAIN))
    later = [replace(p, dts_us=p.dts_us + 2_000_000, pts_us=p.pts_us + 2_000_000, at_ms=p.at_ms + 2000) for p in more]
    segments, _ = cut(streams, [*first, *later])
    assert [_size(segment.mp4) for segment in segments] == [(320, 180), (640, 360)]


def _size(mp4: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(mp4)) as back:
        context = back.streams.video[0].codec_context
        return context.width, context.height


def test_a_damaged_picture_raises_nothing_past_the_source(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=3, more=PLAIN))
    looker = Looker(streams)
    for index, packet in enumerate(packets):
        if index % 3 == 0 and index > 5:
            packet = replace(packet, data=packet.data[:6] + bytes(reversed(packet.data[6:80])))
        looker.look(packet)
    assert framing(streams.video.extradata, 10.0).video == Streams(streams.video).video


class SeesNobody:
    name = "nobody"

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        return []

    def find(self, bgr: np.ndarray) -> list[Detection]:
        return []


@pytest.mark.parametrize("depth", ["yuv420p", "yuv420p10le"])
def test_a_clip_is_given_as_h264(tmp_path: Path, depth: str) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=21, more=PLAIN + f" -pix_fmt {depth}"))
    (whole,), _ = cut(streams, packets, target_ms=60_000)
    done = redact_film(whole.mp4, PrivacyEyes(SeesNobody(), SeesNobody(), SeesNobody()), from_ms=0, to_ms=20_500)
    with av.open(io.BytesIO(done.mp4)) as back:
        assert back.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in back.decode(video=0)) == done.report.pictures > 290
