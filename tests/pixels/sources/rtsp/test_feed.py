"""RtspFeed over real sockets: cameras that are not ours, our stage, and some that misbehave."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs.h264 import split_lengths
from nightlatch.pixels.sources.address import parse_address
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.rtsp import RtspFeed, TakeOver, TransportRefused
from tests.cameras import our_rtsp
from tests.pixels.sources.rtsp.scripted import G711, Scripted, film, frames, reply, sdp
from tests.pixels.sources.test_cameras import SOUND, camera, needs_gst

TICK_S = 0.02


def feed(port: int, login: str = "", timeout_s: float = 5.0, path: str = "live") -> RtspFeed:
    return RtspFeed(parse_address(f"rtsp://{login}127.0.0.1:{port}/{path}"), timeout_s)


def take(source: RtspFeed, until: Callable[[list[Raw]], bool], limit_s: float = 20.0) -> list[Raw]:
    """Poll on a tick until there is enough. Raises what `poll` raises."""
    raws: list[Raw] = []
    deadline = time.monotonic() + limit_s
    while not until(raws):
        assert time.monotonic() < deadline, "not enough came"
        raws += source.poll(time.monotonic_ns() // 1000)
        threading.Event().wait(TICK_S)
    return raws


def pictures(count: int) -> Callable[[list[Raw]], bool]:
    return lambda raws: sum(raw.kind == "video" for raw in raws) >= count


def never(raws: list[Raw]) -> bool:
    return False


class Host:
    """A scripted camera behind a socket, in a thread of its own; plays `sent` once PLAY has come."""

    def __init__(self, make: Callable[[], Scripted], sent: bytes = b"", hangs_up: bool = False) -> None:
        self.cameras: list[Scripted] = []
        self._make, self._sent, self._hangs_up = make, sent, hangs_up
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with client, contextlib.suppress(OSError):
                    self._meet(client)

    def _meet(self, client: socket.socket) -> None:
        made = self._make()
        self.cameras.append(made)
        while data := client.recv(65_536):
            client.sendall(made.answer(data))
            if made.methods[-1] == "TEARDOWN":
                return
            if made.methods[-1] == "PLAY":
                client.sendall(self._sent)
                if self._hangs_up:
                    return

    def __enter__(self) -> Host:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()


@needs_gst
@pytest.mark.services
def test_a_foreign_camera_is_received_with_its_sound_and_its_clock() -> None:
    with camera(sound=SOUND, login=("owner", "right")) as (_, port):
        source = feed(port, "owner:right@")
        began_us = time.time_ns() // 1000
        raws = take(source, pictures(90))
        assert source.audio is not None
        assert (source.audio.codec, source.left_out, source.lost) == ("pcm_mulaw", (), 0)
        source.close()
    shown = [raw for raw in raws if raw.kind == "video"]
    assert shown[0].is_key
    assert shown[0].video is not None
    assert (shown[0].video.width, shown[0].video.height) == (320, 180)
    assert not any(raw.is_torn for raw in raws)
    assert sum(raw.kind == "audio" for raw in raws) > 20
    clocks = [raw.clock_us for raw in raws if raw.clock_us is not None]
    assert clocks
    assert all(abs(each - began_us) < 60_000_000 for each in clocks)


@needs_gst
@pytest.mark.services
def test_pictures_in_slices_with_parameter_sets_between_them_stay_whole() -> None:
    with camera(pay="config-interval=-1", encoder="sliced-threads=true threads=4") as (_, port):
        raws = take(feed(port), pictures(40))
    slices = [sum(unit[0] & 31 in (1, 5) for unit in split_lengths(raw.data)) for raw in raws]
    assert slices[0] > 1
    assert len(set(slices)) == 1
    assert len({raw.pts for raw in raws}) == len(raws)


@needs_gst
@pytest.mark.services
def test_a_foreign_camera_says_a_wrong_password_and_a_missing_path() -> None:
    with camera(login=("owner", "right")) as (_, port):
        for login in ("owner:wr0ng@", ""):
            with pytest.raises(SourceError) as caught:
                take(feed(port, login), never)
            assert caught.value.reason is Reason.WRONG_PASSWORD
            assert "wr0ng" not in f"{caught.value!r} {caught.value.__context__!r}"
        with pytest.raises(SourceError) as caught:
            take(feed(port, "owner:right@", path="other"), never)
        assert caught.value.reason is Reason.NOT_FOUND


@needs_gst
@pytest.mark.services
def test_a_camera_that_falls_silent_is_stalled_and_one_that_dies_has_ended() -> None:
    with camera() as (process, port):
        source = feed(port, timeout_s=1.0)
        take(source, pictures(5))
        process.send_signal(19)
        with pytest.raises(SourceError) as caught:
            take(source, never)
        assert caught.value.reason is Reason.STALLED
        process.send_signal(18)
        source = feed(port)
        take(source, pictures(5))
        process.kill()
        with pytest.raises(SourceError) as caught:
            take(source, never)
        assert caught.value.reason is Reason.ENDED


def test_our_stage_is_received() -> None:
    with our_rtsp(["flat"]) as urls:
        source = RtspFeed(parse_address(urls["flat"]))
        raws = take(source, pictures(20))
        source.close()
    assert raws[0].is_key
    assert not any(raw.is_torn for raw in raws)


def test_all_that_came_is_handed_out_before_the_end() -> None:
    with Host(Scripted, b"".join(frames(film())), hangs_up=True) as host:
        source = feed(host.port)
        assert len(take(source, pictures(30))) == 30
        with pytest.raises(SourceError) as caught:
            take(source, never)
        assert caught.value.reason is Reason.ENDED
        with pytest.raises(SourceError):
            source.poll(0)


def test_a_camera_that_hangs_up_with_its_challenge_is_asked_again_with_the_answer() -> None:
    class Shy(Scripted):
        def answer(self, data: bytes) -> bytes:
            said = super().answer(data)
            if b"401" in said:
                self.is_over = True
            return said

        is_over = False

    def make() -> Scripted:
        return Shy(
            odd=lambda method, url, headers: (
                None
                if "authorization" in headers
                else reply(headers, 401, 'WWW-Authenticate: Digest realm="r", nonce="n"')
            )
        )

    class HangingUp(Host):
        def _meet(self, client: socket.socket) -> None:
            made = self._make()
            while data := client.recv(65_536):
                client.sendall(made.answer(data))
                if getattr(made, "is_over", False):
                    return
                if made.methods[-1] == "PLAY":
                    client.sendall(self._sent)

    with HangingUp(make, b"".join(frames(film()))) as host:
        source = feed(host.port, "u:p@")
        assert len(take(source, pictures(30))) == 30
        source.close()


def test_a_redirect_is_followed_and_the_password_stays_with_its_host() -> None:
    asks = 'WWW-Authenticate: Basic realm="r"'
    with Host(lambda: Scripted(odd=lambda m, u, h: None if "authorization" in h else reply(h, 401, asks))) as other:
        for host, is_kept in (("127.0.0.1", True), ("localhost", False)):
            to = f"Location: rtsp://{host}:{other.port}/there"

            def moves(method: str, url: str, headers: dict[str, str], to: str = to) -> str | None:
                return reply(headers, 302, to) if method == "DESCRIBE" else None

            with Host(lambda: Scripted(odd=moves)) as first:
                source = feed(first.port, "u:s3cret@", timeout_s=1.0)
                with pytest.raises(SourceError) as caught:
                    take(source, never)
            if is_kept:
                assert caught.value.reason is Reason.STALLED
            else:
                assert "asks for a name" in str(caught.value)
                assert not any("authorization" in headers for _, _, headers in other.cameras[-1].asked)


def test_redirects_without_end_are_refused() -> None:
    made: list[Host] = []

    def moves(method: str, url: str, headers: dict[str, str]) -> str:
        return reply(headers, 302, f"Location: rtsp://127.0.0.1:{made[0].port}/x")

    with Host(lambda: Scripted(odd=moves)) as host:
        made.append(host)
        with pytest.raises(SourceError) as caught:
            take(feed(host.port), never)
    assert caught.value.reason is Reason.REFUSED
    assert len(host.cameras) == 4


def test_a_refused_transport_is_told_apart() -> None:
    make = lambda: Scripted(odd=lambda m, u, h: reply(h, 461) if m == "SETUP" else None)  # noqa: E731
    with Host(make) as host, pytest.raises(TransportRefused):
        take(feed(host.port), never)


def test_a_camera_that_plays_nothing_may_fare_better_elsewhere() -> None:
    with Host(Scripted) as host, pytest.raises(TakeOver) as caught:
        take(feed(host.port, timeout_s=0.5), never)
    assert caught.value.reason is Reason.STALLED


def test_sound_that_is_refused_is_said() -> None:
    make = lambda: Scripted(sdp(more=G711), odd=lambda m, u, h: reply(h, 500) if "track1" in u else None)  # noqa: E731
    with Host(make, b"".join(frames(film()))) as host:
        source = feed(host.port)
        take(source, pictures(30))
        assert source.audio is None
        assert "refuses to send it" in source.left_out[0]
        source.close()


def test_closing_takes_leave() -> None:
    with Host(Scripted, b"".join(frames(film()))) as host:
        source = feed(host.port)
        take(source, pictures(30))
        source.close()
        deadline = time.monotonic() + 5
        while host.cameras[0].methods[-1] != "TEARDOWN":
            assert time.monotonic() < deadline
            threading.Event().wait(TICK_S)


def test_the_camera_is_sent_reports_while_it_plays() -> None:
    with Host(Scripted, b"".join(frames(film()))) as host:
        source = feed(host.port, timeout_s=20)
        take(source, pictures(30))
        source.poll(time.monotonic_ns() // 1000 + 5_100_000)
        deadline = time.monotonic() + 5
        while not host.cameras[0].reports:
            assert time.monotonic() < deadline
            threading.Event().wait(TICK_S)
        source.close()


def test_nobody_there_is_said_plainly() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(SourceError) as caught:
            take(feed(port), never)
    assert caught.value.reason is Reason.REFUSED
    with pytest.raises(SourceError) as caught:
        take(RtspFeed(parse_address("rtsp://camera.invalid/live")), never)
    assert caught.value.reason is Reason.NO_ROUTE


def test_a_camera_that_accepts_and_says_nothing_times_out_and_no_poll_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = feed(silent.getsockname()[1], "u:s3cret@", timeout_s=0.5)
        began_s = time.monotonic()
        source.poll(0)
        source.poll(1)
        assert time.monotonic() - began_s < 0.4
        with pytest.raises(SourceError) as caught:
            source.poll(10_000_000)
    assert caught.value.reason is Reason.TIMEOUT
    assert "s3cret" not in f"{caught.value!r} {source!r}"


@contextmanager
def rude(said: bytes) -> Iterator[int]:
    """Says the same to everybody, without end, and then resets the connection."""

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            with client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                for _ in range(200):
                    client.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.0 400 Bad Request\r\n\r\n",
        b"$\0\xff\xff" + bytes(70_000),
        b"RTSP/1.0 200 OK\r\nX: " + bytes(70_000),
        b"RTSP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(4096),
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 1000,
        b"RTSP/1.0 401 No\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm=a, nonce=b\r\n\r\n",
        b"RTSP/1.0 302 Moved\r\nLocation: rtsp://[::1:/\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nm=x",
    ],
)
def test_a_rude_camera_ends_in_a_sentence(said: bytes) -> None:
    with rude(said) as port, pytest.raises(SourceError) as caught:
        take(feed(port, "u:s3cret@", timeout_s=1.0), never)
    assert "s3cret" not in str(caught.value)
    assert str(caught.value).endswith(".")
