"""Something happened before a camera."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.geometry import Box

PRE_ROLL_MS = 5_000
POST_ROLL_MS = 10_000
LONGEST_CLIP_MS = 60_000


@dataclass(frozen=True, slots=True)
class Motion:
    """What the gate saw in one picture. `moving` already honours areas, masks and the light-switch guard."""

    at_ms: int
    moving: bool
    share: float  # of the watched picture that changed, 0 to 1
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class EventOpened:
    """Motion began. The clip should reach back to `clip_from_ms` (pre-roll)."""

    camera_id: str
    event_id: str
    onset_ms: int
    clip_from_ms: int


@dataclass(frozen=True, slots=True)
class EventClosed:
    """Nothing moved for the post-roll, or the clip reached its longest; the clip ends at `clip_to_ms`."""

    camera_id: str
    event_id: str
    onset_ms: int
    last_motion_ms: int
    clip_to_ms: int
