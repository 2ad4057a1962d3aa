"""One detector for all cameras: each has a slot for one waiting picture, served in turn by one thread.

A camera never waits: `look` hands over the newest picture and takes what was found in the last one. A slow detector
answers late and drops what it has no time for (counted); a crashing one is tried again with growing pauses; one that
hangs is left behind with its thread, and a new thread tries, a few times. `trouble` says why nothing is seen at the
moment. None of it reaches the recorder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
HANGS_AFTER_S = 20.0  # a look takes some 0.1 s; a machine that swaps may take seconds
MOST_LEFT_BEHIND = 3  # threads that hang: none can be ended, each keeps its memory
log = structlog.get_logger()
Bgr = NDArray[np.uint8]


class Look(Protocol):
    """What finds things in a picture."""

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """(H, W, 3) uint8 and what moves in it."""
        ...


@dataclass(slots=True)
class Slot:
    """One camera's place: at most one picture waits, the newest wins."""

    wake: Callable[[], None]
    dropped: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: tuple[Bgr, tuple[Box, ...]] | None = None
    _found: list[Detection] | None = None

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection] | None:
        """Hand over a picture; what was found in the one before, or None when that is not ready."""
        with self._lock:
            if self._waiting is not None:
                self.dropped += 1
            self._waiting = (bgr, tuple(regions))
            found, self._found = self._found, None
        self.wake()
        return found

    def take(self) -> tuple[Bgr, tuple[Box, ...]] | None:
        """For the worker: the picture that waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
            return waiting

    def put(self, found: list[Detection]) -> None:
        """For the worker: what was found."""
        with self._lock:
            self._found = found


class SharedDetector:
    """Serves the slots of all cameras round robin; safe to use from any thread."""

    def __init__(
        self,
        detector: Look,
        *,
        pause_s: float = FIRST_PAUSE_S,
        hangs_after_s: float = HANGS_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._detector = detector
        self._first_pause_s = pause_s
        self._hangs_after_s = hangs_after_s
        self._monotonic = monotonic
        self._slots: list[Slot] = []
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._shift = 0  # how many threads were begun; only the newest one's answers count
        self._busy_since_s: float | None = None
        self.failed = 0  # looks that raised or hung
        self.trouble: str | None = None  # why nothing is seen at the moment
        self._begin()

    @property
    def is_blind(self) -> bool:
        """Whether the last look failed or hangs; `trouble` says why."""
        return self.trouble is not None

    def slot(self) -> Slot:
        """A place for one more camera."""
        made = Slot(self._rouse)
        with self._lock:
            self._slots = [*self._slots, made]
        return made

    def leave(self, slot: Slot) -> None:
        """A camera went."""
        with self._lock:
            self._slots = [each for each in self._slots if each is not slot]

    def stop(self) -> None:
        """End soon; a detector that hangs is left behind."""
        self._ended.set()
        self._wake.set()

    def _rouse(self) -> None:
        """A picture waits. Called in a camera's thread, so it is here that a hanging detector is noticed."""
        with self._lock:
            since_s = self._busy_since_s
            if since_s is not None and self._monotonic() - since_s > self._hangs_after_s:
                self._leave_behind()
        self._wake.set()

    def _leave_behind(self) -> None:
        self.failed += 1
        self._busy_since_s = None
        if self._shift > MOST_LEFT_BEHIND:
            self.trouble = "it hung again and again; restart the hub"
            self._shift += 1  # whatever still comes of the old thread is too late
            self._ended.set()
        else:
            self.trouble = "it does not answer"
            self._begin()
        log.warning("detector.hangs", after_s=self._hangs_after_s, times=self.failed)

    def _begin(self) -> None:
        self._shift += 1
        threading.Thread(target=self._run, args=(self._shift,), name=f"detector-{self._shift}", daemon=True).start()

    def _run(self, shift: int) -> None:
        pause_s = self._first_pause_s
        while not self._ended.is_set() and shift == self._shift:
            self._wake.wait(1.0)
            self._wake.clear()
            for slot in self._slots:
                if self._serve(slot, shift):
                    pause_s = self._first_pause_s
                    continue
                log.warning("detector.failed", why=self.trouble, again_in_s=round(pause_s, 1))
                self._ended.wait(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    def _serve(self, slot: Slot, shift: int) -> bool:
        """Look at what waits in a slot, if anything; False when the detector failed."""
        if self._ended.is_set() or shift != self._shift or (asked := slot.take()) is None:
            return True
        with self._lock:
            self._busy_since_s = self._monotonic()
        trouble, found = None, None
        try:
            found = self._detector.look(*asked)
        except Exception as error:  # noqa: BLE001 - watching fails open: whatever a model does, recording goes on
            trouble = type(error).__name__
        with self._lock:
            if shift != self._shift:
                return True  # it hung, and another has taken over
            self._busy_since_s = None
            self.trouble = trouble
            self.failed += trouble is not None
        if found is not None:
            slot.put(found)
        return trouble is None
