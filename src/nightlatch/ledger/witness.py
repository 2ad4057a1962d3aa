"""A witness (c2sp.org/tlog-witness): cosigns a log's checkpoints as long as each continues the one before.

It remembers the newest checkpoint of each log, durably, before it answers. A fork or a rollback is refused, and what
speaks for it, both checkpoints that the log signed, is kept.

Whoever watches a log watches its parts `NAME/n` too (`ledger/parts.py`), under the log's key. A part with another key
is watched once the operator names it: `NAME/n` and its key stand for that part and those that follow. A part does not
grow any more once this witness has cosigned the one behind it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from nightlatch.domain.digits import read_count
from nightlatch.domain.time import Clock
from nightlatch.ledger.checkpoint import Checkpoint, cosign, open_checkpoint
from nightlatch.ledger.errors import Conflict, LedgerError, Unproven, Why
from nightlatch.ledger.memory import Memory
from nightlatch.ledger.merkle import is_consistent
from nightlatch.ledger.parts import split_origin
from nightlatch.seal.note import Signature, Signer, Verifier

MOST_STEPS = 63


class Moved(LedgerError):
    """The log's idea of what this witness knows is old; `size` is what it does know."""

    def __init__(self, size: int) -> None:
        super().__init__(f"This witness knows the log at size {size}. Prove from there.")
        self.size = size


class Witness:
    """State in a folder. Calls may come from several threads."""

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        logs: Sequence[Verifier],
        clock: Clock,
        memory: Callable[[str], Memory] | None = None,
    ) -> None:
        """`memory` says by a log's name where that log is remembered; otherwise in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._signer, self._clock = folder, signer, clock
        self._memory = memory or self._own_memory
        self._logs = {log.name: log for log in logs}
        self._lock = threading.Lock()

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        return self._signer.verifier

    def newest(self, origin: str) -> Checkpoint | None:
        """The newest checkpoint of a log that this witness cosigned."""
        held = self._memory(origin).newest()
        return held.checkpoint if held else None

    def add_checkpoint(self, request: str) -> Signature:
        """Check a request (`old SIZE`, a consistency proof, an empty line, a signed checkpoint) and cosign.

        Raises:
            Unproven: not a log that is known, not signed by it, a proof that does not hold.
            Conflict: an `Unproven`: a rollback, or another tree of the size this witness knows.
            Moved: the request proves from another size than the one this witness knows.
        """
        old, path, raw = read_request(request)
        origin = raw.split("\n", 1)[0]
        log = self._key_of(origin)
        if log is None:
            raise Unproven(Why.WRONG_ORIGIN, "This witness does not know that log.")
        checkpoint, note = open_checkpoint(raw, log)
        with self._lock, _alone(self._folder):
            memory = self._memory(origin)
            held = memory.newest()
            known = held.checkpoint if held else Checkpoint(origin, 0, sha256(b"").digest())
            if old > checkpoint.size:
                raise Unproven(Why.MALFORMED, "The old size is larger than the new one.")
            if checkpoint.size < known.size:
                memory.accuse(checkpoint, raw)
                told = f"The log was at {known.size} already and now says {checkpoint.size}."
                raise Conflict(Why.ROLLBACK, told, known.size)
            if held and checkpoint.size == known.size and checkpoint.root != known.root:
                memory.accuse(checkpoint, raw)
                raise Conflict(Why.FORK, "The log shows two different trees of one size.", known.size)
            if old != known.size:
                raise Moved(known.size)
            if not is_consistent(old, checkpoint.size, known.root, checkpoint.root, path):
                memory.accuse(checkpoint, raw)
                raise Unproven(Why.FORK, "The log does not continue what it showed before.")
            if checkpoint.size > known.size and self._has_seen_the_end(origin):
                memory.accuse(checkpoint, raw)
                raise Unproven(Why.FORK, "The log goes on in a part of which it has begun the next one.")
            memory.keep(checkpoint, raw)
        return cosign(note, self._signer, self._clock.now_ms() // 1000)

    def evidence(self) -> list[Path]:
        """What this witness kept against logs: `fork-….txt` proves a fork, `look-….txt` asks for a second look."""
        return sorted((self._folder / "evidence").glob("*.txt"))

    def _key_of(self, origin: str) -> Verifier | None:
        """The key under which this log, or part of a log, is believed."""
        if (named := self._logs.get(origin)) is not None:
            return named
        base, number = split_origin(origin)
        parts = {split_origin(name)[1]: key for name, key in self._logs.items() if split_origin(name)[0] == base}
        if base in self._logs:
            parts[0] = self._logs[base]
        before = [each for each in parts if each <= number]
        return replace(parts[max(before)], name=origin) if number and before else None

    def _has_seen_the_end(self, origin: str) -> bool:
        """Whether this witness has cosigned the part behind this one."""
        base, number = split_origin(origin)
        behind = {f"{origin}/1"}
        if number and (base in self._logs or f"{base}/{number + 1}" not in self._logs):  # else logs with such names
            behind.add(f"{base}/{number + 1}")
        held = [self._memory(each).newest() for each in behind]
        return any(each is not None and each.checkpoint.origin in behind for each in held)

    def _own_memory(self, origin: str) -> Memory:
        return Memory(self._folder / f"{sha256(origin.encode()).hexdigest()[:24]}.json", self._folder / "evidence")


class CosignRequest(NamedTuple):
    """What a witness is asked: the size that it knows, a consistency proof from there, a checkpoint's signed note."""

    old: int
    path: list[bytes]
    note: str


def request(old: int, path: Sequence[bytes], note: str) -> str:
    """The body of `add-checkpoint`."""
    return f"old {old}\n" + "".join(f"{b64encode(step).decode()}\n" for step in path) + f"\n{note}"


def read_request(text: str) -> CosignRequest:
    """The inverse of `request`. Raises `Unproven` (malformed)."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        word, _, size = lines[0].partition(" ")
        old = read_count(size)
        if word != "old" or not gap or old is None or len(lines) - 1 > MOST_STEPS:
            raise ValueError("no request")
        path = [b64decode(line, validate=True) for line in lines[1:]]
        if any(len(step) != 32 for step in path):
            raise ValueError("no request")
    except ValueError:
        raise Unproven(Why.MALFORMED, "This is not a request to cosign a checkpoint.") from None
    return CosignRequest(old, path, note)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else, not even another process, decides about this folder meanwhile."""
    held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
