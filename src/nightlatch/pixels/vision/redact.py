"""Where people are to be hidden in a clip: from what was found in some pictures to covers for all of them. Pure.

When unsure, cover; when that is not enough, say so. Boxes are widened from head to foot, joined over the pictures
between two looks, and held where somebody was lost from sight in the middle of the picture (detectors do not find
people who lie), to the film's end and back to its beginning. Somebody lost so counts as `lost` unless pixels show where
they can be: every picture after the loss is compared, outside of the covers, with the place as it was while they were
still found or not yet there (for somebody who came, the pictures before with those after). Whatever differs is covered,
too, whatever a detector calls it; where they cannot be compared (other light, a shaken camera) somebody stays lost, and
whoever takes the report seriously refuses the film. So nobody is taken for gone because a detector is silent: they are
under a cover, or what is open looks as it did without them. A face outside of all covers gets a person-sized one of its
own. What moves and is not surely an animal or a vehicle is covered, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.vision.boxes import area_of, around, covered, grown, iou, joined, overlap

# Set by hand on the demo's rendered visits and on real films, except where a figure is given; in bench/redact other
# eyes look at the finished films (docs/hiding.md has the table). When in doubt, more is covered.
SIDE_MARGIN = 0.22  # of the box, on each side
TOP_MARGIN = 0.20  # heads are often cut off
FOOT_MARGIN = 0.10
CARRY_S = 2.0  # before and after somebody was found
JOIN_S = 3.0  # between two times that the same one was found
GROW_PER_S = 0.05  # of the picture, while nobody is found
MOST_GROWN = 0.10  # of the picture: a cover grows by no more than this
NEAR_S = 1.0  # where somebody was found within this time is covered, too
# What was found within this time of a picture is covered in it. Without this 2 of 225 pictures of a rendered visit at
# night showed a head, with it none.
STEADY_S = 0.3
EDGE = 0.04  # of the picture: people who are lost nearer to its side than this have left it
SURE_LOOKS = 3  # of a chain, before its end means anything
HARMLESS_SURE = 0.5  # score of an animal or vehicle, from which it may stay in sight
SMALLEST_REGION = 0.004  # of the picture: what moves and is smaller is not covered
SAMPLES = 40  # pictures that say how a place is without somebody
LEAST_SAMPLES = 3  # of a pixel; with fewer it is not known, and counts as different
LEAST_STEP = 11.0  # grey levels: what differs by less is the same
NOISES = 5.0  # standard deviations: so is what differs by less than these
SPECK = 0.0006  # of the picture: smaller differences are grain
MOST_DIFFERENT = 0.35  # of what is open: more than this is other light, and says nothing
DIFFERENT_MARGIN = 0.025  # of the picture, around what differs
SHADE = (96, 96, 96)
PERSON_SHADE = (60, 52, 48)
OTHER_SHADE = (150, 150, 150)
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Findings:
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
    lost: int  # people who were lost from sight, or found first, in the middle of the picture, and may be anywhere


@dataclass(slots=True)
class _Chain:
    found: dict[int, Box] = field(default_factory=dict)
    people: int = 0  # looks that a detector called a person, or a face

    @property
    def last(self) -> int:
        return max(self.found)


def plan(looks: Mapping[int, Findings], count: int, fps: float, small: Mapping[int, Grey] | None = None) -> Covers:
    """Covers for pictures 0 to `count` - 1 from looks at some of them; `small` are those, grey, all of one (H, W).

    Raises:
        ValueError: there was no look at all, and nobody can say where people are.
    """
    if not looks or count < 1 or fps <= 0:
        raise ValueError("without a look nothing can be hidden")
    chains: list[_Chain] = []
    people = faces = 0
    for n in sorted(looks):
        bodies = _bodies(looks[n])
        people += len(bodies.people)
        faces += len(bodies.faces)
        _link(chains, n, bodies, fps)
    covers: list[list[Box]] = [[] for _ in range(count)]
    carried = sum(_carry(chain, covers, fps) for chain in chains)
    lost = 0
    for chain in chains:
        known = [_differences(doubt, small, covers) if small else None for doubt in _doubts(chain, count, fps)]
        lost += any(each is None for each in known)
        carried += sum(_cover_differences(each or {}, covers, fps) for each in known)
    return Covers(tuple(tuple(boxes) for boxes in covers), people, faces, carried, lost)


def _carry(chain: _Chain, covers: list[list[Box]], fps: float) -> int:
    """Cover a chain in every picture; how many of these covers nobody was found for."""
    boxes = _carried(chain, len(covers), fps)
    for n, box in boxes.items():
        covers[n].append(box)
    return sum(n not in chain.found for n in boxes)


def _cover_differences(different: Mapping[int, Sequence[Box]], covers: list[list[Box]], fps: float) -> int:
    """Cover what differs in a picture in the half second on both sides of it, too; how many covers that makes."""
    made, half = 0, round(fps / 2)
    for n, boxes in different.items():
        for m in range(max(0, n - half), min(len(covers), n + half + 1)):
            covers[m] += boxes
            made += len(boxes)
    return made


def paint(bgr: Bgr, boxes: Sequence[Box]) -> Bgr:
    """The picture, (H, W, 3) uint8, with flat patches over `boxes`: nothing of what was there can be recovered."""
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


@dataclass(frozen=True, slots=True)
class _Bodies:
    """What is to be covered in one picture: people, people of whom only a face was found, and what may be people."""

    people: tuple[Box, ...]
    faces: tuple[Box, ...]
    doubtful: tuple[Box, ...]

    @property
    def sure(self) -> tuple[Box, ...]:
        return self.people + self.faces


def _bodies(look: Findings) -> _Bodies:
    people = [_widened(d.box) for d in look.things if d.kind is Kind.PERSON]
    faces: list[Box] = []
    for face in look.faces:
        if all(covered(face.box, body) < 0.9 for body in (*people, *faces)):
            faces.append(_body_of(face.box))
    doubtful = [_widened(region) for region in _doubtful(look, (*people, *faces))]
    return _Bodies(tuple(people), tuple(faces), tuple(doubtful))


def _doubtful(look: Findings, bodies: Sequence[Box]) -> list[Box]:
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
    """Three and a half heads wide and eight high: the person with this face is inside."""
    wide, high = face.right - face.left, face.bottom - face.top
    return Box(
        max(0.0, face.left - 1.25 * wide),
        max(0.0, face.top - 0.7 * high),
        min(1.0, face.right + 1.25 * wide),
        min(1.0, face.top + 8 * high),
    )


def _link(chains: list[_Chain], n: int, bodies: _Bodies, fps: float) -> None:
    """Give each body to the chain that it continues, or begin one."""
    free = [t for t in chains if n - t.last <= JOIN_S * fps]
    some = [*((body, True) for body in bodies.sure), *((body, False) for body in bodies.doubtful)]
    for body, is_sure in sorted(some, key=lambda each: -area_of(each[0])):
        best = max(free, key=lambda t: _closeness(t.found[t.last], body), default=None)
        if best is not None and _closeness(best.found[best.last], body) > 0:
            best.found[n] = body
            best.people += is_sure
            free.remove(best)
        else:
            chains.append(_Chain({n: body}, int(is_sure)))


def _closeness(a: Box, b: Box) -> float:
    return iou(a, b) + (0.01 if overlap(grown(a, 0.06), b) > 0 else 0.0)


def _carried(chain: _Chain, count: int, fps: float) -> dict[int, Box]:
    """The chain for every picture: joined between looks, carried beyond its ends."""
    known = sorted(chain.found)
    first, last = known[0], known[-1]
    before = first if _in_the_middle(chain, first) else round(CARRY_S * fps)
    after = count if _in_the_middle(chain, last) else round(CARRY_S * fps)
    near = round(NEAR_S * fps)
    made: dict[int, Box] = {}
    for n in range(max(0, first - before), first):
        made[n] = grown(_near(chain, first, near), min(MOST_GROWN, GROW_PER_S * (first - n) / fps))
    for a, b in zip(known, [*known[1:], None], strict=True):
        if b is None:
            made[a] = chain.found[a]
            for n in range(a + 1, min(count, a + after + 1)):
                made[n] = grown(_near(chain, last, near), min(MOST_GROWN, GROW_PER_S * (n - a) / fps))
            break
        for n in range(a, b):
            doubt = GROW_PER_S * min(n - a, b - n) / fps
            made[n] = grown(_between(chain.found[a], chain.found[b], (n - a) / (b - a)), doubt)
    steady = round(STEADY_S * fps)
    for m, box in chain.found.items():  # a box that is cut short in one look is mended by those around it
        for n in range(max(0, m - steady), m + steady + 1):
            if n in made:
                made[n] = around(made[n], box)
    return {n: box for n, box in made.items() if 0 <= n < count}


def _near(chain: _Chain, n: int, reach: int) -> Box:
    """Everywhere that the chain was about this time."""
    box = chain.found[n]
    for m, other in chain.found.items():
        if abs(m - n) <= reach:
            box = around(box, other)
    return box


def _in_the_middle(chain: _Chain, n: int) -> bool:
    """Whether somebody who is surely there was found for the first or the last time away from the picture's sides."""
    box = chain.found[n]
    return chain.people >= SURE_LOOKS and box.left > EDGE and box.right < 1 - EDGE


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Pictures in which somebody is not found, and others that show the place while they were found, or away."""

    pictures: range
    others: range


def _doubts(chain: _Chain, count: int, fps: float) -> list[_Doubt]:
    """After somebody went, or before they came, in the middle of the picture and well inside of the film."""
    slack = round(NEAR_S * fps)
    first, last = min(chain.found), chain.last
    made = []
    if _in_the_middle(chain, last) and last < count - slack:
        made.append(_Doubt(range(last + 1, count), range(last + 1)))
    if _in_the_middle(chain, first) and first > slack:
        made.append(_Doubt(range(first), range(first, count)))
    return made


def _differences(
    doubt: _Doubt, small: Mapping[int, Grey], made: Sequence[Sequence[Box]]
) -> dict[int, list[Box]] | None:
    """What is open in the doubtful pictures and not as it is in the others; None when they cannot be compared."""
    others = [n for n in sorted(small) if n in doubt.others]
    others = others[:: max(1, len(others) // SAMPLES)]
    if len(others) < LEAST_SAMPLES:
        return None
    usual, allowed = _usual([(small[n], _open(made[n], small[n].shape)) for n in others])
    found: dict[int, list[Box]] = {}
    for n in (n for n in sorted(small) if n in doubt.pictures):
        boxes = _different(small[n], _open(made[n], small[n].shape), usual, allowed)
        if boxes is None:
            return None
        if boxes:
            found[n] = boxes
    return found


def _open(boxes: Sequence[Box], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where nothing is covered, (H, W)."""
    made = np.ones(shape, np.bool_)
    for box in boxes:
        left, top, right, bottom = pixels(box, shape)
        made[top:bottom, left:right] = False
    return made


def _usual(pictures: Sequence[tuple[Grey, NDArray[np.bool_]]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The median of what is open, NaN where it is not known; and how far a picture may be from it."""
    some = np.stack([np.where(shown, _smooth(grey), np.nan).astype(np.float32) for grey, shown in pictures])
    count = np.isfinite(some).sum(axis=0)
    ordered = np.sort(some, axis=0)  # NaN last
    usual = np.take_along_axis(ordered, np.maximum(0, (count - 1) // 2)[None], axis=0)[0]
    apart = np.sort(np.abs(some - usual), axis=0)
    noise = np.nan_to_num(1.48 * np.take_along_axis(apart, np.maximum(0, (count - 1) // 2)[None], axis=0)[0])
    usual[count < LEAST_SAMPLES] = np.nan
    return usual, np.maximum(LEAST_STEP, NOISES * noise).astype(np.float32)


def _different(
    grey: Grey, shown: NDArray[np.bool_], usual: NDArray[np.float32], allowed: NDArray[np.float32]
) -> list[Box] | None:
    """Boxes around what is open and different; None when too much is different."""
    height, width = grey.shape
    known = np.isfinite(usual) & shown
    apart = _smooth(grey) - np.nan_to_num(usual)
    if known.any():
        apart = apart - np.median(apart[known])
    differs = shown & (~np.isfinite(usual) | (np.abs(apart) > allowed))
    if known.any() and float((differs & known).sum()) > MOST_DIFFERENT * float(known.sum()):
        return None
    count, _, stats, _ = cv2.connectedComponentsWithStats(differs.astype(np.uint8), connectivity=8)
    least = max(12.0, SPECK * width * height)
    return list(
        joined(
            [
                grown(Box(left / width, top / height, (left + across) / width, (top + down) / height), DIFFERENT_MARGIN)
                for left, top, across, down, size in stats[1:count].tolist()
                if size >= least
            ],
            0.0,
        )
    )


def _smooth(grey: Grey) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(grey, (5, 5), 0), np.float32)


def _between(a: Box, b: Box, share: float) -> Box:
    """What is on the way from `a` to `b`, with something of both."""
    left, top = a.left + (b.left - a.left) * share, a.top + (b.top - a.top) * share
    right, bottom = a.right + (b.right - a.right) * share, a.bottom + (b.bottom - a.bottom) * share
    return Box(left, top, right, bottom)
