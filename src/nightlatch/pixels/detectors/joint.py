"""Several networks as one eye: they learnt from different pictures, so that what one misses another may see.

All are asked about the piece of the picture around all that moves, where a small thing is large enough for them, and
now and then about the whole picture. What they see of one family in one place is one thing: the better founded score
stands, and the box of whoever saw all of it. Where one sees an animal and another a person both are said; what an
event is told to have is decided over all its looks (vision/vote). A guess alone does not make an animal a person.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind, family
from nightlatch.pixels.detectors.windows import Bgr, Window
from nightlatch.pixels.vision.boxes import area_of, iou, overlap

AROUND = 1.5  # the piece, in widths or heights of all that moves
SMALLEST_PX = 150  # and its side: less is mush
SMALLEST_SHARE = 0.3  # of the picture's width
WHOLE_SHARE = 1 / 3  # of the looks that also see the whole picture
SAME = 0.4  # IoU above which two boxes of a family are one thing
WITHIN = 0.6  # or this share of the smaller one in the larger: a head, a body cut off at the piece's edge
DOUBLE = 0.5  # IoU above which one network's person and dog are one thing
HERE = 0.5  # of the smaller of two boxes: where one thing is said to be where another is
SEEN_ANIMAL = 0.25  # an animal that speaks against a guess
SEEN_TOO = 0.3  # a sighting that speaks for it
EDGE = 0.02  # of a piece's side: a box that ends so near to it is cut off there


class Opinion(Protocol):
    """A network that finds things in a window of a picture."""

    @property
    def name(self) -> str:
        """For whoever compares them."""
        ...

    @property
    def is_rough(self) -> bool:
        """Whether it guesses: its boxes say about where a thing is, and it needs others against an animal."""
        ...

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """All things of known kinds in a window; boxes are of the whole picture, one thing perhaps several times."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one network saw, and whether its box is worth keeping."""

    detection: Detection
    is_rough: bool  # cut off at a piece's edge, or a guess


class JointEye:
    """State: the networks. `look` may be called from several threads."""

    kinds = frozenset({Kind.PERSON, Kind.CAT, Kind.DOG, Kind.ANIMAL, Kind.VEHICLE})

    def __init__(self, name: str, opinions: Sequence[Opinion]) -> None:
        self.name = name
        self._opinions = tuple(opinions)
        self._dice = random.Random(0)  # not every third look: cameras take turns, and one would always get the same

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """All that any of them finds in `bgr`, (H, W, 3) uint8."""
        height, width = bgr.shape[:2]
        whole = (0, 0, width, height)
        piece = window_around(regions, width, height)
        windows = [whole] if piece is None else [piece]
        if piece is not None and self._dice.random() < WHOLE_SHARE:
            windows.append(whole)
        found: list[Sighting] = []
        guessed: list[Sighting] = []
        for each in self._opinions:
            seen = [
                Sighting(detection, each.is_rough or is_cut(detection.box, window, width, height))
                for window in windows
                for detection in each.look_at(bgr, window)
            ]
            (guessed if each.is_rough else found).extend(merged(seen, is_double))
        founded = [each for each in guessed if is_founded(each.detection, [other.detection for other in found])]
        return [each.detection for each in merged([*found, *founded], is_one_thing)]


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


def is_cut(box: Box, window: Window, width: int, height: int) -> bool:
    """Whether a box ends where the window does, and the picture goes on there."""
    left, top, right, bottom = window
    across, down = EDGE * (right - left), EDGE * (bottom - top)
    return (
        (left > 0 and box.left * width < left + across)
        or (top > 0 and box.top * height < top + down)
        or (right < width and box.right * width > right - across)
        or (bottom < height and box.bottom * height > bottom - down)
    )


def merged(found: Iterable[Sighting], is_same: Callable[[Detection, Detection], bool]) -> list[Sighting]:
    """The surest of each thing, with the surest box of it that is whole, if there is one."""
    kept: list[Sighting] = []
    for each in sorted(found, key=lambda s: (-s.detection.score, s.detection.box.left, s.detection.box.top)):
        seen, same = each.detection, None
        for n, other in enumerate(kept):
            if is_same(other.detection, seen):
                same = n
                break
        if same is None:
            kept.append(each)
        elif kept[same].is_rough and not each.is_rough and are_related(kept[same].detection, seen):
            kept[same] = Sighting(replace(kept[same].detection, box=seen.box), is_rough=False)
    return kept


def is_founded(guess: Detection, others: Sequence[Detection]) -> bool:
    """Whether a guess stands: where others see an animal, it needs one that sees what it saw, too.

    The pose detector takes large cats for people. Of its sightings where another network saw an animal, in the films
    of ../shared/data/videos, this keeps 34 of 45 that were people and 7 of 93 that were pets.
    """
    here = [each for each in others if overlap(each.box, guess.box) > HERE * min(area_of(each.box), area_of(guess.box))]
    is_animal = any(family(each.kind) is Kind.ANIMAL and each.score >= SEEN_ANIMAL for each in here)
    return not is_animal or any(are_related(each, guess) and each.score >= SEEN_TOO for each in here)


def are_related(one: Detection, two: Detection) -> bool:
    """Whether two are of one family."""
    return family(one.kind) is family(two.kind)


def is_one_thing(one: Detection, two: Detection) -> bool:
    """Whether two sightings are of one thing: of one family, in one place, or one within the other."""
    if not are_related(one, two):
        return False
    both = overlap(one.box, two.box)
    return iou(one.box, two.box) > SAME or both > WITHIN * min(area_of(one.box), area_of(two.box))


def is_double(one: Detection, two: Detection) -> bool:
    """The same of one network, which calls one thing two things where it is in doubt; a dog on a lap is a dog."""
    return is_one_thing(one, two) or iou(one.box, two.box) > DOUBLE
