"""A story in words that anybody understands, the most telling first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area, is_inside
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Story, Track
from nightlatch.pixels.vision.boxes import feet
from nightlatch.pixels.vision.story.numbers import Numbers
from nightlatch.pixels.vision.story.things import PETS, Thing
from nightlatch.pixels.vision.story.walk import EDGE

# Set by hand on what the reasons say of simulated stories and of some 40 events in real films.
LINGERS = 0.6  # of straightness: people who go less straight than this do not just pass
TURNS_BACK = 0.3  # of straightness: and people who end where they began have turned back
LONG_STOP_S = 8  # of standing, or of being there, before it is worth a word
SAME_WAY = 0.25  # of the picture: people who leave nearer than this to where they came leave the same way
# Out of sight for so long before it is said: an event of theirs alone is about to close then. After three seconds it
# was said of people whom the eye had only lost for a moment.
GONE_MS = POST_ROLL_MS - 2_000


def reasons(story: Story, found: Sequence[Thing], values: NDArray[np.float32]) -> list[str]:
    """The story in words, the most telling first; `values` are its `features`."""
    said = Numbers(*values.tolist())
    people = [thing.track for thing in found if thing.kind is Kind.PERSON]
    return [
        _lead(story, said, found),
        *(f"They were at “{name}”." for name in _visited(story.areas, people)),
        *_of_packages(said),
        *_of_stopping(said),
        *_of_going(said),
        *(["Somebody went down and stayed down."] if said.lay_down else _of_a_door(story, people)),
    ]


def _of_packages(said: Numbers) -> Iterator[str]:
    if said.package_gone and said.people:
        yield "A package is gone."
    if said.package_came and said.people:
        yield "A package was left."


def _of_stopping(said: Numbers) -> Iterator[str]:
    if said.places >= 2:
        yield f"They stopped at {int(said.places)} places."
    elif said.longest_stop_s >= LONG_STOP_S:
        yield f"They stood still for {said.longest_stop_s:.0f} s."
    elif said.people and said.person_seconds >= LONG_STOP_S and said.straightness < LINGERS:
        yield "They lingered and did not just pass through."


def _of_going(said: Numbers) -> Iterator[str]:
    if said.people and said.came_from_edge and said.exit_apart < SAME_WAY and said.straightness < TURNS_BACK:
        yield "They turned and went back the way they had come."
    if said.returns >= 1:
        yield "They came back." if said.returns < 2 else f"They came back {int(said.returns)} times."
    if said.ran_off:
        yield "They ran off."


def _of_a_door(story: Story, people: Sequence[Track]) -> Iterator[str]:
    if _is_gone_inside(story, people):
        yield "They went out of sight inside the picture, as through a door."


def _lead(story: Story, said: Numbers, found: Sequence[Thing]) -> str:
    seconds = max(1, round(said.seconds))
    when = f" at {_clock(story.local_hour)}" if story.local_hour is not None and said.night_hour else ""
    people = int(said.at_once)
    if people:
        who = "A person" if people == 1 else f"{people} people"
        return f"{who} came{when} and stayed {seconds} s."
    seen: dict[Kind, float] = {}  # seconds times score: what was most to be seen gives the name
    for thing in found:
        if thing.kind in PETS or thing.kind is Kind.VEHICLE:
            seen[thing.kind] = seen.get(thing.kind, 0.0) + thing.score * (0.1 + thing.walk.seconds)
    if not seen:
        return f"Something moved{when} for {seconds} s: no person, animal or vehicle that the eye knows."
    name = max(seen, key=lambda kind: seen[kind]).value
    return f"{'An' if name[0] in 'aeiou' else 'A'} {name} was there{when} for {seconds} s."


def _is_gone_inside(story: Story, people: Sequence[Track]) -> bool:
    """Whether the person seen last has been out of sight for a while, and was not near the picture's edge before."""
    last = max((track.path[-1] for track in people), key=lambda place: place.at_ms, default=None)
    if last is None or story.ended_ms - last.at_ms < GONE_MS:
        return False
    box = last.box
    return min(box.left, box.top, 1 - box.right, 1 - box.bottom) > 2 * EDGE


def _visited(areas: tuple[Area, ...], people: Sequence[Track]) -> list[str]:
    """Names of the watched areas in which somebody's feet were, in the order of the areas."""
    stood = [feet(place.box) for track in people for place in track.path[:: max(1, len(track.path) // 100)]]
    return [a.name for a in areas if a.use == "watch" and a.name and any(is_inside(at, a.points) for at in stood)]


def _clock(hour: float) -> str:
    minute = round(hour * 60)  # 22 + 42 / 60 is a little less than 22:42
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
