"""Makes what moved whole again: joins pieces of tracks, unites parts of a body, and votes on what each is. Pure.

Kinds are votes over time: somebody who was upright and lies down is still a person, and what darts as no person can is
none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind, Place, Story, Track
from nightlatch.pixels.vision.boxes import apart, around, covered, longer_side, overlap
from nightlatch.pixels.vision.story.walk import Walk, walk

PETS = frozenset({Kind.CAT, Kind.DOG, Kind.ANIMAL})
# Set by hand: on the simulated stories of lab/judge, and, for parts of bodies, what is fast and what is slight, on real
# films, where it had called people who fell animals and a road of cars a cat. The model was trained with these.
BRIEF_MS = 1_200  # somebody who is seen for less is no person yet
SURE = 0.35  # mean score of a track below which its kind is doubtful
MOST_PIECES = 400  # of a story; of more than these the longest are taken
MOST_BODIES = 20  # to which parts are looked for
PART = 0.6  # of its looks in which a part is above, below or within the rest of the body
FRESH_MS = 500  # since it was measured: an eye looks some three times a second
WITHIN = 0.7  # of a part that lies in the body
TWO = 0.6  # mean scores from which one within another are two: a child before its mother, a dog in somebody's arms
PART_MS = 700  # for which both must be seen, and within which their places are of one moment
GAP_MS = 6_000  # a piece that begins this long after another ended may go on with it
REACH = 1.2  # heights: and this near
TOO_FAST = 5.0  # heights a second: some 8 m/s; no person, an insect near the lens or a broken track
FAST_LOW = 2.8  # heights a second of something wider than high: an animal
USUAL_LOW = 1.5  # and most of the time, so that it is not a fall
SLIGHT = 0.15  # of the heaviest, below which a kind is doubted
SURE_AT = {Kind.PERSON: 0.6, Kind.ANIMAL: 0.8, Kind.VEHICLE: 0.8}  # mean scores from which it is not
GROUP = dict.fromkeys(PETS, Kind.ANIMAL)
MOTION_WEIGHT = 0.15  # of a second that no eye could name, in the vote
FAMILY = {kind: kind if kind in (Kind.VEHICLE, Kind.PACKAGE) else Kind.MOTION for kind in Kind}  # what may be confused


@dataclass(frozen=True, slots=True)
class Thing:
    """What the pieces of a track are when they are put together."""

    kind: Kind
    score: float
    track: Track
    walk: Walk


def things(story: Story) -> list[Thing]:
    """What moved, made whole again, and what each is by vote. Raises `ValueError` as `walk`.

    Pieces of tracks that go on where others ended are joined; so are parts of one body (head and legs that move, and
    nothing between) that stay together for as long as both are seen.
    """
    pieces = sorted(story.tracks, key=lambda t: t.path[0].at_ms - t.path[-1].at_ms)[:MOST_PIECES]
    joined: list[list[Track]] = []
    for piece in sorted(pieces, key=lambda t: t.path[0].at_ms):
        before = min(
            (each for each in joined if _goes_on(each[-1], piece)),
            key=lambda each: apart(each[-1].path[-1].box, piece.path[0].box),
            default=None,
        )
        if before is None:
            joined.append([piece])
        else:
            before.append(piece)
    return _believed([_thing(each) for each in _bodies(joined)])


def _believed(found: list[Thing]) -> list[Thing]:
    """Take what was called a cat for a second, while a person was there for a minute, for plain motion.

    People, pets and vehicles weigh as much as their things were seen, and as surely. What is slight beside the heaviest
    of the three, and never sure, is more often a part of it that was misnamed than really there.
    """
    weights: dict[Kind, float] = {}
    best: dict[Kind, float] = {}
    for thing in found:
        group = GROUP.get(thing.kind, thing.kind)
        weights[group] = weights.get(group, 0.0) + thing.score * (0.1 + thing.walk.seconds)
        best[group] = max(best.get(group, 0.0), thing.score)
    heaviest = max((weights.get(group, 0.0) for group in SURE_AT), default=0.0)
    slight = {g for g, sure in SURE_AT.items() if weights.get(g, 0.0) < SLIGHT * heaviest and best.get(g, 0.0) < sure}
    return [replace(t, kind=Kind.MOTION) if GROUP.get(t.kind, t.kind) in slight else t for t in found]


@dataclass(frozen=True, slots=True)
class _Body:
    """Pieces of tracks that are one thing, and where it was, in order of time."""

    pieces: tuple[Track, ...]
    path: tuple[Place, ...]

    @property
    def length_ms(self) -> int:
        return self.path[-1].at_ms - self.path[0].at_ms

    @property
    def is_named(self) -> bool:
        return any(piece.kind is not Kind.MOTION for piece in self.pieces)

    @property
    def score(self) -> float:
        return max((piece.score for piece in self.pieces if piece.kind is not Kind.MOTION), default=0.0)


def _bodies(chains: list[list[Track]]) -> list[_Body]:
    """Put parts of one body together, what an eye knows and the longest first."""
    loose = [_Body(tuple(chain), _in_order(chain)) for chain in chains]
    loose.sort(key=lambda body: (not body.is_named, -body.length_ms, body.path[0].at_ms))
    whole: list[_Body] = []
    for part in loose:
        of = next((n for n, body in enumerate(whole[:MOST_BODIES]) if _is_part(part, body)), None)
        if of is None:
            whole.append(part)
        else:
            whole[of] = _with_part(whole[of], part)
    return whole


def _in_order(chain: list[Track]) -> tuple[Place, ...]:
    """The places of a chain; one track is left as it is, so that one that runs back in time is noticed."""
    if len(chain) == 1:
        return chain[0].path
    return tuple(sorted((place for piece in chain for place in piece.path), key=lambda place: place.at_ms))


def _with_part(body: _Body, part: _Body) -> _Body:
    """The body with a part of it; where an eye placed the body, what only moved makes it no larger."""
    pieces = (*body.pieces, *part.pieces)
    if body.is_named:
        return _Body(pieces, _fresher(body.path, part.path) if part.is_named else body.path)
    return _Body(pieces, _united(body.path, part.path))


def _is_part(part: _Body, body: _Body) -> bool:
    """Whether one is above or within the other for most of the time that the shorter one is seen."""
    if FAMILY[part.pieces[0].kind] != FAMILY[body.pieces[0].kind] or part.length_ms < PART_MS:
        return False
    are_two = min(part.score, body.score) >= TWO
    times = [place.at_ms for place in body.path]
    held = 0
    for place in part.path:
        other = body.path[nearest(times, place.at_ms)]
        is_within = not are_two and covered(place.box, other.box) >= WITHIN
        held += abs(other.at_ms - place.at_ms) <= PART_MS and (is_within or _is_stacked(place.box, other.box))
    return held >= PART * len(part.path)


def _is_stacked(a: Box, b: Box) -> bool:
    """Whether two boxes are one above the other, nearer than the higher of them is high."""
    across = min(a.right, b.right) - max(a.left, b.left)
    gap = max(a.top, b.top) - min(a.bottom, b.bottom)
    return across >= 0.3 * min(a.right - a.left, b.right - b.left) and gap <= max(a.bottom - a.top, b.bottom - b.top)


def _united(body: tuple[Place, ...], part: tuple[Place, ...]) -> tuple[Place, ...]:
    """The body's path, with the part inside its boxes while both are seen."""
    times = [place.at_ms for place in part]
    path = []
    for place in body:
        other = part[nearest(times, place.at_ms)]
        near = abs(other.at_ms - place.at_ms) <= PART_MS
        path.append(Place(place.at_ms, around(place.box, other.box)) if near else place)
    return tuple(path)


def _fresher(body: tuple[Place, ...], part: tuple[Place, ...]) -> tuple[Place, ...]:
    """The body's path: the part's where only that was seen lately, and both, as head and legs, where they are apart.

    Somebody who falls is found lying as another thing, while the one that stood is thought to stand there still.
    """
    times, own, others = [place.at_ms for place in part], _measured(body), _measured(part)
    path = []
    for place in body:
        other = part[nearest(times, place.at_ms)]
        is_known = abs(other.at_ms - place.at_ms) <= PART_MS and _age(others, place.at_ms) <= FRESH_MS
        if is_known and _age(own, place.at_ms) > FRESH_MS:
            path.append(Place(place.at_ms, other.box))
        elif is_known and overlap(other.box, place.box) <= 0:
            path.append(Place(place.at_ms, around(place.box, other.box)))
        else:
            path.append(place)
    return tuple(path)


def _measured(path: tuple[Place, ...]) -> list[int]:
    """When something was seen to be where it is: its box is not just the one before."""
    return [path[0].at_ms, *(after.at_ms for before, after in pairwise(path) if after.box != before.box)]


def _age(measured: list[int], at_ms: int) -> int:
    """How long before `at_ms` something was measured for the last time."""
    before = bisect_right(measured, at_ms)
    return at_ms - measured[before - 1] if before else 0


def nearest(times: list[int], at_ms: int) -> int:
    """Index of the time nearest to `at_ms`; `times` is sorted and not empty."""
    after = min(bisect_left(times, at_ms), len(times) - 1)
    return after - 1 if after and at_ms - times[after - 1] < abs(times[after] - at_ms) else after


def _goes_on(before: Track, after: Track) -> bool:
    if FAMILY[before.kind] != FAMILY[after.kind]:
        return False
    a, b = before.path[-1], after.path[0]
    if not -200 <= b.at_ms - a.at_ms <= GAP_MS:
        return False
    near = apart(a.box, b.box) / max(0.02, longer_side(a.box), longer_side(b.box))
    return near < REACH + max(0, b.at_ms - a.at_ms) / 1000 * 0.5 and 0.4 < longer_side(a.box) / longer_side(b.box) < 2.5


def _thing(body: _Body) -> Thing:
    """Vote by seconds times score for each kind; what was upright for a while and surely a person stays a person."""
    votes: dict[Kind, float] = {}
    for piece in body.pieces:
        seconds = (piece.path[-1].at_ms - piece.path[0].at_ms) / 1000 + 0.1
        weight = MOTION_WEIGHT if piece.kind is Kind.MOTION else piece.score
        votes[piece.kind] = votes.get(piece.kind, 0.0) + seconds * weight
    kind = max(votes, key=lambda each: votes[each])
    if any(p.kind is Kind.PERSON and _kind(p) is Kind.PERSON and walk(p).upright > 1.3 for p in body.pieces[:-1]):
        kind = Kind.PERSON
    score = max((p.score for p in body.pieces if p.kind is kind), default=0.0)
    whole = Track(body.pieces[0].id, kind, score, body.path)
    walked = walk(whole)
    if kind is Kind.PERSON and walked.fastest > FAST_LOW and walked.usual > USUAL_LOW and walked.upright < 0.9:
        kind = Kind.ANIMAL
    elif kind is Kind.PERSON and walked.fastest > TOO_FAST:
        kind = Kind.MOTION
    return Thing(_kind(Track(whole.id, kind, score, body.path)), score, whole, walked)


def _kind(track: Track) -> Kind:
    """The track's kind, if there was time and reason enough to believe it."""
    lasted_ms = track.path[-1].at_ms - track.path[0].at_ms if track.path else 0
    if track.kind is Kind.PERSON and (lasted_ms < BRIEF_MS or track.score < SURE):
        return Kind.MOTION
    return track.kind
