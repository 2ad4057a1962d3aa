"""A story in words that anybody understands: what happened, then what decided the verdict. Pure.

A verdict never contradicts its reasons. Where a rule of the context decided, its sentence is said. Each claim speaks
for a threat or for daily life, is only made where it is true of the story, and is only said where two things agree:
what the words speak for, and what the model made of it, which is asked how it would have judged had the claim not been
true. What speaks against the verdict is left out; an unsure verdict says both sides. Plain facts, which speak for
neither, are always said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.context import Mode
from nightlatch.domain.geometry import Area, is_inside
from nightlatch.domain.sighting import POST_ROLL_MS, Kind, Story, Track, Verdict
from nightlatch.pixels.vision.boxes import feet
from nightlatch.pixels.vision.story.facts import Facts
from nightlatch.pixels.vision.story.numbers import FEATURES, Numbers
from nightlatch.pixels.vision.story.rules import LOW_S, NAMES, Sentence, place_at
from nightlatch.pixels.vision.story.things import PETS, Thing
from nightlatch.pixels.vision.story.walk import EDGE

# Set by hand on what the reasons say of simulated stories and of some 40 events in real films.
LONG_STOP_S = 8  # of standing, or of being there, before it is worth a word
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
DAY = {"night_hour": 0, "dark": 0, "crooked_at_night": 0}
WALKS_ON = {"held": -1.5}
STAYS = {"held": 3.0, "passed": 0}
SOMEBODY = {"people": 1, "score": 0.8, **STAYS}

TOGETHER = {
    Verdict.THREAT: "Taken as a whole, this looks more like a threat than like daily life.",
    Verdict.ROUTINE: "Taken as a whole, this looks like daily life.",
    Verdict.UNSURE: "It could be either: nothing in it speaks clearly for a threat or for daily life.",
}
SIDES = {
    Verdict.THREAT: frozenset({Side.THREAT}),
    Verdict.ROUTINE: frozenset({Side.ROUTINE}),
    Verdict.UNSURE: frozenset(Side),
    Verdict.HELP: frozenset[Side](),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and the sentence of the rule that bound it; None where the score alone decided."""

    verdict: Verdict
    by_rule: Sentence | None = None


def reasons(
    story: Story,
    found: Sequence[Thing],
    known: Facts,
    values: NDArray[np.float32],
    decision: Decision,
    model: Model,
) -> list[str]:
    """The story in words; `values` are its `features`, and `model` is what scored them."""
    people = [thing.track for thing in found if thing.kind is Kind.PERSON]
    lead = _lead(story, known, found)
    if decision.verdict is Verdict.HELP:
        return [lead, _down(story, known), *_of_areas(story, people)]
    told = _told(known, values, decision, model)
    # That nobody came is reason enough for daily life.
    is_explained = bool(told or decision.by_rule) or (decision.verdict is Verdict.ROUTINE and not people)
    return [
        lead,
        *([decision.by_rule.text] if decision.by_rule else []),
        *_of_areas(story, people),
        *(told if is_explained else [TOGETHER[decision.verdict]]),
        *_of_contact(known),
        *_of_a_door(story, people),
    ]


def claims(said: Numbers, known: Facts) -> Iterator[Claim]:
    """All that is true of a story and speaks for one side."""
    yield from _of_the_hour(said, known)
    if known.people:
        yield from _of_landmarks(known)
        yield from _of_stopping(said, known)
        yield from _of_staying(said, known)
        yield from _of_habits(known)
    elif said.pets or said.vehicles:
        yield Claim("Nobody was seen with it.", Side.ROUTINE, "who", SOMEBODY)


def _told(known: Facts, values: NDArray[np.float32], decision: Decision, model: Model) -> list[str]:
    """What is said for the verdict; of an unsure one the most telling of each side first."""
    true = [
        claim
        for claim in claims(Numbers(*values.tolist()), known)
        if claim.side in SIDES[decision.verdict] and not _is_said(claim, decision.by_rule)
    ]
    moved = _moved(true, values, model)
    if decision.verdict is Verdict.UNSURE:
        for side in Side:
            best = next((claim for claim in moved if claim.side is side), None)
            if best is not None:
                moved.remove(best)
                moved.insert(0, best)
    return [claim.text for claim in moved][:MOST_CLAIMS]


def _is_said(claim: Claim, by_rule: Sentence | None) -> bool:
    """Whether the rule's sentence has said as much; it always says where."""
    return by_rule is not None and claim.topic in by_rule.topics | {"where"}


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


def _of_the_hour(said: Numbers, known: Facts) -> Iterator[Claim]:
    night = {"night_hour": 1, "dark": 1}
    if said.night_hour:
        yield Claim("It was at night.", Side.THREAT, "hour", DAY)
    elif said.dark:
        yield Claim("It was dark.", Side.THREAT, "hour", DAY)
    elif known.hour is not None:
        yield Claim("It was not at night.", Side.ROUTINE, "hour", night)


def _of_landmarks(known: Facts) -> Iterator[Claim]:
    stay = place_at(known)
    if known.climbed:
        yield Claim("Somebody climbed over the fence.", Side.THREAT, "where", {"climbed": 0})
    elif stay is not None:
        text = f"Somebody was at the {NAMES[stay.shows]} for {stay.seconds:.0f} s."
        yield Claim(text, Side.THREAT, "where", {"at_landmark_s": 0, "at_door_s": 0})
    if known.crouched_s >= LOW_S:
        yield Claim(f"Somebody crouched for {known.crouched_s:.0f} s.", Side.THREAT, "low", {"crouched_s": 0})
    if known.context.mode is Mode.AWAY:
        yield Claim("You were away.", Side.THREAT, "mode", {"away": 0, "inside_away": 0})


def _of_stopping(said: Numbers, known: Facts) -> Iterator[Claim]:
    if known.places == 1 and known.longest_stop_s >= LONG_STOP_S:
        yield Claim(f"They stood still for {known.longest_stop_s:.0f} s.", Side.THREAT, "stopping", _on(said))
    elif known.places >= 2:
        yield Claim(f"They stopped at {known.places} places.", Side.THREAT, "stopping", _on(said))
    elif not known.places:
        yield Claim("They did not stop.", Side.ROUTINE, "stopping", _stays(said))


def _of_staying(said: Numbers, known: Facts) -> Iterator[Claim]:
    if known.lingers:
        yield Claim("They lingered and did not just pass through.", Side.THREAT, "staying", _on(said))
    elif known.passed:
        yield Claim("They just passed through.", Side.ROUTINE, "staying", _stays(said))
    elif known.stayed_s < LONG_STOP_S:
        yield Claim("They were there only briefly.", Side.ROUTINE, "staying", _stays(said))
    if said.ran_off:
        yield Claim("They ran off.", Side.THREAT, "running", {"ran_off": 0})


def _of_habits(known: Facts) -> Iterator[Claim]:
    if known.is_usual:
        yield Claim("Somebody is often here at this hour.", Side.ROUTINE, "usual", {"usual": 0})
    elif known.is_unusual:
        yield Claim("Nobody is usually here at this hour.", Side.THREAT, "usual", {"usual": 0.8})


def _on(said: Numbers) -> dict[str, float]:
    """Had they gone on their way."""
    return {**WALKS_ON, "crooked_at_night": 0}


def _stays(said: Numbers) -> dict[str, float]:
    """Had they stayed about."""
    return {**STAYS, "crooked_at_night": 0.9 if said.night_hour else 0}


def _down(story: Story, known: Facts) -> str:
    at_ms = known.down_ms if known.down_ms is not None else story.began_ms
    if story.local_hour is None:
        return "Somebody went down and has not got up."
    hour = (story.local_hour + (at_ms - story.began_ms) / 3_600_000) % 24
    return f"Somebody went down at {_clock(hour)} and has not got up."


def _of_areas(story: Story, people: Sequence[Track]) -> Iterator[str]:
    yield from (f"They were at “{name}”." for name in _visited(story.areas, people))


def _of_contact(known: Facts) -> Iterator[str]:
    if known.in_contact:
        yield "Two of them were close to each other."


def _of_a_door(story: Story, people: Sequence[Track]) -> Iterator[str]:
    if _is_gone_inside(story, people):
        yield "They went out of sight inside the picture, as through a door."


def _lead(story: Story, known: Facts, found: Sequence[Thing]) -> str:
    first_ms = min((thing.track.path[0].at_ms for thing in found), default=story.began_ms)
    last_ms = max((thing.track.path[-1].at_ms for thing in found), default=story.ended_ms)
    seconds = max(1, round((last_ms - first_ms) / 1000))
    when = f" at {_clock(story.local_hour)}" if story.local_hour is not None and known.is_night else ""
    if known.people:
        who = "A person" if known.people == 1 else f"{known.people} people"
        return f"{who} came{when} and stayed {max(1, round(known.stayed_s))} s."
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
    """Names of the watched areas in which somebody's feet were, in the order of the areas.

    What an area shows is said in words of its own.
    """
    stood = [feet(place.box) for track in people for place in track.path[:: max(1, len(track.path) // 100)]]
    return [
        a.name
        for a in areas
        if a.use == "watch" and a.name and a.shows is None and any(is_inside(at, a.points) for at in stood)
    ]


def _clock(hour: float) -> str:
    minute = round(hour * 60)  # 22 + 42 / 60 is a little less than 22:42
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
