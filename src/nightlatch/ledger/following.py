"""Which parts of a log there are, for whoever verifies receipts: months turn, and keys change, while a program runs.

Nothing is believed that the part before did not say: its checkpoint with the quorum of its own policy, its last entry
under that, and the event to which this commits. Old parts may be old; how fresh a receipt is, its own check decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from nightlatch.ledger.checkpoint import read_checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.merkle import is_included, leaf_hash
from nightlatch.ledger.parts import MOST_PARTS, Part, Position, first_part, is_last, part_of, read_next
from nightlatch.ledger.policy import Policy, check_note
from nightlatch.ledger.proof import read_proof
from nightlatch.ledger.tiles import WIDTH, entry_tile, unbundle
from nightlatch.seal.note import NoteError, read_note


class Source(Protocol):
    """Where the files of a log and its receipts are; `LogClient` is one. Both raise `LedgerError`."""

    def file(self, path: str) -> bytes:
        """A file of the log."""
        ...

    def receipt(self, index: int) -> str:
        """The receipt of the entry at a position."""
        ...


@dataclass(slots=True)
class Following:
    """The parts that are known. Calls may come from several threads: parts are only ever added."""

    policy: Policy  # of part 0
    _parts: list[Part] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = [first_part(self.policy)]

    @property
    def newest(self) -> Part:
        """The last part that is known."""
        return self._parts[-1]

    def part_of(self, note: bytes | str) -> Part:
        """The part that a checkpoint is of. Raises `Unproven` for another log, and for a part that is not known yet."""
        number = self._number(note)
        if number >= len(self._parts):
            raise Unproven(Why.NO_QUORUM, "The log has begun another part, which was not read yet. Try again.")
        return self._parts[number]

    def knows(self, note: bytes | str) -> bool:
        """Whether `part_of` would find it. Raises `Unproven` for another log."""
        return self._number(note) < len(self._parts)

    def position(self, receipt: str) -> int:
        """Where in the whole log the entry of a receipt is. Raises `Unproven`."""
        proof = read_proof(receipt)
        return int(Position(self.part_of(proof.note).number, proof.index))

    def follow(self, source: Source) -> None:
        """Learn of the parts that were begun since. Raises `Unproven`, `LedgerError`."""
        while len(self._parts) <= MOST_PARTS and (found := _after(self.newest, source)) is not None:
            if found.number == len(self._parts):
                self._parts.append(found)

    def _number(self, note: bytes | str) -> int:
        try:
            return part_of(read_checkpoint(read_note(note).text).origin, self.policy.log.name)
        except NoteError as error:
            raise Unproven(Why.MALFORMED, str(error)) from None


def _after(part: Part, source: Source) -> Part | None:
    """The part behind this one; None while it goes on."""
    checkpoint, _ = check_note(source.file(f"{part.prefix}checkpoint"), part.policy, None)
    if checkpoint.size == 0:
        return None
    at = checkpoint.size - 1
    entries = unbundle(source.file(part.prefix + entry_tile(at // WIDTH, at % WIDTH + 1)))
    if len(entries) <= at % WIDTH or not is_last(last := entries[at % WIDTH]):
        return None
    proof = read_proof(source.receipt(int(Position(part.number, at))))
    shown = check_note(proof.note, part.policy, None).checkpoint
    is_there = is_included(leaf_hash(last), proof.index, shown.size, proof.path, shown.root)
    if not is_there or proof.index != shown.size - 1:
        raise Unproven(Why.NOT_INCLUDED, "The log does not show that this part has ended.")
    return read_next(source.file(f"{part.prefix}next"), last, part)
