"""Something happened in front of a camera."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nightlatch.domain.context import Context
from nightlatch.domain.geometry import Area, Box

PRE_ROLL_MS = 5_000
POST_ROLL_MS = 10_000
LONGEST_CLIP_MS = 60_000  # counted from the event, or from where a clip takes over; longer events have several clips
LONGEST_EVENT_MS = 1_800_000


class Kind(StrEnum):
    """What a detector says a thing is. MOTION: it moved, and no eye knew what it was."""

    PERSON = "person"
    CAT = "cat"
    DOG = "dog"
    ANIMAL = "animal"
    VEHICLE = "vehicle"
    PACKAGE = "package"
    MOTION = "motion"


ANIMALS = frozenset({Kind.CAT, Kind.DOG, Kind.ANIMAL})


def family(kind: Kind) -> Kind:
    """What a kind is mistaken within: cats and dogs are animals, everything else stands for itself."""
    return Kind.ANIMAL if kind in ANIMALS else kind


class Verdict(StrEnum):
    """What an event means."""

    THREAT = "threat"
    HELP = "help"  # somebody may need it
    ROUTINE = "routine"
    UNSURE = "unsure"


class EyeName(StrEnum):
    """What can look at moving things. MOTION knows no kinds, only that something moved."""

    EYE = "eye"  # the built-in one
    SSD = "ssd"  # comes with set-up; with a second opinion about people who lie or crouch
    YOLOX = "yolox"
    BOTH = "both"  # all of these together
    OWN = "own"  # a model of the owner's choosing
    MOTION = "motion"


class EyePart(StrEnum):
    """A network that an eye is made of, by its model's name."""

    YOLOX = "yolox_nano"
    SSD = "ssd_oidv4"
    POSE = "pose_detection"


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing in one picture. `score` is 0 to 1, as calibrated as its eye can make it."""

    box: Box
    kind: Kind
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing was at a moment."""

    at_ms: int
    box: Box


@dataclass(frozen=True, slots=True)
class Track:
    """One moving thing over time; `path` is in order of time and never empty."""

    id: int  # counts from 1 in each event
    kind: Kind
    score: float
    path: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one event when it is judged: what moved, where, when. No pixels."""

    began_ms: int
    ended_ms: int
    tracks: tuple[Track, ...]
    areas: tuple[Area, ...] = ()
    is_dark: bool = False
    local_hour: float | None = None  # 0 to 24 on the household's wall clock
    kinds: tuple[Kind, ...] | None = None  # that the eye's looks voted for; None: no eye has looked
    context: Context = field(default_factory=Context)
    people: int | None = None  # that the eye's looks saw at once; None: not known


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the calibrated probability (0 to 1) that the event is a threat, and reasons a person understands."""

    verdict: Verdict
    threat: float
    reasons: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()  # of what was there, people first
    tracks: tuple[Track, ...] = ()  # the same, each thing as one track: their pieces are put together


@dataclass(frozen=True, slots=True)
class Motion:
    """What the gate saw in one picture. `moving` already honours areas, masks and the light-switch guard.

    Inside a sight `at_ms` counts on the packets' own time, so that setting the hub's clock changes nothing.
    """

    at_ms: int
    moving: bool
    share: float  # of the watched picture that changed, 0 to 1
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class EventOpened:
    """Motion began. The clip should reach back to `clip_from_ms` (pre-roll).

    The times of one event, here and in all that is told of it later, differ by what passed on a clock that cannot be
    set; only where the event lies on the wall clock was read there, once.
    """

    camera_id: str
    event_id: str
    onset_ms: int
    clip_from_ms: int
    ago_ms: int | None = None  # how long before it was told it began, where that is known


@dataclass(frozen=True, slots=True)
class EventClosed:
    """Nothing moved for the post-roll, or it lasted for half an hour; its last clip ends at `clip_to_ms`."""

    camera_id: str
    event_id: str
    onset_ms: int
    last_motion_ms: int
    clip_to_ms: int


@dataclass(frozen=True, slots=True)
class EventJudged:
    """What is known of an open event so far: what moved, and what it means. Comes again as more is known."""

    camera_id: str
    event_id: str
    at_ms: int
    judgement: Judgement
