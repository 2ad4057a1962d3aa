"""How many RTSP cameras two cores carry: the real hub, with cameras added on its page's address, as an owner does.

    python bench/cameras.py [--cameras 20 40 80 120 150] [--seconds 600] [--shards N]

Each camera is a main stream (1080p15, 2 Mbit/s, key frame every 2 s) and a sub-stream (640x360 at 5 pictures a second,
300 kbit/s, key frame every second), both over RTSP/TCP. Something crosses the picture for 3 s of every 60 (5 % busy).
The programs that are measured are `nightlatch hub`: its serve and its watch processes, looking included. The cameras
are one process of ours (`bench/crowd.py`, made to be cheap), on the same cores; what it costs is in the table, and
whether it sent every picture in time, for a crowd that is late shows nothing about the hub.

A camera is carried when, in the time that is measured, the index has no two segments of it that are more than 0.5 s
apart, no outage, and footage up to two segments before the end. MiB are those of the watch processes, shared by all
cameras: PSS (shared pages counted in part) and USS (their own pages). CPU is user + sys. 150 cameras write 26 GB in ten
minutes below bench/out, which are removed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.drills.strip import read_strips
from tests.house import House, house, until

from record import OUT, cpu_s

QUIET = OUT / "quiet-1080p15.mp4"
QUIET_SUB = OUT / "quiet-360p5.mp4"
SCENE = (
    "smptehdbars=s=1920x1080:r=15:d=60,noise=alls=6:allf=t[b];color=c=0x806040:s=130x340:r=15:d=60[p];"
    "[b][p]overlay=x='-130+700*(t-20)':y=620:enable='between(t,20,23)'"
)
SETTLE_S = 20.0
GAP_S = 0.5
LATE_S = 9.0  # two segments


def make_quiet() -> None:
    """A street on which somebody walks by once a minute, as a main and a sub-stream."""
    OUT.mkdir(exist_ok=True)
    shared = "-preset ultrafast -tune zerolatency -bf 0 -refs 1 -pix_fmt yuv420p -c:v libx264"
    for film, scale, rate, every in ((QUIET, "", "2M", 30), (QUIET_SUB, ",fps=5,scale=640:360", "300k", 5)):
        if not film.exists():
            options = f"{shared} -b:v {rate} -maxrate {rate} -bufsize {rate} -g {every} -keyint_min {every}".split()
            graph = ["-filter_complex", SCENE + scale]
            subprocess.run(["ffmpeg", "-v", "error", "-y", *graph, *options, str(film)], check=True)


class Cameras:
    """The crowd, running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._port = int(self._line())
        self.pid = process.pid

    def url(self, number: int, which: str) -> str:
        """Of a camera's `main` or `sub`."""
        return f"rtsp://127.0.0.1:{self._port}/{number}/{which}"

    def counts(self) -> dict[str, int]:
        """clients, pictures sent, pictures dropped, and the latest picture in ms since this was last asked."""
        if self._process.stdin is None:
            raise RuntimeError("the crowd has no input")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return {str(name): int(count) for name, count in json.loads(self._line()).items()}

    def _line(self) -> str:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            raise RuntimeError("the crowd is gone")
        return line


@contextmanager
def crowd(main: Path = QUIET, main_fps: float = 15, sub: Path = QUIET_SUB, sub_fps: float = 5) -> Iterator[Cameras]:
    """Cameras for as long as it is open."""
    script = str(Path(__file__).with_name("crowd.py"))
    command = [sys.executable, script, str(main), str(main_fps), str(sub), str(sub_fps)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Cameras(process)
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def hub(folder: Path, shards: int | None = None) -> Iterator[House]:
    """`nightlatch hub` with a household and no camera."""
    config = folder / "nightlatch.toml"  # the default eye, whatever tests use
    config.write_text("[hub]\n" + (f"shards = {shards}\n" if shards is not None else ""))
    with house(folder / "house", program="hub", config=config) as home:
        home.set_up()
        until(lambda: len(home.children("watch")) >= (shards or 1), "the watch processes")
        yield home


def add(home: House, cameras: Cameras, count: int) -> Path:
    """Have so many recorded; the index, in which each has footage."""
    for n in range(count):
        home.add_camera(f"camera {n}", cameras.url(n, "main"), sub_url=cameras.url(n, "sub"))
    index = home.data / "hub" / "hub.db"
    until(lambda: all(strip.footage for strip in read_strips(index).values()), "every camera's footage", 180)
    return index


@dataclass(frozen=True, slots=True)
class Carried:
    """What one number of cameras came to."""

    cameras: int
    carried: int
    gaps: int
    longest_gap_s: float
    outages: int
    pss_mib: float  # of all watch processes
    uss_mib: float
    idle_pss_mib: float  # the same before there was a camera
    watch_cpu: float  # share of a core
    serve_cpu: float
    crowd_cpu: float
    looks: int
    passed_over: int
    late_ms: int  # the crowd's latest picture
    dropped: int  # pictures that the hub did not take


def memory_mib(pids: Sequence[int]) -> tuple[float, float]:
    """(PSS, USS) of processes."""
    pss_kib = uss_kib = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "Pss":
                pss_kib += int(value.split()[0])
            elif name in ("Private_Clean", "Private_Dirty"):
                uss_kib += int(value.split()[0])
    return pss_kib / 1024, uss_kib / 1024


def family(pids: Sequence[int]) -> list[int]:
    """The processes and those that they started."""
    found = list(pids)
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):  # a thread that ended meanwhile
                found += [int(child) for child in task.read_text().split()]
    return found


def _cpu_s(*groups: Sequence[int]) -> list[float]:
    return [sum(cpu_s(pid) for pid in pids) for pids in groups]


def looks(folder: Path) -> tuple[int, int]:
    """(looks made, pictures passed over) by all cameras of a hub's folder, as the doctor reads them."""
    told = [json.loads(file.read_text())["looks"] for file in folder.glob("eye*.json")]
    counts = [counts for each in told for counts in each.values()]
    return sum(int(each[0]) for each in counts), sum(int(each[1]) for each in counts)


def carry(folder: Path, cameras: Cameras, count: int, seconds: float, shards: int | None) -> Carried:
    """Record `count` cameras."""
    with hub(folder, shards) as home:
        time.sleep(5)  # until watch has loaded what it needs
        idle_pss_mib, _ = memory_mib(family(home.children("watch")))
        index = add(home, cameras, count)
        time.sleep(SETTLE_S)
        cameras.counts()
        watch, serve = family(home.children("watch")), family(home.children("serve"))
        looked, before = looks(home.data / "hub"), _cpu_s(watch, serve, [cameras.pid])
        began_s, began_ms = time.monotonic(), time.time_ns() // 1_000_000
        time.sleep(seconds)
        took_s, ended_ms = time.monotonic() - began_s, time.time_ns() // 1_000_000
        after = _cpu_s(watch, serve, [cameras.pid])
        (pss_mib, uss_mib), looks_then, told = memory_mib(watch), looks(home.data / "hub"), cameras.counts()
        time.sleep(1)  # what is on its way to the index
        strips = read_strips(index).values()
    gaps = [each.gaps(began_ms, ended_ms - round(LATE_S * 1000), GAP_S) for each in strips]
    outages = [[one for one in each.outages if one.ended_ms > began_ms and one.began_ms < ended_ms] for each in strips]
    shares = [(b - a) / took_s for a, b in zip(before, after, strict=True)]
    return Carried(
        cameras=count,
        carried=sum(not gap and not outage for gap, outage in zip(gaps, outages, strict=True)),
        gaps=sum(len(each) for each in gaps),
        longest_gap_s=max((gap.length_s for each in gaps for gap in each), default=0.0),
        outages=sum(len(each) for each in outages),
        pss_mib=pss_mib,
        uss_mib=uss_mib,
        idle_pss_mib=idle_pss_mib,
        watch_cpu=shares[0],
        serve_cpu=shares[1],
        crowd_cpu=shares[2],
        looks=looks_then[0] - looked[0],
        passed_over=looks_then[1] - looked[1],
        late_ms=told["latest_ms"],
        dropped=told["dropped"],
    )


def main() -> None:
    """Print a line for each number of cameras."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cameras", type=int, nargs="+", default=[20, 40, 80, 120, 150])
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--shards", type=int, help="watch processes; default: as the hub chooses")
    given = asked.parse_args()
    make_quiet()
    print(f"{os.cpu_count()} cores, {given.seconds:.0f} s, load before: {Path('/proc/loadavg').read_text().split()[0]}")
    print("                              of watch, each camera            % of a core: all of       looks, the crowd's")
    print(
        "cameras carried gaps (longest)  PSS MiB  USS MiB  CPU %     watch  serve  crowd  passed over  latest, dropped"
    )
    for count in given.cameras:
        with tempfile.TemporaryDirectory(dir=OUT, ignore_cleanup_errors=True) as folder, crowd() as cameras:
            found = carry(Path(folder), cameras, count, given.seconds, given.shards)
        print(
            f"{count:7} {found.carried:7} {found.gaps:4} ({found.longest_gap_s:5.1f} s)  "
            f"{found.pss_mib / count:8.1f} {found.uss_mib / count:8.1f} {found.watch_cpu * 100 / count:6.2f}    "
            f"{found.watch_cpu * 100:6.0f} {found.serve_cpu * 100:6.0f} {found.crowd_cpu * 100:6.0f} "
            f"{found.looks:6} {found.passed_over:6} {found.late_ms:6} ms {found.dropped:5}   "
            f"[{found.outages} outages; watch without a camera {found.idle_pss_mib:.0f} MiB]",
            flush=True,
        )


if __name__ == "__main__":
    main()
