"""How many 1080p15 cameras one process carries: record, look, seal and store, as the hub does.

    python bench/cameras.py [N ...]

The film (2 Mbit/s, key frame every 2 s; it moves all the time, so each camera also cuts clips without a pause: the
worst case) is played from a file at wall speed by N real recorders that share one vault.
A camera is carried when its newest footage on disk is no older than two segments after 30 s. A network camera costs its
socket and reading thread on top, which are not in these figures.
"""

from __future__ import annotations

import resource
import secrets
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pyrage
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nightlatch.clocks import system_clock
from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.recording import Still
from nightlatch.errors import SourceError
from nightlatch.hub.index import open_index
from nightlatch.hub.recorder import Recorder
from nightlatch.hub.records import SegmentRow
from nightlatch.hub.vault import Vault
from nightlatch.pixels.media.packets import Streams
from nightlatch.seal.recipients import Sealer
from record import FILM, make_film

RUN_S = 30.0
LATE_MS = 9_000


@dataclass
class Nobody:
    """Hears nothing."""

    def state(self, camera_id: str, state: CameraState, streams: Streams | None, problem: SourceError | None) -> None:
        pass

    def still(self, still: Still, sealer: Sealer) -> None:
        sealer.seal(still.jpeg)

    def clip(self, clip_id: str, camera_id: str, is_open: bool) -> None:
        pass


def carry(film: Path, count: int) -> tuple[int, float, float]:
    """(cameras carried, share of one core per camera, MiB of memory that came on per camera)."""
    with tempfile.TemporaryDirectory(dir=film.parent) as folder:
        engine, clock = open_index(Path(folder)), system_clock()
        sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
        vault = Vault(Path(folder), engine, clock)
        recorders = [
            Recorder(
                Camera(id=f"{n:012x}", name=str(n), url=f"file:{film}?loop=1"),
                "h",
                sealer,
                vault,
                clock,
                Nobody(),
                lambda: secrets.token_hex(8),
            )
            for n in range(count)
        ]
        before_kib = resident_kib()
        threads = [threading.Thread(target=recorder.run, daemon=True) for recorder in recorders]
        for thread in threads:
            thread.start()
            time.sleep(4.0 / count)  # cameras do not send their key frames in step
        cpu_s, began_s = cpu(), time.monotonic()
        time.sleep(RUN_S)
        share = (cpu() - cpu_s) / (time.monotonic() - began_s) / count
        memory = (resident_kib() - before_kib) / 1024 / count
        edge_ms = clock.now_ms() - LATE_MS
        newest = func.max(SegmentRow.began_ms + SegmentRow.duration_ms)
        with Session(engine) as session:
            ends = session.scalars(select(newest).group_by(SegmentRow.camera_id)).all()
        for recorder in recorders:
            recorder.stop()
        for thread in threads:
            thread.join(10)
        engine.dispose()
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
    make_film()
    print("cameras  carried  share of a core each  MiB each")
    for count in [int(word) for word in sys.argv[1:]] or [10, 25, 50]:
        carried, share, memory = carry(FILM, count)
        print(f"{count:7}  {carried:7}  {share * 100:19.2f} %  {memory:8.1f}", flush=True)


if __name__ == "__main__":
    main()
