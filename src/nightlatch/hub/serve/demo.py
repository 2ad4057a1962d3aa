"""Demo cameras: rendered scenes behind an RTSP server of ours, so that a home without a camera has something to see.

They take the same road as a real camera, but that their clips stay at home: the hub could never take them back from
the mailbox. They leave when the first real one comes, and what they recorded leaves with them (`clear`).
"""

from __future__ import annotations

import secrets
import socket
import sys
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.context import Site
from nightlatch.domain.time import Clock
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import CameraRow, ClipRow, OutageRow, SegmentRow, SheetRow
from nightlatch.hub.serve.books.retention import delete_footage
from nightlatch.hub.vault.layout import camera_folder

CAMERAS = (("Porch", "/porch", Site.FRONT_DOOR), ("Living room", "/living-room", Site.INSIDE))
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
        for name, path, site in CAMERAS:
            row = demos.get(name) or CameraRow(id=secrets.token_hex(6), name=name, demo=True, created_ms=clock.now_ms())
            free_name(session, name, keeping=row.id)
            session.add(row)
            row.name = name
            row.url = f"rtsp://{USER}:{password}@127.0.0.1:{port}{path}"
            row.sub_url = f"{row.url}/sub"
            row.site = row.site or site
            row.removed = False
    command = (sys.executable, "-m", "nightlatch.pixels.stage", "serve", "--port", str(port), "--user", USER)
    return Demo((*command, "--password-env", PASSWORD_VARIABLE), {PASSWORD_VARIABLE: password})


def retire(session: Session) -> None:
    """Remove the demo cameras because a real one has come."""
    for row in session.scalars(select(CameraRow).where(CameraRow.demo)):
        row.removed = True


def free_name(session: Session, name: str, keeping: str | None = None) -> None:
    """A removed camera of this name is called something else from now on: names are unique."""
    gone = session.scalar(select(CameraRow).where(CameraRow.name == name, CameraRow.removed))
    if gone is not None and gone.id != keeping:
        gone.name = f"{gone.name[:40]} ({gone.id})"
        session.flush()


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was deleted: the ids of the cameras of which there was something, and those of their clips."""

    cameras: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()


def clear(books: Books, *, wanted: bool) -> Cleared:
    """Delete all that the demo cameras recorded once they have left.

    Can be done again and again: what a recorder still wrote meanwhile, or a crash left, goes the next time. A demo
    camera that the owner removed by hand is as any other while the demo goes on. Raises `OSError`.
    """
    with Session(books.engine) as session:
        rows = session.scalars(select(CameraRow)).all()
        if wanted and not any(not row.demo and not row.removed for row in rows):
            return Cleared()
        retired = [row.id for row in rows if row.demo and row.removed]
        found = tuple(camera_id for camera_id in retired if _has_footage(books, session, camera_id))
        clips = tuple(session.scalars(select(ClipRow.id).where(ClipRow.camera_id.in_(found))))
    for camera_id in found:
        delete_footage(books, camera_id)
    return Cleared(found, clips)


def _has_footage(books: Books, session: Session, camera_id: str) -> bool:
    tables = (SegmentRow, SheetRow, ClipRow, OutageRow)
    has_rows = any(session.scalar(select(table.id).where(table.camera_id == camera_id).limit(1)) for table in tables)
    return has_rows or camera_folder(books.vault, camera_id).exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
