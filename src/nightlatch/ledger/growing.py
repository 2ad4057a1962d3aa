"""Reads on in one part of a log: bundle by bundle up to a checkpoint that it must fit, in constant memory.

Only entries are believed to be what the checkpoint says. Tiles of hashes and indexes by tag follow from them: they are
made here, for whoever keeps them or compares them with what the log shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nightlatch.domain.view import read_leaf
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import About, Contradicted, Unproven, Why
from nightlatch.ledger.frontier import Frontier
from nightlatch.ledger.merkle import leaf_hash
from nightlatch.ledger.parts import is_last, says
from nightlatch.ledger.tags import (
    BUCKETS,
    INDEX,
    SHORT,
    SPANS,
    WHERE,
    TagIndex,
    bucket_path,
    due,
    head_path,
    index_event,
    tag_of,
)
from nightlatch.ledger.tiles import WIDTH, bundle, entry_tile, unbundle

Read = Callable[[str], bytes]
Keep = Callable[[str, bytes], None]
SMALL, LARGE = SPANS
OF_THE_LOG = (
    b'"k":"log.'  # what an entry in which the log speaks of itself has in it; most have not, and are not parsed
)


class DerivedFile(NamedTuple):
    """A file that follows from the entries."""

    path: str
    raw: bytes


@dataclass(slots=True)
class OpenSpans:
    """The tags of the spans that are not full yet, at both levels."""

    open: bytearray = field(default_factory=bytearray)  # level 0, as its one bucket will be
    full: list[bytes] = field(default_factory=list)  # buckets of level 0 in the unfinished span of level 1
    owed: dict[int, TagIndex] = field(default_factory=dict)  # by level, until the log's entry about it comes

    def copy(self) -> OpenSpans:
        """One that grows by itself."""
        return OpenSpans(bytearray(self.open), list(self.full), dict(self.owed))

    def resume(self, size: int, bucket: Callable[[int], bytes], leaf: Callable[[int], bytes]) -> None:
        """Take up the spans of the first `size` entries; `bucket` gives that of a span of level 0, `leaf` an entry."""
        last = max(0, size - 1)
        whole = LARGE // SMALL
        self.full = [bucket(n) for n in range(last // LARGE * whole, last // SMALL)]
        for index in range(last // SMALL * SMALL, size):
            self._note(index, leaf(index))
        if last and last % LARGE == 0:  # the next entry owes the index of the span that has just become full
            n = last // LARGE - 1
            self.owed[1] = _large(n, [bucket(each) for each in range(whole * n, whole * (n + 1))])

    def take(self, index: int, leaf: bytes) -> Iterator[DerivedFile]:
        """Take the next entry; the files of the index that it speaks of. Raises `Contradicted` for one that lies."""
        if index and index % SMALL == 0:
            bucket = bytes(self.open)
            self.owed[0] = TagIndex(0, index // SMALL - 1, (bucket,))
            self.full.append(bucket)
            self.open.clear()
            if index % LARGE == 0:
                self.owed[1] = _large(index // LARGE - 1, self.full)
                self.full.clear()
        self._note(index, leaf)
        if (now := due(index)) is not None:
            yield from _spoken(self.owed.pop(now[0]), index, leaf)

    def _note(self, index: int, leaf: bytes) -> None:
        if (tag := tag_of(leaf)) is not None:
            self.open += (index % SMALL).to_bytes(WHERE) + tag[:SHORT].ljust(SHORT, b"\0")


def _large(n: int, full: list[bytes]) -> TagIndex:
    """The index of a span of level 1, from the buckets of its sixteen spans of level 0."""
    buckets = [bytearray() for _ in range(BUCKETS[1])]
    step = WHERE + SHORT
    for which, bucket in enumerate(full):
        for at in range(0, len(bucket), step):
            where = which * SMALL + int.from_bytes(bucket[at : at + WHERE])
            tag = bucket[at + WHERE : at + step]
            buckets[tag[0]] += where.to_bytes(WHERE) + tag
    return TagIndex(1, n, tuple(map(bytes, buckets)))


def _spoken(made: TagIndex, index: int, leaf: bytes) -> Iterator[DerivedFile]:
    if OF_THE_LOG not in leaf:
        return
    try:
        if read_leaf(leaf).kind != INDEX:  # a log from before there were indexes
            return
    except ValueError:
        return
    if not says(leaf, INDEX, index_event(made.level, made.n, made.hashes)):
        raise Contradicted("An index of the log leaves out or invents entries.", About.INDEX, index)
    yield DerivedFile(head_path(made.level, made.n), made.head(leaf))
    for number, bucket in enumerate(made.buckets):
        yield DerivedFile(bucket_path(made.level, made.n, number), bucket)


@dataclass(slots=True)
class Growth:
    """One part of a log as far as it was read."""

    frontier: Frontier = field(default_factory=Frontier)
    spans: OpenSpans = field(default_factory=OpenSpans)
    tail: list[bytes] = field(default_factory=list)  # entries of the bundle that is not full
    last: bytes = b""  # the last entry
    fault: Contradicted | None = None  # the first

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self.frontier.size

    def copy(self) -> Growth:
        """One that grows by itself."""
        return Growth(self.frontier.copy(), self.spans.copy(), list(self.tail), self.last, self.fault)

    def take(self, leaf: bytes, keep: Keep) -> None:
        """Take the next entry."""
        index = self.size
        if self.last and OF_THE_LOG in self.last and is_last(self.last):
            self._blame(Contradicted("A part of the log goes on after its end.", About.NEXT, index - 1))
        try:
            for made in self.spans.take(index, leaf):
                keep(made.path, made.raw)
        except Contradicted as contradicted:
            self._blame(contradicted)
        self.last = leaf
        self.tail.append(leaf)
        if len(self.tail) == WIDTH:
            self.tail = []
        for tile in self.frontier.append(leaf_hash(leaf)):
            keep(tile.path, tile.raw)

    def _blame(self, contradicted: Contradicted) -> None:
        self.fault = self.fault or contradicted


def read_on(read: Read, growth: Growth, target: Checkpoint, keep: Keep) -> None:
    """Read the entries from where `growth` stands up to `target`; `keep` gets all files, unfinished ones at the end.

    Raises:
        Unproven: the entries are not those of `target`.
        Contradicted: they are, and the log says of itself what is not true, or goes on after its end.
        LedgerError: what `read` raises.
    """
    for n in range(growth.size // WIDTH, -(-target.size // WIDTH)) if target.size > growth.size else ():
        width = min(WIDTH, target.size - n * WIDTH)
        entries = unbundle(read(entry_tile(n, width)))[:width]
        known = len(growth.tail)
        if len(entries) < width or entries[:known] != growth.tail:
            raise Unproven(Why.NOT_INCLUDED, "The log's entries are not those of its checkpoint.")
        keep(entry_tile(n, width), bundle(entries))
        for leaf in entries[known:]:
            growth.take(leaf, keep)
    for tile in growth.frontier.tails():
        keep(tile.path, tile.raw)
    if growth.size != target.size or growth.frontier.root() != target.root:
        raise Unproven(Why.NOT_INCLUDED, "The log's entries are not those of its checkpoint.")
    if growth.fault is not None:
        raise growth.fault
