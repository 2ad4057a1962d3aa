"""What somebody remembers of one log: its newest checkpoint, in a file, and what the log signed against it.

Used by witnesses, by the hub and by `nightlatch log audit`. Only a checkpoint whose signature by the log was verified
gets here; a stranger cannot put words into a log's mouth.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nightlatch.durably import make_folder, write_durably
from nightlatch.ledger.checkpoint import Checkpoint, read_checkpoint
from nightlatch.ledger.errors import LedgerError, Unproven

MOST_SUSPICIONS = 16
PROOF, SUSPICION = "fork", "look"


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that was believed, and its signed note."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Memory:
    """One log's file, and the folder for evidence. Both are made when they are needed."""

    path: Path
    evidence: Path

    def newest(self) -> Held | None:
        """The newest checkpoint that was kept. Raises `LedgerError` for a file that is damaged."""
        if not self.path.exists():
            return None
        try:
            note = str(json.loads(self.path.read_text())["note"])
            return Held(read_checkpoint(note), note)
        except (ValueError, KeyError, TypeError, Unproven):
            raise LedgerError(f"What was remembered of a log is damaged. Restore {self.path.name}.") from None

    def keep(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember this one from now on, durably."""
        root = b64encode(checkpoint.root).decode()
        told = {"origin": checkpoint.origin, "size": checkpoint.size, "root": root, "note": note}
        make_folder(self.path.parent)
        write_durably(self.path, json.dumps(told).encode())

    def accuse(self, now: Checkpoint, note: str) -> Path | None:
        """Keep what is remembered beside `now`, both signed by the log; the file.

        Two trees of one size prove a fork by themselves (`fork-….txt`). Anything else (`look-….txt`) may be a
        checkpoint that came late, and anybody can send those: only the last few are kept.
        """
        held = self.newest()
        if held is None:
            return None
        is_proof = held.checkpoint.size == now.size and held.checkpoint.root != now.root
        make_folder(self.evidence)
        if not is_proof:
            old = sorted(self.evidence.glob(f"{SUSPICION}-*.txt"), key=lambda path: path.stat().st_mtime_ns)
            for path in old[: max(0, len(old) - MOST_SUSPICIONS + 1)]:
                path.unlink(missing_ok=True)
        name = sha256((held.note + note).encode()).hexdigest()[:16]
        path = self.evidence / f"{PROOF if is_proof else SUSPICION}-{name}.txt"
        write_durably(path, f"{held.note}\n----\n\n{note}".encode())
        return path
