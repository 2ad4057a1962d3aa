"""The parts of a log: each month, and whenever a key changes, another begins where the last one ended.

Part 0 has the log's name as its origin and lies at its address; part n is called `NAME/n` and lies under `n/`. Each is
a whole C2SP log. What ties them:

    the last entry of a part (`log.next`)        commits to the event in its file `next`: the number of the part that
                                                 follows, and the whole policy under which that is believed
    the first entry of the next (`log.begin`)    commits to the event in its file `begin`: the finished part's origin,
                                                 size and root

So months follow each other, and so does a log whose keys or witnesses change: the old key has signed for the new ones,
and the old witnesses have seen it. A part that goes on after its `log.next` contradicts itself. A finished part is
cosigned no more: its quorum is asked for, its age is not.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace

from nightlatch.domain.consent import canonical
from nightlatch.domain.view import Leaf, commitment, read_leaf
from nightlatch.errors import ConfigError, Refused
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.policy import Policy, read_policy
from nightlatch.ledger.tags import LOG_TAG, PUBLIC_SALT

NEXT, BEGIN = "log.next", "log.begin"
MOST_PARTS = 2**13 - 1
INDEX_BITS = 40  # of a position; with 13 for the part it is a whole number that JavaScript can hold


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry is: in which part, and its index there."""

    part: int
    index: int

    def __int__(self) -> int:
        """One number for both, for databases and pages; for part 0 it is the index."""
        return self.part << INDEX_BITS | self.index


def position(number: int) -> Position:
    """The inverse of `int`."""
    return Position(number >> INDEX_BITS, number & (1 << INDEX_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a log and the policy under which it is believed; `base` is the name of the whole log."""

    base: str
    number: int
    policy: Policy

    @property
    def prefix(self) -> str:
        """What comes before the paths of its files."""
        return f"{self.number}/" if self.number else ""


def first_part(policy: Policy) -> Part:
    """Part 0 of the log of this policy."""
    return Part(policy.log.name, 0, policy)


def part_of(origin: str, base: str) -> int:
    """Which part of the log `base` has this origin. Raises `Unproven` (wrong origin)."""
    if origin == base:
        return 0
    name, _, number = origin.rpartition("/")
    if name != base or not number.isascii() or not number.isdigit() or not 0 < int(number) <= MOST_PARTS:
        raise Unproven(Why.WRONG_ORIGIN, f"This checkpoint is of another log ({origin}).")
    if str(int(number)) != number:
        raise Unproven(Why.WRONG_ORIGIN, f"This checkpoint is of another log ({origin}).")
    return int(number)


def following(part: Part) -> Part:
    """The next part, under the same keys."""
    number = part.number + 1
    log = replace(part.policy.log, name=f"{part.base}/{number}")
    return Part(part.base, number, replace(part.policy, log=log))


def next_event(part: Part) -> bytes:
    """What the last entry before `part` commits to."""
    return canonical({"part": part.number, "policy": str(part.policy)})


def begin_event(finished: Checkpoint) -> bytes:
    """What the first entry of the part after `finished` commits to."""
    root = b64encode(finished.root).decode()
    return canonical({"origin": finished.origin, "root": root, "size": finished.size})


def public_leaf(kind: str, event: bytes, at_s: int) -> Leaf:
    """An entry in which the log speaks of itself."""
    return Leaf(at_s, kind, LOG_TAG, commitment(PUBLIC_SALT, event))


def says(leaf: bytes, kind: str, event: bytes) -> bool:
    """Whether this entry commits to this event."""
    try:
        told = read_leaf(leaf)
    except ValueError:
        return False
    return told.kind == kind and told.commitment == commitment(PUBLIC_SALT, event)


def is_last(leaf: bytes) -> bool:
    """Whether this entry ends its part."""
    try:
        return read_leaf(leaf).kind == NEXT
    except ValueError:
        return False


def read_next(raw: bytes, leaf: bytes, part: Part) -> Part:
    """The part that follows `part`, from its file `next` and its last entry. Raises `Unproven`."""
    if not says(leaf, NEXT, raw):
        raise Unproven(Why.NOT_INCLUDED, "What the log says of its next part does not fit its last entry.")
    try:
        told = json.loads(raw)
        found = Part(part.base, int(told["part"]), read_policy(str(told["policy"])))
    except (ValueError, KeyError, TypeError, RecursionError, ConfigError, Refused):
        raise Unproven(Why.MALFORMED, "What the log says of its next part cannot be read.") from None
    if found.number != part.number + 1 or part_of(found.policy.log.name, part.base) != found.number:
        raise Unproven(Why.WRONG_ORIGIN, "The log's next part is another log.")
    return found


def read_begin(raw: bytes, leaf: bytes, finished: Checkpoint) -> None:
    """Raises `Unproven` unless a part's file `begin` and its first entry say that it follows `finished`."""
    if not says(leaf, BEGIN, raw) or raw != begin_event(finished):
        raise Unproven(Why.FORK, "A part of the log does not begin where the one before it ended.")


def read_finished(raw: bytes) -> Checkpoint:
    """What a `begin` event says of the part before. Raises `Unproven` (malformed)."""
    try:
        told = json.loads(raw)
        root = b64decode(told["root"], validate=True)
        if len(root) != 32:
            raise ValueError("no root")
        return Checkpoint(str(told["origin"]), int(told["size"]), root)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unproven(Why.MALFORMED, "What the log says of its part before cannot be read.") from None
