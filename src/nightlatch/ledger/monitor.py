"""Audits a whole log: every entry, every hash, the cosignatures, and that it continues what was seen before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.policy import Policy, check_note
from nightlatch.ledger.tiles import WIDTH, entry_tile, hash_tile, tiles_of, unbundle


@dataclass(frozen=True, slots=True)
class Audited:
    """A log that holds together."""

    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]
    leaves: tuple[bytes, ...]


def audit(
    read: Callable[[str], bytes], policy: Policy, *, now_ms: int | None = None, before: Checkpoint | None = None
) -> Audited:
    """Read all files of a log by their paths and check them.

    Raises:
        Unproven: what is wrong, and with `before` also a fork or a rollback.
    """
    checkpoint, witnessed = check_note(read("checkpoint"), policy, now_ms)
    tree, leaves = Tree(), list[bytes]()
    for n in range(-(-checkpoint.size // WIDTH)):
        width = min(WIDTH, checkpoint.size - n * WIDTH)
        entries = unbundle(read(entry_tile(n, width)))[:width]
        leaves += entries
        for leaf in entries:
            tree.append(leaf_hash(leaf))
    if tree.size != checkpoint.size or tree.root() != checkpoint.root:
        raise Unproven(Why.NOT_INCLUDED, "The log's entries are not those of its checkpoint.")
    for level, n, width in tiles_of(checkpoint.size):
        if read(hash_tile(level, n, width)) != b"".join(tree.levels[8 * level][n * WIDTH : n * WIDTH + width]):
            raise Unproven(Why.NOT_INCLUDED, f"The tile {hash_tile(level, n, width)} does not fit the entries.")
    if before is not None and before.size > checkpoint.size:
        raise Unproven(Why.ROLLBACK, f"The log was at {before.size} already and now says {checkpoint.size}.")
    if before is not None and tree.root(before.size) != before.root:
        raise Unproven(Why.FORK, "The log does not continue what it showed before.")
    return Audited(checkpoint, witnessed, tuple(leaves))
