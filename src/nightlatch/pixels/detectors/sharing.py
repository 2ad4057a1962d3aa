"""One detector for all cameras: each has a slot for one waiting picture, served in turn by one thread.

A camera never waits: `look` hands over the newest picture and takes what was found in the last one. A slow detector
answers late and drops what it has no time for (counted); one that crashes is tried again after growing pauses; one that
hangs is left behind with its thread, and a new thread takes over, a few times. `trouble` says why nothing is seen at
the moment. None of it reaches the recorder.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection
from nightlatch.plugs import Eye

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
HANGS_AFTER_S = 20.0  # a look takes some 0.1 s; a machine that swaps may take seconds
MOST_LEFT_BEHIND = 3  # threads that hang: none can be ended, each keeps its memory
log = structlog.get_logger()
Bgr = NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Slot:
    """One camera's place: at most one picture waits, the newest wins."""

    wake: Callable[[], None]
    looked: int = 0  # pictures that were looked at
    dropped: int = 0  # pictures passed over for newer ones
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
            self.looked += 1


class SharedDetector:
    """Serves the slots of all cameras round robin; safe to use from any thread."""

    def __init__(
        self,
        eye: Eye,
        *,
        pause_s: float = FIRST_PAUSE_S,
        hangs_after_s: float = HANGS_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._eye = eye
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
        self.gave_up = False  # it hung too often: nothing looks any more
        self._turn = 0  # the slot that comes first
        self._failed_on: tuple[Bgr, tuple[Box, ...]] | None = None
        self._begin()

    @property
    def is_blind(self) -> bool:
        """Whether the last look failed or hangs; `trouble` says why."""
        return self.trouble is not None

    @property
    def is_failing(self) -> bool:
        """Whether the last look raised; it will be tried again."""
        return self._failed_on is not None

    def slot(self) -> Slot:
        """A place for one more camera."""
        made = Slot(self._rouse)
        with self._lock:
            self._slots = [*self._slots, made]
        return made

    def leave(self, slot: Slot) -> None:
        """A camera is gone."""
        with self._lock:
            self._slots = [each for each in self._slots if each is not slot]

    def stop(self) -> None:
        """End soon; a detector that hangs is left behind."""
        self._ended.set()
        self._wake.set()

    def check(self) -> None:
        """Notice a detector that hangs, also while no picture comes."""
        with self._lock:
            since_s = self._busy_since_s
            if since_s is not None and self._monotonic() - since_s > self._hangs_after_s:
                self._leave_behind()

    def _rouse(self) -> None:
        """A picture waits. Called by those that look at cameras."""
        self.check()
        self._wake.set()

    def _leave_behind(self) -> None:
        self.failed += 1
        self._busy_since_s = None
        self._failed_on = None  # what it hung on is not tried again
        if self._shift > MOST_LEFT_BEHIND:
            self.trouble = "it hung again and again; restart the hub"
            self.gave_up = True
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
            if not self._round(shift):
                log.warning("detector.failed", why=self.trouble, again_in_s=round(pause_s, 1))
                self._ended.wait(pause_s)
                self._wake.set()
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
            elif self.trouble is None:
                pause_s = self._first_pause_s

    def _round(self, shift: int) -> bool:
        """Serve each slot once; False, at once, when the detector failed.

        After a failure the picture it failed on is tried again when no newer one waits: so we learn that it sees again
        even when nothing moves.
        """
        asked_any, turn = False, self._turn
        for slot in [*self._slots[turn:], *self._slots[:turn]]:
            if self._ended.is_set() or shift != self._shift:
                return True
            if (asked := slot.take()) is not None:
                asked_any = True
                if not self._serve(asked, slot, shift):
                    self._turn = self._slots.index(slot) + 1 if slot in self._slots else 0  # the others come first
                    return False
        if not asked_any and self._failed_on is not None:
            return self._serve(self._failed_on, None, shift)
        return True

    def _serve(self, asked: tuple[Bgr, tuple[Box, ...]], slot: Slot | None, shift: int) -> bool:
        """Look at a picture, for a slot if it is still news; False when the detector failed."""
        with self._lock:
            self._busy_since_s = self._monotonic()
        trouble, found = None, None
        try:
            found = self._eye.look(*asked)
        except Exception as error:  # noqa: BLE001 - watching fails open: whatever a model does, recording goes on
            trouble = type(error).__name__
        with self._lock:
            if shift != self._shift:
                return True  # it hung, and another has taken over
            self._busy_since_s = None
            self.trouble = trouble
            self._failed_on = asked if trouble is not None else None
            self.failed += trouble is not None
        if found is not None and slot is not None:
            slot.put(found)
        return trouble is None
