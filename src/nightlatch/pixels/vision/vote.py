"""Which kinds an event is told to have: a vote over all its looks, every kind under the same condition. Pure.

A network that errs in one look of fifty would name something in most events, and the fragments of one cat are four
kinds to it. So a family (people, animals, vehicles) is named when it was well seen twice within a few seconds, and
weighs something beside the heaviest; a vehicle must move itself, since one is parked before most doors; and an animal
that lies where a person lies at about that time is the person. How many people there were is what looks saw at once,
not how many tracks somebody left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, takewhile

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind, family
from nightlatch.pixels.vision.boxes import area_of, common, grown, overlap

# Chosen before they were tried on any film, but for TOGETHER, LEAST_OF_TWO, SURER and FAR_SURER, which half of the
# films of bench/sight taught (reel.py says which), and VEHICLE_MOVES: more than a garden in changing light had.
TOGETHER = 0.85  # the scores of two looks that see something well
LEAST_OF_TWO = 0.3  # of which neither may have less
SURER = 0.45  # and one at least this
FAR_SURER = 1.4  # times a person's score, that of an animal in the same place of the same look: it is the animal
TWICE_MS = 3_000  # within which both must be
LEAST = 0.25  # less is not even seen
SHARE = 0.25  # of the heaviest family's weight, below which another is dropped
NEAR = 0.02  # of the picture: what is seen must be this near to what moves
VEHICLE_MOVES = 0.3  # of a vehicle's box that must move
MOST_BESIDE = 12  # looks before and after, that is all of them within TWICE_MS
WELL = 0.45  # the score of a person who counts
PERSON_MOVES = 0.15  # of their box: a motorcycle that was taken for somebody had less
APART = 0.5  # of the smaller box: people who have more than this in common in a look are one
PLACE_MS = 1_500  # around a look, in which a person's place counts
PLACE_SHARE = 0.5  # of the smaller box
PLACE_SCORE = 0.6  # of the animal's score that the person's must have
PERSON = 0.3  # and at least this
# One thing is not two: chosen before they were tried on any real film, on the drawn cats of the stage.
ALONE = 0.25  # share of what speaks for a person that must have been seen away from any animal
OUTWEIGHS = 1.2  # times what speaks for a person: an animal that is seen so much more surely
BESIDE_MS = 700  # around a look
MOST_EITHER = 300  # looks, some two minutes of them
LIKE = 2.5  # times as large, at most, are two boxes of one thing
MOST_LOOKS = 4_000  # half an hour of them is 6,500; the older half is thinned then


@dataclass(frozen=True, slots=True)
class Ballot:
    """The surest sighting of a family in one look."""

    at_ms: int
    detection: Detection


@dataclass(frozen=True, slots=True)
class Contest:
    """The surest person and the surest animal of one look."""

    at_ms: int
    person: Detection | None
    animal: Detection | None


@dataclass(slots=True)
class Vote:
    """Of one event."""

    looks: int = 0
    _seen: dict[Kind, list[Ballot]] = field(default_factory=lambda: defaultdict(list))  # by family
    _doubted: list[Ballot] = field(default_factory=list)  # animals that somebody may yet be seen to be
    _people: list[Ballot] = field(default_factory=list)  # those of the last seconds, for their places
    _known: tuple[int, tuple[Kind, ...]] = (0, ())  # after how many looks, and what was named then
    _either: deque[Contest] = field(default_factory=lambda: deque(maxlen=MOST_EITHER))  # the newest looks
    _crowds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MOST_LOOKS))  # when, and how many

    def take(self, at_ms: int, found: Sequence[Detection], regions: Sequence[Box]) -> None:
        """One look: what an eye found in it, and what moved."""
        if found and all(each.kind is Kind.MOTION for each in found):
            return  # that was no eye: it only says that something moved
        self.looks += 1
        self._people += [Ballot(at_ms, each) for each in found if each.kind is Kind.PERSON and each.score >= PERSON]
        best: dict[Kind, Detection] = {}
        for each in sorted(moving(found, regions), key=lambda detection: detection.score):
            if not _is_animal(each, found):
                best[family(each.kind)] = each
        for group, each in best.items():
            (self._doubted if group is Kind.ANIMAL else self._seen[group]).append(Ballot(at_ms, each))
        if best.keys() & {Kind.PERSON, Kind.ANIMAL}:
            self._either.append(Contest(at_ms, best.get(Kind.PERSON), best.get(Kind.ANIMAL)))
        self._settle(at_ms)
        if (crowd := _count(found, regions)) > 1:
            self._crowds.append((at_ms, crowd))
        for ballots in self._seen.values():
            if len(ballots) > MOST_LOOKS:
                ballots[: MOST_LOOKS // 2] = ballots[: MOST_LOOKS // 2 : 2]

    @property
    def people(self) -> int | None:
        """How many were there at once: as many as two looks within a few seconds saw; None while no eye has looked."""
        if not self.looks:
            return None
        if Kind.PERSON not in (self.kinds or ()):
            return 0
        return max(
            (
                min(crowd, after)
                for (at_ms, crowd), (then_ms, after) in pairwise(self._crowds)
                if then_ms - at_ms <= TWICE_MS
            ),
            default=1,
        )

    @property
    def kinds(self) -> tuple[Kind, ...] | None:
        """What is named, in the order of `Kind`; None while no eye has looked."""
        if not self.looks:
            return None
        if self._known[0] != self.looks:
            self._known = self.looks, self._named()
        return self._known[1]

    def _named(self) -> tuple[Kind, ...]:
        weights: dict[Kind, float] = {}
        named: dict[Kind, Kind] = {}
        seen = {**self._seen, Kind.ANIMAL: [*self._seen[Kind.ANIMAL], *self._animals(self._doubted)]}
        for group, ballots in seen.items():
            if _is_well_seen(ballots):
                weights[group] = sum(each.detection.score for each in ballots)
                named[group] = _heaviest(ballots)
        if {Kind.PERSON, Kind.ANIMAL} <= weights.keys() and _is_only_an_animal(list(self._either)):
            del weights[Kind.PERSON]
        least = SHARE * max(weights.values(), default=0.0)
        kept = {named[group] for group, weight in weights.items() if weight >= least}
        return tuple(kind for kind in Kind if kind in kept)

    def _settle(self, at_ms: int) -> None:
        """Nobody seen from now on can be an animal of so long ago."""
        sure = [each for each in self._doubted if each.at_ms < at_ms - PLACE_MS]
        self._doubted = [each for each in self._doubted if each.at_ms >= at_ms - PLACE_MS]
        self._seen[Kind.ANIMAL] += self._animals(sure)
        self._people = [each for each in self._people if each.at_ms >= at_ms - 2 * PLACE_MS]

    def _animals(self, ballots: Sequence[Ballot]) -> list[Ballot]:
        return [each for each in ballots if not self._is_person(each.at_ms, each.detection)]

    def _is_person(self, at_ms: int, animal: Detection) -> bool:
        """Whether somebody was seen in this place at about this time."""
        first = bisect_left(self._people, at_ms - PLACE_MS, key=lambda each: each.at_ms)
        return any(
            each.detection.score >= PLACE_SCORE * animal.score
            and overlap(each.detection.box, animal.box)
            > PLACE_SHARE * min(area_of(each.detection.box), area_of(animal.box))
            for each in takewhile(lambda each: each.at_ms <= at_ms + PLACE_MS, islice(self._people, first, None))
        )


def _is_only_an_animal(looks: list[Contest]) -> bool:
    """Whether the person and the animal of an event are one thing, and that is the animal.

    So it is where nobody was seen away from it, and it was seen so much more surely. Whoever stood before they lay
    down, walks a dog or holds a cat was seen away from it, or is of another size.
    """
    person = sum(look.person.score for look in looks if look.person is not None)
    animal = sum(look.animal.score for look in looks if look.animal is not None)
    if animal < OUTWEIGHS * person:
        return False
    alone = 0.0
    for number, look in enumerate(looks):
        if look.person is not None:
            near = looks[max(0, number - MOST_BESIDE) : number + MOST_BESIDE + 1]
            beside = (each.animal for each in near if abs(each.at_ms - look.at_ms) <= BESIDE_MS)
            is_beside = any(each is not None and _is_like(look.person.box, each.box) for each in beside)
            alone += 0.0 if is_beside else look.person.score
    return alone <= ALONE * person


def _is_like(a: Box, b: Box) -> bool:
    """Whether two boxes may be one thing's, a look apart: of one size, and no farther apart than they are large."""
    ratio = area_of(a) / max(1e-9, area_of(b))
    wide, high = max(a.right - a.left, b.right - b.left), max(a.bottom - a.top, b.bottom - b.top)
    off_x, off_y = abs(a.left + a.right - b.left - b.right) / 2, abs(a.top + a.bottom - b.top - b.bottom) / 2
    return 1 / LIKE <= ratio <= LIKE and off_x <= wide and off_y <= high


def _is_animal(person: Detection, found: Sequence[Detection]) -> bool:
    """Whether an animal is seen in a person's place, and far more surely: the pose detector sees people in cats."""
    return person.kind is Kind.PERSON and any(
        family(each.kind) is Kind.ANIMAL
        and each.score >= FAR_SURER * person.score
        and overlap(each.box, person.box) > PLACE_SHARE * min(area_of(each.box), area_of(person.box))
        for each in found
    )


def moving(found: Sequence[Detection], regions: Sequence[Box]) -> list[Detection]:
    """What of it is seen well enough to count, and moves."""
    return [each for each in found if each.score >= LEAST and each.kind is not Kind.MOTION and _moves(each, regions)]


def _moves(each: Detection, regions: Sequence[Box]) -> bool:
    if each.kind is Kind.VEHICLE:
        return _moved(each.box, regions) >= VEHICLE_MOVES
    around = grown(each.box, NEAR)
    return any(overlap(around, region) > 0 for region in regions)


def _moved(box: Box, regions: Sequence[Box], others: Sequence[Box] = ()) -> float:
    """The share of a box that moves, without what lies in `others`."""
    moved = 0.0
    for region in regions:
        moved += overlap(box, region)
        here = common(box, region)
        moved -= sum(overlap(here, other) for other in others) if here is not None else 0.0
    return moved / max(1e-9, area_of(box))


def _count(found: Sequence[Detection], regions: Sequence[Box]) -> int:
    """How many separate people are well seen in a look, and move: what somebody surer moves counts for them alone."""
    boxes: list[Box] = []
    sure = [each for each in found if each.kind is Kind.PERSON and each.score >= WELL]
    for each in sorted(sure, key=lambda detection: -detection.score):
        is_apart = all(overlap(each.box, box) <= APART * min(area_of(each.box), area_of(box)) for box in boxes)
        if is_apart and _moved(each.box, regions, boxes) >= PERSON_MOVES:
            boxes.append(each.box)
    return len(boxes)


def _is_well_seen(ballots: Sequence[Ballot]) -> bool:
    """Whether two looks within a few seconds are sure enough together."""
    good = [(each.at_ms, each.detection.score) for each in ballots if each.detection.score >= LEAST_OF_TWO]
    for number, (at_ms, score) in enumerate(good):
        if score < SURER:
            continue
        beside = (*good[max(0, number - MOST_BESIDE) : number], *good[number + 1 : number + 1 + MOST_BESIDE])
        if any(0 < abs(at_ms - other_ms) <= TWICE_MS and score + other >= TOGETHER for other_ms, other in beside):
            return True
    return False


def _heaviest(ballots: Sequence[Ballot]) -> Kind:
    weights: dict[Kind, float] = defaultdict(float)
    for each in ballots:
        weights[each.detection.kind] += each.detection.score
    return max(weights, key=lambda kind: (weights[kind], kind.value))
