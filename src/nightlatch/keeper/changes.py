"""What two administrators changed: signed by both, in the log, under a checkpoint that the quorum cosigned.

The newest policy among these changes is what the programme promises. While the keeper's own settings differ from it,
nothing is shown, and `nightlatch programme status` says how they differ; taking back goes on.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import public_key
from nightlatch.domain.time import Clock
from nightlatch.domain.view import commitment, read_leaf, read_promise
from nightlatch.keeper.checks import Receipts, RoomPolicy
from nightlatch.keeper.records import PromiseRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal

SIGNERS = 2
_NAMES = ("quota", "most_viewers", "opens_minute", "closes_minute", "quorum of the log's policy")


@dataclass(frozen=True, slots=True)
class ChangeProof:
    """Who signed a change (b64 key → b64 signature), and the proof that the log holds it."""

    signatures: Mapping[str, str]
    salt: bytes = field(repr=False)
    leaf: bytes
    receipt: str


@dataclass(frozen=True, slots=True)
class Administrators:
    """Whose signatures count (b64 Ed25519 public keys)."""

    keys: frozenset[str]
    receipts: Receipts
    clock: Clock

    def check(self, kind: str, said: bytes, proof: ChangeProof) -> None:
        """Raises `KeeperRefused` unless two of them signed exactly this, and the log holds it as `kind`."""
        if len({key for key, signature in proof.signatures.items() if self._signed(key, signature, said)}) < SIGNERS:
            raise KeeperRefused(Refusal.ROSTER, "A change needs the signatures of two administrators.")
        try:
            leaf = read_leaf(proof.leaf)
            matches = leaf.kind == kind and leaf.commitment == commitment(proof.salt, said)
        except ValueError:
            matches = False
        if not matches:
            raise KeeperRefused(Refusal.ROSTER, "The log's entry is for another change. Log this one first.")
        self.receipts.included(proof.receipt, proof.leaf)
        self.receipts.cosigned(proof.receipt, self.clock.now_ms())

    def _signed(self, key: str, signature: str, said: bytes) -> bool:
        if key not in self.keys:
            return False
        try:
            public_key(key).verify(b64decode(signature, validate=True), said)
        except (InvalidSignature, ValueError):
            return False
        return True


class Promises:
    """The newest policy that was promised, held against the keeper's own settings."""

    def __init__(self, engine: Engine, administrators: Administrators, policy: RoomPolicy, quorum: int) -> None:
        """`policy` and `quorum` are what this keeper does."""
        self._engine, self._administrators = engine, administrators
        hours = (policy.hours.from_minute, policy.hours.to_minute)
        self._kept = (policy.quota, policy.most_viewers, *hours, quorum)

    def take(self, event: bytes, proof: ChangeProof) -> None:
        """A policy that two administrators signed. Raises `Refused`, `KeeperRefused`, also for an old one."""
        told = read_promise(event)
        self._administrators.check("policy", event, proof)
        with Session(self._engine) as session, session.begin():
            newest = _newest(session)
            if newest is not None and newest.at_ms > told.at_ms:
                raise KeeperRefused(Refusal.ROSTER, "A later policy is known. Sign a new one.")
            session.merge(PromiseRow(at_ms=told.at_ms, event=event))

    def breach(self) -> str | None:
        """How the keeper's settings differ from what was promised; None when they do not."""
        with Session(self._engine) as session:
            newest = _newest(session)
        if newest is None:
            return None
        told = read_promise(newest.event)
        promised = (told.quota, told.most_viewers, told.opens_minute, told.closes_minute, told.quorum)
        differs = [f"{n} is {k}, not {p}" for n, k, p in zip(_NAMES, self._kept, promised, strict=True) if k != p]
        return f"The keeper shows nothing: {'; '.join(differs)}, as was promised in the log." if differs else None


def _newest(session: Session) -> PromiseRow | None:
    return session.scalar(select(PromiseRow).order_by(PromiseRow.at_ms.desc()).limit(1))
