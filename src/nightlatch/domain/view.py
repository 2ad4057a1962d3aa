"""A view: a reviewer's logged look at one donated clip, and the words that the log and the keeper share about it.

What is public is a leaf of about 200 bytes: its kind, a tag, and a commitment. What it commits to, the event, is for
the owner. The tag is made with the owner's log key for one UTC day, so that the owner can find the leaf and nobody
can link two days. Without its salt a leaf says nothing.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from nightlatch.domain.consent import Purpose, canonical
from nightlatch.errors import Refused

SALT_BYTES = 32
TAG_BYTES = 16
MOST_QUOTA = 150
MOST_QUORUM = 16


@dataclass(frozen=True, slots=True)
class View:
    """What `view.open` commits to: who sees which milliseconds [from_ms, to_ms) of which clip, on what, for what."""

    donation: str  # 32 hex digits
    sealed_sha256: str  # hex, of the sealed file that the keeper holds
    consent_sha256: str  # hex, of the consent's canonical bytes
    reviewer: str  # pseudonym
    device: str  # of the passkey
    purpose: Purpose
    from_ms: int
    to_ms: int
    seq: int  # of the keeper's draw; counts up, used once

    def canonical(self) -> bytes:
        """The event's bytes (JCS)."""
        return canonical(
            {
                "consent": self.consent_sha256,
                "device": self.device,
                "donation": self.donation,
                "manifest": self.sealed_sha256,
                "ms": [self.from_ms, self.to_ms],
                "purpose": self.purpose.value,
                "reviewer": self.reviewer,
                "seq": self.seq,
            }
        )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A passkey that two administrators added (`enrol`) or removed (`remove`) for one reviewer."""

    do: str
    reviewer: str  # pseudonym
    device: str
    credential: str  # b64url id of the WebAuthn credential
    public_key: str  # b64url COSE key
    at_ms: int

    def canonical(self) -> bytes:
        """The bytes that both administrators sign, and that a `roster` leaf commits to."""
        return canonical(
            {
                "at": self.at_ms,
                "credential": self.credential,
                "device": self.device,
                "do": self.do,
                "key": self.public_key,
                "reviewer": self.reviewer,
            }
        )


def read_enrolment(raw: bytes) -> Enrolment:
    """The inverse of `Enrolment.canonical`. Raises `Refused`."""
    try:
        told = json.loads(raw)
        words = (told["do"], told["reviewer"], told["device"], told["credential"], told["key"])
        if not all(isinstance(word, str) for word in words) or type(told["at"]) is not int:
            raise ValueError("no enrolment")
        return Enrolment(*words, told["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("This is not a change of a programme's roster. Propose another one.") from None


@dataclass(frozen=True, slots=True)
class Promise:
    """What the programme promises in the log: two administrators signed it, the keeper keeps to it."""

    quota: int = MOST_QUOTA  # looks per reviewer and day
    most_viewers: int = 5  # reviewers who may ever see one clip
    opens_minute: int = 7 * 60  # of the day
    closes_minute: int = 20 * 60
    quorum: int = 1  # witnesses that must have cosigned
    at_ms: int = 0

    def __post_init__(self) -> None:
        """Raises `Refused` for one outside these limits."""
        in_range = 1 <= self.quota <= MOST_QUOTA and 2 <= self.most_viewers <= 20 and 1 <= self.quorum <= MOST_QUORUM
        if not in_range or not 0 <= self.opens_minute < self.closes_minute <= 1440:
            raise Refused(
                f"A quota is 1 to {MOST_QUOTA}, viewers 2 to 20, a quorum 1 to {MOST_QUORUM}, hours within one day. "
                "Propose another one."
            )

    def canonical(self) -> bytes:
        """The bytes that both administrators sign, and that a `policy` leaf commits to."""
        return canonical(
            {
                "at": self.at_ms,
                "closes": self.closes_minute,
                "opens": self.opens_minute,
                "quorum": self.quorum,
                "quota": self.quota,
                "viewers": self.most_viewers,
            }
        )


def read_promise(raw: bytes) -> Promise:
    """The inverse of `Promise.canonical`; a promise older than quorums has a quorum of one. Raises `Refused`."""
    try:
        told = json.loads(raw)
        hours = int(told["opens"]), int(told["closes"])
        return Promise(int(told["quota"]), int(told["viewers"]), *hours, int(told.get("quorum", 1)), int(told["at"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("This is not a programme's policy. Propose another one.") from None


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the log shows to everybody."""

    at_s: int  # Unix time, by the clock of the program that appended it
    kind: str  # "view.open", "shred", …
    tag: bytes
    commitment: bytes

    def canonical(self) -> bytes:
        """The leaf's bytes (JCS)."""
        return canonical(
            {
                "c": b64encode(self.commitment).decode(),
                "k": self.kind,
                "t": self.at_s,
                "tag": b64encode(self.tag).decode(),
                "v": 1,
            }
        )


def read_leaf(raw: bytes) -> Leaf:
    """The inverse of `Leaf.canonical`. Raises `ValueError` for any other bytes."""
    try:
        told = json.loads(raw)
        tagged, committed = b64decode(told["tag"], validate=True), b64decode(told["c"], validate=True)
        leaf = Leaf(int(told["t"]), str(told["k"]), tagged, committed)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not a leaf of ours") from None
    if leaf.canonical() != raw:
        raise ValueError("not a leaf of ours")
    return leaf


def tag(log_key: bytes, at_ms: int) -> bytes:
    """HMAC-SHA256(owner's log key, UTC date as 2026-11-23), its first 16 bytes."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
    return hmac.digest(log_key, day.encode(), "sha256")[:TAG_BYTES]


def commitment(salt: bytes, event: bytes) -> bytes:
    """SHA-256(salt || event). Raises `ValueError` for a salt that is not 32 bytes: its length must not be in doubt."""
    if len(salt) != SALT_BYTES:
        raise ValueError("A salt is 32 bytes.")
    return sha256(salt + event).digest()
