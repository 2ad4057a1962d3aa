"""Whether somebody stayed: areas that make an event only after a while. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from nightlatch.domain.geometry import Area, is_inside
from nightlatch.domain.sighting import Place, Story, Track
from nightlatch.pixels.vision.boxes import feet, middle
from nightlatch.pixels.vision.story.things import things

GAP_MS = 3_000  # out of an area for less than this, and the stay goes on; set by hand, a blink of the eye is shorter


def wants_stay(areas: Sequence[Area]) -> bool:
    """Whether motion alone is not enough for an event, since an area wants somebody to stay."""
    return any(area.use == "watch" and area.dwell_s > 0 for area in areas)


def is_stay(areas: Sequence[Area], tracks: Sequence[Track]) -> bool:
    """Whether anything has stayed in a watch area for as long as that area wants."""
    try:
        found = things(Story(0, 0, tuple(tracks)))
    except ValueError:  # a path that runs back in time: the clock was set
        return False
    return any(
        longest_stay_ms(thing.track.path, area) >= area.dwell_s * 1000
        for area in areas
        if area.use == "watch"
        for thing in found
    )


def longest_stay_ms(path: Sequence[Place], area: Area) -> int:
    """How long a path was in an area without a break of more than GAP_MS; -1: it never was."""
    longest, began_ms, last_ms = -1, 0, 0
    for place in path:
        if not (is_inside(feet(place.box), area.points) or is_inside(middle(place.box), area.points)):
            continue
        if longest < 0 or place.at_ms - last_ms > GAP_MS:
            began_ms = place.at_ms
        last_ms = place.at_ms
        longest = max(longest, last_ms - began_ms)
    return longest
