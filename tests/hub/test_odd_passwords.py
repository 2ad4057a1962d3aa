"""A password of any characters goes to the camera as it is, and shows nowhere: page, command line, terminal, log."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tests.house import house, until

SECRET = "Geheim"
ODD = (
    *("1234/Geheim", "12#Geheim", "99?Geheim", "ge@Geheim", "a:Geheim:b", "50%Geheim", "%41Geheim", "Geheim&x=1"),
    *("Geheim[0]", "<b>Geheim</b>", "{Geheim}", "Geheim\\n", "'Geheim\"", "Gehéim Geheim"),
    *("Geheim😀", "$(Geheim)", "+Geheim"),
)  # fmt: skip


@contextmanager
def strict() -> Iterator[tuple[int, set[str]]]:
    """A camera that refuses all; its port, and which of the passwords it was told rightly (Digest)."""
    proven: set[str] = set()

    def meet(client: socket.socket) -> None:
        with suppress(OSError, ValueError), client:
            while request := client.recv(65536).decode():
                cseq, head = re.search(r"CSeq: (\d+)", request), request.split(" ", 2)
                told = dict(re.findall(r'(\w+)="([^"]*)"', request.partition("Authorization:")[2]))
                for each in ODD if told else ():
                    first = hashlib.md5(f"admin:odd:{each}".encode()).hexdigest()
                    second = hashlib.md5(f"{head[0]}:{told['uri']}".encode()).hexdigest()
                    if hashlib.md5(f"{first}:1:{second}".encode()).hexdigest() == told.get("response"):
                        proven.add(each)
                said = (
                    'RTSP/1.0 401 Unauthorized\r\nCSeq: {}\r\nWWW-Authenticate: Digest realm="odd", nonce="1"\r\n\r\n'
                )
                client.sendall(said.format(cseq[1] if cseq else 0).encode())

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=meet, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1], proven
        finally:
            server.shutdown(socket.SHUT_RDWR)


def test_an_odd_password_reaches_the_camera_and_shows_nowhere(tmp_path: Path) -> None:
    with strict() as (port, proven), house(tmp_path / "house", program="hub") as home:
        home.set_up()
        shown = []
        for number, word in enumerate(ODD):
            url = f"rtsp://admin:{quote(word, safe='')}@127.0.0.1:{port}/live"
            shown.append(str(home.add_camera(f"escaped {number}", url)))
            answer = home.client.post("/api/cameras", json={"name": f"plain {number}", "url": url_of(word, port)})
            assert answer.status_code in (201, 422)
            shown.append(answer.text)
        until(lambda: proven == set(ODD), f"the right password (missing: {set(ODD) - proven})", 20)
        shown += [home.client.get(path).text for path in ("/api/cameras", "/api/home", "/api/state")]
        data = "--data", str(home.data / "hub")
        shown += [_run("list", *data), _run("test", url_of(ODD[0], port))]
        shown += [_run("add", "cellar", url_of(ODD[2], port), *data)]
        assert "password" in shown[-1]  # is refused
        home.stop()
        shown += [home.log.read_text(), *(each.read_text() for each in home.logging.rglob("*") if each.is_file())]
    for text in shown:
        assert SECRET not in text
    assert not [number for number, text in enumerate(shown) if "Traceback" in text]


def url_of(word: str, port: int) -> str:
    """As an owner types it."""
    return f"rtsp://admin:{word}@127.0.0.1:{port}/live"


def _run(*words: str) -> str:
    command = [sys.executable, "-m", "nightlatch", "camera", *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ran.stdout + ran.stderr
