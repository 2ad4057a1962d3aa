"""Decides when a camera is worth decoding: asleep on key frames, awake in doubt, open when something surely moves.

Pure. One look that moves wakes; it takes looks that belong together (the same thing, a little further) to open. That
keeps rain, insects and glitches out, and costs no time: the pictures between the key frames are looked at afterwards.
What moves in a skim between key frames is a hint to look at once; hints never open anything, and those that came to
nothing never cost more than `HINT_SHARE` of what decoding everything would.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Motion
from nightlatch.pixels.vision.boxes import area_of

DOUBT_MS = 1_500  # awake for this long after a look that moved
CHAIN_MS = 2_200  # looks further apart do not belong together
SKIPPED = 2  # nor do those with more looks between them in which it was not
CHAIN = 3  # looks that belong together and open
RARE_MS = 700  # or two, where looks are this far apart: a glitch is gone by then
LARGE_SHARE = 0.03  # or if this much of the picture moved
SMALL_SHARE = 0.003  # boxes smaller than this take one look more
FASTEST = 0.9  # picture widths per second
STRAY = 0.03  # how far a thing may be from where it was going, in picture widths
TURN = 0.5  # and this much of the way it went
HINT_DOUBT_MS = 700  # awake for this long after a hint
HINT_SHARE = 0.07  # of all packets may be decoded for hints that come to nothing
HINT_SAVED = 150.0  # packets that may be saved up for it
MOST_BOXES = 12  # the largest of a look


@dataclass(frozen=True, slots=True)
class _Hit:
    at_ms: int
    box: Box
    chain: int
    onset_ms: int
    speed: tuple[float, float] | None = None  # picture sizes per second

    def leads_to(self, box: Box, at_ms: int) -> bool:
        """Whether the same thing can be at `box` later: near enough at first, then where it was going."""
        passed_s = (at_ms - self.at_ms) / 1000
        reach, (ahead_x, ahead_y) = FASTEST * passed_s, (0.0, 0.0)
        if self.speed is not None:
            ahead_x, ahead_y = self.speed[0] * passed_s, self.speed[1] * passed_s
            reach = STRAY + TURN * math.hypot(ahead_x, ahead_y)
        across = max(self.box.left + ahead_x, box.left) - min(self.box.right + ahead_x, box.right)
        down = max(self.box.top + ahead_y, box.top) - min(self.box.bottom + ahead_y, box.bottom)
        return max(across, down) <= reach


class Gate:
    """State for one camera; the same looks and packets give the same answers."""

    def __init__(self) -> None:
        self._hits: list[_Hit] = []
        self._awake_until_ms: int | None = None
        self._looks_ms: deque[int] = deque(maxlen=SKIPPED + 1)
        self._saved = 0.0

    def weigh(self, motion: Motion) -> int | None:
        """When it began, if by now something surely moves; None while it does not or may be a glitch."""
        oldest_ms = max(self._looks_ms[0] if self._looks_ms else 0, motion.at_ms - CHAIN_MS)
        self._hits = [hit for hit in self._hits if oldest_ms <= hit.at_ms <= motion.at_ms]
        looked_ms = self._looks_ms[-1] if self._looks_ms else None
        self._looks_ms.append(motion.at_ms)
        if not motion.moving:
            return None
        self._awake_until_ms = motion.at_ms + DOUBT_MS
        is_rare = looked_ms is not None and motion.at_ms - looked_ms >= RARE_MS
        enough = 2 if is_rare or motion.share >= LARGE_SHARE else CHAIN
        boxes = sorted(motion.boxes, key=lambda b: (-area_of(b), b.left, b.top))[:MOST_BOXES]
        found = [self._chain(box, motion.at_ms) for box in boxes]
        self._hits += found
        sure = (hit.onset_ms for hit in found if hit.chain >= enough + (area_of(hit.box) < SMALL_SHARE))
        onset_ms = min(sure, default=None)
        if onset_ms is not None:
            self._saved = HINT_SAVED
        return onset_ms

    def is_in_doubt(self, at_ms: int) -> bool:
        """Whether something moved so lately that the next pictures matter."""
        return self._awake_until_ms is not None and -DOUBT_MS <= at_ms - self._awake_until_ms < 0

    def trusts_hints(self, unseen: int) -> bool:
        """Whether hints were right so often that `unseen` packets may be decoded for the next; once a packet."""
        self._saved = min(HINT_SAVED, self._saved + HINT_SHARE)
        return self._saved >= unseen

    def is_hint(self, motion: Motion, unseen: int) -> bool:
        """Whether a skim, in which this moves, is worth decoding the `unseen` packets now."""
        if not motion.moving:
            return False
        self._saved -= unseen
        self._awake_until_ms = motion.at_ms + HINT_DOUBT_MS
        return True

    def _chain(self, box: Box, at_ms: int) -> _Hit:
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        best: _Hit | None = None
        for hit in self._hits:
            if hit.at_ms < at_ms and (best is None or hit.chain >= best.chain) and hit.leads_to(box, at_ms):
                best = hit
        if best is None:
            return _Hit(at_ms, box, 1, at_ms)
        passed_s = (at_ms - best.at_ms) / 1000
        speed = (
            (x - (best.box.left + best.box.right) / 2) / passed_s,
            (y - (best.box.top + best.box.bottom) / 2) / passed_s,
        )
        return _Hit(at_ms, box, best.chain + 1, best.onset_ms, speed)
