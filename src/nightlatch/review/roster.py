"""The roster and the policy: every change is proposed, signed by two administrators, entered into the log, then holds.

A passkey is made by the person it belongs to, on their own device, behind an invitation that works once. It opens
nothing before two administrators have signed for it and the keeper has checked their signatures and the log's proof.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import public_key
from nightlatch.domain.time import HOUR_MS, Clock
from nightlatch.domain.view import Enrolment, Promise, read_enrolment, read_promise
from nightlatch.errors import NotFound, Refused
from nightlatch.review.entries import Append, entry, programme_tag
from nightlatch.review.errors import KeeperSaidNo
from nightlatch.review.records import (
    AdministratorRow,
    ChangeKind,
    ChangeRow,
    InviteRow,
    PasskeyRow,
    PasskeyState,
    SignatureRow,
)

SIGNERS = 2
INVITE_LIFE_MS = 72 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who signs for the programme; `key` is b64 Ed25519 public."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A reviewer's passkey as the review room knows it."""

    credential: str
    public_key: str
    reviewer: str
    device: str
    sign_count: int
    state: PasskeyState


@dataclass(frozen=True, slots=True)
class ProgrammeChange:
    """A proposed change: what it says, who has signed (names), and how far it has come."""

    id: str
    kind: ChangeKind
    event: bytes
    proposed_ms: int
    signed_by: tuple[str, ...]
    leaf_index: int | None
    holds: bool


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """What the keeper needs to take a change: signatures (b64 key → b64), and the proof that the log has it."""

    event: bytes
    signatures: Mapping[str, str]
    salt: bytes = field(repr=False)
    leaf: bytes
    receipt: str


class TakesChanges(Protocol):
    """The keeper, as far as changes go. Both raise `KeeperSaidNo`, `Unreachable`."""

    def enrol(self, enrolment: Enrolment, logged: LoggedChange) -> None:
        """A passkey let in or removed."""
        ...

    def promise(self, logged: LoggedChange) -> None:
        """A policy that holds from now on."""
        ...


class Roster:
    """Administrators, invitations, passkeys and the changes that two people signed."""

    def __init__(self, engine: Engine, clock: Clock, programme_key: str, keys: Iterable[str] = ()) -> None:
        """`keys` are the administrators' as the settings have them; without any, whoever is in the table signs."""
        self._engine, self._clock, self._keys = engine, clock, frozenset(keys)
        self._tag = programme_tag(programme_key)

    # ---- administrators -------------------------------------------------------------------------------------------

    def begin(self, administrators: tuple[Administrator, ...]) -> None:
        """Name the administrators, once. Raises `Refused` for fewer than two, or when it was done before."""
        if len({each.key for each in administrators}) < SIGNERS or len({a.name for a in administrators}) < SIGNERS:
            raise Refused("A programme has at least two administrators, with a key each.")
        for each in administrators:
            public_key(each.key)
        with Session(self._engine) as session, session.begin():
            if session.scalar(select(func.count()).select_from(AdministratorRow)):
                raise Refused("This programme has its administrators already.")
            now_ms = self._clock.now_ms()
            session.add_all(AdministratorRow(key=each.key, name=each.name, added_ms=now_ms) for each in administrators)

    def administrators(self) -> list[Administrator]:
        """All of them, by name."""
        with Session(self._engine) as session:
            rows = session.scalars(select(AdministratorRow).order_by(AdministratorRow.name))
            return [Administrator(row.key, row.name) for row in rows]

    # ---- invitations and passkeys ---------------------------------------------------------------------------------

    def invite(self, reviewer: str | None = None) -> str:
        """A token that lets one person make a passkey within three days. `reviewer`: another device of theirs."""
        token, now_ms = secrets.token_urlsafe(24), self._clock.now_ms()
        who = reviewer or f"reviewer-{secrets.token_hex(4)}"
        with Session(self._engine) as session, session.begin():
            known = select(PasskeyRow.credential).where(PasskeyRow.reviewer == who)
            if reviewer is not None and session.scalar(known.limit(1)) is None:
                raise NotFound("There is no such reviewer. Leave the name out to invite a new one.")
            session.add(InviteRow(token_sha256=_hashed(token), reviewer=who, expires_ms=now_ms + INVITE_LIFE_MS))
        return token

    def invited(self, token: str) -> str:
        """The pseudonym behind an invitation that is still valid. Raises `Refused`."""
        with Session(self._engine) as session:
            return self._invite(session, token).reviewer

    def ask(self, token: str, credential: str, key: str, device: str) -> str:
        """Use the invitation: a passkey asks to be enrolled. The id of the change that two must sign.

        Raises:
            Refused: an invitation that is used or over, or a passkey that is known.
        """
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            invite = self._invite(session, token)
            invite.used_ms = now_ms
            if session.get(PasskeyRow, credential) is not None:
                raise Refused("This passkey is known already. Use another device, or ask an administrator.")
            session.add(
                PasskeyRow(
                    credential=credential,
                    public_key=key,
                    reviewer=invite.reviewer,
                    device=device,
                    sign_count=0,
                    state=PasskeyState.ASKED,
                    changed_ms=now_ms,
                )
            )
            told = Enrolment("enrol", invite.reviewer, device, credential, key, now_ms)
            return _propose(session, ChangeKind.ROSTER, told.canonical(), now_ms)

    def passkey(self, credential: str) -> Passkey:
        """Raises `NotFound`."""
        with Session(self._engine) as session:
            row = session.get(PasskeyRow, credential)
            if row is None:
                raise NotFound("This passkey is not on the roster. Ask an administrator.")
            return Passkey(row.credential, row.public_key, row.reviewer, row.device, row.sign_count, row.state)

    def passkeys(self) -> list[Passkey]:
        """All of them, by reviewer."""
        with Session(self._engine) as session:
            ids = session.scalars(select(PasskeyRow.credential).order_by(PasskeyRow.reviewer, PasskeyRow.changed_ms))
            return [self.passkey(each) for each in ids]

    def used(self, credential: str, sign_count: int) -> None:
        """Remember a passkey's counter."""
        with Session(self._engine) as session, session.begin():
            if (row := session.get(PasskeyRow, credential)) is not None:
                row.sign_count = sign_count

    # ---- changes --------------------------------------------------------------------------------------------------

    def propose_removal(self, credential: str) -> str:
        """Propose removing a passkey; the change's id. Raises `NotFound`."""
        found, now_ms = self.passkey(credential), self._clock.now_ms()
        told = Enrolment("remove", found.reviewer, found.device, credential, found.public_key, now_ms)
        with Session(self._engine) as session, session.begin():
            return _propose(session, ChangeKind.ROSTER, told.canonical(), now_ms)

    def propose_policy(
        self, quota: int, most_viewers: int, opens_minute: int, closes_minute: int, quorum: int = 1
    ) -> str:
        """Propose another quota, other hours, another quorum; the change's id. Raises `Refused` for wild values."""
        now_ms = self._clock.now_ms()
        told = Promise(quota, most_viewers, opens_minute, closes_minute, quorum, now_ms)
        with Session(self._engine) as session, session.begin():
            return _propose(session, ChangeKind.POLICY, told.canonical(), now_ms)

    def sign(self, change: str, key: str, signature: str) -> ProgrammeChange:
        """Take an administrator's signature (b64) over the change's event.

        Raises:
            NotFound: no such change.
            Refused: not an administrator's key, not their signature, or a change that holds already.
        """
        with Session(self._engine) as session, session.begin():
            row = _change(session, change)
            if session.get(AdministratorRow, key) is None or (self._keys and key not in self._keys):
                raise Refused("Only an administrator of the programme may sign for a change.")
            if row.leaf_index is not None:
                raise Refused("This change was made already. Propose another one.")
            try:
                public_key(key).verify(b64decode(signature, validate=True), row.event)
            except (InvalidSignature, ValueError):
                raise Refused("This signature does not fit the change. Look at it and sign again.") from None
            now_ms = self._clock.now_ms()
            session.merge(SignatureRow(change_id=change, key=key, signature=signature, at_ms=now_ms))
        return self.change(change)

    def make(self, change: str, append: Append, keeper: TakesChanges) -> ProgrammeChange:
        """Make a change that two have signed: the log first, then the keeper, then here. May be done again.

        Raises:
            Refused: fewer than two signatures, or the keeper says no.
            Unreachable: the log or the keeper did not answer; make it again later.
        """
        with Session(self._engine) as session, session.begin():
            row = _change(session, change)
            names = _signatures(session, change)
            if len(names) < SIGNERS:
                raise Refused("A change needs the signatures of two administrators. One more has to sign.")
            if row.told_ms is not None:
                return self.change(change)
            if row.leaf is None:  # kept before it is sent: the same leaf again, should the answer be lost
                made = entry(row.kind, row.event, self._tag, self._clock)
                row.leaf, row.salt = made.leaf, made.salt
            leaf, salt, event, kind = row.leaf, row.salt or b"", row.event, row.kind
        logged = append(leaf)
        with Session(self._engine) as session, session.begin():
            _change(session, change).leaf_index = logged.index
        told = LoggedChange(event, names, salt, leaf, logged.text)
        if kind is ChangeKind.ROSTER:
            self._enrol(keeper, read_enrolment(event), told)
        else:
            keeper.promise(told)
        with Session(self._engine) as session, session.begin():
            _change(session, change).told_ms = self._clock.now_ms()
        return self.change(change)

    def tell_again(self, receipt: Callable[[int], str], keeper: TakesChanges) -> None:
        """Tell the keeper all changes that the log holds, oldest first, with fresh receipts.

        For a keeper that says it is behind: its rows are older than the log, or from before it kept proofs.

        Raises:
            Unreachable: the log or the keeper did not answer.
        """
        with Session(self._engine) as session:
            query = select(ChangeRow).where(ChangeRow.leaf_index.is_not(None)).order_by(ChangeRow.leaf_index)
            made = [
                (row.kind, row.leaf_index or 0, _logged(row, _signatures(session, row.id)))
                for row in session.scalars(query)
            ]
        for kind, index, old in made:
            logged = replace(old, receipt=receipt(index))
            with suppress(KeeperSaidNo):  # a later change of the same is known: it keeps this one, too
                if kind is ChangeKind.ROSTER:
                    keeper.enrol(read_enrolment(logged.event), logged)
                else:
                    keeper.promise(logged)

    def change(self, change: str) -> ProgrammeChange:
        """Raises `NotFound`."""
        with Session(self._engine) as session:
            row = _change(session, change)
            query = select(AdministratorRow.name).join(SignatureRow, SignatureRow.key == AdministratorRow.key)
            names = tuple(
                session.scalars(
                    query.where(SignatureRow.change_id == change).order_by(SignatureRow.at_ms, AdministratorRow.name)
                )
            )
            holds = row.told_ms is not None
            return ProgrammeChange(row.id, row.kind, row.event, row.proposed_ms, names, row.leaf_index, holds)

    def changes(self) -> list[ProgrammeChange]:
        """All of them, oldest first."""
        with Session(self._engine) as session:
            ids = session.scalars(select(ChangeRow.id).order_by(ChangeRow.proposed_ms)).all()
        return [self.change(each) for each in ids]

    def policy(self) -> Promise:
        """The policy that holds now; before the first change, the one that Nightlatch comes with."""
        return self.signed_policy() or Promise()

    def signed_policy(self) -> Promise | None:
        """The policy that two administrators signed last; None while there is none."""
        with Session(self._engine) as session:
            made = select(ChangeRow.event).where(ChangeRow.kind == ChangeKind.POLICY, ChangeRow.told_ms.is_not(None))
            event = session.scalar(made.order_by(ChangeRow.leaf_index.desc()).limit(1))
        return None if event is None else read_promise(event)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _enrol(self, keeper: TakesChanges, told: Enrolment, logged: LoggedChange) -> None:
        keeper.enrol(told, logged)
        with Session(self._engine) as session, session.begin():
            row = session.get(PasskeyRow, told.credential)
            if row is not None and row.changed_ms <= told.at_ms:
                row.state = PasskeyState.ENROLLED if told.do == "enrol" else PasskeyState.REMOVED
                row.changed_ms = told.at_ms

    def _invite(self, session: Session, token: str) -> InviteRow:
        row = session.get(InviteRow, _hashed(token), with_for_update=True)
        if row is None or row.used_ms is not None or row.expires_ms <= self._clock.now_ms():
            raise Refused("This invitation was used or is over. Ask an administrator for another one.")
        return row


def _propose(session: Session, kind: ChangeKind, event: bytes, now_ms: int) -> str:
    change = secrets.token_hex(6)
    session.add(ChangeRow(id=change, kind=kind, event=event, proposed_ms=now_ms))
    return change


def _logged(row: ChangeRow, signatures: Mapping[str, str]) -> LoggedChange:
    return LoggedChange(row.event, signatures, row.salt or b"", row.leaf or b"", "")


def _change(session: Session, change: str) -> ChangeRow:
    row = session.get(ChangeRow, change)
    if row is None:
        raise NotFound("There is no such change. “nightlatch programme status” lists them.")
    return row


def _signatures(session: Session, change: str) -> dict[str, str]:
    rows = session.scalars(select(SignatureRow).where(SignatureRow.change_id == change))
    return {row.key: row.signature for row in rows}


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
