"""The background plate: one picture of the place, of pixels that nobody covered while they were taken. Pure.

A pixel is of the plate only if it was free in pictures seconds apart, looked the same in nine of ten of them, at the
film's beginning and end, too, and if, for everybody who was lost from sight, it looked so while they were known to be
elsewhere. So what lies where no eye finds it is not in the plate unless it lay there, alike, from the first picture to
the last. Everything else is grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.errors import NightlatchError
from nightlatch.pixels.hiding.steady import first_moved

# Chosen on rendered scenes (porch, living room, behaviours) and on six of the films of bench/redact.
LEAST_STEP = 11.0  # grey levels: what differs by less is the same
MOST_STEP = 26.0  # and what differs by more is not, however noisy the place is
NOISES = 5.0  # standard deviations: so is what differs by less than these
LEAST_AGREE = 4  # looks at a pixel that agree
LEAST_SURE = 2  # of them, at which nobody can be there
APART_S = 2.0  # the first and the last of them, at least
APART_SHARE = 0.3  # or this share of a film that is shorter than usual
MOST_DIFFERING = 0.10  # of a pixel's free looks
MOST_AT_END = 2  # free looks, one after the other, at the film's beginning or end, that may differ
LEAST_KNOWN = 2  # free looks that agree while somebody's whereabouts are known
STRANGE = 0.35  # of what is free differs: other light, a shaken camera; such a look says nothing
MOST_STRANGE = 0.4  # of all looks
LEAST_COMMON = 0.02  # of the picture that two plates both know, before they can be compared
SPECK = 5  # pixels of a small picture: fewer that are not known are grain
ISLE = 40  # pixels: fewer that are known, alone in the grey, say nothing
BAND = 60  # rows of the plate that are made at once
GREY = (96, 96, 96)
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Greys = NDArray[np.int16]


class NoPlate(NightlatchError):
    """No background can be told from what moves; `look` is the first one that shows it."""

    def __init__(self, why: str, look: int) -> None:
        super().__init__(why)
        self.look = look


@dataclass(frozen=True, slots=True)
class Plate:
    """`picture` is (H, W, 3) uint8, grey where not `is_known`, (H, W)."""

    picture: Bgr
    is_known: Mask

    def without(self, boxes: Sequence[Box]) -> Plate:
        """The plate with grey over `boxes`."""
        known = self.is_known & ~mask_of(boxes, self.is_known.shape)
        picture = self.picture.copy()
        picture[~known] = GREY
        return Plate(picture, known)

    def is_of(self, small: Grey) -> bool:
        """Whether another look, grey, (h, w), shows this place in much the same light."""
        size = (small.shape[1], small.shape[0])
        known = cv2.resize(self.is_known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        grey = cv2.resize(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        apart = small[known].astype(np.int16) - grey[known]
        return bool(apart.size) and float(np.mean(np.abs(apart - np.median(apart)) > MOST_STEP)) < STRANGE

    def filled_from(self, other: Plate) -> Plate:
        """The plate with what only `other` knows, in this one's light; as it is where their lights differ too much."""
        both, new = self.is_known & other.is_known, other.is_known & ~self.is_known
        if both.sum() < LEAST_COMMON * both.size or not new.any():
            return self
        apart = self.picture[both].astype(np.int16) - other.picture[both]
        light = np.median(apart, axis=0)
        if float(np.mean(np.abs(apart - light).max(axis=1) > MOST_STEP)) > STRANGE:
            return self
        picture = self.picture.copy()
        picture[new] = np.clip(other.picture[new] + light, 0, 255).astype(np.uint8)
        return Plate(picture, self.is_known | new)


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture in colour, and which of the looks it is."""

    look: int
    picture: Bgr


@dataclass(frozen=True, slots=True)
class Hidden:
    """For each of T looks, (T, h, w): where somebody or something is (`taken`), and where they may be (`reach`).

    What is within reach is no background by itself. It only bears witness: where it looks as the place does in looks
    at which nobody can be there, nobody is before it.
    """

    taken: Mask
    reach: Mask


def plate_of(
    small: Sequence[Grey], samples: Sequence[Sample], hidden: Hidden, doubts: Sequence[Mask], hz: float
) -> Plate:
    """The plate from T looks.

    `small` are these looks, grey, (h, w); each of `doubts` is (T,), when the whereabouts of one who was lost are
    known; `hz` is looks a second.

    Raises:
        NoPlate: the camera moved, or the light changed.
    """
    greys = np.stack([cv2.GaussianBlur(each, (5, 5), 0) for each in small]).astype(np.int16)
    free = ~(hidden.taken | hidden.reach)
    moved = first_moved(small)
    if moved is not None:
        raise NoPlate("The camera moves", moved)
    differs = _differs(greys, free)
    strange = (free & differs).sum(axis=(1, 2)) > STRANGE * np.maximum(1, free.sum(axis=(1, 2)))
    if strange.any():
        _refuse_if_strange(strange)
        free = free & ~strange[:, None, None]
        differs = _differs(greys, free)
    witness = hidden.reach & ~hidden.taken & ~strange[:, None, None] & (free.sum(axis=0) >= LEAST_SURE)
    agrees = (free | witness) & ~differs
    known = _is_known(free, free & differs, agrees, hz)
    for whereabouts in doubts:
        known &= agrees[whereabouts].sum(axis=0) >= LEAST_KNOWN
    return _coloured(samples, agrees, _tidied(known))


def mask_of(boxes: Sequence[Box], shape: Sequence[int]) -> Mask:
    """Where boxes are, (H, W), rounded outwards."""
    height, width = shape[:2]
    made = np.zeros((height, width), np.bool_)
    for box in boxes:
        rows = slice(max(0, int(box.top * height)), int(np.ceil(box.bottom * height)))
        made[rows, max(0, int(box.left * width)) : int(np.ceil(box.right * width))] = True
    return made


def _differs(greys: Greys, free: Mask) -> Mask:
    """Where a pixel differs from the median of what is free, (T, h, w), when each look's light is evened out."""
    usual = _median(greys, free)
    even = greys - _light(greys, usual, free)[:, None, None]
    usual = _median(even, free)
    allowed = np.clip(NOISES * _noise(even, free), LEAST_STEP, MOST_STEP)
    return np.asarray(np.abs(even - usual) > allowed, np.bool_)


def _median(greys: Greys, free: Mask) -> Greys:
    """Of the free values of each pixel, (h, w); what is never free has one that means nothing."""
    count, height, width = greys.shape
    columns = np.where(free, greys, 9999).reshape(count, -1).T.copy()
    columns.sort(axis=1)
    middle = np.maximum(0, (free.sum(axis=0).reshape(-1) - 1) // 2)
    return np.asarray(columns[np.arange(len(columns)), middle].reshape(height, width), np.int16)


def _light(greys: Greys, usual: Greys, free: Mask) -> NDArray[np.int16]:
    """By how much each look is brighter than usual."""
    apart = greys - usual
    made = [np.median(each[shown]) if shown.any() else 0 for each, shown in zip(apart, free, strict=True)]
    return np.asarray(np.round(made), np.int16)


def _noise(greys: Greys, free: Mask) -> NDArray[np.float32]:
    """The standard deviation of each pixel from one look to the next, (h, w): steps are no noise."""
    steps, both = np.abs(np.diff(greys, axis=0)), free[1:] & free[:-1]
    noise = 1.05 * _median(steps, both)  # 1.48 / sqrt(2)
    return np.asarray(np.where(both.any(axis=0), noise, 0), np.float32)


def _is_known(free: Mask, differs: Mask, agrees: Mask, hz: float) -> Mask:
    """Where a pixel looked the same often, seconds apart, and in nearly all free looks, (h, w)."""
    looks = len(free)
    first, last = agrees.argmax(axis=0), looks - 1 - agrees[::-1].argmax(axis=0)
    apart = max(1, round(min(APART_S * hz, APART_SHARE * looks)))
    known = (
        (agrees.sum(axis=0) >= min(LEAST_AGREE, looks))
        & (free.sum(axis=0) >= min(LEAST_SURE, looks))
        & (last - first >= apart)
        & (differs.sum(axis=0) <= MOST_DIFFERING * free.sum(axis=0))
    )
    for way in (1, -1):
        known &= _run(free[::way], differs[::way]) <= MOST_AT_END
    return np.asarray(known, np.bool_)


def _run(free: Mask, differs: Mask) -> NDArray[np.int32]:
    """How many of the first free looks differ before one agrees, (h, w)."""
    run, goes_on = np.zeros(free.shape[1:], np.int32), np.ones(free.shape[1:], np.bool_)
    for shown, other in zip(free, differs, strict=True):
        run += goes_on & other
        goes_on &= ~(shown & ~other)
        if not goes_on.any():
            break
    return run


def _tidied(known: Mask) -> Mask:
    """Without grain, and a pixel narrower: what borders on something unknown may be a part of it."""
    grey = _without_small(~known, SPECK)
    grey = cv2.dilate(grey.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return _without_small(~grey, ISLE)


def _without_small(mask: Mask, least: int) -> Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keeps = stats[:count, cv2.CC_STAT_AREA] >= least
    keeps[0] = False
    return np.asarray(keeps[labels], np.bool_)


def _coloured(samples: Sequence[Sample], agrees: Mask, known: Mask) -> Plate:
    """The plate in colour: the median of the samples whose pixels agree."""
    height, width = samples[0].picture.shape[:2]
    made = np.empty((height, width, 3), np.uint8)
    is_known = _enlarged(known, width, height)
    uses = [_enlarged(_narrowed(agrees[each.look]), width, height) for each in samples]
    for top in range(0, height, BAND):
        rows = slice(top, top + BAND)
        shown = np.stack([use[rows] for use in uses])
        some = np.stack([each.picture[rows] for each in samples])
        some[~shown] = 255
        some.sort(axis=0)
        count = shown.sum(axis=0)
        middle = np.maximum(0, (count - 1) // 2)
        made[rows] = np.take_along_axis(some, middle[None, :, :, None], axis=0)[0]
        is_known[rows] &= count >= min(2, len(samples))
    made[~is_known] = GREY
    return Plate(made, is_known)


def _narrowed(mask: Mask) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, np.bool_)


def _enlarged(mask: Mask, width: int, height: int) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0, np.bool_)


def _refuse_if_strange(strange: Mask) -> None:
    """Raises `NoPlate` when too many looks cannot be compared."""
    if strange.mean() <= MOST_STRANGE:
        return
    raise NoPlate("The light or the place changes too much", int(strange.argmax()))
