"""A donation: one clip of 20 to 30 seconds, given to the programme by its owner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SHORTEST_MS = 20_000
LONGEST_MS = 30_000
LARGEST_SEALED = 32 * 1024**2  # bytes


class State(StrEnum):
    """Where a donation is. It only ever moves downwards in this list."""

    MADE = "made"  # a key exists, no clip yet
    WAITING = "waiting"  # may be drawn
    LABELLED = "labelled"  # has enough labels; no longer drawn, open views continue
    FLAGGED = "flagged"  # a reviewer said that it should not have been shared; nobody sees it again
    WITHDRAWN = "withdrawn"  # taken back or expired; nobody sees it, the key is about to go
    SHREDDED = "shredded"  # the key is destroyed


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What a decoder finds in the redacted file."""

    length_ms: int
    pictures: int
    streams: tuple[str, ...]  # "video", "audio", …
    codec: str
    width: int
    height: int
    metadata: tuple[str, ...]  # names of tags that say something
