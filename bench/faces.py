"""What Home and the timeline cost a hub whose books are full: four cameras, a day of footage, ten days of clips.

CPU of the whole process for each answer, as ASGI sees it: without a network, with the session, the face and JSON.

    python -m bench.faces [DAYS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.hub.full_day import DAYS, Booked, fill

from nightlatch.domain.time import DAY_MS
from nightlatch.hub.serve.books.usage import COUNTED_FOR_MS

TIMES = 10

out = Console()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hub = Booked(Path(folder) / "hub")
        fill(hub.house.engine, hub.clock.now_ms(), days=int(sys.argv[1]) if len(sys.argv) > 1 else DAYS)
        to_ms = hub.clock.now_ms()
        day = f"/api/timeline?from_ms={to_ms - DAY_MS}&to_ms={to_ms}"
        asked = {
            "Home, first of all": ("/api/home", 1),
            "Home, again": ("/api/home", TIMES),
            "Home, counting anew": ("/api/home", 1),
            "timeline, a day": (day, TIMES),
            "clips, a day": (f"/api/clips?from_ms={to_ms - DAY_MS}&to_ms={to_ms}", TIMES),
        }
        table = Table("asked", "CPU ms", "wall ms", "KB", "packed")
        for name, (path, times) in asked.items():
            if "anew" in name:
                hub.clock.offset_ms += COUNTED_FOR_MS + 1
            began_s = time.monotonic()
            answer = hub.ask_often(path, times, **{"accept-encoding": "gzip"})
            wall_ms = (time.monotonic() - began_s) * 1000 / times
            packed = answer.headers.get("content-encoding", "")
            size = f"{len(answer.body) / 1000:.0f}"
            table.add_row(f"{name} ({answer.status})", f"{answer.cpu_ms:.1f}", f"{wall_ms:.1f}", size, packed)
        out.print(table)


if __name__ == "__main__":
    main()
