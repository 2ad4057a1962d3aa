"""The tail file of a camera: how each segment that grows would end now. With it, recovery needs no key.

A segment's full chunks are final and lie in its open file. What is not a full chunk yet is sealed as an end of that
file (seal/stream.py) and written here as a note: how many bytes of the open file count, and what to put behind them.

A segment has three slots, so that no note is overwritten that may still be needed: the newest one that the disk is
known to hold, the newest one, and the one being written. A note that is torn has the wrong checksum and does not count.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.errors import SealError
from nightlatch.hub.vault import layout

SLOT = 72 * 1024  # a sealed chunk of 64 KiB, and a header for some thirty recipients
SLOTS = 3  # of one segment
MAGIC = b"NLt1"
_CHECKED = struct.Struct(">4sI")  # magic, CRC-32 of what follows
_HEAD = struct.Struct(">2sIIQQQQII")
_NOTHING = bytes(_CHECKED.size)


@dataclass(frozen=True, slots=True)
class TailNote:
    """How a growing segment would end, as of one of its parts.

    Its file is the first `kept` bytes of the open file, then `end`. `apart` is an age file of its own with what came
    after; without `end`, `apart` is the whole segment, or `kept` bytes are, when `apart` is empty, too.
    """

    run: str  # with `open_number` the name of the open file
    open_number: int
    number: int  # counts the notes of one segment
    began_ms: int
    ended_ms: int
    apart_ms: int  # when `apart` begins
    first_index: int  # of the first part in it; not 0 for what follows a failure
    kept: int
    end: bytes = b""
    apart: bytes = b""

    @property
    def open_name(self) -> str:
        return layout.open_name(self.run, self.open_number)


def pack(note: TailNote) -> bytes:
    """A note as it lies in its slot. Raises `SealError` when it is too long for one."""
    times = (max(0, each) for each in (note.began_ms, note.ended_ms, note.apart_ms))
    numbers = (note.open_number, note.number, *times, note.kept)
    head = _HEAD.pack(bytes.fromhex(note.run), *numbers, note.first_index, len(note.end))
    body = head + len(note.apart).to_bytes(4, "big") + note.end + note.apart
    if len(body) + _CHECKED.size > SLOT:
        raise SealError("There are too many keys to seal for: the end of a segment does not fit its slot.")
    return _CHECKED.pack(MAGIC, zlib.crc32(body)) + body


def unpack(slot: bytes) -> TailNote | None:
    """The note in a slot; None when there is none, or it is torn."""
    if len(slot) < _CHECKED.size + _HEAD.size + 4:
        return None
    magic, checksum = _CHECKED.unpack_from(slot)
    run, *numbers, first_index, end_length = _HEAD.unpack_from(slot, _CHECKED.size)
    open_number, number, began_ms, ended_ms, apart_ms, kept = numbers
    at = _CHECKED.size + _HEAD.size
    apart_length = int.from_bytes(slot[at : at + 4], "big")
    at, stop = at + 4, at + 4 + end_length + apart_length
    if magic != MAGIC or stop > len(slot) or zlib.crc32(slot[_CHECKED.size : stop]) != checksum:
        return None
    end, apart = slot[at : at + end_length], slot[at + end_length : stop]
    return TailNote(run.hex(), open_number, number, began_ms, ended_ms, apart_ms, first_index, kept, end, apart)


def read_tails(path: Path) -> list[list[TailNote]]:
    """Whole notes by segment, the oldest segment first and of each the newest note first. Raises `OSError`."""
    found: dict[str, list[TailNote]] = {}
    with path.open("rb") as file:
        while slot := file.read(SLOT):
            if (note := unpack(slot)) is not None:
                found.setdefault(note.open_name, []).append(note)
    for notes in found.values():
        notes.sort(key=lambda note: note.number, reverse=True)
    return sorted(found.values(), key=lambda notes: notes[0].began_ms)


@dataclass(slots=True)
class Slots:
    """The three of one segment."""

    first: int  # number of the first one in the file
    newest: int | None = None
    durable: int | None = None  # the newest that the disk is known to hold

    def next(self) -> int:
        """The one to write now."""
        return next(n for n in range(self.first, self.first + SLOTS) if n not in (self.newest, self.durable))


@dataclass(slots=True)
class TailFile:
    """The open tail file of one camera. It has room for as many segments as ever grew at once."""

    path: Path
    handle: int
    inode: int
    _reserved: set[int] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path) -> TailFile:
        """Raises `OSError`."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        return cls(path, handle, os.fstat(handle).st_ino)

    def is_there(self) -> bool:
        """Whether it is still in its place: not so once the camera's folder was taken away."""
        try:
            return self.handle >= 0 and os.stat(self.path).st_ino == self.inode
        except FileNotFoundError:
            return False

    def reserve(self) -> Slots:
        """Three slots that nobody needs."""
        first = 0
        while first in self._reserved:
            first += SLOTS
        self._reserved.add(first)
        return Slots(first)

    def write(self, slots: Slots, note: TailNote) -> None:
        """Add the newest note of a segment. Raises `OSError`; the notes before it are still there then."""
        slot, packed = slots.next(), pack(note)
        if os.pwrite(self.handle, packed, slot * SLOT) != len(packed):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # only a full disk takes less than all
        slots.newest = slot

    def notes(self, slots: Slots) -> list[TailNote]:
        """The whole notes of a segment, the newest first. Raises `OSError`."""
        places = range(slots.first, slots.first + SLOTS) if slots.newest is not None else ()
        notes = [note for slot in places if (note := unpack(os.pread(self.handle, SLOT, slot * SLOT))) is not None]
        return sorted(notes, key=lambda note: note.number, reverse=True)

    def free(self, slots: Slots) -> None:
        """The segment is stored: its notes mean nothing any more. Where they stay, recovery finds it in its place."""
        self._reserved.discard(slots.first)
        if self.handle < 0:
            return
        with suppress(OSError):
            if not self._reserved:
                os.ftruncate(self.handle, 0)
                return
            for slot in range(slots.first, slots.first + SLOTS):
                os.pwrite(self.handle, _NOTHING, slot * SLOT)

    def is_idle(self) -> bool:
        """Whether no segment has slots here."""
        return not self._reserved

    def close(self) -> None:
        """What is in it stays; segments that still hold slots find that it is not there."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
