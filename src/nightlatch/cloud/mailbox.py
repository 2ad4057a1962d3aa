"""Sealed objects of clips: put by the hub, got and deleted by the owner, gone after the plan's days."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

import structlog
from obstore.exceptions import BaseError
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from nightlatch.cloud.records import AccountRow, MailboxClipRow, ObjectRow
from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.errors import CloudError, NotFound, OverQuota
from nightlatch.seal.envelope import Sealed
from nightlatch.store.blobs import Blobs

_CLIP = re.compile(r"[0-9a-f]{16}\Z")
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
STRAY_AFTER_S = 3600.0

log = structlog.get_logger()


class NameTaken(CloudError):
    """Other bytes are already stored under this name."""


@dataclass(frozen=True, slots=True)
class MailboxObject:
    """One object of a clip, as the mailbox knows it."""

    name: str
    bytes: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class MailboxClip:
    """A clip, as the mailbox knows it."""

    clip: str
    created_ms: int
    expires_ms: int
    bytes: int
    objects: tuple[MailboxObject, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    household: str
    clip: str
    name: str
    bytes: int
    sha256: str
    replace: bool


class Mailbox:
    """All households' clips. Every call names the household that the caller was recognised as."""

    def __init__(self, engine: Engine, blobs: Blobs, clock: Clock, keep_days: int, quota_bytes: int) -> None:
        self._engine = engine
        self._blobs = blobs
        self._clock = clock
        self.keep_ms = keep_days * DAY_MS
        self.quota_bytes = quota_bytes

    def put(self, household: str, clip: str, name: str, body: Sealed, *, replace: bool) -> bool:
        """Store an object; False when exactly these bytes were there. The blob is durable before its row.

        Raises:
            NotFound: names that no hub makes.
            NameTaken: other bytes are there and `replace` was not asked for.
            OverQuota: the household's quota has no room.
        """
        _check_names(clip, name)
        offer = _Offer(household, clip, name, len(body), sha256(body).hexdigest(), replace)
        with Session(self._engine) as session:
            if self._has(session, offer):
                return False
        blob = f"{secrets.token_hex(1)}/{secrets.token_hex(16)}"
        self._blobs.put(blob, body)
        try:
            with Session(self._engine) as session, session.begin():
                _lock(session, household)  # one at a time from here on; others may have put meanwhile
                fresh = not self._has(session, offer)
                unused = self._enter(session, offer, blob) if fresh else blob
        except (NameTaken, OverQuota):
            self._blobs.delete(blob)
            raise
        if unused is not None:
            self._blobs.delete(unused)
        return fresh

    def _has(self, session: Session, offer: _Offer) -> bool:
        """Whether exactly these bytes are held; raises `NameTaken` or `OverQuota` when they cannot be."""
        old = session.get(ObjectRow, (offer.household, offer.clip, offer.name))
        if old is not None and old.sha256 == offer.sha256:
            return True
        if old is not None and not offer.replace:
            raise NameTaken("Other bytes are already stored under this name.")
        used = _used_bytes(session, offer.household)
        if used - (old.bytes if old is not None else 0) + offer.bytes > self.quota_bytes:
            raise OverQuota("The mailbox is full for this household until older clips expire or are deleted.")
        return False

    def _enter(self, session: Session, offer: _Offer, blob: str) -> str | None:
        """Write the rows of an object; the blob that it replaces, if any."""
        now_ms = self._clock.now_ms()
        if session.get(MailboxClipRow, (offer.household, offer.clip)) is None:
            session.add(MailboxClipRow(household_id=offer.household, id=offer.clip, created_ms=now_ms))
            session.flush()
        row = session.get(ObjectRow, (offer.household, offer.clip, offer.name))
        replaced = row.blob if row is not None else None
        if row is None:
            row = ObjectRow(household_id=offer.household, clip_id=offer.clip, name=offer.name)
            session.add(row)
        row.blob, row.bytes, row.sha256, row.created_ms = blob, offer.bytes, offer.sha256, now_ms
        return replaced

    def size(self, household: str, clip: str, name: str) -> int:
        """Bytes of an object. Raises `NotFound`."""
        return self._object(household, clip, name).bytes

    def get(self, household: str, clip: str, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of an object. Raises `NotFound`."""
        blob = self._object(household, clip, name).blob
        try:
            return self._blobs.get(blob, start, end)
        except NotFound:  # replaced since: once more, from its new blob
            now = self._object(household, clip, name).blob
            if now == blob:
                raise
            return self._blobs.get(now, start, end)

    def clips(self, household: str, after_ms: int = 0) -> list[MailboxClip]:
        """The household's clips, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(MailboxClipRow)
                .where(MailboxClipRow.household_id == household, MailboxClipRow.created_ms >= after_ms)
                .order_by(MailboxClipRow.created_ms)
            ).all()
            found: dict[str, list[ObjectRow]] = {}
            for row in session.scalars(select(ObjectRow).where(ObjectRow.household_id == household)):
                found.setdefault(row.clip_id, []).append(row)
        return [
            MailboxClip(
                row.id,
                row.created_ms,
                row.created_ms + self.keep_ms,
                sum(o.bytes for o in found.get(row.id, [])),
                tuple(
                    MailboxObject(o.name, o.bytes, o.created_ms)
                    for o in sorted(found.get(row.id, []), key=lambda o: o.name)
                ),
            )
            for row in rows
            if row.created_ms + self.keep_ms > self._clock.now_ms()
        ]

    def used_bytes(self, household: str) -> int:
        """Bytes that a household has here."""
        with Session(self._engine) as session:
            return _used_bytes(session, household)

    def delete(self, household: str, clip: str | None = None) -> int:
        """Delete one clip, or all, at once; how many there were."""
        with Session(self._engine) as session:
            query = select(MailboxClipRow.id).where(MailboxClipRow.household_id == household)
            if clip is not None:
                _check_names(clip)
                query = query.where(MailboxClipRow.id == clip)
            doomed = list(session.scalars(query))
        for clip_id in doomed:
            self._drop(household, clip_id)
        return len(doomed)

    def expire(self, held_ms: int = 0) -> int:
        """Delete every clip past its plan's days; how many.

        `held_ms`: how far the clock is known to have jumped ahead (`domain.time.Leaps`).
        A clip from the future came while the clock ran ahead: its days count from now, so that none stays longer.
        """
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session, session.begin():
            session.execute(update(MailboxClipRow).where(MailboxClipRow.created_ms > now_ms).values(created_ms=now_ms))
        with Session(self._engine) as session:
            query = select(MailboxClipRow.household_id, MailboxClipRow.id).where(
                MailboxClipRow.created_ms <= now_ms - held_ms - self.keep_ms
            )
            doomed = [(household, clip) for household, clip in session.execute(query)]
        gone = 0
        for household, clip in doomed:
            try:
                self._drop(household, clip)
                gone += 1
            except (BaseError, OSError) as error:  # the others go all the same; this one is tried again
                log.error("clip.stays", household=household, error=type(error).__name__)
        return gone

    def sweep_strays(self) -> int:
        """Delete blobs that no row names, left by a crash between blob and row; how many.

        Young ones stay: another process on the same store may be about to write their rows.
        """
        old = list(self._blobs.names(older_than_s=STRAY_AFTER_S))
        with Session(self._engine) as session:
            known = set(session.scalars(select(ObjectRow.blob)))
        strays = [name for name in old if name not in known]
        for name in strays:
            self._blobs.delete(name)
        return len(strays)

    def _object(self, household: str, clip: str, name: str) -> ObjectRow:
        _check_names(clip, name)
        with Session(self._engine) as session:
            row = session.get(ObjectRow, (household, clip, name))
            owner = session.get(MailboxClipRow, (household, clip))
            if row is None or owner is None or owner.created_ms + self.keep_ms <= self._clock.now_ms():
                raise NotFound("The mailbox has no such clip. It may have expired.")
            return row

    def _drop(self, household: str, clip: str) -> None:
        """Blobs first, then rows: if this stops half-way, what is left is still known and goes with the next sweep."""
        mine = (ObjectRow.household_id == household, ObjectRow.clip_id == clip)
        with Session(self._engine) as session:
            gone = set(session.scalars(select(ObjectRow.blob).where(*mine)))
        for blob in gone:
            self._blobs.delete(blob)
        with Session(self._engine) as session, session.begin():
            _lock(session, household)
            for blob in set(session.scalars(select(ObjectRow.blob).where(*mine))) - gone:  # put meanwhile
                self._blobs.delete(blob)
            session.execute(delete(ObjectRow).where(*mine))
            session.execute(
                delete(MailboxClipRow).where(MailboxClipRow.household_id == household, MailboxClipRow.id == clip)
            )


def _check_names(clip: str, name: str = "-") -> None:
    if not _CLIP.match(clip) or not _NAME.match(name):
        raise NotFound("A clip's id is 16 hex digits, an object's name lower-case letters, digits and hyphens.")


def _lock(session: Session, household: str) -> None:
    """Hold the household until the transaction ends: its row in PostgreSQL, the write lock in SQLite."""
    session.execute(update(AccountRow).where(AccountRow.id == household).values(id=household))


def _used_bytes(session: Session, household: str) -> int:
    query = select(func.coalesce(func.sum(ObjectRow.bytes), 0)).where(ObjectRow.household_id == household)
    return int(session.scalar(query) or 0)
