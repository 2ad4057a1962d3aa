"""Writes a log of any entries, as no honest program does: the tree and the signatures hold, what it says may not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nightlatch.ledger.checkpoint import Checkpoint, cosign
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.tiles import WIDTH, bundle, entry_tile, hash_tile, tiles_of
from nightlatch.seal.note import Note, Signer


def lying_log(folder: Path, entries: Sequence[bytes], signer: Signer, witness: Signer, at_s: int) -> str:
    """A log of these entries, without files of indexes; its checkpoint's note."""
    tree = Tree()
    for n in range(0, len(entries), WIDTH):
        some = list(entries[n : n + WIDTH])
        put(folder, entry_tile(n // WIDTH, len(some)), bundle(some))
    for leaf in entries:
        tree.append(leaf_hash(leaf))
    for level, n, width in tiles_of(len(entries)):
        put(folder, hash_tile(level, n, width), b"".join(tree.levels[8 * level][n * WIDTH : n * WIDTH + width]))
    text = str(Checkpoint(signer.name, len(entries), tree.root()))
    note = Note(text, (signer.sign(text),))
    raw = str(Note(text, (*note.signatures, cosign(note, witness, at_s))))
    put(folder, "checkpoint", raw.encode())
    return raw


def put(folder: Path, path: str, raw: bytes) -> None:
    """A file of a log."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(raw)
