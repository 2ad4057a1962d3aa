"""Cameras for tests: our stage over RTSP, and gst-rtsp-server, which is not ours."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3cret-of-the-stage"
GST = Path(__file__).with_name("gst_camera.py")


@contextmanager
def our_rtsp(names: list[str]) -> Iterator[dict[str, str]]:
    """Scenes (by name) or films (by path) as RTSP cameras with Digest login; name or path → URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nightlatch.pixels.stage", "serve", "--user", "tester", *names],
        stdout=subprocess.PIPE,
        env={**os.environ, "NIGHTLATCH_STAGE_PASSWORD": PASSWORD},
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the stage has no output")
        port = json.loads(process.stdout.readline())["port"]
        paths = {name: f"film{n}" if os.sep in name else name for n, name in enumerate(names)}
        yield {name: f"rtsp://tester:{PASSWORD}@127.0.0.1:{port}/{path}" for name, path in paths.items()}
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def gst_rtsp(film: Path, codec: str = "h264") -> Iterator[str]:
    """A film shown by gst-rtsp-server, over and over; its URL."""
    python = "/usr/bin/python3"
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not os.path.exists(python) or subprocess.run([python, "-c", check], capture_output=True).returncode:
        pytest.skip("gst-rtsp-server is not installed (see scripts/packages.txt)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([python, str(GST), str(film), str(port), codec], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"rtsp://127.0.0.1:{port}/camera"
    finally:
        process.terminate()
        process.wait(10)
