"""Brings the things of a story into line with the vote: tracks say how things moved, looks what they are.

A track is often a fragment, an arm or a patch of fur, and its kind a guess. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nightlatch.domain.sighting import Kind, family
from nightlatch.pixels.vision.story.things import Thing


def agreed(found: Sequence[Thing], kinds: tuple[Kind, ...] | None) -> list[Thing]:
    """The same things, none of a kind that was not voted for; as they are where no eye has looked (None).

    What else a thing may be: a fragment of a person that looked like an animal is the person; where nobody follows
    anything that was named, the one that was followed for longest is it.
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
    return told


def _kind(thing: Thing, named: dict[Kind, Kind]) -> Kind:
    group = family(thing.kind)
    if group is Kind.ANIMAL and Kind.ANIMAL not in named and Kind.PERSON in named:
        return Kind.PERSON
    return named.get(group, Kind.MOTION)
