"""What UDP loses on the way through libavformat, which says nothing of it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

from nightlatch.clocks import system_clock
from nightlatch.pixels.codecs import PICTURES
from nightlatch.pixels.media.frames import Image, Looker
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources import open_source
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.reading import _Gaps
from nightlatch.pixels.stage.rtsp import Faults, FilmMount, RtspServer
from tests.pixels.media.films import film, read

HEVC = "-c:v libx265 -preset ultrafast -x265-params bframes=0:log-level=error"


def _marked(packets: list[Packet], codec: str) -> list[Packet]:
    """As `Reading` marks what came."""
    gaps = _Gaps(PICTURES[codec])
    base = Fraction(1, 1_000_000)
    found = []
    for packet in packets:
        video = packet.streams.video if packet.streams is not None else None
        raw = Raw("video", packet.is_key, packet.dts_us, packet.pts_us, base, 0, packet.data, video)
        found.append(replace(packet, is_torn=gaps.mark(raw).is_torn))
    return found


def _shown(streams: Streams, packets: list[Packet]) -> dict[int, Image]:
    """Every picture that a camera which is awake shows."""
    looker = Looker(streams, rate_hz=100)
    looker.wake()
    return {p.dts_us: p.luma for packet in packets if (p := looker.look(packet)) is not None}


@pytest.mark.parametrize("more", ["", "-bf 2", "-bf 3 -x264-params b-pyramid=normal", "-tune zerolatency", HEVC])
def test_a_stream_of_which_nothing_is_missing_is_never_torn(tmp_path: Path, more: str) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=12, key_every=30, more=more))
    assert not any(packet.is_torn for packet in _marked(packets, streams.video.codec))


@pytest.mark.parametrize("more", ["", HEVC])
def test_no_picture_is_shown_that_is_predicted_from_one_that_udp_lost(tmp_path: Path, more: str) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=60, key_every=20, more=more))
    true = _shown(streams, packets)
    dice = random.Random(7)
    came = [packet for packet in packets if dice.random() >= 0.02]
    assert len(came) < len(packets)
    seen = _shown(streams, _marked(came, streams.video.codec))
    wrong = [at_us for at_us, luma in seen.items() if at_us in true and not np.array_equal(luma, true[at_us])]
    assert wrong == []
    assert len(seen) > 100


def test_a_stream_that_does_not_count_is_believed_before_its_numbers(tmp_path: Path) -> None:
    streams, packets = read(film(tmp_path / "in.mp4", seconds=30, key_every=20))
    every_second = [packet for number, packet in enumerate(packets) if number % 20 % 2 == 0]
    marked = _marked(every_second, streams.video.codec)
    assert marked[1].is_torn
    assert not any(packet.is_torn for packet in marked[60:])


@contextmanager
def _lossy(path: Path, lost: float) -> Iterator[int]:
    """A camera that plays the film and loses a share of its UDP packets; its port."""
    loop = asyncio.new_event_loop()
    server = RtspServer({"/live": FilmMount(path, Faults(lost=lost))})
    port = loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.services
def test_a_camera_whose_udp_packets_are_lost_shows_no_picture_that_it_did_not_send(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", seconds=20, fps=15, key_every=15, size="640x360", more="-b:v 1500k")
    true = {luma.tobytes() for luma in _shown(*read(path)).values()}
    with (
        _lossy(path, 0.02) as port,
        open_source(f"rtsp://127.0.0.1:{port}/live", transport="udp", clock=system_clock()) as source,
    ):
        packets = list(takewhile(lambda p: p.dts_us < 18_000_000, source))
        seen = _shown(source.streams, packets)
    assert any(packet.is_torn for packet in packets)
    assert len(seen) > 10
    assert [at_us for at_us, luma in seen.items() if luma.tobytes() not in true] == []
