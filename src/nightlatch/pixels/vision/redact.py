"""Where people are to be hidden in a clip: from what was found in some pictures to covers for all of them. Pure.

When unsure, cover; when that is not enough, say so. Boxes are widened from head to foot, joined over the pictures
between two looks, and held where somebody was lost from sight in the middle of the picture (detectors do not find
people who lie), to the film's end and back to its beginning. Somebody lost so counts as `lost`: nobody can promise
that they stayed where they were, and whoever takes the report seriously refuses the film. A face outside of all of
them gets a person-sized cover of its own. What moves and is not surely an animal or a vehicle is covered, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.vision.boxes import area_of, around, covered, grown, iou, overlap

SIDE_MARGIN = 0.22  # of the box, on each side
TOP_MARGIN = 0.20  # heads are often cut off
FOOT_MARGIN = 0.10
CARRY_S = 2.0  # before and after somebody was found
JOIN_S = 3.0  # between two times that the same one was found
GROW_PER_S = 0.05  # of the picture, while nobody is found
MOST_GROWN = 0.10
NEAR_S = 1.0  # where somebody was found within this time is covered, too
EDGE = 0.04  # whoever is lost nearer to the picture's side than this has left it
SURE_LOOKS = 3  # of a trail, before its end means anything
HARMLESS_SURE = 0.5  # of an animal or vehicle, before it may stay in sight
SMALLEST_REGION = 0.004  # of the picture
SHADE = (96, 96, 96)
PERSON_SHADE = (60, 52, 48)
OTHER_SHADE = (150, 150, 150)
Bgr = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one picture: things (of all kinds), faces, and what moved."""

    things: tuple[Detection, ...]
    faces: tuple[Detection, ...]
    regions: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Covers:
    """For each picture, what is covered; and how that came about."""

    boxes: tuple[tuple[Box, ...], ...]
    people: int  # pictures × people that were found
    faces: int  # faces that were found outside of everybody
    carried: int  # pictures × covers that were carried or joined, not found
    lost: int  # people who were lost from sight, or found first, in the middle of the picture


@dataclass(slots=True)
class _Trail:
    found: dict[int, Box] = field(default_factory=dict)
    people: int = 0  # looks that a detector called a person, or a face

    @property
    def last(self) -> int:
        return max(self.found)


def plan(looks: Mapping[int, Look], count: int, fps: float) -> Covers:
    """Covers for pictures 0 to `count` - 1 from looks at some of them.

    Raises:
        ValueError: no look at all: nobody can say where people are.
    """
    if not looks or count < 1 or fps <= 0:
        raise ValueError("without a look nothing can be hidden")
    trails: list[_Trail] = []
    people = faces = 0
    for n in sorted(looks):
        look = looks[n]
        bodies = [_widened(d.box) for d in look.things if d.kind is Kind.PERSON]
        people += len(bodies)
        sure = len(bodies)
        for face in look.faces:
            if all(covered(face.box, body) < 0.9 for body in bodies):
                bodies.append(_body_of(face.box))
                faces += 1
                sure += 1
        bodies += [_widened(region) for region in _doubtful(look, bodies)]
        _link(trails, n, bodies, sure, fps)
    made: list[list[Box]] = [[] for _ in range(count)]
    carried = lost = 0
    for trail in trails:
        lost += _is_lost(trail, count, fps)
        for n, box in _carried(trail, count, fps).items():
            made[n].append(box)
            carried += n not in trail.found
    return Covers(tuple(tuple(boxes) for boxes in made), people, faces, carried, lost)


def paint(bgr: Bgr, boxes: Sequence[Box]) -> Bgr:
    """The picture, (H, W, 3) uint8, with flat patches over `boxes`: nothing of what was there can be had back."""
    made = bgr.copy()
    for box in boxes:
        left, top, right, bottom = pixels(box, bgr.shape)
        made[top:bottom, left:right] = SHADE
    return made


def silhouettes(plate: Bgr, people: Sequence[Box], others: Sequence[Box]) -> Bgr:
    """The empty place with flat shapes where somebody is; no living pixel is in it."""
    made = plate.copy()
    for boxes, shade in ((others, OTHER_SHADE), (people, PERSON_SHADE)):
        for box in boxes:
            left, top, right, bottom = pixels(box, plate.shape)
            made[top:bottom, left:right] = shade
    return made


def pixels(box: Box, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """left, top, right, bottom in pixels, rounded outwards to even numbers (chroma has half the pixels)."""
    height, width = shape[:2]
    left, top = int(box.left * width) // 2 * 2, int(box.top * height) // 2 * 2
    right, bottom = -int(-box.right * width // 1) // 2 * 2 + 2, -int(-box.bottom * height // 1) // 2 * 2 + 2
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def _doubtful(look: Look, bodies: Sequence[Box]) -> list[Box]:
    """What moves and is not surely harmless."""
    harmless = [d.box for d in look.things if d.kind is not Kind.PERSON and d.score >= HARMLESS_SURE]
    return [
        region
        for region in look.regions
        if area_of(region) >= SMALLEST_REGION
        and all(covered(region, body) < 0.8 for body in bodies)
        and all(covered(region, grown(box, 0.03)) < 0.7 for box in harmless)
    ]


def _widened(box: Box) -> Box:
    wide, high = box.right - box.left, box.bottom - box.top
    return Box(
        max(0.0, box.left - SIDE_MARGIN * wide),
        max(0.0, box.top - TOP_MARGIN * high),
        min(1.0, box.right + SIDE_MARGIN * wide),
        min(1.0, box.bottom + FOOT_MARGIN * high),
    )


def _body_of(face: Box) -> Box:
    """Three and a half heads wide and eight high: whoever has this face is inside."""
    wide, high = face.right - face.left, face.bottom - face.top
    return Box(
        max(0.0, face.left - 1.25 * wide),
        max(0.0, face.top - 0.7 * high),
        min(1.0, face.right + 1.25 * wide),
        min(1.0, face.top + 8 * high),
    )


def _link(trails: list[_Trail], n: int, bodies: Sequence[Box], sure: int, fps: float) -> None:
    """Give each body to the trail that it continues, or begin one; the first `sure` are people."""
    free = [t for t in trails if n - t.last <= JOIN_S * fps]
    certain = {id(body) for body in bodies[:sure]}
    for body in sorted(bodies, key=lambda b: -area_of(b)):
        best = max(free, key=lambda t: _closeness(t.found[t.last], body), default=None)
        if best is not None and _closeness(best.found[best.last], body) > 0:
            best.found[n] = body
            best.people += id(body) in certain
            free.remove(best)
        else:
            trails.append(_Trail({n: body}, int(id(body) in certain)))


def _closeness(a: Box, b: Box) -> float:
    return iou(a, b) + (0.01 if overlap(grown(a, 0.06), b) > 0 else 0.0)


def _carried(trail: _Trail, count: int, fps: float) -> dict[int, Box]:
    """The trail for every picture: joined between looks, carried beyond its ends."""
    known = sorted(trail.found)
    first, last = known[0], known[-1]
    before = first if _in_the_middle(trail, first) else round(CARRY_S * fps)
    after = count if _in_the_middle(trail, last) else round(CARRY_S * fps)
    near = round(NEAR_S * fps)
    made: dict[int, Box] = {}
    for n in range(max(0, first - before), first):
        made[n] = grown(_near(trail, first, near), min(MOST_GROWN, GROW_PER_S * (first - n) / fps))
    for a, b in zip(known, [*known[1:], None], strict=True):
        if b is None:
            made[a] = trail.found[a]
            for n in range(a + 1, min(count, a + after + 1)):
                made[n] = grown(_near(trail, last, near), min(MOST_GROWN, GROW_PER_S * (n - a) / fps))
            break
        for n in range(a, b):
            doubt = GROW_PER_S * min(n - a, b - n) / fps
            made[n] = grown(_between(trail.found[a], trail.found[b], (n - a) / (b - a)), doubt)
    return {n: box for n, box in made.items() if 0 <= n < count}


def _near(trail: _Trail, n: int, reach: int) -> Box:
    """Everywhere that the trail was about this time."""
    box = trail.found[n]
    for m, other in trail.found.items():
        if abs(m - n) <= reach:
            box = around(box, other)
    return box


def _in_the_middle(trail: _Trail, n: int) -> bool:
    """Whether somebody who is surely there was found for the first or the last time away from the picture's sides."""
    box = trail.found[n]
    return trail.people >= SURE_LOOKS and box.left > EDGE and box.right < 1 - EDGE


def _is_lost(trail: _Trail, count: int, fps: float) -> bool:
    """Whether somebody went, or came, in the middle of the picture and well inside of the film."""
    slack = round(NEAR_S * fps)
    went = _in_the_middle(trail, trail.last) and trail.last < count - slack
    came = _in_the_middle(trail, min(trail.found)) and min(trail.found) > slack
    return went or came


def _between(a: Box, b: Box, share: float) -> Box:
    """What is on the way from `a` to `b`, with something of both."""
    left, top = a.left + (b.left - a.left) * share, a.top + (b.top - a.top) * share
    right, bottom = a.right + (b.right - a.right) * share, a.bottom + (b.bottom - a.bottom) * share
    return Box(left, top, right, bottom)
