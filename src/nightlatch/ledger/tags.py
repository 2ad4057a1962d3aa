"""Tag indexes: an owner finds their entries in a long log without reading all of it, and knows that none is missing.

Whenever a span of entries is full, the log says in its next entry which tags they carry:

    level 0: spans of 4,096 entries, one bucket          the entry at 4,096 (n + 1)       speaks of span n
    level 1: spans of 65,536 entries, 256 buckets        the entry at 65,536 (n + 1) + 1  speaks of span n

A bucket holds, for each entry of the span whose tag belongs to it (by its first byte), where it is in the span (4
bytes) and the first eight bytes of its tag, in the order of the log. That entry (`log.index`) commits to the hashes of
all buckets; its event is public. Whoever reads a whole log makes the indexes again and compares: one that leaves an
entry out is a lie that the log has signed.

    tags/{level}/{n as tlog-tiles writes it}/head    length in two bytes, the leaf, then 32 bytes for each bucket
    tags/{level}/{n}/{bucket in two hex digits}      the bucket
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from nightlatch.domain.consent import canonical
from nightlatch.domain.view import SALT_BYTES, TAG_BYTES, Leaf, commitment, read_leaf
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.tiles import tile_name

SPANS = (4_096, 65_536)  # entries
BUCKETS = (1, 256)
INDEX = "log.index"
LOG_TAG = sha256(b"nightlatch log").digest()[:TAG_BYTES]  # of what a log says about itself
PUBLIC_SALT = bytes(SALT_BYTES)  # the event is no secret
WHERE, SHORT = 4, 8  # bytes: of a place in the span, of a tag


@dataclass(frozen=True, slots=True)
class Tagged:
    """An entry that a bucket names: its index in the log, and the first eight bytes of its tag."""

    index: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class TagIndex:
    """The index of one span: all its buckets, and the head's leaf when the log has it."""

    level: int
    n: int
    buckets: tuple[bytes, ...]

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """SHA-256 of each bucket."""
        return tuple(sha256(bucket).digest() for bucket in self.buckets)

    def leaf(self, at_s: int) -> Leaf:
        """The entry that commits to this index."""
        return Leaf(at_s, INDEX, LOG_TAG, commitment(PUBLIC_SALT, index_event(self.level, self.n, self.hashes)))

    def head(self, leaf: bytes) -> bytes:
        """The file `head`: the entry as the log holds it, and the hashes."""
        return len(leaf).to_bytes(2) + leaf + b"".join(self.hashes)


class IndexHead(NamedTuple):
    """A head that holds together: its leaf's bytes, and the hash of each bucket. It does not show where the leaf is."""

    leaf: bytes
    hashes: tuple[bytes, ...]


def index_of(level: int, n: int, leaves: Iterable[bytes]) -> TagIndex:
    """The index of span `n`, from all its leaves in order. Leaves that are not ours have no tag and no bucket."""
    buckets = [bytearray() for _ in range(BUCKETS[level])]
    for where, raw in enumerate(leaves):
        try:
            tag = read_leaf(raw).tag
        except ValueError:
            continue
        buckets[bucket_of(level, tag)] += where.to_bytes(WHERE) + tag[:SHORT].ljust(SHORT, b"\0")
    return TagIndex(level, n, tuple(map(bytes, buckets)))


def bucket_of(level: int, tag: bytes) -> int:
    """The bucket that entries with this tag are in."""
    return (tag[0] if tag else 0) % BUCKETS[level]


def entry_of(level: int, n: int) -> int:
    """Where in the log the entry stands that speaks of span `n`."""
    return SPANS[level] * (n + 1) + level


def due(index: int) -> tuple[int, int] | None:
    """The span, as (level, n), of which the entry at `index` must speak; None for all other entries."""
    for level, span in enumerate(SPANS):
        if index >= span + level and (index - level) % span == 0:
            return level, (index - level) // span - 1
    return None


def index_event(level: int, n: int, hashes: Iterable[bytes]) -> bytes:
    """What a `log.index` commits to, with the public salt."""
    whole = sha256(b"".join(hashes)).digest()
    return canonical({"buckets": b64encode(whole).decode(), "level": level, "n": n})


def read_head(level: int, n: int, raw: bytes) -> IndexHead:
    """The inverse of `TagIndex.head`. Raises `Unproven` unless its leaf commits to its hashes."""
    length = int.from_bytes(raw[:2])
    leaf, rest = raw[2 : 2 + length], raw[2 + length :]
    hashes = tuple(rest[at : at + 32] for at in range(0, len(rest), 32))
    if len(rest) != 32 * BUCKETS[level] or len(leaf) != length:
        raise LedgerError("The head of a tag index is torn. Restore it from a copy of the log.")
    try:
        told = read_leaf(leaf)
        fits = told.kind == INDEX and told.commitment == commitment(PUBLIC_SALT, index_event(level, n, hashes))
    except ValueError:
        fits = False
    if not fits:
        raise Unproven(Why.NOT_INCLUDED, "A tag index does not fit the entry that speaks of it.")
    return IndexHead(leaf, hashes)


def read_bucket(level: int, n: int, raw: bytes) -> list[Tagged]:
    """The entries that a bucket names. Raises `LedgerError` for a torn one."""
    if len(raw) % (WHERE + SHORT):
        raise LedgerError("A bucket of a tag index is torn. Restore it from a copy of the log.")
    first, step = SPANS[level] * n, WHERE + SHORT
    return [
        Tagged(first + int.from_bytes(raw[at : at + WHERE]), raw[at + WHERE : at + step])
        for at in range(0, len(raw), step)
    ]


def head_path(level: int, n: int) -> str:
    """The path of a head."""
    return f"tags/{level}/{tile_name(n)}/head"


def bucket_path(level: int, n: int, bucket: int) -> str:
    """The path of a bucket."""
    return f"tags/{level}/{tile_name(n)}/{bucket:02x}"
