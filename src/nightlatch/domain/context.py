"""What is known around an event that no picture tells: where the camera is, who should be at home, what is usual.

The same steps mean a courier by day and a thief at night: what moved is weighed together with this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Site(StrEnum):
    """Where a camera is, or what it looks at."""

    STREET = "street"  # others may walk there
    FRONT_DOOR = "front_door"  # others may come there, and go again
    DRIVE = "drive"
    GARDEN = "garden"  # nobody comes through by chance
    INSIDE = "inside"


class Mode(StrEnum):
    """What the household is doing."""

    HOME = "home"
    NIGHT = "night"  # at home and asleep
    AWAY = "away"


class Landmark(StrEnum):
    """What an area that the owner drew shows."""

    DOOR = "door"
    WINDOW = "window"
    CAR = "car"
    FENCE = "fence"


@dataclass(frozen=True, slots=True)
class Usual:
    """How usual it is that somebody is there at about this hour; kept at home, of the last 14 days."""

    days: int  # on which somebody was there within an hour of this one
    of: int  # days that are known, 0 to 14


@dataclass(frozen=True, slots=True)
class Context:
    """What was known when an event was judged. None: not known."""

    site: Site | None = None
    mode: Mode | None = None
    usual: Usual | None = None
