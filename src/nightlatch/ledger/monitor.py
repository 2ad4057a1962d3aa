"""Audits a whole log: every entry, every hash, the cosignatures, and that it continues what was seen before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import Forked, LedgerError, Unproven, Why
from nightlatch.ledger.memory import Memory
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.policy import Cosignature, Policy, check_note
from nightlatch.ledger.tiles import WIDTH, entry_tile, hash_tile, tiles_of, unbundle


@dataclass(frozen=True, slots=True)
class Audited:
    """A log that holds together."""

    checkpoint: Checkpoint
    witnessed: tuple[Cosignature, ...]
    leaves: tuple[bytes, ...]
    tree: Tree = field(repr=False, compare=False)


class RememberedAudit(NamedTuple):
    """An audit that is remembered, and how many entries the one before it saw; None: it was the first."""

    audited: Audited
    before: int | None


def audit(
    read: Callable[[str], bytes],
    policy: Policy,
    *,
    now_ms: int | None = None,
    before: Checkpoint | None = None,
    keeps_leaves: bool = True,
) -> Audited:
    """Read all files of a log by their paths and check them; without its leaves, only the tree stays in memory.

    Raises:
        Unproven: what is wrong, and with `before` also a fork or a rollback.
    """
    checkpoint, witnessed = check_note(read("checkpoint"), policy, now_ms)
    tree, leaves = Tree(), list[bytes]()
    for n in range(-(-checkpoint.size // WIDTH)):
        width = min(WIDTH, checkpoint.size - n * WIDTH)
        entries = unbundle(read(entry_tile(n, width)))[:width]
        if keeps_leaves:
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
    if before is not None and (root := tree.root(before.size)) != before.root:
        path = tree.consistency(before.size, checkpoint.size)
        raise Forked("The log does not continue what it showed before.", root, path)
    return Audited(checkpoint, witnessed, tuple(leaves), tree)


def remembering_audit(read: Callable[[str], bytes], policy: Policy, state: Path) -> RememberedAudit:
    """`audit` against what `state` remembers, which then remembers this.

    Raises:
        Unproven: as `audit`; of a fork or rollback both checkpoints lie in the folder `state`.evidence.
        LedgerError: the log cannot be read, or `state` is damaged or of another log.
    """
    memory = Memory(state, state.with_name(f"{state.name}.evidence"))
    held = memory.newest()
    if held is not None and held.checkpoint.origin != policy.log.name:
        raise LedgerError(f"{state} remembers another log ({held.checkpoint.origin}). Name another file with --state.")
    note = read("checkpoint")
    try:
        found = audit(
            lambda path: note if path == "checkpoint" else read(path),
            policy,
            before=held.checkpoint if held else None,
        )
    except Unproven as unproven:
        if unproven.why in (Why.FORK, Why.ROLLBACK):
            kept = memory.accuse(open_checkpoint(note, policy.log)[0], note.decode(), unproven)
            raise Unproven(unproven.why, f"{unproven} Both checkpoints, signed by the log, are in {kept}.") from None
        raise
    memory.keep(found.checkpoint, note.decode())
    return RememberedAudit(found, held.checkpoint.size if held else None)


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
