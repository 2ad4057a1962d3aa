"""Which keys belong to which household: one hub that may put, one owner who may list, get and delete."""

from __future__ import annotations

import hmac
import re
import threading
from base64 import b64decode
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nightlatch.cloud.records import AccountRow, LetterRow, NonceRow, RetiredHubRow, VigilRow
from nightlatch.domain.time import Clock
from nightlatch.errors import OverQuota, Refused
from nightlatch.web.signature import NONCE_LIFE_S, SignedRequest

_HOUSEHOLD = re.compile(r"[0-9a-f]{32}\Z")
_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\Z")  # of 32 bytes, its unused bits zero
MOST_HOUSEHOLDS = 100
Role = Literal["hub", "owner"]


class UnknownKey(Refused):
    """No household here has this key."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed the request."""

    household: str
    role: Role


class Accounts:
    """Enrolment and recognition."""

    def __init__(
        self, engine: Engine, clock: Clock, enrolment_code: str | None, most_households: int = MOST_HOUSEHOLDS
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._code = enrolment_code
        self._most = most_households
        self._enrolling = threading.Lock()  # so that many at once do not pass the total

    def enrol(
        self,
        household: str,
        hub_key: str,
        owner_key: str,
        statement: str,
        code: str | None,
        *,
        is_neighbour: bool = False,
    ) -> None:
        """Take a household in; the same one again is fine. A hub that the owner has replaced does not come back.

        Without a code, a new household has to be a neighbour: its hub runs on the mailbox's own machine.

        Raises:
            Refused: a stranger, a wrong code, a statement that the owner did not sign, or an id that others hold.
            OverQuota: the mailbox has as many households as it takes.
        """
        if self._code is not None and not hmac.compare_digest(self._code.encode(), (code or "").encode()):
            raise Refused("This mailbox takes only households with an enrolment code. Set [hub] enrolment_code.")
        if not _HOUSEHOLD.match(household):
            raise Refused("A household's id is 32 hex digits.")
        if not _KEY.match(hub_key) or not _KEY.match(owner_key):
            raise Refused("A key is the base64 of its 32 bytes.")
        try:
            owner = Ed25519PublicKey.from_public_bytes(b64decode(owner_key, validate=True))
            said = f"nightlatch enrol v1\n{household}\n{hub_key}".encode()
            owner.verify(b64decode(statement, validate=True), said)
        except (InvalidSignature, ValueError):
            raise Refused("The owner did not sign for this hub.") from None
        now_ms = self._clock.now_ms()
        with self._enrolling, Session(self._engine) as session, session.begin():
            row = session.get(AccountRow, household, with_for_update=True)
            holder = session.scalar(select(AccountRow.id).where(AccountRow.hub_key == hub_key))
            if (row is not None and row.owner_key != owner_key) or holder not in (None, household):
                raise Refused("Another household holds this id or this hub's key.")
            if session.get(RetiredHubRow, hub_key) is not None:
                raise Refused("The owner has replaced this hub. Set it up again, with a key of its own.")
            if row is None:
                self._let_in(session, is_neighbour)
                session.add(AccountRow(id=household, hub_key=hub_key, owner_key=owner_key, created_ms=now_ms))
            elif row.hub_key != hub_key:  # a new hub; the owner signed for it
                session.add(RetiredHubRow(hub_key=row.hub_key, household_id=household, retired_ms=now_ms))
                row.hub_key = hub_key
                session.execute(delete(LetterRow).where(LetterRow.household_id == household))
                session.execute(delete(VigilRow).where(VigilRow.household_id == household))  # of the hub before

    def _let_in(self, session: Session, is_neighbour: bool) -> None:
        """Raises `Refused` for a stranger, `OverQuota` when there is no room for one more household."""
        if self._code is None and not is_neighbour:
            raise Refused(
                "This mailbox takes households of its own machine only. "
                "Set [cloud] enrolment_code there and the same [hub] enrolment_code at home."
            )
        if int(session.scalar(select(func.count()).select_from(AccountRow)) or 0) >= self._most:
            raise OverQuota("This mailbox has no room for another household. Raise [cloud] most_households there.")

    def admit(self, signed: SignedRequest, *roles: Role) -> Caller:
        """Who is behind a signed request, the first time that it comes.

        Raises:
            Refused: nobody known to this mailbox, not in one of these roles, or answered before.
        """
        # 1. Its key belongs to a household here.
        caller = self._recognise(signed.key)
        # 2. This key may do this.
        if caller.role not in roles:
            raise Refused(
                "Only the owner's key may do this; a hub may only put."
                if caller.role == "hub"
                else "Only the hub's key may put."
            )
        # 3. It was not seen before, by any process on this database, before or since a restart.
        self.once(signed)
        return caller

    def once(self, signed: SignedRequest) -> None:
        """Remember a request. Raises `Refused` when it came before."""
        try:
            with Session(self._engine) as session, session.begin():
                session.add(NonceRow(key=signed.key, nonce=signed.nonce, created_s=signed.created_s))
        except IntegrityError:
            raise Refused("This request has already been answered; a copy of it is not answered again.") from None

    def forget(self) -> int:
        """Drop nonces that no signature in the window can carry any more; how many."""
        limit_s = self._clock.now_ms() // 1000 - NONCE_LIFE_S
        with Session(self._engine) as session, session.begin():
            stale = select(NonceRow.nonce).where(NonceRow.created_s < limit_s)
            count = int(session.scalar(select(func.count()).select_from(stale.subquery())) or 0)
            session.execute(delete(NonceRow).where(NonceRow.created_s < limit_s))
        return count

    def _recognise(self, key: str) -> Caller:
        with Session(self._engine) as session:
            hub = session.scalar(select(AccountRow.id).where(AccountRow.hub_key == key))
            if hub is not None:
                return Caller(hub, "hub")
            mine = select(AccountRow.id).where(AccountRow.owner_key == key)
            owner = session.scalar(mine.order_by(AccountRow.created_ms.desc()))
            if owner is not None:
                return Caller(owner, "owner")
        raise UnknownKey("This mailbox does not know that key. The hub enrols its household when it starts.")
