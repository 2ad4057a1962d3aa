"""The review room's tables: who may review, what two administrators signed, what was seen, what was said of it.

Nothing here names a household, an owner or a camera, and no table holds a picture or a key that opens one.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from sqlalchemy import BigInteger, Engine, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nightlatch.review.settings import ReviewSettings
from nightlatch.store import records
from nightlatch.store.records import one_of

MIGRATIONS = Path(__file__).with_name("migrations")


class ChangeKind(StrEnum):
    """What a change is about; the log's entry is of this kind, too."""

    ROSTER = "roster"
    POLICY = "policy"


class PasskeyState(StrEnum):
    """Where a passkey is. Only an enrolled one opens the door."""

    ASKED = "asked"
    ENROLLED = "enrolled"
    REMOVED = "removed"


class ReviewTables(DeclarativeBase):
    """All tables of the review room."""


class AdministratorRow(ReviewTables):
    """Who signs for the programme. Two of them make a change."""

    __tablename__ = "administrators"

    key: Mapped[str] = mapped_column(String(44), primary_key=True)  # b64 Ed25519 public
    name: Mapped[str] = mapped_column(String(60), unique=True)
    added_ms: Mapped[int] = mapped_column(BigInteger)


class ChangeRow(ReviewTables):
    """A change of roster or policy: proposed, signed by two, then entered into the log, then told to the keeper."""

    __tablename__ = "changes"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    kind: Mapped[ChangeKind] = mapped_column(one_of(ChangeKind, "change_kind", 10))
    event: Mapped[bytes] = mapped_column(LargeBinary)  # JCS; what is signed and committed to
    proposed_ms: Mapped[int] = mapped_column(BigInteger)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    leaf: Mapped[bytes | None] = mapped_column(LargeBinary)
    leaf_index: Mapped[int | None] = mapped_column(BigInteger)  # set once the log holds it
    told_ms: Mapped[int | None] = mapped_column(BigInteger)  # the keeper took it (roster), or it holds (policy)


class SignatureRow(ReviewTables):
    """One administrator's signature under one change."""

    __tablename__ = "signatures"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("administrators.key"), primary_key=True)
    signature: Mapped[str] = mapped_column(String(88))  # b64 Ed25519 over the change's event
    at_ms: Mapped[int] = mapped_column(BigInteger)


class InviteRow(ReviewTables):
    """A link that lets one person make a passkey, once. The passkey opens nothing until two have signed for it."""

    __tablename__ = "invites"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    reviewer: Mapped[str] = mapped_column(String(64))  # pseudonym
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)


class PasskeyRow(ReviewTables):
    """A reviewer's passkey."""

    __tablename__ = "passkeys"

    credential: Mapped[str] = mapped_column(String(400), primary_key=True)  # b64url
    public_key: Mapped[str] = mapped_column(String(800))  # b64url COSE
    reviewer: Mapped[str] = mapped_column(String(64), index=True)
    device: Mapped[str] = mapped_column(String(64))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[PasskeyState] = mapped_column(one_of(PasskeyState, "passkey_state", 10))
    changed_ms: Mapped[int] = mapped_column(BigInteger)


class DonatedClipRow(ReviewTables):
    """A donated clip as far as the review room knows it."""

    __tablename__ = "clips"

    donation: Mapped[str] = mapped_column(String(32), primary_key=True)  # 32 hex digits
    length_ms: Mapped[int] = mapped_column(Integer)
    first_seen_ms: Mapped[int] = mapped_column(BigInteger)
    enough_ms: Mapped[int | None] = mapped_column(BigInteger)  # no further label is wanted
    flagged_ms: Mapped[int | None] = mapped_column(BigInteger)
    flagged_by: Mapped[str | None] = mapped_column(String(64))


class AnswerRow(ReviewTables):
    """The known answer of a clip that the programme gave itself (a honeypot). Never joined to what a page asks for."""

    __tablename__ = "answers"

    donation: Mapped[str] = mapped_column(String(32), primary_key=True)
    label: Mapped[str] = mapped_column(Text)  # JSON
    added_ms: Mapped[int] = mapped_column(BigInteger)


class LookRow(ReviewTables):
    """One view of one clip by one reviewer, and what was said of it: a draft until `submitted_ms`."""

    __tablename__ = "looks"
    __table_args__ = (Index("looks_of_a_clip", "donation"), Index("looks_of_a_reviewer", "reviewer", "opened_ms"))

    view: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # the keeper's
    donation: Mapped[str] = mapped_column(ForeignKey("clips.donation"))
    reviewer: Mapped[str] = mapped_column(String(64))
    opened_ms: Mapped[int] = mapped_column(BigInteger)
    tag: Mapped[bytes] = mapped_column(LargeBinary)  # of the `view.open` leaf; the label's entry carries it too
    label: Mapped[str | None] = mapped_column(Text)  # JSON
    saved_ms: Mapped[int | None] = mapped_column(BigInteger)
    submitted_ms: Mapped[int | None] = mapped_column(BigInteger)
    skipped_ms: Mapped[int | None] = mapped_column(BigInteger)
    undone_ms: Mapped[int | None] = mapped_column(BigInteger)  # a label was taken back, once; the entry says so
    leaf: Mapped[bytes | None] = mapped_column(LargeBinary)  # the label's entry, kept before it is sent
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    leaf_index: Mapped[int | None] = mapped_column(BigInteger)
    receipt: Mapped[str | None] = mapped_column(Text)  # tlog-proof; what is said counts while all of this fits


def open_records(settings: ReviewSettings) -> Engine:
    """The database, migrated. Raises `ConfigError`."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    records.migrate(settings.records, MIGRATIONS)
    return records.engine(settings.records, durable=True)
