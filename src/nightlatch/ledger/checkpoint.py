"""Checkpoints (c2sp.org/tlog-checkpoint) and their cosignatures (c2sp.org/tlog-cosignature, Ed25519)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

from nightlatch.domain.digits import read_count
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.seal.note import COSIGNATURE, Note, NoteError, Signature, Signer, Verifier, read_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many entries, and their root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The inverse of `str`; further lines are passed over, but none is empty. Raises `Unproven` (malformed)."""
    lines = text.split("\n")
    try:
        root = b64decode(lines[2], validate=True)
        size = read_count(lines[1], 10**15 - 1)  # a browser counts to 2^53
        if len(root) != 32 or size is None or "" in lines[:-1]:
            raise ValueError(text)
        return Checkpoint(lines[0], size, root)
    except (ValueError, IndexError):
        raise Unproven(Why.MALFORMED, "This is not a checkpoint of a log.") from None


def open_checkpoint(raw: bytes | str, log: Verifier) -> tuple[Checkpoint, Note]:
    """A checkpoint that this log signed. Raises `Unproven`."""
    try:
        note = read_note(raw)
    except NoteError as error:
        raise Unproven(Why.MALFORMED, str(error)) from None
    checkpoint = read_checkpoint(note.text)
    if checkpoint.origin != log.name:
        raise Unproven(Why.WRONG_ORIGIN, f"This checkpoint is of another log ({checkpoint.origin}).")
    if not log.signed(note):
        raise Unproven(Why.NOT_SIGNED, "The log did not sign this checkpoint.")
    return checkpoint, note


def cosign(note: Note, witness: Signer, at_s: int) -> Signature:
    """A witness's signature over a checkpoint and the time."""
    raw = at_s.to_bytes(8) + witness.key.sign(_cosigned(note, at_s))
    return Signature(witness.name, witness.verifier.id, raw)


def cosigned_at_s(note: Note, witness: Verifier) -> int | None:
    """When this witness cosigned; None when it did not."""
    if witness.kind != COSIGNATURE:
        return None
    for each in witness.by(note):
        at_s = int.from_bytes(each.raw[:8])
        if len(each.raw) == 72 and witness.fits(_cosigned(note, at_s), each.raw[8:]):
            return at_s
    return None


def _cosigned(note: Note, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{note.text}".encode()
