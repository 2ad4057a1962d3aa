"""Makes durable what the loop has written, and only then tells serve of files: in a thread, so that nobody waits."""

from __future__ import annotations

import threading

import structlog

from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.telling import Telling

SETTLE_S = 0.4  # a power cut costs this much more than a kill

log = structlog.get_logger()


class Disk:
    """One for a watch process."""

    def __init__(self, vault: Vault, telling: Telling) -> None:
        self._vault = vault
        self._telling = telling
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Settle again and again, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Settle once more and end; waits a few seconds for a slow disk."""
        self._stopping.set()
        self._thread.join(5.0)

    def settle(self) -> None:
        """Make durable, then tell. What the disk refuses, the vault tells the cameras that it hit."""
        try:
            self._telling.settled(self._vault.settle())
        except Exception:  # a mistake of ours: the next round must come all the same
            log.exception("disk.stumbled")

    def _run(self) -> None:
        while not self._stopping.wait(SETTLE_S):
            self.settle()
        self.settle()
