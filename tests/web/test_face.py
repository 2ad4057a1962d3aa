"""One face for five programs: whoever is slow, silent, endless or broken gets a sentence and holds nobody up."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from structlog.testing import capture_logs

from nightlatch.web.face import KIB
from tests.house import until
from tests.web.programs import LIMITS, NAMES, SECRET, STRANGER, Program, heard, running

STRICT = ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control")


@pytest.fixture(scope="module", params=NAMES)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def sentence(answer: bytes) -> str:
    """What a raw answer says; all its headers are strict ones."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert all(name.encode() in head.lower() for name in STRICT), head
    return str(json.loads(body)["error"])


# ---- heads ------------------------------------------------------------------------------------------------------


def test_a_head_that_drips_is_cut_off_in_time(program: Program) -> None:
    began = time.monotonic()
    with program.line() as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        line.settimeout(0.05)
        answer = None
        while answer is None:
            with contextlib.suppress(TimeoutError):
                answer = line.recv(65536)
            with contextlib.suppress(OSError):
                line.sendall(b"x")
    assert LIMITS.head_s * 0.9 < time.monotonic() - began < LIMITS.head_s + 2
    assert status(answer) == 408
    assert "did not arrive" in sentence(answer)


def test_the_second_head_of_a_connection_has_a_deadline_too(program: Program) -> None:
    with program.line() as line:
        line.sendall(b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api/nothing HT")
        answers = heard(line)
    assert status(answers) in (403, 404)
    assert b"HTTP/1.1 408" in answers


def test_a_connection_that_says_nothing_is_closed(program: Program) -> None:
    with program.line() as line:
        assert heard(line) == b""


def test_a_head_without_end_is_refused(program: Program) -> None:
    with program.line() as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(OSError):
            for n in range(1000):
                line.sendall(f"X-{n}: {'x' * 1000}\r\n".encode())
                time.sleep(0)
        answer = heard(line)
    assert not answer or (status(answer) == 431 and "8 KiB" in sentence(answer))
    assert program.nothing().status_code == 404


def test_what_is_no_http_is_answered_in_a_sentence(program: Program) -> None:
    with program.line() as line:
        line.sendall(b"\x16\x03\x01 this is no request\r\n\r\n")
        answer = heard(line)
    assert status(answer) == 400
    assert sentence(answer).endswith(".")


def test_requests_that_nobody_waits_for_do_not_pile_up(program: Program) -> None:
    with capture_logs() as told:
        for _ in range(20):
            with program.line() as line:
                line.sendall(b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
                assert heard(line).count(b"HTTP/1.1 ") <= 10
    assert [line["event"] for line in told if line["event"] == "request.failed"] == []
    assert program.nothing().status_code == 404
    with program.line() as line:
        line.sendall(b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        assert heard(line).count(b"HTTP/1.1 404") == 3


# ---- bodies -----------------------------------------------------------------------------------------------------


def test_a_body_that_drips_is_answered_408_and_its_connection_closed(program: Program) -> None:
    began = time.monotonic()
    with program.line() as line:
        line.sendall(program.head("Content-Length: 1000") + b"{")
        answer = heard(line)
    assert LIMITS.body_s * 0.9 < time.monotonic() - began < LIMITS.body_s + 2
    assert status(answer) == 408
    assert "did not arrive" in sentence(answer)
    assert b"connection: close" in answer.lower()


def test_an_endless_body_is_refused_while_it_comes(program: Program) -> None:
    with program.line() as line:
        line.sendall(program.head("Transfer-Encoding: chunked"))
        with contextlib.suppress(OSError):
            for _ in range(2 * LIMITS.longest_body // KIB):
                line.sendall(b"400\r\n" + b" " * KIB + b"\r\n")
        answer = line.recv(65536)
    assert status(answer) == (411 if program.name == "hub" else 413)
    assert sentence(answer).endswith(".")


def test_a_length_that_is_too_much_is_refused_before_any_of_it_comes(program: Program) -> None:
    for length in (LIMITS.longest_body + 1, 4 * 1024**3, 10**14):
        with program.line() as line:
            line.sendall(program.head(f"Content-Length: {length}"))
            answer = line.recv(65536)
        assert status(answer) == 413
        assert "16 KiB" in sentence(answer)


@pytest.mark.parametrize("body", [b"{", b"[" * 15_000, b"\xff\xfe", b'{"\\ud800": 1}', b'{"a": 1e999}', b"null"])
def test_a_body_that_is_broken_is_refused_in_a_sentence(program: Program, body: bytes) -> None:
    answer = program.post(body)
    assert answer.status_code in (400, 403, 422)
    assert answer.json()["error"].endswith(".")


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(program: Program) -> None:
    with capture_logs() as told:
        with program.line() as line:
            line.sendall(program.head("Content-Length: 1000") + b"{")
        assert program.nothing().status_code == 404
    assert [line["event"] for line in told if line["event"] == "request.failed"] == []


# ---- crowds -----------------------------------------------------------------------------------------------------


def test_a_hundred_silent_connections_hold_nobody_up(program: Program) -> None:
    with ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(program.line(STRANGER))
        for address in ("127.0.0.1", STRANGER):
            began = time.monotonic()
            with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as client:
                assert client.get(f"{program.url}/api/nothing", timeout=10).status_code == 404
            assert time.monotonic() - began < 1


def test_an_address_that_has_everything_it_may_have_leaves_room_for_others(program: Program) -> None:
    with ExitStack() as crowd:
        for _ in range(LIMITS.on_loopback):
            line = crowd.enter_context(program.line(STRANGER))
            line.sendall(program.head("Content-Length: 1000"))
        assert program.nothing().status_code == 404
        with program.line(STRANGER) as late:
            late.sendall(b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = heard(late)
    assert status(answer) == 503
    assert b"retry-after: 1" in answer.lower()
    assert sentence(answer).endswith(".")


def test_behind_a_proxy_each_client_is_counted_for_itself(program: Program) -> None:
    one, other = "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"
    with ExitStack() as crowd:
        for _ in range(LIMITS.per_address):
            line = crowd.enter_context(program.line())
            line.sendall(program.head("Content-Length: 1000", one))
        seen = []
        for who in (one, other):
            with program.line() as line:
                line.sendall(f"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n{who}\r\n\r\n".encode())
                seen.append(line.recv(65536))
    assert [status(answer) for answer in seen] == [429, 404]
    assert b"retry-after: 1" in seen[0].lower()


def test_websockets_that_came_and_went_leave_no_trace_at_the_door(program: Program) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    for _ in range(LIMITS.on_loopback + 2):
        with program.line() as line:
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
            line.sendall(f"GET /v1/views/1 HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n{key}\r\n\r\n".encode())
            assert status(heard(line)) == 403
    assert program.nothing().status_code == 404


def test_answers_that_nobody_reads_hold_a_place_for_a_while_only(program: Program) -> None:
    def is_served() -> bool:
        with program.line(STRANGER) as line:
            line.sendall(b"GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return status(line.recv(65536)) == 404

    with ExitStack() as crowd:
        for _ in range(LIMITS.on_loopback):
            line = crowd.enter_context(program.line(STRANGER))
            line.sendall(b"GET /api/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.recv(1) == b"H"
        assert not is_served()
        until(is_served, "a place", LIMITS.unread_s + 5)


# ---- answers ----------------------------------------------------------------------------------------------------


def test_an_address_that_is_not_there_is_said_in_a_sentence(program: Program) -> None:
    answer = program.nothing()
    assert answer.status_code == 404
    assert answer.json()["error"].endswith(".")
    assert all(name in answer.headers for name in STRICT)


@pytest.mark.parametrize("path", ["%00", "x" * 300, "x/" * 3000 + "x", "%ff", "..%2f..%2fetc%2fpasswd"])
def test_an_odd_path_is_no_error_of_ours(program: Program, path: str) -> None:
    answer = httpx.get(f"{program.url}/{path}", timeout=10)
    assert answer.status_code < 500 or "not built" in answer.text


def test_an_error_that_nobody_expected_is_a_sentence_to_the_client_and_a_line_in_the_log(program: Program) -> None:
    with capture_logs() as told:
        answer = httpx.get(f"{program.url}/api/broken", timeout=10)
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Something went wrong")
    assert SECRET not in answer.text
    assert all(name in answer.headers for name in STRICT)
    assert [(line["event"], line["route"]) for line in told if line["log_level"] == "error"] == [
        ("request.failed", "/api/broken")
    ]
