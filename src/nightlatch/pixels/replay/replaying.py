"""One film through one sight: what it told, what it cost, what it saw at each look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.domain.context import Context
from nightlatch.domain.geometry import Area
from nightlatch.domain.sighting import EventClosed, EventOpened, Judgement, Story
from nightlatch.pixels.media.frames import Picture
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.replay.scoring import Opening
from nightlatch.pixels.sight import CameraMoved, Glance, News, Sight, TracksChanged
from nightlatch.pixels.vision.judge import Judge
from nightlatch.plugs import Eye


@dataclass(frozen=True, slots=True)
class FilmEvent:
    """One event of a film; times in milliseconds of the film. `told_ms` is when it could be published."""

    told_ms: int
    onset_ms: int
    last_ms: int
    clip_from_ms: int
    clip_to_ms: int
    judgement: Judgement

    @property
    def opening(self) -> Opening:
        """The same for scoring."""
        return Opening(self.told_ms, self.onset_ms, self.last_ms)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a film."""

    length_ms: int
    events: tuple[FilmEvent, ...]
    packets: int
    decoded: int
    failed: int
    cpu_s: float
    advice: str | None = field(default=None)
    moved_ms: int | None = None  # since when the camera looked elsewhere, if it was moved


def replay(
    path: Path,
    *,
    detector: Eye | None = None,
    areas: Sequence[Area] = (),
    on_glance: Callable[[Glance], None] | None = None,
    through: Callable[[Iterator[Packet]], Iterator[Packet]] | None = None,
    context: Context | None = None,
    hour: float | None = None,
) -> Replay:
    """Run a film through the sight as fast as it goes.

    `through`: what the packets pass before they are looked at, such as a bad network. `context` and `hour` (0 to 24):
    where the camera is said to be, in which mode the household is, and at what time of day.

    Raises:
        FilmError: for a file that is no film.
    """
    numbers = iter(range(1, 1_000_000))
    told = _Notes()
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
        for packet in through(film.packets) if through is not None else film.packets:
            count, at_ms = count + 1, packet.at_ms
            for each in sight.take(packet):
                told.note(each, at_ms, sight.picture)
        for each in sight.finish():
            told.note(each, at_ms, sight.picture)
        cpu_s = time.thread_time() - began_s
    return Replay(
        length_ms=at_ms,
        events=told.events(areas, context or Context(), hour),
        packets=count,
        decoded=sight.decoded,
        failed=sight.failed,
        cpu_s=cpu_s,
        advice=sight.advice,
        moved_ms=told.moved_ms,
    )


@dataclass(slots=True)
class _Notes:
    """What the sight told of each event, by its id."""

    opened: dict[str, tuple[int, EventOpened, bool]] = field(default_factory=dict)  # told when, what, in the dark
    changed: dict[str, TracksChanged] = field(default_factory=dict)  # the newest
    closed: dict[str, EventClosed] = field(default_factory=dict)
    moved_ms: int | None = None

    def note(self, told: News, at_ms: int, picture: Picture | None) -> None:
        match told:
            case EventOpened():
                self.opened[told.event_id] = at_ms, told, picture is not None and picture.is_dark
            case EventClosed():
                self.closed[told.event_id] = told
            case TracksChanged():
                self.changed[told.event_id] = told
            case CameraMoved():
                self.moved_ms = told.at_ms

    def events(self, areas: Sequence[Area], context: Context, hour: float | None) -> tuple[FilmEvent, ...]:
        """Each event, judged as a hub judges it at its end; a film has no hour of its own."""
        judge, seen = Judge(), []
        for name, (told_ms, event, is_dark) in self.opened.items():
            closed, last = self.closed[name], self.changed.get(name) or TracksChanged(name, event.onset_ms, ())
            story = Story(
                event.onset_ms,
                closed.clip_to_ms,
                last.tracks,
                tuple(areas),
                is_dark,
                None if hour is None else (hour + event.onset_ms / 3_600_000) % 24,
                last.kinds,
                context,
                last.people,
            )
            judged = judge.judge(story)
            seen.append(
                FilmEvent(
                    told_ms=told_ms,
                    onset_ms=event.onset_ms,
                    last_ms=closed.last_motion_ms,
                    clip_from_ms=event.clip_from_ms,
                    clip_to_ms=closed.clip_to_ms,
                    judgement=judged,
                )
            )
        return tuple(seen)
