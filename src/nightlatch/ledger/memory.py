"""What somebody remembers of one log: its newest checkpoint, in a file, and what the log signed against it.

Used by witnesses, by the hub and by `nightlatch log audit`. Only a checkpoint whose signature by the log was verified
gets here; a stranger cannot put words into a log's mouth. What a log contradicts within one tree is put into words in
`ledger/contradictions.py`.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from nightlatch.durably import make_folder, write_durably
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from nightlatch.ledger.errors import Forked, LedgerError, Unproven, Why
from nightlatch.ledger.merkle import is_consistent
from nightlatch.seal.note import NoteError, Verifier, read_note

MOST_SUSPICIONS = 16
PROOF, LIE, SUSPICION = "fork", "lie", "look"
BETWEEN = "\n----\n\n"


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint that was believed, and its signed note."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Memory:
    """One log's file, and the folder for evidence. Both are made when they are needed."""

    path: Path
    evidence: Path

    def newest(self) -> KnownCheckpoint | None:
        """The newest checkpoint that was kept. Raises `LedgerError` for a file that is damaged."""
        if not self.path.exists():
            return None
        try:
            note = str(json.loads(self.path.read_text())["note"])
            return KnownCheckpoint(read_checkpoint(read_note(note).text), note)
        except (ValueError, KeyError, TypeError, Unproven, NoteError):
            raise LedgerError(f"What was remembered of a log is damaged. Restore {self.path.name}.") from None

    def keep(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember this one from now on, durably."""
        root = b64encode(checkpoint.root).decode()
        told = {"origin": checkpoint.origin, "size": checkpoint.size, "root": root, "note": note}
        make_folder(self.path.parent)
        write_durably(self.path, json.dumps(told).encode())

    def accuse(self, now: Checkpoint, note: str, why: Unproven | None = None) -> Path | None:
        """Keep what is remembered beside `now`, both signed by the log; the file.

        Two trees of one size prove a fork by themselves (`fork-….txt`), and so does a longer tree with the proof that
        it begins otherwise (`Forked`). Anything else (`look-….txt`) may be a checkpoint that came late, and anybody
        can send those: only the last few are kept.
        """
        held = self.newest()
        if held is None:
            return None
        older, newer = (held.note, note) if now.size >= held.checkpoint.size else (note, held.note)
        parts = [held.note, note]
        if isinstance(why, Forked) and now.size != held.checkpoint.size:
            parts = [older, newer, "".join(f"{b64encode(step).decode()}\n" for step in (why.root, *why.path))]
        is_proof = len(parts) > 2 or (held.checkpoint.size == now.size and held.checkpoint.root != now.root)
        if not is_proof:
            make_folder(self.evidence)
            old = sorted(self.evidence.glob(f"{SUSPICION}-*.txt"), key=lambda path: path.stat().st_mtime_ns)
            for path in old[: max(0, len(old) - MOST_SUSPICIONS + 1)]:
                path.unlink(missing_ok=True)
        return self._write(PROOF if is_proof else SUSPICION, parts)

    def prove_fork(self, before: str, now: str, why: Unproven) -> Path:
        """Keep two checkpoints that somebody else saw, and what shows that they contradict each other; the file."""
        steps = (why.root, *why.path) if isinstance(why, Forked) else ()
        lines = "".join(f"{b64encode(step).decode()}\n" for step in steps)
        return self._write(PROOF, [before, now, lines] if lines else [before, now])

    def prove(self, text: str) -> Path:
        """Keep what shows by itself that the log contradicts itself (`lie-….txt`); the file."""
        return self._write(LIE, [text])

    def _write(self, kind: str, parts: list[str]) -> Path:
        make_folder(self.evidence)
        path = self.evidence / f"{kind}-{sha256(''.join(parts[:2]).encode()).hexdigest()[:16]}.txt"
        write_durably(path, BETWEEN.join(parts).encode())
        return path


class Evidence(NamedTuple):
    """Two checkpoints that one log signed, and whether they prove a fork without anything else."""

    before: Checkpoint
    now: Checkpoint
    is_proof: bool


def read_evidence(text: str, log: Verifier) -> Evidence:
    """What an evidence file holds.

    Raises:
        Unproven: no evidence, or this log did not sign it: it accuses nobody.
    """
    parts = text.split(BETWEEN)
    if len(parts) not in (2, 3):
        raise Unproven(Why.MALFORMED, "This is no evidence of a log: two checkpoints are missing.")
    before, now = (open_checkpoint(part, log)[0] for part in parts[:2])
    if len(parts) == 2:
        return Evidence(before, now, before.size == now.size and before.root != now.root)
    try:
        root, *path = (b64decode(line, validate=True) for line in parts[2].splitlines())
    except ValueError:
        raise Unproven(Why.MALFORMED, "The proof in this evidence is damaged.") from None
    begins_otherwise = root != before.root and is_consistent(before.size, now.size, root, now.root, path)
    return Evidence(before, now, before.size < now.size and begins_otherwise)
