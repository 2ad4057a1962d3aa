"""A log that drips, hangs, floods or talks nonsense neither ends nor starves the hub's watch: a later fork is seen."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.giving import client
from nightlatch.hub.serve.logs import logs
from nightlatch.hub.serve.logs import mirror as mirroring
from nightlatch.hub.serve.logs import watch as watching
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.log import Log
from nightlatch.seal.note import Note
from tests.clocks import TestClock
from tests.hub.test_logs import SIGNER, Home, append, at_home, watch, with_this_hub
from tests.web import hostile
from tests.web.hostile import HOSTILE, Behaviour, held_mib


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 1.0)
    monkeypatch.setattr(watching, "EVERY_S", 0.05)
    monkeypatch.setattr(watching, "IDLE_S", 0.05)
    monkeypatch.setattr(watching, "LEAST_S", 0.05)
    monkeypatch.setattr(watching, "SHORTLY_S", 0.01)
    monkeypatch.setattr(logs, "ASK_S", 0.05)


class Line:
    """A log's address, behind which anything may stand, one after the other."""

    def __init__(self) -> None:
        self.behave: Behaviour = hostile.hangs
        self.asked = threading.Semaphore(0)

    def __call__(self, line: socket.socket, over: threading.Event) -> None:
        self.asked.release()
        self.behave(line, over)

    def shows(self, folder: Path) -> None:
        """A web server that knows nothing, over this folder."""

        def serve(line: socket.socket, _: threading.Event) -> None:
            file = folder / self.path.lstrip("/")
            status = "200 OK" if file.is_file() else "404 Not Found"
            body = file.read_bytes() if file.is_file() else b""
            line.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

        self.behave = serve

    path = "/"


@contextmanager
def at_an_address() -> Iterator[tuple[Line, str]]:
    line = Line()
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(end: socket.socket) -> None:
            with contextlib.suppress(OSError), end:
                line.path = end.recv(65536).split(b" ")[1].decode()
                line(end, over)

        def accept() -> None:  # one after the other: `path` is of the request being answered
            with contextlib.suppress(OSError):
                while True:
                    answer(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield line, f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


def says(text: str) -> Behaviour:
    raw = text.encode()
    return lambda line, _: line.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)


def until(question: Callable[[], object], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(home: Home) -> Iterator[asyncio.Task[None]]:
    """The loop of all watches, in a thread of its own."""
    loop = asyncio.new_event_loop()
    tasks: list[asyncio.Task[None]] = []

    def run() -> None:
        tasks.append(loop.create_task(home.logs.run()))
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(tasks[0])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until(lambda: tasks)
    try:
        yield tasks[0]
    finally:
        loop.call_soon_threadsafe(tasks[0].cancel)
        thread.join(20)
        loop.close()


@pytest.mark.parametrize("behave", HOSTILE, ids=lambda each: each.__name__)
def test_one_look_at_a_hostile_log_takes_little_time_and_memory(tmp_path: Path, behave: Behaviour) -> None:
    hostile.bomb()
    with hostile.listening(behave) as url:
        hub = watch(tmp_path, url, with_this_hub(tmp_path))
        hub.within_s = 1.0
        before, began = held_mib(), time.monotonic()
        with pytest.raises(NightlatchError):
            hub.look()
        with contextlib.suppress(NightlatchError):
            hub.vouch(1)
        assert time.monotonic() - began < 8
        assert held_mib() - before < 24


ODD_SIZES = ["²", "٣", "1" * 5000, "-1", " 1"]


@pytest.mark.parametrize("odd", ODD_SIZES)
def test_the_watch_outlives_an_odd_number_and_sees_the_fork_that_follows(tmp_path: Path, odd: str) -> None:
    with Log(tmp_path / "true", SIGNER) as log:
        append(log, b"one")
        append(log, b"two")
    with Log(tmp_path / "false", SIGNER) as log:
        append(log, b"one")
        append(log, b"other")
    with at_an_address() as (line, url):
        line.shows(tmp_path / "true")
        home = at_home(tmp_path)
        hub = home.join(url)
        with running(home) as task:
            until(lambda: hub.size == 2)
            line.behave = says(
                f"old {odd}\n\nprogramme.test/log\n{odd}\n{'A' * 43}=\n\n— programme.test/log AAAAAAAA\n"
            )
            until(lambda: hub.silent_since_ms is not None or hub.trouble is not None)
            assert "contradicts" not in (hub.trouble or "")
            line.shows(tmp_path / "false")
            until(lambda: "contradicts itself" in (hub.trouble or ""))
            assert not task.done()


def test_the_watch_outlives_what_nobody_thought_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Log(tmp_path / "log", SIGNER) as log:
        append(log, b"one")
    stumbled = threading.Event()

    def stumble(*_: object, **__: object) -> None:
        stumbled.set()
        raise RecursionError("what nobody thought of")

    with at_an_address() as (line, url):
        line.shows(tmp_path / "log")
        home = at_home(tmp_path)
        hub = home.join(url)
        with monkeypatch.context() as patched:
            patched.setattr(mirroring, "read_on", stumble)
            with running(home) as task:
                until(stumbled.is_set)
                until(lambda: hub.silent_since_ms is not None)
                patched.undo()
                _in_a_hurry_again(monkeypatch)
                until(lambda: hub.size == 1)
                until(lambda: hub.silent_since_ms is None)  # the look that read it has ended
                assert not task.done()


def _in_a_hurry_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY_S", 0.05)
    monkeypatch.setattr(watching, "IDLE_S", 0.05)
    monkeypatch.setattr(watching, "LEAST_S", 0.05)
    monkeypatch.setattr(watching, "SHORTLY_S", 0.01)
    monkeypatch.setattr(logs, "ASK_S", 0.05)


def test_home_says_since_when_a_log_is_silent_after_two_looks_and_no_more_once_it_speaks(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as log:
        append(log, b"one")
    with at_an_address() as (line, url):
        clock = TestClock(fixed_ms=1_800_000_000_000)
        line.shows(tmp_path / "log")
        hub = watch(tmp_path, url, clock=clock)
        hub.try_look()
        heard_ms = clock.now_ms()
        assert hub.silent_since_ms is None
        line.behave = hostile.talks_something_else
        clock.fixed_ms = heard_ms + 300_000
        hub.try_look()
        assert hub.silent_since_ms is None  # one may be chance
        clock.fixed_ms = heard_ms + 600_000
        hub.try_look()
        assert hub.silent_since_ms == heard_ms
        line.shows(tmp_path / "log")
        hub.try_look()
        assert hub.silent_since_ms is None


def test_a_log_that_claims_more_than_a_hub_can_check_is_not_read(tmp_path: Path) -> None:
    text = str(Checkpoint("programme.test/log", 2**40, bytes(32)))
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "checkpoint").write_text(str(Note(text, (SIGNER.sign(text),))))
    with at_an_address() as (line, url):
        line.shows(tmp_path / "log")
        with pytest.raises(NightlatchError, match="more than 1500000 entries"):
            watch(tmp_path, url).look()


def test_a_log_that_is_read_for_too_long_is_left_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_WITHIN_S", 0.0)
    with Log(tmp_path / "log", SIGNER) as log, at_an_address() as (line, url):
        append(log, b"one")
        line.shows(tmp_path / "log")
        with pytest.raises(NightlatchError, match="too long"):
            watch(tmp_path, url).look()
