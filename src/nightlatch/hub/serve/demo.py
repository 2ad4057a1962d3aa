"""Demo cameras: rendered scenes behind an RTSP server of ours, so that a home without a camera has something to see.

They take the same road as a real camera, and leave when the first real one comes; what they recorded ages out.
"""

from __future__ import annotations

import secrets
import socket
import sys
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import CameraRow

CAMERAS = (("Porch", "/porch"), ("Living room", "/living-room"))
USER = "demo"
PASSWORD_VARIABLE = "NIGHTLATCH_STAGE_PASSWORD"


@dataclass(frozen=True, slots=True)
class Demo:
    """How to start the demo's RTSP server."""

    command: tuple[str, ...]
    environment: dict[str, str]


def prepare(books: Books, clock: Clock, wanted: bool) -> Demo | None:
    """Add the demo cameras to the table or remove them; the server to start, or None when there is a real camera."""
    with books.change() as session:
        rows = session.scalars(select(CameraRow)).all()
        demos = {row.name.removesuffix(" (demo)"): row for row in rows if row.demo}  # as they used to be called
        if not wanted or any(not row.demo and not row.removed for row in rows):
            for row in demos.values():
                row.removed = True
            return None
        port, password = _free_port(), secrets.token_urlsafe(12)
        for name, path in CAMERAS:
            row = demos.get(name) or CameraRow(id=secrets.token_hex(6), name=name, demo=True, created_ms=clock.now_ms())
            session.add(row)
            row.name = name
            row.url = f"rtsp://{USER}:{password}@127.0.0.1:{port}{path}"
            row.sub_url = f"{row.url}/sub"
            row.removed = False
    command = (sys.executable, "-m", "nightlatch.pixels.stage", "serve", "--port", str(port), "--user", USER)
    return Demo((*command, "--password-env", PASSWORD_VARIABLE), {PASSWORD_VARIABLE: password})


def retire(session: Session) -> None:
    """Remove the demo cameras because a real one has come."""
    for row in session.scalars(select(CameraRow).where(CameraRow.demo)):
        row.removed = True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
