"""Says what moves, from one small grey picture after the other. Pure: no clock, no files.

Each pixel has a running average and a running noise; what differs from its average by more than its noise allows, in a
blob large enough, within the watched areas, has changed; what also differs from half a second ago moves. All rates are
per second, not per look, so that one look a second and fifteen see the same. What keeps it quiet: the picture's common
change of light is taken out; a change of most of the picture that keeps its edges (a lamp, infrared) is learnt at once;
a smooth change of brightness is light, not a thing; the text of a clock is recognised by its ticking; what has stood
still (a parked car, or the place that it left) does not move and becomes background.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import Motion
from nightlatch.pixels.vision.areas import watched

# Set by hand on the rendered films of bench/sight (visits, and hard negatives: rain, snow, insects, headlights,
# curtains, lamps, infrared, a shaken camera, shadows), except where a figure is given.
LEARN_S = 20.0  # the average follows this slowly where nothing moves
NOISE_S = 60.0  # and the noise so where something does: foliage quietens
LEAST_STEP = 14.0  # grey levels: what differs by less has not changed, however little noise there is
NOISES = 4.5  # times the mean deviation: nor has what differs by less than this
SMALLEST_SHARE = 0.0004  # of the picture, a blob after blurring: a speck of two pixels stays below
SMALLEST_PIXELS = 12  # and in no picture fewer than these
STOOD_STILL_MS = 12_000.0  # what has changed and stood still for so long becomes background
MOST_SHARE = 0.5  # of the picture: a change of more than this at once may be the light
SAME_EDGES = 0.35  # and is, when the edges before and after correlate by this much
WARM_UP_LOOKS = 3  # nothing moves until a background has seen so many looks
WARM_UP_MS = 2_000  # and is so old
FIRST_LOOKS = 4  # of a camera, and its first three seconds: noise is learnt quickly, foliage and clock included,
FIRST_MS = 3_000  # and nothing moves yet
BEFORE_MS = 400  # what moves differs from the picture this long ago, or longer
ALIVE_SHARE = 0.04  # of a blob's pixels
TEXT_MARGIN = 0.14  # on-screen clocks stand this near to the upper or lower edge, in heights
TEXT_HEIGHT = 0.10  # and are no taller
TICKING = 0.25  # share of seconds in which text must have changed to be a clock's
TICK_S = 30.0
SHAKE_SHARE = 0.02  # of the picture must have changed before it is asked whether the camera was shaken
LEAST_SHAKE, MOST_SHAKE = 0.2, 14.0  # pixels
STEADIED = 0.6  # of what had changed may be left when it is held still
CROWD = 9  # more specks than this at once are weather; only blobs count
CROWD_TIMES = 4.0  # that are so much larger than their median
FLIPS = 5.0  # times that a pixel has changed and changed back in the last while: a leaf, a branch
FLIPS_S = 15.0
RESTLESS_S = 6.0  # the noise of those is learnt so quickly
LIT_SHARE = 0.015  # of the picture: smaller blobs are not asked whether they are only lit
LIT_FLOOR = 16.0  # grey levels added before dividing, for the noise of the dark
SOFT_RIM = 0.1  # per pixel, of the change inside: light ends softly (0.08 at most measured), things do not (0.15)

Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.uint8]  # 0 or 255, as OpenCV wants it


@dataclass(frozen=True, slots=True)
class _Blob:
    left: int
    top: int
    right: int
    bottom: int
    size: int


class Background:
    """State for one camera; a picture of another shape starts it anew."""

    def __init__(self, areas: Sequence[Area] = ()) -> None:
        self._areas = tuple(areas)
        self._mean: Plane | None = None
        self._noise: Plane = np.zeros((0, 0), np.float32)
        self._allowed: Plane = self._noise  # how far a pixel may be from its average
        self._had_changed = False
        self._changed: Mask = np.zeros((0, 0), np.uint8)
        self._flips: Plane = self._noise
        self._last: Plane = self._noise
        self._still_ms: Plane = self._noise
        self._ticks: Plane = self._noise  # how often the text margins change
        self._newer: Plane = self._noise
        self._older: Plane = self._noise
        self._newer_ms = 0
        self._watched: Mask | None = None
        self._looks = 0  # since it began anew
        self._looked = 0  # in all
        self._first_ms = 0
        self._began_ms = 0
        self._last_ms = 0

    @property
    def is_learning(self) -> bool:
        """Whether this camera was only just begun with: nothing moves yet."""
        return self._looked <= FIRST_LOOKS or self._last_ms - self._first_ms < FIRST_MS

    def update(self, luma: Grey, at_ms: int) -> Motion:
        """What moved in `luma`, (H, W) uint8, against what was there before; learns from it."""
        now = np.asarray(cv2.GaussianBlur(luma, (5, 5), 0), np.float32)
        mean = self._mean
        if mean is None or mean.shape != now.shape or at_ms < self._last_ms - 60_000:
            self._watched = watched(self._areas, now.shape[1], now.shape[0])
            self._ticks = np.zeros_like(now)
            self._looked = 0
            self._first_ms = at_ms
            self._restart(now, at_ms)
            return Motion(at_ms, False, 0.0)
        passed_ms = min(10_000, max(1, at_ms - self._last_ms))
        self._last_ms = at_ms
        self._looks += 1
        self._looked += 1
        now, step, changed = self._compare(now, mean)
        if self._is_light(now, mean, changed):
            self._restart(now, at_ms)
            return Motion(at_ms, False, 0.0)
        is_warm = self._looks >= WARM_UP_LOOKS and at_ms - self._began_ms >= WARM_UP_MS
        motion = (
            self._judge(now, mean, changed, self._older, at_ms)
            if is_warm and not self.is_learning
            else Motion(at_ms, False, 0.0)
        )
        self._learn(now, mean, step, changed, passed_ms, is_warm)
        if at_ms - self._newer_ms >= BEFORE_MS:
            self._older, self._newer, self._newer_ms = self._newer, now, at_ms
        return motion

    def peek(self, luma: Grey, at_ms: int) -> Motion:
        """The same for a picture from the past, between two that were learnt; learns nothing."""
        now = np.asarray(cv2.GaussianBlur(luma, (5, 5), 0), np.float32)
        mean = self._mean
        if mean is None or mean.shape != now.shape or self.is_learning:
            return Motion(at_ms, False, 0.0)
        now, _, changed = self._compare(now, mean)
        if cv2.countNonZero(changed) >= MOST_SHARE * changed.size:
            return Motion(at_ms, False, 0.0)
        return self._judge(now, mean, changed, mean, at_ms)

    def _compare(self, now: Plane, mean: Plane) -> tuple[Plane, Plane, Mask]:
        """The picture, its distance from what was usual, and where that is too far; a shaken camera is held still."""
        step = _apart(now, mean)
        changed = _above(step, self._allowed)
        count = cv2.countNonZero(changed)
        if count < SHAKE_SHARE * now.size:
            return now, step, changed
        # copies: OpenCV multiplies the window into its arguments where their size suits its transform
        (x, y), _ = cv2.phaseCorrelate(mean.copy(), now.copy(), _window(now.shape[0], now.shape[1]))
        if not LEAST_SHAKE <= max(abs(x), abs(y)) <= MOST_SHAKE:
            return now, step, changed
        back = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
        size = (now.shape[1], now.shape[0])
        steady = np.asarray(cv2.warpAffine(now, back, size, borderMode=cv2.BORDER_REPLICATE), np.float32)
        held = _apart(steady, mean)
        differs = _above(held, self._allowed)
        edge = math.ceil(max(abs(x), abs(y))) + 1
        differs[:edge], differs[-edge:], differs[:, :edge], differs[:, -edge:] = 0, 0, 0, 0
        return (steady, held, differs) if cv2.countNonZero(differs) < STEADIED * count else (now, step, changed)

    def _restart(self, now: Plane, at_ms: int) -> None:
        self._mean = now.copy()
        self._noise = np.full_like(now, 2.0)
        self._allowed = np.full_like(now, LEAST_STEP)
        self._last = self._newer = self._older = now
        self._still_ms = np.zeros_like(now)
        self._changed = np.zeros(now.shape, np.uint8)
        self._flips = np.zeros_like(now)
        self._looks = 0
        self._began_ms = self._newer_ms = at_ms
        self._last_ms = at_ms

    def _is_light(self, now: Plane, mean: Plane, changed: Mask) -> bool:
        """Whether most of the picture changed and yet shows the same edges (or had none to lose)."""
        most = MOST_SHARE * now.size
        if cv2.countNonZero(changed) < most and cv2.countNonZero(_above(_differ(now, mean), LEAST_STEP)) < most:
            return False
        before, after = (plane - cv2.blur(plane, (9, 9)) for plane in (mean, now))
        spread = math.sqrt(float((before * before).mean()) * float((after * after).mean()))
        return spread < 1.0 or float((before * after).mean()) / spread > SAME_EDGES

    def _learn(self, now: Plane, mean: Plane, step: Plane, changed: Mask, passed_ms: int, is_warm: bool) -> None:
        """Take the picture into the averages: quickly at first, then slowly, and not where something has changed."""
        usual = _rate(passed_ms, LEARN_S) if is_warm else 1.0 / (self._looks + 1)
        same = cv2.bitwise_not(changed)
        cv2.accumulateWeighted(now, mean, usual, mask=same if is_warm else None)
        cv2.accumulateWeighted(step, self._noise, usual, mask=same)
        moved = _differ(now, self._last)
        self._flips *= np.float32(1.0 - _rate(passed_ms, FLIPS_S))
        flipped = changed ^ self._changed
        place = _around(flipped)
        self._flips[place] += flipped[place] > 0
        self._changed = changed
        if cv2.countNonZero(changed):
            self._doubt(now, mean, step, changed, moved, passed_ms)
        elif self._had_changed:
            self._still_ms[:] = 0
        self._had_changed = cv2.countNonZero(changed) > 0
        np.maximum(np.multiply(self._noise, np.float32(NOISES), out=self._allowed), LEAST_STEP, out=self._allowed)
        cv2.threshold(moved, LEAST_STEP / 2, 1.0, cv2.THRESH_BINARY, dst=moved)  # 1 where it ticked
        cv2.accumulateWeighted(moved, self._ticks, max(_rate(passed_ms, TICK_S), 1.0 / (self._looked + 1)))
        self._last = now

    def _doubt(self, now: Plane, mean: Plane, step: Plane, changed: Mask, moved: Plane, passed_ms: int) -> None:
        """Learn slowly where something has changed, sooner what is restless, and at once what has stood for long."""
        place = _around(changed)  # nothing outside has a part in it
        noise, changed = self._noise[place], changed[place]
        rare = max(_rate(passed_ms, NOISE_S), 1.0 / (self._looked + 1) if self.is_learning else 0.0)
        cv2.accumulateWeighted(step[place], noise, rare, mask=changed)
        restless = cv2.dilate(_above(self._flips[place], FLIPS), np.ones((5, 5), np.uint8))
        cv2.accumulateWeighted(
            step[place], noise, _rate(passed_ms, RESTLESS_S), mask=cv2.bitwise_and(restless, changed)
        )
        stood = cv2.bitwise_and(changed, _above(moved[place], LEAST_STEP) ^ 255) > 0
        still_ms = np.where(stood, self._still_ms[place] + np.float32(passed_ms), np.float32(0))
        self._still_ms[:] = 0
        self._still_ms[place] = still_ms
        learnt = still_ms >= STOOD_STILL_MS
        if learnt.any():
            mean[place][learnt] = now[place][learnt]

    def _judge(self, now: Plane, mean: Plane, changed: Mask, older: Plane, at_ms: int) -> Motion:
        """Boxes of the blobs that move, and their share of the watched picture."""
        height, width = now.shape
        counted = changed & self._watched if self._watched is not None else changed
        pixels = 0
        boxes = []
        for blob in _blobs(counted, now, older):
            if self._is_text(blob) or _is_lit(now, mean, changed, blob):
                continue
            pixels += blob.size
            boxes.append(Box(blob.left / width, blob.top / height, blob.right / width, blob.bottom / height))
        whole = cv2.countNonZero(self._watched) if self._watched is not None else width * height
        return Motion(at_ms, bool(boxes), min(1.0, pixels / max(1, whole)), tuple(boxes))

    def _is_text(self, blob: _Blob) -> bool:
        """Whether it lies in a line near the edge in which something ticks every second or so."""
        height = self._ticks.shape[0]
        margin = TEXT_MARGIN * height
        if blob.bottom - blob.top > TEXT_HEIGHT * height or (margin < blob.top and blob.bottom < height - margin):
            return False
        line = self._ticks[max(0, blob.top - 1) : blob.bottom + 1]
        return int((line > TICKING).sum()) >= 2


def _apart(now: Plane, mean: Plane) -> Plane:
    """Distance of each pixel from its average, without what the whole picture has in common."""
    apart = np.asarray(cv2.subtract(now, mean), np.float32)
    common = float(np.median(apart[::4, ::4]))
    apart -= np.float32(common)
    return np.asarray(np.abs(apart, out=apart), np.float32)


@cache
def _window(height: int, width: int) -> Plane:
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)


def _around(mask: Mask) -> tuple[slice, slice]:
    """Where it is not 0, and two pixels more on each side."""
    x, y, wide, high = cv2.boundingRect(mask)
    return slice(max(0, y - 2), y + high + 2), slice(max(0, x - 2), x + wide + 2)


def _differ(a: Plane, b: Plane) -> Plane:
    return np.asarray(cv2.absdiff(a, b), np.float32)


def _above(plane: Plane, limit: Plane | float) -> Mask:
    return np.greater(plane, limit).view(np.uint8) * np.uint8(255)


def _rate(passed_ms: int, slow_s: float) -> float:
    return 1.0 - math.exp(-passed_ms / 1000 / slow_s)


def _blobs(counted: Mask, now: Plane, older: Plane) -> list[_Blob]:
    """Blobs of changed pixels that are large enough and of which some differ from half a second ago."""
    height, width = counted.shape
    least = max(SMALLEST_PIXELS, SMALLEST_SHARE * width * height)
    if cv2.countNonZero(counted) < least / 2:
        return []
    # only where something changed: a third of the price where that is little more than a clock, and the same blobs
    place = _around(counted)
    y, x = place[0].start, place[1].start
    mask = cv2.morphologyEx(counted[place], cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    now, older = now[place], older[place]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    sizes = [size for size in stats[1:count, cv2.CC_STAT_AREA].tolist() if size >= least / 2]
    if len(sizes) > CROWD:
        least = max(least, CROWD_TIMES * median(sizes))
    for number, (left, top, across, down, size) in enumerate(stats[1:count].tolist(), start=1):
        if size < least:
            continue
        place = (slice(top, top + down), slice(left, left + across))
        moves = np.abs(now[place] - older[place]) > LEAST_STEP
        if int(((labels[place] == number) & moves).sum()) >= max(2.0, ALIVE_SHARE * size):
            found.append(_Blob(x + left, y + top, x + left + across, y + top + down, size))
    return found


def _is_lit(now: Plane, mean: Plane, changed: Mask, blob: _Blob) -> bool:
    """Whether a large blob is only lit differently: new over old is smooth there, and most of its rim is soft."""
    height, width = now.shape
    if blob.size < LIT_SHARE * width * height:
        return False
    place = (slice(max(0, blob.top - 4), blob.bottom + 4), slice(max(0, blob.left - 4), blob.right + 4))
    gain = cv2.blur(np.log((now[place] + LIT_FLOOR) / (mean[place] + LIT_FLOOR)), (3, 3))
    inside = cv2.morphologyEx(changed[place], cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8)) - cv2.erode(inside, np.ones((3, 3), np.uint8))
    rim[0], rim[-1], rim[:, 0], rim[:, -1] = 0, 0, 0, 0
    if not rim.any():
        return False
    slope_y, slope_x = np.gradient(gain)
    slope = float(np.median(np.hypot(slope_y, slope_x)[rim > 0]))
    return bool(slope < SOFT_RIM * float(np.abs(gain[inside > 0]).mean()))
