"""Who plays which part: from what eyes found to one role for each person, animal or vehicle, over the film. Pure.

Chains (finding.py) say where somebody may be and take in too much rather than too little; here it is the other way
round. In each look there is one find for one body, whatever the eyes call it; finds follow each other by place and
size; what somebody was lost and found again as is one role where nobody else can be meant. What it is, all finds of a
role vote on: a cat that is called a person now and then is a cat, somebody who falls and is called a dog is a person.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import ANIMALS, Kind, family
from nightlatch.pixels.hiding.figures import Figure, like
from nightlatch.pixels.hiding.finding import BORDER, Findings, between, bodies
from nightlatch.pixels.vision.assignment import assign
from nightlatch.pixels.vision.boxes import area_of, covered, grown, iou, middle, overlap

# Chosen on some of the films of ../shared/data/videos (docs/hiding.md names them), but for what says otherwise.
LEAST = 0.25  # of a thing that is no person; people count from what hides them
LARGEST, SURE_LARGE = 0.6, 0.6  # of the picture: of a street from above eyes say, unsurely, that all of it is a car
BEGINS = 0.3  # score from which a find begins a role; weaker ones only go on with one
SAME = 0.45  # IoU of two finds of one look that are one body
SAME_OTHER = 0.55  # the same of two that are called a person and something else
WITHIN = 0.8  # of the smaller in the larger, to be one body, too
PART = 0.3  # and at least so large beside it: a child before a grown-up is smaller
REMEMBERED_S = 2.0  # without a find, before a role is over
STEPS_S = 0.6  # that somebody is taken to go on as they went
REACH = 0.8  # own sizes, between two finds of one role
REACH_PER_S = 0.4  # more, for each second without a find
MOST_REACH = 1.6
OTHERWISE = 0.3  # added to the distance where one is called a person and the other something else
RECENT = 5  # sights, whose score the next one should have
LESSER = 0.4  # added for a role that was seen little beside others: where two claim a find it is theirs
AGAIN_S = 8.0  # after which who was lost in the middle is somebody else
AGAIN_NEAR = 1.2  # own sizes
SOON_S = 1.5  # after which only who was seen well before, and in the middle of the picture, is found again
SEEN_WELL = 5  # sights
AGAIN_LIKE = 2.2  # times as large
SLIP = 0.35  # IoU with where somebody was just before and after
TOGETHER = 0.5  # of a role's finds, where another has its place: they are one
ALIKE = 0.12  # of the body's size, between the limbs of two postures: both are of one body
FRAGMENT = 0.65  # of the smaller box in the larger, of one that no eye was sure of
SURE_ALONE = 0.5  # median score from which a role is nobody's echo: two people may stand close all the time
WEAKER = 0.75  # of the other's sights
ECHOES = 0.4  # of the smaller box in the larger
HALF = 0.5  # of the sights
MOVES = 0.5  # of its own shorter side
OUTWEIGHS = 1.2  # times what speaks for a person
SMALLEST_STRANGER, LARGEST_STRANGER = 0.0015, 0.12  # of the picture
MOST_STRANGERS = 4  # more places that move at once are weather, or the camera
STRANGER_S = 1.2  # it must have lasted
STRANGER_SEEN = 3.5  # sights a second of five
STRANGER_FAR = 1.5  # own sizes from where it began
STRAIGHT = 0.6  # of the way it went
ASPECT = 16 / 9  # as boxes.py takes pictures to be


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One body in one look: where, and how surely it was called what."""

    box: Box
    called: Mapping[Kind, float]
    figure: Figure | None = None

    @property
    def score(self) -> float:
        """The surest that it was called anything."""
        return max(self.called.values())


@dataclass(slots=True)
class Role:
    """One person or thing over the film: its sights by number of the picture."""

    sights: dict[int, Glimpse] = field(default_factory=dict)
    _known: list[int] = field(default_factory=list)

    def add(self, n: int, sight: Glimpse) -> None:
        """One more sight; where there are two of a picture the surer stands."""
        old = self.sights.get(n)
        if old is None:
            self._known.insert(bisect_left(self._known, n), n)
        self.sights[n] = sight if old is None else _both(old, sight)

    @property
    def known(self) -> Sequence[int]:
        """The pictures it was seen in, in order; never empty once it was cast."""
        return self._known

    def box(self, n: int) -> Box:
        """Where it is in picture `n`: on its way between two sights, and where it was seen beyond them."""
        before, after = beside(self._known, n)
        if before == after:
            return self.sights[before].box
        return between(self.sights[before].box, self.sights[after].box, (n - before) / (after - before))

    def weight(self, kind: Kind) -> float:
        """What speaks for a family of kinds, over all sights."""
        return sum(max((s for k, s in each.called.items() if family(k) is kind), default=0.0) for each in self._all())

    @property
    def kind(self) -> Kind:
        """What it is, by all its sights: cat and dog, where one of them is called more than the other."""
        person = self.weight(Kind.PERSON)
        others = {kind: self.weight(kind) for kind in (Kind.ANIMAL, Kind.VEHICLE, Kind.PACKAGE)}
        best = max(others, key=lambda kind: others[kind])
        if person == others[best] == 0:
            return Kind.MOTION
        if person > 0 and others[best] <= OUTWEIGHS * person:
            return Kind.PERSON
        if best is not Kind.ANIMAL:
            return best
        words = {kind: sum(each.called.get(kind, 0.0) for each in self._all()) for kind in ANIMALS}
        return max(sorted(words), key=lambda kind: words[kind])

    @property
    def has_moved(self) -> bool:
        """Whether it was in two places, and in neither for one look only: further apart than it is thick, by half."""
        boxes = [each.box for each in self._all()]
        tenth = len(boxes) // 10
        across, down = (sorted(middle(box)[n] for box in boxes) for n in (0, 1))
        thick = median(min((b.right - b.left) * ASPECT, b.bottom - b.top) for b in boxes)
        return math.hypot((across[-1 - tenth] - across[tenth]) * ASPECT, down[-1 - tenth] - down[tenth]) > MOVES * thick

    def is_on_the_way(self, fps: float) -> bool:
        """Whether it was moving when it was seen last: more than a fifth of its size in half a second."""
        aside, down = _pace(self, fps)
        return math.hypot(aside * ASPECT, down) / 2 > 0.2 * size_of(self.sights[self.known[-1]].box)

    def _all(self) -> Sequence[Glimpse]:
        return [self.sights[n] for n in self._known]


def cast(looks: Mapping[int, Findings], fps: float) -> list[Role]:
    """Everybody and everything that was seen, in the order in which they were first seen."""
    made = _rejoined(_once(_linked({n: glimpses(look) for n, look in looks.items()}, fps)), fps)
    return [_without_slips(role, fps) for role in _once(made)]


def strangers(looks: Mapping[int, Findings], roles: Sequence[Role], fps: float) -> list[Role]:
    """What moved through the picture where none of the `roles` was, and no eye knew what it is.

    Branches, light and rain move on the spot or all over the picture: only what keeps its size and gets somewhere
    is told. The limits are cautious guesses, tried on films with leaves, clouds and lamps, not fitted.
    """
    left = {
        n: [
            Glimpse(region, {Kind.MOTION: 1.0})
            for region in look.regions
            if SMALLEST_STRANGER <= area_of(region) <= LARGEST_STRANGER
            and not any(_explains(r, n, region) for r in roles)
        ]
        for n, look in looks.items()
    }
    busy = {n for n, some in left.items() if len(some) > MOST_STRANGERS}
    return [
        role for role in _linked({n: [] if n in busy else left[n] for n in left}, fps) if _gets_somewhere(role, fps)
    ]


def _explains(role: Role, n: int, region: Box) -> bool:
    reach = 3 * REMEMBERED_S
    return role.known[0] - reach <= n <= role.known[-1] + reach and overlap(grown(role.box(n), 0.05), region) > 0


def _gets_somewhere(role: Role, fps: float) -> bool:
    boxes = [role.sights[n].box for n in role.known]
    lasted, places = role.known[-1] - role.known[0], [middle(box) for box in boxes]
    if lasted < STRANGER_S * fps or len(boxes) < STRANGER_SEEN * lasted / fps:
        return False
    sizes = sorted(size_of(box) for box in boxes)
    if sizes[-1 - len(sizes) // 4] > AGAIN_LIKE * sizes[len(sizes) // 4]:
        return False
    steps = [math.hypot((u - x) * ASPECT, v - y) for (x, y), (u, v) in pairwise(places)]
    (x, y), (u, v) = places[0], places[-1]
    far = math.hypot((u - x) * ASPECT, v - y)
    return far > STRANGER_FAR * median(sizes) and far > STRAIGHT * sum(steps)


def _linked(seen_at: Mapping[int, Sequence[Glimpse]], fps: float) -> list[Role]:
    """Sights as roles: each goes on with the role that it follows best, in all at the least cost."""
    made: list[Role] = []
    for n in sorted(seen_at):
        free = [role for role in made if n - role.known[-1] <= REMEMBERED_S * fps]
        seen = seen_at[n]
        most = max((len(role.known) for role in free), default=1)
        lesser = [LESSER * (1 - len(role.known) / most) for role in free]
        costs = [[_far(role, each, n, fps) + less for each in seen] for role, less in zip(free, lesser, strict=True)]
        pairs = {column: row for row, column in assign(costs) if costs[row][column] < 1.0}
        for m, each in enumerate(seen):
            if m in pairs:
                free[pairs[m]].add(n, each)
            elif each.score >= BEGINS:
                made.append(Role())
                made[-1].add(n, each)
    return made


def glimpses(look: Findings) -> list[Glimpse]:
    """One for each body in a look."""
    found = [Glimpse(b.box, {Kind.PERSON: b.score}, b.figure) for b in bodies(look) if b.kind is Kind.PERSON]
    things = [d for d in look.things if d.kind is not Kind.PERSON and d.score >= LEAST]
    found += [Glimpse(d.box, {d.kind: d.score}) for d in things]
    found = [each for each in found if area_of(each.box) < LARGEST or each.score >= SURE_LARGE]
    kept: list[Glimpse] = []
    for each in sorted(found, key=lambda s: -s.score):
        same = next((m for m, other in enumerate(kept) if _is_one(other, each)), None)
        if same is None:
            kept.append(each)
        else:
            kept[same] = _both(kept[same], each)
    return kept


def _is_one(a: Glimpse, b: Glimpse) -> bool:
    if family(_word(a)) is not family(_word(b)):
        return iou(a.box, b.box) > SAME_OTHER
    if are_one(a.box, b.box):
        return True
    if a.figure is not None and b.figure is not None and shared(a.box, b.box) > ECHOES:
        return like(a.figure, b.figure) < ALIKE * (size_of(a.box) + size_of(b.box)) / 2
    return shared(a.box, b.box) > FRAGMENT and min(a.score, b.score) < SURE_ALONE


def _both(a: Glimpse, b: Glimpse) -> Glimpse:
    """What two sights of one body say together."""
    better, other = (a, b) if a.score >= b.score else (b, a)
    called = {kind: max(a.called.get(kind, 0.0), b.called.get(kind, 0.0)) for kind in {**a.called, **b.called}}
    return replace(better, called=called, figure=better.figure or other.figure)


def _word(sight: Glimpse) -> Kind:
    return max(sorted(sight.called), key=lambda kind: sight.called[kind])


def _far(role: Role, sight: Glimpse, n: int, fps: float) -> float:
    """How unlikely it is that a sight goes on with a role; 1 and more: it does not."""
    last = role.known[-1]
    old, gap_s = role.sights[last], (n - last) / fps
    aside, down = _pace(role, fps)
    on_s = min(gap_s, STEPS_S)
    (x, y), (u, v) = middle(old.box), middle(sight.box)
    size, other = size_of(old.box), size_of(sight.box)
    far = math.hypot((x + aside * on_s - u) * ASPECT, y + down * on_s - v) / ((size + other) / 2)
    cost = far / min(MOST_REACH, REACH + REACH_PER_S * gap_s) + 0.35 * abs(math.log2(size / other))
    usual = [role.sights[m].score for m in role.known[-RECENT:]]
    cost += abs(sight.score - sum(usual) / len(usual))
    if family(_word(old)) is not family(_word(sight)):
        cost += OTHERWISE
    return cost if iou(old.box, sight.box) < SAME else min(cost, 0.95)


def _pace(role: Role, fps: float) -> tuple[float, float]:
    """Of the picture a second, to the right and down, over the last half second that it was seen."""
    last = role.known[-1]
    first = next((m for m in reversed(role.known) if last - m >= 0.5 * fps), None)
    if first is None or last - first > 1.5 * fps:
        return 0.0, 0.0
    (x, y), (u, v) = middle(role.sights[first].box), middle(role.sights[last].box)
    return (u - x) * fps / (last - first), (v - y) * fps / (last - first)


def _once(roles: Sequence[Role]) -> list[Role]:
    """Roles of one body as one, where a lesser one is mostly in the place of a greater one."""
    kept: list[Role] = []
    for role in sorted(roles, key=lambda each: -sum(s.score for s in each.sights.values())):
        same = next((other for other in kept if _is_part_of(role, other)), None)
        if same is None:
            kept.append(role)
        else:
            for n, each in role.sights.items():
                same.add(n, each)
    whole: list[Role] = []
    for role in kept:
        same = next((other for other in whole if _is_echo_of(role, other)), None)
        if same is None:
            whole.append(role)
            continue
        for n, each in role.sights.items():
            is_beyond = not same.known[0] <= n <= same.known[-1]
            if is_beyond or (n not in same.sights and shared(each.box, same.box(n)) > ECHOES):
                same.add(n, each)
    return sorted(whole, key=lambda each: each.known[0])


def _is_echo_of(role: Role, other: Role) -> bool:
    """Whether a role is what eyes took somebody for a second time: never sure, and mostly at the same place."""
    if median(each.score for each in role.sights.values()) >= SURE_ALONE:
        return False
    if len(role.sights) > WEAKER * len(other.sights) or Kind.VEHICLE in (role.kind, other.kind):
        return False
    both = [n for n in role.known if other.known[0] <= n <= other.known[-1]]
    near = sum(shared(role.sights[n].box, other.box(n)) > ECHOES for n in both)
    return len(both) >= min(SEEN_WELL, HALF * len(role.sights)) and near > HALF * len(both)


def shared(a: Box, b: Box) -> float:
    """How much of the smaller of two boxes lies in the larger, 0 to 1."""
    return overlap(a, b) / max(1e-9, min(area_of(a), area_of(b)))


def _is_part_of(role: Role, other: Role) -> bool:
    if Kind.VEHICLE in (role.kind, other.kind) and role.kind is not other.kind:
        return False
    near = sum(
        other.known[0] <= n <= other.known[-1] and are_one(each.box, other.box(n)) for n, each in role.sights.items()
    )
    return near > TOGETHER * len(role.sights)


def are_one(a: Box, b: Box) -> bool:
    """Whether two boxes are of one body: much alike, or a fair part of it within."""
    if iou(a, b) > SAME:
        return True
    small, large = sorted((a, b), key=area_of)
    return covered(small, large) > WITHIN and area_of(small) > PART * area_of(large)


def _rejoined(roles: Sequence[Role], fps: float) -> list[Role]:
    """Who was lost in the middle of the picture and is found again near there is the same one."""
    kept: list[Role] = []
    for role in roles:
        near = [(far, other) for other in kept if (far := _since(other, role, fps)) is not None]
        if not near:
            kept.append(role)
            continue
        same = min(near, key=lambda each: each[0])[1]
        for n, each in role.sights.items():
            same.add(n, each)
    return kept


def _since(early: Role, late: Role, fps: float) -> float | None:
    """How far in own sizes a role began from where another ended; None where they cannot be one."""
    end = next(n for n in reversed(early.known) if early.sights[n].score >= BEGINS)
    begin = late.known[0]
    if not -fps <= begin - end <= AGAIN_S * fps:
        return None
    if Kind.VEHICLE in (early.kind, late.kind) and early.kind is not late.kind:
        return None
    a, b = early.sights[end].box, late.sights[begin].box
    if begin - end > SOON_S * fps and (is_at_side(a) or is_at_side(b) or len(early.known) < SEEN_WELL):
        return None  # one leaves, another comes
    size, other = size_of(a), size_of(b)
    (x, y), (u, v) = middle(a), middle(b)
    far = math.hypot((x - u) * ASPECT, y - v) / ((size + other) / 2)
    return far if far < AGAIN_NEAR and max(size, other) < AGAIN_LIKE * min(size, other) else None


def _without_slips(role: Role, fps: float) -> Role:
    """The role without sights elsewhere, where those around agree with each other: an eye took in too much."""
    made = Role()
    for at, n in enumerate(role.known):
        near = [m for m in role.known[max(0, at - 2) : at + 3] if m != n and abs(m - n) <= fps]
        boxes = [role.sights[m].box for m in near]
        if len(boxes) < 3 or not _is_slip(role.sights[n].box, boxes):
            made.add(n, role.sights[n])
    return made


def _is_slip(box: Box, near: Sequence[Box]) -> bool:
    usual = Box(*(median(side) for side in zip(*((b.left, b.top, b.right, b.bottom) for b in near), strict=True)))
    return iou(box, usual) < SLIP and all(iou(each, usual) > SAME for each in near)


def is_at_side(box: Box) -> bool:
    """Whether it may be half outside, on the left or the right."""
    return box.left < BORDER or box.right > 1 - BORDER


def size_of(box: Box) -> float:
    """About as long for somebody who stands as for one who lies, in picture heights."""
    return max(1e-3, math.sqrt(max(1e-9, area_of(box)) * ASPECT) * 1.5)


def beside(known: Sequence[int], n: int) -> tuple[int, int]:
    """The numbers in `known`, in order, on both sides of `n`; the same one twice beyond the ends."""
    at = bisect_left(known, n)
    if at == len(known):
        return known[-1], known[-1]
    if known[at] == n or at == 0:
        return known[at], known[at]
    return known[at - 1], known[at]
