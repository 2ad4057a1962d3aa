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
MOST_LOOKS = 4_000  # half an hour of them is 6,500; the older half is thinned then


@dataclass(frozen=True, slots=True)
class Ballot:
    """The surest sighting of a family in one look."""

    at_ms: int
    detection: Detection


@dataclass(slots=True)
class Vote:
    """Of one event."""

    looks: int = 0
    _seen: dict[Kind, list[Ballot]] = field(default_factory=lambda: defaultdict(list))  # by family
    _doubted: list[Ballot] = field(default_factory=list)  # animals that somebody may yet be seen to be
    _people: list[Ballot] = field(default_factory=list)  # those of the last seconds, for their places
    _known: tuple[int, tuple[Kind, ...]] = (0, ())  # after how many looks, and what was named then
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
