"""`nightlatch cloud` as a program."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.house import until


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nightlatch", "cloud", "--data", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_says_where_it_is_and_stops_when_asked(tmp_path: Path) -> None:
    program = start(tmp_path, 0)
    try:
        told = tmp_path / "serve.json"
        until(lambda: told.exists() or program.poll() is not None, "serve.json")
        where = json.loads(told.read_text())
        assert where["pid"] == program.pid
        url = f"http://127.0.0.1:{where['port']}"
        assert until(lambda: httpx.get(f"{url}/healthz").json() == {"ok": True}, "the mailbox answering")
        answer = httpx.get(f"{url}/v1/clips?key=a-secret")
        assert answer.status_code == 403
        assert "server" not in answer.headers
    finally:
        program.send_signal(signal.SIGTERM)
        said, _ = program.communicate(timeout=20)
        said += "".join(each.read_text() for each in tmp_path.rglob("logging/*"))
    assert program.returncode in (0, -signal.SIGTERM)
    assert "a-secret" not in said


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        program = start(tmp_path, other.getsockname()[1])
        said, _ = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "Address already in use" in said
    assert "Traceback" not in said
