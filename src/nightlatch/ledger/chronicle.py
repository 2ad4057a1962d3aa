"""The whole log: parts that follow each other, of which the last one is written (`ledger/parts.py`).

A part ends with the first append of a new month, or when its operator asks. The order is: the file `next`; the entry
`log.next`, durable and under a checkpoint; the witnesses' word for that; the file `begin`; the next part's first
checkpoint, which has `log.begin` in it. After a kill at any place the next start goes on from there: a file `next`
without its entry counts for nothing, and a part that has ended is followed by its next one.

Months only go forward: the clock that ended a part has set the month from which on the next one may end. So a clock
that is set back ends nothing, and one that is set a year ahead ends one part.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from nightlatch.clocks import system_clock
from nightlatch.domain.digits import read_count
from nightlatch.domain.time import Clock
from nightlatch.domain.view import read_leaf
from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError, NightlatchError
from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.folio import write_public
from nightlatch.ledger.log import Log, Logged, check_entry, hold
from nightlatch.ledger.parts import (
    BEGIN,
    MOST_PARTS,
    NEXT,
    Part,
    Position,
    begin_event,
    following,
    next_event,
    position,
    public_leaf,
    read_begin,
    read_next,
)
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.tiles import PUBLIC
from nightlatch.seal.note import Note, Signature, Signer

MOST_OPEN = 4  # finished parts
WHERE_BEGUN = ".began"  # when part 0 began, in Unix seconds; later parts say it in their first entry


class Chronicle:
    """The one writer of all parts. Calls may come from several threads."""

    def __init__(self, newest: Log, parts: Sequence[Part], signer: Signer, clock: Clock, held: int | None) -> None:
        """`open_chronicle` and `chronicle_of` make one; `parts` are all, with an unknown policy as quorum 0."""
        self.folder = newest.folder.parent if parts[-1].number else newest.folder
        self._newest, self._parts, self._signer, self._clock, self._held = newest, list(parts), signer, clock, held
        self._older: dict[int, Log] = {}
        self._begun_s: int | None = None  # when the newest part began
        self._writing = threading.RLock()  # one append or turn at a time; readers do not wait for it
        self._lock = threading.RLock()  # which parts there are, and which of them are open
        if self.part.policy.quorum and newest.size:
            self._began_s()  # written down now, it does not move with the clock

    def __enter__(self) -> Chronicle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        for each in (*self._older.values(), self._newest):
            each.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def part(self) -> Part:
        """The newest part."""
        return self._parts[-1]

    @property
    def following(self) -> Part:
        """The part that the newest one names, once it has ended. Raises `LedgerError`, `Unproven`."""
        return _named_by(self._newest, self.part)

    @property
    def note(self) -> Note:
        """The newest checkpoint of the newest part, signed, with the cosignatures that came."""
        return self._newest.note

    @property
    def size(self) -> Position:
        """The newest part, and how many entries its newest checkpoint covers."""
        with self._lock:
            return Position(self.part.number, _size(self._newest.note))

    @property
    def is_ended(self) -> bool:
        """Whether the newest part has ended, and the next one is still to begin."""
        return self._newest.is_ended

    def append(self, leaf: bytes) -> Logged:
        """Add an entry, with its position as its index. Raises as `Log.append` does."""
        check_entry(leaf)
        [outcome] = self.append_all([leaf])
        if isinstance(outcome, LedgerError):
            raise outcome
        return outcome

    def append_all(self, leaves: Sequence[bytes]) -> list[Logged | LedgerError]:
        """Add entries with one commit; for each its position, or what `append` raises. Check them first.

        Raises:
            LedgerError, OSError: the part that follows cannot begin; nothing was taken.
        """
        with self._writing:
            if self._newest.is_ended:
                self.begin_part()
            number = self.part.number
            if number == 0 and self._newest.size == 0:
                self._begun_s = self._now_s()
                write_durably(self.folder / WHERE_BEGUN, b"%d" % self._begun_s)
            return [
                each if isinstance(each, LedgerError) else Logged(int(Position(number, each.index)), each.leaf)
                for each in self._newest.append_all(leaves)
            ]

    def leaf(self, number: int) -> bytes:
        """The entry at a position. Raises `IndexError`."""
        found = position(number)
        return self._log(found.part).leaf(found.index)

    def receipt(self, number: int, note: Note | None = None) -> str:
        """The receipt of the entry at a position: under `note`, or the newest checkpoint of its part.

        Raises:
            IndexError: there is no such entry under that note.
        """
        found = position(number)
        with self._lock:
            log = self._log(found.part)
            is_newest = log is self._newest
        return log.receipt(found.index, note if is_newest else None)

    def question(self, known: Position) -> tuple[int, list[bytes], Note]:
        """For who knows so much: from where on the newest checkpoint is proven, the proof, and the note.

        Raises:
            IndexError: the log has less.
        """
        with self._lock:
            note, newest = self._newest.note, self.part.number
            if known.part > newest:
                raise IndexError("the log has no such part")
            old = known.index if known.part == newest else 0
            return old, self._newest.consistency(old, _size(note)), note

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the newest part's tree of `size` begins with that of `old` leaves. Raises `IndexError`."""
        return self._newest.consistency(old, size)

    def finished(self) -> tuple[Log, Part] | None:
        """The part before the newest one."""
        with self._lock:
            number = self.part.number - 1
            return (self._log(number), self._parts[number]) if number >= 0 else None

    def last_note(self, text: str) -> Note | None:
        """The note with this text, when it is the newest checkpoint of any part."""
        try:
            number = next(each.number for each in self._parts if each.policy.log.name == text.split("\n", 1)[0])
        except StopIteration:
            return None
        note = self._log(number).note
        return note if note.text == text else None

    def cosigned(self, signatures: Sequence[Signature], text: str) -> None:
        """Add witnesses' cosignatures to the checkpoint with this text, if it is the newest of its part."""
        origin = text.split("\n", 1)[0]
        for each in self._parts[::-1]:
            if each.policy.log.name == origin:
                log = self._log(each.number)
                if log.note.text == text:
                    log.cosigned(signatures, _size(log.note))

    def checkpoint_of(self, number: int) -> Note | None:
        """The newest checkpoint of a part; None for a part that is not there."""
        return self._log(number).note if 0 <= number <= self.part.number else None

    def file(self, path: str) -> bytes | None:
        """A file that anybody may read, but for checkpoints; None where there is none. Raises `LedgerError`."""
        found = PUBLIC.match(path)
        number = int(found["part"] or 0) if found else 0
        if found is None or number > self.part.number:
            return None
        log, name = self._log(number), found["file"]
        if name not in ("next", "begin"):
            return log.file(name)
        if name == "next" and not log.is_ended:
            return None
        try:
            return (log.folder / name).read_bytes()
        except OSError:
            return None

    # ---- parts -----------------------------------------------------------------------------------------------------

    def is_turn_due(self) -> bool:
        """Whether the next entry is the first one of a month after that in which the newest part began."""
        with self._writing:
            if self.part.policy.quorum == 0 or self._newest.is_ended or self.part.number >= MOST_PARTS:
                return False
            is_empty = self._newest.size <= min(1, self.part.number)
            return not is_empty and _month(self._now_s()) > _month(self._began_s())

    def end_part(self, after: Policy | None = None) -> None:
        """Write `log.next`: by default under the same policy; the name of its log does not matter.

        Raises:
            LedgerError, OSError: it could not be written; the part goes on.
        """
        with self._writing:
            if self._newest.is_ended:
                raise LedgerError("This part of the log has ended already. Start the log; the next one begins.")
            if self.part.policy.quorum == 0:
                raise ConfigError("Say with --policy whom households believe; the next part needs that.")
            then = following(self.part)
            if after is not None:
                then = replace(then, policy=replace(after, log=replace(after.log, name=then.policy.log.name)))
            event = next_event(then)
            write_public(self._newest.folder / NEXT.removeprefix("log."), event)
            self._newest.end(public_leaf(NEXT, event, max(self._now_s(), self._began_s())).canonical())

    def begin_part(self) -> None:
        """Begin the part that the newest one names.

        Raises:
            LedgerError, OSError: it could not be begun; nothing of it is shown.
        """
        with self._writing:
            before = self._newest
            before.show()
            event = begin_event(before.checkpoint)
            then = _named_by(before, self.part)
            folder = self.folder / str(then.number)
            write_public(folder / BEGIN.removeprefix("log."), event)
            leaf = public_leaf(BEGIN, event, max(self._now_s(), self._began_s())).canonical()
            begun = _open(folder, then, self._signer, self._clock, leaf)
            with self._lock:
                self._older[self.part.number], self._newest = before, begun
                self._parts.append(then)
                self._begun_s = None

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000

    def _began_s(self) -> int:
        if self._begun_s is None:
            self._begun_s = self._first_s()
        return self._begun_s

    def _first_s(self) -> int:
        """When the newest part began, as it is written down."""
        if self.part.number:
            return read_leaf(self._newest.leaf(0)).at_s
        path = self.folder / WHERE_BEGUN
        if path.exists() and (told := read_count(path.read_text().strip())) is not None:
            return told
        try:
            began_s = max(0, min(self._now_s(), read_leaf(self._newest.leaf(0)).at_s))
        except (ValueError, IndexError):
            began_s = self._now_s()
        write_durably(path, b"%d" % began_s)
        return began_s

    def _log(self, number: int) -> Log:
        """A part's log. Raises `IndexError`."""
        with self._lock:
            if number == self.part.number:
                return self._newest
            if not 0 <= number < self.part.number:
                raise IndexError("the log has no such part")
            if (found := self._older.pop(number, None)) is None:
                part = self._parts[number]
                found = _open(self.folder / part.prefix, part, self._signer, self._clock, None)
            self._older[number] = found
            if len(self._older) > MOST_OPEN:
                self._older.pop(next(iter(self._older))).close()
            return found


def open_chronicle(
    folder: Path, signer: Signer, *, policy: Policy | None = None, clock: Clock | None = None
) -> Chronicle:
    """Open or make a log with all its parts, and finish what a crash left.

    `policy` is that of the first part; without one no part ends. `signer` is the key of the part that is written next.

    Raises:
        LedgerError: another writer has it, what is there is damaged, or the key is not that of its newest part.
        ConfigError: the policy is of another log.
    """
    clock = clock or system_clock()
    folder.mkdir(parents=True, exist_ok=True)
    held = hold(folder)
    try:
        parts = [_first(folder, signer, policy)]
        newest = _open(folder, parts[0], signer, clock, None)
        while (folder / str(parts[-1].number + 1) / "checkpoint").exists():
            before = newest
            if not before.is_ended:
                raise LedgerError(f"Part {parts[-1].number} of the log has a next one but no end. Restore it.")
            parts.append(_named_by(before, parts[-1]))
            before.close()
            newest = _open(folder / parts[-1].prefix, parts[-1], signer, clock, None)
            read_begin((newest.folder / "begin").read_bytes(), newest.leaf(0), before.checkpoint)
        writes = _named_by(newest, parts[-1]).policy.log if newest.is_ended else parts[-1].policy.log
        if writes.public != signer.verifier.public:
            raise LedgerError("This is not the key of the newest part of the log. Start it with that one.")
        if not newest.is_ended:
            (newest.folder / "next").unlink(missing_ok=True)  # a crash came between it and its entry
        return Chronicle(newest, parts, signer, clock, held)
    except (NightlatchError, OSError, IndexError):
        os.close(held)
        raise


def chronicle_of(log: Log | Chronicle) -> Chronicle:
    """A log that has only its first part, as one whose part never ends."""
    if isinstance(log, Chronicle):
        return log
    part = Part(log.checkpoint.origin, 0, Policy(log.key, (), 0))
    return Chronicle(log, [part], log.signer, system_clock(), None)


def _first(folder: Path, signer: Signer, policy: Policy | None) -> Part:
    path = folder / "checkpoint"
    base = path.read_text().split("\n", 1)[0] if path.exists() else policy.log.name if policy else signer.name
    if policy is not None and policy.log.name != base:
        raise ConfigError(
            f"The policy is of {policy.log.name}, not of {base}. Give the one that households joined with."
        )
    return Part(base, 0, policy or Policy(replace(signer.verifier, name=base), (), 0))


def _named_by(log: Log, part: Part) -> Part:
    """The part that follows one that has ended. Raises `LedgerError`, `Unproven`."""
    try:
        raw = (log.folder / "next").read_bytes()
    except OSError:
        raise LedgerError(f"{log.folder / 'next'} is missing. Restore it from a copy of the log.") from None
    return read_next(raw, log.leaf(log.size - 1), part)


def _open(folder: Path, part: Part, signer: Signer, clock: Clock, first: bytes | None) -> Log:
    named = replace(signer, name=part.policy.log.name)
    return Log(folder, named, clock=clock, key=part.policy.log, first=first, is_held=part.number == 0)


def _month(at_s: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(at_s, UTC)
    return at.year, at.month


def _size(note: Note) -> int:
    return int(note.text.split("\n")[1])
