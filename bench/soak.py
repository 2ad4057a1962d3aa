"""Many cameras for a long time: does memory grow, does time drift, is anything lost?

    python bench/soak.py [--cameras 16] [--minutes 60] [--speed 5]

The hub's recorders, vault, looking and retention, on films that play `speed` times as fast under a clock that runs as
fast; a street on which somebody walks by once a minute, as main and sub-stream. Footage is kept for a quarter of the
simulated time, so that what is deleted is part of it. Every simulated minute: memory of this process, footage that
the index holds, packets that nobody had time to look at, and how far the newest footage is behind the clock.
Writes bench/out/soak.svg. At a speed that the machine cannot follow, footage falls behind: take a lower one.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pyrage
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from cameras import QUIET, QUIET_SUB, Clerk, make_quiet, resident_kib
from nightlatch.domain.camera import Camera
from nightlatch.domain.time import MINUTE_MS
from nightlatch.hub.serve.books.records import SegmentRow
from nightlatch.hub.serve.books.retention import sweep_older_than
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.eye import open_looking
from nightlatch.hub.watch.recorder import Recorder, Station
from nightlatch.hub.watch.telling import Telling
from nightlatch.pixels.sources import open_source
from nightlatch.seal.recipients import Sealer
from record import OUT

BEGAN_MS = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class FastClock:
    """Runs `speed` times as fast as the wall's."""

    speed: float
    began_s: float

    def now_ms(self) -> int:
        return BEGAN_MS + int((time.monotonic() - self.began_s) * 1000 * self.speed)


@dataclass(frozen=True, slots=True)
class Minute:
    """How it stood at a simulated minute."""

    minute: int
    resident_kib: int
    segments: int
    dropped: int
    behind_ms: int  # the newest footage of the camera that is most behind


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it. `drift_ms` is how much more or less footage there is than time that passed, the worst camera."""

    minutes: tuple[Minute, ...]
    drift_ms: int
    gaps: int

    @property
    def growth_kib_an_hour(self) -> float:
        """Slope of memory over the second half, by least squares."""
        half = self.minutes[len(self.minutes) // 2 :]
        x = [each.minute for each in half]
        y = [each.resident_kib for each in half]
        middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
        spread = sum((at - middle_x) ** 2 for at in x)
        return 60 * sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0


def soak(folder: Path, film: Path, sub: Path, *, cameras: int, minutes: int, speed: float) -> Soaked:
    """Run `cameras` for so many simulated minutes."""
    clock = FastClock(speed, time.monotonic())
    clerk, sealer = Clerk(folder, clock), Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    engine, opens = clerk.books.engine, partial(open_source, speed=speed)
    station = Station(Vault(folder, clock), clock, Telling(clerk, clock), open_looking("eye", None), opens)
    recorders = [
        Recorder(
            Camera(id=f"{n:012x}", name=str(n), url=f"file:{film}?loop=1", sub_url=f"file:{sub}?loop=1"),
            *("h", sealer, station),
        )
        for n in range(cameras)
    ]
    threads = [threading.Thread(target=recorder.run, daemon=True) for recorder in recorders]
    for thread in threads:
        thread.start()
        time.sleep(60 / speed / cameras)  # not in step
    seen: list[Minute] = []
    try:
        first_ms = clock.now_ms()
        for minute in range(1, minutes + 1):
            time.sleep(max(0.0, (first_ms + minute * MINUTE_MS - clock.now_ms()) / 1000 / speed))
            sweep_older_than(clerk.books, clock.now_ms() - max(2, minutes // 4) * MINUTE_MS)
            gc.collect()
            newest = func.max(SegmentRow.began_ms + SegmentRow.duration_ms)
            with Session(engine) as session:
                ends = session.scalars(select(newest).group_by(SegmentRow.camera_id)).all()
                count = session.scalar(select(func.count()).select_from(SegmentRow)) or 0
            dropped = sum(recorder.dropped for recorder in recorders)
            behind_ms = clock.now_ms() - min(ends) if len(ends) == cameras else -1
            seen.append(Minute(minute, resident_kib(), count, dropped, behind_ms))
            print(_row(seen[-1]), flush=True)
    finally:
        for recorder in recorders:
            recorder.stop()
        for thread in threads:
            thread.join(20)
    drift_ms, gaps = _time_kept(engine, cameras)
    clerk.close()
    return Soaked(tuple(seen), drift_ms, gaps)


def _time_kept(engine: Engine, cameras: int) -> tuple[int, int]:
    """Whether the footage that is kept has as many milliseconds in it as its ends say, and how often it breaks."""
    worst, gaps = 0, 0
    with Session(engine) as session:
        for n in range(cameras):
            query = select(SegmentRow.began_ms, SegmentRow.duration_ms).where(SegmentRow.camera_id == f"{n:012x}")
            rows = sorted((row[0], row[1]) for row in session.execute(query))
            if not rows:
                continue
            span_ms = rows[-1][0] + rows[-1][1] - rows[0][0]
            worst = max(worst, span_ms - sum(length for _, length in rows), key=abs)
            gaps += sum(abs(after[0] - before[0] - before[1]) > 200 for before, after in pairwise(rows))
    return worst, gaps


def _row(at: Minute) -> str:
    return f"{at.minute:6}  {at.resident_kib / 1024:8.1f}  {at.segments:8}  {at.dropped:7}  {at.behind_ms / 1000:8.1f}"


def plot(minutes: Sequence[Minute]) -> str:
    """Memory over simulated minutes, as SVG."""
    most = max(each.resident_kib for each in minutes) * 1.15
    points = " ".join(
        f"{60 + 560 * each.minute / minutes[-1].minute:.1f},{220 - 200 * each.resident_kib / most:.1f}"
        for each in minutes
    )
    marks = "".join(
        f'<text x="52" y="{224 - 200 * share:.0f}" text-anchor="end">{most * share / 1024:.0f} MiB</text>'
        f'<path d="M60 {220 - 200 * share:.0f}H620" stroke="#ccc"/>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 260" font-family="sans-serif" font-size="12">'
        f'{marks}<polyline points="{points}" fill="none" stroke="#1f7a55" stroke-width="2"/>'
        f'<text x="340" y="250" text-anchor="middle">simulated minutes, 0 to {minutes[-1].minute}</text></svg>\n'
    )


def main() -> None:
    """Print a row a simulated minute, and what it comes to."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cameras", type=int, default=16)
    asked.add_argument("--minutes", type=int, default=60)
    asked.add_argument("--speed", type=float, default=5.0)
    given = asked.parse_args()
    make_quiet()
    print("minute       MiB  segments  dropped  behind s")
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        found = soak(Path(folder), QUIET, QUIET_SUB, cameras=given.cameras, minutes=given.minutes, speed=given.speed)
    (OUT / "soak.svg").write_text(plot(found.minutes))
    print(
        f"memory grows by {found.growth_kib_an_hour / 1024:+.1f} MiB a simulated hour (second half); "
        f"footage and its times differ by {found.drift_ms} ms at most; {found.gaps} gaps"
    )


if __name__ == "__main__":
    main()
