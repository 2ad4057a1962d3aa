"""Checks a machine before it is blamed: each finding says what to do. A report holds no secret.

Imports what it checks only where it checks it, so that it runs in a cloud-only installation, too.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import httpx

from nightlatch.diagnostics import redact

EARLIEST_S = 1_767_225_600  # 2026-01-01
FLOOR_BYTES = 2 * 1024**3
MOST_SKEW_S = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    todo: str = ""


def examine(data_dir: Path, ports: dict[str, int], cloud_url: str | None) -> Iterator[Finding]:
    """All checks, cheap ones first."""
    yield _python()
    yield _folder(data_dir)
    yield _room(data_dir)
    yield _clock(time.time())
    if cloud_url:
        yield mailbox(cloud_url, time.time())
    for name, port in ports.items():
        yield _port(name, port, data_dir)
    yield _codecs()
    yield _page()
    yield _cameras(data_dir)


def report(findings: list[Finding]) -> str:
    """A text to attach to a bug report."""
    lines = [f"{f.state:4}  {f.name}: {f.text}{' ' + f.todo if f.todo else ''}" for f in findings]
    return redact("\n".join(lines)) + "\n"


def _python() -> Finding:
    return Finding("Python", "ok", ".".join(map(str, sys.version_info[:3])))


def _folder(data_dir: Path) -> Finding:
    if not data_dir.exists():
        return Finding("data folder", "ok", f"{data_dir} will be made at first start")
    if not (data_dir / "identity.json").exists() and any(data_dir.iterdir()):
        return Finding("data folder", "fail", f"{data_dir} is not a hub's folder.", "Is the right disk mounted there?")
    probe = data_dir / ".doctor"
    try:
        with probe.open("wb") as file:
            file.write(b"x" * 65536)
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            took_ms = (time.perf_counter() - began_s) * 1000
        probe.unlink()
    except OSError as error:
        return Finding("data folder", "fail", f"{data_dir}: {error.strerror}.", "Check its rights and its disk.")
    if took_ms > 500:
        return Finding(
            "data folder", "warn", f"a small write takes {took_ms:.0f} ms", "Use a faster disk for many cameras."
        )
    return Finding("data folder", "ok", f"{data_dir} is writable; a durable write takes {took_ms:.0f} ms")


def _room(data_dir: Path) -> Finding:
    there = next(p for p in (data_dir.absolute(), *data_dir.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free"
    if free < FLOOR_BYTES:
        return Finding("disk", "fail", text, "Make room: below 2 GB the oldest footage is deleted at once.")
    per_day = 21.6  # GB, one camera at 2 Mbit/s
    if free / 1e9 < per_day:
        return Finding("disk", "warn", text, "A 1080p camera fills about 22 GB a day at 2 Mbit/s.")
    return Finding("disk", "ok", f"{text}: about {int(free / 1e9 / per_day)} days of one 1080p camera at 2 Mbit/s")


def _clock(now_s: float) -> Finding:
    if now_s < EARLIEST_S:
        return Finding("clock", "fail", "This machine's date is in the past.", "Set it: recordings are placed by it.")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s)))


def mailbox(url: str, now_s: float) -> Finding:
    """Whether the mailbox answers and its clock agrees."""
    try:
        answer = httpx.get(f"{url}/healthz", timeout=5)
        skew_s = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - now_s)
    except (httpx.HTTPError, KeyError, ValueError):
        return Finding("mailbox", "warn", "It does not answer.", "Clips wait at home until it does.")
    if skew_s > MOST_SKEW_S:
        return Finding("mailbox", "warn", f"Its clock differs by {skew_s:.0f} s.", "Set the clocks: signatures expire.")
    return Finding("mailbox", "ok", "answers")


def _port(name: str, port: int, data_dir: Path) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            if (data_dir / "serve.json").exists():
                return Finding(f"port {port}", "ok", f"in use, probably by the running {name}")
            return Finding(
                f"port {port}", "fail", "taken by another program.", f"Choose another for the {name}: --port."
            )
    return Finding(f"port {port}", "ok", f"free for the {name}")


def _codecs() -> Finding:
    if importlib.util.find_spec("av") is None:
        return Finding("codecs", "ok", "not needed: this is a cloud-only installation")
    import av

    missing = [name for name in ("h264", "aac") if name not in av.codecs_available]
    if missing:
        return Finding("codecs", "fail", f"FFmpeg lacks {', '.join(missing)}.", "Install the wheel of PyAV from PyPI.")
    return Finding("codecs", "ok", f"PyAV {av.__version__}, H.264 and AAC")


def _page() -> Finding:
    page = Path(__file__).parent / "hub" / "page" / "index.html"
    if not page.is_file():
        return Finding("page", "fail", "The page is not built.", "Run: make page")
    return Finding("page", "ok", "built")


def _cameras(data_dir: Path) -> Finding:
    if not (data_dir / "hub.db").is_file() or importlib.util.find_spec("av") is None:
        return Finding("cameras", "ok", "none yet")
    from sqlalchemy import func, select
    from sqlalchemy.orm import Session

    from nightlatch.hub.records import CameraRow
    from nightlatch.store.records import engine

    with Session(engine(f"sqlite:///{data_dir / 'hub.db'}")) as session:
        count = session.scalar(select(func.count()).where(~CameraRow.removed, ~CameraRow.demo)) or 0
    if not count:
        return Finding("cameras", "warn", "only the demo", "Add one: nightlatch camera add NAME rtsp://…")
    return Finding("cameras", "ok", f"{count}; try one with: nightlatch camera test ADDRESS")
