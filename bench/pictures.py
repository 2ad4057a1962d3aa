"""The keeper's pictures: CPU for each, time to the first one, and whether they keep up with the film.

    python -m bench.pictures [READERS…]     1, 4 and 8 unless told otherwise

A keeper in a process of its own, over a log in memory, has one rendered film of 20 s (1280 × 720, 15 pictures a second)
for each reader. They all ask at once and as the page does: twelve pictures at a time, played from the first one on.
`late` is how long a playing page would have stood still for want of the next picture; `CPU` is the keeper's, with all
that it does for a picture: two questions whether the view stands, decoding, both marks, JPEG and the socket.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clocks import TestClock
from tests.house import free_port
from tests.keeper import house as keeper_house
from tests.keeper.logs import TinyLog
from tests.review.rooms import served_at
from websockets.asyncio.client import connect
from websockets.typing import Origin

from nightlatch.keeper.app import create_app
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.watermark.marking import marker

AT_ONCE = 12
SECONDS = 20
READERS = (1, 4, 8)


@dataclass(frozen=True, slots=True)
class OpenedView:
    """A view that waits for its reader."""

    view: int
    ticket: str
    session: str
    pictures: int


@dataclass(frozen=True, slots=True)
class Watching:
    """One reader's look."""

    first_s: float
    late_s: float  # that a page would have stood still


def keeper(pipe: Connection, clip: Path, readers: int, port: int) -> None:
    """Serve a view to each reader; tell its CPU seconds once they are done."""
    vars(keeper_house)["stamped"] = marker(bytes(32))  # both marks, not the stamp of the tests
    with TemporaryDirectory() as folder:
        clock = TestClock(fixed_ms=keeper_house.TEN)
        home = keeper_house.House(Path(folder) / "keeper", clock, TinyLog(clock))
        views = []
        for _ in range(readers):
            home.give(plain=clip.read_bytes())
            reviewer = home.reviewer()
            opened = home.room.open_view(reviewer.token, home.asked(reviewer))
            views.append(OpenedView(opened.view_id, opened.ticket, reviewer.token, opened.pictures))
        with served_at(create_app(home.room, home.passkeys, keeper_house.ORIGIN, "secret"), port):
            before = _cpu_s()
            pipe.send(views)
            pipe.recv()
            pipe.send(_cpu_s() - before)


async def watch(view: OpenedView, port: int) -> Watching:
    """Fetch a whole film as the page does."""
    began_s, shown_s, late_s = time.monotonic(), 0.0, 0.0
    first_s: float | None = None
    async with connect(f"ws://127.0.0.1:{port}/v1/views/{view.view}", origin=Origin(keeper_house.ORIGIN)) as socket:
        await socket.send(json.dumps({"ticket": view.ticket, "session": view.session}))
        await socket.recv()
        for first in range(0, view.pictures, AT_ONCE):
            last = min(first + AT_ONCE, view.pictures) - 1
            await socket.send(json.dumps({"from": first, "to": last}))
            for _ in range(first, last + 1):
                at_s = json.loads(await socket.recv())["at_ms"] / 1000
                await socket.recv()
                now_s = time.monotonic()
                if first_s is None:
                    first_s = shown_s = now_s
                waits_s = now_s - (shown_s + at_s)
                if waits_s > 0:  # the page stands still, and everything after it is shown that much later
                    late_s, shown_s = late_s + waits_s, shown_s + waits_s
    return Watching((first_s or began_s) - began_s, late_s)


def measured(readers: int, clip: Path) -> str:
    """One line of the table."""
    mine, theirs = get_context("spawn").Pipe()
    port = free_port()
    process = get_context("spawn").Process(target=keeper, args=(theirs, clip, readers, port), daemon=True)
    process.start()
    views: list[OpenedView] = mine.recv()

    async def all_at_once() -> list[Watching]:
        return await asyncio.gather(*(watch(view, port) for view in views))

    found = asyncio.run(all_at_once())
    mine.send(None)
    cpu_ms = mine.recv() * 1000 / sum(view.pictures for view in views)
    process.join(20)
    first_ms = [1000 * each.first_s for each in found]
    late_s = max(each.late_s for each in found)
    return f"| {readers} | {cpu_ms:.1f} | {statistics.median(first_ms):.0f} | {max(first_ms):.0f} | {late_s:.2f} |"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(counts: tuple[int, ...]) -> None:
    """Print the table."""
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        film(scene("porch"), clip, SECONDS)
        print(
            "| readers | CPU a picture, ms | first picture, ms | slowest | late, s (the worst) |\n|---|---|---|---|---|"
        )
        for readers in counts:
            print(measured(readers, clip), flush=True)


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or READERS)
