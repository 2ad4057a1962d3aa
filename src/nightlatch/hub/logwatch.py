"""Watches the log of the programme that the household joined: all of it, again and again, against what it was before.

What it remembers survives a restart. A log that forks or goes back is not believed any more: Home says so, nothing is
given, and both signed checkpoints, which together prove it, are kept in `log-evidence`.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import Clock
from nightlatch.durably import make_folder, write_durably
from nightlatch.errors import NightlatchError
from nightlatch.hub.donations import Donations, Programme
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import read_policy

EVERY_S = 300.0
log = structlog.get_logger()


@dataclass(slots=True)
class LogWatch:
    """One for a hub. `trouble` is what Home says."""

    data_dir: Path
    donations: Donations
    clock: Clock
    trouble: str | None = None
    size: int | None = field(default=None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await run_in_threadpool(self.look)
            except (NightlatchError, OSError) as error:
                log.warning("log.unreachable", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Audit the whole log once, against what it was before. Raises `NightlatchError` when it cannot be read."""
        programme = self.donations.programme()
        if programme is None:
            self.trouble = self.size = None
            return
        policy = read_policy(programme.policy)
        before = self._remembered(programme)
        note = self.donations.log_file("checkpoint").decode("utf-8", "replace")

        def read(path: str) -> bytes:
            return note.encode() if path == "checkpoint" else self.donations.log_file(path)

        try:
            found = audit(read, policy, now_ms=self.clock.now_ms(), before=before[0] if before else None)
        except Unproven as unproven:
            if unproven.why in (Why.FORK, Why.ROLLBACK) and before is not None:
                open_checkpoint(note, policy.log)  # only what the log itself signed speaks against it
                self._keep(before[1], note)
                self.donations.distrusted = self.trouble = f"The programme's log contradicts itself: {unproven}"
                log.error("log.contradicts_itself", why=unproven.why.value)
            elif self.donations.distrusted is None:
                self.trouble = f"The programme's log cannot be believed now: {unproven}"
            return
        if self.donations.distrusted is None:
            self.trouble, self.size = None, found.checkpoint.size
            self._remember(programme, found.checkpoint, note)

    def _path(self, programme: Programme) -> Path:
        name = sha256(programme.key.encode()).hexdigest()[:16]
        return self.data_dir / f"log-{name}.json"

    def _remembered(self, programme: Programme) -> tuple[Checkpoint, str] | None:
        path = self._path(programme)
        if not path.exists():
            return None
        told = json.loads(path.read_text())
        return Checkpoint(str(told["origin"]), int(told["size"]), b64decode(told["root"])), str(told["note"])

    def _remember(self, programme: Programme, checkpoint: Checkpoint, note: str) -> None:
        told = {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": b64encode(checkpoint.root).decode(),
            "note": note,
        }
        write_durably(self._path(programme), json.dumps(told).encode())

    def _keep(self, before: str, now: str) -> None:
        folder = self.data_dir / "log-evidence"
        make_folder(folder)
        name = sha256((before + now).encode()).hexdigest()[:16]
        write_durably(folder / f"{name}.txt", f"{before}\n----\n\n{now}".encode())
