"""What people did where, as far as it can be known: only what is right may be told. Pure.

A fact is left out where it cannot be sure: somebody counts as at a car only while they stand or go slowly there, and
as crouching only where the head came down and the feet stayed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.context import Context, Landmark, Site
from nightlatch.domain.geometry import Area, Point, is_inside
from nightlatch.domain.sighting import Kind, Place, Story
from nightlatch.pixels.vision.story.agreed import at_once
from nightlatch.pixels.vision.story.lying import went_down
from nightlatch.pixels.vision.story.things import Thing
from nightlatch.pixels.vision.story.walk import EDGE, Steps, Walk, crouched, steps_of

# Set by hand on what each is in a street or a room (a step, an arm's length); tried on simulated stories only.
NIGHT = (22.5, 5.5)  # hours, from and to
REACH = 0.4  # heights between feet and a landmark that an arm reaches over
LINGER_S = 12.0  # of standing and going slowly, all in all, that are lingering
LINGER_TURNS = 3  # or of turning back so often
CLIMB = 0.35  # heights that head and feet both rise on the way over a fence
CLIMB_S = 5.0  # within which
CAME_IN = 1.0  # heights that somebody first seen in a window must go into the room
CONTACT_S = 2.0
BESIDE = 0.4  # heights between the feet of two who can touch each other
ALIKE = 0.75  # of the height: who is far smaller stands farther away
RAN_S = 1.5
OFTEN = 0.5  # of the days that are known, on which it is usual
LEAST_DAYS = 5  # that must be known before anything is usual or unusual


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody at a landmark. Seconds of the person who was there longest."""

    shows: Landmark
    name: str  # of the area
    seconds: float
    crouched_s: float


@dataclass(frozen=True, slots=True)
class Facts:
    """Of all people in a story."""

    people: int  # at once
    stayed_s: float  # from the first one's coming to the last one's going
    at: tuple[Stay, ...] = ()  # longest first; one for each landmark
    slow_s: float = 0.0  # of standing and going slowly
    turns: int = 0
    places: int = 0  # at which one of them stopped
    longest_stop_s: float = 0.0
    crouched_s: float = 0.0
    climbed: bool = False  # over something that is marked as a fence
    came_in: Landmark | None = None  # what they came in by, INSIDE
    ran: bool = False
    in_contact: bool = False
    down_ms: int | None = None  # when somebody went down who has not got up
    passed: bool = False  # all of them, from edge to edge, on their way
    hour: float | None = None
    is_dark: bool = False
    context: Context = field(default_factory=Context)

    @property
    def is_night(self) -> bool:
        """By the household's clock."""
        return self.hour is not None and (self.hour >= NIGHT[0] or self.hour < NIGHT[1])

    @property
    def lingers(self) -> bool:
        """Whether somebody stood or walked about, and did not just come and go."""
        return self.slow_s >= LINGER_S or self.turns >= LINGER_TURNS

    @property
    def is_usual(self) -> bool:
        """Whether somebody is there at this hour on most days."""
        usual = self.context.usual
        return usual is not None and usual.of >= LEAST_DAYS and usual.days >= OFTEN * usual.of

    @property
    def is_unusual(self) -> bool:
        """Whether nobody has been there at this hour."""
        usual = self.context.usual
        return usual is not None and usual.of >= LEAST_DAYS and usual.days == 0

    def seconds_at(self, shows: Landmark) -> float:
        """How long somebody was at a landmark."""
        return max((stay.seconds for stay in self.at if stay.shows is shows), default=0.0)


def facts(story: Story, found: Sequence[Thing]) -> Facts:
    """What people did in a story whose things were `found`."""
    people = [thing for thing in found if thing.kind is Kind.PERSON]
    if not people:
        return Facts(0, 0.0, hour=story.local_hour, is_dark=story.is_dark, context=story.context)
    steps = [steps_of(thing.track) for thing in people]
    walks = [thing.walk for thing in people]
    first_ms = min(thing.track.path[0].at_ms for thing in people)
    last_ms = max(thing.track.path[-1].at_ms for thing in people)
    return Facts(
        people=at_once(people),
        stayed_s=(last_ms - first_ms) / 1000,
        at=_stays(story.areas, steps),
        slow_s=max(walk.slow_s for walk in walks),
        turns=max(walk.turns for walk in walks),
        places=max(walk.places for walk in walks),
        longest_stop_s=max(walk.longest_stop_s for walk in walks),
        crouched_s=max(walk.crouched_s for walk in walks),
        climbed=_is_climbed(story.areas, steps),
        came_in=_came_in(story, people, steps),
        ran=any(walk.ran_s >= RAN_S for walk in walks),
        in_contact=any(_touch(a, b) for a, b in combinations(steps[:8], 2)),
        down_ms=next((down for thing in people if (down := _down_ms(thing)) is not None), None),
        passed=all(_passes(walk) for walk in walks),
        hour=story.local_hour,
        is_dark=story.is_dark,
        context=story.context,
    )


def _passes(walk: Walk) -> bool:
    """Whether it went from edge to edge without a stop or a turn."""
    return walk.came_from_edge and walk.left_by_edge and not walk.stops and not walk.turns


def _is_climbed(areas: Sequence[Area], steps: Sequence[Steps]) -> bool:
    fences = [area for area in areas if area.shows is Landmark.FENCE and area.use != "mask"]
    return any(_climbs(each, area) for each in steps for area in fences)


def _down_ms(thing: Thing) -> int | None:
    """When this person went down for good."""
    fall = went_down(thing.track.path)
    return fall.at_ms if fall is not None else None


def _stays(areas: Sequence[Area], steps: Sequence[Steps]) -> tuple[Stay, ...]:
    best: dict[Landmark, Stay] = {}
    for area in areas:
        if area.shows is None or area.use == "mask":
            continue
        for each in steps:
            there = _is_at(each, area.points, each.slow)
            seconds = float(np.sum(there)) * each.step_s
            low = float(np.sum(there & crouched(each))) * each.step_s if seconds else 0.0
            if seconds > (best[area.shows].seconds if area.shows in best else 0.0):
                best[area.shows] = Stay(area.shows, area.name, seconds, low)
    return tuple(sorted(best.values(), key=lambda stay: -stay.seconds))


def _is_at(steps: Steps, polygon: Sequence[Point], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """When, of `among`, the feet or the middle are in a polygon, or the feet within reach of it, (N,)."""
    points = tuple(polygon)
    found = np.zeros(len(steps.x), np.bool_)
    for n in np.flatnonzero(among):
        x, y, high = float(steps.x[n]) * 9 / 16, float(steps.y[n]), float(steps.high[n])
        is_in = is_inside((x, y), points) or is_inside((x, y - high / 2), points)
        found[n] = is_in or _far((x, y), points) < REACH * high
    return found


def _far(point: Point, polygon: Sequence[Point]) -> float:
    """Picture heights from a point to a polygon's outline."""
    x, y = point[0] * 16 / 9, point[1]
    corners = [(a * 16 / 9, b) for a, b in polygon]
    nearest = math.inf
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = min(1.0, max(0.0, ((x - x0) * dx + (y - y0) * dy) / max(1e-9, dx * dx + dy * dy)))
        nearest = min(nearest, math.hypot(x - x0 - along * dx, y - y0 - along * dy))
    return nearest


def _climbs(steps: Steps, fence: Area) -> bool:
    """Whether head and feet rise together at a fence; of who walks away the head does not."""
    there, back = _is_at(steps, fence.points, np.ones(len(steps.x), np.bool_)), max(1, round(CLIMB_S / steps.step_s))
    top = steps.y - steps.high
    for n in np.flatnonzero(there):
        before = slice(max(0, n - back), n + 1)
        feet = np.max(steps.y[before]) - steps.y[n]
        head = top[before][np.argmax(steps.y[before])] - top[n]
        if min(feet, head) >= CLIMB * steps.high[n]:
            return True
    return False


def _came_in(story: Story, people: Sequence[Thing], steps: Sequence[Steps]) -> Landmark | None:
    """The window or fence in which somebody was first seen, away from the picture's edge, and from which they went on.

    People come and go by doors, so a door is none.
    """
    if story.context.site is not Site.INSIDE:
        return None
    for thing, each in zip(people, steps, strict=True):
        for area in story.areas:
            begins = area.shows in (Landmark.WINDOW, Landmark.FENCE) and _is_in(thing.track.path[0], area)
            went = np.hypot(each.x - each.x[0], each.y - each.y[0]).max() > CAME_IN * each.scale
            if begins and went:
                return area.shows
    return None


def _is_in(place: Place, area: Area) -> bool:
    box = place.box
    if min(box.left, 1 - box.right) < EDGE:
        return False
    across = (box.left + box.right) / 2
    return any(is_inside((across, y), area.points) for y in (box.bottom, (box.top + box.bottom) / 2))


def _touch(a: Steps, b: Steps) -> bool:
    """Whether two are within an arm of each other for a while, at the same distance from the camera."""
    since, until = max(a.at_s[0], b.at_s[0]), min(a.at_s[-1], b.at_s[-1])
    if until - since < CONTACT_S:
        return False
    grid = np.arange(since, until, 0.5)
    ax, ay, ah = (np.interp(grid, a.at_s, each) for each in (a.x, a.y, a.high))
    bx, by, bh = (np.interp(grid, b.at_s, each) for each in (b.x, b.y, b.high))
    high = np.maximum(ah, bh)
    near = (np.hypot(ax - bx, ay - by) < BESIDE * high) & (np.minimum(ah, bh) > ALIKE * high)
    return float(np.sum(near)) * 0.5 >= CONTACT_S
