"""Receipts (c2sp.org/tlog-proof): one entry's inclusion proof with the checkpoint that it leads to, as a text file."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

from nightlatch.domain.digits import read_count
from nightlatch.ledger.errors import Unproven, Why

VERSION = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an entry is, the way up, and the checkpoint's signed note."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = "" if self.extra is None else f"extra {b64encode(self.extra).decode()}\n"
        path = "".join(f"{b64encode(step).decode()}\n" for step in self.path)
        return f"{VERSION}\n{extra}index {self.index}\n{path}\n{self.note}"


def read_proof(text: str) -> Proof:
    """The inverse of `str`. Raises `Unproven` (malformed)."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        if not gap or lines.pop(0) != VERSION:
            raise ValueError("no receipt")
        extra = b64decode(lines.pop(0)[6:], validate=True) if lines[0].startswith("extra ") else None
        word, _, index = lines.pop(0).partition(" ")
        at = read_count(index)
        path = tuple(b64decode(line, validate=True) for line in lines)
        if word != "index" or at is None or len(path) > 63 or any(len(step) != 32 for step in path):
            raise ValueError("no receipt")
    except (ValueError, IndexError):
        raise Unproven(Why.MALFORMED, "This is not a receipt of a log, or it is damaged.") from None
    return Proof(at, path, note, extra)
