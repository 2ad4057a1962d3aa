"""Notices arrive, or their loss is told; neither side ever waits for the other."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.geometry import Area
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.errors import Reason
from nightlatch.hub.vault.layout import ClipObject
from nightlatch.hub.wire import client as client_module
from nightlatch.hub.wire.client import NoticeClient, nudge
from nightlatch.hub.wire.notices import (
    LONGEST,
    CameraList,
    CamerasChanged,
    CameraStatus,
    ClipGrew,
    EventNotice,
    Hello,
    Missed,
    NewStill,
    Notice,
    Outage,
    Stored,
    decode,
    encode,
)
from nightlatch.hub.wire.server import NoticeServer
from tests.house import until

CAMERA = "0123456789ab"
YARD = Camera(
    CAMERA, "yard", "rtsp://user:hunter2@10.0.0.9/", areas=(Area("gate", "watch", ((0, 0), (1, 0), (1, 1)), 2.0),)
)


class Serve:
    """Serve's end in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.heard: list[Notice] = []
        self.left: list[Hello] = []
        self._ready, self._end = threading.Event(), threading.Event()
        self.server = NoticeServer(path, self.heard.append, self.left.append)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _run(self) -> None:
        await self.server.start()
        self._ready.set()
        while not self._end.is_set():
            await asyncio.sleep(0.01)
        await self.server.close()

    def stop(self) -> None:
        self._end.set()
        self._thread.join(10)

    def of(self, kind: type[Notice]) -> list[Notice]:
        return [each for each in self.heard if isinstance(each, kind)]


@pytest.fixture
def watch(tmp_path: Path) -> Callable[..., NoticeClient]:
    made: list[NoticeClient] = []

    def make(heard: Callable[[Notice], None] = lambda _: None, *, start: bool = True) -> NoticeClient:
        client = NoticeClient(tmp_path / "watch.sock", heard, lambda: Hello(0, 1, ("c" * 16,)))
        made.append(client)
        if start:
            client.start()
        return client

    yield make
    for client in made:
        if client._thread.is_alive():
            client.close()


def stored(number: int) -> Stored:
    return Stored(f"{CAMERA}/segments/20270101/{number}-4000-abcd.age", 1)


@given(
    st.builds(
        EventNotice,
        camera_id=st.text(),
        camera_name=st.text(),
        event_id=st.text(),
        clip_id=st.text(),
        onset_ms=st.integers(0, 2**53),
        is_open=st.booleans(),
        kinds=st.lists(st.sampled_from(Kind)).map(tuple),
        verdict=st.sampled_from(Verdict),
        threat=st.floats(0, 1),
        reasons=st.lists(st.text()).map(tuple),
        jpeg=st.none() | st.binary(),
    )
)
def test_reading_and_writing_a_notice_are_inverses(notice: EventNotice) -> None:
    assert decode(encode(notice)) == notice


def test_a_camera_list_keeps_areas_and_addresses_and_shows_no_password() -> None:
    cameras = CameraList("h", ("age1x",), (YARD,))
    assert decode(encode(cameras)) == cameras
    assert "hunter2" not in repr(cameras)


def test_hello_comes_first_and_what_was_said_before_serve_was_there_arrives(
    tmp_path: Path, watch: Callable[..., NoticeClient]
) -> None:
    client = watch()
    for number in range(100):
        client.send(stored(number))
    client.send(ClipGrew("c" * 16, CAMERA, "e" * 16, 5, 1, None, (ClipObject("manifest", 9, 1),)))
    serve = Serve(tmp_path / "watch.sock")
    until(lambda: serve.of(ClipGrew), "the last notice", 10)
    assert serve.heard[0] == Hello(0, 1, ("c" * 16,))
    assert serve.of(Stored) == [stored(number) for number in range(100)]
    serve.stop()


def test_a_new_serve_hears_again_what_lasts_and_only_the_newest(
    tmp_path: Path, watch: Callable[..., NoticeClient]
) -> None:
    client, first = watch(), Serve(tmp_path / "watch.sock")
    lost = Outage(CAMERA, 1000, None, Reason.TIMEOUT)
    client.send(CameraStatus(CAMERA, CameraState.RETRYING, 1000, Reason.TIMEOUT))
    client.send(lost)
    until(lambda: first.of(Outage), "the outage", 10)
    first.stop()
    client.send(CameraStatus(CAMERA, CameraState.RECORDING, 9000))
    client.send(Outage(CAMERA, 1000, 9000, Reason.TIMEOUT))
    second = Serve(tmp_path / "watch.sock")
    until(lambda: second.of(Outage) and second.of(CameraStatus), "being told again", 10)
    assert second.of(Outage) == [Outage(CAMERA, 1000, 9000, Reason.TIMEOUT)]
    assert second.of(CameraStatus) == [CameraStatus(CAMERA, CameraState.RECORDING, 9000)]
    second.stop()


def test_what_finds_no_room_is_counted_and_reported(
    tmp_path: Path, watch: Callable[..., NoticeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "WAITING", 10)
    client = watch(start=False)
    for number in range(25):
        client.send(stored(number))
    client.start()
    serve = Serve(tmp_path / "watch.sock")
    until(lambda: len(serve.of(Stored)) == 10, "the newest", 10)
    assert serve.of(Missed) == [Missed(15)]
    assert serve.of(Stored) == [stored(number) for number in range(15, 25)]
    serve.stop()


def test_after_a_loss_serve_hears_anew_which_clips_grow_once_the_rest_has_come(
    tmp_path: Path, watch: Callable[..., NoticeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "WAITING", 10)
    client = watch(start=False)
    for number in range(25):
        client.send(stored(number))
    client.start()
    serve = Serve(tmp_path / "watch.sock")
    until(lambda: len(serve.of(Hello)) == 2, "the second hello", 10)
    assert serve.heard[-2:] == [Missed(15), Hello(0, 1, ("c" * 16,))]
    serve.stop()


def test_a_flood_does_not_wash_away_what_a_camera_is_doing(
    tmp_path: Path, watch: Callable[..., NoticeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "WAITING", 10)
    status = CameraStatus(CAMERA, CameraState.RETRYING, 1000, Reason.TIMEOUT)
    big = EventNotice(CAMERA, "yard", "e", "c", 0, True, (), Verdict.UNSURE, 0.5, (), jpeg=bytes(500_000))
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(str(tmp_path / "watch.sock"))
        slow.listen()
        client = watch()
        line, _ = slow.accept()
        with line, line.makefile("rb") as stream:
            for notice in (*[big] * 20, status, *[big] * 100):  # more than fits on the way
                client.send(notice)
            heard: list[Notice] = []
            while not heard or not isinstance(heard[-1], Missed):
                heard.append(decode(stream.read(int.from_bytes(stream.read(4), "big"))))
    assert status in heard


def test_a_camera_that_was_lost_a_thousand_times_does_not_make_serve_forget_the_others(
    tmp_path: Path, watch: Callable[..., NoticeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "REMEMBERED", 20)
    client = watch(start=False)
    client.send(CameraStatus("b" * 12, CameraState.RECORDING, 1))
    for number in range(100):
        client.send(Outage(CAMERA, number, number + 1, Reason.TIMEOUT))
    client.start()
    serve = Serve(tmp_path / "watch.sock")
    until(lambda: Outage(CAMERA, 99, 100, Reason.TIMEOUT) in serve.heard, "the newest outage", 10)
    assert serve.of(CameraStatus) == [CameraStatus("b" * 12, CameraState.RECORDING, 1)]
    assert len(serve.of(Outage)) < 20
    serve.stop()


@pytest.mark.parametrize(
    "bad",
    [NewStill(CAMERA, 1, bytes(LONGEST)), CameraStatus(CAMERA, CameraState.RETRYING, 1, Reason.TIMEOUT, "\udcff")],
    ids=["too long", "not to be written"],
)
def test_a_notice_that_cannot_travel_is_left_out_and_the_rest_arrives(
    tmp_path: Path, watch: Callable[..., NoticeClient], bad: Notice
) -> None:
    serve, client = Serve(tmp_path / "watch.sock"), watch()
    client.send(bad)
    client.send(stored(1))
    until(lambda: serve.of(Stored), "the next notice", 10)
    client.send(stored(2))
    until(lambda: len(serve.of(Stored)) == 2, "one more", 10)
    assert len(serve.of(Hello)) == 1  # it did not have to join anew
    serve.stop()


def test_serve_tells_every_watch_process_and_hears_when_one_leaves(
    tmp_path: Path, watch: Callable[..., NoticeClient]
) -> None:
    serve = Serve(tmp_path / "watch.sock")
    told: list[Notice] = []
    client = watch(told.append)
    watch(told.append)
    until(lambda: len(serve.of(Hello)) == 2, "both", 10)
    cameras = CameraList("h", ("age1x",), (YARD,))
    serve.server.tell(cameras)
    until(lambda: len(told) == 2, "the list", 10)
    assert told == [cameras, cameras]
    client.close()
    until(lambda: serve.left == [Hello(0, 1, ("c" * 16,))], "one leaving", 10)
    serve.stop()


def test_a_running_hub_is_nudged_and_a_stopped_one_is_not(tmp_path: Path) -> None:
    assert not nudge(tmp_path / "watch.sock")
    serve = Serve(tmp_path / "watch.sock")
    assert nudge(tmp_path / "watch.sock")
    until(lambda: serve.of(CamerasChanged), "the nudge", 10)
    assert serve.left == []  # a command is no watch process
    serve.stop()
    assert not (tmp_path / "watch.sock").exists()


def test_rubbish_on_the_socket_ends_that_connection_only(tmp_path: Path, watch: Callable[..., NoticeClient]) -> None:
    serve = Serve(tmp_path / "watch.sock")
    for rubbish in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x05hello", b"\x00\x00"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(tmp_path / "watch.sock"))
            line.sendall(rubbish)
    client = watch()
    client.send(stored(1))
    until(lambda: serve.of(Stored), "a notice", 10)
    serve.stop()


def test_sending_never_waits_for_a_serve_that_hangs(tmp_path: Path, watch: Callable[..., NoticeClient]) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "watch.sock"))
        deaf.listen()
        client = watch()
        big = EventNotice(CAMERA, "yard", "e", "c", 0, True, (), Verdict.UNSURE, 0.5, (), jpeg=bytes(100_000))
        sent = threading.Thread(target=lambda: [client.send(big) for _ in range(1000)], daemon=True)
        sent.start()
        sent.join(10)
        assert not sent.is_alive()
