"""A sub-stream in H.264 travels inside the segments of a main stream in HEVC, unseen by who does not look for it."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest

from nightlatch.domain.recording import Part
from nightlatch.pixels.media.beside import MOST_WAITING, Beside, is_wanted, laid_in
from nightlatch.pixels.media.fmp4 import read_context
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.media.segmenter import Segmenter
from tests.pixels.media.films import BEGAN_MS, film, read

HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=0:info=0:bframes=0:keyint=10"


def _context(began_ms: int, seq: int) -> bytes:
    return json.dumps({"began_ms": began_ms}).encode()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Part]:
    """Main parts of twelve seconds, with the sub-stream laid in; the sub-stream came 300 ms later."""
    folder = tmp_path_factory.mktemp("films")
    main, packets = read(film(folder / "main.mp4", seconds=12, size="640x360", more=HEVC))
    sub, beside = read(film(folder / "sub.mp4", seconds=12))
    assert is_wanted(main, sub)
    assert not is_wanted(sub, main)
    segmenter, other = Segmenter(main, "c0ffee"), Beside(sub, "c0ffee", context=_context)
    both = [(packet.dts_us, 0, packet) for packet in packets]
    both += [(packet.dts_us + 300_000, 1, replace(packet, at_ms=packet.at_ms + 300)) for packet in beside]
    made: list[Part] = []
    for _, stream, packet in sorted(both, key=lambda each: each[:2]):
        if stream == 1:
            other.add(packet)
        else:
            made += [other.lay_into(item) for item in segmenter.add(packet) if isinstance(item, Part)]
    return made + [other.lay_into(item) for item in segmenter.finish() if isinstance(item, Part)]


def _pictures(mp4: bytes) -> list[int]:
    with av.open(io.BytesIO(mp4)) as back:
        return [frame.width for frame in back.decode(video=0)]


def test_players_see_the_main_stream_only(parts: list[Part]) -> None:
    first = b"".join(part.mp4 for part in parts[: next(n for n, part in enumerate(parts) if n and part.index == 0)])
    assert _pictures(first) == [640] * 40
    asked = ["-count_packets", "-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0", "-"]
    probed = subprocess.run(["ffprobe", "-v", "error", *asked], input=first, capture_output=True, check=True)
    assert (probed.stdout, probed.stderr) == (b"hevc,40\n", b"")


def test_the_sub_stream_comes_out_in_segments_that_say_when_they_began(parts: list[Part]) -> None:
    pieces = [piece for part in parts for piece in laid_in(part.mp4)]
    files: list[bytes] = []
    for piece in pieces:
        if read_context(piece) is not None:
            files.append(piece)
        else:
            files[-1] += piece
    began = [json.loads(read_context(each) or b"{}")["began_ms"] for each in files]
    assert began == [BEGAN_MS + 300, BEGAN_MS + 4300, BEGAN_MS + 8300]
    assert [len(_pictures(each)) for each in files[:2]] == [40, 40]
    assert set(_pictures(files[2])) == {320}


def test_the_sub_stream_comes_with_the_main_part_of_its_time(parts: list[Part]) -> None:
    for part in parts:
        for piece in laid_in(part.mp4):
            if (says := read_context(piece)) is not None:
                late_ms = part.began_ms + part.duration_ms - json.loads(says)["began_ms"]
                assert 0 <= late_ms <= 3000


def test_what_nobody_takes_along_is_bounded(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "sub.mp4", seconds=2))
    beside, part = Beside(streams, "c0ffee"), Part("c0ffee", 0, 0, 0, b"")
    assert beside.lay_into(part) is part
    for number in range(400):
        for packet in packets:
            beside.add(_later(packet, number * 2_000_000))
    laid = beside.lay_into(part).mp4
    assert MOST_WAITING // 2 < len(laid) < MOST_WAITING + 100_000
    assert laid_in(laid)


def _later(packet: Packet, by_us: int) -> Packet:
    return replace(packet, dts_us=packet.dts_us + by_us, pts_us=packet.pts_us + by_us, data=packet.data + bytes(4096))


@pytest.mark.parametrize("mp4", [b"", b"\0" * 64, b"\0\0\0\x08free", b"\xff\xff\xff\xffuuid" + bytes(40)])
def test_odd_bytes_hold_nothing(mp4: bytes) -> None:
    assert laid_in(mp4) == []
