"""Many cameras for a long time: does memory grow, does time drift, is anything lost?

    python bench/soak.py [--cameras 16] [--minutes 60]

The real hub records the crowd of `bench/cameras.py` over RTSP in real time: a street on which somebody walks by once a
minute, as main and sub-stream. Each camera may keep a quarter of what it sends, so that what is deleted is part of it.
Every minute: memory of the watch processes and of serve (PSS), footage that the index holds, looks that were passed
over, and how far the newest footage is behind the clock. Writes bench/out/soak.svg.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.drills.strip import Strip, read_strips

from cameras import GAP_S, Cameras, add, crowd, family, hub, looks, make_quiet, memory_mib
from record import OUT

BIT_RATE = 2_000_000  # of a camera's main stream


@dataclass(frozen=True, slots=True)
class Minute:
    """How it stood at a minute."""

    minute: int
    watch_mib: float
    serve_mib: float
    segments: int
    passed_over: int
    behind_ms: int  # the newest footage of the camera that is most behind


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it. `drift_ms` is how much more or less footage there is than time that passed, the worst camera."""

    minutes: tuple[Minute, ...]
    drift_ms: int
    gaps: int

    @property
    def growth_mib_an_hour(self) -> float:
        """Slope of the watch processes' memory over the second half, by least squares."""
        half = self.minutes[len(self.minutes) // 2 :]
        x = [each.minute for each in half]
        y = [each.watch_mib for each in half]
        middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
        spread = sum((at - middle_x) ** 2 for at in x)
        return 60 * sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0


def soak(folder: Path, sends: Cameras, *, cameras: int, minutes: int, quota_bytes: int) -> Soaked:
    """Run `cameras` for so many minutes."""
    seen: list[Minute] = []
    with hub(folder) as home:
        index = add(home, sends, cameras)
        for camera_id in read_strips(index):
            home.client.patch(f"/api/cameras/{camera_id}", json={"quota_bytes": quota_bytes}).raise_for_status()
        began_s = time.monotonic()
        for minute in range(1, minutes + 1):
            time.sleep(max(0.0, began_s + minute * 60 - time.monotonic()))
            now_ms, strips = time.time_ns() // 1_000_000, read_strips(index).values()
            watch, serve = (memory_mib(family(home.children(role)))[0] for role in ("watch", "serve"))
            behind_ms = max(now_ms - strip.footage[-1].ended_ms for strip in strips)
            count = sum(len(strip.footage) for strip in strips)
            seen.append(Minute(minute, watch, serve, count, looks(home.data / "hub")[1], behind_ms))
            print(_row(seen[-1]), flush=True)
    return Soaked(tuple(seen), *_time_kept(read_strips(index).values()))


def _time_kept(strips: Iterable[Strip]) -> tuple[int, int]:
    """Whether the footage that is kept has as many milliseconds in it as its ends say, and how often it breaks."""
    worst, gaps = 0, 0
    for strip in strips:
        began_ms, ended_ms = strip.footage[0].began_ms, strip.footage[-1].ended_ms
        drift_ms = ended_ms - began_ms - sum(each.ended_ms - each.began_ms for each in strip.footage)
        worst, gaps = max(worst, drift_ms, key=abs), gaps + len(strip.gaps(began_ms, ended_ms, GAP_S))
    return worst, gaps


def _row(at: Minute) -> str:
    return (
        f"{at.minute:6}  {at.watch_mib:8.1f}  {at.serve_mib:8.1f}  {at.segments:8}  {at.passed_over:11}  "
        f"{at.behind_ms / 1000:8.1f}"
    )


def plot(minutes: Sequence[Minute]) -> str:
    """Memory of the watch processes over minutes, as SVG."""
    most = max(each.watch_mib for each in minutes) * 1.15
    points = " ".join(
        f"{60 + 560 * each.minute / minutes[-1].minute:.1f},{220 - 200 * each.watch_mib / most:.1f}" for each in minutes
    )
    marks = "".join(
        f'<text x="52" y="{224 - 200 * share:.0f}" text-anchor="end">{most * share:.0f} MiB</text>'
        f'<path d="M60 {220 - 200 * share:.0f}H620" stroke="#ccc"/>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 260" font-family="sans-serif" font-size="12">'
        f'{marks}<polyline points="{points}" fill="none" stroke="#1f7a55" stroke-width="2"/>'
        f'<text x="340" y="250" text-anchor="middle">minutes, 0 to {minutes[-1].minute}</text></svg>\n'
    )


def main() -> None:
    """Print a row a minute, and what it comes to."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cameras", type=int, default=16)
    asked.add_argument("--minutes", type=int, default=60)
    given = asked.parse_args()
    make_quiet()
    print("minute  watch MiB  serve MiB  segments  passed over  behind s")
    quota_bytes = BIT_RATE // 8 * 60 * given.minutes // 4
    with tempfile.TemporaryDirectory(dir=OUT) as folder, crowd() as sends:
        found = soak(Path(folder), sends, cameras=given.cameras, minutes=given.minutes, quota_bytes=quota_bytes)
    (OUT / "soak.svg").write_text(plot(found.minutes))
    print(
        f"watch's memory grows by {found.growth_mib_an_hour:+.1f} MiB an hour (second half); "
        f"footage and its times differ by {found.drift_ms} ms at most; {found.gaps} gaps"
    )


if __name__ == "__main__":
    main()
