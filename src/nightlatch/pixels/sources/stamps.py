"""A camera's stamps in the order of decoding, and what the first of them are worth."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from nightlatch.pixels.sources.feed import Raw

DEEPEST = 4  # pictures that may be shown before one that was sent earlier (H.264: 4 at the sizes of cameras)
REORDER_US = 1_000_000
COUNT_US = 2_000_000  # how long pictures are counted at the outset, where stamps say nothing
SLACK_US = 250_000  # a stretch is believed if it is no longer than the time that passed, but for this
UNEVEN = 8  # times the usual step: what is longer in the first second is a jump
USABLE_US = 5_000_000  # two pictures are no further apart


class Stamps:
    """Stamps of one track in µs, in the order of decoding: (decoding, later) with `later` until it is shown.

    RTP tells only when a picture is shown. With B-pictures the order of decoding is another one: the decoding time of
    a picture is the largest stamp but `depth` that has come, `depth` being learnt (ITU-T H.264, C.4.4: as many
    pictures as may precede one in decoding order and follow it when shown).
    """

    __slots__ = ("_base", "_den", "_first", "_idle", "_largest", "_num", "_used", "depth")

    def __init__(self, pictures: Sequence[Raw] = ()) -> None:
        """`pictures` are the first that will come: with them the depth is known from the beginning."""
        self.depth = 0
        self._base: object = None
        self._num = self._den = 1
        self._largest: list[int] = []  # the largest that have come, in order
        self._first: list[int] = []  # decoding times of the pictures before enough have come
        self._used = self._idle = 0
        if pictures:
            self._learn(pictures)

    def of(self, raw: Raw) -> tuple[int | None, int]:
        """Its stamp and how much later it is shown; None where the camera says nothing."""
        if raw.base is not self._base:
            self._base = raw.base
            self._num, self._den = raw.base.numerator * 1_000_000, raw.base.denominator
        pts = raw.pts
        if raw.dts is not None:
            dts_us = raw.dts * self._num // self._den
            later_us = pts * self._num // self._den - dts_us if pts is not None else 0
            return dts_us, later_us if 0 <= later_us < 2_000_000 else 0
        if pts is None:
            return None, 0
        pts_us = pts * self._num // self._den
        largest = self._largest
        if self.depth == 0 and (not largest or pts_us >= largest[-1]):
            largest.append(pts_us)
            if len(largest) > DEEPEST + 1:
                del largest[0]
            return pts_us, 0
        dts_us = self._reordered(pts_us, raw.is_key)
        return dts_us, max(0, pts_us - dts_us)

    def _learn(self, pictures: Sequence[Raw]) -> None:
        shown_us = [sum(self.of(raw)) for raw in pictures if raw.dts is None and raw.pts is not None]  # type: ignore[arg-type]
        self._largest.clear()
        depth = self.depth
        if 0 < depth < len(shown_us):
            steps = sorted(b - a for a, b in itertools.pairwise(sorted(shown_us)))
            begins_us = min(shown_us[: depth + 1])
            self._first = [begins_us - back * steps[len(steps) // 2] for back in range(1, depth + 1)]

    def _reordered(self, pts_us: int, is_key: bool) -> int:
        largest = self._largest
        before = sum(other > pts_us for other in largest)
        if before > DEEPEST or (largest and abs(pts_us - largest[-1]) > REORDER_US):
            largest.clear()  # another clock, or back for good: nothing of the old one counts
            before = 0
        self.depth = max(self.depth, before)
        self._used = max(self._used, before)
        if is_key:
            self._idle = self._idle + 1 if self._used < self.depth else 0
            if self._idle > 3:  # it was no reordering
                self.depth = self._used
            self._used = 0
        bisect.insort(largest, pts_us)
        if len(largest) > DEEPEST + 1:
            del largest[0]
        if self._first:
            return self._first.pop()
        return largest[max(0, len(largest) - 1 - self.depth)]


@dataclass(frozen=True, slots=True)
class Outset:
    """What the first second of a camera tells about its stamps."""

    step_us: float
    scale: float = 1.0
    counted: str = ""
    is_sure: bool = True  # else more may come of what the camera had kept


def outset(stamps: Sequence[int | None], arrivals_us: Sequence[int], declared_fps: float | None) -> Outset:
    """Judge from decoding stamps and arrivals of the first pictures, those first that came in a burst left aside."""
    declared_us = 1e6 / declared_fps if declared_fps else 40_000.0
    known = [s for s in stamps if s is not None]
    usable = sorted(step for old, new in itertools.pairwise(known) if 0 < (step := new - old) < USABLE_US)
    told_us = float(usable[len(usable) // 2]) if usable else declared_us
    came, spent_us = _live(arrivals_us)
    came_us = spent_us / came if came else declared_us
    if len(usable) * 10 < 7 * (len(stamps) - 1):
        return Outset(came_us, counted=_why_useless(stamps, known), is_sure=spent_us > COUNT_US)
    if came < 4 or spent_us < 400_000:
        return Outset(told_us)
    ratio = spent_us / _told_us(stamps[-came - 1 :], told_us)
    if 0.6 <= ratio <= 1.6:
        return Outset(told_us)
    if 0.02 < ratio < 50:
        is_declared = declared_fps is not None and 0.8 < came_us / declared_us < 1.25
        return Outset(told_us * ratio, ratio, is_sure=ratio > 1 or is_declared)
    return Outset(came_us, counted="senseless")


def _live(arrivals_us: Sequence[int]) -> tuple[int, int]:
    """How many pictures came after the first tick that was no burst, and in how many µs."""
    live_us = next((at_us for at_us in arrivals_us if at_us - arrivals_us[0] > 300_000), None)
    if live_us is None:
        return 0, 0
    return sum(at_us > live_us for at_us in arrivals_us), arrivals_us[-1] - live_us


def _why_useless(stamps: Sequence[int | None], known: Sequence[int]) -> str:
    """Why pictures are counted, as `Line.counted` has it."""
    if len(known) * 2 < len(stamps):
        return "absent"
    stills = sum(old == new for old, new in itertools.pairwise(known))
    return "still" if stills * 2 > len(known) - 1 else "senseless"


def _told_us(stamps: Sequence[int | None], usual_us: float) -> float:
    """How much time stamps say has passed, jumps left aside; pictures need not come evenly."""
    told_us = 0.0
    for old, new in itertools.pairwise(stamps):
        step_us = new - old if old is not None and new is not None else 0
        told_us += min(step_us, UNEVEN * usual_us) if step_us > 0 else usual_us
    return told_us


def origin_us(stamps: Sequence[int | None], pictures: Sequence[Raw], first: Outset) -> int:
    """When the first picture belongs, so that none of them comes from the future."""
    film_us, origin_us = 0.0, pictures[0].arrival_us
    for index in range(1, len(pictures)):
        old, new = stamps[index - 1], stamps[index]
        gap_us = pictures[index].arrival_us - pictures[index - 1].arrival_us
        step_us = (new - old) * first.scale if old is not None and new is not None and not first.counted else 0.0
        film_us += step_us if 0 < step_us <= max(2 * first.step_us, gap_us + SLACK_US) else first.step_us
        origin_us = min(origin_us, pictures[index].arrival_us - round(film_us))
    return origin_us
