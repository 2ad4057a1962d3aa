"""ZoneMinder (Debian) on the same films: its capture daemon in "Modect", with a database server of its own.

It takes its settings from a database only, at the place that its package names; so a server is started there, with
its data in a folder that goes away again, if nobody else's runs. That needs root, on a machine that is for measuring.
Its page, its watchdogs and its recordings are left out, in its favour.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from nightlatch.pixels.replay.scoring import Opening
from sight.corpus import Film
from sight.peers import CLOCK_ROWS, GAP_S, Run, served

TABLES = Path("/usr/share/zoneminder/db/zm_create.sql")
SETTINGS = Path("/etc/zm/zm.conf")
SOCKET = Path("/run/mysqld/mysqld.sock")
START_S = 60


def why_not() -> str | None:
    """Why it cannot be run here; None if it can."""
    if any(shutil.which(name) is None for name in ("zmc", "mariadbd", "mariadb-install-db")) or not TABLES.exists():
        return "not installed (apt-get install --no-install-recommends zoneminder mariadb-server)"
    if os.geteuid() != 0:
        return "not root"
    return f"a database server runs at {SOCKET}" if SOCKET.exists() else None


def runs(films: Sequence[tuple[Film, float, str]]) -> list[Run]:
    """All films at once, in real time; with each the share of the picture that must change, and a name."""
    with served([film for film, _, _ in films]) as at, _database() as server:
        for number, (film, share, _) in enumerate(films, start=1):
            _ask(_monitor(number, film, at[film.path], share))
        began = datetime.now(UTC)
        began_s = time.monotonic()
        daemons = [
            subprocess.Popen(["zmc", "-m", str(number)], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
            for number in range(1, len(films) + 1)
        ]
        found = []
        for number, (daemon, (film, _, name)) in sorted(
            enumerate(zip(daemons, films, strict=True), start=1), key=lambda each: each[1][1][0].seconds
        ):
            time.sleep(max(0.0, began_s + film.seconds - time.monotonic()))
            daemon.terminate()
            _, _, used = os.wait4(daemon.pid, 0)
            found.append((number, Run(name, film, used.ru_utime + used.ru_stime, _openings(number, began, film))))
        ticks = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        each_s = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") / len(films)
    return [Run(run.name, run.film, run.cpu_s + each_s, run.openings) for _, run in sorted(found, key=lambda f: f[0])]


@contextmanager
def _database() -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, "mysql", "mysql")
        nowhere = subprocess.DEVNULL
        subprocess.run(
            ["mariadb-install-db", "--user=mysql", f"--datadir={folder}"], check=True, stdout=nowhere, stderr=nowhere
        )
        options = ["--user=mysql", f"--datadir={folder}", f"--socket={SOCKET}", "--skip-networking"]
        small = "--innodb-buffer-pool-size=64M"
        with subprocess.Popen(["mariadbd", *options, small], stdout=nowhere, stderr=nowhere) as server:
            try:
                _await_server()
                subprocess.run(["mariadb"], stdin=TABLES.open(), check=True)
                told = dict(line.split("=", 1) for line in SETTINGS.read_text().splitlines() if line[:3] == "ZM_")
                user = f"'{told['ZM_DB_USER']}'@localhost"
                _ask(f"create user {user} identified by '{told['ZM_DB_PASS']}'; grant all on zm.* to {user};")
                yield server
            finally:
                server.terminate()


def _await_server() -> None:
    until_s = time.monotonic() + START_S
    while subprocess.run(["mariadb", "-e", "select 1"], capture_output=True).returncode:
        if time.monotonic() > until_s:
            raise OSError("the database server did not start")
        time.sleep(0.5)


def _ask(question: str) -> list[list[str]]:
    told = subprocess.run(["mariadb", "-N", "zm", "-e", question], check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in told.splitlines()]


def _monitor(number: int, film: Film, address: str, share: float) -> str:
    """A camera and its zone as the page makes them, without the clock; limits in the proportions of its default."""
    wide, high = film.stream.width, film.stream.height
    top = round(CLOCK_ROWS * high)
    area = wide * (high - top)
    least = round(share * area)
    camera = {
        "Id": number, "Name": f"camera-{number}", "Type": "Ffmpeg", "Function": "Modect", "Path": address,
        "Method": "rtpRtsp", "Width": wide, "Height": high, "Colours": 4, "SaveJPEGs": 0, "VideoWriter": 0,
        "PreEventCount": 0, "PostEventCount": GAP_S * film.stream.fps,
    }  # fmt: skip
    zone = {
        "MonitorId": number, "Name": "all", "Type": "Active", "Units": "Pixels", "NumCoords": 4,
        "Coords": f"0,{top} {wide - 1},{top} {wide - 1},{high - 1} 0,{high - 1}", "Area": area, "CheckMethod": "Blobs",
        "MinPixelThreshold": 25, "MinAlarmPixels": least, "MaxAlarmPixels": round(0.75 * area), "FilterX": 3,
        "FilterY": 3, "MinFilterPixels": least, "MaxFilterPixels": round(0.75 * area),
        "MinBlobPixels": round(least * 2 / 3), "MaxBlobPixels": 0, "MinBlobs": 1, "MaxBlobs": 0,
    }  # fmt: skip
    return _insert("Monitors", camera) + _insert("Zones", zone)


def _insert(table: str, row: dict[str, object]) -> str:
    return f"insert into {table} ({', '.join(row)}) values ({', '.join(repr(value) for value in row.values())});"


def _openings(number: int, began: datetime, film: Film) -> tuple[Opening, ...]:
    """Its events, in whole seconds; they end some time after the last motion."""
    found = []
    question = f"select unix_timestamp(StartDateTime), unix_timestamp(EndDateTime) from Events where MonitorId={number}"
    for start, end in _ask(question):
        told = round((float(start) - began.timestamp()) * 1000)
        last = round(film.seconds * 1000) if end == "NULL" else round((float(end) - began.timestamp() - GAP_S) * 1000)
        found.append(Opening(told, told, max(told, last)))
    return tuple(found)
