"""RTSP cameras: against gst-rtsp-server, which is not ours, and against sockets that misbehave."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from nightlatch.clocks import system_clock
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.serve.tls import certificate
from nightlatch.pixels.codecs.h264 import split_lengths
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.sources import Source, open_source
from tests.pixels.media.films import cut

PICTURE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 {encoder} ! video/x-h264,profile=baseline "
    "! rtph264pay name=pay0 pt=96 {pay} {sound})"
)
HEVC_PICTURE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=15/1,format=I420 "
    "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 option-string=log-level=0{encoder} ! h265parse "
    "! rtph265pay name=pay0 pt=96 {pay} {sound})"
)
SOUND = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 "


def _has_gst() -> bool:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return subprocess.run(["/usr/bin/python3", "-c", check], capture_output=True, check=False).returncode == 0


needs_gst = pytest.mark.skipif(not _has_gst(), reason="gir1.2-gst-rtsp-server-1.0 is not installed")


@contextmanager
def camera(
    sound: str = "",
    pay: str = "config-interval=0",
    login: tuple[str, str] | None = None,
    encoder: str = "",
    tls: Path | None = None,
    picture: str = PICTURE,
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    launch = picture.format(pay=pay, sound=sound, encoder=encoder)
    script = str(Path(__file__).with_name("gst_camera.py"))
    process = subprocess.Popen(
        ["/usr/bin/python3", script, launch, str(tls or ""), *(login or ())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("no output to read the port from")
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _take(url: str, seconds: float, transport: str = "tcp") -> tuple[object, list[Packet]]:
    with open_source(url, transport=transport, clock=system_clock()) as source:
        packets = []
        for packet in source:
            packets.append(packet)
            if packet.dts_us - packets[0].dts_us > seconds * 1e6:
                break
        return source.streams, packets


@needs_gst
@pytest.mark.services
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_is_recorded_with_its_sound(transport: str) -> None:
    with camera(sound=SOUND) as (_, port):
        began_ms = system_clock().now_ms()
        streams, packets = _take(f"rtsp://127.0.0.1:{port}/live", 5, transport)
    segments, _ = cut(streams, packets)  # type: ignore[arg-type]
    assert streams.audio.codec == "pcm_mulaw"  # type: ignore[attr-defined]
    assert streams.codecs.startswith("avc1.")  # type: ignore[attr-defined]
    assert 0 <= packets[0].at_ms - began_ms < 8_000
    with av.open(io.BytesIO(segments[0].mp4)) as back:
        assert sum(1 for _ in back.decode(video=0)) >= 50


@needs_gst
@pytest.mark.services
@pytest.mark.parametrize("pay", ["config-interval=0", "config-interval=-1", "config-interval=-1 mtu=300"])
def test_a_camera_that_sends_hevc_is_recorded(pay: str) -> None:
    with camera(sound=SOUND, pay=pay, picture=HEVC_PICTURE) as (_, port):
        streams, packets = _take(f"rtsp://127.0.0.1:{port}/live", 3)
    assert streams.codecs.startswith("hvc1.1.6.L")  # type: ignore[attr-defined]
    segments, _ = cut(streams, packets)  # type: ignore[arg-type]
    with av.open(io.BytesIO(segments[0].mp4)) as back:
        assert sum(1 for _ in back.decode(video=0)) >= 30


@needs_gst
@pytest.mark.services
def test_parameter_sets_that_come_in_the_stream_only_are_found() -> None:
    with camera(pay="config-interval=-1") as (_, port):
        streams, packets = _take(f"rtsp://127.0.0.1:{port}/live", 2)
    assert (streams.video.width, streams.video.height) == (320, 180)  # type: ignore[attr-defined]
    assert packets[0].is_key


@needs_gst
@pytest.mark.services
def test_pictures_in_slices_with_parameter_sets_between_them_stay_whole() -> None:
    with camera(pay="config-interval=-1", encoder="sliced-threads=true threads=4") as (_, port):
        streams, packets = _take(f"rtsp://127.0.0.1:{port}/live", 4)
    pictures = [packet for packet in packets if packet.kind == "video"]
    slices = [sum(unit[0] & 31 in (1, 5) for unit in split_lengths(picture.data)) for picture in pictures]
    assert slices[0] > 1
    assert len(set(slices)) == 1
    assert len({picture.pts_us for picture in pictures}) == len(pictures)
    segments, _ = cut(streams, packets)  # type: ignore[arg-type]
    with av.open(io.BytesIO(segments[0].mp4)) as back:
        assert not any(frame.is_corrupt for frame in back.decode(video=0))


@needs_gst
@pytest.mark.services
def test_a_wrong_password_is_said_and_never_shown() -> None:
    with camera(login=("owner", "right")) as (_, port):
        for login in ("owner:wr0ng@", ""):
            with pytest.raises(SourceError) as caught:
                open_source(f"rtsp://{login}127.0.0.1:{port}/live", clock=system_clock())
            assert caught.value.reason is Reason.WRONG_PASSWORD
            assert "wr0ng" not in f"{caught.value!r} {caught.value.__cause__}"
        _, packets = _take(f"rtsp://owner:right@127.0.0.1:{port}/live", 1)
        assert packets


@needs_gst
@pytest.mark.services
def test_a_camera_is_reached_over_tls_and_says_a_wrong_password(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, ["camera.test"])
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    with camera(login=("owner", "right"), tls=both) as (_, port):
        streams, packets = _take(f"rtsps://owner:right@127.0.0.1:{port}/live", 1)
        assert (streams.video.width, streams.video.height) == (320, 180)  # type: ignore[attr-defined]
        assert packets[0].is_key
        with pytest.raises(SourceError) as caught:
            open_source(f"rtsps://owner:wrong@127.0.0.1:{port}/live", clock=system_clock())
        assert caught.value.reason is Reason.WRONG_PASSWORD


@needs_gst
@pytest.mark.services
def test_a_path_that_is_not_there_is_said() -> None:
    with camera() as (_, port), pytest.raises(SourceError) as caught:
        open_source(f"rtsp://127.0.0.1:{port}/other", clock=system_clock())
    assert caught.value.reason is Reason.NOT_FOUND


def _take_and_signal(source: Source, process: subprocess.Popen[str], number: int) -> None:
    for index, _ in enumerate(source):
        if index == 10:
            process.send_signal(number)


@needs_gst
@pytest.mark.services
def test_a_camera_that_dies_ends_the_stream_with_a_reason() -> None:
    with camera() as (process, port):
        url = f"rtsp://127.0.0.1:{port}/live"
        with open_source(url, clock=system_clock()) as source, pytest.raises(SourceError) as caught:
            _take_and_signal(source, process, signal.SIGKILL)
    assert caught.value.reason in (Reason.ENDED, Reason.BROKEN_STREAM)


@needs_gst
@pytest.mark.services
def test_a_camera_that_falls_silent_is_stalled() -> None:
    with camera() as (process, port):
        url = f"rtsp://127.0.0.1:{port}/live"
        with open_source(url, clock=system_clock(), timeout_s=2) as source, pytest.raises(SourceError) as caught:
            _take_and_signal(source, process, signal.SIGSTOP)
    assert caught.value.reason is Reason.STALLED


@needs_gst
@pytest.mark.services
def test_stop_does_not_wait_for_a_silent_camera() -> None:
    with camera() as (process, port):
        url = f"rtsp://127.0.0.1:{port}/live"
        with open_source(url, clock=system_clock(), timeout_s=20) as source:
            threading.Timer(3.0, source.stop).start()
            began_s = time.monotonic()
            _take_and_signal(source, process, signal.SIGSTOP)
            assert time.monotonic() - began_s < 5


def test_nobody_there_is_said_plainly() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for url, reason in ((f"rtsp://127.0.0.1:{port}/", Reason.REFUSED), ("rtsp://camera.invalid/", Reason.NO_ROUTE)):
        with pytest.raises(SourceError) as caught:
            open_source(url, clock=system_clock())
        assert caught.value.reason is reason


def test_a_camera_that_accepts_and_says_nothing_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began_s = time.monotonic()
        with pytest.raises(SourceError) as caught:
            open_source(f"rtsp://u:s3cret@127.0.0.1:{silent.getsockname()[1]}/", clock=system_clock(), timeout_s=1)
    assert caught.value.reason is Reason.TIMEOUT
    assert "s3cret" not in str(caught.value)
    assert time.monotonic() - began_s < 5
