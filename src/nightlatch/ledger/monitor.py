"""Audits a whole log: every entry, every hash, every index, the cosignatures, all its parts, and that each continues
what was seen before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.contradictions import of_begin, of_index, receipt_of
from nightlatch.ledger.errors import About, Contradicted, Forked, LedgerError, Unproven, Why
from nightlatch.ledger.frontier import TileTree
from nightlatch.ledger.growing import Growth, Read, read_on
from nightlatch.ledger.memory import Memory
from nightlatch.ledger.parts import Part, first_part, is_last, read_begin, read_next
from nightlatch.ledger.policy import Cosignature, Policy, check_note
from nightlatch.ledger.tags import SPANS, due
from nightlatch.ledger.tiles import WIDTH, entry_tile, unbundle

Progress = Callable[[int, int, int], None]  # the part, entries read, entries in all


@dataclass(frozen=True, slots=True)
class Audited:
    """A part of a log that holds together: its newest checkpoint, and its entries if they are kept."""

    part: Part
    checkpoint: Checkpoint
    note: str
    witnessed: tuple[Cosignature, ...]
    last: bytes  # entry
    leaves: tuple[bytes, ...] = ()


class RememberedAudit(NamedTuple):
    """All parts of a log that holds together, and how many entries the last audit saw; None: this was the first."""

    parts: tuple[Audited, ...]
    before: int | None

    @property
    def size(self) -> int:
        """How many entries all parts have."""
        return sum(each.checkpoint.size for each in self.parts)


def audit(read: Read, policy: Policy, *, now_ms: int | None = None, before: Checkpoint | None = None) -> Audited:
    """Read all files of one part of a log by their paths and check them; `before` is what was seen of it.

    Raises:
        Unproven: what is wrong, and with `before` also a fork or a rollback.
    """
    reading = PartReading(read, first_part(policy), None, None)
    reading.leaves = []
    found = reading.run(before)
    return replace(found, witnessed=check_note(found.note, policy, now_ms).by, leaves=tuple(reading.leaves))


def audit_parts(read: Read, policy: Policy) -> list[Audited]:
    """Read and check all parts of a log, each believed by what the one before says. Raises `Unproven` as `audit`."""
    part: Part | None = first_part(policy)
    found = list[Audited]()
    while part is not None:
        found.append(PartReading(read, part, found[-1] if found else None, None).run(None))
        part = _next(read, found[-1])
    return found


def _next(read: Read, found: Audited) -> Part | None:
    """The part that follows, of one that is finished."""
    if not is_last(found.last):
        return None
    return read_next(read(f"{found.part.prefix}next"), found.last, found.part)


class PartReading:
    """One part of a log being audited. What it needs for a proof of a fork or a lie is kept until it is over."""

    def __init__(self, read: Read, part: Part, finished: Audited | None, on_progress: Progress | None) -> None:
        self._read, self.part, self._finished, self._on_progress = read, part, finished, on_progress
        self._tiles = dict[str, bytes]()
        self.growth = Growth()
        self.note, self.checkpoint = "", Checkpoint("", 0, b"")
        self.leaves: list[bytes] | None = None

    def run(self, before: Checkpoint | None) -> Audited:
        """Read all of it. Raises `Unproven`, `LedgerError`; a `ShownContradiction` carries the proof of a lie."""
        raw = self._read(f"{self.part.prefix}checkpoint")
        self.checkpoint, note = open_checkpoint(raw, self.part.policy.log)
        self.note = str(note)
        witnessed = check_note(self.note, self.part.policy, None)
        if before is not None and before.size > self.checkpoint.size:
            raise Unproven(Why.ROLLBACK, f"The log was at {before.size} already and now says {self.checkpoint.size}.")
        try:
            read_on(self._file, self.growth, self.checkpoint, self._compare)
        except Contradicted as contradicted:
            raise ShownContradiction(contradicted, self._proof(contradicted)) from None
        tree = TileTree(self.checkpoint.size, self._tiles.__getitem__)
        if before is not None and (root := tree.root(before.size)) != before.root:
            path = tree.consistency(before.size, self.checkpoint.size)
            raise Forked("The log does not continue what it showed before.", root, path)
        self._begins()
        return Audited(self.part, self.checkpoint, self.note, witnessed.by, self.growth.last)

    def _file(self, path: str) -> bytes:
        raw = self._read(self.part.prefix + path)
        if self._on_progress is not None:
            self._on_progress(self.part.number, self.growth.size, self.checkpoint.size)
        return raw

    def _compare(self, path: str, made: bytes) -> None:
        """Hold what follows from the entries against what the log shows."""
        if path.startswith("tile/entries/"):
            if self.leaves is not None:
                entries = unbundle(made)
                self.leaves += entries
            return
        if path.startswith("tile/"):
            self._tiles[path] = made
        if self._read(self.part.prefix + path) != made:
            what = "tile" if path.startswith("tile/") else "index"
            raise Unproven(Why.NOT_INCLUDED, f"The {what} {self.part.prefix}{path} does not fit the entries.")

    def _begins(self) -> None:
        if self._finished is None:
            return
        if not self.checkpoint.size:
            raise Unproven(Why.NOT_INCLUDED, "A part of the log has no first entry that says what it follows.")
        begin, first = self._read(f"{self.part.prefix}begin"), self._entries(0, 1)[0]
        try:
            read_begin(begin, first, self._finished.checkpoint)
        except Unproven as unproven:
            receipt = receipt_of(self._tree(), 0, first, self.note)
            contradicted = Contradicted(str(unproven), About.BEGIN, 0)
            raise ShownContradiction(contradicted, of_begin(receipt, begin, self._finished.note)) from None

    def _tree(self) -> TileTree:
        return TileTree(self.checkpoint.size, self._tiles.__getitem__)

    def _proof(self, contradicted: Contradicted) -> str:
        [spoken], tree = self._entries(contradicted.index, contradicted.index + 1), self._tree()
        if contradicted.about is About.NEXT:
            return receipt_of(tree, contradicted.index, spoken, self.note)
        level, n = due(contradicted.index) or (0, 0)
        span = self._entries(SPANS[level] * n, SPANS[level] * (n + 1))
        return of_index(tree, contradicted.index, self.note, span, spoken)

    def _entries(self, begin: int, end: int) -> list[bytes]:
        found = list[bytes]()
        for n in range(begin // WIDTH, -(-end // WIDTH)):
            width = min(WIDTH, self.checkpoint.size - n * WIDTH)
            found += unbundle(self._read(self.part.prefix + entry_tile(n, width)))[:width]
        skip = begin // WIDTH * WIDTH
        return found[begin - skip : end - skip]


class ShownContradiction(Contradicted):
    """A log that contradicts itself within one tree, and the text that shows it."""

    def __init__(self, contradicted: Contradicted, evidence: str) -> None:
        super().__init__(str(contradicted), contradicted.about, contradicted.index)
        self.evidence = evidence


def remembering_audit(read: Read, policy: Policy, state: Path, on_progress: Progress | None = None) -> RememberedAudit:
    """`audit_parts` against what `state` remembers (of part n, `state`.n), which then remembers this.

    Raises:
        Unproven: as `audit`; of a fork, rollback or contradiction the evidence lies in the folder `state`.evidence.
        LedgerError: the log cannot be read, or `state` is damaged or of another log.
    """
    if (held := _memory(state, 0).newest()) is not None and held.checkpoint.origin != policy.log.name:
        raise LedgerError(f"{state} remembers another log ({held.checkpoint.origin}). Name another file with --state.")
    part: Part | None = first_part(policy)
    found, before = list[Audited](), list[int]()
    while part is not None:
        memory = _memory(state, part.number)
        if (known := memory.newest()) is not None:
            before.append(known.checkpoint.size)
        reading = PartReading(read, part, found[-1] if found else None, on_progress)
        try:
            found.append(reading.run(known.checkpoint if known is not None else None))
        except ShownContradiction as shown:
            raise Unproven(shown.why, f"{shown} What shows it is in {memory.prove(shown.evidence)}.") from None
        except Unproven as unproven:
            if unproven.why not in (Why.FORK, Why.ROLLBACK):
                raise
            kept = memory.accuse(reading.checkpoint, reading.note, unproven)
            raise Unproven(unproven.why, f"{unproven} Both checkpoints, signed by the log, are in {kept}.") from None
        part = _next(read, found[-1])
    for each in found:
        _memory(state, each.part.number).keep(each.checkpoint, each.note)
    return RememberedAudit(tuple(found), sum(before) if before else None)


def _memory(state: Path, number: int) -> Memory:
    path = state.with_name(f"{state.name}.{number}") if number else state
    return Memory(path, state.with_name(f"{state.name}.evidence"))


def files_of(where: str) -> Callable[[str], bytes]:
    """What reads a log in a folder or behind an http address; it raises `LedgerError` for a file that is not there."""
    if where.startswith(("http://", "https://")):
        return LogClient(where).file

    def read(path: str) -> bytes:
        try:
            return (Path(where) / path).read_bytes()
        except OSError as error:
            told = f"{where} has no {path} ({error.strerror}). Name the folder of a log, or its http address."
            raise LedgerError(told) from None

    return read
