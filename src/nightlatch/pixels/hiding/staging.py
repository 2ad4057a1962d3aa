"""Which puppets stand where in each picture of the film. Pure.

Somebody is drawn from the first to the last time they were found, and on where their place shows that they are still
there. Who is who says casting.py. One who never moved is drawn only where eyes were sure: furniture is called a person
now and then, and is grey. Only finds decide: no pixel of the film is read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import ANIMALS, Kind, family
from nightlatch.pixels.hiding.casting import ASPECT, Role, are_one, beside, cast, is_at_side, strangers
from nightlatch.pixels.hiding.figures import (
    LEFT_HIP,
    LEFT_SHOULDER,
    Figure,
    blended,
    legs_below,
    like,
    middle_of,
    moved,
)
from nightlatch.pixels.hiding.finding import Chain, Findings
from nightlatch.pixels.hiding.puppets import Puppet
from nightlatch.pixels.vision.boxes import iou

POSTURE_S = 0.7  # from a look whose posture is known
BEYOND_S = 0.4  # before the first and after the last find
AS_BEFORE = 0.6  # IoU of boxes: whose place is so much the same holds their posture
FRESH = 0.65  # IoU of boxes: eyes do not ask again for one who seems not to move; a posture fits until they did
FITS = 0.25  # IoU of a posture's extent and the find it is of
FIGURE_SURE = 0.5  # score of a posture that is drawn: less are guesses, small and crooked
HELD_S = 1.5  # after the last find, that somebody who stood is drawn as they stood
UPRIGHT, SURELY = 1.2, 0.6  # heights to width, and the score, of one who stood and was well found
CUT = 0.015  # of the picture: a find so near to its upper or lower side goes on outside
HEADLESS = 0.15  # of a find's height, from its top to a head that is not there
LEAST_LONG, MOST_LONG = 0.5, 1.6  # times as wide or high as the find, where that is known
TO_THE_END_S = 1.5  # before the film's end: who was lost in the middle so late is drawn on
# Chosen on films of ../shared/data/videos (docs/hiding.md names them).
LEAST_LOOKS = 5  # a second: a car was called a person in four
AT_ONCE = 3  # looks: who is there by then was there before the film
DENSE = 0.4  # of the looks from first to last must have seen who is drawn
SURE = 0.35  # the median score of one who is drawn
SURE_WITHOUT_MOVING = 0.45  # and of one who never moved: furniture had less, but for a motorcycle
STILL = 0.5  # of the film: nobody comes from nowhere, stands still for a while, and is gone
TURNS_S = 0.8  # in which most postures decide which side is whose left one


@dataclass(frozen=True, slots=True)
class _Player:
    """A role that is drawn: as what, from when to when, and the postures that are known of it."""

    role: Role
    kind: Kind
    figures: Mapping[int, Figure]
    postured: tuple[int, ...]  # their numbers, in order
    from_n: int
    to_n: int


def staged(
    looks: Mapping[int, Findings], chains: Sequence[Chain], count: int, fps: float, stays: Sequence[bool]
) -> list[tuple[Puppet, ...]]:
    """The puppets of pictures 0 to `count` - 1; `stays` says of each chain whether it is there to the film's end."""
    step = min((b - a for a, b in zip(sorted(looks), sorted(looks)[1:], strict=False)), default=1)
    roles = [role for role in cast(looks, fps) if _is_drawn(role, step, count)]
    there = [chain for chain, is_there in zip(chains, stays, strict=True) if is_there]
    players = [_player(role, there, count, fps) for role in [*roles, *strangers(looks, roles, fps)]]
    return [
        tuple(
            _puppet(player, number, n, fps)
            for number, player in enumerate(players)
            if player.from_n <= n <= player.to_n
        )
        for n in range(count)
    ]


def _is_drawn(role: Role, step: int, count: int) -> bool:
    kind = role.kind
    scores = [
        max((s for k, s in each.called.items() if family(k) is family(kind)), default=0.0)
        for each in role.sights.values()
    ]
    seen = sum(score > 0 for score in scores)
    if seen < LEAST_LOOKS or len(scores) < DENSE * ((role.known[-1] - role.known[0]) / step + 1):
        return False
    if kind is Kind.VEHICLE or kind is Kind.PACKAGE:
        return role.has_moved and median(scores) >= SURE
    usual = median(score for score in scores if score > 0)
    if role.has_moved or kind in ANIMALS:
        return usual >= SURE
    comes = role.known[0] <= AT_ONCE * step or any(
        is_at_side(role.sights[n].box) for n in (role.known[0], role.known[-1])
    )
    return usual >= SURE_WITHOUT_MOVING and (comes or role.known[-1] - role.known[0] >= STILL * count)


def _player(role: Role, there: Sequence[Chain], count: int, fps: float) -> _Player:
    beyond = round(BEYOND_S * fps)
    last = role.known[-3:]
    is_there = any(
        n in chain.found and are_one(chain.found[n].box, role.sights[n].box) for chain in there for n in last
    )
    figures = _postures(role, fps) if role.kind is Kind.PERSON else {}
    has_left = is_at_side(role.sights[role.known[-1]].box)
    late = count - 1 - role.known[-1] <= (BEYOND_S if has_left and role.is_on_the_way(fps) else TO_THE_END_S) * fps
    is_gone = has_left and _was_surely_upright(role)  # an arm at the side of the picture, and then none
    to_n = count - 1 if (is_there and not is_gone) or late else min(count - 1, role.known[-1] + beyond)
    return _Player(role, role.kind, figures, tuple(figures), max(0, role.known[0] - beyond), to_n)


def _postures(role: Role, fps: float) -> dict[int, Figure]:
    """How somebody stood in each look in which that is known: without slips of a single look."""
    found: dict[int, Figure] = {}
    fresh: dict[tuple[tuple[float, float], ...], Box] = {}
    for n in role.known:
        sight = role.sights[n]
        if sight.figure is None:
            continue
        box = fresh.setdefault(sight.figure.points, sight.box)
        if iou(box, sight.box) >= FRESH and _fits(sight.figure, sight.box):
            is_cut = sight.box.bottom > 1 - CUT
            found[n] = legs_below(sight.figure) if is_cut else sight.figure
    turned = {n: _as_most(n, found, fps) for n in found}
    return {n: middle_of([turned[m] for m in _near(n, list(found), fps)]) for n in found}


def _fits(figure: Figure, box: Box) -> bool:
    """Whether a posture is about as large as the find, and where that is."""
    extent = figure.extent
    across = (extent.right - extent.left) / (box.right - box.left)
    down = (extent.bottom - extent.top) / (box.bottom - box.top)
    if box.top < CUT and (extent.top > box.top + HEADLESS * (box.bottom - box.top) or _is_flat(figure)):
        return False  # the head is above the picture, and the posture has one in it
    is_as_large = max(across, down) >= LEAST_LONG and max(across, down) <= MOST_LONG
    return figure.score >= FIGURE_SURE and is_as_large and iou(extent, box) >= FITS


def _is_flat(figure: Figure) -> bool:
    """Whether the trunk lies rather than stands."""
    (x, y), (u, v) = figure.points[LEFT_SHOULDER], figure.points[LEFT_HIP]
    return abs(x - u) * ASPECT > abs(y - v)


def _as_most(n: int, found: Mapping[int, Figure], fps: float) -> Figure:
    """The posture, left and right exchanged where those around it have them so."""
    near = [found[m] for m in found if m != n and abs(m - n) <= TURNS_S * fps / 2]
    other = found[n].mirrored
    return other if sum(like(other, each) < like(found[n], each) for each in near) > len(near) / 2 else found[n]


def _near(n: int, known: list[int], fps: float) -> list[int]:
    """The picture and the known ones beside it, if there is one on each side."""
    at = known.index(n)
    beside_it = known[max(0, at - 1) : at + 2]
    return beside_it if len(beside_it) == 3 and beside_it[2] - beside_it[0] <= POSTURE_S * fps else [n]


def _puppet(player: _Player, number: int, n: int, fps: float) -> Puppet:
    before, after = beside(player.role.known, n)
    goes_right = player.role.sights[after].box.left >= player.role.sights[before].box.left
    if n > player.role.known[-1] + HELD_S * fps and _was_surely_upright(player.role):
        at = player.role.box(n)
        low = Box(at.left, (at.top + at.bottom) / 2, at.right, at.bottom)
        return Puppet(player.kind, number, low, None, goes_right, is_lost=True)
    return Puppet(player.kind, number, player.role.box(n), _posture(player, n, fps), goes_right)


def _was_surely_upright(role: Role) -> bool:
    """Whether somebody stood and was well found when they were lost: they would be found still, did they stand."""
    last = [role.sights[n] for n in role.known[-5:]]
    box = last[-1].box
    is_upright = box.bottom - box.top > UPRIGHT * (box.right - box.left) * ASPECT
    return is_upright and role.kind is Kind.PERSON and median(each.score for each in last) > SURELY


def _posture(player: _Player, n: int, fps: float) -> Figure | None:
    """How they stand in picture `n`; None where that is not known."""
    if not player.postured:
        return None
    before, after = beside(player.postured, n)
    a, b = player.figures[before], player.figures[after]
    reach = POSTURE_S * fps
    if before < n < after and after - before <= 2 * reach:
        return blended(a, b, (n - before) / (after - before))
    here = player.role.box(n)
    for m, figure in sorted(((before, a), (after, b)), key=lambda each: abs(each[0] - n)):
        there = player.role.box(m)
        if iou(here, there) >= AS_BEFORE or (abs(n - m) <= reach and iou(here, there) >= AS_BEFORE / 2):
            return moved(figure, there, here)
    return None
