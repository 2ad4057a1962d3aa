"""A camera that is not ours: Debian's gst-rtsp-server with a film of H.264 and AAC, a Digest login, over TCP or UDP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "pixels" / "sources" / "gst_camera.py"
PYTHON = "/usr/bin/python3"  # Debian's, which has the bindings
USER, PASSWORD = "owner", "not-ours-at-all"


def is_installed() -> bool:
    """Whether Debian's packages are there (scripts/packages.txt)."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return Path(PYTHON).exists() and not subprocess.run([PYTHON, "-c", check], capture_output=True).returncode


@contextmanager
def foreign_camera(film: Path) -> Iterator[tuple[str, int]]:
    """(URL, process id) of the server. The film begins when the first client plays; all are sent the same pictures."""
    launch = (
        f'( filesrc location="{film}" ! qtdemux name=film '
        "film.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 "
        "film.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )"
    )
    command = [PYTHON, str(SCRIPT), launch, "", USER, PASSWORD]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if process.stdout is None or not (port := process.stdout.readline().strip()):
            raise RuntimeError("gst-rtsp-server did not start: is it installed (scripts/packages.txt)?")
        yield f"rtsp://{USER}:{PASSWORD}@127.0.0.1:{port}/live", process.pid
    finally:
        process.kill()
        process.wait(10)
