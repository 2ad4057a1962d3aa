"""Who receives a camera, and whose words count where both are refused."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nightlatch.clocks import system_clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.sources import open_source


@contextmanager
def camera(challenge: str) -> Iterator[int]:
    """One that lets nobody in; its port."""

    class Refuses(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked: dict[str, str] = {}
            for line in self.rfile:
                text = line.decode().strip()
                if text:
                    name, _, value = text.partition(":")
                    asked[name.lower()] = value.strip()
                    continue
                status = "200 OK" if any(name.startswith("options ") for name in asked) else "401 Unauthorized"
                answer = f"RTSP/1.0 {status}\r\nCSeq: {asked['cseq']}\r\nWWW-Authenticate: {challenge}\r\n\r\n"
                self.wfile.write(answer.encode())
                asked.clear()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuses) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        ('Digest realm="c", nonce="1", algorithm=MD5', Reason.WRONG_PASSWORD),
        ('Digest realm="c", nonce="1", algorithm=SHA-512-256', Reason.REFUSED),
        ('Bearer realm="c"', Reason.REFUSED),
    ],
)
def test_a_password_is_called_wrong_only_where_the_camera_was_given_it(
    challenge: str, reason: Reason, transport: str
) -> None:
    with camera(challenge) as port, pytest.raises(SourceError) as refused:
        open_source(f"rtsp://u:p@127.0.0.1:{port}/live", transport=transport, clock=system_clock(), timeout_s=3.0)
    assert refused.value.reason is reason
    assert ("does not know" in str(refused.value)) == (reason is Reason.REFUSED)
