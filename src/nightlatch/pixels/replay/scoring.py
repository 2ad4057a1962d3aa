"""Events against truth: what was found, how soon, and what was opened for nothing.

Truth is a list of `{"kind": …, "from_ms": …, "to_ms": …}` in `NAME.truth.json` beside `NAME.mp4`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from nightlatch.pixels.replay.films import FilmError

EARLY_MS = 700  # an event may begin so much before the thing counts as visible
LATE_MS = 1_500  # or be opened so much after it has gone
SLACK_MS = 2_500  # motion this near to something true is not false


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Something true."""

    kind: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Opening:
    """An event as a camera system reported it: when it was told, when it says it began, when motion ended."""

    told_ms: int
    onset_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Score:
    """How well openings fit the truth."""

    found: int
    true: int
    false: int
    quiet_s: float
    delays_ms: tuple[int, ...]
    missed: tuple[TrueEvent, ...] = ()
    wrong: tuple[Opening, ...] = ()

    @property
    def recall(self) -> float:
        """Share of the true that was found; 1 when there was nothing."""
        return self.found / self.true if self.true else 1.0

    @property
    def false_per_hour(self) -> float:
        """False openings per quiet hour."""
        return self.false / self.quiet_s * 3600 if self.quiet_s else 0.0

    def delay_ms(self, share: float) -> int | None:
        """Quantile of the delay from onset to telling."""
        if not self.delays_ms:
            return None
        ordered = sorted(self.delays_ms)
        return round(median(ordered)) if share == 0.5 else ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def read_truth(film: Path) -> tuple[TrueEvent, ...] | None:
    """What is true of a film, or None where nobody wrote it down. Raises `FilmError` for what cannot be read."""
    path = film.with_suffix(".truth.json")
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text())
        return tuple(TrueEvent(str(h["kind"]), int(h["from_ms"]), int(h["to_ms"])) for h in told)
    except (ValueError, KeyError, TypeError) as error:
        raise FilmError(f"{path.name} is no list of kind, from_ms and to_ms. Mend it or take it away.") from error


def score(truth: Sequence[TrueEvent], openings: Sequence[Opening], length_ms: int) -> Score:
    """Compare: a thing is found by an opening whose motion overlaps it; each opening tells of its first thing."""
    delays, missed = [], []
    for thing in truth:
        fits = [
            o
            for o in openings
            if o.onset_ms <= thing.to_ms + SLACK_MS
            and o.last_ms >= thing.from_ms - EARLY_MS
            and o.told_ms <= thing.to_ms + LATE_MS
        ]
        if fits:
            delays.append(max(0, min(o.told_ms for o in fits) - thing.from_ms))
        else:
            missed.append(thing)
    wrong = tuple(
        o
        for o in openings
        if not any(o.onset_ms <= h.to_ms + SLACK_MS and o.last_ms >= h.from_ms - SLACK_MS for h in truth)
    )
    busy_ms = sum(h.to_ms - h.from_ms for h in truth)
    return Score(
        len(delays), len(truth), len(wrong), max(0.0, (length_ms - busy_ms) / 1000), tuple(delays), tuple(missed), wrong
    )


def together(scores: Sequence[Score]) -> Score:
    """Several films as one."""
    return Score(
        sum(s.found for s in scores),
        sum(s.true for s in scores),
        sum(s.false for s in scores),
        sum(s.quiet_s for s in scores),
        tuple(d for s in scores for d in s.delays_ms),
        tuple(h for s in scores for h in s.missed),
        tuple(o for s in scores for o in s.wrong),
    )
