"""What one watch process knows around its cameras that no picture tells: the mode, each camera's site, usual hours.

An event is judged by the mode as it is now, however it began: owners who come home and switch to home are judged anew.
Leaving is the exception. What began before somebody switched to away, or within `EXIT_MS` after it, is judged by the
mode before, for at most `LONGEST_EXIT_MS`: an owner who switches and walks out is no burglar. There is no delay for
coming in: a burglar would have it as well, and owners who come home only hear of themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Context, Mode, Site
from nightlatch.domain.geometry import Area, is_inside
from nightlatch.domain.sighting import EventJudged, EventOpened, Kind, Place, Track, Verdict
from nightlatch.domain.time import Span
from nightlatch.hub.watch.habits import KnownHours
from nightlatch.hub.wire.notices import CameraList

EXIT_MS = 60_000  # what alarm panels commonly give to leave; chosen, not measured
LONGEST_EXIT_MS = 180_000  # after switching to away: no event is excused for longer
NEWEST_MS = 3_000  # of a track: it is there now
PLACES = 200  # of a track that are asked for their area, evenly spread
TAUGHT = frozenset({Verdict.ROUTINE, Verdict.UNSURE})  # a threat is not what is usual, nor is somebody who fell


@dataclass(slots=True)
class Surroundings:
    """Written by whoever hears serve, read by those who look; each is one assignment."""

    hours: KnownHours = field(default_factory=KnownHours)
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    # Now, before, and since when, on a clock that nobody can set: one set back would excuse a burglar for an hour.
    _mode: tuple[Mode | None, Mode | None, int | None] = (None, None, None)
    _sites: dict[str, Site | None] = field(default_factory=dict)

    def take(self, cameras: CameraList, keeps: Callable[[str], bool]) -> None:
        """Serve's newest list; nothing is known before somebody owns the hub."""
        if cameras.household_id is None:
            return
        mode, _, _ = self._mode
        if cameras.mode is not mode:  # which it was when this process began, nobody knows: no event is excused by it
            self._mode = cameras.mode, mode, None if mode is None else self.monotonic_ms()
        self._sites = {camera.id: camera.site for camera in cameras.cameras}
        self.hours.keep_only(self._sites.keys(), keeps)

    def context(self, camera: Camera, onset_ms: int, at_ms: int, tracks: Sequence[Track]) -> Context:
        """What is known around an event that began at `onset_ms`, now, at `at_ms`."""
        here = {area.name for area in camera.areas for place in _newest(tracks) if _is_in(place, area)}
        return Context(
            self._sites.get(camera.id, camera.site),
            self.mode_for(onset_ms, at_ms),
            self.hours.usual(camera.id, at_ms, here),
        )

    def mode_for(self, onset_ms: int, at_ms: int) -> Mode | None:
        """By which mode an event of `onset_ms` is judged now, at `at_ms`; both are of the event's own time."""
        mode, before, since_ms = self._mode
        if mode is not Mode.AWAY or since_ms is None:
            return mode
        passed_ms = self.monotonic_ms() - since_ms
        is_exit = passed_ms - (at_ms - onset_ms) < EXIT_MS and passed_ms < LONGEST_EXIT_MS
        return before if is_exit else mode

    def learn(self, camera: Camera, opened: EventOpened, judged: EventJudged) -> None:
        """An event is over: if somebody was there as on other days, that hour has become more usual."""
        judgement = judged.judgement
        if Kind.PERSON not in judgement.kinds or judgement.verdict not in TAUGHT:
            return
        people = [track for track in judgement.tracks if track.kind is Kind.PERSON]
        places = [place for track in people for place in track.path[:: 1 + len(track.path) // PLACES]]
        drawn = {area.name for area in camera.areas if area.use == "watch"}
        areas = {area.name for area in camera.areas if any(_is_in(place, area) for place in places)}
        self.hours.learn(camera.id, Span(opened.onset_ms, judged.at_ms), areas, drawn)


def _newest(tracks: Sequence[Track]) -> list[Place]:
    """Where people are now."""
    latest = max((track.path[-1].at_ms for track in tracks), default=0)
    last = [track.path[-1] for track in tracks if track.kind is Kind.PERSON]
    return [place for place in last if latest - place.at_ms <= NEWEST_MS]


def _is_in(place: Place, area: Area) -> bool:
    """Whether somebody stands in it: who is seen behind it does not."""
    foot = (place.box.left + place.box.right) / 2, place.box.bottom
    return area.use == "watch" and is_inside(foot, area.points)
