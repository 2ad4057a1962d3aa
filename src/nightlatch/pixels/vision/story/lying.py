"""Whether somebody went down and stays down: from where a person's box was, in order of time. Pure.

Somebody who falls is low and wide within a few seconds of having stood, as low as their feet were, and stays so for as
long as they are seen. Somebody who goes to bed or to a sofa lies higher than they stood, and sits down first; somebody
who kneels, crouches or sits on the floor is not as low, or gets up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Place

# Set by sense, of how people are built, and looked at on the eight falls and eight other films of bedrooms in
# ../shared/data/videos: no other films of falls were at hand.
STOOD = 0.85  # width over height of who stands, at most
STOOD_MS = 500  # for which they must have been seen to
STOOD_LATELY_MS = 6_000  # what counts of it
UPRIGHT = 0.9  # of the height that they had: where they stood straight
LOW = 0.62  # of the height that they had
FLAT = 1.15  # width over height of who lies, at least: along the line of sight people are short, not wide
HEAD_FELL = 0.3  # of their height
RAISED = 0.14  # of their height that who lies on the floor may seem to lie higher than they stood; a bed is a quarter
AT_ONCE_MS = 3_500  # from standing to lying, looks that saw nothing included; who goes to rest takes longer
SEATED = 0.75  # of the height that they had: lower than this and upright is seated
FROM_A_SEAT_MS = 1_500  # from a seat to lying; who lies down on a carpet leans on an arm first
STAYED_MS = 1_200  # lying, at least
MOST_ODD = 0.25  # share of places since then that may look otherwise
EDGE = 0.03  # of the picture


@dataclass(frozen=True, slots=True)
class Fall:
    """Somebody was down from `at_ms` on, and seen to stay so for `stayed_ms`."""

    at_ms: int
    stayed_ms: int


def went_down(path: Sequence[Place]) -> Fall | None:
    """When the person of this path went down for good; None for whoever did not, got up again or went to rest.

    `path` is of one joined thing, in order of time and not empty.
    """
    high = tallest = 0.0
    stood: list[Place] = []  # the last while in which they were upright
    for number, place in enumerate(path):
        if _flat(place.box) <= STOOD:
            stood = [each for each in stood if place.at_ms - each.at_ms <= STOOD_LATELY_MS] + [place]
            if place.at_ms - stood[0].at_ms >= STOOD_MS:
                high = _upper(_high(each.box) for each in stood)  # boxes begin small, and people bend
                tallest = max(tallest, high)
            continue
        if not high:
            continue
        soon_ms = FROM_A_SEAT_MS if high < SEATED * tallest else AT_ONCE_MS
        if place.at_ms - stood[-1].at_ms <= soon_ms and _stays(path[number:], stood, high):
            stayed_ms = path[-1].at_ms - place.at_ms
            return Fall(place.at_ms, stayed_ms) if stayed_ms >= STAYED_MS else None
    return None


def _stays(rest: Sequence[Place], stood: Sequence[Place], high: float) -> bool:
    """Whether somebody who stood so lies in nearly all places that are left."""
    upright = [each.box for each in stood if _high(each.box) >= UPRIGHT * high]
    if not upright:  # they were only seen small since then: farther off, or in part
        return False
    top, bottom = median(box.top for box in upright), median(box.bottom for box in upright)
    is_cut = bottom > 1 - EDGE

    def lies(box: Box) -> bool:
        is_down = _high(box) <= LOW * high and _flat(box) >= FLAT and box.top >= top + HEAD_FELL * high
        return is_down and (is_cut or box.bottom > 1 - EDGE or box.bottom >= bottom - RAISED * high)

    is_odd = sum(not lies(place.box) for place in rest) > MOST_ODD * len(rest)
    return lies(rest[0].box) and lies(rest[-1].box) and not is_odd


def _upper(heights: Iterable[float]) -> float:
    """The upper quartile."""
    ordered = sorted(heights)
    return ordered[3 * len(ordered) // 4]


def _high(box: Box) -> float:
    return max(1e-3, box.bottom - box.top)


def _flat(box: Box) -> float:
    """Width over height, in a picture of 16:9."""
    return (box.right - box.left) * 16 / 9 / _high(box)
