"""YOLOX and SSD together: two networks that learnt from different pictures, so that what one misses the other may see.

Both are asked about the piece of the picture around all that moves, where a small thing is large enough for them, and
now and then about the whole picture. Where both see one thing of one family, the better founded opinion stands; what
only one of them sees counts as it is. Which kinds an event is told to have is decided over all its looks (vision/vote).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, family
from nightlatch.pixels.detectors.ssd import Ssd
from nightlatch.pixels.detectors.yolox import Window, Yolox, iou, merged

AROUND = 1.5  # the piece, in widths or heights of all that moves
SMALLEST_PX = 150  # and its side: less is mush
SMALLEST_SHARE = 0.3  # of the picture's width
WHOLE_SHARE = 1 / 3  # of the looks that also see the whole picture
SAME = 0.4  # IoU above which two boxes of a family are one thing


class Both:
    """State: both networks. `look` may be called from several threads."""

    name = "both"
    kinds = Yolox.kinds

    def __init__(self, yolox: Yolox, ssd: Ssd) -> None:
        self._yolox, self._ssd = yolox, ssd
        self._dice = random.Random(0)  # not every third look: cameras take turns, and one would always get the same

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """All that either finds in `bgr`, (H, W, 3) uint8."""
        height, width = bgr.shape[:2]
        piece = window_around(regions, width, height)
        windows = [] if piece is None else [piece]
        if piece is None or self._dice.random() < WHOLE_SHARE:
            windows.append((0, 0, width, height))
        one = [each for window in windows for each in self._yolox.look_at(bgr, window)]
        two = [each for window in windows for each in self._ssd.look_at(bgr, window)]
        return fused(merged(one), merged(two))


def window_around(regions: Sequence[Box], width: int, height: int) -> Window | None:
    """The square around all that moves; None when that is about the whole picture."""
    if not regions:
        return None
    left, right = min(r.left for r in regions) * width, max(r.right for r in regions) * width
    top, bottom = min(r.top for r in regions) * height, max(r.bottom for r in regions) * height
    side = max(AROUND * (right - left), AROUND * (bottom - top), SMALLEST_PX, SMALLEST_SHARE * width)
    if side > min(width, height):
        return None
    x = int(min(max(0.0, (left + right - side) / 2), width - side))
    y = int(min(max(0.0, (top + bottom - side) / 2), height - side))
    return x, y, int(x + side), int(y + side)


def fused(one: Sequence[Detection], two: Sequence[Detection]) -> list[Detection]:
    """What either network saw; where both saw one thing of one family, the surer of the two."""
    found = list(one)
    for each in two:
        same = next(
            (n for n, o in enumerate(found) if family(o.kind) is family(each.kind) and iou(o.box, each.box) > SAME),
            None,
        )
        if same is None:
            found.append(each)
        elif each.score > found[same].score:
            found[same] = each
    return found
