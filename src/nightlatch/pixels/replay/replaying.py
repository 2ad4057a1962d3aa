"""One film through one sight: what it told, what it cost, what it saw at each look."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.domain.geometry import Area
from nightlatch.domain.sighting import EventClosed, EventOpened, Track
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.replay.scoring import Opening
from nightlatch.pixels.sight import Glance, Looks, Sight, TracksChanged


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a film; times in milliseconds of the film. `told_ms` is when it could be published."""

    told_ms: int
    onset_ms: int
    last_ms: int
    clip_from_ms: int
    clip_to_ms: int
    tracks: tuple[Track, ...]

    @property
    def opening(self) -> Opening:
        """The same for scoring."""
        return Opening(self.told_ms, self.onset_ms, self.last_ms)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a film."""

    length_ms: int
    events: tuple[Seen, ...]
    packets: int
    decoded: int
    failed: int
    cpu_s: float
    advice: str | None = field(default=None)


def replay(
    path: Path,
    *,
    detector: Looks | None = None,
    areas: Sequence[Area] = (),
    on_glance: Callable[[Glance], None] | None = None,
) -> Replay:
    """Run a film through the sight as fast as it goes. Raises `FilmError` for a file that is no film."""
    numbers = iter(range(1, 1_000_000))
    opened: dict[str, tuple[int, EventOpened]] = {}
    tracks: dict[str, tuple[Track, ...]] = {}
    closed: dict[str, EventClosed] = {}
    count = at_ms = 0
    with open_film(path) as film:
        sight = Sight(
            film.streams,
            areas=areas,
            detector=detector,
            new_id=lambda: f"event-{next(numbers)}",
            camera_id="replay",
            on_glance=on_glance,
        )
        began_s = time.thread_time()
        for packet in film.packets:
            count, at_ms = count + 1, packet.at_ms
            for told in sight.take(packet):
                _note(told, at_ms, opened, tracks, closed)
        for told in sight.finish():
            _note(told, at_ms, opened, tracks, closed)
        cpu_s = time.thread_time() - began_s
    events = tuple(
        Seen(
            told_ms, o.onset_ms, closed[name].last_motion_ms, o.clip_from_ms, closed[name].clip_to_ms,
            tracks.get(name, ()),
        )
        for name, (told_ms, o) in opened.items()
    )  # fmt: skip
    return Replay(at_ms, events, count, sight.decoded, sight.failed, cpu_s, sight.advice)


def _note(
    told: EventOpened | TracksChanged | EventClosed,
    at_ms: int,
    opened: dict[str, tuple[int, EventOpened]],
    tracks: dict[str, tuple[Track, ...]],
    closed: dict[str, EventClosed],
) -> None:
    if isinstance(told, EventOpened):
        opened[told.event_id] = at_ms, told
    elif isinstance(told, EventClosed):
        closed[told.event_id] = told
    else:
        tracks[told.event_id] = told.tracks
