"""Follows things from look to look: detections and moving regions in, tracks out. Pure and deterministic.

ByteTrack's idea (Zhang et al. 2021): sure detections are matched first, unsure ones may only continue what is known.
Here moving regions come third, so that a track goes on between the looks of a slow detector. Positions follow a
constant-velocity filter (alpha-beta). A track begins only where something moves: parked things are not news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind, Place, Track
from nightlatch.pixels.vision.assignment import assign
from nightlatch.pixels.vision.boxes import area_of, covered, grown, overlap

# Set by hand on the rendered films of bench/sight.
SURE = 0.45  # score from which a detection may begin a track
UNSURE = 0.25  # and from which it may continue one; less is nothing
ALPHA, BETA = 0.75, 0.35  # how much of what is measured position and speed take over
SLACK = 0.08  # how far a thing may stray from where it is expected, in picture widths
STRAY = 0.5  # and how much more for each second
MOST_STRAY_S = 0.8  # for which that counts
LOST_MS = 2_500  # unseen for longer than this, a track ends
CONFIRMED = 3  # looks that make a track worth telling
STATIONARY_MS = 10_000  # in one place for so long: parked
STRANGE = 0.35  # what another kind adds to the cost of a match; 1 is out of the question
PART_SIZE = 0.15  # how fast a known thing takes the size of what moves of it
# For so long after an eye saw a thing, motion that is not about as large as it only says that it is still there: an arm
# moves, or its shadow, or a curtain behind it.
FRESH_MS = 2_000
ALIKE = 0.5  # of the larger area
SHADOW = 0.5  # of the smaller area that a thing must have in common with another to be its shadow
SHADOWED = 3  # looks in a row that saw the other only: then there was one thing and not two
# An event may last for half an hour and is judged every second: 64 tracks of people take the judge 50 ms.
MOST_PLACES = 2_000  # of a track; its older half is thinned then. Two minutes at 15 looks a second are kept whole
MOST_OVER = 64  # tracks that have ended; motion that nobody knew goes first, then what was there for a moment only


@dataclass(slots=True)
class _Trail:
    """A thing that is being followed."""

    number: int
    x: float
    y: float
    wide: float
    high: float
    seen_ms: int
    anchor: tuple[float, float, int]
    vx: float = 0.0  # per second
    vy: float = 0.0
    hits: int = 1
    id: int = 0
    votes: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    ballots: int = 0
    named_ms: int = 0  # when an eye last saw it
    shadowed: int = 0  # looks since then that saw another in its place
    path: list[Place] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return max(self.votes, key=lambda k: (self.votes[k], k.value)) if self.votes else Kind.MOTION

    @property
    def score(self) -> float:
        return min(1.0, self.votes[self.kind] / max(1, self.ballots)) if self.votes else 0.0

    @property
    def box(self) -> Box:
        return _box(self.x, self.y, self.wide, self.high)

    def expected(self, at_ms: int) -> Box:
        passed_s = min(MOST_STRAY_S, (at_ms - self.seen_ms) / 1000)  # nobody knows where it went after that
        return _box(self.x + self.vx * passed_s, self.y + self.vy * passed_s, self.wide, self.high)

    def carried(self, box: Box, late_ms: int) -> Box:
        """Where what was at `box` is `late_ms` later."""
        x, y = self.vx * late_ms / 1000, self.vy * late_ms / 1000
        return Box(box.left + x, box.top + y, box.right + x, box.bottom + y)

    def move(self, box: Box, at_ms: int, pull: float, size_pull: float) -> None:
        """Take a measurement; `pull` says how much it counts."""
        passed_s = max(0.02, (at_ms - self.seen_ms) / 1000)
        x, y = self.x + self.vx * passed_s, self.y + self.vy * passed_s
        off_x, off_y = (box.left + box.right) / 2 - x, (box.top + box.bottom) / 2 - y
        beta = BETA if self.hits > 1 else 0.8
        self.x, self.y = x + pull * off_x, y + pull * off_y
        self.vx += beta * pull * off_x / passed_s
        self.vy += beta * pull * off_y / passed_s
        self.wide += size_pull * (box.right - box.left - self.wide)
        self.high += size_pull * (box.bottom - box.top - self.high)
        self.hits += 1
        self.seen_ms = at_ms
        if abs(self.x - self.anchor[0]) > 0.4 * self.wide or abs(self.y - self.anchor[1]) > 0.4 * self.high:
            self.anchor = (self.x, self.y, at_ms)
        self._note(at_ms)

    def stay(self, at_ms: int) -> None:
        """It is still there, as something moves in its place."""
        self.seen_ms = at_ms
        self.vx = self.vy = 0.0
        self._note(at_ms)

    def _note(self, at_ms: int) -> None:
        self.path.append(Place(at_ms, self.box))
        if len(self.path) > MOST_PLACES:
            self.path[: MOST_PLACES // 2] = self.path[: MOST_PLACES // 2 : 2]

    def vote(self, detection: Detection, at_ms: int) -> None:
        self.votes[detection.kind] += detection.score
        self.ballots += 1
        self.named_ms = at_ms
        self.shadowed = 0

    def forget_after_named(self, by_ms: int = 0) -> None:
        """What it was followed to since an eye last saw it, but for a while, was not it."""
        self.path = [place for place in self.path if place.at_ms <= self.named_ms + by_ms]

    def is_stationary(self, at_ms: int) -> bool:
        return at_ms - self.anchor[2] >= STATIONARY_MS


class Tracker:
    """State for one camera."""

    def __init__(self) -> None:
        self._trails: list[_Trail] = []
        self._over: list[_Trail] = []
        self._next = 1
        self._next_id = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What was followed since `begin`, in order of its beginning."""
        told = [t for t in self._over + self._trails if t.id and t.path]
        return tuple(Track(t.id, t.kind, t.score, tuple(t.path)) for t in sorted(told, key=lambda t: t.id))

    def moving(self, at_ms: int) -> tuple[Box, ...]:
        """Where the things are expected that are followed and are not parked."""
        return tuple(t.expected(at_ms) for t in self._trails if t.id and not t.is_stationary(at_ms))

    def begin(self, onset_ms: int) -> None:
        """A new event: numbers start again, paths at its onset."""
        self._over = []
        self._next_id = 1
        for trail in self._trails:
            trail.id = 0
            trail.path = [place for place in trail.path if place.at_ms >= onset_ms]
        self._confirm()

    def clear(self) -> None:
        """Forget everything."""
        self._trails, self._over, self._next_id = [], [], 1

    def update(
        self, at_ms: int, regions: Sequence[Box], detections: Sequence[Detection] | None = None, late_ms: int = 0
    ) -> None:
        """One look: what moved in it, and what the detector said, if it did, of the picture `late_ms` before."""
        free = [t for t in self._trails if at_ms - t.seen_ms >= 0]
        seen = [d for d in detections or () if d.score >= UNSURE]
        fresh = self._follow(free, seen, regions, at_ms, late_ms)
        known = [d.box for d in seen]
        moving = [r for r in regions if all(covered(r, grown(box, 0.02)) < 0.6 for box in known)]
        strays = self._follow_motion(free, moving, at_ms)
        for detection in fresh:
            if any(overlap(grown(detection.box, 0.02), region) > 0 for region in regions):
                self._start(detection.box, at_ms).vote(detection, at_ms)
        for region in strays:
            if all(covered(region, grown(trail.box, 0.02)) < 0.5 for trail in self._trails):
                self._start(region, at_ms)
        self._settle(at_ms)

    def _follow(
        self, free: list[_Trail], seen: Sequence[Detection], regions: Sequence[Box], at_ms: int, late_ms: int
    ) -> list[Detection]:
        """Go on with the `free` trails that were detected and take them out; the sure detections that fit none."""
        fresh: list[Detection] = []
        for is_sure in (True, False):
            group = [d for d in seen if (d.score >= SURE) is is_sure]
            left = list(group)
            for trail, number in self._match(free, [d.box for d in group], [d.kind for d in group], at_ms - late_ms):
                detection = group[number]
                if not _is_borne_out(trail, detection.box, regions, at_ms - late_ms):
                    continue
                trail.move(trail.carried(detection.box, late_ms), at_ms, ALPHA, 0.6)
                trail.vote(detection, at_ms)
                free.remove(trail)
                left.remove(detection)
            fresh += left if is_sure else []
        self._shade([each.box for each in seen], free)
        return fresh

    def _shade(self, seen: Sequence[Box], unseen: list[_Trail]) -> None:
        """Let go of things in whose place an eye sees only another, look after look; take them out of `unseen`."""
        for trail in [each for each in unseen if each.votes]:
            if any(_share(trail.box, box) > SHADOW for box in seen):
                trail.shadowed += 1
            if trail.shadowed >= SHADOWED:
                unseen.remove(trail)
                self._trails.remove(trail)
                trail.forget_after_named()
                if trail.id and trail.path and trail.ballots >= CONFIRMED:
                    self._end(trail)

    def _follow_motion(self, free: list[_Trail], moving: Sequence[Box], at_ms: int) -> list[Box]:
        """Go on with the `free` trails where something moves; what moves and is none of them."""
        left = list(moving)
        for trail, number in self._match(free, moving, [None] * len(moving), at_ms):
            _follow_motion(trail, moving[number], at_ms)
            left.remove(moving[number])
        return left

    def _match(
        self, trails: Sequence[_Trail], boxes: Sequence[Box], kinds: Sequence[Kind | None], at_ms: int
    ) -> list[tuple[_Trail, int]]:
        if not trails or not boxes:
            return []
        costs = [[_cost(t, b, k, at_ms) for b, k in zip(boxes, kinds, strict=True)] for t in trails]
        return [(trails[row], column) for row, column in assign(costs) if costs[row][column] < 1.0]

    def _start(self, box: Box, at_ms: int) -> _Trail:
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        trail = _Trail(self._next, x, y, box.right - box.left, box.bottom - box.top, at_ms, (x, y, at_ms))
        trail.path.append(Place(at_ms, box))
        self._next += 1
        self._trails.append(trail)
        return trail

    def _settle(self, at_ms: int) -> None:
        """Let go of what is lost, and of parts of known things that were followed separately."""
        kept = []
        for trail in self._trails:
            is_lost = not 0 <= at_ms - trail.seen_ms <= (LOST_MS if trail.hits >= CONFIRMED else LOST_MS // 2)
            is_part = not trail.votes and any(
                other is not trail and other.votes and covered(trail.box, grown(other.box, 0.02)) > 0.7
                for other in self._trails
            )
            if is_lost and trail.id:
                if trail.votes:
                    trail.forget_after_named(FRESH_MS)
                self._end(trail)
            elif not is_lost and not is_part:
                kept.append(trail)
        self._trails = kept
        self._confirm()

    def _end(self, trail: _Trail) -> None:
        self._over.append(trail)
        if len(self._over) > MOST_OVER:
            self._over.remove(min(self._over, key=lambda t: (bool(t.votes), t.path[-1].at_ms - t.path[0].at_ms)))

    def _confirm(self) -> None:
        for trail in self._trails:
            if not trail.id and trail.hits >= CONFIRMED and trail.path:
                trail.id = self._next_id
                self._next_id += 1


def _follow_motion(trail: _Trail, region: Box, at_ms: int) -> None:
    """Often only a part of a known thing moves: its arm, its shadow."""
    if not trail.votes:
        trail.move(region, at_ms, ALPHA, 0.5)
    elif at_ms - trail.named_ms <= FRESH_MS and not _are_alike(region, trail.box):
        trail.stay(at_ms)
    elif covered(region, trail.box) > 0.7 and area_of(region) < 0.5 * area_of(trail.box):
        trail.move(region, at_ms, 0.1, 0.0)
    else:
        trail.move(region, at_ms, 0.5, PART_SIZE)


def _share(a: Box, b: Box) -> float:
    """What two boxes have in common, of the smaller."""
    return overlap(a, b) / max(1e-9, min(area_of(a), area_of(b)))


def _are_alike(a: Box, b: Box) -> bool:
    """Whether two boxes are about as large."""
    return min(area_of(a), area_of(b)) >= ALIKE * max(area_of(a), area_of(b))


def _is_borne_out(trail: _Trail, box: Box, regions: Sequence[Box], at_ms: int) -> bool:
    """Whether what was detected moves, or is where the thing was: otherwise it is another that always stands there."""
    return overlap(box, trail.expected(at_ms)) > 0 or any(overlap(box, region) > 0 for region in regions)


def _cost(trail: _Trail, box: Box, kind: Kind | None, at_ms: int) -> float:
    """How unlikely it is that the thing is at `box`; 1 or more is out of the question."""
    there = trail.expected(at_ms)
    passed_s = min(MOST_STRAY_S, abs(at_ms - trail.seen_ms) / 1000)  # a late answer is about a picture before the last
    reach = SLACK + STRAY * passed_s + 0.25 * (max(there.right - there.left, box.right - box.left))
    off_x = abs(there.left + there.right - box.left - box.right) / 2
    off_y = abs(there.top + there.bottom - box.top - box.bottom) / 2
    ratio = max(1e-6, area_of(box)) / max(1e-6, area_of(there))
    cost = max(off_x, off_y) / reach * 0.8 + 0.06 * abs(float(np.log(ratio)))
    if kind is not None and trail.votes and kind is not trail.kind:
        cost += STRANGE
    return cost


def _box(x: float, y: float, wide: float, high: float) -> Box:
    wide, high = max(wide, 1e-3), max(high, 1e-3)
    left, top = min(max(0.0, x - wide / 2), 0.999), min(max(0.0, y - high / 2), 0.999)
    return Box(left, top, max(left + 1e-3, min(1.0, x + wide / 2)), max(top + 1e-3, min(1.0, y + high / 2)))
