"""A log with witnesses, as the keeper meets it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.consent import canonical, public_key
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock

FRESH_MS = 600_000


class Tree:
    """RFC 6962, 2.1; roots of complete subtrees are remembered."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.known: dict[tuple[int, int], bytes] = {}

    def root(self, begin: int, end: int) -> bytes:
        if end - begin == 1:
            return self.hashes[begin]
        if (begin, end) not in self.known:
            k = 1 << (end - begin - 1).bit_length() - 1
            root = sha256(b"\1" + self.root(begin, begin + k) + self.root(begin + k, end)).digest()
            if (end - begin) & (end - begin - 1):
                return root
            self.known[begin, end] = root
        return self.known[begin, end]

    def path(self, m: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        k = 1 << (end - begin - 1).bit_length() - 1
        if m < begin + k:
            return [*self.path(m, begin, begin + k), self.root(begin + k, end)]
        return [*self.path(m, begin + k, end), self.root(begin, begin + k)]


def climbed(m: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    if size == 1:
        return leaf
    k = 1 << (size - 1).bit_length() - 1
    if m < k:
        return sha256(b"\1" + climbed(m, k, leaf, path[:-1]) + path[-1]).digest()
    return sha256(b"\1" + path[-1] + climbed(m - k, size - k, leaf, path[:-1])).digest()


class TinyLog:
    __test__ = False

    def __init__(self, clock: TestClock, witnesses: int = 2, quorum: int = 2) -> None:
        self.clock, self.leaves, self.quorum, self.tree = clock, [], quorum, Tree()
        self.witnesses = [Ed25519PrivateKey.generate() for _ in range(witnesses)]
        self.keys = {public_b64(w) for w in self.witnesses}

    leaves: list[bytes]

    def leaf(self, index: int) -> bytes:
        return self.leaves[index]

    def delete(self) -> None:
        self.leaves.clear()

    def fill_up(self) -> None:
        self.full = True

    def make_room(self) -> None:
        self.full = False

    full = False

    def append(self, leaf: bytes) -> int:
        if self.full:
            raise OSError("full")
        self.leaves.append(leaf)
        self.tree.hashes.append(sha256(b"\0" + leaf).digest())
        return len(self.leaves) - 1

    def root(self, now_ms: int) -> bytes:
        if not self.leaves:
            raise KeeperRefused(Refusal.NO_QUORUM, "no log")
        return self.tree.root(0, len(self.leaves))

    def proof(self, index: int, witnesses: int | None = None) -> str:
        size = len(self.leaves)
        said = {"at": self.clock.now_ms(), "root": self.tree.root(0, size).hex(), "size": size}
        raw = canonical(said)
        signatures = {
            public_b64(w): b64encode(w.sign(raw)).decode() for w in self.witnesses[: witnesses or len(self.witnesses)]
        }
        return json.dumps(
            {"index": index, "path": [h.hex() for h in self.tree.path(index, 0, size)], "said": said, "sig": signatures}
        )

    # Receipts

    def index(self, receipt: str) -> int:
        try:
            return int(json.loads(receipt)["index"])
        except (ValueError, KeyError, TypeError):
            raise KeeperRefused(Refusal.NO_PROOF, "no proof") from None

    def included(self, receipt: str, leaf: bytes) -> None:
        told = json.loads(receipt)
        path = [bytes.fromhex(each) for each in told["path"]]
        try:
            found = climbed(told["index"], told["said"]["size"], sha256(b"\0" + leaf).digest(), path)
        except IndexError:
            found = b""
        if found.hex() != told["said"]["root"]:
            raise KeeperRefused(Refusal.NO_PROOF, "not in the log")

    def cosigned(self, receipt: str, now_ms: int) -> None:
        told = json.loads(receipt)
        raw, good = canonical(told["said"]), set()
        for key, signature in told["sig"].items():
            if key in self.keys:
                try:
                    public_key(key).verify(b64decode(signature), raw)
                except InvalidSignature:
                    continue
                good.add(key)
        if len(good) < self.quorum:
            raise KeeperRefused(Refusal.NO_QUORUM, "too few")
        if now_ms - told["said"]["at"] > FRESH_MS:
            raise KeeperRefused(Refusal.STALE, "stale")
