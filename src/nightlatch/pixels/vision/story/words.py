"""A story in words that anybody understands: what happened, then what moved the verdict. Pure.

A verdict never contradicts its reasons. Each claim speaks for a threat or for daily life, is only made where it is
true of the story, and is only said where two things agree: what the words speak for, and what the model made of it,
which is asked how it would have judged had the claim not been true. What speaks against the verdict is left out; an
unsure verdict says both sides. Plain facts, which speak for neither, are always said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area, is_inside
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Story, Track, Verdict
from nightlatch.pixels.vision.boxes import feet
from nightlatch.pixels.vision.story.numbers import FEATURES, Numbers
from nightlatch.pixels.vision.story.things import PETS, Thing
from nightlatch.pixels.vision.story.walk import EDGE

# Set by hand on what the reasons say of simulated stories and of some 40 events in real films.
LINGERS = 0.6  # of straightness: people who go less straight than this do not just pass
TURNS_BACK = 0.3  # of straightness: and people who end where they began have turned back
LONG_STOP_S = 8  # of standing, or of being there, before it is worth a word
SAME_WAY = 0.25  # of the picture: people who leave nearer than this to where they came leave the same way
CLOSE = 0.55  # of the picture's height: people who are higher than this have come close
# Out of sight for so long before it is said: an event of theirs alone is about to close then. After three seconds it
# was said of people whom the eye had only lost for a moment.
GONE_MS = POST_ROLL_MS - 2_000
MOVES = 0.1  # of log odds: what changes them by less did not move the verdict
MOST_CLAIMS = 4

Model = Callable[[NDArray[np.float32]], NDArray[np.float64]]  # stories (N, F) to chances of a threat (N,)


class Side(Enum):
    """What a claim speaks for, to anybody who reads it."""

    THREAT = 1
    ROUTINE = -1


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that is true of a story. Of one `topic`, what moved the verdict most is said."""

    text: str
    side: Side
    topic: str
    otherwise: Mapping[str, float] = field(default_factory=dict)  # the numbers of the story if it were not true


# How the numbers would be otherwise; the values are those of stories in which nothing of the kind happens.
NO_STOP = {"stops": 0, "places": 0, "longest_stop_s": 0, "returns": 0, "stop_spread": 0, "stopped_share": 0}
STOPS = {"stops": 4, "places": 3, "longest_stop_s": 6, "stop_spread": 2.5, "stopped_share": 0.5}
STRAIGHT = {"straightness": 0.95, "turning": 0.4, "exit_apart": 0.6}
WANDERING = {"straightness": 0.15, "turning": 1.2, "exit_apart": 0.1}
DAY = {"night_hour": 0, "dark": 0}
NIGHT = {"night_hour": 1, "dark": 1}
BRIEF_S = {"seconds": 6, "person_seconds": 4}
LONG_S = {"seconds": 45, "person_seconds": 40}
SOMEBODY = {"people": 1, "at_once": 1, **LONG_S, **WANDERING}

TOGETHER = {
    Verdict.THREAT: "Taken as a whole, this looks more like a threat than like daily life.",
    Verdict.ROUTINE: "Taken as a whole, this looks like daily life.",
    Verdict.UNSURE: "It could be either: nothing in it speaks clearly for a threat or for daily life.",
}
SIDES = {
    Verdict.THREAT: frozenset({Side.THREAT}),
    Verdict.ROUTINE: frozenset({Side.ROUTINE}),
    Verdict.UNSURE: frozenset(Side),
}


def reasons(
    story: Story, found: Sequence[Thing], values: NDArray[np.float32], verdict: Verdict, model: Model
) -> list[str]:
    """The story in words; `values` are its `features`, and `model` is what gave the verdict for them."""
    said = Numbers(*values.tolist())
    people = [thing.track for thing in found if thing.kind is Kind.PERSON]
    moved = _moved(list(claims(said, _stayed_s(people), story.local_hour is not None)), values, model)
    told = [claim.text for claim in moved if claim.side in SIDES[verdict]][:MOST_CLAIMS]
    is_explained = bool(told) or (verdict is Verdict.ROUTINE and not people)  # that nobody came is reason enough
    return [
        _lead(story, said, found, _stayed_s(people)),
        *(["Somebody went down and stayed down."] if said.lay_down else []),
        *(f"They were at “{name}”." for name in _visited(story.areas, people)),
        *(told if is_explained else [TOGETHER[verdict]]),
        *(_of_a_door(story, people) if not said.lay_down else []),
    ]


def claims(said: Numbers, stayed_s: float, knows_hour: bool) -> Iterator[Claim]:
    """All that is true of a story and speaks for one side; `stayed_s` is how long people were there."""
    yield from _of_the_hour(said, knows_hour)
    if said.people:
        yield from _of_packages(said)
        yield from _of_stopping(said)
        yield from _of_staying(said, stayed_s)
        yield from _of_going(said)
    elif said.pets or said.vehicles:
        yield Claim("Nobody was seen with it.", Side.ROUTINE, "who", SOMEBODY)


def _moved(true: Sequence[Claim], values: NDArray[np.float32], model: Model) -> list[Claim]:
    """The claims that moved the verdict the way in which they speak, the most telling first, one of each topic."""
    if not true:
        return []
    otherwise = np.repeat(values[None], len(true) + 1, axis=0)
    for row, claim in zip(otherwise[1:], true, strict=True):
        for name, value in claim.otherwise.items():
            row[FEATURES.index(name)] = value
    chances = np.clip(model(otherwise), 1e-9, 1 - 1e-9)
    odds = np.log(chances / (1 - chances))
    weights = [claim.side.value * (odds[0] - odds[n]) for n, claim in enumerate(true, 1)]
    best: dict[str, Claim] = {}
    for weight, claim in sorted(zip(weights, true, strict=True), key=lambda each: -each[0]):
        if weight >= MOVES:
            best.setdefault(claim.topic, claim)
    return list(best.values())


def _of_the_hour(said: Numbers, knows_hour: bool) -> Iterator[Claim]:
    if said.night_hour:
        yield Claim("It was at night.", Side.THREAT, "hour", DAY)
    elif said.dark:
        yield Claim("It was dark.", Side.THREAT, "hour", DAY)
    elif knows_hour:
        yield Claim("It was not at night.", Side.ROUTINE, "hour", NIGHT)


def _of_packages(said: Numbers) -> Iterator[Claim]:
    if said.package_gone:
        yield Claim("A package is gone.", Side.THREAT, "package", {"package_gone": 0})
    if said.package_came:
        yield Claim("A package was left.", Side.ROUTINE, "package", {"package_came": 0})


def _of_stopping(said: Numbers) -> Iterator[Claim]:
    if said.places >= 2:
        yield Claim(f"They stopped at {int(said.places)} places.", Side.THREAT, "stopping", NO_STOP)
    elif said.longest_stop_s >= LONG_STOP_S:
        yield Claim(f"They stood still for {said.longest_stop_s:.0f} s.", Side.THREAT, "stopping", NO_STOP)
    elif not said.stops:
        yield Claim("They did not stop.", Side.ROUTINE, "stopping", STOPS)
    if said.returns >= 1:
        times = "They came back." if said.returns < 2 else f"They came back {int(said.returns)} times."
        yield Claim(times, Side.THREAT, "returning", {"returns": 0, "stops": said.places})


def _of_staying(said: Numbers, stayed_s: float) -> Iterator[Claim]:
    if said.person_seconds >= LONG_STOP_S and said.straightness < LINGERS:
        text = "They lingered and did not just pass through."
        yield Claim(text, Side.THREAT, "staying", {**STRAIGHT, **BRIEF_S})
    elif stayed_s < LONG_STOP_S:
        yield Claim("They were there only briefly.", Side.ROUTINE, "staying", LONG_S)
    if said.largest >= CLOSE:
        yield Claim("They came close to the camera.", Side.THREAT, "near", {"largest": 0.3, "grew": 1})


def _of_going(said: Numbers) -> Iterator[Claim]:
    if said.came_from_edge and said.exit_apart < SAME_WAY and said.straightness < TURNS_BACK:
        yield Claim("They turned and went back the way they had come.", Side.THREAT, "going", STRAIGHT)
    elif said.straightness >= LINGERS:
        through = said.came_from_edge and said.left_by_edge
        text = "They just passed through." if through else "They walked on without turning back."
        yield Claim(text, Side.ROUTINE, "going", WANDERING)
    if said.came_from_edge and said.left_by_edge:
        edges = {"came_from_edge": 0, "left_by_edge": 0, "vanished_inside": 1}
        yield Claim("They came and went at the edge of the picture.", Side.ROUTINE, "edges", edges)
    if said.ran_off:
        yield Claim("They ran off.", Side.THREAT, "running", {"ran_off": 0, "fastest": 1})


def _of_a_door(story: Story, people: Sequence[Track]) -> Iterator[str]:
    if _is_gone_inside(story, people):
        yield "They went out of sight inside the picture, as through a door."


def _stayed_s(people: Sequence[Track]) -> float:
    """From when the first of them came to when the last of them went."""
    first_ms = min((track.path[0].at_ms for track in people), default=0)
    return (max((track.path[-1].at_ms for track in people), default=0) - first_ms) / 1000


def _lead(story: Story, said: Numbers, found: Sequence[Thing], stayed_s: float) -> str:
    seconds = max(1, round(said.seconds))
    when = f" at {_clock(story.local_hour)}" if story.local_hour is not None and said.night_hour else ""
    people = int(said.at_once)
    if people:
        who = "A person" if people == 1 else f"{people} people"
        return f"{who} came{when} and stayed {max(1, round(stayed_s))} s."
    seen: dict[Kind, float] = {}  # seconds times score: what was most to be seen gives the name
    for thing in found:
        if thing.kind in PETS or thing.kind is Kind.VEHICLE:
            seen[thing.kind] = seen.get(thing.kind, 0.0) + thing.score * (0.1 + thing.walk.seconds)
    voted = [kind for kind in story.kinds or () if kind is not Kind.MOTION]
    if voted and voted[0] not in seen:  # what the looks agreed on, where nobody could follow it
        seen = {voted[0]: 1.0}
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
