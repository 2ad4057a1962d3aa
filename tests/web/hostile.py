"""Servers on real sockets that answer in every way but the right one, and how much memory this process holds."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

Behaviour = Callable[[socket.socket, threading.Event], None]
MIB = 1024**2


def drips_its_body(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while not over.wait(0.1):
        line.sendall(b"x")


def drips_its_head(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.1):
        line.sendall(b"x")


def hangs(line: socket.socket, over: threading.Event) -> None:
    over.wait()


def never_stops_to_begin(line: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        line.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
        over.wait(0.01)


def packs(line: socket.socket, over: threading.Event) -> None:
    body = bomb()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    line.sendall(head.encode() + body)


def never_ends(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    while not over.is_set():
        line.sendall(piece)


def ends_only_with_the_line(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    while not over.is_set():
        line.sendall(b"x" * 65536)


def has_a_head_without_end(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        line.sendall(b"X-More: " + b"x" * 65536 + b"\r\n")


def announces_too_much(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    never_ends(line, over)


def counts_in_another_script(line: socket.socket, over: threading.Event) -> None:
    line.sendall("HTTP/1.1 200 OK\r\nContent-Length: ²\r\n\r\nxx".encode("latin-1"))


def says_less_than_it_announced(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxx")


def talks_something_else(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"220 mail.example.org ESMTP\r\n")


HOSTILE: tuple[Behaviour, ...] = (
    drips_its_body,
    drips_its_head,
    hangs,
    never_stops_to_begin,
    packs,
    never_ends,
    ends_only_with_the_line,
    has_a_head_without_end,
    announces_too_much,
    counts_in_another_script,
    says_less_than_it_announced,
    talks_something_else,
)


@cache
def bomb() -> bytes:
    """400 KB that unpack to 400 MB."""
    return gzip.compress(bytes(400 * MIB), compresslevel=9)


@contextmanager
def listening(behave: Behaviour) -> Iterator[str]:
    """The base URL of a server that does this on every connection."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(line: socket.socket) -> None:
            with contextlib.suppress(OSError), line:
                line.recv(65536)
                behave(line, over)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)


def held_mib() -> float:
    """Memory of this process that is resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB
