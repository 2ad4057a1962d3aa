"""Reads the journal that versions before 0.3 kept of an open segment, so that an upgrade loses none of it.

It has the name that the tail file has now. A record is a head (magic, times, length) and a whole age file of about a
second; reading stops at the first torn one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightlatch.errors import NotSealed
from nightlatch.seal.envelope import Sealed

LONGEST_PART = 64 * 1024 * 1024
_HEAD = struct.Struct(">4sQQIII")  # magic, segment began, part began, part duration, index, length
_MAGIC = b"NLp1"


@dataclass(frozen=True, slots=True)
class JournalPart:
    """One whole record. Times are ms; `index` counts the parts of its segment from 0."""

    segment_began_ms: int
    began_ms: int
    duration_ms: int
    index: int
    sealed: Sealed


def read_journal(path: Path) -> Iterator[JournalPart]:
    """Every whole record; stops at the torn one. None in a tail file."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            magic, segment_began_ms, began_ms, duration_ms, index, length = _HEAD.unpack(head)
            if magic != _MAGIC or length > LONGEST_PART:
                return
            body = file.read(length)
            if len(body) < length:
                return
            try:
                yield JournalPart(segment_began_ms, began_ms, duration_ms, index, Sealed(body))
            except NotSealed:
                return
