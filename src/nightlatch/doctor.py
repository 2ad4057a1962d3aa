"""Checks a machine before Nightlatch is blamed. Each finding says what to do; a report holds no secret and no name.

Imports what it checks only where it checks it, so that it runs in a cloud-only installation, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import httpx

from nightlatch import __version__
from nightlatch.diagnostics import log_file, redact
from nightlatch.domain.camera import RECEIVED
from nightlatch.errors import SourceError

EARLIEST_S = 1_767_225_600  # 2026-01-01
FLOOR_BYTES = 2 * 1024**3
RECEIVING_FILE = "receiving.json"  # in the hub's folder: no name, no address
LACKS = "See what is missing, and where to get it: nightlatch models list"
EYE_STALE_MS = 180_000  # the hub writes it once a minute
MOST_PASSED_OVER = 10  # pictures for each look: at 10 a second, an answer takes a second
GB_A_DAY = 21.6  # one camera at 2 Mbit/s
MOST_SKEW_S = 120
MOST_STEP_S = 1.0
SLOW_WRITE_MS = 500
ASK_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    todo: str = ""


def examine(
    data_dir: Path,
    ports: dict[str, int],
    cloud_url: str | None,
    *,
    try_cameras: bool = False,
    floor_bytes: int = FLOOR_BYTES,
) -> Iterator[Finding]:
    """All checks, the cheap ones first. `ports`: what listens there ("page", "mailbox") → its port.

    `try_cameras` connects to each camera of the hub, up to half a minute each.
    """
    began_s, began_monotonic_s = time.time(), time.monotonic()
    yield _python()
    yield _folder(data_dir)
    yield _room(data_dir, floor_bytes)
    if cloud_url:
        yield mailbox(cloud_url, time.time())
    for name, port in ports.items():
        yield _port(name, port)
    yield _logging(data_dir)
    yield _codecs()
    yield _page()
    yield from _cameras(data_dir, try_cameras)
    yield from eye(data_dir, round(began_s * 1000))
    now_s, later_s = time.time(), time.monotonic()
    yield clock(now_s, (now_s - began_s) - (later_s - began_monotonic_s))


def report(findings: list[Finding]) -> str:
    """A text to attach to a bug report."""
    lines = [f"nightlatch {__version__} on {platform.system()} {platform.release()} {platform.machine()}"]
    for found in findings:
        said = f"{found.state:4}  {found.name}: {found.text}{' ' + found.todo if found.todo else ''}"
        lines.append(redact(" ".join(said.splitlines())))
    return "\n".join(lines) + "\n"


def _python() -> Finding:
    return Finding("Python", "ok", ".".join(map(str, sys.version_info[:3])))


def _folder(data_dir: Path) -> Finding:
    name = "data folder"
    try:
        if not data_dir.exists():
            return Finding(name, "ok", f"{data_dir} will be made at the first start")
        identity = data_dir / "identity.json"
        if not identity.exists() and any(data_dir.iterdir()):
            return Finding(name, "fail", f"{data_dir} is not a hub's folder.", "Is the right disk mounted there?")
        if identity.exists() and not json.loads(identity.read_text())["hub_id"]:
            raise ValueError
        took_ms = _durable_write_ms(data_dir)
    except (ValueError, KeyError, TypeError):
        return Finding(name, "fail", f"{data_dir}/identity.json is damaged.", "Restore it from a backup.")
    except OSError as error:
        return Finding(name, "fail", f"{data_dir}: {error.strerror}.", "Check its permissions and its disk.")
    if took_ms > SLOW_WRITE_MS:
        return Finding(name, "warn", f"a small write takes {took_ms:.0f} ms", "Use a faster disk for many cameras.")
    if data_dir.stat().st_mode & 0o077:
        return Finding(
            name, "warn", f"{data_dir} is open to others on this machine.", f"Close it: chmod 700 {data_dir}"
        )
    return Finding(name, "ok", f"{data_dir} is writable; a durable write takes {took_ms:.0f} ms")


def _durable_write_ms(folder: Path) -> float:
    probe = folder / f".doctor-{os.getpid()}"
    handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        began_s = time.perf_counter()
        os.write(handle, b"x" * 65536)
        os.fsync(handle)
        return (time.perf_counter() - began_s) * 1000
    finally:
        os.close(handle)
        probe.unlink()


def _room(data_dir: Path, floor_bytes: int) -> Finding:
    there = next(p for p in (data_dir.absolute(), *data_dir.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free"
    if free < floor_bytes:
        below = f"below {floor_bytes / 1e9:.1f} GB the oldest footage is deleted at once."
        return Finding("disk", "fail", f"{text}.", f"Make room: {below}")
    days = free / 1e9 / GB_A_DAY
    if days < 1:
        return Finding("disk", "warn", f"{text}.", "A 1080p camera fills about 22 GB a day at 2 Mbit/s.")
    return Finding("disk", "ok", f"{text}: about {days:.0f} days of one 1080p camera at 2 Mbit/s")


def clock(now_s: float, stepped_s: float) -> Finding:
    """Whether wall time is sane. `stepped_s`: how far it moved against the monotonic clock during the check."""
    if now_s < EARLIEST_S:
        return Finding("clock", "fail", "This machine's date is in the past.", "Set it: recordings are dated by it.")
    if abs(stepped_s) > MOST_STEP_S:
        text = f"It moved by {stepped_s:+.1f} s during this check."
        return Finding("clock", "warn", text, "Let a single time service adjust it gradually.")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s)))


def mailbox(url: str, now_s: float) -> Finding:
    """Whether the mailbox answers and its clock agrees (by the Date header, RFC 9110)."""
    try:
        answer = httpx.get(f"{url.rstrip('/')}/healthz", timeout=ASK_S)
        if answer.json().get("ok") is not True:
            raise ValueError
        skew_s = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - now_s)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Finding(
            "mailbox", "fail", "Its address cannot be read.", "Write cloud_url as https://host or with :port."
        )
    except httpx.HTTPError:
        return Finding("mailbox", "warn", "It does not answer.", "Clips wait at home until it does.")
    except (KeyError, ValueError, AttributeError):
        return Finding("mailbox", "fail", "Something else answers there.", "Check cloud_url.")
    if skew_s > MOST_SKEW_S:
        return Finding("mailbox", "warn", f"Its clock differs by {skew_s:.0f} s.", "Set the clocks: signatures expire.")
    return Finding("mailbox", "ok", "answers, and its clock agrees")


def _port(name: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return Finding(f"port {port}", "fail", "needs more rights.", "Choose one above 1023: --port.")
        except OSError:
            if _is_ours(name, port):
                return Finding(f"port {port}", "ok", f"the {name} is running there")
            todo = f"Choose another for the {name}: --port."
            return Finding(f"port {port}", "fail", "taken by another program.", todo)
    return Finding(f"port {port}", "ok", f"free for the {name}")


def _is_ours(name: str, port: int) -> bool:
    path, telling = ("/api/state", "set_up") if name == "page" else ("/healthz", "ok")
    for scheme in ("http", "https"):
        try:  # our own certificate is self-signed, and nothing is sent
            answer = httpx.get(f"{scheme}://127.0.0.1:{port}{path}", timeout=ASK_S, verify=False).json()
        except (httpx.HTTPError, ValueError):
            continue
        return isinstance(answer, dict) and telling in answer
    return False


def eye(data_dir: Path, now_ms: int) -> Iterator[Finding]:
    """What the running hub last said about its eye; nothing when no hub has run here lately."""
    told = list(_eyes(data_dir, now_ms))
    if not told:
        return
    blind = [each for each in told if each.blind_since_ms is not None]
    coming = [each for each in told if each.coming_text]
    if blind:
        since = time.strftime("%H:%M", time.localtime((blind[0].blind_since_ms or 0) / 1000))
        text = f"has been blind since {since}; everything is still recorded."
        yield Finding("eye", "fail", text, str(blind[0].blind_text))
        return
    lacks = sorted({part for each in told for part in each.lacks})
    if coming:
        text = f"{coming[0].name} looks for now, because the chosen one is not here yet."
        yield Finding("eye", "warn", text, str(coming[0].coming_text))
    elif lacks:
        text = f"{told[0].name} looks for now, without {', '.join(lacks)}."
        yield Finding("eye", "warn", text, LACKS)
    else:
        yield Finding("eye", "ok", f"{told[0].name} looks")
    counted = [counts for each in told for counts in each.counted]
    for number, (looked, passed_over) in enumerate(counted, 1):
        text = f"looked at {looked} pictures and passed over {passed_over} for newer ones"
        is_slow = passed_over > MOST_PASSED_OVER * max(10, looked)
        todo = "The eye is too slow: watch fewer cameras, or set detector to ssd or eye under [hub]." if is_slow else ""
        yield Finding(f"eye, camera {number} of {len(counted)}", "warn" if is_slow else "ok", text, todo)


@dataclass(frozen=True, slots=True)
class _EyeTold:
    """What one watch process said of its eye."""

    name: str
    blind_since_ms: int | None
    blind_text: str | None
    coming_text: str | None
    lacks: tuple[str, ...]  # models of the chosen one that are not here
    counted: tuple[tuple[int, int], ...]  # looks, and pictures that were passed over, by camera


def _eyes(data_dir: Path, now_ms: int) -> Iterator[_EyeTold]:
    """Of every watch process that said something lately: eye.json of a single one, eye.0.json and so on of several."""
    for file in sorted((*data_dir.glob("eye.json"), *data_dir.glob("eye.*.json"))):
        try:
            told = json.loads(file.read_bytes())
            if abs(now_ms - told["at_ms"]) > EYE_STALE_MS:
                continue
            since_ms = told["blind_since_ms"]
            yield _EyeTold(
                str(told["name"]),
                None if since_ms is None else int(since_ms),
                told["blind_text"],
                told["coming_text"],
                tuple(map(str, told["lacks"])),
                tuple((int(looked), int(passed_over)) for looked, passed_over in dict(told["looks"]).values()),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _logging(data_dir: Path) -> Finding:
    folder = log_file(data_dir, "").parent
    try:
        bytes_kept = sum(each.stat().st_size for each in folder.iterdir())
    except OSError:
        return Finding("logging", "ok", f"none yet; it will be in {folder}")
    return Finding("logging", "ok", f"{bytes_kept / 1e6:.1f} MB in {folder}")


def _codecs() -> Finding:
    if importlib.util.find_spec("av") is None:
        return Finding("codecs", "ok", "not needed: this is a cloud-only installation")
    import av

    missing = [name for name in ("h264", "aac") if name not in av.codecs_available]
    missing += [name for name in ("mp4", "rtsp") if name not in av.formats_available]
    if missing:
        return Finding("codecs", "fail", f"FFmpeg lacks {', '.join(missing)}.", "Install the wheel of PyAV from PyPI.")
    return Finding("codecs", "ok", f"PyAV {av.__version__}: H.264, AAC, MP4, RTSP")


def _page() -> Finding:
    page = Path(__file__).parent / "hub" / "page" / "index.html"
    if not page.is_file():
        return Finding("page", "fail", "The page is not built.", "Run: make page")
    return Finding("page", "ok", "built")


def _cameras(data_dir: Path, try_them: bool) -> Iterator[Finding]:
    file = data_dir / "hub.db"
    if not file.is_file():
        yield Finding("cameras", "ok", "none yet")
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as index:
            found = index.execute(
                "select id, url, transport from cameras where not removed and not demo order by created_ms, id"
            ).fetchall()
            key = index.execute("select recipient from households").fetchone()
    except sqlite3.Error:
        yield Finding(
            "cameras", "fail", "hub.db cannot be read.", "Start the hub once: it repairs or upgrades its index."
        )
        return
    if not found:
        yield Finding("cameras", "warn", "only the demo cameras.", "Add one: nightlatch camera add NAME rtsp://…")
        return
    yield Finding("cameras", "ok", f"{len(found)}")
    told = _receiving(data_dir)
    for number, (camera_id, url, transport) in enumerate(found, 1):
        name = f"camera {number} of {len(found)}"
        if try_them and key is not None:
            yield _try_camera(name, url, transport, key[0])
        elif camera_id in told:
            received, notes = told[camera_id]
            yield Finding(name, "ok", " ".join((RECEIVED.get(received, "Received."), *notes)))


def _receiving(data_dir: Path) -> dict[str, tuple[str, list[str]]]:
    """What the hub last said of each camera that it received: by what, and what of it is left out."""
    try:
        told = json.loads((data_dir / RECEIVING_FILE).read_bytes())
        return {
            str(camera_id): (str(each["receiver"]), [str(note) for note in each["notes"]])
            for camera_id, each in dict(told).items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _try_camera(name: str, url: str, transport: str, recipient: str) -> Finding:
    from nightlatch.hub.errands.asking import PROBE, ProbeRequest
    from nightlatch.hub.errands.errand import ErrandFailed

    try:
        came, _ = PROBE.send(ProbeRequest(url, transport, recipient))
    except SourceError as error:
        return Finding(name, "fail", f"{error.reason.value}: {error}")
    except ErrandFailed as error:
        return Finding(name, "fail", str(error))
    text = f"{came.width}x{came.height} {came.codecs}" + (f" at {came.fps:g}" if came.fps else "")
    text += f". {RECEIVED.get(came.receiver, '')}".rstrip()
    return Finding(name, "warn" if came.notes else "ok", text, " ".join(came.notes))
