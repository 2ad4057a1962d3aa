"""What is said at the keeper's door: what comes in, what goes out, and what the keeper asks of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from nightlatch.domain.consent import Consented
from nightlatch.domain.redaction import RedactionReport
from nightlatch.domain.view import View
from nightlatch.keeper.events import EntryKind
from nightlatch.keeper.reading import News
from nightlatch.seal.envelope import Sealed, SealedFile


class Ledger(Protocol):
    """Where the keeper's own entries go, and where the draw's chance comes from."""

    def append(self, leaf: bytes) -> int:
        """The index of the leaf, once it is durable. Raises `NightlatchError` when the log does not take it."""
        ...

    def receipt(self, index: int) -> str:
        """A fresh receipt of an entry. Raises `NightlatchError` when there is none to be had soon."""
        ...

    def follow(self) -> None:
        """Learn of what the log has begun since: another part, other keys. Raises `KeeperRefused`."""
        ...

    def root(self, now_ms: int) -> Anchor:
        """The newest checkpoint that is cosigned and fresh. Raises `KeeperRefused`."""
        ...

    def news(self, seen: bytes, now_ms: int, wants: Callable[[bytes], bool]) -> News:
        """What is new in the log after `seen` (empty: all of it), of what is wanted. Raises `KeeperRefused`."""
        ...

    def enrol(self, slot: str, witness: str) -> None:
        """Let a household's hub cosign, in its one slot (32 hex digits). Raises `NightlatchError`."""
        ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """The root hash that a draw hangs on, and the signed and cosigned note that it is from."""

    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class DonationKey:
    """A donation that waits for its clip, and the age recipient to seal it to."""

    donation: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """The head of a gift: all but its film, and what the film will be."""

    donation: str
    consented: Consented
    report: RedactionReport
    log_key: bytes = field(repr=False)
    owner_recipient: str
    sealed_sha256: str
    sealed_bytes: int

    def with_film(self, sealed: SealedFile) -> Gift:
        """The gift, once its film has come."""
        return Gift(self.donation, self.consented, sealed, self.report, self.log_key, self.owner_recipient)


@dataclass(frozen=True, slots=True)
class Gift:
    """What arrives for a donation. `log_key` (32 bytes) makes the owner's tags; `owner_recipient` reads the entries."""

    donation: str
    consented: Consented
    sealed: SealedFile
    report: RedactionReport
    log_key: bytes = field(repr=False)
    owner_recipient: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """The clip that was drawn, with all that a `view.open` must commit to. Says nothing of whose it is."""

    seq: int
    donation: str
    sealed_sha256: str
    consent_sha256: str
    length_ms: int
    reviewer: str
    device: str
    tag: bytes  # of today


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """A view, the salt of its entry, the leaf, and the receipt (tlog-proof)."""

    view: View
    salt: bytes
    leaf: bytes
    receipt: str


@dataclass(frozen=True, slots=True)
class ViewPass:
    """A view that was let in; the ticket opens one connection, once."""

    view_id: int
    ticket: str = field(repr=False)
    pictures: int


@dataclass(frozen=True, slots=True)
class WithdrawalEntry:
    """The `consent.withdraw` of a clip, open for its hub; without an index it is not in the log yet."""

    leaf: bytes
    event: bytes  # canonical; the leaf commits to it, with the salt
    salt: bytes
    index: int | None
    receipt: str | None  # tlog-proof, fresh; None while the log gives none


@dataclass(frozen=True, slots=True)
class Revocation:
    """A revocation: refused from `refused_ms` on; the key is gone by `shred_by_ms`, or was at `shredded_ms`.

    `entry` is None for a donation whose clip never came: the log knows nothing of it.
    """

    refused_ms: int
    shred_by_ms: int
    shredded_ms: int | None
    entry: WithdrawalEntry | None


@dataclass(frozen=True, slots=True)
class OwnersEntry:
    """An entry about the owner's clip; `sealed_event` is an age file for the owner. No index yet: not in the log."""

    kind: EntryKind
    leaf: bytes
    leaf_index: int | None
    due_ms: int
    sealed_event: Sealed
