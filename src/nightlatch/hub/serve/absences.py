"""What serve knows about stretches in which nobody recorded: who was away, and what the owner had switched off.

Facts go in as they come, in the event loop; `why` is asked by the thread that enters the books. All of it is about the
life of this serve process: what came before is in the books, and the file `alive` says when the last one ended.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.domain.camera import Camera
from nightlatch.domain.time import Clock, Span
from nightlatch.errors import Reason
from nightlatch.hub.serve.books.gaps import Cause

ALIVE_FILE = "alive"  # in the hub's folder: thirteen digits, written anew at each beat
BEAT_S = 2.0
SKEW_MS = 2_000  # a process begins this much before what it stops is over, at most: a picture's place is not exact
LEAP_MS = 2_000  # less is a slow beat or NTP slewing
FROZEN_MS = 8_000  # between two beats: this process did not run
REMEMBERED = 64  # of each kind; a hole is explained when it ends, or when it is told


@dataclass(frozen=True, slots=True)
class _Start:
    """A watch process began."""

    at_ms: int
    keeps: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Silence:
    """A watch process did not answer."""

    span: Span
    keeps: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Beat:
    """One look at all clocks: what it says of the time since the one before."""

    wall_ms: int
    monotonic_ms: int  # stands still while the machine sleeps
    boot_ms: int  # does not


def beat(clock: Clock) -> Beat:
    """What the clocks show now."""
    boot_ns = time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    return Beat(clock.now_ms(), time.monotonic_ns() // 1_000_000, boot_ns // 1_000_000)


@dataclass(slots=True)
class Absences:
    """One for a serve process."""

    started_ms: int
    alive_ms: int = 0  # when the serve process before this one was last alive; 0 where that is not known
    _starts: deque[_Start] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _silences: deque[_Silence] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _leaps: deque[Span] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _sleeps: deque[Span] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _off: dict[str, Span | int] = field(default_factory=dict)  # by camera; an int: since then, and still
    _changed: dict[str, int] = field(default_factory=dict)
    _cameras: dict[str, Camera] | None = None
    _last: Beat | None = None

    def began(self, at_ms: int, keeps: Callable[[str], bool]) -> None:
        """A watch process began: what it keeps was not recorded just before."""
        self._starts.append(_Start(at_ms, keeps))

    def silent(self, span: Span, keeps: Callable[[str], bool]) -> None:
        """A watch process was there and did not answer."""
        self._silences.append(_Silence(span, keeps))

    def listed(self, cameras: tuple[Camera, ...], now_ms: int) -> None:
        """The cameras as they are now: which were switched off or on, or changed."""
        before = self._cameras
        for camera in cameras:
            off = self._off.get(camera.id)
            if not camera.enabled and not isinstance(off, int):
                self._off[camera.id] = 0 if before is None else now_ms
            elif camera.enabled and isinstance(off, int):
                self._off[camera.id] = Span(off, now_ms)
            if before is not None and before.get(camera.id, camera) != camera:
                self._changed[camera.id] = now_ms
        self._cameras = {camera.id: camera for camera in cameras}

    def beat(self, now: Beat) -> bool:
        """Whether this process ran all the time since the last beat; what the clocks did meanwhile is remembered."""
        last, self._last = self._last, now
        if last is None:
            return True
        ran_ms, passed_ms = now.monotonic_ms - last.monotonic_ms, now.boot_ms - last.boot_ms
        if now.wall_ms - last.wall_ms - passed_ms > LEAP_MS:
            self._leaps.append(Span(last.wall_ms, now.wall_ms))
        if passed_ms > FROZEN_MS:
            self._sleeps.append(Span(last.wall_ms, now.wall_ms))
        return max(ran_ms, passed_ms) < FROZEN_MS

    def why(self, camera_id: str, hole: Span) -> Cause:
        """What is known of a stretch in which a camera was not recorded."""
        off = self._off.get(camera_id)
        if isinstance(off, int) and off < hole.ended_ms:
            return Cause(off_until_ms=hole.ended_ms)
        if isinstance(off, Span) and off.overlaps(hole):
            return Cause(off_until_ms=off.ended_ms)
        return Cause(self._reason(camera_id, hole))

    def _reason(self, camera_id: str, hole: Span) -> Reason | None:
        """Of a camera that was on."""
        starts = [each for each in list(self._starts) if each.keeps(camera_id) and _lies_in(each.at_ms, hole)]
        if starts:
            was_off = _lies_in(self.started_ms, hole) or any(self._was_away(each.at_ms) for each in starts)
            return Reason.HUB_OFF if was_off else Reason.RECORDER_STOPPED
        if any(each.overlaps(hole) for each in list(self._sleeps)):
            return Reason.HUB_OFF
        if any(each.keeps(camera_id) and each.span.overlaps(hole) for each in list(self._silences)):
            return Reason.RECORDER_STOPPED
        if any(each.overlaps(hole) for each in list(self._leaps)):
            return Reason.CLOCK_SET
        was_changed = _lies_in(self._changed.get(camera_id, -SKEW_MS - 1), hole)
        return Reason.SETTINGS_CHANGED if was_changed else None

    def _was_away(self, at_ms: int) -> bool:
        """Whether no serve process ran then: a recorder may begin seconds before the page does."""
        return self.alive_ms <= at_ms <= self.started_ms


def _lies_in(at_ms: int, hole: Span) -> bool:
    return hole.began_ms - SKEW_MS <= at_ms <= hole.ended_ms


def note_alive(data_dir: Path, now_ms: int) -> None:
    """This hub is alive at `now_ms`. Not durable: after a power cut some seconds may be missing."""
    with contextlib.suppress(OSError):  # a full disk has its own words on the page
        (data_dir / ALIVE_FILE).write_text(f"{now_ms:013d}")


def last_alive_ms(data_dir: Path) -> int | None:
    """When the last serve process was alive; None when that is not known."""
    try:
        return int((data_dir / ALIVE_FILE).read_text())
    except (OSError, ValueError):
        return None
