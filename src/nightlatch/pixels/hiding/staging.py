"""Which puppets stand where in each picture of the film. Pure.

Somebody is drawn from the first to the last time they were found, and on where their place shows that they are still
there. What one person was taken for at the same time is one puppet, in one colour. One who never moved is drawn only
where eyes were sure: furniture is called a person now and then, and is grey.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.figures import Figure, blended
from nightlatch.pixels.hiding.finding import SURE_LOOKS, Chain, Find, between, is_thing
from nightlatch.pixels.hiding.puppets import Puppet
from nightlatch.pixels.vision.boxes import covered, iou

POSTURE_S = 0.7  # from a look whose posture is known
BEYOND_S = 0.4  # before the first and after the last find
SURE = 0.25  # the median score of one who is drawn
SURE_WITHOUT_MOVING = 0.35  # and of one who never moved
MOSTLY = 0.5  # of a chain's finds
DOUBLE = 0.35  # IoU of two that are one


@dataclass(frozen=True, slots=True)
class _Part:
    """What is drawn of one chain: finds by number of the picture, and until when."""

    kind: Kind
    finds: dict[int, Find]
    known: tuple[int, ...]  # their numbers, in order
    figures: tuple[int, ...]  # of these, where the posture is known
    from_n: int
    to_n: int

    def box(self, n: int) -> Box:
        """Where it is in picture `n`."""
        before, after = _around(self.known, n)
        share = 0.0 if before == after else (n - before) / (after - before)
        return between(self.finds[before].box, self.finds[after].box, share)


def staged(chains: Sequence[Chain], count: int, fps: float, stays: Sequence[bool]) -> list[tuple[Puppet, ...]]:
    """The puppets of pictures 0 to `count` - 1; `stays` says of each chain whether it is there to the film's end."""
    beyond = round(BEYOND_S * fps)
    parts = [
        _part(chain, max(0, chain.first - beyond), count - 1 if is_there else min(count - 1, chain.last + beyond))
        for chain, is_there in zip(chains, stays, strict=True)
        if _is_drawn(chain)
    ]
    parts = [part for part in parts if not any(_is_person_after_all(part, other) for other in parts)]
    parts.sort(key=lambda part: (-len(part.finds), part.from_n))
    numbers = _numbers(parts)
    made: list[tuple[Puppet, ...]] = []
    for n in range(count):
        shown: dict[int, Puppet] = {}
        for part, number in zip(parts, numbers, strict=True):
            if part.from_n <= n <= part.to_n:
                puppet = _puppet(part, n, number, fps)
                old = shown.get(number)
                if old is None or (old.figure is None and puppet.figure is not None):
                    shown[number] = puppet
        made.append(tuple(_apart(list(shown.values()))))
    return made


def _is_drawn(chain: Chain) -> bool:
    if chain.family is not Kind.PERSON:
        is_still = chain.family is Kind.VEHICLE and not chain.has_moved
        return is_thing(chain.family) and len(chain.found) >= SURE_LOOKS and not is_still
    scores = sorted(body.score for body in chain.found.values() if body.kind is Kind.PERSON)
    if len(scores) < max(SURE_LOOKS, MOSTLY * len(chain.found)):
        return False
    return scores[len(scores) // 2] >= (SURE if chain.has_moved else SURE_WITHOUT_MOVING)


def _part(chain: Chain, from_n: int, to_n: int) -> _Part:
    finds = {n: body for n, body in chain.found.items() if body.kind is not Kind.MOTION}
    known = tuple(sorted(finds))
    return _Part(chain.family, finds, known, tuple(n for n in known if finds[n].figure is not None), from_n, to_n)


def _numbers(parts: Sequence[_Part]) -> list[int]:
    """One number for each who is drawn; what mostly is where a longer part is at the same time has its number."""
    made: list[int] = []
    for n, part in enumerate(parts):
        same = next((made[m] for m, other in enumerate(parts[:n]) if _is_part_of(part, other)), None)
        made.append(len(set(made)) if same is None else same)
    return made


def _is_part_of(part: _Part, other: _Part) -> bool:
    near = sum(
        other.from_n <= n <= other.to_n and _are_one(part.finds[n].box, other.box(n))
        for n in part.known
        if part.kind is other.kind
    )
    return near > MOSTLY * len(part.known)


def _is_person_after_all(part: _Part, other: _Part) -> bool:
    """Whether a thing is mostly where a person is: who falls is called a dog now and then."""
    if part.kind is Kind.PERSON or other.kind is not Kind.PERSON:
        return False
    near = sum(other.from_n <= n <= other.to_n and _are_one(part.finds[n].box, other.box(n)) for n in part.known)
    return near > MOSTLY * len(part.known)


def _apart(puppets: list[Puppet]) -> list[Puppet]:
    """Without capsules in the place of somebody whose posture is known."""
    return [
        each
        for each in puppets
        if each.figure is not None
        or each.kind is not Kind.PERSON
        or not any(other.figure is not None and _are_one(each.box, other.box) for other in puppets)
    ]


def _are_one(a: Box, b: Box) -> bool:
    return iou(a, b) > DOUBLE or covered(a, b) > 0.7 or covered(b, a) > 0.7


def _puppet(part: _Part, n: int, number: int, fps: float) -> Puppet:
    before, after = _around(part.known, n)
    goes_right = part.finds[after].box.left >= part.finds[before].box.left
    return Puppet(part.kind, number, part.box(n), _posture(part, n, fps), goes_right)


def _around(known: Sequence[int], n: int) -> tuple[int, int]:
    """The numbers in `known`, in order, on both sides of `n`; the same one twice beyond the ends."""
    at = bisect_left(known, n)
    if at == len(known):
        return known[-1], known[-1]
    if known[at] == n or at == 0:
        return known[at], known[at]
    return known[at - 1], known[at]


def _posture(part: _Part, n: int, fps: float) -> Figure | None:
    """How they stand in picture `n`; None where that is not known."""
    if not part.figures:
        return None
    before, after = _around(part.figures, n)
    reach = POSTURE_S * fps
    is_near_before, is_near_after = abs(n - before) <= reach or n > part.known[-1], abs(after - n) <= reach
    a, b = part.finds[before].figure, part.finds[after].figure
    if a is not None and b is not None and before != after and is_near_before and is_near_after:
        return blended(a, b, (n - before) / (after - before))
    return a if is_near_before else b if is_near_after else None
