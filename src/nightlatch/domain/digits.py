"""Numbers that somebody else wrote. `str.isdigit` is true of "²", which `int` refuses, and of every script's digits."""

from __future__ import annotations

import re

MOST = 2**63 - 1  # sizes, indices and times fit into a database's integer
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")


def read_count(text: str, most: int = MOST) -> int | None:
    """A whole number from 0 to `most` in ASCII digits, written in the one way there is; None for anything else."""
    if not _COUNT.match(text):
        return None
    count = int(text)
    return count if count <= most else None
