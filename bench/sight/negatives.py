"""Twelve hard negatives of the stage: how many events nobody made, an hour, by the gate and with the built-in eye.

    python bench/sight/negatives.py

What the gate opens is what the eye is asked about. "Named" are events in which it saw a person, a pet or a vehicle;
"threats" those that the judge calls one at their end.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.pixels.detectors.opening import open_detector
from nightlatch.pixels.replay.replaying import replay
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.negatives import NEGATIVES
from sight.corpus import OUT

SECONDS = 120


def main() -> None:
    """Entry point."""
    OUT.mkdir(parents=True, exist_ok=True)
    whole = [0, 0, 0, 0]
    print(f"{'':20} {'gate':>7} {'an hour':>8} {'with eye':>9} {'named':>6} {'threats':>8}  when, in seconds")
    for name, kind in NEGATIVES.items():
        path = OUT / f"negative-{name}-{SECONDS}.mp4"
        if not path.exists():
            part = path.with_suffix(".part.mp4")
            film(kind(1, 640, 360, 5), part, SECONDS, gop_s=1.0).rename(path)
        alone, seen = replay(path).events, replay(path, detector=open_detector("eye", None)).events
        named = [event for event in seen if any(track.kind is not Kind.MOTION for track in event.judgement.tracks)]
        threats = [event for event in seen if event.judgement.verdict is Verdict.THREAT]
        counts = [len(alone), len(seen), len(named), len(threats)]
        whole = [a + b for a, b in zip(whole, counts, strict=True)]
        when = ", ".join(f"{event.onset_ms / 1000:.0f}–{event.last_ms / 1000:.0f}" for event in alone)
        print(_line(name, counts, 1) + f"  {when}", flush=True)
    print(_line("all", whole, len(NEGATIVES)))


def _line(name: str, counts: list[int], films: int) -> str:
    gate, eye, named, threats = counts
    return f"{name:20} {gate:7} {gate * 3600 / SECONDS / films:8.1f} {eye:9} {named:6} {threats:8}"


if __name__ == "__main__":
    main()
