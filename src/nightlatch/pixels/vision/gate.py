"""Says whether anything moves, from one small grey picture after the other. Pure: no clock, no files.

Each pixel has a running average and a running noise; what differs from its average by more than its noise allows,
in a blob large enough, within the watched areas, moves. All rates are per second, not per look, so that one look a
second and fifteen see the same. Three things keep it quiet: the picture's common change of light is taken out; a
change of most of the picture that keeps its edges (a lamp, infrared) is learnt at once without opening; and what
has stood still for a while (a parked car, the place where it was) becomes background.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import Motion

LEARN_S = 20.0  # the average follows this slowly where nothing moves
NOISE_S = 60.0  # and the noise so where something does: foliage quietens
LEAST_STEP = 14.0  # grey levels
NOISES = 4.5  # times the mean deviation
SMALLEST_SHARE = 0.0008  # of the picture, a blob after blurring: a speck of two pixels stays below
SMALLEST_PIXELS = 6
STOOD_STILL_MS = 12_000.0
MOST_SHARE = 0.5  # a change of more than this at once is asked whether it is the light
SAME_EDGES = 0.35  # correlation of edges that says yes
WARM_UP_LOOKS = 3
WARM_UP_MS = 2_000

Grey = NDArray[np.uint8]
_Plane = NDArray[np.float32]


class MotionGate:
    """State for one camera; a picture of another shape starts it anew."""

    def __init__(self, areas: Sequence[Area] = ()) -> None:
        self._areas = tuple(areas)
        self._mean: _Plane | None = None
        self._noise: _Plane = np.zeros((0, 0), np.float32)
        self._last: _Plane = self._noise
        self._still_ms: _Plane = self._noise
        self._watched: NDArray[np.bool_] | None = None
        self._looks = 0
        self._began_ms = 0
        self._last_ms = 0

    def update(self, luma: Grey, at_ms: int) -> Motion:
        """What moved in `luma`, (H, W) uint8, against what was there before."""
        now = np.asarray(cv2.GaussianBlur(luma, (5, 5), 0), np.float32)
        mean = self._mean
        if mean is None or mean.shape != now.shape or at_ms < self._last_ms - 60_000:
            self._watched = _watched(self._areas, now.shape[1], now.shape[0])
            self._restart(now, at_ms)
            return Motion(at_ms, False, 0.0)
        passed_ms = min(10_000, max(1, at_ms - self._last_ms))
        self._last_ms = at_ms
        self._looks += 1
        apart = now - mean
        apart -= np.median(apart[::2, ::2])
        step = np.abs(apart)
        changed = step > np.maximum(LEAST_STEP, NOISES * self._noise)
        if self._is_light(now, mean, changed):
            self._restart(now, at_ms)
            return Motion(at_ms, False, 0.0)
        is_warm = self._looks >= WARM_UP_LOOKS and at_ms - self._began_ms >= WARM_UP_MS
        boxes, share = self._blobs(changed) if is_warm else ((), 0.0)
        self._learn(now, step, changed, passed_ms, is_warm)
        return Motion(at_ms, bool(boxes), share, boxes)

    def _restart(self, now: _Plane, at_ms: int) -> None:
        self._mean = now.copy()
        self._noise = np.full_like(now, 2.0)
        self._last = now
        self._still_ms = np.zeros_like(now)
        self._looks = 0
        self._began_ms = at_ms
        self._last_ms = at_ms

    def _is_light(self, now: _Plane, mean: _Plane, changed: NDArray[np.bool_]) -> bool:
        """Whether most of the picture changed and yet shows the same edges (or had none to lose)."""
        if float(changed.mean()) < MOST_SHARE and abs(float(np.median(now - mean))) < 3 * LEAST_STEP:
            return False
        before, after = (plane - cv2.blur(plane, (9, 9)) for plane in (mean, now))
        spread = math.sqrt(float((before * before).mean()) * float((after * after).mean()))
        return spread < 1.0 or float((before * after).mean()) / spread > SAME_EDGES

    def _learn(self, now: _Plane, step: _Plane, changed: NDArray[np.bool_], passed_ms: int, is_warm: bool) -> None:
        mean = self._mean
        if mean is None:
            return
        usual = 1.0 - math.exp(-passed_ms / 1000 / LEARN_S) if is_warm else 1.0 / (self._looks + 1)
        rare = 1.0 - math.exp(-passed_ms / 1000 / NOISE_S)
        stood = changed & (np.abs(now - self._last) < LEAST_STEP)
        self._still_ms = np.where(stood, self._still_ms + passed_ms, np.float32(0)).astype(np.float32)
        rate = np.where(changed & is_warm, np.float32(0), np.float32(usual))
        rate[self._still_ms >= STOOD_STILL_MS] = 1.0
        mean += rate * (now - mean)
        self._noise += np.where(changed, np.float32(rare), np.float32(usual)) * (step - self._noise)
        self._last = now

    def _blobs(self, changed: NDArray[np.bool_]) -> tuple[tuple[Box, ...], float]:
        """Boxes of the blobs that count, and their share of the watched picture."""
        mask = (changed & self._watched if self._watched is not None else changed).astype(np.uint8)
        height, width = mask.shape
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        least = max(SMALLEST_PIXELS, SMALLEST_SHARE * width * height)
        pixels = 0
        boxes = []
        for left, top, across, down, size in stats[1:count].tolist():
            if size >= least:
                pixels += size
                boxes.append(Box(left / width, top / height, (left + across) / width, (top + down) / height))
        whole = int(self._watched.sum()) if self._watched is not None else width * height
        return tuple(boxes), min(1.0, pixels / max(1, whole))


def _watched(areas: Sequence[Area], width: int, height: int) -> NDArray[np.bool_] | None:
    """Where motion counts: inside any watch area (or everywhere without one) and outside all ignore areas."""
    if not areas:
        return None
    has_watch = any(area.use == "watch" for area in areas)
    mask = np.zeros((height, width), np.uint8) if has_watch else np.ones((height, width), np.uint8)
    for use, value in (("watch", 1), ("ignore", 0)):
        for area in areas:
            if area.use == use and len(area.points) >= 3:
                points = [[round(x * (width - 1)), round(y * (height - 1))] for x, y in area.points]
                cv2.fillPoly(mask, [np.array(points, np.int32)], value)
    return mask.astype(np.bool_)
