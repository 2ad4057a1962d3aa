"""What the index says of a camera's time: which stretches were recorded, which have a reason for being missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, in ms since the epoch; `what` is a path or a reason."""

    began_ms: int
    ended_ms: int
    what: str

    @property
    def length_s(self) -> float:
        return (self.ended_ms - self.began_ms) / 1000

    def __str__(self) -> str:
        return f"{self.what} {self.began_ms}-{self.ended_ms} ({self.length_s:.2f} s)"


@dataclass(frozen=True, slots=True)
class Strip:
    """One camera, in order of time. An outage that goes on ends at the end of time."""

    footage: tuple[Stretch, ...]
    outages: tuple[Stretch, ...]

    def gaps(self, began_ms: int, ended_ms: int, more_than_s: float) -> list[Stretch]:
        """Where no footage is, whether explained or not."""
        return _holes(self.footage, began_ms, ended_ms, more_than_s)

    def unexplained(self, began_ms: int, ended_ms: int, more_than_s: float) -> list[Stretch]:
        """Where neither footage nor an outage is."""
        return _holes((*self.footage, *self.outages), began_ms, ended_ms, more_than_s)

    def overlaps(self, more_than_s: float) -> list[Stretch]:
        """Where two files say that they show the same time."""
        pairs = pairwise(self.footage)
        found = (Stretch(b.began_ms, min(a.ended_ms, b.ended_ms), f"{a.what} and {b.what}") for a, b in pairs)
        return [each for each in found if each.length_s > more_than_s]

    def told_s(self, footage: Stretch, reasons: Sequence[str]) -> float:
        """How much of a file is said to lack pictures, for these reasons."""
        told = (each for each in self.outages if each.what in reasons)
        return sum(
            max(0, min(each.ended_ms, footage.ended_ms) - max(each.began_ms, footage.began_ms)) / 1000 for each in told
        )

    def contradictions(self, more_than_s: float, inside: Sequence[str] = ()) -> list[Stretch]:
        """Where an outage, but for these reasons, says that nothing was recorded, and footage that something was."""
        outages = (each for each in self.outages if each.what not in inside)
        pairs = ((missing, there) for missing in outages for there in self.footage)
        found = (
            Stretch(max(a.began_ms, b.began_ms), min(a.ended_ms, b.ended_ms), f"{a.what} and {b.what}")
            for a, b in pairs
        )
        return [each for each in found if each.length_s > more_than_s]


def read_strips(index: Path) -> dict[str, Strip]:
    """By camera."""
    with sqlite3.connect(f"file:{index}?mode=ro", uri=True) as books:
        cameras = [str(row[0]) for row in books.execute("select id from cameras")]
    return read_footage(index, cameras)


def read_footage(index: Path, cameras: Iterable[str]) -> dict[str, Strip]:
    """The same of these."""
    with sqlite3.connect(f"file:{index}?mode=ro", uri=True) as books:
        footage = books.execute("select camera_id, began_ms, began_ms + duration_ms, path from segments").fetchall()
        outages = books.execute("select camera_id, began_ms, ended_ms, reason from outages").fetchall()
    return {camera: Strip(_of(camera, footage), _of(camera, outages)) for camera in cameras}


def _of(camera: str, rows: Sequence[tuple[str, int, int | None, str]]) -> tuple[Stretch, ...]:
    found = (
        Stretch(began, 1 << 62 if ended is None else ended, what) for who, began, ended, what in rows if who == camera
    )
    return tuple(sorted(found, key=lambda each: (each.began_ms, each.ended_ms)))


def _holes(covered: Sequence[Stretch], began_ms: int, ended_ms: int, more_than_s: float) -> list[Stretch]:
    found, edge_ms = [], began_ms
    for each in sorted(covered, key=lambda each: each.began_ms):
        if each.began_ms > ended_ms:
            break
        found.append(Stretch(edge_ms, each.began_ms, "nothing"))
        edge_ms = max(edge_ms, each.ended_ms)
    found.append(Stretch(edge_ms, ended_ms, "nothing"))
    return [each for each in found if each.length_s > more_than_s]
