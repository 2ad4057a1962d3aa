"""Writes a long log at once: parts that follow each other, indexes by tag, cosigned checkpoints; no fsync, no journal.

It follows the formats, not the program that writes logs: what reads logs can be tested against this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from nightlatch.domain.view import Leaf
from nightlatch.ledger import parts
from nightlatch.ledger.checkpoint import Checkpoint, cosign
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.parts import Part, Position, first_part, following
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.tags import SPANS, bucket_path, due, head_path, index_of
from nightlatch.ledger.tiles import WIDTH, bundle, entry_tile, hash_tile, tiles_of
from nightlatch.seal.note import Note, Signer

AT_S = 1_795_000_000


@dataclass(frozen=True)
class WrittenPart:
    """A part as it lies in the folder, and where the entries that were given for it are."""

    part: Part
    checkpoint: Checkpoint
    note: str
    positions: tuple[int, ...]


def some_leaf(n: int, tag: bytes | None = None, kind: str = "view.open") -> bytes:
    """Entry `n` of a log of looks; its tag and commitment follow from its number."""
    made = sha256(b"%d" % n).digest()
    return Leaf(AT_S + n, kind, made[:16] if tag is None else tag, made).canonical()


def long_log(
    folder: Path,
    signer: Signer,
    entries: Iterable[bytes],
    *,
    witnesses: Sequence[Signer] = (),
    cuts: Sequence[int] = (),
    policy: Policy | None = None,
    rotates: Mapping[int, tuple[Signer, Policy]] | None = None,
    at_s: int = AT_S,
) -> list[WrittenPart]:
    """Write `entries`: the first `cuts[0]` of them into part 0, `cuts[1]` into part 1, the rest into the last one.

    `rotates` says which parts have another key and policy (its log's name must be `NAME/n`). The policy of part 0 is
    by default: all `witnesses` must cosign.
    """
    named = tuple((each.name, each.verifier) for each in witnesses)
    part = first_part(policy or Policy(signer.verifier, named, len(named)))
    source, found, finished = iter(entries), list[WrittenPart](), None
    for number in range(len(cuts) + 1):
        mine = source if number == len(cuts) else islice(source, cuts[number])
        writing = _Writing(folder / part.prefix, at_s)
        if finished is not None:
            event = parts.begin_event(finished)
            writing.put("begin", event)
            writing.take(parts.public_leaf(parts.BEGIN, event, at_s).canonical())
        positions = tuple(int(Position(number, writing.take(leaf))) for leaf in mine)
        after = None
        if number < len(cuts):
            after = following(part)
            if rotates and number + 1 in rotates:
                after = Part(part.base, number + 1, rotates[number + 1][1])
            event = parts.next_event(after)
            writing.put("next", event)
            writing.take(parts.public_leaf(parts.NEXT, event, at_s).canonical())
        finished, note = writing.finish(replace(signer, name=part.policy.log.name), witnesses)
        found.append(WrittenPart(part, finished, note, positions))
        if after is not None:
            signer = rotates[number + 1][0] if rotates and number + 1 in rotates else signer
            part = after
    return found


class _Writing:
    """One part: its tree is in memory, its entries go to disk as their tiles are full."""

    def __init__(self, folder: Path, at_s: int) -> None:
        self.folder, self.at_s, self.tree = folder, at_s, Tree()
        self.span, self.first = list[bytes](), 0  # leaves that no index of level 1 names yet, from which one on
        self.tile: list[bytes] = []

    def put(self, path: str, content: bytes) -> None:
        where = self.folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)

    def take(self, leaf: bytes) -> int:
        """Its index; what is due behind it is added too."""
        index = self._add(leaf)
        while (owed := due(self.tree.size)) is not None:
            level, n = owed
            begin = SPANS[level] * n - self.first
            made = index_of(level, n, self.span[begin : begin + SPANS[level]])
            spoken = made.leaf(self.at_s).canonical()
            self.put(head_path(level, n), made.head(spoken))
            for number, bucket in enumerate(made.buckets):
                self.put(bucket_path(level, n, number), bucket)
            self._add(spoken)
            if level == 1:
                self.span, self.first = self.span[SPANS[1] :], self.first + SPANS[1]
        return index

    def _add(self, leaf: bytes) -> int:
        self.tree.append(leaf_hash(leaf))
        self.span.append(leaf)
        self.tile.append(leaf)
        if len(self.tile) == WIDTH:
            self.put(entry_tile(self.tree.size // WIDTH - 1, WIDTH), bundle(self.tile))
            self.tile = []
        return self.tree.size - 1

    def finish(self, signer: Signer, witnesses: Sequence[Signer]) -> tuple[Checkpoint, str]:
        size = self.tree.size
        if self.tile:
            self.put(entry_tile(size // WIDTH, len(self.tile)), bundle(self.tile))
        for level, n, width in tiles_of(size):
            hashes = self.tree.levels[8 * level][n * WIDTH : n * WIDTH + width]
            self.put(hash_tile(level, n, width), b"".join(hashes))
        checkpoint = Checkpoint(signer.name, size, self.tree.root())
        note = Note(str(checkpoint), (signer.sign(str(checkpoint)),))
        signed = [cosign(note, each, self.at_s) for each in witnesses]
        raw = str(Note(note.text, (*note.signatures, *signed)))
        self.put("checkpoint", raw.encode())
        return checkpoint, raw
