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


def root_of(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + root_of(hashes[:k]) + root_of(hashes[k:])).digest()


def path_of(m: int, hashes: list[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    k = 1 << (len(hashes) - 1).bit_length() - 1
    if m < k:
        return [*path_of(m, hashes[:k]), root_of(hashes[k:])]
    return [*path_of(m - k, hashes[k:]), root_of(hashes[:k])]


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
        self.clock, self.leaves, self.quorum = clock, [], quorum
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
        return len(self.leaves) - 1

    def hashes(self) -> list[bytes]:
        return [sha256(b"\0" + leaf).digest() for leaf in self.leaves]

    def root(self, now_ms: int) -> bytes:
        if not self.leaves:
            raise KeeperRefused(Refusal.NO_QUORUM, "no log")
        return root_of(self.hashes())

    def proof(self, index: int, witnesses: int | None = None) -> str:
        hashes = self.hashes()
        said = {"at": self.clock.now_ms(), "root": root_of(hashes).hex(), "size": len(hashes)}
        raw = canonical(said)
        signatures = {
            public_b64(w): b64encode(w.sign(raw)).decode() for w in self.witnesses[: witnesses or len(self.witnesses)]
        }
        return json.dumps(
            {"index": index, "path": [h.hex() for h in path_of(index, hashes)], "said": said, "sig": signatures}
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
