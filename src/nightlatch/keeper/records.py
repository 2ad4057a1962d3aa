"""The keeper's tables, in a SQLite database of its own. This file is in the backup set; `halves/` is not.

What decides carries its proof (a consent, a withdrawal, a change that two signed), and every row is stamped: see
`nightlatch.keeper.stamps`. The groups of a row are what is asked for as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nightlatch.domain.donation import State
from nightlatch.keeper.draw import DrawEnd
from nightlatch.keeper.events import EntryKind
from nightlatch.store.records import one_of

Group: TypeAlias = tuple[str | bytes | int, ...]


class KeeperTables(DeclarativeBase):
    """All tables of the keeper."""

    def groups(self) -> Iterable[Group]:
        """The groups of rows that this one is in."""
        return ()


def entry_of(leaf: bytes) -> Group:
    """The entries with this leaf: one, or none."""
    return "entry", sha256(leaf).digest()


def change_of(leaf: bytes) -> Group:
    """The changes with this leaf: one, or none."""
    return "change", sha256(leaf).digest()


class KeptDonationRow(KeeperTables):
    """One donated clip and its wrapped key. Owner's words come signed; the rest is the keeper's."""

    __tablename__ = "donations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[State] = mapped_column(one_of(State, "donation_state", 12), index=True)
    recipient: Mapped[str] = mapped_column(String(80))  # age1…, the hub seals to it
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # AES-256-GCM; None once shredded
    made_ms: Mapped[int] = mapped_column(BigInteger)
    signed_consent: Mapped[bytes | None] = mapped_column(LargeBinary)
    household: Mapped[str | None] = mapped_column(String(64), index=True)  # hex SHA-256 of the owner's key
    owner_recipient: Mapped[str | None] = mapped_column(String(80))  # age1…, events are sealed to it
    log_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # makes the owner's tags
    sealed_sha256: Mapped[str | None] = mapped_column(String(64))
    admitted_ms: Mapped[int | None] = mapped_column(BigInteger)
    expires_ms: Mapped[int | None] = mapped_column(BigInteger)
    signed_withdrawal: Mapped[bytes | None] = mapped_column(LargeBinary)
    withdrawn_ms: Mapped[int | None] = mapped_column(BigInteger)
    shredded_ms: Mapped[int | None] = mapped_column(BigInteger)
    flagged_ms: Mapped[int | None] = mapped_column(BigInteger)

    def groups(self) -> Iterable[Group]:
        return ("state", self.state), ("household", self.household or "")


class DrawRow(KeeperTables):
    """A draw that was made; see `nightlatch.keeper.draw`."""

    __tablename__ = "draws"
    __table_args__ = (Index("draws_of_a_day", "reviewer", "day"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    reviewer: Mapped[str] = mapped_column(String(64))
    day: Mapped[int]
    n: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary)
    donation_id: Mapped[str] = mapped_column(ForeignKey("donations.id"))
    drawn_ms: Mapped[int] = mapped_column(BigInteger)
    ended: Mapped[DrawEnd | None] = mapped_column(one_of(DrawEnd, "draw_end", 8))  # None while it stands

    def groups(self) -> Iterable[Group]:
        return (("draws", self.reviewer, self.day),)


class ViewRow(KeeperTables):
    """A view that was let in. Its id is the index of its `view.open` leaf: one leaf, one view."""

    __tablename__ = "views"
    __table_args__ = (Index("views_of_a_day", "reviewer", "day"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(ForeignKey("draws.seq"), unique=True)
    donation_id: Mapped[str] = mapped_column(ForeignKey("donations.id"), index=True)
    household: Mapped[str] = mapped_column(String(64))
    reviewer: Mapped[str] = mapped_column(String(64))
    day: Mapped[int]
    opened_ms: Mapped[int] = mapped_column(BigInteger)
    closed_ms: Mapped[int | None] = mapped_column(BigInteger)

    def groups(self) -> Iterable[Group]:
        return ("views", self.reviewer, self.day), ("viewers", self.donation_id)


class EntryRow(KeeperTables):
    """An entry of the log that an owner may want to read: the event and its salt, sealed to the owner.

    `leaf` is what the keeper still has to append; `leaf_index` is set once the log has it.
    """

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    donation_id: Mapped[str] = mapped_column(ForeignKey("donations.id"), index=True)
    kind: Mapped[EntryKind] = mapped_column(one_of(EntryKind, "entry_kind", 20))
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_event: Mapped[bytes] = mapped_column(LargeBinary)  # age file of {"event": …, "salt": b64}
    made_ms: Mapped[int] = mapped_column(BigInteger)
    due_ms: Mapped[int] = mapped_column(BigInteger)
    leaf_index: Mapped[int | None] = mapped_column(BigInteger, index=True)
    open_event: Mapped[bytes | None] = mapped_column(LargeBinary)  # of a withdrawal: as its hub is shown it

    def groups(self) -> Iterable[Group]:
        return (entry_of(self.leaf), *([] if self.leaf_index is not None else [("queued",)]))


class RosterRow(KeeperTables):
    """How often a passkey was used. What lets it in, or puts it out, is the newest change of it that two signed."""

    __tablename__ = "passkeys"

    credential: Mapped[str] = mapped_column(String(400), primary_key=True)  # b64url
    public_key: Mapped[str] = mapped_column(String(800))  # b64url COSE
    reviewer: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(64))
    sign_count: Mapped[int]
    changed_ms: Mapped[int] = mapped_column(BigInteger)
    removed: Mapped[bool] = mapped_column(Boolean(create_constraint=True, name="passkey_removed"))


class ChangeRow(KeeperTables):
    """A change that two administrators signed, with its proof; or a leaf of one that nobody has told this keeper."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(10))  # roster, policy
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    found_ms: Mapped[int] = mapped_column(BigInteger)  # when it was told, or read in the log
    subject: Mapped[str | None] = mapped_column(String(400))  # the passkey of a roster's change
    event: Mapped[bytes | None] = mapped_column(LargeBinary)  # JCS; None: not told
    signatures: Mapped[str | None] = mapped_column(Text)  # JSON: b64 key → b64 signature
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    receipt: Mapped[str | None] = mapped_column(Text)  # tlog-proof

    def groups(self) -> Iterable[Group]:
        told = ("changes", self.kind, self.subject or "") if self.event is not None else ("untold",)
        return change_of(self.leaf), told


class HeadRow(KeeperTables):
    """One row under which all others hold together; see `nightlatch.keeper.stamps`."""

    __tablename__ = "head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1
    number: Mapped[int] = mapped_column(BigInteger)
    closed_day: Mapped[int]
    seen: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)
