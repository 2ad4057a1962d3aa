"""The cloud's tables: household ids, public keys, times and sizes. Nothing else is known here."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class MailboxTables(DeclarativeBase):
    """All tables of the mailbox."""


class AccountRow(MailboxTables):
    """A household by its random id."""

    __tablename__ = "households"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    hub_key: Mapped[str] = mapped_column(String(44), unique=True)  # b64 Ed25519 public
    owner_key: Mapped[str] = mapped_column(String(44), index=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class MailboxClipRow(MailboxTables):
    """A clip: an opaque id, and when the first of its objects came."""

    __tablename__ = "clips"
    __table_args__ = (Index("clips_by_age", "created_ms"),)

    household_id: Mapped[str] = mapped_column(ForeignKey("households.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)  # cloud's clock


class ObjectRow(MailboxTables):
    """One sealed object of a clip. None is empty: a size below 1 would give a household room that it does not have."""

    __tablename__ = "objects"
    __table_args__ = (CheckConstraint("bytes > 0", name="object_bytes"),)

    household_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    clip_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    blob: Mapped[str] = mapped_column(String(80))  # random name in the blob store
    bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class RetiredHubRow(MailboxTables):
    """A hub's key that the owner has replaced; its old statement does not bring it back."""

    __tablename__ = "retired_hubs"

    hub_key: Mapped[str] = mapped_column(String(44), primary_key=True)
    household_id: Mapped[str] = mapped_column(String(32))
    retired_ms: Mapped[int] = mapped_column(BigInteger)


class NonceRow(MailboxTables):
    """A request by a known key that has already been answered."""

    __tablename__ = "nonces"

    key: Mapped[str] = mapped_column(String(44), primary_key=True)  # b64 Ed25519 public
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_s: Mapped[int] = mapped_column(BigInteger, index=True)  # sender's clock, within the window of ours
