"""Decides when a camera is worth decoding: asleep on key frames, awake in doubt, open when something surely moves.

Pure. One look that moves wakes; it takes looks that belong together (the same thing, a little further) to open. That
keeps rain, insects and glitches out, and costs no time: the pictures between the key frames are looked at afterwards.
What moves in one place again and again and goes nowhere, like a branch, becomes a habit of that place: it neither wakes
nor opens until it leaves the place. Whoever passes through takes the habit away for some minutes. What moves in a skim
between key frames is a hint to look at once; hints never open anything, and those that come to nothing never cost more
than `HINT_SHARE` of what decoding everything would.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Motion
from nightlatch.pixels.vision.boxes import area_of, middle

# Set by hand on the rendered films of bench/sight (visits with exact truth, hard negatives), except where a figure is
# given.
DOUBT_MS = 1_500  # awake for this long after a look that moved
CHAIN_MS = 2_200  # looks further apart than this do not belong together
SKIPPED = 2  # nor do looks with more than this many between them in which it was not
CHAIN = 3  # looks that belong together and open
RARE_MS = 700  # two are enough where looks are this far apart: a glitch is gone by then
LARGE_SHARE = 0.03  # or if this much of the picture moved,
# but not so much: shadows and lamps last for two looks. Hard negatives, gate alone: 13 → 11 events in 24 minutes, and
# the same visits found as quickly.
HUGE_SHARE = 0.15
SMALL_SHARE = 0.0015  # boxes smaller than this take one look more
ENTRANCE = 0.1  # picture widths from a side: what comes in there and goes on inwards takes one look less,
ALONE = 2  # if no more than so many things move: a shaken camera moves many
FASTEST = 0.9  # picture widths per second
STRAY = 0.03  # how far a thing may be from where it was going, in picture widths
TURN = 0.5  # and this much of the way it went
# Skims between key frames. Composed films with a key frame every 2 s: a quiet camera costs 64 → 29 CPU s an hour, and
# 8 of 8 visits are found instead of 7.
HINT_DOUBT_MS = 700  # awake for this long after a hint
HINT_SHARE = 0.07  # of all packets may be decoded for hints that come to nothing
HINT_SAVED = 150.0  # packets that may be saved up for it
# Habits of a place. Hard negatives, gate alone: 16 → 13 events in 24 minutes (branches 4 → 1), the same visits found.
CELLS_ACROSS, CELLS_DOWN = 32, 18
AGAIN_MS = 800  # motion in a cell counts once more after so long without any
HABIT = 2.0  # times that make a habit
PASSED = -60.0  # where something has passed counting begins here: who walked there and stays is news for some minutes
HABIT_S = 300.0  # that a time counts for
HABIT_SHARE = 0.75  # of a box's cells must have the habit
HABIT_LARGE = 0.03  # of the picture: what is larger is never a habit
PASSES = 0.25  # picture widths: what goes this far passes
LONGEST_PATH = 200  # looks
STRAIGHT = 1.5  # times the distance that the way of what passes may be long
MOST_BOXES = 12  # the largest of a look


@dataclass(frozen=True, slots=True)
class _Hit:
    at_ms: int
    box: Box
    chain: int
    onset_ms: int
    speed: tuple[float, float] | None = None  # picture sizes per second
    path: tuple[Box, ...] = ()  # where it was
    way: float = 0.0  # how far it went, in picture sizes

    @property
    def passes(self) -> bool:
        """Whether it has gone some way, without hopping to and fro."""
        far = math.dist(middle(self.box), middle(self.path[0]))
        return far >= PASSES and self.way <= STRAIGHT * far

    @property
    def enters(self) -> bool:
        """Whether it came in at a side of the picture and went on inwards, look by look."""
        first, last = self.path[0], self.path[-1]
        if len(self.path) < 2:
            return False
        if first.left <= ENTRANCE and first.left < last.left:
            return all(a.right < b.right for a, b in pairwise(self.path))
        return first.right >= 1 - ENTRANCE and all(b.left < a.left for a, b in pairwise(self.path))

    @property
    def extra(self) -> int:
        """Looks that it takes more, for what is small, or less, for what comes in at a side."""
        return 1 if area_of(self.box) < SMALL_SHARE else -self.enters

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


class Habits:
    """Where something moves again and again and goes nowhere; state for one camera."""

    def __init__(self) -> None:
        self._times = np.zeros((CELLS_DOWN, CELLS_ACROSS), np.float32)
        self._moved_ms = np.zeros((CELLS_DOWN, CELLS_ACROSS), np.int64)
        self._at_ms = 0

    def learn(self, boxes: Sequence[Box], at_ms: int) -> None:
        """Take the next look; one from the past teaches nothing."""
        if at_ms <= self._at_ms:
            return
        self._times *= np.float32(math.exp((self._at_ms - at_ms) / 1000 / HABIT_S))
        self._at_ms = at_ms
        for box in boxes:
            moved = self._moved_ms[_cells(box)]
            self._times[_cells(box)] += at_ms - moved >= AGAIN_MS
            moved[:] = at_ms

    def forget(self, boxes: Sequence[Box]) -> None:
        """Something passed here."""
        for box in boxes:
            self._times[_cells(box)] = PASSED

    def has(self, box: Box) -> bool:
        """Whether what moves there is a habit."""
        return area_of(box) < HABIT_LARGE and float((self._times[_cells(box)] >= HABIT).mean()) >= HABIT_SHARE


def _cells(box: Box) -> tuple[slice, slice]:
    down = slice(min(CELLS_DOWN - 1, int(box.top * CELLS_DOWN)), math.ceil(box.bottom * CELLS_DOWN))
    return down, slice(min(CELLS_ACROSS - 1, int(box.left * CELLS_ACROSS)), math.ceil(box.right * CELLS_ACROSS))


class Gate:
    """State for one camera; the same looks and packets give the same answers."""

    def __init__(self) -> None:
        self._hits: list[_Hit] = []
        self._habits = Habits()
        self._awake_until_ms: int | None = None
        self._looks_ms: deque[int] = deque(maxlen=SKIPPED + 1)
        self._saved = 0.0

    def news(self, motion: Motion) -> Motion:
        """The motion without what is a habit of its place."""
        boxes = tuple(box for box in motion.boxes if not self._habits.has(box))
        if len(boxes) == len(motion.boxes):
            return motion
        left = sum(map(area_of, boxes)) / max(1e-9, sum(map(area_of, motion.boxes)))
        return Motion(motion.at_ms, bool(boxes), motion.share * left, boxes)

    def learn(self, motion: Motion) -> None:
        """Take what moves in the next look as a habit of its places."""
        self._habits.learn(motion.boxes, motion.at_ms)

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
        enough = 2 if is_rare or LARGE_SHARE <= motion.share < HUGE_SHARE else CHAIN
        boxes = sorted(motion.boxes, key=lambda b: (-area_of(b), b.left, b.top))[:MOST_BOXES]
        found = [self._chain(box, motion.at_ms) for box in boxes]
        self._hits += found
        for hit in found:
            if hit.passes:
                self._habits.forget(hit.path)
        is_alone = len(boxes) <= ALONE
        sure = (hit.onset_ms for hit in found if hit.chain >= enough + (hit.extra if is_alone else max(0, hit.extra)))
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
        x, y = middle(box)
        best: _Hit | None = None
        for hit in self._hits:
            if hit.at_ms < at_ms and (best is None or hit.chain >= best.chain) and hit.leads_to(box, at_ms):
                best = hit
        if best is None:
            return _Hit(at_ms, box, 1, at_ms, path=(box,))
        passed_s = (at_ms - best.at_ms) / 1000
        from_x, from_y = middle(best.box)
        way = best.way + math.dist((x, y), (from_x, from_y))
        speed = ((x - from_x) / passed_s, (y - from_y) / passed_s)
        if len(best.path) >= LONGEST_PATH:
            return _Hit(at_ms, box, best.chain + 1, best.onset_ms, speed, (box,))
        return _Hit(at_ms, box, best.chain + 1, best.onset_ms, speed, (*best.path, box), way)
