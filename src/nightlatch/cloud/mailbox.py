"""Sealed objects of clips: put by the hub, got and deleted by the owner, gone after the plan's days."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from nightlatch.cloud.records import ClipRow, ObjectRow
from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.errors import CloudError, NotFound, OverQuota
from nightlatch.seal.envelope import Sealed
from nightlatch.store.blobs import Blobs

_CLIP = re.compile(r"[0-9a-f]{16}\Z")
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
SWEEP_BATCH = 200


class Conflict(CloudError):
    """Other bytes are there under this name already."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a clip, as the mailbox knows it."""

    name: str
    bytes: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip, as the mailbox knows it."""

    clip: str
    created_ms: int
    expires_ms: int
    bytes: int
    objects: tuple[Stored, ...]


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
            Conflict: other bytes are there and `replace` was not asked for.
            OverQuota: the household's quota has no room.
        """
        if not _CLIP.match(clip) or not _NAME.match(name):
            raise NotFound("A clip's id is 16 hex digits, an object's name lower-case letters, digits and hyphens.")
        digest = sha256(body).hexdigest()
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session:
            old = session.get(ObjectRow, (household, clip, name))
            if old is not None and old.sha256 == digest:
                return False
            if old is not None and not replace:
                raise Conflict("Other bytes are stored under this name already.")
        if self.used_bytes(household) + len(body) > self.quota_bytes:
            raise OverQuota("The mailbox is full for this household until older clips expire or are deleted.")
        blob = f"{secrets.token_hex(1)}/{secrets.token_hex(16)}"
        self._blobs.put(blob, body)
        stale = None
        with Session(self._engine) as session, session.begin():
            if session.get(ClipRow, (household, clip)) is None:
                session.add(ClipRow(household_id=household, id=clip, created_ms=now_ms))
                session.flush()
            old = session.get(ObjectRow, (household, clip, name))
            if old is not None:
                stale = old.blob
                old.blob, old.bytes, old.sha256, old.created_ms = blob, len(body), digest, now_ms
            else:
                session.add(
                    ObjectRow(
                        household_id=household,
                        clip_id=clip,
                        name=name,
                        blob=blob,
                        bytes=len(body),
                        sha256=digest,
                        created_ms=now_ms,
                    )
                )
        if stale is not None:
            self._blobs.delete(stale)
        return True

    def size(self, household: str, clip: str, name: str) -> int:
        """Bytes of an object. Raises `NotFound`."""
        return self._object(household, clip, name).bytes

    def get(self, household: str, clip: str, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of an object. Raises `NotFound`."""
        return self._blobs.get(self._object(household, clip, name).blob, start, end)

    def clips(self, household: str, after_ms: int = 0) -> list[Clip]:
        """The household's clips, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(ClipRow)
                .where(ClipRow.household_id == household, ClipRow.created_ms >= after_ms)
                .order_by(ClipRow.created_ms)
            ).all()
            found: dict[str, list[ObjectRow]] = {}
            for row in session.scalars(select(ObjectRow).where(ObjectRow.household_id == household)):
                found.setdefault(row.clip_id, []).append(row)
        return [
            Clip(
                row.id,
                row.created_ms,
                row.created_ms + self.keep_ms,
                sum(o.bytes for o in found.get(row.id, [])),
                tuple(
                    Stored(o.name, o.bytes, o.created_ms) for o in sorted(found.get(row.id, []), key=lambda o: o.name)
                ),
            )
            for row in rows
            if row.created_ms + self.keep_ms > self._clock.now_ms()
        ]

    def used_bytes(self, household: str) -> int:
        """Bytes that a household has here."""
        with Session(self._engine) as session:
            query = select(func.coalesce(func.sum(ObjectRow.bytes), 0)).where(ObjectRow.household_id == household)
            return int(session.scalar(query) or 0)

    def delete(self, household: str, clip: str | None = None) -> int:
        """Delete one clip, or all, at once; how many there were."""
        with Session(self._engine) as session:
            query = select(ClipRow).where(ClipRow.household_id == household)
            if clip is not None:
                query = query.where(ClipRow.id == clip)
            doomed = [(row.household_id, row.id) for row in session.scalars(query)]
        for household_id, clip_id in doomed:
            self._drop(household_id, clip_id)
        return len(doomed)

    def expire(self) -> int:
        """Delete every clip past its plan's days; how many."""
        limit_ms = self._clock.now_ms() - self.keep_ms
        gone = 0
        while True:
            with Session(self._engine) as session:
                query = select(ClipRow).where(ClipRow.created_ms <= limit_ms).limit(SWEEP_BATCH)
                doomed = [(row.household_id, row.id) for row in session.scalars(query)]
            for household_id, clip_id in doomed:
                self._drop(household_id, clip_id)
            gone += len(doomed)
            if len(doomed) < SWEEP_BATCH:
                return gone

    def sweep_strays(self) -> int:
        """At start: delete blobs that no row names, left by a crash between blob and row; how many."""
        with Session(self._engine) as session:
            known = set(session.scalars(select(ObjectRow.blob)))
        strays = [name for name in self._blobs.names() if name not in known]
        for name in strays:
            self._blobs.delete(name)
        return len(strays)

    def _object(self, household: str, clip: str, name: str) -> ObjectRow:
        with Session(self._engine) as session:
            row = session.get(ObjectRow, (household, clip, name))
            owner = session.get(ClipRow, (household, clip))
            if row is None or owner is None or owner.created_ms + self.keep_ms <= self._clock.now_ms():
                raise NotFound("The mailbox has no such clip. It may have expired.")
            return row

    def _drop(self, household: str, clip: str) -> None:
        """Blobs first, then rows: what is promised gone is gone even if this stops half-way, and is swept again."""
        with Session(self._engine) as session, session.begin():
            mine = (ObjectRow.household_id == household, ObjectRow.clip_id == clip)
            for blob in session.scalars(select(ObjectRow.blob).where(*mine)):
                self._blobs.delete(blob)
            session.execute(delete(ObjectRow).where(*mine))
            session.execute(delete(ClipRow).where(ClipRow.household_id == household, ClipRow.id == clip))
