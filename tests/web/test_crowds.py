"""Crowds from many addresses, and handshakes that never end: whoever speaks is served."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from nightlatch.hub.serve import tls
from nightlatch.web.face import Face, Limits, put_on
from nightlatch.web.serving import allow_files
from tests.serving import served

CROWD, EACH = 1000, 50  # connections in all, and of one address
LIMITS = Limits(head_s=5.0, body_s=5.0)
HEAD = b"POST /said HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"


def _app(limits: Limits) -> FastAPI:
    app = FastAPI()

    @app.get("/here")
    def here() -> str:
        return "here"

    @app.post("/said")
    def said(body: dict[str, str]) -> str:
        return body["word"]

    put_on(app, Face("this test", limits=limits))
    return app


@contextlib.contextmanager
def _program(folder: Path, limits: Limits, is_secure: bool) -> Iterator[str]:
    cert, key = tls.certificate(folder, []) if is_secure else (None, None)
    with served(_app(limits), cert, key) as url:
        yield url


def _crowd(stack: ExitStack, url: str, says: bytes) -> list[socket.socket]:
    """A thousand connections from twenty addresses of this machine."""
    allow_files()
    port = int(url.rpartition(":")[2])
    lines = []
    for n in range(CROWD):
        line = socket.create_connection(("127.0.0.1", port), 10, (f"127.7.{n // EACH}.1", 0))
        stack.enter_context(line)
        with contextlib.suppress(OSError):
            line.sendall(says)
        lines.append(line)
    return lines


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize("says", [b"", b"GET /here HTTP/1.1\r\nX-Slow: ", HEAD], ids=["silent", "heads", "bodies"])
def test_a_thousand_who_say_too_little_hold_nobody_up(tmp_path: Path, says: bytes, is_secure: bool) -> None:
    with _program(tmp_path, LIMITS, is_secure) as url, ExitStack() as stack:
        _crowd(stack, url, says)
        for n in range(5):
            began = time.monotonic()
            with httpx.Client(transport=httpx.HTTPTransport(verify=False, local_address=f"127.8.0.{n + 1}")) as client:
                assert client.get(f"{url}/here", timeout=10).json() == "here"
                assert client.post(f"{url}/said", json={"word": "now"}, timeout=10).json() == "now"
            assert time.monotonic() - began < 2


def test_a_handshake_that_never_ends_is_cut_off_in_time(tmp_path: Path) -> None:
    with _program(tmp_path, Limits(head_s=0.5), True) as url:
        for says in (b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"):
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10) as line:
                line.sendall(says)
                with contextlib.suppress(ConnectionResetError):
                    while line.recv(4096):
                        pass
            assert time.monotonic() - began < 2
        assert httpx.get(f"{url}/here", verify=False).json() == "here"


def test_silent_handshakes_of_one_address_make_room_for_its_next(tmp_path: Path) -> None:
    with _program(tmp_path, Limits(on_loopback=8), True) as url, ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10))
        began = time.monotonic()
        assert httpx.get(f"{url}/here", verify=False, timeout=10).json() == "here"
        assert time.monotonic() - began < 2


def test_what_is_sent_right_behind_the_handshake_is_heard(tmp_path: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with _program(tmp_path, Limits(), True) as url:
        for _ in range(50):
            raw = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10)
            with context.wrap_socket(raw, server_hostname="localhost") as line:
                line.sendall(b"GET /here HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                heard = b""
                while piece := line.recv(4096):
                    heard += piece
            assert heard.endswith(b'"here"')
