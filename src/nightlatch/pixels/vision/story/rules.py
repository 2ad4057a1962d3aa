"""What context makes of a person, as a short table: the first rule that holds sets how far the verdict may go. Pure.

Tracks alone do not tell a burglar from a courier. Where the household's mode is known, these rules bound what the
learnt score says; where it is not, the score alone decides. Each rule says why, in a sentence that is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightlatch.domain.context import Landmark, Mode, Site
from nightlatch.domain.sighting import Verdict
from nightlatch.pixels.vision.story.facts import Facts, Stay

# Seconds at a landmark that are more than passing it. Set by hand: who lives or calls there needs a door for longer
# than anybody needs a window or a fence.
AT_S = {Landmark.WINDOW: 3.0, Landmark.FENCE: 3.0, Landmark.CAR: 5.0, Landmark.DOOR: 8.0}
CALL_S = 60.0  # at a front door or in the drive while nobody is home: longer is no call
LOW_S = 2.0  # of crouching there
LATE = (22.5, 6.0)  # the hours that count as night, beside the dark
PRIVATE = (Site.GARDEN, Site.DRIVE)
CALLERS = (Site.FRONT_DOOR, Site.DRIVE)  # where others may come, and go again
NAMES = {Landmark.DOOR: "door", Landmark.WINDOW: "window", Landmark.CAR: "car", Landmark.FENCE: "fence"}
ORDER = (Verdict.ROUTINE, Verdict.UNSURE, Verdict.THREAT)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Why a rule holds, and of which topics (story/words) it has said all that is to be said."""

    text: str
    topics: frozenset[str] = frozenset()

    def __add__(self, other: Sentence) -> Sentence:
        return Sentence(f"{self.text} {other.text}", self.topics | other.topics)


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds where `when` does; the verdict is then from `lowest` to `highest`, and `says` tells why."""

    name: str
    when: Callable[[Facts], bool]
    lowest: Verdict
    highest: Verdict
    says: Callable[[Facts], Sentence] | None  # None: there is nothing to say

    def __post_init__(self) -> None:
        if ORDER.index(self.lowest) > ORDER.index(self.highest):
            raise ValueError("a rule's lowest verdict is not above its highest")


def rule_for(known: Facts) -> Rule | None:
    """The rule that holds for a person in this context; None where nobody is there or no mode is known."""
    if not known.people or known.context.mode is None:
        return None
    return next((rule for rule in RULES if rule.when(known)), None)


def place_at(known: Facts) -> Stay | None:
    """The landmark at which somebody was for more than passing, the most telling first.

    Along a street are others' doors and fences, where others may stand.
    """
    there = [
        stay
        for stay in known.at
        if stay.seconds >= AT_S[stay.shows] and (not _site(known, Site.STREET) or stay.shows is Landmark.CAR)
    ]
    return max(there, key=lambda stay: (stay.shows is not Landmark.DOOR, stay.seconds), default=None)


def _site(known: Facts, *sites: Site) -> bool:
    return known.context.site in sites


def _at_landmark(known: Facts) -> bool:
    """At something where nobody has business; a caller at a door is a caller for a while."""
    stay = place_at(known)
    if stay is None:
        return False
    if stay.shows is Landmark.DOOR and known.context.mode is Mode.AWAY and _site(known, *CALLERS):
        late = known.is_night or (known.is_dark and known.hour is None)
        return late or stay.crouched_s >= LOW_S or stay.seconds >= CALL_S
    return True


def _intrudes(known: Facts) -> bool:
    """Climbs, is at a landmark, or lingers where nobody comes by chance."""
    return known.climbed or _at_landmark(known) or (_site(known, *PRIVATE) and known.lingers)


def _late(known: Facts) -> bool:
    """Night by the clock, or dark where the clock is not known."""
    return known.is_night or (known.is_dark and (known.hour is None or known.hour < LATE[1]))


def _late_at_landmark(known: Facts) -> bool:
    """At home: at a car, a window or a fence at night; in the dark of an evening not at a car, which has its people."""
    stay = place_at(known)
    if stay is None or stay.shows is Landmark.DOOR or _site(known, Site.INSIDE):
        return False
    if _late(known):
        return True
    return known.is_dark and stay.shows is not Landmark.CAR


def _away(known: Facts) -> bool:
    return known.context.mode is Mode.AWAY


def _asleep(known: Facts) -> bool:
    return known.context.mode is Mode.NIGHT


def _home(known: Facts) -> bool:
    return known.context.mode is Mode.HOME


def _where(known: Facts) -> Sentence:
    stay = place_at(known)
    if known.climbed:
        return Sentence("Somebody climbed over the fence")
    if stay is None:
        where = "garden" if _site(known, Site.GARDEN) else "drive"
        return Sentence(f"Somebody lingered in the {where}", frozenset({"staying"}))
    text = f"Somebody was at the {NAMES[stay.shows]} for {stay.seconds:.0f} s"
    return Sentence(f"{text}, crouched,", frozenset({"low"})) if stay.crouched_s >= LOW_S else Sentence(text)


def _when(known: Facts) -> Sentence:
    if _away(known):
        return Sentence("while you are away.", frozenset({"mode"}))
    if _late(known):
        return Sentence("at night.", frozenset({"hour"}))
    return Sentence("while you sleep." if _asleep(known) else "in the dark.")


def _sentence(known: Facts) -> Sentence:
    return _where(known) + _when(known)


def _begun(text: str) -> Callable[[Facts], Sentence]:
    """This, and when it was."""
    return lambda known: Sentence(text) + _when(known)


def _fixed(text: str, *topics: str) -> Callable[[Facts], Sentence]:
    return lambda known: Sentence(text, frozenset(topics))


OFTEN = Sentence("Somebody is often here at this hour.", frozenset({"usual"}))
R, U, T = ORDER
# The order matters: what is told first is what decides.
RULES = (
    Rule(
        "inside while away",
        lambda k: _away(k) and _site(k, Site.INSIDE),
        T,
        T,
        _begun("Somebody is inside"),
    ),
    Rule(
        "came in by a window",
        lambda k: _site(k, Site.INSIDE) and k.came_in is not None and (_asleep(k) or _late(k)),
        T,
        T,
        lambda k: Sentence(f"Somebody came in by the {NAMES[k.came_in or Landmark.WINDOW]}") + _when(k),
    ),
    Rule(
        "up at night", lambda k: _asleep(k) and _site(k, Site.INSIDE), R, R, _fixed("People get up at night.", "hour")
    ),
    Rule(
        "intrudes where it is usual",
        lambda k: not _home(k) and _intrudes(k) and k.is_usual and not k.climbed,
        U,
        U,
        lambda k: _sentence(k) + OFTEN,
    ),
    Rule("intrudes while away", lambda k: _away(k) and _intrudes(k), T, T, _sentence),
    Rule("intrudes at night", lambda k: _asleep(k) and _intrudes(k), T, T, _sentence),
    Rule(
        "street",
        lambda k: not _home(k) and _site(k, Site.STREET),
        R,
        U,
        _fixed("It was in the street, where others may walk."),
    ),
    Rule(
        "comes near while away",
        lambda k: _away(k) and _site(k, *PRIVATE, Site.FRONT_DOOR),
        U,
        U,
        _begun("Somebody came near the house"),
    ),
    Rule(
        "comes near at night",
        lambda k: _asleep(k) and _site(k, *PRIVATE, Site.FRONT_DOOR),
        U,
        U,
        _begun("Somebody came near the house"),
    ),
    Rule(
        "somewhere, and does not pass",
        lambda k: not _home(k) and not k.passed,
        U,
        T,
        _begun("Somebody was there"),
    ),
    Rule("passes somewhere", lambda k: not _home(k), R, T, None),
    Rule(
        "usual at home",
        lambda k: _home(k) and k.is_usual and (_late_at_landmark(k) or (k.climbed and _late(k))),
        R,
        U,
        lambda k: OFTEN,
    ),
    Rule(
        "at a landmark late", lambda k: _home(k) and (_late_at_landmark(k) or (k.climbed and _late(k))), T, T, _sentence
    ),
    Rule("at home", _home, R, U, _fixed("You are at home.")),
)
