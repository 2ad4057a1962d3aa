"""Whoever is asked gets a second and a few kilobytes, whatever it answers."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from nightlatch.web.addresses import is_outside, is_secure_base
from nightlatch.web.asking import Bounds, Lack, Reply, Unanswered, ask, json_body
from tests.web import hostile
from tests.web.hostile import HOSTILE, Behaviour, held_mib, listening

BOUNDS = Bounds(most_bytes=8192, within_s=1.0)


def says(raw: bytes) -> Behaviour:
    return lambda line, _: line.sendall(raw)


def answer(body: bytes, head: str = "HTTP/1.1 200 OK") -> bytes:
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("behave", HOSTILE, ids=lambda behave: behave.__name__)
def test_no_answer_takes_more_than_its_second_and_its_bytes(behave: Behaviour) -> None:
    hostile.bomb()
    with listening(behave) as url:
        before, began = held_mib(), time.monotonic()
        with pytest.raises(Unanswered):
            ask("GET", url, BOUNDS)
        assert time.monotonic() - began < BOUNDS.within_s + 2
        assert held_mib() - before < 16


@pytest.mark.parametrize(
    ("behave", "lack"),
    [
        (hostile.drips_its_body, Lack.SLOW),
        (hostile.hangs, Lack.SLOW),
        (hostile.packs, Lack.PACKED),
        (hostile.never_ends, Lack.LONG),
        (hostile.announces_too_much, Lack.LONG),
        (hostile.talks_something_else, Lack.AWAY),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_it_is_said_what_was_wrong(behave: Behaviour, lack: Lack) -> None:
    with listening(behave) as url, pytest.raises(Unanswered) as raised:
        ask("GET", url, BOUNDS)
    assert raised.value.lack is lack


def test_an_answer_within_its_bounds_comes_as_it_was_sent() -> None:
    with listening(says(answer(b"x" * 8192))) as url:
        assert ask("GET", url, BOUNDS) == Reply(200, b"x" * 8192)


def test_it_may_be_asked_where_an_event_loop_runs() -> None:
    async def asks() -> None:
        test_an_answer_within_its_bounds_comes_as_it_was_sent()

    asyncio.run(asks())


def test_one_byte_more_is_too_much() -> None:
    with listening(says(answer(b"x" * 8193))) as url, pytest.raises(Unanswered):
        ask("GET", url, BOUNDS)


def test_a_redirect_is_an_answer_and_not_an_order() -> None:
    with listening(says(answer(b"", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/"))) as url:
        assert ask("GET", url, BOUNDS).status == 302


def test_what_is_asked_says_that_nothing_may_be_packed_and_carries_its_body() -> None:
    heard = bytearray()

    def listen(line: socket.socket, _: threading.Event) -> None:
        while b'{"a": 1}' not in heard:
            heard.extend(line.recv(65536))
        line.sendall(answer(b"{}"))

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as line:
                listen(line, threading.Event())

        threading.Thread(target=serve, daemon=True).start()
        body, headers = json_body({"a": 1})
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        assert ask("POST", url, BOUNDS, body=body, headers=headers).told() == {}
    assert b"Accept-Encoding: identity" in heard
    assert b"Content-Type: application/json" in heard


@pytest.mark.parametrize("raw", [b"", b"[]", b"1", b"[" * 8000, b"\xff", b'{"a":' + b"1" * 5000 + b"}", b'"\\ud800"'])
def test_what_is_no_object_is_an_empty_one(raw: bytes) -> None:
    assert Reply(200, raw).told() == {}


@pytest.mark.parametrize(
    "url", ["", "http://", "ftp://127.0.0.1/", "http://[", "http://127.0.0.1:99999/", "http://\x00/"]
)
def test_an_address_that_is_none_cannot_be_reached(url: str) -> None:
    with pytest.raises(Unanswered):
        ask("GET", url, BOUNDS)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_an_address_inside_is_not_asked_where_only_the_internet_may_be(host: str) -> None:
    heard = threading.Event()
    with listening(lambda *_: heard.set()) as url, pytest.raises(Unanswered) as raised:
        ask("GET", url.replace("127.0.0.1", host), BOUNDS, outside_only=True)
    assert raised.value.lack is Lack.INNER
    assert not heard.is_set()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1"),
        *("::ffff:10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::", "64:ff9b::a9fe:a9fe", "no address", ""),
    ],
)
def test_inner_addresses_are_not_outside(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_on_the_internet_are_outside(address: str) -> None:
    assert is_outside(address)


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [
        ("https://programme.example", True),
        ("https://programme.example:8443/log/", True),
        ("http://127.0.0.1:8644", True),
        ("http://localhost:8644/", True),
        ("http://[::1]:8644", True),
        ("http://localhost:80@host/", False),
        ("http://localhost:@host/", False),
        ("http://127.0.0.1:80.example.org/", False),
        ("http://localhost.example.org/", False),
        ("http://programme.example", False),
        ("https://user:word@programme.example", False),
        ("https://programme.example#x", False),
        ("https://programme.example?x", False),
        ("https://[", False),
        ("https://host:99999", False),
        ("https://", False),
        ("https://ho st", False),
        ("https://host\\@other", False),
        ("https://h\u00f6st", False),
        ("https://\ud800", False),
        ("https://host\n", False),
        ("", False),
    ],
)
def test_a_programme_is_asked_over_https_or_on_this_machine(url: str, is_secure: bool) -> None:
    assert is_secure_base(url) is is_secure
