"""The journal of one camera's open segment: sealed parts of about a second, each durable before the next.

A power cut or kill -9 costs at most the part being filled. A record is a head (magic, times, length) and a whole age
file; reading stops at the first torn one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightlatch.domain.recording import Part
from nightlatch.durably import sync
from nightlatch.errors import NotSealed
from nightlatch.seal.envelope import Sealed

LONGEST_PART = 64 * 1024 * 1024
_HEAD = struct.Struct(">4sQQIII")  # magic, segment began, part began, part duration, index, length
_MAGIC = b"NLp1"


@dataclass(slots=True)
class Journal:
    """Emptied when its segment is stored whole."""

    path: Path
    handle: int = -1
    segment_began_ms: int | None = None

    def append(self, part: Part, sealed: Sealed) -> None:
        """Add a part of the open segment. Durable on return. Raises `OSError`."""
        if part.index == 0 or self.segment_began_ms is None:
            self.segment_began_ms = part.began_ms
        if self.handle < 0:
            fresh = not self.path.exists()
            self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if fresh:
                sync(self.path.parent)
        head = _HEAD.pack(_MAGIC, self.segment_began_ms, part.began_ms, part.duration_ms, part.index, len(sealed))
        os.writev(self.handle, (head, sealed))
        os.fdatasync(self.handle)

    def clear(self) -> None:
        """The segment is stored whole."""
        if self.handle >= 0:
            os.ftruncate(self.handle, 0)
        self.segment_began_ms = None

    def close(self) -> None:
        """Leave what is in it for recovery."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


@dataclass(frozen=True, slots=True)
class JournalPart:
    """One whole record. Times are ms; `index` counts the parts of its segment from 0."""

    segment_began_ms: int
    began_ms: int
    duration_ms: int
    index: int
    sealed: Sealed


def read_journal(path: Path) -> Iterator[JournalPart]:
    """Every whole record; stops at the torn one."""
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
