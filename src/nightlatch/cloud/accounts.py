"""Which keys belong to which household: one hub that may put, one owner who may list, get and delete."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.cloud.records import HouseholdRow
from nightlatch.domain.time import Clock
from nightlatch.errors import Refused

_HOUSEHOLD = re.compile(r"[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed the request."""

    household: str
    role: Literal["hub", "owner"]


class Accounts:
    """Enrolment and recognition."""

    def __init__(self, engine: Engine, clock: Clock, enrolment_code: str | None) -> None:
        self._engine = engine
        self._clock = clock
        self._code = enrolment_code

    def enrol(self, household: str, hub_key: str, owner_key: str, statement: str, code: str | None) -> None:
        """Take a household in; the same one again is fine.

        Raises:
            Refused: a wrong code, a statement that the owner did not sign, or an id that others hold.
        """
        if self._code is not None and code != self._code:
            raise Refused("This mailbox takes households with an enrolment code only. Set [hub] enrolment_code.")
        if not _HOUSEHOLD.match(household):
            raise Refused("A household's id is 32 hex digits.")
        try:
            owner = Ed25519PublicKey.from_public_bytes(b64decode(owner_key, validate=True))
            said = f"nightlatch enrol v1\n{household}\n{hub_key}".encode()
            owner.verify(b64decode(statement, validate=True), said)
        except (InvalidSignature, ValueError):
            raise Refused("The owner did not sign for this hub.") from None
        with Session(self._engine) as session, session.begin():
            row = session.get(HouseholdRow, household)
            taken = session.scalar(select(HouseholdRow).where(HouseholdRow.hub_key == hub_key))
            if row is None and taken is None:
                row = HouseholdRow(id=household, hub_key=hub_key, owner_key=owner_key, created_ms=self._clock.now_ms())
                session.add(row)
            elif row is None or row.owner_key != owner_key:
                raise Refused("Another household holds this id or this hub's key.")
            else:
                row.hub_key = hub_key  # a new hub; the owner signed for it

    def recognise(self, key: str) -> Caller:
        """The caller behind a key. Raises `Refused` when nobody is."""
        with Session(self._engine) as session:
            hub = session.scalar(select(HouseholdRow.id).where(HouseholdRow.hub_key == key))
            if hub is not None:
                return Caller(hub, "hub")
            owner = session.scalar(select(HouseholdRow.id).where(HouseholdRow.owner_key == key))
            if owner is not None:
                return Caller(owner, "owner")
        raise Refused("This mailbox does not know that key. The hub enrols its household when it starts.")
