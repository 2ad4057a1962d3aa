"""What the keeper asks of a receipt, in the words of its checks; the ledger does the proving."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from nightlatch.errors import ConfigError
from nightlatch.keeper.reading import Check, News, read_news, read_seen
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import Anchor
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.following import Following
from nightlatch.ledger.merkle import is_included, leaf_hash
from nightlatch.ledger.parts import Position
from nightlatch.ledger.policy import Policy, check_note, fresh_among
from nightlatch.ledger.proof import read_proof
from nightlatch.seal.note import Verifier

RECEIPT_WITHIN_S = 5.0  # an owner who takes back waits for it
_NAMES = {
    Why.WRONG_ORIGIN: Refusal.WRONG_LOG,
    Why.NOT_SIGNED: Refusal.WRONG_LOG,
    Why.NO_QUORUM: Refusal.NO_QUORUM,
    Why.STALE: Refusal.STALE,
}


@dataclass(frozen=True, slots=True)
class LedgerReceipts:
    """Receipts of one log, each under the policy of its part. Raises `ConfigError` for a policy without a witness."""

    policy: Policy  # of part 0
    parts: Following = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", Following(self.policy))
        if self.policy.quorum < 1:
            raise ConfigError("The keeper wants at least one witness: set quorum in the log's policy to 1 or more.")

    def index(self, receipt: str) -> int:
        """The position of the leaf that this receipt speaks of. Raises `KeeperRefused`."""
        with _in_our_words():
            return self.parts.position(receipt)

    def included(self, receipt: str, leaf: bytes) -> None:
        """Raises `KeeperRefused` unless exactly this leaf is in the tree of a checkpoint that the log signed."""
        with _in_our_words():
            proof = read_proof(receipt)
            checkpoint, _ = open_checkpoint(proof.note, self.parts.part_of(proof.note).policy.log)
        if not is_included(leaf_hash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root):
            raise KeeperRefused(Refusal.NO_PROOF, "The proof is for another entry: this one is not in the log.")

    def cosigned(self, receipt: str, now_ms: int) -> None:
        """Raises `KeeperRefused` unless the quorum cosigned the receipt's checkpoint, lately."""
        with _in_our_words():
            note = read_proof(receipt).note
            check_note(note, self.parts.part_of(note).policy, now_ms)

    def hubs_in(self, receipt: str, hubs: Collection[Verifier], now_ms: int) -> frozenset[Verifier]:
        """Which of these hubs cosigned the receipt's checkpoint, lately. Raises `KeeperRefused`."""
        with _in_our_words():
            return self.hubs_under(read_proof(receipt).note, hubs, now_ms)

    def hubs_under(self, note: str, hubs: Collection[Verifier], now_ms: int) -> frozenset[Verifier]:
        """The same of a checkpoint."""
        with _in_our_words():
            return fresh_among(note, hubs, self.parts.part_of(note).policy, now_ms)

    def checkpoint(self, note: bytes | str, now_ms: int) -> Checkpoint:
        """A checkpoint that the quorum cosigned, lately. Raises `KeeperRefused`."""
        with _in_our_words():
            return check_note(note, self.parts.part_of(note).policy, now_ms).checkpoint

    def of_part(self, now_ms: int) -> Check:
        """What checks a checkpoint of a part of the log: cosigned by the quorum of the part's own policy."""

        def check(note: bytes, policy: Policy, is_fresh: bool) -> Checkpoint:
            with _in_our_words():
                return check_note(note, policy, now_ms if is_fresh else None).checkpoint

        return check


class LedgerLog:
    """The log over HTTP: takes the keeper's entries, and shows the checkpoint whose root the draw hangs on."""

    def __init__(self, client: LogClient, receipts: LedgerReceipts) -> None:
        self._client, self._receipts = client, receipts
        self._newest: tuple[int, str] = (0, "")  # position behind the last checkpoint that held, and its note

    def append(self, leaf: bytes) -> int:
        """The index of the leaf, once it is durable. Raises `LedgerError`."""
        return self._client.append(leaf).index

    def receipt(self, index: int) -> str:
        """A fresh receipt of an entry, or soon none. Raises `LedgerError`."""
        return replace(self._client, within_s=RECEIPT_WITHIN_S).receipt(index)

    def enrol(self, slot: str, witness: str) -> None:
        """Let a household's hub cosign. Raises `LedgerError`."""
        self._client.enrol(slot, witness)

    def news(self, seen: bytes, now_ms: int, wants: Callable[[bytes], bool]) -> News:
        """What is new in the log after `seen`, of what is wanted. Raises `KeeperRefused`."""
        try:
            with _in_our_words():
                return read_news(
                    self._client.file, self._receipts.of_part(now_ms), read_seen(seen, self._receipts.policy), wants
                )
        except LedgerError as error:
            raise KeeperRefused(Refusal.NO_QUORUM, str(error)) from None

    def root(self, now_ms: int) -> Anchor:
        """The newest checkpoint that is cosigned and fresh. Raises `KeeperRefused`, also for a shorter log.

        While witnesses are still at the newest one, the one before serves as long as it is fresh.
        """
        size, before = self._newest
        note = self._read_newest()
        try:
            checkpoint = self._receipts.checkpoint(note, now_ms)
        except KeeperRefused as refusal:
            if refusal.refusal is not Refusal.NO_QUORUM or not before:
                raise
            return Anchor(self._receipts.checkpoint(before, now_ms).root, before)
        behind = int(Position(self._receipts.parts.part_of(note).number, checkpoint.size))
        if behind < size:
            raise KeeperRefused(Refusal.WRONG_LOG, "The log has become shorter than it was. Tell its witnesses.")
        self._newest = (behind, note)
        return Anchor(checkpoint.root, note)

    def follow(self) -> None:
        """Learn of parts that were begun since. Raises `KeeperRefused` while the log does not show them."""
        self._read_newest()

    def _read_newest(self) -> str:
        """The note of the newest part's checkpoint, of a part that is known. Raises `KeeperRefused`."""
        try:
            with _in_our_words():
                note = self._client.newest()
                if not self._receipts.parts.knows(note):
                    self._receipts.parts.follow(self._client)
                return note
        except LedgerError as error:
            raise KeeperRefused(Refusal.NO_QUORUM, str(error)) from None


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """The keeper's name for what the ledger found wrong."""
    try:
        yield
    except Unproven as error:
        raise KeeperRefused(_NAMES.get(error.why, Refusal.NO_PROOF), str(error)) from None
