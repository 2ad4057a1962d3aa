"""Twelve hard negatives of the stage through the gate alone: how many events nobody made, an hour.

    python bench/sight/negatives.py

No detector and no verdict is asked here: what opens is what they would be asked about.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nightlatch.pixels.replay.replaying import replay
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.negatives import NEGATIVES
from sight.corpus import OUT

SECONDS = 120


def main() -> None:
    """Entry point."""
    OUT.mkdir(parents=True, exist_ok=True)
    whole = 0
    print(f"{'':20} {'events':>7} {'an hour':>8}  when, in seconds")
    for name, kind in NEGATIVES.items():
        path = OUT / f"negative-{name}-{SECONDS}.mp4"
        if not path.exists():
            part = path.with_suffix(".part.mp4")
            film(kind(1, 640, 360, 5), part, SECONDS, gop_s=1.0).rename(path)
        seen = replay(path)
        when = ", ".join(f"{event.onset_ms / 1000:.0f}–{event.last_ms / 1000:.0f}" for event in seen.events)
        whole += len(seen.events)
        print(f"{name:20} {len(seen.events):7} {len(seen.events) * 3600 / SECONDS:8.0f}  {when}", flush=True)
    print(f"{'all':20} {whole:7} {whole * 3600 / SECONDS / len(NEGATIVES):8.1f}")


if __name__ == "__main__":
    main()
