"""What two administrators changed: signed by both, in the log, under a checkpoint that the quorum cosigned.

Each change is kept with its proof, and the proof is checked when the change is used: a row that says that a passkey is
let in says nothing without two signatures under keys from the keeper's settings. Of the changes of one passkey the one
that was signed last holds; of two of one moment the removal.

The newest policy among these changes is what the programme promises. While the keeper's own settings differ from it,
nothing is shown, and `nightlatch programme status` says how they differ; taking back goes on.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.consent import canonical, public_key
from nightlatch.domain.time import SECOND_MS, Clock
from nightlatch.domain.view import Enrolment, Promise, commitment, read_enrolment, read_leaf, read_promise
from nightlatch.keeper.checks import Receipts, RoomPolicy
from nightlatch.keeper.records import ChangeRow, change_of
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.stamps import stamps_of

SIGNERS = 2
ROSTER, POLICY = "roster", "policy"
TELLING_MS = 30 * SECOND_MS  # from the log to here: so long may review take to tell a change
UNTOLD = "The log holds a change of roster or policy that the keeper was not told. Review tells it again by itself."
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
    passed_over: frozenset[str] = frozenset()  # SHA-256 (hex) of leaves that nobody can tell any more
    proven: set[bytes] = field(default_factory=set, repr=False, compare=False)  # hashes of what was checked

    def check(self, kind: str, said: bytes, proof: ChangeProof) -> None:
        """Raises `KeeperRefused` unless two of them signed exactly this, and the log holds it, by a fresh receipt."""
        self.prove(kind, said, proof)
        self.receipts.cosigned(proof.receipt, self.clock.now_ms())

    def prove(self, kind: str, said: bytes, proof: ChangeProof) -> None:
        """The same of a change that is kept, however old its receipt is. Checked once, then known by its hash.

        Raises:
            KeeperRefused: it lacks a signature, or the log's entry is another one.
        """
        parts = (kind.encode(), said, canonical(dict(proof.signatures)), proof.salt, proof.leaf, proof.receipt.encode())
        mark = sha256(b"".join(sha256(part).digest() for part in parts)).digest()
        if mark in self.proven:
            return
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
        self.proven.add(mark)

    def _signed(self, key: str, signature: str, said: bytes) -> bool:
        if key not in self.keys:
            return False
        try:
            public_key(key).verify(b64decode(signature, validate=True), said)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class ProvenChange:
    """A change whose proof was checked just now."""

    said: Enrolment | Promise
    event: bytes

    @property
    def order(self) -> tuple[int, bool]:
        return self.said.at_ms, isinstance(self.said, Enrolment) and self.said.do == "remove"


class Changes:
    """The changes that are kept."""

    def __init__(self, engine: Engine, administrators: Administrators) -> None:
        self._engine, self._administrators = engine, administrators

    def enrolment(self, credential: str) -> Enrolment | None:
        """The change of this passkey that holds. Raises `KeeperRefused` for one without its proof."""
        with Session(self._engine) as session:
            newest = self._newest(session, ROSTER, credential)
        return None if newest is None else read_enrolment(newest.event)

    def promise(self) -> Promise | None:
        """The policy that holds. Raises `KeeperRefused`."""
        with Session(self._engine) as session:
            newest = self._newest(session, POLICY, "")
        return None if newest is None else read_promise(newest.event)

    def take(self, kind: str, subject: str, event: bytes, proof: ChangeProof) -> bool:
        """Keep a change that was checked, once; whether it is the one that holds now."""
        with Session(self._engine) as session, session.begin():
            rows = stamps_of(session).all_of(session, ChangeRow, change_of(proof.leaf))
            if (row := rows[0] if rows else None) is None:
                row = ChangeRow(kind=kind, leaf=proof.leaf, found_ms=self._administrators.clock.now_ms())
                session.add(row)
            is_new = row.event is None
            if is_new:
                row.subject, row.event, row.salt, row.receipt = subject, event, proof.salt, proof.receipt
                row.signatures = json.dumps(dict(proof.signatures), sort_keys=True)
        with Session(self._engine) as session:
            newest = self._newest(session, kind, subject)
        return newest is not None and newest.event == event

    def check_told(self) -> None:
        """Raises `KeeperRefused` while the log holds a change that nobody has told this keeper."""
        late_ms = self._administrators.clock.now_ms() - TELLING_MS
        with Session(self._engine) as session:
            rows = stamps_of(session).all_of(
                session, ChangeRow, ("untold",)
            )  # nearly always none: nothing is asked then
            rows = [row for row in rows if sha256(row.leaf).hexdigest() not in self._administrators.passed_over]
            if any(row.found_ms <= late_ms for row in rows):
                raise KeeperRefused(Refusal.BEHIND, UNTOLD)

    def _newest(self, session: Session, kind: str, subject: str) -> ProvenChange | None:
        rows = stamps_of(session).all_of(session, ChangeRow, ("changes", kind, subject))
        return max((self._proven(row) for row in rows), key=lambda each: each.order, default=None)

    def _proven(self, row: ChangeRow) -> ProvenChange:
        event, proof = row.event or b"", _proof(row)
        self._administrators.prove(row.kind, event, proof)
        if row.kind == POLICY:
            return ProvenChange(read_promise(event), event)
        return ProvenChange(read_enrolment(event), event)


class Promises:
    """The newest policy that was promised, held against the keeper's own settings."""

    def __init__(self, engine: Engine, administrators: Administrators, policy: RoomPolicy, quorum: int) -> None:
        """`policy` and `quorum` are what this keeper does."""
        self._changes, self._administrators = Changes(engine, administrators), administrators
        hours = (policy.hours.from_minute, policy.hours.to_minute)
        self._kept = (policy.quota, policy.most_viewers, *hours, quorum)

    def take(self, event: bytes, proof: ChangeProof) -> None:
        """A policy that two administrators signed. Raises `Refused`, `KeeperRefused`, also for an old one."""
        read_promise(event)
        self._administrators.check(POLICY, event, proof)
        if not self._changes.take(POLICY, "", event, proof):
            raise KeeperRefused(Refusal.ROSTER, "A later policy is known. Sign a new one.")

    def breach(self) -> str | None:
        """How the keeper's settings differ from what was promised; None when they do not. Raises `KeeperRefused`."""
        told = self._changes.promise()
        if told is None:
            return None
        promised = (told.quota, told.most_viewers, told.opens_minute, told.closes_minute, told.quorum)
        differs = [f"{n} is {k}, not {p}" for n, k, p in zip(_NAMES, self._kept, promised, strict=True) if k != p]
        return f"The keeper shows nothing: {'; '.join(differs)}, as was promised in the log." if differs else None


def _proof(row: ChangeRow) -> ChangeProof:
    try:
        signatures = {str(key): str(value) for key, value in json.loads(row.signatures or "{}").items()}
    except (ValueError, AttributeError):
        signatures = {}
    return ChangeProof(signatures, row.salt or b"", row.leaf, row.receipt or "")
