"""Notices that a camera was moved: its whole picture is not what it was, and stays so. Pure; no pixels are kept.

The picture of a quiet time is learnt, by day and by night apart, as the fine pattern of sixteen pieces. A piece is
known again whatever the light, and where a pole sways in the wind; somebody, or a lorry, hides some of them and not
all; a lens that is covered shows no pattern at all. Only when hardly any piece is what it was, though there is
something to be seen, and the new picture stands still, was the camera moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

# Tried on first pictures of 17 films of ../shared/data/videos. Of cameras shifted by 12 to 20 %, turned by 20 degrees
# or shown another place, six to nine in ten are noticed. A lamp, a third of the light, infrared, half a shadow, rain,
# fog, a swaying pole, a shift of 2 % and something before half of the picture never are; before three quarters, 18 %.
EVERY_MS = 2_000  # a look; some 1 ms
WIDE = 160  # pixels
ACROSS, DOWN = 4, 4  # pieces
FINE = 9  # pixels: what changes over more than these is light, or looks alike anywhere
SWAY = 5  # pixels by which a pole may sway: 3 % of the picture
KNOWN = 0.4  # correlation from which a piece is what it was
PLAIN = 2.5  # grey levels: a piece that varies by less has no pattern (noise, a wall, the sky)
LEAST_PIECES = 6  # with a pattern, or nothing can be said
LEARNT = 20  # looks at a quiet time
MOVED = 0.13  # of its pieces that may still be known where a camera was moved
BACK = 0.5  # and that are where it was moved back
STAYS_MS = 20_000
LEARN = 0.05  # how much of a look a piece that is known takes over
LEARN_STRANGE = 0.004  # and one that is not: a lorry that parks is usual after some ten minutes
USUAL_MS = 24 * 3_600_000  # after so long the new picture is the usual one
Plane = NDArray[np.float32]


class Stand(Enum):
    """What became of a camera's standpoint."""

    MOVED = "moved"
    BACK = "back"


@dataclass(slots=True)
class _View:
    """What a camera usually shows, by day or by night."""

    mean: Plane
    looks: int = 1


@dataclass(slots=True)
class Standpoint:
    """State for one camera."""

    _views: dict[bool, _View] = field(default_factory=dict)  # by whether it is dark
    _looked_ms: int | None = None
    _strange_ms: int | None = None  # since when hardly anything is what it was
    _before: Plane | None = None  # the look before, while it is strange
    _moved_ms: int | None = None

    @property
    def is_strange(self) -> bool:
        """Whether hardly anything is where it was, for now."""
        return self._strange_ms is not None

    def is_due(self, at_ms: int) -> bool:
        """Whether it is time for a look."""
        return self._looked_ms is None or not 0 <= at_ms - self._looked_ms < EVERY_MS

    def look(self, luma: NDArray[np.uint8], at_ms: int, *, is_dark: bool) -> tuple[Stand, int] | None:
        """Take a look, (H, W) grey; what became of the camera, and since when, told once."""
        self._looked_ms = at_ms
        now = _small(luma)
        view = self._views.get(is_dark)
        if view is None or view.mean.shape != now.shape:
            if self._strange_ms is None and self._moved_ms is None:
                self._views[is_dark] = _View(now)
            return None
        known, patterned = _known(view.mean, now)
        share = known.sum() / max(1, patterned.sum())
        if self._moved_ms is not None:
            return self._wait_for_return(share, at_ms)
        if view.looks >= LEARNT and patterned.sum() >= LEAST_PIECES and share <= MOVED:
            return self._doubt(now, at_ms)
        self._strange_ms = self._before = None
        _learn(view, now, known)
        return None

    def _doubt(self, now: Plane, at_ms: int) -> tuple[Stand, int] | None:
        """Whether the strange picture has something to be seen in it and stands still for long enough."""
        before, self._before = self._before, now
        _, patterned = _known(now, now)
        stands = before is not None and _known(before, now)[0].sum() >= BACK * max(1, patterned.sum())
        if patterned.sum() < LEAST_PIECES or not stands or self._strange_ms is None:
            self._strange_ms = at_ms
            return None
        if at_ms - self._strange_ms < STAYS_MS:
            return None
        self._moved_ms, self._strange_ms, self._before = self._strange_ms, None, None
        return Stand.MOVED, self._moved_ms

    def _wait_for_return(self, share: float, at_ms: int) -> tuple[Stand, int] | None:
        if share < BACK and 0 <= at_ms - (self._moved_ms or 0) < USUAL_MS:
            return None
        if share < BACK:
            self._views.clear()
        self._moved_ms = None
        return Stand.BACK, at_ms


def _small(luma: NDArray[np.uint8]) -> Plane:
    """The fine pattern of a picture, (H, WIDE)."""
    high = max(DOWN * 8, round(WIDE * luma.shape[0] / luma.shape[1]))
    small = cv2.resize(luma, (WIDE, high), interpolation=cv2.INTER_AREA)
    plane = np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.float32)
    return np.asarray(plane - cv2.blur(plane, (FINE, FINE)), np.float32)


def _known(usual: Plane, now: Plane) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each piece, (DOWN, ACROSS): whether it is found where it was, and whether it had a pattern at all."""
    known, patterned = np.zeros((DOWN, ACROSS), np.bool_), np.zeros((DOWN, ACROSS), np.bool_)
    for (row, column), place in _places(usual.shape[0], usual.shape[1]):
        piece = usual[place]
        if float(piece.std()) < PLAIN:
            continue
        patterned[row, column] = True
        around = now[
            max(0, place[0].start - SWAY) : place[0].stop + SWAY, max(0, place[1].start - SWAY) : place[1].stop + SWAY
        ]
        known[row, column] = float(cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED).max()) >= KNOWN
    return known, patterned


def _places(high: int, wide: int) -> list[tuple[tuple[int, int], tuple[slice, slice]]]:
    return [
        (
            (row, column),
            (
                slice(row * high // DOWN, (row + 1) * high // DOWN),
                slice(column * wide // ACROSS, (column + 1) * wide // ACROSS),
            ),
        )
        for row in range(DOWN)
        for column in range(ACROSS)
    ]


def _learn(view: _View, now: Plane, known: NDArray[np.bool_]) -> None:
    view.looks += 1
    for (row, column), place in _places(now.shape[0], now.shape[1]):
        rate = max(LEARN if known[row, column] else LEARN_STRANGE, 1 / view.looks if view.looks < LEARNT else 0.0)
        cv2.accumulateWeighted(now[place], view.mean[place], rate)
