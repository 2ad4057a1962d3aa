"""Whether somebody went down and stays down: from where a person's box was, in order of time. Pure.

Somebody who falls is low and wide within a second or two of having been upright, and stays where they lie; somebody who
goes to bed sits down first, on what stands higher than the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightlatch.domain.sighting import Place


@dataclass(frozen=True, slots=True)
class Fall:
    """Somebody was down from `at_ms` on, and seen to stay so for `stayed_ms`."""

    at_ms: int
    stayed_ms: int


def went_down(path: Sequence[Place]) -> Fall | None:
    """When the person of this path went down for good; None for whoever did not, got up again or went to rest.

    `path` is of one joined thing, in order of time and not empty.
    """
    return None
