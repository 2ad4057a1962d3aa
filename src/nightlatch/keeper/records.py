"""The keeper's tables, in a SQLite database of its own. This file is in the backup set; `halves/` is not."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nightlatch.domain.donation import State
from nightlatch.keeper.draw import DrawEnd
from nightlatch.keeper.events import EntryKind
from nightlatch.store.records import one_of


class KeeperTables(DeclarativeBase):
    """All tables of the keeper."""


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


class RosterRow(KeeperTables):
    """A passkey that two administrators enrolled."""

    __tablename__ = "passkeys"

    credential: Mapped[str] = mapped_column(String(400), primary_key=True)  # b64url
    public_key: Mapped[str] = mapped_column(String(800))  # b64url COSE
    reviewer: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(64))
    sign_count: Mapped[int]
    changed_ms: Mapped[int] = mapped_column(BigInteger)
    removed: Mapped[bool] = mapped_column(Boolean(create_constraint=True, name="passkey_removed"))


class PromiseRow(KeeperTables):
    """A policy that two administrators signed; the newest is what the programme promises."""

    __tablename__ = "promises"

    at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event: Mapped[bytes] = mapped_column(LargeBinary)
