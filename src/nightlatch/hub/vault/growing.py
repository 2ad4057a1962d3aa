"""Segments that grow: each byte is sealed once, into the file that it will be.

A part makes two writes, in this order: its full chunks behind the open file, then a note on how the file would end
(tails.py). Both go to the page cache, which outlives the process; `Vault.settle` makes them durable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.domain.recording import Part
from nightlatch.durably import write_all
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.layout import KeptFile
from nightlatch.hub.vault.recover import save_segment
from nightlatch.hub.vault.tails import Slots, TailFile, TailNote
from nightlatch.seal.stream import SealedStream


@dataclass(slots=True)
class GrowingSegment:
    """One segment of one camera, from its first part until it is in its place."""

    camera: Path
    run: str
    open_number: int
    stream: SealedStream
    tails: TailFile
    slots: Slots
    began_ms: int
    ended_ms: int
    first_index: int  # of its first part; more than 0 for what follows a failure
    apart_ms: int = 0
    kept: int = 0  # bytes in the open file
    notes: int = 0
    handle: int = -1
    is_doubtful: bool = False  # the disk failed after some of it was written

    @property
    def open_file(self) -> Path:
        return self.camera / layout.open_name(self.run, self.open_number)

    @property
    def path(self) -> str:
        """Of its place, relative to the vault."""
        length_ms = max(0, self.ended_ms - self.began_ms)
        return layout.segment_path(self.camera.name, self.began_ms, length_ms, self.run, self.first_index or None)

    def add(self, part: Part) -> None:
        """Write a part. Raises `OSError`: it is not there then, and nothing may follow it here."""
        self._append(self.stream.add(part.mp4))
        self.ended_ms = max(self.ended_ms, part.began_ms + part.duration_ms)
        tail = self.stream.tail()
        if not (tail.end and tail.apart):
            self.apart_ms = self.ended_ms
        self._note(tail.end, tail.apart)

    def finish(self, ended_ms: int) -> None:
        """Write the end. Raises `OSError`: what the newest note says stays."""
        self._append(self.stream.finish())
        self.ended_ms = ended_ms
        self._note(b"", b"")
        self.close()

    def close(self) -> None:
        """Let go of the open file; what is in it stays."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def _append(self, final: list[bytes]) -> None:
        if final and self.handle < 0:
            self.handle = os.open(self.open_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        for sealed in final:
            write_all(self.handle, sealed)
            self.kept += len(sealed)

    def _note(self, end: bytes, apart: bytes) -> None:
        times = (self.began_ms, self.ended_ms, self.apart_ms)
        note = TailNote(self.run, self.open_number, self.notes, *times, self.first_index, self.kept, end, apart)
        self.tails.write(self.slots, note)
        self.notes += 1


@dataclass(slots=True)
class Shelf:
    """What grows of one camera: one segment, or two while the older one waits for late sound."""

    folder: Path
    run: str
    numbers: Iterator[int]  # of open files, of the whole vault
    growing: dict[int, GrowingSegment | None] = field(default_factory=dict)  # by seq; None: deleted while it grew
    abandoned: list[GrowingSegment] = field(default_factory=list)
    trouble: OSError | None = None  # which nobody has been told of
    is_released: bool = False
    _tails: TailFile | None = None

    def add(self, part: Part, recipients: Sequence[str]) -> None:
        """Write a part. Raises `OSError`: what came before it stays, and what comes after begins a file of its own."""
        self._notice_deletion()
        segment = self.growing[part.seq] if part.seq in self.growing else self._begin(part, recipients)
        if segment is None:
            return
        try:
            segment.add(part)
        except BaseException:  # whatever it was: nothing may follow in a file that has a hole
            self._abandon(part.seq)
            raise

    def finish(self, seq: int, ended_ms: int | None = None) -> GrowingSegment | None:
        """Write the end of a segment; None when there is nothing of it. Raises `OSError`: what was there stays."""
        self._notice_deletion()
        growing = self.growing.get(seq)
        if growing is None:
            self.growing.pop(seq, None)
            return None
        try:
            growing.finish(growing.ended_ms if ended_ms is None else ended_ms)
        except BaseException:
            self._abandon(seq)
            raise
        del self.growing[seq]
        return growing

    def open(self) -> list[GrowingSegment]:
        """Those that grow now."""
        return [each for each in self.growing.values() if each is not None]

    def complain(self) -> None:
        """Raises the `OSError` that the disk's thread met, once."""
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble

    def release(self) -> list[GrowingSegment]:
        """No more comes: what grows ends where it is."""
        self.is_released = True
        ended = []
        for seq in list(self.growing):
            with suppress(OSError):  # abandoned then: its notes tell its end
                ended.append(self.finish(seq))
        return [segment for segment in ended if segment is not None]

    def save(self, segment: GrowingSegment) -> list[KeptFile]:
        """Make whole files of an abandoned segment. Raises `OSError`."""
        if not segment.tails.is_there():
            return []
        saved = save_segment(self.folder, segment.tails.notes(segment.slots))
        segment.open_file.unlink(missing_ok=True)
        return saved

    def close_if_idle(self) -> bool:
        """End the tail file of a released camera once nobody needs it."""
        if not self.is_released or self.growing or self.abandoned:
            return False
        if self._tails is not None:
            if not self._tails.is_idle():
                return False
            with suppress(OSError):  # empty: it harms nobody
                if self._tails.is_there():
                    self._tails.path.unlink(missing_ok=True)
            self._tails.close()
        return True

    def _begin(self, part: Part, recipients: Sequence[str]) -> GrowingSegment:
        stream = SealedStream(recipients)
        if self._tails is None:
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            self._tails = TailFile.open(self.folder / layout.TAILS)
        origin = self.folder, self.run, next(self.numbers), stream, self._tails, self._tails.reserve()
        made = GrowingSegment(*origin, part.began_ms, part.began_ms, part.index)
        self.growing[part.seq] = made
        return made

    def _abandon(self, seq: int) -> None:
        segment = self.growing.pop(seq)
        if segment is not None:
            segment.close()
            self.abandoned.append(segment)

    def _notice_deletion(self) -> None:
        """The owner deleted what the camera recorded: what grew is gone, too, and what follows it is not kept."""
        if self._tails is None or self._tails.is_there():
            return
        for seq, segment in self.growing.items():
            if segment is not None:
                segment.close()
            self.growing[seq] = None
        self._tails.close()
        self._tails = None
