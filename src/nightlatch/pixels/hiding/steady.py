"""Holds a camera still that shakes a little, and says when it moves more than that. Pure.

Pictures are shifted back to where the first one was, by phase correlation of small grey ones; what comes in from
outside is grey. It only shifts: a camera that turns, tilts or is carried about is not held still by that, and the film
is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

# On static cameras (six of ../shared/data/videos) looks are apart by 0.0 to 0.4 pixels of a small picture, two seconds
# apart by up to 1.4; on hand-held ones by 1 to 8 and by 1 to 28.
STILL_PX = 0.7  # less is left alone
MOVED_PX = 1.5
MOST_SHARE = 0.12  # of the width: a camera that is further away looks at something else
PARTS = (2, 4)  # rows and columns that are asked one by one
PLAIN = 3.0  # standard deviation, below which a part shows nothing
SAME_PX = 1.0
MOST_PARTS = 0.5
CLEAR = 0.05  # response of the correlation, below which it says nothing
FAR = 10  # looks between two that are compared
MOST_MOVED = 0.2  # of the looks
OUTSIDE = (96, 96, 96)
Image = NDArray[np.uint8]
Grey = NDArray[np.float32]


class Steady:
    """State: the first picture."""

    def __init__(self) -> None:
        self._first: Grey | None = None
        self._window: Grey | None = None

    def held(self, bgr: Image, small: Image) -> tuple[Image, Image]:
        """Both pictures, (H, W, 3) and (h, w), where the first ones were."""
        now = np.asarray(small, np.float32)
        if self._first is None:
            self._first = now
            self._window = np.asarray(cv2.createHanningWindow((now.shape[1], now.shape[0]), cv2.CV_32F), np.float32)
            return bgr, small
        way, response = _way(self._first, now, self._window)
        far = max(abs(way[0]), abs(way[1]))
        if response < CLEAR or not STILL_PX <= far <= MOST_SHARE * now.shape[1]:
            return bgr, small
        if not _is_everywhere(self._first, now, way):
            return bgr, small
        return _shifted(bgr, way, bgr.shape[1] / small.shape[1]), _shifted(small, way, 1.0)


def _is_everywhere(a: Grey, b: Grey, way: Sequence[float]) -> bool:
    """Whether most parts of the picture that show anything moved that way: if not, it was somebody large, no camera."""
    height, width = a.shape
    agree = shown = 0
    for rows in np.array_split(np.arange(height), PARTS[0]):
        for columns in np.array_split(np.arange(width), PARTS[1]):
            part = np.ix_(rows, columns)
            if float(a[part].std()) < PLAIN:
                continue
            shown += 1
            window = cv2.createHanningWindow((len(columns), len(rows)), cv2.CV_32F)
            here, _ = _way(a[part], b[part], np.asarray(window, np.float32))
            agree += max(abs(here[0] - way[0]), abs(here[1] - way[1])) <= SAME_PX
    return agree > MOST_PARTS * shown


def _way(a: Grey, b: Grey, window: Grey | None) -> tuple[Sequence[float], float]:
    """From `a` to `b`, in pixels, and how sure that is. OpenCV writes into what it is given: these are copies."""
    return cv2.phaseCorrelate(a.copy(), b.copy(), window)


def _shifted(picture: Image, way: Sequence[float], scale: float) -> Image:
    """The picture, moved back by `way`."""
    back = np.array([[1, 0, -way[0] * scale], [0, 1, -way[1] * scale]], np.float64)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, back, size, borderValue=OUTSIDE), np.uint8)


def first_moved(small: Sequence[Image]) -> int | None:
    """The first look at which the camera moves, though it was held; None where it stands still nearly all the time."""
    if len(small) < 2:
        return None
    shape = (small[0].shape[1], small[0].shape[0])
    window = np.asarray(cv2.createHanningWindow(shape, cv2.CV_32F), np.float32)
    greys = [np.asarray(each, np.float32) for each in small]
    moved: set[int] = set()
    for apart in (1, FAR):
        for k in range(apart, len(greys)):
            way, response = _way(greys[k - apart], greys[k], window)
            is_far = response >= CLEAR and max(abs(way[0]), abs(way[1])) > MOVED_PX
            if is_far and _is_everywhere(greys[k - apart], greys[k], way):
                moved.add(k)
    return min(moved) if len(moved) > MOST_MOVED * len(small) else None
