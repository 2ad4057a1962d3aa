"""All that looks for people before a clip is given: several networks, faces, and how people stand.

They learnt from different pictures, so that one finds whom another misses. Each finds in passing what an alert would
never be raised for: what is doubtful is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors import models, pose, ssd
from nightlatch.pixels.detectors.faces import FaceFinder
from nightlatch.pixels.detectors.joint import Opinion, window_around
from nightlatch.pixels.detectors.pose import PoseNetwork
from nightlatch.pixels.detectors.ssd import SsdNetwork
from nightlatch.pixels.detectors.windows import Window
from nightlatch.pixels.detectors.yolox import Yolox, merged
from nightlatch.pixels.hiding import landmarks
from nightlatch.pixels.hiding.figures import Figure
from nightlatch.pixels.hiding.finding import Guess
from nightlatch.pixels.hiding.landmarks import Landmarks
from nightlatch.pixels.hiding.writing import Screens
from nightlatch.pixels.vision.boxes import covered, iou, overlap
from nightlatch.plugs import Eye, Faces

LEAST = 0.12  # of YOLOX: when unsure, hide
TURNED_SURE = 0.3  # of a person in a turned picture: below this, furniture on its side looks like one
LEAST_OF = {"ssd": 0.3}  # below this it calls curtains, corners and beds people
ALONE_SURE = 0.35  # of a find that no other eye shares, of what does not move
SAME = 0.35  # IoU of two eyes' finds that are one
WITHIN = 0.5  # of what moves, in a find
NEEDED = ("yolox_nano", "yunet_n_640", ssd.NAME, pose.NAME, landmarks.NAME)
Bgr = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PrivacyEyes:
    """What finds people to hide. `turned` looks at pictures on their side: people who lie are upright there."""

    detector: Eye
    faces: Faces
    turned: Eye
    landmarks: Landmarks | None = None
    screens: Screens | None = None


class ManyEyes:
    """State: the networks. Each looks at the whole picture, and closer at what moves; the first is trusted most."""

    def __init__(self, opinions: Sequence[Opinion]) -> None:
        self.name = "+".join(each.name for each in opinions)
        self.opinions = tuple(opinions)

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """All that they find in `bgr`, (H, W, 3) uint8; one thing perhaps several times."""
        return weighed([self.opinion(each, bgr, regions) for each in self.opinions], regions)

    def opinion(self, of: Opinion, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """What one of them finds."""
        height, width = bgr.shape[:2]
        piece = window_around(regions, width, height)
        windows: list[Window] = [(0, 0, width, height), *([] if piece is None else [piece])]
        seen = [thing for window in windows for thing in of.look_at(bgr, window)]
        people = [thing for thing in seen if thing.kind is Kind.PERSON and thing.score >= LEAST_OF.get(of.name, 0.0)]
        people = merged(people)
        if of.is_rough:
            people = [Guess(each.box, each.kind, each.score) for each in people]
        return people + merged([thing for thing in seen if thing.kind is not Kind.PERSON])


def weighed(by_eye: Sequence[Sequence[Detection]], moving: Sequence[Box]) -> list[Detection]:
    """All finds, without people whom only one of the later eyes sees, unsurely, where nothing moves: furniture."""
    found: list[Detection] = []
    for n, seen in enumerate(by_eye):
        others = [each.box for m, some in enumerate(by_eye) if m != n for each in some if each.kind is Kind.PERSON]
        found += [
            each
            for each in seen
            if n == 0
            or each.kind is not Kind.PERSON
            or each.score >= ALONE_SURE
            or any(iou(each.box, other) > SAME for other in others)
            or any(covered(region, each.box) > WITHIN for region in moving)
        ]
    return found


def open_privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """Everything in NEEDED. Raises `NotFound` when a model is missing: nobody is given away unhidden."""
    folder = models.models_folder(models_dir)
    yolox, yunet, two, three, four = (models.need(name, folder) for name in NEEDED)
    first = Yolox(yolox, least=LEAST, every_person=True)
    three_eyes = ManyEyes([first, SsdNetwork(two), PoseNetwork(three)])
    return PrivacyEyes(three_eyes, FaceFinder(yunet), ManyEyes([first]), Landmarks(four), first)


def lying(bgr: Bgr, eye: Eye, quarters: int) -> list[Detection]:
    """People found in the picture turned by 1 or 3 quarters to the left, at their places in the upright one."""
    found = []
    for each in eye.look(np.ascontiguousarray(np.rot90(bgr, quarters)), ()):
        if each.kind is Kind.PERSON and each.score >= TURNED_SURE:
            b = each.box
            left = Box(1 - b.bottom, b.left, 1 - b.top, b.right)
            right = Box(b.top, 1 - b.right, b.bottom, 1 - b.left)
            found.append(replace(each, box=left if quarters == 1 else right))
    return found


@dataclass(slots=True)
class _Model:
    """One who stood for a picture: where, and where to look for them next."""

    figure: Figure
    square: landmarks.Square
    asked: int  # the look they were last asked for
    box: Box  # the find of that look
    looked: Bgr  # and what was in it, small


class Postures:
    """State: who stood how in the last look. Asks for MOST people a look; now and then for one who does not move."""

    MOST = 4
    AGAIN = 5  # looks, for one who does not move
    UNMOVED = 0.65  # IoU of finds: what moves says little in the first seconds, and of who bends slowly
    PATCH = 24  # pixels, of a find's small picture
    CHANGED = 25  # grey levels in one of a hundred of them: hands have moved
    LIKE = 0.6  # IoU of finds: from here on the square of the last look may be turned wrongly

    def __init__(self, finder: Landmarks | None) -> None:
        self._finder = finder
        self._before: list[_Model] = []
        self._look = 0

    def find(self, bgr: Bgr, people: Sequence[Box], moving: Sequence[Box]) -> tuple[Figure, ...]:
        """How the largest of `people` stand."""
        if self._finder is None:
            return ()
        self._look += 1
        made: list[_Model] = []
        chosen = sorted(people, key=lambda b: (b.left - b.right) * (b.bottom - b.top))[: self.MOST]
        for box in chosen:
            old = max(self._before, key=lambda each: iou(each.figure.box, box), default=None)
            if old is not None and iou(old.figure.box, box) < 0.3:
                old = None
            looked = self._patch(bgr, box if old is None else old.box)
            is_near = old is not None and iou(old.box, box) >= self.UNMOVED and not _moves(box, moving)
            if old is not None and is_near and self._look - old.asked < self.AGAIN and self._is_as_before(old, looked):
                made.append(replace(old, figure=replace(old.figure, box=box)))
                continue
            before = old.square if old is not None and iou(old.box, box) >= self.LIKE else None
            found = self._finder.find(bgr, box, before)
            if found is None and before is not None:
                found = self._finder.find(bgr, box)
            if found is not None and iou(found[0].extent, box) > 0.15:
                made.append(_Model(*found, self._look, box, self._patch(bgr, box)))
        self._before = made
        return tuple(each.figure for each in made)

    def _patch(self, bgr: Bgr, box: Box) -> Bgr:
        """What is in a box, (24, 24) and grey."""
        height, width = bgr.shape[:2]
        rows = slice(int(box.top * height), max(int(box.top * height) + 1, int(box.bottom * height)))
        columns = slice(int(box.left * width), max(int(box.left * width) + 1, int(box.right * width)))
        small = cv2.resize(bgr[rows, columns], (self.PATCH, self.PATCH), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)

    def _is_as_before(self, old: _Model, looked: Bgr) -> bool:
        return bool(np.quantile(cv2.absdiff(old.looked, looked), 0.99) < self.CHANGED)


def _moves(box: Box, moving: Sequence[Box]) -> bool:
    return any(overlap(box, each) > 0 for each in moving)
