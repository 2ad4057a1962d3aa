"""What shows, without asking anybody, that a log contradicts itself within one tree; a file of evidence.

    next     the receipt of the entry that ends a part, under a checkpoint of more entries; or under the one that it
             ends, and a checkpoint of more
    index    the receipt of an entry `log.index`, that of its span's first entry, and all entries of the span
    begin    the receipt of a part's first entry, the event behind it, and the last checkpoint of the part before

Each is text; receipts (tlog-proof) hold their entry as `extra`. `ledger/memory.py` has what shows a fork.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from nightlatch.domain.view import read_leaf
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.frontier import subtree
from nightlatch.ledger.memory import BETWEEN, Evidence, read_evidence
from nightlatch.ledger.merkle import Subtrees, is_included, leaf_hash
from nightlatch.ledger.parts import BEGIN, is_last, read_finished, says
from nightlatch.ledger.proof import VERSION, Proof, read_proof
from nightlatch.ledger.tags import INDEX, SPANS, due, index_event, index_of
from nightlatch.seal.note import NoteError, Verifier, read_note


class ProvenEntry(NamedTuple):
    """An entry and the checkpoint under which its log showed it."""

    at: int
    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: Checkpoint


def receipt_of(tree: Subtrees, index: int, leaf: bytes, note: str) -> str:
    """The receipt of an entry under `note`, a checkpoint of the whole `tree`."""
    return str(Proof(index, tuple(tree.inclusion(index, tree.size)), note, leaf))


def of_longer(receipt: str, longer: str) -> str:
    """That a part goes on: the `receipt` of its last entry, and the note of a checkpoint of more entries."""
    return BETWEEN.join([receipt, longer])


def of_index(tree: Subtrees, index: int, note: str, leaves: Sequence[bytes], spoken: bytes) -> str:
    """That the entry `spoken` at `index` speaks falsely of its span, which has these `leaves`. Raises `IndexError`."""
    level, n = due(index) or (0, 0)
    first = receipt_of(tree, SPANS[level] * n, leaves[0], note)
    lines = "".join(f"{b64encode(leaf).decode()}\n" for leaf in leaves)
    return BETWEEN.join([receipt_of(tree, index, spoken, note), first, lines])


def of_begin(receipt: str, begin: bytes, finished: str) -> str:
    """That the part whose first entry has this `receipt` does not begin where the one before it was `finished`."""
    return BETWEEN.join([receipt, begin.decode("utf-8", "replace"), finished])


def is_contradiction(text: str) -> bool:
    """Whether a file of evidence is one of these, and not two checkpoints."""
    return text.startswith(VERSION)


def read_contradiction(text: str, logs: Sequence[Verifier]) -> str:
    """What is shown, in a sentence; `logs` are the keys that are believed, for parts under the same keys as well.

    Raises:
        Unproven: nothing is shown, or another log signed it: it accuses nobody.
    """
    match text.split(BETWEEN):
        case [only]:
            shown = _proven(only, logs)
            if is_last(shown.leaf) and shown.checkpoint.size > shown.at + 1:
                ends = f"{shown.checkpoint.origin} ends with entry {shown.at}"
                return f"{ends}, and has {shown.checkpoint.size} entries all the same."
        case [receipt, longer]:
            shown, other = _proven(receipt, logs), _opened(longer, logs)
            is_end = is_last(shown.leaf) and shown.checkpoint.size == shown.at + 1
            if is_end and other.origin == shown.checkpoint.origin and other.size > shown.checkpoint.size:
                return f"{other.origin} ends with entry {shown.at}, and was signed with {other.size} entries later."
        case [spoken, first, lines]:
            shown = _proven(spoken, logs)
            if (owed := due(shown.at)) is not None and BEGIN.encode() not in shown.leaf:
                return _index(shown, owed, _proven(first, logs), lines)
            return _begin(shown, first, lines, logs)
    raise Unproven(Why.MALFORMED, "This is no evidence of a log, or it shows nothing.")


def _index(shown: ProvenEntry, owed: tuple[int, int], first: ProvenEntry, lines: str) -> str:
    level, n = owed
    try:
        leaves = [b64decode(line, validate=True) for line in lines.splitlines()]
    except ValueError:
        raise Unproven(Why.MALFORMED, "The entries in this evidence are damaged.") from None
    whole = len(leaves) == SPANS[level] and first.at == SPANS[level] * n and first.checkpoint == shown.checkpoint
    if not whole or not _are_all(first, leaves):
        raise Unproven(Why.NOT_INCLUDED, "The entries in this evidence are not those of the log.")
    made = index_of(level, n, leaves)
    if not _is_index(shown.leaf) or says(shown.leaf, INDEX, index_event(level, n, made.hashes)):
        raise Unproven(Why.MALFORMED, "The index in this evidence is that of the log's entries: it shows nothing.")
    begins = SPANS[level] * n
    return f"{shown.checkpoint.origin} signed an index that is not of its entries {begins} to {begins + SPANS[level]}."


def _is_index(leaf: bytes) -> bool:
    try:
        return read_leaf(leaf).kind == INDEX
    except ValueError:
        return False


def _are_all(first: ProvenEntry, leaves: Sequence[bytes]) -> bool:
    """Whether these are the entries that the way up from the first of them leads past."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    height = len(hashes).bit_length() - 1
    beside = tuple(subtree(hashes[1 << bit : 2 << bit]) for bit in range(height))
    return first.leaf == leaves[0] and first.path[:height] == beside


def _begin(shown: ProvenEntry, begin: str, finished: str, logs: Sequence[Verifier]) -> str:
    before = _opened(finished, logs)
    told = read_finished(begin.encode())
    if shown.at or not says(shown.leaf, BEGIN, begin.encode()) or told == before or told.origin != before.origin:
        raise Unproven(Why.MALFORMED, "This part begins where the one before it ended: it shows nothing.")
    if told.size != before.size:  # the part before may have been longer, or shorter, when this was signed
        raise Unproven(Why.MALFORMED, "This does not show where the part before ended.")
    return f"{shown.checkpoint.origin} and {before.origin} were signed with different trees of {told.size} entries."


def _proven(receipt: str, logs: Sequence[Verifier]) -> ProvenEntry:
    """Raises `Unproven`."""
    proof = read_proof(receipt)
    checkpoint, leaf = _opened(proof.note, logs), proof.extra or b""
    if not is_included(leaf_hash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise Unproven(Why.NOT_INCLUDED, "A receipt in this evidence is for another entry.")
    return ProvenEntry(proof.index, leaf, proof.path, checkpoint)


def _opened(note: str, logs: Sequence[Verifier]) -> Checkpoint:
    """Raises `Unproven`."""
    try:
        origin = read_note(note).text.split("\n", 1)[0]
    except NoteError as error:
        raise Unproven(Why.MALFORMED, str(error)) from None
    unproven = Unproven(Why.NOT_SIGNED, "None of these logs signed this. Name the policy of that part as well.")
    for key in logs:
        try:
            return open_checkpoint(note, part_key(key, origin))[0]
        except Unproven as refused:
            unproven = refused
    raise unproven


def open_evidence(text: str, logs: Sequence[Verifier]) -> Evidence:
    """Two checkpoints of any part of these logs. Raises `Unproven`."""
    origin = text.split("\n", 1)[0]
    unproven = Unproven(Why.MALFORMED, "Name the policy of the log.")
    for key in logs:
        try:
            return read_evidence(text, part_key(key, origin))
        except Unproven as refused:
            unproven = refused
    raise unproven


def part_key(key: Verifier, origin: str) -> Verifier:
    """The key of a log under the name of another of its parts, if `origin` is one; else as it is."""
    base, wanted = _base(key.name), _base(origin)
    return replace(key, name=origin) if origin == base or wanted == base else key


def _base(name: str) -> str:
    before, _, number = name.rpartition("/")
    return before if before and number.isascii() and number.isdigit() else name
