"""The hub's tables. Times are epoch milliseconds UTC (`*_ms`), sizes are bytes of sealed files on disk.

`segments`, `sheets`, `clips` and `clip_parts` are an index: they can be rebuilt from the vault's file names. Serve is
the only writer; the command line adds and removes cameras. The database refuses what no Nightlatch writes (CHECK).
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nightlatch.domain.context import Mode, Site
from nightlatch.domain.mode import SetBy
from nightlatch.store.records import one_of


class HubTables(DeclarativeBase):
    """All tables of hub.db."""


class HouseholdRow(HubTables):
    """At most one: whose house this is. Holds public keys and a wrapped root that the hub cannot unwrap."""

    __tablename__ = "households"
    __table_args__ = (CheckConstraint("one = 1", name="household_one"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # lower-case hex, random
    one: Mapped[int] = mapped_column(Integer, unique=True, default=1)  # always 1: a second row is impossible
    name: Mapped[str] = mapped_column(String(80))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    recipient: Mapped[str] = mapped_column(String(80))  # age1…
    signing_key: Mapped[str] = mapped_column(String(64))  # b64 Ed25519 public
    kdf: Mapped[str] = mapped_column(Text)  # JSON, as the browser made it
    login_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    wrapped_root: Mapped[str] = mapped_column(Text)  # b64, opaque to the hub
    enrolment: Mapped[str | None] = mapped_column(Text)  # b64 owner's signature over the cloud enrolment statement
    enrolled_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the cloud accepted it


class SessionRow(HubTables):
    """A signed-in device of the household."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))  # of the device
    created_ms: Mapped[int] = mapped_column(BigInteger)
    last_seen_ms: Mapped[int] = mapped_column(BigInteger)
    unalerted_ms: Mapped[int | None] = mapped_column(BigInteger)  # when alerts to it were given up; None: never


class TriesRow(HubTables):
    """Failed sign-ins per address (or "*" for all), so that a restart does not forget them."""

    __tablename__ = "tries"

    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_ms: Mapped[int] = mapped_column(BigInteger)


class CameraRow(HubTables):
    """A camera. `url` and `sub_url` may hold its password: they stay in this file."""

    __tablename__ = "cameras"
    __table_args__ = (
        CheckConstraint("transport IN ('tcp', 'udp')", name="camera_transport"),
        CheckConstraint("quota_bytes >= 0", name="camera_quota"),
        CheckConstraint("enabled IN (0, 1)", name="camera_enabled"),
        CheckConstraint("demo IN (0, 1)", name="camera_demo"),
        CheckConstraint("private IN (0, 1)", name="camera_private"),
        CheckConstraint("removed IN (0, 1)", name="camera_removed"),
    )

    id: Mapped[str] = mapped_column(String(12), primary_key=True)  # lower-case hex; names a vault folder
    name: Mapped[str] = mapped_column(String(80), unique=True)
    url: Mapped[str] = mapped_column(Text)
    sub_url: Mapped[str | None] = mapped_column(Text)
    transport: Mapped[str] = mapped_column(String(3), default="tcp")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    demo: Mapped[bool] = mapped_column(Boolean, default=False)
    areas: Mapped[str] = mapped_column(Text, default="[]")  # JSON list of {name, use, points, dwell_s}
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    private: Mapped[bool] = mapped_column(Boolean, default=False)  # bedroom, bathroom, children: never gives a clip
    removed: Mapped[bool] = mapped_column(Boolean, default=False)  # gone for the owner; its kept footage ages out
    site: Mapped[Site | None] = mapped_column(one_of(Site, "camera_site", 10))  # where it is; None: nobody has said


class ModeRow(HubTables):
    """At most one: what the household is doing, and who said so. None: nobody has, so it is home."""

    __tablename__ = "modes"
    __table_args__ = (
        CheckConstraint("one = 1", name="mode_one"),
        CheckConstraint("held IN (0, 1) AND NOT (held = 1 AND until_ms IS NOT NULL)", name="mode_held"),
    )

    one: Mapped[int] = mapped_column(Integer, primary_key=True, default=1)
    mode: Mapped[Mode] = mapped_column(one_of(Mode, "mode_mode", 5))
    since_ms: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[SetBy] = mapped_column(one_of(SetBy, "mode_by", 8))
    device: Mapped[str | None] = mapped_column(String(80))  # whose hand it was, as the device is called
    until_ms: Mapped[int | None] = mapped_column(BigInteger)  # the next change of the schedule; None: there is none
    held: Mapped[bool] = mapped_column(Boolean, default=False)  # until somebody changes it, whatever the schedule says


class ModeSpanRow(HubTables):
    """Hours of the week in which the mode is night or away, on the wall clock of the house."""

    __tablename__ = "mode_spans"
    __table_args__ = (
        CheckConstraint("mode IN ('night', 'away')", name="mode_span_mode"),
        CheckConstraint("days BETWEEN 1 AND 127", name="mode_span_days"),
        CheckConstraint("from_min BETWEEN 0 AND 1439 AND to_min BETWEEN 0 AND 1439", name="mode_span_minutes"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    mode: Mapped[str] = mapped_column(String(5))
    days: Mapped[int] = mapped_column(Integer)  # on which it begins: the sum of 1 for Monday, 2, 4 … 64 for Sunday
    from_min: Mapped[int] = mapped_column(Integer)  # after midnight
    to_min: Mapped[int] = mapped_column(Integer)  # of the next day, where it is not later


class SegmentRow(HubTables):
    """A sealed segment in the vault."""

    __tablename__ = "segments"
    __table_args__ = (
        Index("segments_by_time", "camera_id", "began_ms", "duration_ms", "bytes"),  # a day is read without its rows
        CheckConstraint("duration_ms >= 0 AND bytes >= 0", name="segment_sizes"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(12))
    began_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(Text, unique=True)  # relative to the vault


class SheetRow(HubTables):
    """A sealed minute of stills in the vault."""

    __tablename__ = "sheets"
    __table_args__ = (
        Index("sheets_by_time", "camera_id", "began_ms", "duration_ms"),
        CheckConstraint("duration_ms >= 0 AND bytes >= 0", name="sheet_sizes"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(12))
    began_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(Text, unique=True)


class ClipRow(HubTables):
    """A clip cut for an event; it grows while `open`."""

    __tablename__ = "clips"
    __table_args__ = (
        Index("clips_by_time", "camera_id", "onset_ms"),
        Index("clips_by_onset", "onset_ms"),
        CheckConstraint("open IN (0, 1) AND open = (ended_ms IS NULL)", name="clip_open"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(12))
    event_id: Mapped[str] = mapped_column(String(16))
    onset_ms: Mapped[int] = mapped_column(BigInteger)
    began_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    open: Mapped[bool] = mapped_column(Boolean, default=True)


class ClipPartRow(HubTables):
    """One sealed object of a clip: `manifest`, `still`, `part-0000`… or `sub-0000`…; also the outbox of the uplink."""

    __tablename__ = "clip_parts"
    __table_args__ = (
        Index("clip_parts_unsent", "sent_version", "version"),
        Index("clip_parts_waiting", "clip_id", sqlite_where=text("version > sent_version AND refused IS NULL")),
        Index("clip_parts_sizes", "clip_id", "bytes", "sent_version"),
        CheckConstraint("version >= 1 AND sent_version >= 0 AND bytes >= 0", name="clip_part_versions"),
    )

    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)  # counts rewrites of the manifest
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    sent_version: Mapped[int] = mapped_column(
        Integer, default=0
    )  # what the cloud has; version > sent_version is waiting
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
    refused: Mapped[str | None] = mapped_column(Text)  # why the cloud will never take it


class OutageRow(HubTables):
    """A stretch in which a camera was not recorded, and why."""

    __tablename__ = "outages"
    __table_args__ = (CheckConstraint("ended_ms >= began_ms", name="outage_ends"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(12), index=True)
    began_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(24))


class PushRow(HubTables):
    """A browser that the owner asked to be alerted. The keys are the browser's; only it can read what is sent."""

    __tablename__ = "push"
    __table_args__ = (CheckConstraint("failures >= 0", name="push_failures"),)

    endpoint: Mapped[str] = mapped_column(Text, primary_key=True)  # a URL at the browser maker's push service
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    p256dh: Mapped[str] = mapped_column(String(120))  # base64url, the browser's public key (RFC 8291)
    auth: Mapped[str] = mapped_column(String(40))  # base64url
    verdicts: Mapped[str] = mapped_column(Text)  # JSON list of what alerts
    created_ms: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer, default=0)  # in a row


class RemarkRow(HubTables):
    """What the owner noted about an event ("not right?"), sealed in the browser; goes when its clip goes."""

    __tablename__ = "remarks"

    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    changed_ms: Mapped[int] = mapped_column(BigInteger)


class ProgrammeRow(HubTables):
    """A programme that the household ever joined, as its invitation describes it. At most one is not left."""

    __tablename__ = "programmes"
    __table_args__ = (CheckConstraint("left_ms IS NULL OR left_ms >= 0", name="programme_left"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)  # hex, of what the invitation says
    invitation: Mapped[str] = mapped_column(Text)  # JSON, as it was pasted: address, keys, notice
    joined_ms: Mapped[int] = mapped_column(BigInteger)
    left_ms: Mapped[int | None] = mapped_column(BigInteger)


class DonationRow(HubTables):
    """A clip that the owner gave, and whether it was taken back. Outlives the clip itself."""

    __tablename__ = "donations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # hex, the keeper's
    programme_id: Mapped[str | None] = mapped_column(ForeignKey("programmes.id"))  # None: left before 0.4
    camera_id: Mapped[str] = mapped_column(String(12))
    onset_ms: Mapped[int] = mapped_column(BigInteger)  # of the event it was cut from
    length_ms: Mapped[int] = mapped_column(Integer)
    consent: Mapped[str] = mapped_column(Text)  # JSON {record, signature}, as the owner signed it
    consent_sha256: Mapped[str] = mapped_column(String(64))  # hex, of the record's canonical bytes
    given_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    arrived_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the keeper said that it has the clip
    not_taken: Mapped[str | None] = mapped_column(Text)  # why the keeper says that it has not got the clip
    withdrawn_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the owner took it back
    withdrawal: Mapped[str | None] = mapped_column(Text)  # JSON {record, signature}; None also for one of before 0.4
    refused_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the keeper first said that it refuses views
    shred_by_ms: Mapped[int | None] = mapped_column(BigInteger)  # the deadline that the keeper first named
    shredded_ms: Mapped[int | None] = mapped_column(BigInteger)
    proven_ms: Mapped[int | None] = mapped_column(BigInteger)  # when this hub found the refusal proven in the log
    proven_index: Mapped[int | None] = mapped_column(BigInteger)  # where, in the log


class LetterKind(StrEnum):
    """What a letter to a programme is."""

    GIVE = "give"  # the head of a clip; the sealed clip lies beside the books
    WITHDRAW = "withdraw"
    COSIGN = "cosign"


class OutboxRow(HubTables):
    """A letter that must arrive at a programme, and how that is going. It goes when it is answered or pointless."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("programme_id", "kind", "about", name="outbox_once"),
        CheckConstraint("tries >= 0", name="outbox_tries"),
        {"sqlite_autoincrement": True},  # a sender that remembers a letter never takes another for it
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    programme_id: Mapped[str] = mapped_column(ForeignKey("programmes.id"))
    kind: Mapped[LetterKind] = mapped_column(one_of(LetterKind, "outbox_kind", 8))
    about: Mapped[str] = mapped_column(String(200))  # a donation; the origin of a log
    content: Mapped[bytes] = mapped_column(LargeBinary)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    last_ms: Mapped[int | None] = mapped_column(BigInteger)  # of the last try
    answer: Mapped[str | None] = mapped_column(Text)  # to it, as a sentence
