"""What recording cameras over RTSP costs, beside `ffmpeg -c copy` on the same camera in the same run.

    python bench/record.py [--rounds 5] [--seconds 30] [--cameras 1 10]

The camera is Debian's gst-rtsp-server in a process of its own, which is not ours: 1080p15 H.264 at 2 Mbit/s (key frame
every 2 s) and AAC, with Digest login, over TCP, in real time, from one film that is encoded once and never again. It
sends every client the same pictures, so that many clients cost it little. Its own CPU is in the table.

Rounds take turns: ours, ffmpeg, ours, … Each records for some seconds to settle (connecting, and what ffmpeg spends on
probing, are not in the figures), then CPU (user + sys, all threads, by the process's own CPU clock) is taken at the
beginning and at the end of the round. Ours is the real recorder: receive, take apart, cut, seal, journal, store,
durable; looking is switched off and nobody enters rows. ffmpeg writes fMP4 segments of 4 s and seals nothing. With N
cameras, ours is one process and ffmpeg N of them. Both must have written all the seconds, or the round is refused.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.drills.foreign import foreign_camera

OUT = Path(__file__).parent / "out"
FILM = OUT / "camera-1080p15.mp4"
LONG = OUT / "camera-1080p15-sound.mp4"
FILM_S = 60
LONG_S = 720  # a client that comes late in a round still finds film
SETTLE_S = 6.0


def make_film() -> None:
    """The camera's picture: a moving test picture with sensor noise, encoded once; then looped with a tone."""
    OUT.mkdir(exist_ok=True)
    if not FILM.exists():
        source = ["-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=15:d={FILM_S}", "-vf", "noise=alls=8:allf=t"]
        codec = "-c:v libx264 -preset ultrafast -tune zerolatency -b:v 2M -maxrate 2M -bufsize 4M -g 30 -bf 0"
        _ffmpeg(*source, *codec.split(), "-pix_fmt", "yuv420p", str(FILM))
    if not LONG.exists():
        film = ["-stream_loop", str(LONG_S // FILM_S - 1), "-i", str(FILM)]
        tone = ["-f", "lavfi", "-i", f"sine=f=440:r=16000:d={LONG_S}"]
        _ffmpeg(*film, *tone, "-c:v", "copy", "-c:a", "aac", "-b:a", "32k", "-shortest", str(LONG))


def _ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, of all its threads, to the nanosecond (the clock id of clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


# ---- ours ---------------------------------------------------------------------------------------------------------


def record_rtsp(urls: Sequence[str], folder: Path, stop: threading.Event) -> None:
    """Record cameras in this process as `nightlatch hub --role watch` does, without looking, until `stop`."""
    import pyrage

    from nightlatch.clocks import system_clock
    from nightlatch.domain.camera import Camera
    from nightlatch.hub.folder import claim
    from nightlatch.hub.vault.files import Vault
    from nightlatch.hub.watch.shards import Shard
    from nightlatch.hub.watch.station import Station
    from nightlatch.hub.watch.telling import Telling
    from nightlatch.hub.watch.watcher import Watcher
    from nightlatch.hub.wire.notices import CameraList

    clock, nobody = system_clock(), _Nobody()
    claim(folder)
    watcher = Watcher(folder, Station(Vault(folder, clock), clock, Telling(nobody, clock), cast(Any, nobody)), Shard())
    cameras = tuple(Camera(f"{n:012x}", str(n), url) for n, url in enumerate(urls))
    watcher.take(CameraList("h", (str(pyrage.x25519.Identity.generate().to_public()),), cameras))

    def end() -> None:
        stop.wait()
        watcher.stop()

    threading.Thread(target=end, daemon=True).start()
    watcher.run()


class _Nobody:
    """Hears what is told and looks at what is offered, and does nothing."""

    is_done = True
    dropped = 0

    def send(self, notice: object) -> None:
        """Must return at once."""

    def eye(self) -> str:
        return "none"

    def observer(self, *_: object) -> Any:
        return self

    def offer(self, packet: object) -> None:
        """Not looked at."""

    def start(self) -> None:
        """Nothing begins."""

    stop = start


def _child(folder: Path, urls: Sequence[str]) -> None:
    """Record until stdin says so, in a process of its own."""
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.readline()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    record_rtsp(urls, folder, stop)


def _start_ours(folder: Path, urls: Sequence[str]) -> list[subprocess.Popen[str]]:
    command = [sys.executable, __file__, "--child", str(folder), *urls]
    return [subprocess.Popen(command, stdin=subprocess.PIPE, text=True)]


# ---- ffmpeg -------------------------------------------------------------------------------------------------------


def _start_ffmpeg(folder: Path, urls: Sequence[str]) -> list[subprocess.Popen[str]]:
    flags = "movflags=+frag_keyframe+empty_moov+default_base_moof"
    write = ["-c", "copy", "-f", "segment", "-segment_time", "4", "-segment_format_options", flags]
    made = []
    for number, url in enumerate(urls):
        (place := folder / str(number)).mkdir()
        read = ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-map", "0"]
        made.append(subprocess.Popen([*read, *write, str(place / "%05d.mp4")], stdin=subprocess.PIPE, text=True))
    return made


# ---- rounds -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Cost:
    """CPU of one way to record so many cameras: ms for each second of one camera, a value a round."""

    name: str
    spent: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)  # by the camera

    @property
    def median(self) -> float:
        return statistics.median(self.spent)


def measure(cost: Cost, urls: Sequence[str], server: int, seconds: float) -> None:
    """One round."""
    folder = Path(tempfile.mkdtemp(dir=OUT))
    processes = (_start_ours if cost.name == "ours" else _start_ffmpeg)(folder, urls)
    try:
        if cost.name == "ours":
            _wait_for_footage(folder, len(urls))
        time.sleep(SETTLE_S)
        before_s, served_s, began_s = sum(cpu_s(each.pid) for each in processes), cpu_s(server), time.monotonic()
        time.sleep(seconds)
        took_s = (time.monotonic() - began_s) * len(urls)
        cost.spent.append((sum(cpu_s(each.pid) for each in processes) - before_s) * 1000 / took_s)
        cost.served.append((cpu_s(server) - served_s) * 1000 / took_s)
        for process in processes:
            process.communicate("q\n", timeout=20)
        written = sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in (".age", ".mp4"))
        if written < 0.8 * (seconds + SETTLE_S) * len(urls) * 2_000_000 / 8:
            raise RuntimeError(f"{cost.name} wrote {written} bytes only: not all of it was recorded")
    finally:
        for process in processes:
            process.kill()
            process.wait(10)
        shutil.rmtree(folder)


def _wait_for_footage(folder: Path, cameras: int) -> None:
    """Until every camera has something on disk: imports and connecting are over."""
    deadline_s = time.monotonic() + 60
    while (
        sum(1 for place in folder.glob("vault/*") if any(file.stat().st_size for file in place.rglob("*.*"))) < cameras
    ):
        if time.monotonic() > deadline_s:
            raise RuntimeError("nothing was recorded within a minute")
        time.sleep(0.1)


def main() -> None:
    """Print one table."""
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]), sys.argv[3:])
        return
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--cameras", type=int, nargs="+", default=[1, 10])
    given = asked.parse_args()
    make_film()
    load = Path("/proc/loadavg").read_text().split()[0]
    print(f"{given.rounds} rounds of {given.seconds:.0f} s; load before: {load}. CPU ms for a second of one camera:")
    print(f"{'cameras':>7}  {'':22}{'median':>8}{'range':>14}{'x ffmpeg':>10}{'the camera itself':>19}")
    with foreign_camera(LONG) as (url, server):
        for count in given.cameras:
            ours, theirs = Cost("ours"), Cost("ffmpeg -c copy")
            for _ in range(given.rounds):
                for cost in (ours, theirs):
                    measure(cost, [url] * count, server, given.seconds)
            for cost in (ours, theirs):
                spread = f"{min(cost.spent):.2f}-{max(cost.spent):.2f}"
                ratio, served = cost.median / theirs.median, statistics.median(cost.served)
                print(f"{count:7}  {cost.name:22}{cost.median:8.2f}{spread:>14}{ratio:10.2f}{served:19.2f}", flush=True)


if __name__ == "__main__":
    main()
