"""Which clip a reviewer gets: drawn, never chosen.

Each waiting clip gets a lot, HMAC-SHA256(day's key, root of a cosigned checkpoint, reviewer, number of the draw, clip);
the lowest wins. So every waiting clip is as likely as any other; a clip that leaves the waiting list changes the
outcome only if it had won; and the keeper can draw again, later, and must get the same.

The root is fixed by the log and its witnesses after the reviewer asked, so the keeper cannot aim; the key is the
keeper's, so nobody else can foresee what a root would draw and wait for a better one. A draw that was made stands
until the clip was seen or skipped, and both cost a place of the day's quota.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Waiting:
    """A clip on the waiting list."""

    donation: str
    household: str
    admitted_ms: int
    viewers: frozenset[str]  # pseudonyms that have seen it


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw that was made. `seq` counts up over all reviewers, `n` from 0 for one reviewer and day."""

    seq: int
    reviewer: str
    day: int  # days since 1970-01-01 UTC
    n: int
    root: bytes
    donation: str
    drawn_ms: int
    is_open: bool = True


class DrawEnd(StrEnum):
    """How a draw that was made ended."""

    VIEWED = "viewed"
    SKIPPED = "skipped"
    GONE = "gone"  # the clip waited no more: taken back, seen by enough, or of a household that was seen today


def eligible(waiting: Iterable[Waiting], reviewer: str, seen_today: frozenset[str], drawn_ms: int) -> list[str]:
    """Clips that were waiting at `drawn_ms`, not seen by this reviewer, of households that they did not see today."""
    return [
        clip.donation
        for clip in waiting
        if clip.admitted_ms <= drawn_ms and reviewer not in clip.viewers and clip.household not in seen_today
    ]


def winner(day_key: bytes, root: bytes, reviewer: str, n: int, donations: Iterable[str]) -> str | None:
    """The clip with the lowest lot, or None when nothing waits."""

    def lot(donation: str) -> bytes:
        said = b"\0".join((b"nightlatch draw v1", root.hex().encode(), reviewer.encode(), b"%d" % n, donation.encode()))
        return hmac.digest(day_key, said, "sha256")

    return min(donations, key=lot, default=None)
