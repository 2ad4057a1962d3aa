"""How many 1080p15 cameras one process carries: record, look, seal and store, as the hub does.

    python bench/cameras.py [--busy] [N ...]

Each camera is a main stream (1080p15, 2 Mbit/s, key frame every 2 s) and a sub-stream (640x360 at 5 pictures a second,
key frame every second), played from files at wall speed by N real recorders that share one vault. Something crosses
the picture for 3 s of every 60 (5 % busy); with `--busy` it never stops, and there is no sub-stream: the worst case.
A camera is carried when its newest footage on disk is no older than two segments after the run. A network camera
costs its sockets and reading threads on top, which are not in these figures.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import pyrage
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nightlatch.clocks import system_clock
from nightlatch.domain.camera import Camera
from nightlatch.domain.time import Clock
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.entries import TICK_S, Entry, enter
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import SegmentRow
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.eye import open_looking
from nightlatch.hub.watch.recorder import Recorder, Station
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import Notice
from nightlatch.seal.recipients import Sealer
from record import FILM, OUT, make_film

RUN_S = 60.0
QUIET = OUT / "quiet-1080p15.mp4"
QUIET_SUB = OUT / "quiet-360p5.mp4"
SCENE = (
    "smptehdbars=s=1920x1080:r=15:d=60,noise=alls=6:allf=t[b];color=c=0x806040:s=130x340:r=15:d=60[p];"
    "[b][p]overlay=x='-130+700*(t-20)':y=620:enable='between(t,20,23)'"
)
LATE_MS = 9_000


class Clerk:
    """Enters what recorders tell, as serve does, five times a second."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self.books = Books(data_dir, open_index(data_dir))
        self._clock = clock
        self._waiting: deque[Entry] = deque()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, notice: Notice) -> None:
        """Queue a notice; those that are not for the books are dropped."""
        if isinstance(notice, Entry):
            self._waiting.append(notice)

    def close(self) -> None:
        """Enter the rest."""
        self._ending.set()
        self._thread.join()
        self.books.engine.dispose()

    def _run(self) -> None:
        while not self._ending.wait(TICK_S) or self._waiting:
            enter(self.books, [self._waiting.popleft() for _ in range(len(self._waiting))], self._clock.now_ms())


def make_quiet() -> None:
    """A street on which somebody walks by once a minute, as a main and a sub-stream."""
    OUT.mkdir(exist_ok=True)
    shared = "-preset ultrafast -tune zerolatency -bf 0 -refs 1 -pix_fmt yuv420p -c:v libx264"
    for film, scale, rate, every in ((QUIET, "", "2M", 30), (QUIET_SUB, ",fps=5,scale=640:360", "300k", 5)):
        if not film.exists():
            options = f"{shared} -b:v {rate} -maxrate {rate} -bufsize {rate} -g {every} -keyint_min {every}".split()
            graph = ["-filter_complex", SCENE + scale]
            subprocess.run(["ffmpeg", "-v", "error", "-y", *graph, *options, str(film)], check=True)


def carry(film: Path, sub: Path | None, count: int) -> tuple[int, float, float]:
    """(cameras carried, share of one core per camera, MiB of memory that came on per camera)."""
    with tempfile.TemporaryDirectory(dir=film.parent, ignore_cleanup_errors=True) as folder:
        clock = system_clock()
        clerk = Clerk(Path(folder), clock)
        sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
        station = Station(Vault(Path(folder), clock), clock, Telling(clerk, clock), open_looking("eye", None))
        recorders = [
            Recorder(
                Camera(
                    id=f"{n:012x}",
                    name=str(n),
                    url=f"file:{film}?loop=1",
                    sub_url=f"file:{sub}?loop=1" if sub is not None else None,
                ),
                "h",
                sealer,
                station,
            )
            for n in range(count)
        ]
        before_kib = resident_kib()
        threads = [threading.Thread(target=recorder.run, daemon=True) for recorder in recorders]
        for thread in threads:
            thread.start()
            time.sleep(min(0.4, 60.0 / count))  # cameras do not send their key frames, or see things, in step
        cpu_s, began_s = cpu(), time.monotonic()
        time.sleep(RUN_S)
        share = (cpu() - cpu_s) / (time.monotonic() - began_s) / count
        memory = (resident_kib() - before_kib) / 1024 / count
        edge_ms = clock.now_ms() - LATE_MS
        newest = func.max(SegmentRow.began_ms + SegmentRow.duration_ms)
        with Session(clerk.books.engine) as session:
            ends = session.scalars(select(newest).group_by(SegmentRow.camera_id)).all()
        for recorder in recorders:
            recorder.stop()
        for thread in threads:
            thread.join(10)
        clerk.close()
        return sum(end >= edge_ms for end in ends), share, memory


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_kib() -> int:
    """Memory that this process holds now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Print a line for each number of cameras."""
    words = sys.argv[1:]
    is_busy = "--busy" in words
    make_film() if is_busy else make_quiet()
    film, sub = (FILM, None) if is_busy else (QUIET, QUIET_SUB)
    print(f"{'never still, no sub-stream' if is_busy else 'something moves for 3 s of 60'}")
    print("cameras  carried  share of a core each  MiB each")
    for count in [int(word) for word in words if word.isdigit()] or [10, 30, 60, 100]:
        carried, share, memory = carry(film, sub, count)
        print(f"{count:7}  {carried:7}  {share * 100:19.2f} %  {memory:8.1f}", flush=True)


if __name__ == "__main__":
    main()
