"""The usual hours of the cameras of one watch process: in memory for each judgement, in files for the next start.

Fails open: a disk that refuses costs what was learnt since, never a look. Whoever looks writes, each file at most every
ten minutes; a kill loses those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

import structlog

from nightlatch.domain.context import Usual
from nightlatch.domain.habits import UsualHours
from nightlatch.domain.time import HOUR_MS, Span
from nightlatch.hub.vault.habits import forget_habits, keep_habits, kept_habits, read_habits

WRITE_EVERY_S = 600.0
log = structlog.get_logger()


def wall_hour(at_ms: int) -> tuple[int, int]:
    """A moment's day (ordinal) and hour on this machine's wall clock."""
    wall = datetime.fromtimestamp(at_ms / 1000)
    return wall.toordinal(), wall.hour


class KnownHours:
    """By camera; from any thread."""

    def __init__(
        self,
        data_dir: Path | None = None,
        hour_of: Callable[[int], tuple[int, int]] = wall_hour,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a folder nothing is kept."""
        self._data_dir = data_dir
        self._hour_of = hour_of
        self._monotonic = monotonic
        self._known: dict[str, UsualHours] = {}
        self._watched: dict[str, tuple[int, int]] = {}  # the hour that was noted last
        self._unwritten: set[str] = set()
        self._written_s: dict[str, float] = {}
        self._has_failed = False
        self._lock = threading.Lock()

    def watch(self, camera_id: str, at_ms: int) -> None:
        """The camera is being looked at; cheap enough for each picture."""
        hour = self._hour_of(at_ms)
        if self._watched.get(camera_id) == hour:
            return
        with self._lock:
            self._watched[camera_id] = hour
            self._note(camera_id, self._of(camera_id).watching(*hour))
        self._write(camera_id)

    def learn(self, camera_id: str, when: Span, areas: Collection[str], drawn: Collection[str]) -> None:
        """Somebody was there, and in these of the `drawn` areas; what belongs to others is forgotten."""
        with self._lock:
            known = self._of(camera_id).only(drawn)
            for at_ms in (*range(when.began_ms, when.ended_ms, HOUR_MS), max(when.began_ms, when.ended_ms)):
                known = known.somebody(*self._hour_of(at_ms), areas)
            self._note(camera_id, known)
        self._write(camera_id)

    def usual(self, camera_id: str, at_ms: int, areas: Collection[str]) -> Usual | None:
        """How usual it is that somebody is there at about this hour; None while nothing is known."""
        with self._lock:
            found = self._of(camera_id).usual(*self._hour_of(at_ms), areas)
        return found if found.of else None

    def keep_only(self, camera_ids: Collection[str], keeps: Callable[[str], bool]) -> None:
        """These are all cameras there are: nothing stays of others that this process `keeps`."""
        with self._lock:
            kept = [] if self._data_dir is None else kept_habits(self._data_dir)
            gone = {each for each in (*self._known, *kept) if keeps(each) and each not in camera_ids}
            for camera_id in gone:
                self._known.pop(camera_id, None)
                self._watched.pop(camera_id, None)
                self._unwritten.discard(camera_id)
            if gone and self._data_dir is not None:
                forget_habits(self._data_dir, gone)

    def flush(self) -> None:
        """Write what is not written yet."""
        for camera_id in list(self._unwritten):
            self._write(camera_id, at_once=True)

    def _of(self, camera_id: str) -> UsualHours:
        known = self._known.get(camera_id)
        if known is None:
            known = UsualHours() if self._data_dir is None else read_habits(self._data_dir, camera_id)
            self._known[camera_id] = known
        return known

    def _note(self, camera_id: str, known: UsualHours) -> None:
        if known != self._known.get(camera_id):
            self._known[camera_id] = known
            self._unwritten.add(camera_id)

    def _write(self, camera_id: str, *, at_once: bool = False) -> None:
        now_s = self._monotonic()
        with self._lock:
            known, last_s = self._known.get(camera_id), self._written_s.get(camera_id)
            is_due = at_once or last_s is None or now_s - last_s >= WRITE_EVERY_S
            if self._data_dir is None or known is None or camera_id not in self._unwritten or not is_due:
                return
            self._written_s[camera_id] = now_s
            try:
                keep_habits(self._data_dir, camera_id, known)
            except OSError as error:
                if not self._has_failed:
                    log.warning("habits.not_kept", error=type(error).__name__)
                self._has_failed = True
            else:
                self._unwritten.discard(camera_id)
                self._has_failed = False
