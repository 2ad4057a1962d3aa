"""A label: what a reviewer decided about one donated clip (`Kind` is what a detector says)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span
from nightlatch.errors import Refused

MOST_SPANS = 20


class NotALabel(Refused):
    """Something that no label may say."""


class Subject(StrEnum):
    """Who or what is in the picture."""

    PERSON = "person"
    CAT = "cat"
    DOG = "dog"
    OTHER_ANIMAL = "other_animal"
    VEHICLE = "vehicle"
    PACKAGE = "package"
    NOTHING = "nothing"


class Happening(StrEnum):
    """What happens."""

    PASSING = "passing"
    VISITING = "visiting"
    DELIVERING = "delivering"
    RESIDENT = "resident"
    PET_ACTIVITY = "pet_activity"
    LOITERING = "loitering"
    TRYING_DOORS = "trying_doors"
    BREAKING_IN = "breaking_in"
    TAKING_THINGS = "taking_things"
    VIOLENCE = "violence"
    FALL = "fall"
    FIRE = "fire"
    WEATHER_OR_LIGHT = "weather_or_light"


@dataclass(frozen=True, slots=True)
class Label:
    """What one reviewer says of one clip; a draft until `is_complete`. Spans are in milliseconds from its beginning.

    `is_hidden` is an answer of its own: too much of the picture is hidden to say anything else.
    """

    subjects: frozenset[Subject] = frozenset()
    happenings: frozenset[Happening] = frozenset()
    verdict: Verdict | None = None
    spans: tuple[Span, ...] = ()
    is_hidden: bool = False

    def __post_init__(self) -> None:
        """Raises `NotALabel` for what contradicts itself."""
        if Subject.NOTHING in self.subjects and len(self.subjects) > 1:
            raise NotALabel("“Nothing” stands alone. Remove it, or the others.")
        if self.is_hidden and (self.subjects or self.happenings or self.verdict or self.spans):
            raise NotALabel("“Too much is hidden to say” stands alone. Remove it, or the rest.")
        if len(self.spans) > MOST_SPANS:
            raise NotALabel(f"A label has at most {MOST_SPANS} spans. Join some.")
        if any(not 0 <= span.began_ms < span.ended_ms for span in self.spans):
            raise NotALabel("A span begins in the clip and ends after it began. Mark it again.")

    @property
    def is_complete(self) -> bool:
        """Who or what, and the verdict (what happens and when may stay open); or that too much is hidden."""
        return self.is_hidden or (bool(self.subjects) and self.verdict is not None)

    def agrees_with(self, other: Label) -> bool:
        """The same verdict over the same subjects, or too much hidden for both; spans and fine words may differ."""
        return self.verdict is other.verdict and self.subjects == other.subjects

    def check_within(self, length_ms: int) -> None:
        """Raises `NotALabel` when a span reaches beyond a clip of `length_ms`."""
        if any(span.ended_ms > length_ms for span in self.spans):
            raise NotALabel("A span ends after the clip. Mark it again.")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label that was handed in."""

    donation: str
    reviewer: str  # pseudonym
    label: Label
    at_ms: int
