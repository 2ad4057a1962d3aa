"""A log with witnesses as the keeper meets it: real tree, real notes, real cosignatures; kept in memory."""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.keeper.proof import LedgerReceipts
from nightlatch.keeper.reading import News, read_news, read_seen
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import Anchor
from nightlatch.ledger.checkpoint import Checkpoint, cosign
from nightlatch.ledger.errors import LedgerError, LogFull
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.proof import Proof
from nightlatch.ledger.tiles import WIDTH, bundle
from nightlatch.seal.note import COSIGNATURE, Note, Signer, make_signer
from tests.clocks import TestClock


class TinyLog:
    __test__ = False

    def __init__(self, clock: TestClock, witnesses: int = 2, origin: str = "nightlatch.example/log") -> None:
        self.clock = clock
        self.leaves: list[bytes] = []
        self.tree = Tree()
        self.signer = make_signer(origin)
        self.witnesses = [make_signer(f"witness-{n}.example", COSIGNATURE) for n in range(witnesses)]
        named = tuple((each.name, each.verifier) for each in self.witnesses)
        self.policy = Policy(self.signer.verifier, named, witnesses)
        self.receipts = LedgerReceipts(self.policy)
        self.is_full = self.is_gone = False
        self.households: dict[str, str] = {}
        self.hubs: list[Signer] = []  # that are about, and cosign

    def append(self, leaf: bytes) -> int:
        if self.is_full:
            raise LogFull("The log is full. Make room.")
        self.leaves.append(leaf)
        self.tree.append(leaf_hash(leaf))
        return len(self.leaves) - 1

    def checkpoint(self, witnesses: int | None = None) -> str:
        told = Checkpoint(self.signer.name, self.tree.size, self.tree.root())
        note = Note(str(told), (self.signer.sign(str(told)),))
        at_s = self.clock.now_ms() // 1000
        signed = [
            cosign(note, each, at_s)
            for each in (*self.witnesses[: len(self.witnesses) if witnesses is None else witnesses], *self.hubs)
        ]
        return str(Note(note.text, (*note.signatures, *signed)))

    def proof(self, index: int, witnesses: int | None = None) -> str:
        return str(Proof(index, tuple(self.tree.inclusion(index, self.tree.size)), self.checkpoint(witnesses)))

    def receipt(self, index: int) -> str:
        if self.is_gone:
            raise LedgerError("The log does not answer.")
        return self.proof(index)

    def follow(self) -> None:
        pass

    def root(self, now_ms: int) -> Anchor:
        if self.is_gone:
            raise KeeperRefused(Refusal.NO_QUORUM, "The log does not answer.")
        note = self.checkpoint()
        return Anchor(self.receipts.checkpoint(note, now_ms).root, note)

    def news(self, seen: bytes, now_ms: int, wants: Callable[[bytes], bool]) -> News:
        if self.is_gone:
            raise KeeperRefused(Refusal.NO_QUORUM, "The log does not answer.")
        return read_news(self.file, self.receipts.of_part(now_ms), read_seen(seen, self.policy), wants)

    def file(self, path: str) -> bytes:
        if path == "checkpoint":
            return self.checkpoint().encode()
        first = int(
            "".join(part.removesuffix(".p").removeprefix("x") for part in path.split("/")[2:5] if part[0] in "x0")
        )
        return bundle(self.leaves[first * WIDTH : (first + 1) * WIDTH])

    def enrol(self, slot: str, witness: str) -> None:
        self.households[slot] = witness

    def leaf(self, index: int) -> bytes:
        return self.leaves[index]

    def delete(self) -> None:
        self.is_gone = True

    def fill_up(self) -> None:
        self.is_full = True

    def make_room(self) -> None:
        self.is_full = False
