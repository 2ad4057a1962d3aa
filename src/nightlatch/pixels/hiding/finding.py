"""Who and what was where: from what eyes found in some pictures to chains, and to what they cover at each look. Pure.

When unsure, cover. Boxes are widened from head to foot, joined over the looks between two finds, and held to the film's
end, and back to its beginning, where somebody was lost from sight in the middle of the picture (detectors do not find
everybody who lies). Covers here never show in the film by themselves: they say from which pictures the plate may not
take a pixel.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import ANIMALS, Detection, Kind, family
from nightlatch.pixels.hiding.figures import Figure
from nightlatch.pixels.vision.boxes import area_of, around, covered, grown, iou, overlap

# The margins and times were set by hand on the demo's rendered visits and on real films (docs/hiding.md). When in
# doubt, more is covered.
SIDE_MARGIN = 0.15  # of the box, on each side
TOP_MARGIN = 0.16  # heads are often cut off
FOOT_MARGIN = 0.08
CORE_MARGIN = 0.33  # of these margins: within it somebody is, beyond it they may be
CARRY_S = 1.0  # before and after somebody was found
JOIN_S = 3.0  # between two times that the same one was found
GROW_PER_S = 0.03  # of the picture, while nobody is found
MOST_GROWN = 0.05  # of the picture: a cover grows by no more than this
NEAR_S = 0.5  # where somebody was found within this time is covered, too
STEADY_S = 0.2  # what was found within this time of a picture is covered in it: boxes are cut short now and then
EDGE = 0.04  # of the picture: people who are lost nearer to its side than this have left it
BLINK_S = 0.7  # between two finds: they were there in between
STAYS = 0.3  # IoU of two finds' covers, from which they stayed in between
SURE_LOOKS = 3  # of a chain, before its end means anything
FIGURE_SURE = 0.6  # score of a posture from which it says where somebody is
HARMLESS_SURE = 0.5  # score of an animal or vehicle, from which it is one
SMALLEST_REGION = 0.004  # of the picture: what moves and is smaller is not followed
SAME = 0.4  # IoU above which two finds of one look are one person
WIDENS = 0.6  # of the surest find's score: another find of another size counts from there
LEAST_COMMON = 2  # looks that two chains share, before they can be doubles
MOSTLY = 0.7  # of these
BORDER = 0.02  # of the picture: a box so near to its side may be half outside
STAYED = 0.35  # of its own size: a chain that came no further than this has not moved


class Guess(Detection):
    """A detection whose box only says about where somebody is."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one picture: things (of all kinds), faces, what moved, and how some of the people stand."""

    things: tuple[Detection, ...]
    faces: tuple[Detection, ...]
    regions: tuple[Box, ...]
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """One find in one picture: `core` holds all that any eye took for it, `cover` that with its margins."""

    box: Box
    core: Box
    cover: Box
    kind: Kind  # MOTION: it moved, and no eye knew what it was
    score: float
    figure: Figure | None = None
    is_guess: bool = False


@dataclass(slots=True)
class Chain:
    """One person or thing over the film; `found` is by number of the picture."""

    family: Kind  # PERSON also for what may be one
    found: dict[int, Find] = field(default_factory=dict)
    people: int = 0  # looks that a detector called a person, or a face
    surest: float = 0.0  # of these

    @property
    def first(self) -> int:
        """The first picture it was found in."""
        return min(self.found)

    @property
    def last(self) -> int:
        """The last picture it was found in."""
        return max(self.found)

    @property
    def is_somebody(self) -> bool:
        """Whether it was called a person often enough for its end to mean something."""
        return self.people >= SURE_LOOKS

    @property
    def has_moved(self) -> bool:
        """Whether it was in two places."""
        boxes = [body.box for body in self.found.values() if body.kind is not Kind.MOTION]
        if not boxes:
            return True
        wide = max(b.right - b.left for b in boxes)
        high = max(b.bottom - b.top for b in boxes)
        across = [(b.left + b.right) / 2 for b in boxes]
        down = [(b.top + b.bottom) / 2 for b in boxes]
        return max(across) - min(across) > STAYED * wide or max(down) - min(down) > STAYED * high


def bodies(look: Findings) -> list[Find]:
    """What is to be hidden in one picture: people, people of whom only a face was found, animals, what moves."""
    people = _people(look)
    for face in look.faces:
        if all(covered(face.box, body.cover) < 0.9 for body in people):
            box = body_of(face.box)
            people.append(Find(box, box, box, Kind.PERSON, face.score))
    things = [
        Find(d.box, core_of(d.box), widened(d.box), family(d.kind), d.score)
        for d in look.things
        if d.kind is not Kind.PERSON and d.score >= HARMLESS_SURE
    ]
    moving = [
        Find(region, core_of(region), widened(region), Kind.MOTION, 0.0)
        for region in look.regions
        if area_of(region) >= SMALLEST_REGION
        and all(covered(region, body.cover) < 0.8 for body in people)
        and all(covered(region, grown(thing.box, 0.03)) < 0.7 for thing in things)
    ]
    return [*people, *things, *moving]


def _people(look: Findings) -> list[Find]:
    """Finds of one person together: the surest box, and a cover around all that are more than a guess."""
    found: list[Find] = []
    people = sorted((d for d in look.things if d.kind is Kind.PERSON), key=lambda d: (isinstance(d, Guess), -d.score))
    for each in people:
        same = next((n for n, body in enumerate(found) if _is_one(body.box, each.box)), None)
        if same is None:
            is_guess = isinstance(each, Guess)
            found.append(Find(each.box, core_of(each.box), widened(each.box), Kind.PERSON, each.score, None, is_guess))
        elif _widens(found[same], each):
            found[same] = _around(found[same], core_of(each.box), widened(each.box))
    for figure in look.figures:
        best = max(range(len(found)), key=lambda n: iou(found[n].box, figure.box), default=None)
        if best is not None and found[best].figure is None:
            found[best] = _with_figure(found[best], figure)
    return found


def _widens(body: Find, find: Detection) -> bool:
    """Whether another find of the same person says more about where they are: a vague, much larger one does not."""
    if isinstance(find, Guess) and not body.is_guess:
        return False
    return iou(body.box, find.box) > SAME or find.score >= WIDENS * body.score


def _with_figure(body: Find, figure: Figure) -> Find:
    """A body whose posture is known: its cover holds that, too, and no longer a guess that is much larger."""
    body = replace(body, figure=figure)
    if figure.score < FIGURE_SURE:
        return body
    core, cover = core_of(figure.extent), widened(figure.extent)
    return replace(body, core=core, cover=cover) if body.is_guess else _around(body, core, cover)


def _around(body: Find, core: Box, cover: Box) -> Find:
    return replace(body, core=around(body.core, core), cover=around(body.cover, cover))


def _is_one(a: Box, b: Box) -> bool:
    """Whether two boxes of one look are the same person: nearly the same, or one about in the middle of the other."""
    if iou(a, b) > SAME:
        return True
    small, large = sorted((a, b), key=area_of)
    apart = abs(small.left + small.right - large.left - large.right) / 2
    return covered(small, large) > 0.8 and apart < 0.25 * (large.right - large.left)


def widened(box: Box) -> Box:
    """With margins; and where it ends at the picture's side, so much lower and wider that feet are in it."""
    wide, high = box.right - box.left, box.bottom - box.top
    at_side = box.left < BORDER or box.right > 1 - BORDER
    foot = 0.5 * high if at_side else FOOT_MARGIN * high
    side = max(SIDE_MARGIN * wide, 0.2 * high if at_side else 0.0)
    return Box(
        max(0.0, box.left - side),
        max(0.0, box.top - TOP_MARGIN * high),
        min(1.0, box.right + side),
        min(1.0, box.bottom + foot),
    )


def core_of(box: Box) -> Box:
    """With a third of the margins; where it ends at the picture's side, with all of them: eyes see half of whoever
    stands there."""
    whole = widened(box)
    if box.left < BORDER or box.right > 1 - BORDER:
        return whole
    return between(box, whole, CORE_MARGIN)


def body_of(face: Box) -> Box:
    """Three and a half heads wide and eight high: the person with this face is inside."""
    wide, high = face.right - face.left, face.bottom - face.top
    return Box(
        max(0.0, face.left - 1.25 * wide),
        max(0.0, face.top - 0.7 * high),
        min(1.0, face.right + 1.25 * wide),
        min(1.0, face.top + 8 * high),
    )


def chains(looks: Mapping[int, Findings], fps: float) -> list[Chain]:
    """Everybody and everything over time, in the order in which they were first found."""
    made: list[Chain] = []
    for n in sorted(looks):
        _link(made, n, bodies(looks[n]), fps)
    return _settled(made)


def _settled(made: Sequence[Chain]) -> list[Chain]:
    """Chains of one person as one, where they were in one place at the same times.

    Who is found in one place now and then, and never moves, counts as found that often, however long nobody found them
    in between: whether they were there all the time, the pictures say.
    """
    kept: list[Chain] = []
    for chain in sorted(made, key=lambda each: (-each.people, each.first)):
        same = next((other for other in kept if _are_doubles(other, chain)), None)
        if same is None:
            kept.append(chain)
            continue
        for n, body in chain.found.items():
            same.found[n] = _both(same.found[n], body) if n in same.found else body
        same.people = sum(body.kind is Kind.PERSON for body in same.found.values())
        same.surest = max(same.surest, chain.surest)
    looks = [sum(other.people for other in kept if other is chain or _are_one_place(chain, other)) for chain in kept]
    for chain, people in zip(kept, looks, strict=True):
        chain.people = people
    return sorted(kept, key=lambda each: each.first)


def _are_doubles(a: Chain, b: Chain) -> bool:
    """Whether two chains were in one place nearly whenever both were found."""
    common = a.found.keys() & b.found.keys()
    if a.family is not Kind.PERSON or b.family is not Kind.PERSON or len(common) < LEAST_COMMON:
        return False
    return sum(_is_one(a.found[n].box, b.found[n].box) for n in common) >= MOSTLY * len(common)


def _both(a: Find, b: Find) -> Find:
    better, other = (a, b) if (a.kind is Kind.PERSON, a.score) >= (b.kind is Kind.PERSON, b.score) else (b, a)
    return _around(replace(better, figure=better.figure or other.figure), other.core, other.cover)


def _are_one_place(a: Chain, b: Chain) -> bool:
    if a.family is not Kind.PERSON or b.family is not Kind.PERSON or not a.people or not b.people:
        return False
    if a.has_moved or b.has_moved or a.found.keys() & b.found.keys():
        return False
    early, late = (a, b) if a.first <= b.first else (b, a)
    before = max((n for n in early.found if n < late.first), default=early.first)
    return iou(early.found[before].box, late.found[late.first].box) > SAME


def _link(made: list[Chain], n: int, found: Sequence[Find], fps: float) -> None:
    """Give each body to the chain that it continues, or begin one: what is surely somebody chooses first."""
    free = [chain for chain in made if n - chain.last <= JOIN_S * fps]
    for body in sorted(found, key=lambda each: (each.kind is Kind.MOTION, -area_of(each.cover))):
        kin = Kind.PERSON if body.kind is Kind.MOTION else body.kind
        mine = [chain for chain in free if chain.family is kin or body.kind is Kind.MOTION]
        best = max(mine, key=lambda chain: _closeness(chain.found[chain.last], body), default=None)
        if best is None or _closeness(best.found[best.last], body) <= 0:
            best = Chain(kin)
            made.append(best)
        else:
            free.remove(best)
        best.found[n] = body
        if body.kind is Kind.PERSON:
            best.people += 1
            best.surest = max(best.surest, body.score)


def _closeness(a: Find, b: Find) -> float:
    near = 0.01 if overlap(grown(a.cover, 0.06), b.cover) > 0 else 0.0
    return iou(a.cover, b.cover) + near


@dataclass(frozen=True, slots=True)
class Cover:
    """What one person or thing covers in one picture."""

    reach: Box  # where they may be
    core: Box | None  # where they are: found there, or held there by what the pictures show

    def along(self, body: Find) -> Cover:
        """And what was found close by in time."""
        return Cover(around(self.reach, body.cover), body.core if self.core is None else around(self.core, body.core))


def covers_of(chain: Chain, at: Sequence[int], fps: float, held: tuple[bool, bool]) -> dict[int, Cover]:
    """What a chain covers in the pictures `at`, in order: joined between finds, and carried beyond its ends.

    `held` says whether back to the film's beginning, and on to its end.
    """
    known = sorted(chain.found)
    first, last = known[0], known[-1]
    carry = round(CARRY_S * fps)
    before, after = first - at[0] if held[0] else carry, at[-1] - last if held[1] else carry
    near, steady = round(NEAR_S * fps), round(STEADY_S * fps)
    made: dict[int, Cover] = {}
    for n in at:
        if first - before <= n < first:
            made[n] = _beyond(chain, first, (first - n) / fps, near, is_held=held[0])
        elif last < n <= last + after:
            made[n] = _beyond(chain, last, (n - last) / fps, near, is_held=held[1])
        elif first <= n <= last:
            made[n] = _joined(chain, known, n, fps)
    for m, body in chain.found.items():
        for n in made:
            if abs(n - m) <= steady:
                made[n] = made[n].along(body)
    return made


def _beyond(chain: Chain, end: int, away_s: float, near: int, *, is_held: bool) -> Cover:
    """Where the chain may be `away_s` before its first or after its last find; who is held has not moved."""
    about = Cover(chain.found[end].cover, chain.found[end].core)
    for m, other in chain.found.items():
        if abs(m - end) <= near:
            about = about.along(other)
    if is_held:
        return about
    return Cover(grown(about.reach, min(MOST_GROWN, GROW_PER_S * away_s)), None)


def _joined(chain: Chain, known: Sequence[int], n: int, fps: float) -> Cover:
    """Where the chain is between two finds, or at one. Who is found in one place twice was there between."""
    at = bisect_left(known, n)
    b = known[at]
    a = b if b == n else known[at - 1]
    before, after = chain.found[a], chain.found[b]
    if a == b:
        return Cover(before.cover, before.core)
    share = (n - a) / (b - a)
    reach = grown(between(before.cover, after.cover, share), GROW_PER_S * min(n - a, b - n) / fps)
    stays = (b - a) / fps <= BLINK_S or iou(before.cover, after.cover) > STAYS
    return Cover(reach, between(before.core, after.core, share) if stays else None)


def is_in_the_middle(chain: Chain, n: int) -> bool:
    """Whether somebody who is surely there was found for the first or the last time away from the picture's sides."""
    box = chain.found[n].cover
    return chain.family is Kind.PERSON and chain.is_somebody and box.left > EDGE and box.right < 1 - EDGE


def between(a: Box, b: Box, share: float) -> Box:
    """What is on the way from `a` to `b`, with something of both."""
    left, top = a.left + (b.left - a.left) * share, a.top + (b.top - a.top) * share
    right, bottom = a.right + (b.right - a.right) * share, a.bottom + (b.bottom - a.bottom) * share
    return Box(left, top, right, bottom)


def is_thing(kind: Kind) -> bool:
    """Whether a kind has a figure with a word."""
    return kind in ANIMALS or kind in (Kind.VEHICLE, Kind.PACKAGE)
