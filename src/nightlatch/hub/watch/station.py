"""What all recorders of a watch process share."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.time import Clock
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.observer import Looking
from nightlatch.hub.watch.telling import Telling
from nightlatch.pixels.sources.feed import Feed
from nightlatch.pixels.sources.intake import Intake
from nightlatch.pixels.sources.opening import open_address
from nightlatch.plugs import Opens


@dataclass(frozen=True, slots=True)
class Station:
    """What all recorders of a watch process share."""

    vault: Vault
    clock: Clock
    telling: Telling
    looking: Looking
    opens: Opens[Feed] = open_address

    def intake(self, url: str, transport: str) -> Intake:
        """Begin to open a stream. Raises `SourceError` for an address that cannot be one."""
        return Intake(self.opens(url, transport=transport), self.clock)
