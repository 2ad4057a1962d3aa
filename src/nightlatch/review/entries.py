"""What the review room writes into the log: a leaf that commits to an event, under a tag.

Entries of the programme itself (roster, policy) carry a tag that everybody can compute from its public key; those
about a clip carry the tag that the keeper gave for its owner.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from nightlatch.domain.time import Clock
from nightlatch.domain.view import SALT_BYTES, TAG_BYTES, Leaf, commitment


@dataclass(frozen=True, slots=True)
class Receipt:
    """What shows that the log holds a leaf: its index and a tlog-proof; `again` asks for a newer one."""

    index: int
    text: str
    again: Callable[[], str] | None = field(default=None, repr=False, compare=False)


Append = Callable[[bytes], Receipt]


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf to append, and the salt that its commitment needs."""

    leaf: bytes
    salt: bytes = field(repr=False)


def entry(kind: str, event: bytes, tag: bytes, clock: Clock) -> Entry:
    """A leaf for an event's canonical bytes."""
    salt = secrets.token_bytes(SALT_BYTES)
    return Entry(Leaf(clock.now_ms() // 1000, kind, tag, commitment(salt, event)).canonical(), salt)


def programme_tag(programme_key: str) -> bytes:
    """The tag of the programme's own entries: SHA-256 of its public key (b64), the first 16 bytes."""
    return sha256(programme_key.encode()).digest()[:TAG_BYTES]
