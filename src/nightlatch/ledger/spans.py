"""Makes the indexes by tag while a part grows: the span that fills up is in memory, some 12 bytes an entry.

The files of an index are written before the checkpoint that covers its entry. They follow from the entries: files that
are torn or missing are made again when somebody fetches them, and must fit what the log said then.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from nightlatch.errors import NightlatchError
from nightlatch.ledger.folio import Folio, write_folder
from nightlatch.ledger.parts import says
from nightlatch.ledger.tags import (
    BUCKETS,
    INDEX,
    SHORT,
    SPANS,
    WHERE,
    TagIndex,
    bucket_of,
    bucket_path,
    due,
    entry_of,
    head_path,
    index_event,
    index_of,
    read_head,
    tag_of,
)

_STEP = WHERE + SHORT


class Spans:
    """The indexes of one part."""

    def __init__(self, folio: Folio) -> None:
        self._folio = folio
        self._open = bytearray()  # the bucket of the span of level 0 that is not full yet
        self._unwritten: dict[tuple[int, int], tuple[TagIndex, bytes]] = {}  # with the entry that speaks of it
        self._made: TagIndex | None = None

    def open(self) -> None:
        """Read the entries of the span that is not full yet, or has just become so."""
        size = self._folio.size
        for index in range(max(0, size - 1) // SPANS[0] * SPANS[0], size):
            self._note(index, self._folio.leaf(index))

    def owed(self) -> TagIndex | None:
        """The index of which the next entry must speak, if it must."""
        owed = due(self._folio.size)
        if owed is None:
            return None
        if self._made is None or (self._made.level, self._made.n) != owed:
            self._made = self._make(*owed)
        return self._made

    def taking(self, leaf: bytes) -> None:
        """The next entry, right before the folio takes it."""
        made = self.owed()
        if made is not None and says(leaf, INDEX, index_event(made.level, made.n, made.hashes)):
            self._unwritten[made.level, made.n] = made, leaf
        self._note(self._folio.size, leaf)

    def write(self) -> None:
        """Put the files of all indexes that the log has spoken of since the last time. Raises `OSError`."""
        for key, (made, leaf) in list(self._unwritten.items()):
            self._put(made, leaf)
            del self._unwritten[key]
        self._made = None

    def file(self, level: int, n: int, bucket: int | None) -> bytes | None:
        """A head or a bucket, checked against the entry that speaks of it; None where there is none.

        Raises:
            LedgerError: entries were changed.
        """
        place = entry_of(level, n)
        if place >= self._folio.size or (bucket is not None and bucket >= BUCKETS[level]):
            return None
        spoken = self._folio.leaf(place)
        if (sound := self._on_disk(level, n, bucket, spoken)) is not None:
            return sound
        made = self._remade(level, n)
        if not says(spoken, INDEX, index_event(level, n, made.hashes)):
            return None  # from before the log made indexes
        self._put(made, spoken)
        return made.head(spoken) if bucket is None else made.buckets[bucket]

    def _note(self, index: int, leaf: bytes) -> None:
        where = index % SPANS[0]
        if where == 0:
            self._open = bytearray()
        if (tag := tag_of(leaf)) is not None:
            self._open += where.to_bytes(WHERE) + tag[:SHORT].ljust(SHORT, b"\0")

    def _make(self, level: int, n: int) -> TagIndex:
        """The index of a span that has just become full."""
        if level == 0:
            return TagIndex(0, n, (bytes(self._open),))
        buckets = [bytearray() for _ in range(BUCKETS[level])]
        for number in range(SPANS[level] // SPANS[0]):
            raw = self._bucket(n * (SPANS[level] // SPANS[0]) + number)
            for at in range(0, len(raw), _STEP):
                where = number * SPANS[0] + int.from_bytes(raw[at : at + WHERE])
                tag = raw[at + WHERE : at + _STEP]
                buckets[bucket_of(level, tag)] += where.to_bytes(WHERE) + tag
        return TagIndex(level, n, tuple(map(bytes, buckets)))

    def _bucket(self, n: int) -> bytes:
        """The bucket of a span of level 0."""
        if (0, n) in self._unwritten:
            return self._unwritten[0, n][0].buckets[0]
        return self._on_disk(0, n, 0, self._folio.leaf(entry_of(0, n))) or self._remade(0, n).buckets[0]

    def _remade(self, level: int, n: int) -> TagIndex:
        return index_of(level, n, self._leaves(SPANS[level] * n, SPANS[level] * (n + 1)))

    def _leaves(self, first: int, last: int) -> Iterator[bytes]:
        return (self._folio.leaf(index) for index in range(first, last))

    def _on_disk(self, level: int, n: int, bucket: int | None, spoken: bytes) -> bytes | None:
        """A head or a bucket as it is on the disk; None when it is missing or does not fit."""
        folder = self._folio.folder
        try:
            raw = (folder / head_path(level, n)).read_bytes()
            head = read_head(level, n, raw)
            if head.leaf != spoken:
                return None
            if bucket is None:
                return raw
            raw = (folder / bucket_path(level, n, bucket)).read_bytes()
        except (OSError, NightlatchError):
            return None
        return raw if sha256(raw).digest() == head.hashes[bucket] else None

    def _put(self, made: TagIndex, leaf: bytes) -> None:
        files = {f"{number:02x}": bucket for number, bucket in enumerate(made.buckets)}
        folder = self._folio.folder / head_path(made.level, made.n)
        write_folder(folder.parent, {"head": made.head(leaf), **files})
