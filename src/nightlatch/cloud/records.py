"""The cloud's tables: household ids, public keys, times and sizes; and, where an owner asked for it, sealed letters to
devices with the addresses of these. Nothing else is known here."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
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


class VigilRow(MailboxTables):
    """A household that wants its devices told when its hub falls silent. Whether it is, no clock of here decides."""

    __tablename__ = "vigils"
    __table_args__ = (CheckConstraint("after_s > 0 AND signs >= 0", name="vigil_counts"),)

    household_id: Mapped[str] = mapped_column(ForeignKey("households.id", ondelete="CASCADE"), primary_key=True)
    after_s: Mapped[int] = mapped_column(Integer)  # of silence
    signs: Mapped[int] = mapped_column(BigInteger)  # signs of life so far; a new one is what keeps the letters here
    heard_ms: Mapped[int] = mapped_column(BigInteger)  # the newest, by the cloud's clock, to say when that was
    told_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the first letter of this silence was taken


class LetterRow(MailboxTables):
    """A push message that a hub wrote in advance: sealed to a device, which is known here by its address only."""

    __tablename__ = "letters"
    __table_args__ = (CheckConstraint("tries >= 0", name="letter_tries"),)

    household_id: Mapped[str] = mapped_column(ForeignKey("vigils.household_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    endpoint: Mapped[str] = mapped_column(String(1000))
    token: Mapped[str] = mapped_column(String(1200))  # the hub's Authorization for the push service, hours at most
    body: Mapped[bytes] = mapped_column(LargeBinary)  # RFC 8291
    tries: Mapped[int] = mapped_column(Integer, default=0)


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
