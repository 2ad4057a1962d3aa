"""Brings the things of a story into line with the vote: tracks say how things moved, looks what they are and how many.

A track is often a fragment, an arm or a patch of fur, and its kind a guess. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nightlatch.domain.sighting import Kind, Place, Track, family
from nightlatch.pixels.vision.boxes import apart, covered, grown, longer_side
from nightlatch.pixels.vision.story.things import REACH, Thing, nearest
from nightlatch.pixels.vision.story.walk import walk

BESIDE_MS = 700  # places of two things so near in time are of one moment
BESIDE = 0.1  # picture widths around somebody in which what moves is taken for theirs: an arm, a bag, a shadow
SHARE = 0.6  # of its places that must be there


def agreed(found: Sequence[Thing], kinds: tuple[Kind, ...] | None, people: int | None = None) -> list[Thing]:
    """The same things, none of a kind that was not voted for; as they are where no eye has looked (None).

    What else a thing may be: a fragment of a person that looked like an animal is the person; where nobody follows
    anything that was named, the one that was followed for longest is it. No more people are there at once than
    `people`, whom looks saw: who is one too many is a piece of another. What moves beside a named thing is its own.
    """
    if kinds is None:
        return list(found)
    named = {family(kind): kind for kind in kinds}
    told = [replace(thing, kind=_kind(thing, named)) for thing in found]
    for kind in (named[group] for group in named if all(thing.kind is not named[group] for thing in told)):
        unknown = [n for n, thing in enumerate(told) if thing.kind is Kind.MOTION]
        if unknown:
            longest = max(unknown, key=lambda n: told[n].walk.seconds)
            told[longest] = replace(told[longest], kind=kind)
    if people:
        told = _gone_on(_no_more(told, people))
    known = [thing for thing in told if thing.kind is not Kind.MOTION]
    return [thing for thing in told if thing.kind is not Kind.MOTION or not any(_is_of(thing, k) for k in known)]


def _kind(thing: Thing, named: dict[Kind, Kind]) -> Kind:
    group = family(thing.kind)
    if group is Kind.ANIMAL and Kind.ANIMAL not in named and Kind.PERSON in named:
        return Kind.PERSON
    return named.get(group, Kind.MOTION)


def _no_more(found: Sequence[Thing], people: int) -> list[Thing]:
    """At most so many people at once, the surest and longest first; a piece goes on with whom it is near to."""
    kept: list[Thing] = []
    others = [thing for thing in found if thing.kind is not Kind.PERSON]
    some = [thing for thing in found if thing.kind is Kind.PERSON]
    for thing in sorted(some, key=lambda each: -each.score * (0.1 + each.walk.seconds)):
        if at_once([*kept, thing]) <= people:
            kept.append(thing)
        else:
            near = min(range(len(kept)), key=lambda n: _gap(kept[n], thing))
            kept[near] = _longer(kept[near], thing)
    return [*kept, *others]


def _gone_on(found: Sequence[Thing]) -> list[Thing]:
    """People who were lost go on as what an eye doubted: it is seldom sure of who lies."""
    told = list(found)
    for piece in [each for each in found if each.kind is Kind.MOTION and each.track.kind is Kind.PERSON]:
        people = [n for n, each in enumerate(told) if each.kind is Kind.PERSON]
        nearest_one = min(people, key=lambda n: _gap(told[n], piece), default=None)
        if nearest_one is not None and (whole := _longer(told[nearest_one], piece)) is not told[nearest_one]:
            told[nearest_one] = whole
            told.remove(piece)
    return told


def at_once(people: Sequence[Thing]) -> int:
    """How many of these things were there at the same time."""
    paths = [thing.track.path for thing in people]
    turns = sorted([(path[0].at_ms, 1) for path in paths] + [(path[-1].at_ms + 1, -1) for path in paths])
    now = most = 0
    for _, turn in turns:
        now += turn
        most = max(most, now)
    return most


def _gap(a: Thing, b: Thing) -> float:
    """Picture heights between two things where they are nearest in time."""
    times = [place.at_ms for place in a.track.path]
    ends = (b.track.path[0], b.track.path[-1])
    return min(apart(a.track.path[nearest(times, place.at_ms)].box, place.box) for place in ends)


def _longer(thing: Thing, piece: Thing) -> Thing:
    """The thing with what the piece knows of before it came and after it was lost, if that is near."""
    path, other = thing.track.path, piece.track.path
    before = tuple(place for place in other if place.at_ms < path[0].at_ms)
    after = tuple(place for place in other if place.at_ms > path[-1].at_ms)
    whole = path
    if before and _is_near(before[-1], path[0]):
        whole = (*before, *whole)
    if after and _is_near(path[-1], after[0]):
        whole = (*whole, *after)
    if whole is path:
        return thing
    track = Track(thing.track.id, thing.track.kind, thing.track.score, whole)
    return Thing(thing.kind, thing.score, track, walk(track))


def _is_near(a: Place, b: Place) -> bool:
    return apart(a.box, b.box) < REACH * max(longer_side(a.box), longer_side(b.box))


def _is_of(moved: Thing, known: Thing) -> bool:
    """Whether what moved did so at a known thing, for most of the time."""
    times = [place.at_ms for place in known.track.path]
    beside = 0
    for place in moved.track.path:
        other = known.track.path[nearest(times, place.at_ms)]
        is_then = abs(other.at_ms - place.at_ms) <= BESIDE_MS
        beside += is_then and covered(place.box, grown(other.box, BESIDE)) >= SHARE
    return beside >= SHARE * len(moved.track.path)
