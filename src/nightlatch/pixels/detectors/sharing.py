"""One detector for all cameras: each has a slot for one waiting picture, served in turn by a thread of its own.

A camera never waits: `look` hands over the newest picture and takes what was found in the last one. A slow detector
answers late and drops what it has no time for (counted); a crashing one is tried again with growing pauses; one that
hangs leaves its thread behind. None of it reaches the recorder.
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
    """Serves the slots of all cameras round robin."""

    def __init__(self, detector: Look, *, pause_s: float = FIRST_PAUSE_S) -> None:
        self._detector = detector
        self._first_pause_s = pause_s
        self._slots: list[Slot] = []
        self._wake = threading.Event()
        self._stopping = False
        self.failed = 0
        self.trouble: str | None = None  # why nothing is found at the moment
        self._thread = threading.Thread(target=self._run, name="detector", daemon=True)
        self._thread.start()

    def slot(self) -> Slot:
        """A place for one more camera."""
        made = Slot(self._wake.set)
        self._slots = [*self._slots, made]
        return made

    def leave(self, slot: Slot) -> None:
        """A camera went."""
        self._slots = [each for each in self._slots if each is not slot]

    def stop(self) -> None:
        """End soon; a detector that hangs is left behind."""
        self._stopping = True
        self._wake.set()

    def _run(self) -> None:
        pause_s = self._first_pause_s
        while not self._stopping:
            self._wake.wait(1.0)
            self._wake.clear()
            for slot in self._slots:
                asked = slot.take()
                if asked is None:
                    continue
                try:
                    slot.put(self._detector.look(*asked))
                    pause_s, self.trouble = self._first_pause_s, None
                except Exception as error:  # noqa: BLE001 - watching fails open: whatever a model does, recording goes on
                    self.failed += 1
                    self.trouble = type(error).__name__
                    log.warning("detector.failed", error=type(error).__name__, again_in_s=round(pause_s, 1))
                    time.sleep(pause_s)
                    pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
