"""What is new in the log since the keeper last read it: every entry from there on, under a checkpoint that holds.

Of what was read before, only the right edge of the tree is kept (one hash for each bit of its size): with the new
entries it gives the root, so a log that does not continue what was read is refused.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace

from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.merkle import EMPTY, leaf_hash, node_hash
from nightlatch.ledger.parts import MOST_PARTS, Part, Position, first_part, is_last, read_next
from nightlatch.ledger.policy import Policy, read_policy
from nightlatch.ledger.tiles import WIDTH, entry_tile, unbundle

WRONG_LOG = "The log does not continue what this keeper read before. Tell its witnesses."


@dataclass(frozen=True, slots=True)
class Seen:
    """How far the log was read: which part, under which policy, how many entries, and the edge of their tree."""

    part: Part
    size: int = 0
    edge: tuple[bytes, ...] = ()  # roots of the full subtrees, the largest first

    @property
    def root(self) -> bytes:
        if not self.edge:
            return EMPTY
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root

    def after(self, leaf: bytes) -> Seen:
        """With one entry more."""
        here, edge, size = leaf_hash(leaf), list(self.edge), self.size
        while size & 1:
            here, size = node_hash(edge.pop(), here), size >> 1
        return replace(self, size=self.size + 1, edge=(*edge, here))

    def __bytes__(self) -> bytes:
        edge = [b64encode(each).decode() for each in self.edge]
        told = {"base": self.part.base, "edge": edge, "part": self.part.number, "size": self.size}
        return json.dumps({**told, "policy": str(self.part.policy)}).encode()


def read_seen(raw: bytes, policy: Policy) -> Seen:
    """The inverse of `bytes`, of what the keeper wrote; the beginning of the log of `policy` when it is empty."""
    if not raw:
        return Seen(first_part(policy))
    told = json.loads(raw)
    number = int(told["part"])
    part = Part(told["base"], number, read_policy(told["policy"]) if number else policy)
    if part.base != policy.log.name:
        return Seen(first_part(policy))  # another log, by the keeper's settings: from its beginning
    return Seen(part, int(told["size"]), tuple(b64decode(each) for each in told["edge"]))


@dataclass(frozen=True, slots=True)
class News:
    """The entries that were wanted (position, leaf), and how far the log is read now."""

    leaves: tuple[tuple[int, bytes], ...]
    seen: Seen


Read = Callable[[str], bytes]
Check = Callable[[bytes, Policy, bool], Checkpoint]  # a part's checkpoint; fresh, unless the part is finished


def read_news(read: Read, check: Check, seen: Seen, wants: Callable[[bytes], bool]) -> News:
    """Read on from `seen`. Raises `KeeperRefused` for a log that does not hold; what `read` raises."""
    found = list[tuple[int, bytes]]()
    for _ in range(MOST_PARTS):
        note = read(f"{seen.part.prefix}checkpoint")
        is_fresh, checkpoint = _checked(note, check, seen.part.policy)
        if checkpoint.size < seen.size:
            raise KeeperRefused(Refusal.WRONG_LOG, "The log has become shorter than it was. Tell its witnesses.")
        seen, last = _read_part(read, seen, checkpoint, wants, found)
        if seen.root != checkpoint.root:
            raise KeeperRefused(Refusal.WRONG_LOG, WRONG_LOG)
        if last is None or not is_last(last):
            if not is_fresh:
                raise KeeperRefused(
                    Refusal.STALE, "The log's checkpoint is too old. Nothing is shown until it goes on."
                )
            return News(tuple(found), seen)
        seen = Seen(read_next(read(f"{seen.part.prefix}next"), last, seen.part))
    raise KeeperRefused(Refusal.WRONG_LOG, WRONG_LOG)


def _checked(note: bytes, check: Check, policy: Policy) -> tuple[bool, Checkpoint]:
    try:
        return True, check(note, policy, True)
    except KeeperRefused as refused:
        if refused.refusal is not Refusal.STALE:
            raise
        return False, check(note, policy, False)


def _read_part(
    read: Read, seen: Seen, checkpoint: Checkpoint, wants: Callable[[bytes], bool], found: list[tuple[int, bytes]]
) -> tuple[Seen, bytes | None]:
    """Up to the checkpoint. The last entry is always read, to know whether the part ends with it."""
    part, last = seen.part, None
    first = min(seen.size, max(0, checkpoint.size - 1))
    for n in range(first // WIDTH, -(-checkpoint.size // WIDTH)):
        width = min(WIDTH, checkpoint.size - n * WIDTH)
        entries = unbundle(read(part.prefix + entry_tile(n, width)))[:width]
        for index, leaf in enumerate(entries, n * WIDTH):
            last = leaf
            if index < seen.size:
                continue
            seen = seen.after(leaf)
            if wants(leaf):
                found.append((int(Position(part.number, index)), leaf))
    return seen, last
