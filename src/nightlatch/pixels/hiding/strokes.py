"""Lines of small strokes on a picture, and what tells writing among them from leaves, bricks and fences. Pure.

A stroke is narrow, and brighter or darker than what is on both its sides. Strokes of one height and width that stand
side by side are a line. `traits` says of each line what a reader's eye goes by: how alike its strokes are, how
straight their feet stand, how clean the ground is, whether their edges run upright and level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

SCALES = (2.0, 1.0, 0.5)  # of the picture: at one of them a character is LEAST_HIGH to MOST_HIGH pixels high
MOST_SIDE, LEAST_SIDE = 2600, 40  # pixels of a picture at a scale
STROKE = 9  # pixels: no stroke is wider
FAINT = 20  # grey levels between a stroke and its ground, below which hardly anybody reads it
HALF = 0.5  # of the strongest stroke near by: where a stroke ends
LEAST_HIGH, MOST_HIGH = 8, 44  # pixels of a character
WIDEST = 4.0  # heights: small characters run together
BROADEST = 0.4  # stroke width in heights
LEAST_INK = 10  # pixels
# What two neighbours in a line may have at most
UNLIKE_HIGH = 1.9  # heights of the larger in those of the smaller: capitals beside small letters
APART = 1.1  # heights of the smaller between them: a space
STEP = 0.3  # heights of the larger between their feet, or their heads: a line that slants, a letter with a tail
SHARED = 0.6  # of the smaller's height, beside the larger, at least
OVER = 0.5  # of the narrower one's width, above or below the other: letters that lean
UNLIKE_STROKE, UNLIKE_CONTRAST = 0.8, 0.6  # logarithms of the ratio
CHARACTER = 0.75  # heights: a character is about so wide
LEAST_CHARACTERS = 2
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]
Ink = NDArray[np.bool_]
Column = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Strokes:
    """N marks of ink: columns of N numbers, in pixels and grey levels."""

    left: Column
    top: Column
    right: Column
    bottom: Column
    area: Column
    stroke: Column  # mean width
    contrast: Column  # mean, to the ground beside
    uneven: Column  # standard deviation of the contrast, in means
    level: Column  # mean grey

    def __len__(self) -> int:
        return len(self.left)

    def of(self, chosen: Numbers | Ink) -> Strokes:
        """Some of them, in this order."""
        return Strokes(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @property
    def high(self) -> Column:
        """Heights."""
        return self.bottom - self.top

    @property
    def wide(self) -> Column:
        """Widths."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Lines:
    """L lines of one picture: their corners, (L, 4), in its pixels, and their traits, (L, len(TRAITS))."""

    corners: Column
    traits: Column


TRAITS = (
    "characters",
    "feet",
    "strokes",
    "contrasts",
    "levels",
    "contrast",
    "fill",
    "uneven",
    "stroke",
    "clutter",
    "high",
    "upright",
    "ground",
    "gaps",
    "widths",
    "fills",
    "density",
    "slim",
    "bars",
)


def lines_on(picture: Bgr) -> Iterator[Lines]:
    """All lines of strokes on a picture, (H, W, 3), at each scale: bright ones, then dark ones."""
    height, width = picture.shape[:2]
    for scale in SCALES:
        size = (round(width * scale), round(height * scale))
        if max(size) > MOST_SIDE or min(size) < LEAST_SIDE:
            continue
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        level = picture if scale == 1 else np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
        grey = np.asarray(cv2.cvtColor(level, cv2.COLOR_BGR2GRAY), np.uint8)
        ground = Ground(grey)
        for strength in (_bright(level, grey), _dark(level, grey)):
            marks, ink = strokes_of(strength, grey)
            found = _lines(marks, ink, ground)
            yield Lines(found.corners / scale, found.traits)


class Ground:
    """Sums over any rectangle of a grey picture: how strong its edges are, and how many run upright or level."""

    def __init__(self, grey: Grey) -> None:
        across = cv2.Sobel(grey, cv2.CV_16S, 1, 0)
        down = cv2.Sobel(grey, cv2.CV_16S, 0, 1)
        more, less = np.maximum(np.abs(across), np.abs(down)), np.minimum(np.abs(across), np.abs(down))
        self.grey = grey
        self.edges = cv2.integral(more.astype(np.float32), sdepth=cv2.CV_64F)
        self.straight = cv2.integral(np.where(less * 3 < more, more, 0).astype(np.float32), sdepth=cv2.CV_64F)


def _bright(level: Bgr, grey: Grey) -> Grey:
    """By how much each pixel is brighter than the ground beside narrow strokes; a strong colour is bright."""
    kernel = np.ones((STROKE, STROKE), np.uint8)
    most = level.max(axis=2)
    made = (cv2.morphologyEx(each, cv2.MORPH_TOPHAT, kernel) for each in (grey, most))
    return np.asarray(np.maximum(*made), np.uint8)


def _dark(level: Bgr, grey: Grey) -> Grey:
    """The same for darker ones."""
    kernel = np.ones((STROKE, STROKE), np.uint8)
    least = level.min(axis=2)
    made = (cv2.morphologyEx(each, cv2.MORPH_BLACKHAT, kernel) for each in (grey, least))
    return np.asarray(np.maximum(*made), np.uint8)


def strokes_of(strength: Grey, grey: Grey) -> tuple[Strokes, Ink]:
    """The marks that may be characters, and all ink, (H, W)."""
    side = 2 * STROKE + 1
    near = cv2.dilate(strength, np.ones((side, side), np.uint8))
    ink = (strength >= FAINT) & (strength >= cv2.convertScaleAbs(near, alpha=HALF))
    drawn = ink.astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    fits = (high >= LEAST_HIGH) & (high <= MOST_HIGH) & (wide <= WIDEST * high) & (wide >= 2)
    fits[0] = False
    chosen = np.flatnonzero(fits & (stats[:, cv2.CC_STAT_AREA] >= LEAST_INK))
    n = len(chosen)
    number = np.full(count, n, np.int32)
    number[chosen] = np.arange(n)
    at = np.flatnonzero(drawn)
    whose = number[labels.ravel()[at]]
    at, whose = at[whose < n], whose[whose < n]

    def total(values: NDArray[np.uint8] | Column) -> Column:
        return np.asarray(np.bincount(whose, values, n), np.float64)

    area = np.bincount(whose, minlength=n).astype(np.float64)
    inner = cv2.erode(drawn, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))).ravel()[at]
    stroke = 2 * area / np.maximum(1, area - total(inner))
    strong = strength.ravel()[at].astype(np.float64)
    mean = total(strong) / area
    uneven = np.sqrt(np.maximum(0, total(strong**2) / area - mean**2)) / mean
    left, top = stats[chosen, cv2.CC_STAT_LEFT].astype(np.float64), stats[chosen, cv2.CC_STAT_TOP].astype(np.float64)
    marks = Strokes(
        left, top, left + wide[chosen], top + high[chosen], area, stroke, mean, uneven, total(grey.ravel()[at]) / area
    )
    return marks.of(marks.stroke <= BROADEST * marks.high), ink


def _lines(marks: Strokes, ink: Ink, ground: Ground) -> Lines:
    """The lines of one picture, at its own scale."""
    marks = marks.of(np.argsort(marks.left, kind="stable"))
    whose = _lined_up(marks)
    order = np.argsort(whose, kind="stable")  # by line, from the left
    marks, whose = marks.of(order), whose[order]
    characters = np.maximum(1.0, np.round(marks.wide / (CHARACTER * marks.high)))
    starts = np.flatnonzero(np.diff(whose, prepend=-1))
    if not len(starts):
        return Lines(np.empty((0, 4)), np.empty((0, len(TRAITS))))
    enough = np.add.reduceat(characters, starts) >= LEAST_CHARACTERS
    kept = np.repeat(enough, np.diff(starts, append=len(whose)))
    marks, whose, characters = marks.of(kept), whose[kept], characters[kept]
    starts = np.flatnonzero(np.diff(whose, prepend=-1))
    if not len(starts):
        return Lines(np.empty((0, 4)), np.empty((0, len(TRAITS))))
    corners = np.stack(
        [
            np.minimum.reduceat(marks.left, starts),
            np.minimum.reduceat(marks.top, starts),
            np.maximum.reduceat(marks.right, starts),
            np.maximum.reduceat(marks.bottom, starts),
        ],
        axis=1,
    )
    return Lines(corners, _traits(marks, characters, starts, corners, ink, ground))


def _lined_up(m: Strokes) -> Numbers:
    """To which line each mark belongs, (N,); `m` in order from the left. Each is joined to its next neighbour."""
    n = len(m)
    first = np.arange(n) + 1
    last = np.searchsorted(m.left, m.right + APART * m.high, side="right")
    counts = np.maximum(0, last - first)
    a = np.repeat(np.arange(n), counts)
    b = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    larger, smaller = np.maximum(m.high[a], m.high[b]), np.minimum(m.high[a], m.high[b])
    beside = np.minimum(m.bottom[a], m.bottom[b]) - np.maximum(m.top[a], m.top[b])
    step = np.minimum(np.abs(m.bottom[a] - m.bottom[b]), np.abs(m.top[a] - m.top[b]))
    gap = m.left[b] - m.right[a]
    joins = (
        (larger <= UNLIKE_HIGH * smaller)
        & (beside >= SHARED * smaller)
        & (gap <= APART * smaller)
        & (gap >= -OVER * np.minimum(m.wide[a], m.wide[b]))
        & (step <= STEP * larger)
        & (np.abs(np.log(m.stroke[a] / m.stroke[b])) <= UNLIKE_STROKE)
        & (np.abs(np.log(m.contrast[a] / m.contrast[b])) <= UNLIKE_CONTRAST)
    )
    a, b, gap = a[joins], b[joins], gap[joins]
    nearest = np.lexsort((gap, a))
    a, b = a[nearest], b[nearest]
    once = np.flatnonzero(np.diff(a, prepend=-1))
    line = np.arange(n)
    for x, y in zip(a[once].tolist()[::-1], b[once].tolist()[::-1], strict=True):  # from the right: y is settled
        line[x] = line[y]
    return line


def _traits(m: Strokes, characters: Column, starts: Numbers, corners: Column, ink: Ink, ground: Ground) -> Column:
    """(L, len(TRAITS)); marks in order of their lines, which begin at `starts`."""
    counts = np.diff(starts, append=len(m)).astype(np.float64)

    def mean(values: Column) -> Column:
        return np.add.reduceat(values, starts) / counts

    def spread(values: Column) -> Column:
        return np.sqrt(np.maximum(0, mean(values**2) - mean(values) ** 2))

    high = mean(m.high)
    middle = (m.left + m.right) / 2
    x = middle - np.repeat(mean(middle), counts.astype(int))
    slope_of = np.maximum(1e-6, mean(x**2))

    def off(values: Column) -> Column:
        """How far from a straight line."""
        return np.sqrt(np.maximum(0, spread(values) ** 2 - mean(x * values) ** 2 / slope_of))

    across = corners[:, 2] - corners[:, 0]
    gaps = np.maximum(0, across - np.add.reduceat(m.wide, starts)) / np.maximum(1, counts - 1) / high
    clutter, upright, restless, density = _surroundings(
        _padded(corners, high, ink.shape), np.add.reduceat(m.area, starts), ink, ground
    )
    fill = m.area / (m.wide * m.high)
    contrast = mean(m.contrast)
    return np.stack(
        [
            np.log(np.add.reduceat(characters, starts)),
            np.minimum(off(m.top), off(m.bottom)) / high,
            spread(m.stroke) / mean(m.stroke),
            spread(m.contrast) / contrast,
            spread(m.level) / contrast,
            np.log(contrast / 100),
            mean(fill),
            mean(m.uneven),
            mean(m.stroke / m.high),
            clutter,
            np.log(high / 16),
            upright,
            restless / contrast,
            gaps,
            spread(m.wide) / high,
            spread(fill),
            density,
            mean(m.wide / m.high),
            mean(((m.wide < 0.45 * m.high) & (fill > 0.65)).astype(np.float64)),
        ],
        axis=1,
    )


def _surroundings(box: Numbers, area: Column, ink: Ink, ground: Ground) -> tuple[Column, Column, Column, Column]:
    """Of each box, (L,): the share of its ink that is not its line's, of its edges that run upright or level; the
    standard deviation of its ground; the share of it that is the line's ink, `area`."""
    inked = _sum_in(cv2.integral(ink.astype(np.uint8)), box)
    size = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    number = np.maximum(1, size - inked)
    sums = cv2.integral2(np.where(ink, 0, ground.grey), sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    level, square = (_sum_in(each, box) / number for each in sums)
    return (
        np.maximum(0, inked - area) / np.maximum(1, inked),
        _sum_in(ground.straight, box) / np.maximum(1, _sum_in(ground.edges, box)),
        np.sqrt(np.maximum(0, square - level**2)),
        area / size,
    )


def _padded(corners: Column, high: Column, shape: tuple[int, ...]) -> Numbers:
    """A quarter of a height larger, within the picture, (L, 4)."""
    rim = np.round(0.25 * high)
    made = np.stack([corners[:, 0] - rim, corners[:, 1] - rim, corners[:, 2] + rim, corners[:, 3] + rim], axis=1)
    return np.clip(made, 0, [shape[1], shape[0], shape[1], shape[0]]).astype(np.intp)


def _sum_in(integral: NDArray[np.generic], box: Numbers) -> Column:
    left, top, right, bottom = box.T
    return np.asarray(
        integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left], np.float64
    )
