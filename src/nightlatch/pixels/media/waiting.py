"""Packets of one camera that wait to be looked at: whole key-frame intervals, or none of them.

Where looking is late it goes on at the newest key frame that has come. What is passed over is counted and, as a picture
is predicted from those before it, nothing of a broken interval is handed out: it would decode to ghosts.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from nightlatch.pixels.media.packets import Packet

LATE = 64  # packets: with more than these the newest key frame comes next
MOST_WAITING = 256  # packets: with more than these, and no key frame among them, they go until one comes


@dataclass(slots=True)
class Waiting:
    """For one thread that puts and one that takes."""

    passed_over: int = 0
    _packets: deque[tuple[Packet, bool]] = field(default_factory=deque)
    _needs_key: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._packets)

    def put(self, packet: Packet) -> int:
        """Let it wait, or pass over it; returns at once how many were passed over for it."""
        with self._lock:
            before = self.passed_over
            if self._needs_key and not packet.is_key:
                self.passed_over += 1
            else:
                self._packets.append((packet, self._needs_key))
                self._needs_key = False
                if len(self._packets) > LATE:
                    self._skip()
            return self.passed_over - before

    def take(self) -> tuple[Packet, bool] | None:
        """The next packet, and whether some between it and the one before were passed over; None when none waits."""
        with self._lock:
            return self._packets.popleft() if self._packets else None

    def skip(self) -> int:
        """Pass over all of them; nothing is handed out before the next key frame. How many they were."""
        with self._lock:
            number = len(self._packets)
            self.passed_over += number
            self._packets.clear()
            self._needs_key = True
            return number

    def forget(self) -> None:
        """Let go of all of them, as nobody wants to look any more."""
        with self._lock:
            self._packets.clear()

    def _skip(self) -> None:
        newest = max((n for n, (packet, _) in enumerate(self._packets) if packet.is_key), default=0)
        if newest:
            for _ in range(newest):
                self._packets.popleft()
            self._packets[0] = self._packets[0][0], True
            self.passed_over += newest
        elif len(self._packets) > MOST_WAITING:
            self.passed_over += len(self._packets)
            self._packets.clear()
            self._needs_key = True
