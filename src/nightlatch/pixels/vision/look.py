"""How well a picture shows what an event is about, from what an eye saw in it, or from where its things are. Pure.

The place where this is decided: who wants other pictures in lists and alerts changes `worth`.
"""

from __future__ import annotations

from collections.abc import Iterable

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind, Track, family
from nightlatch.pixels.vision.boxes import longer_side

# Set by hand: a person at half the picture's height is shown well, and one who is higher hardly better.
SUBJECT = {Kind.PERSON: 4.0, Kind.PACKAGE: 2.0, Kind.MOTION: 0.5}  # a small person tells more than a large car
OTHERS = 2.5  # pets and vehicles
FULL = 0.5  # of the picture's height
HERE_MS = 400  # a thing that was seen for the last time before that is not in the picture
EDGE = 0.015  # of the picture: nearer to its side than this it is cut off
CUT = 0.4  # what is left of a subject that is cut off at a side or at its head
CUT_FEET = 0.8  # and at its feet, as of everybody who stands near
ASIDE = 0.2  # of the picture's width from its side, there is where a subject only comes or goes
COMES = 0.7  # what counts of it then: little enough that its way through the middle is worth another still


def worth(tracks: Iterable[Track], at_ms: int) -> float:
    """How well a picture of `at_ms` shows the best of these things, from 0 (none is in it) to 4."""
    here = (track for track in tracks if 0 <= at_ms - track.path[-1].at_ms <= HERE_MS)
    return max((_worth(track) for track in here), default=0.0)


def worth_of(found: Iterable[Detection], kinds: Iterable[Kind]) -> float:
    """How well a picture in which an eye found this shows the best that its event was voted to have, from 0 to 4."""
    named = {family(kind) for kind in kinds}
    return max((_weigh(each.kind, each.score, each.box) for each in found if family(each.kind) in named), default=0.0)


def _worth(track: Track) -> float:
    return _weigh(track.kind, track.score, track.path[-1].box)


def _weigh(kind: Kind, score: float, box: Box) -> float:
    certainty = 0.3 + 0.7 * score
    size = min(1.0, longer_side(box) / FULL)
    return SUBJECT.get(kind, OTHERS) * certainty * size * _whole(box)


def _whole(box: Box) -> float:
    """How much counts of what may be cut off, or only comes or goes."""
    if box.left < EDGE or box.right > 1 - EDGE or box.top < EDGE:
        return CUT
    is_aside = not ASIDE <= (box.left + box.right) / 2 <= 1 - ASIDE
    return (COMES if is_aside else 1.0) * (CUT_FEET if box.bottom > 1 - EDGE else 1.0)
