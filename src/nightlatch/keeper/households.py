"""The hubs of households whose clips are here: whose word a look at a clip needs, and which of them are about.

Each is named in a consent that its owner signed, so that no row can name another. A policy with `households 1` shows a
clip only when the hub of its own household has cosigned the log that holds the look: whoever runs the log cannot show
that household another one. A hub that is switched off has its clips wait; the others are drawn meanwhile.

Who is about is kept in memory: after a start nobody is until the log shows a cosignature of theirs. What is drawn must
be drawn again alike, so a hub that came after a draw does not count for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.donation import State
from nightlatch.domain.time import MINUTE_MS
from nightlatch.errors import NightlatchError
from nightlatch.keeper.hubs import household_of, hub_of
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.keeper.words import Ledger
from nightlatch.seal.note import Verifier

ABOUT_MS = 2 * MINUTE_MS  # a hub that has not cosigned for this long is away

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Presence:
    """Since when a hub has been about, and when it was last seen to be."""

    since_ms: int
    last_ms: int


@dataclass(slots=True)
class Households:
    """One for a keeper. Used under the room's lock, but for `enrol_new`."""

    engine: Engine
    keys: Keys
    wanted: int  # by the log's policy
    _about: dict[str, Presence] = field(default_factory=dict)
    _enrolled: set[tuple[str, str]] = field(default_factory=set)  # the log was told, since this start

    def hubs(self) -> dict[str, Verifier]:
        """By household, of all whose clips wait."""
        waiting = select(KeptDonationRow.signed_consent).where(KeptDonationRow.state == State.WAITING)
        with Session(self.engine) as session:
            consents = session.scalars(waiting.order_by(KeptDonationRow.admitted_ms)).all()
        named = [(household_of(signed), hub_of(signed)) for signed in consents if signed]
        return {household: hub for household, hub in named if hub is not None}

    def saw(self, cosigned: Iterable[Verifier], now_ms: int) -> None:
        """These hubs have cosigned the log lately."""
        fresh = set(cosigned)
        for household, hub in self.hubs().items():
            before = self._about.get(household)
            if hub in fresh:
                is_new = before is None or now_ms - before.last_ms > ABOUT_MS
                self._about[household] = Presence(now_ms if is_new or before is None else before.since_ms, now_ms)

    def is_about(self, household: str, drawn_ms: int, now_ms: int) -> bool:
        """Whether this household's hub was about at `drawn_ms` and is; where none is asked for, all are."""
        found = self._about.get(household)
        return not self.wanted or (
            found is not None and found.since_ms <= drawn_ms and now_ms - found.last_ms <= ABOUT_MS
        )

    def enrol_new(self, ledger: Ledger) -> None:
        """Tell the log of hubs that it was not told of since this start. It asks the log: not under the lock."""
        for household, hub in self.hubs().items():
            told = household, str(hub)
            if told in self._enrolled:
                continue
            try:
                ledger.enrol(self.slot(household), str(hub))
            except NightlatchError as error:  # it is told at the next sweep
                log.warning("witness.not_enrolled", error=type(error).__name__)
                return
            self._enrolled.add(told)

    def slot(self, household: str) -> str:
        """The slot (32 hex digits) by which alone the log knows a household."""
        return sha256(self.keys.derived("witness slot v1") + household.encode()).hexdigest()[:32]
