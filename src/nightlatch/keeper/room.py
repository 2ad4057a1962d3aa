"""The keeper itself, without its HTTP face: takes donations in, draws, lets views in, gives pictures, takes back.

One lock: one thing happens at a time. A picture is made outside of it, and leaves only if its view still stands when
it is done, so that none leaves after a revocation was answered. What must reach the log is written to the database in
the same transaction as what it tells, and appended by `sweep`.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from hashlib import sha256
from typing import TypeVar, cast

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented, Json, Withdrawn, canonical
from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, MINUTE_MS, Clock
from nightlatch.domain.view import commitment, read_leaf, tag
from nightlatch.errors import NotFound, Refused
from nightlatch.keeper import book
from nightlatch.keeper import draw as drawing
from nightlatch.keeper.changes import Promises
from nightlatch.keeper.checks import (
    Case,
    Policy,
    Receipts,
    Seat,
    check_clock,
    check_hours,
    check_presence,
    check_seat,
    check_view,
)
from nightlatch.keeper.intake import Offer, admit
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.records import DonationRow, DrawRow, ViewRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.release import Film, Still, Watermark
from nightlatch.keeper.words import Asked, Assignment, Gift, Log, Made, Opened, OwnersEntry, Taken
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.recipients import Sealer
from nightlatch.store.blobs import Blobs

SHRED_WITHIN_MS = MINUTE_MS
FEWEST_VIEWERS = 2  # before review may say that a clip has labels enough
SEEN = (State.WAITING, State.LABELLED)  # open views of these go on
MADE_LIFE_MS = DAY_MS  # a key that no clip came for
MOST_MADE = 1000  # of these, at once: anybody may ask for one

log = structlog.get_logger()


@dataclass(slots=True)
class _OpenView:
    film: Film
    token: str = field(repr=False)
    ticket: str = field(repr=False)
    connected: bool = False
    pictures: int = 0


Method = TypeVar("Method", bound=Callable[..., object])


def _alone(method: Method) -> Method:
    """One at a time."""

    @wraps(method)
    def locked(self: Room, *args: object, **kwargs: object) -> object:
        with self._lock:
            return method(self, *args, **kwargs)

    return cast(Method, locked)


class Room:
    """All that the keeper does."""

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        blobs: Blobs,
        clock: Clock,
        policy: Policy,
        ledger: Log,
        receipts: Receipts,
        passkeys: Passkeys,
        promises: Promises,
        watermark: Watermark,
    ) -> None:
        self._engine, self._keys, self._blobs, self._clock = engine, keys, blobs, clock
        self._policy, self._ledger, self._receipts = policy, ledger, receipts
        self._passkeys, self.promises, self._watermark = passkeys, promises, watermark
        self._lock = threading.RLock()
        self._views: dict[int, _OpenView] = {}
        self._draw_key = keys.derived("draw key v1")
        self._journal_holds_keys = True
        with Session(engine) as session:
            self._latest_ms = book.latest_ms(session)
        self._shred_what_has_no_half()

    # ---- giving ---------------------------------------------------------------------------------------------------

    @_alone
    def make(self) -> Made:
        """A donation's name and the public half of its key. Raises `KeeperRefused` when too many wait for a clip."""
        with Session(self._engine) as session:
            if book.count_made(session) >= MOST_MADE:
                raise KeeperRefused(Refusal.BUSY, "Too many clips are on their way. Give this one tomorrow.")
        donation = secrets.token_hex(16)
        return Made(donation, self._keys.make(donation, self._now()))

    @_alone
    def receive(self, gift: Gift) -> None:
        """Intake. Raises `KeeperRefused` (then nothing is kept), `NotFound`, `SealError`."""
        now_ms = self._now()
        Sealer([gift.owner_recipient])
        if len(gift.log_key) != 32:
            raise KeeperRefused(Refusal.SIZE, "A log key is 32 bytes. Give the clip again.")
        with Session(self._engine, expire_on_commit=False) as session:
            row = book.donation_row(session, gift.donation)
        offer = Offer(
            now_ms=now_ms,
            donation=gift.donation,
            state=State(row.state),
            programme_key=self._policy.programme_key,
            consented=gift.consented,
            sealed=gift.sealed,
            report=gift.report,
            opener=self._keys.opener(gift.donation),
        )
        admitted = admit(offer)
        self._blobs.put(gift.donation, admitted.sealed)
        consent = admitted.consented.consent
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, gift.donation)
            row.state, row.admitted_ms, row.expires_ms = State.WAITING.value, now_ms, consent.expires_ms
            row.signed_consent, row.sealed_sha256 = admitted.consented.signed, sha256(admitted.sealed).hexdigest()
            row.household = sha256(consent.owner_key.encode()).hexdigest()
            row.log_key, row.owner_recipient = gift.log_key, gift.owner_recipient
            event: dict[str, Json] = {"consent": consent.record_sha256, "donation": consent.donation}
            book.note(session, row, "consent.give", event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)
        log.info("donation.admitted", donation=gift.donation, bytes=len(gift.sealed))

    def introduce(self, donation: str, witness: str) -> None:
        """Name the witness of the household that gave this clip to the log, which knows it by a slot alone.

        Raises:
            NotFound: no such clip is here.
            NightlatchError: the log does not take it.
        """
        with Session(self._engine) as session:
            household = book.donation_row(session, donation).household
        if household is None:
            raise NotFound("The keeper has no clip of this donation.")
        slot = sha256(self._keys.derived("witness slot v1") + household.encode()).hexdigest()[:32]
        self._ledger.enrol(slot, witness)

    # ---- looking --------------------------------------------------------------------------------------------------

    def next_clip(self, token: str) -> Assignment:
        """Draw, or the draw that still stands. Raises `KeeperRefused`."""
        self._keeps_its_promise()
        root = self._ledger.root(self._clock.now_ms())  # asks the log: not under the lock
        return self._next_clip(token, root)

    @_alone
    def _next_clip(self, token: str, root: bytes) -> Assignment:
        now_ms, seat = self._now(), self._seat(token)
        day = now_ms // DAY_MS
        with Session(self._engine) as session, session.begin():
            today = session.scalars(select(DrawRow).where(DrawRow.reviewer == seat.reviewer, DrawRow.day == day)).all()
            for standing in (each for each in today if each.ended is None):
                if standing.donation_id in self._eligible(session, seat.reviewer, standing.drawn_ms, day):
                    return self._assignment(standing, book.donation_row(session, standing.donation_id), seat, now_ms)
                standing.ended = "gone"
            if len(today) >= self._policy.quota:
                raise KeeperRefused(Refusal.QUOTA, f"{self._policy.quota} clips are enough for a day. Come tomorrow.")
            among = self._eligible(session, seat.reviewer, now_ms, day)
            won = drawing.winner(self._day_key(day), root, seat.reviewer, len(today), among)
            if won is None:
                raise KeeperRefused(Refusal.NOTHING_WAITING, "No clip waits for you. Come back later.")
            made = DrawRow(
                reviewer=seat.reviewer, day=day, n=len(today), root=root, donation_id=won, drawn_ms=now_ms, ended=None
            )
            session.add(made)
            session.flush()
            return self._assignment(made, book.donation_row(session, won), seat, now_ms)

    @_alone
    def skip(self, token: str) -> None:
        """Give back the clip that was drawn; its place of the quota is used."""
        seat = self._seat(token)
        with Session(self._engine) as session, session.begin():
            open_draws = select(DrawRow).where(DrawRow.reviewer == seat.reviewer, DrawRow.ended.is_(None))
            for standing in session.scalars(open_draws):
                standing.ended = "skipped"

    @_alone
    def enough(self, donation: str) -> None:
        """The clip has labels enough and is not drawn any more. Raises `NotFound`, `KeeperRefused`.

        Not before two reviewers have seen it: nobody may thin the waiting list to aim at a household.
        """
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            if book.count_viewers(session, donation) < FEWEST_VIEWERS:
                raise KeeperRefused(
                    Refusal.TOO_FEW, "Fewer than two reviewers have seen this clip. It goes on waiting."
                )
            if row.state == State.WAITING:
                row.state = State.LABELLED.value

    @_alone
    def case(self, token: str, asked: Asked) -> Case:
        """All that the keeper knows of one request. Raises `NotFound`, and `KeeperRefused` for a torn receipt."""
        latest_ms, now_ms = self._latest_ms, self._now()
        seat, view, day = self._passkeys.seat(token), asked.view, now_ms // DAY_MS
        with Session(self._engine) as session:
            row = book.donation_row(session, view.donation)
            made = session.get(DrawRow, view.seq)
            return Case(
                now_ms=now_ms,
                latest_ms=latest_ms,
                policy=self._policy,
                state=State(row.state),
                signed_consent=row.signed_consent or b"",
                sealed=Sealed(self._blobs.get(view.donation)),
                log_key=row.log_key or b"",
                view=view,
                salt=asked.salt,
                leaf=asked.leaf,
                receipt=asked.receipt,
                receipts=self._receipts,
                leaf_is_used=session.get(ViewRow, self._receipts.index(asked.receipt)) is not None,
                draw=book.draw_of(made, day),
                eligible=tuple(self._eligible(session, view.reviewer, made.drawn_ms, day)) if made else (),
                day_key=self._day_key(made.day) if made else b"",
                seat=seat,
                is_enrolled=seat is not None and self._passkeys.is_enrolled(seat),
                viewed_today=book.count_views(session, view.reviewer, day),
            )

    def open_view(self, token: str, asked: Asked) -> Opened:
        """The ten checks, then the clip, in memory. Raises `KeeperRefused`, `SealError`, `NotFound`."""
        self._keeps_its_promise()
        self._ledger.root(self._clock.now_ms())  # a log that is gone shows nothing, whatever a receipt says
        return self._open_view(token, asked)

    @_alone
    def _open_view(self, token: str, asked: Asked) -> Opened:
        case = self.case(token, asked)
        logged = check_view(case)
        opener = self._keys.opener(logged.view.donation)
        film = Film(logged, case.sealed, opener, self._watermark, self._clock)
        with Session(self._engine) as session, session.begin():
            book.write_view(session, asked, logged.id, case.now_ms)
        for view_id in [each for each, open_view in self._views.items() if open_view.token == token]:
            self.close_view(view_id)  # one view at a time
        ticket = secrets.token_urlsafe(32)
        self._views[logged.id] = _OpenView(film, token, ticket)
        self._passkeys.touch(token)
        log.info("view.opened", view=logged.id, pictures=film.count)
        return Opened(logged.id, ticket, film.count)

    @_alone
    def connect(self, view_id: int, ticket: str, token: str) -> int:
        """Use the ticket, once; returns how many pictures there are. Raises `KeeperRefused`."""
        found = self._views.get(view_id)
        if found is None or not secrets.compare_digest(found.token.encode(), token.encode()):
            raise KeeperRefused(Refusal.SESSION, "This view is not open for you. Ask for the next clip.")
        if found.connected or not secrets.compare_digest(found.ticket.encode(), ticket.encode()):
            raise KeeperRefused(Refusal.SECOND_TAB, "This clip is open in another tab. Go on there.")
        found.connected = True
        return found.film.count

    def still(self, view_id: int, n: int) -> Still:
        """One picture, if the view stands before and after it was made. Raises `KeeperRefused`."""
        self.touch(view_id)
        with self._lock:
            film = self._standing(view_id).film
        picture = film.still(n)  # takes time: not under the lock
        self._give(view_id)
        return picture

    @_alone
    def _give(self, view_id: int) -> None:
        self._standing(view_id).pictures += 1

    @_alone
    def touch(self, view_id: int) -> None:
        """The reviewer is there. Raises `KeeperRefused` when the view does not stand any more."""
        self._passkeys.touch(self._standing(view_id).token)

    @_alone
    def check_standing(self, view_id: int) -> None:
        """Raises `KeeperRefused` when the view does not stand any more; the face asks several times a second."""
        self._standing(view_id)

    @_alone
    def close_view(self, view_id: int) -> None:
        """End a view: the decrypted clip goes, `view.close` is noted."""
        found = self._views.pop(view_id, None)
        if found is None:
            return
        found.film.close()
        now_ms = self._now()
        with Session(self._engine) as session, session.begin():
            row = session.get(ViewRow, view_id)
            if row is not None and row.closed_ms is None:
                row.closed_ms = now_ms
                event: dict[str, Json] = {"donation": row.donation_id, "pictures": found.pictures, "view": view_id}
                donation = book.donation_row(session, row.donation_id)
                book.note(session, donation, "view.close", event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)

    @_alone
    def flag(self, token: str, view_id: int) -> None:
        """“This should not have been shared”: nobody sees the clip again. Raises `KeeperRefused`."""
        found = self._views.get(view_id)
        if found is None or found.token != token:
            raise KeeperRefused(Refusal.SESSION, "This view is not open for you.")
        now_ms, donation = self._now(), found.film.logged.view.donation
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            if row.state in SEEN:
                row.state = State.FLAGGED.value
                book.note(
                    session,
                    row,
                    "flag",
                    {"donation": donation, "view": view_id},
                    self._clock.now_ms(),
                    now_ms + book.APPEND_WITHIN_MS,
                )
        self._close_views_of(donation)

    @_alone
    def labelled(self, view_id: int, event: bytes, salt: bytes, leaf: bytes, receipt: str) -> None:
        """Keep what a reviewer said of the clip of this view, for its owner.

        Raises:
            NotFound: no such view.
            KeeperRefused: the log holds something else, or it is said of another view.
        """
        index = self._receipts.index(receipt)
        with Session(self._engine) as session, session.begin():
            view = session.get(ViewRow, view_id)
            if view is None:
                raise NotFound("The keeper let in no such view.")
            row, now_ms = book.donation_row(session, view.donation_id), self._now()
            if row.log_key is None or book.has_entry(session, leaf):
                return  # shredded meanwhile: nobody could tell whose the entry is; or told before
            if not _is_said_of(view, event) or not _commits(leaf, "label", salt, event, row.log_key):
                raise KeeperRefused(Refusal.WRONG_ENTRY, "The log's entry is for another label. Log this one first.")
            self._receipts.included(receipt, leaf)
            book.enter(session, row, "label", leaf, event, salt, now_ms, now_ms, index)

    # ---- taking back ----------------------------------------------------------------------------------------------

    @_alone
    def revoke(self, withdrawn: Withdrawn) -> Taken:
        """From here on nobody sees the clip; `sweep` destroys the key. Raises `KeeperRefused`, `NotFound`."""
        told, now_ms = withdrawn.withdrawal, self._now()
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, told.donation)
            consent = Consented(row.signed_consent).consent if row.signed_consent else None
            # taken back before it came: whoever knows the donation's name may do that, nothing is here yet
            if consent and (consent.owner_key, consent.record_sha256) != (told.owner_key, told.consent_sha256):
                raise KeeperRefused(Refusal.CONSENT, "This is not the owner's withdrawal of this consent.")
            if row.withdrawn_ms is None:
                row.signed_withdrawal = withdrawn.signed
                self._withdraw(session, row, now_ms)
            refused_ms, shredded_ms = row.withdrawn_ms or now_ms, row.shredded_ms
        self._close_views_of(told.donation)
        return Taken(refused_ms, refused_ms + SHRED_WITHIN_MS, shredded_ms)

    def sweep(self) -> None:
        """What is due: expired consents, keys to destroy, entries to append. Call it every second or so."""
        self._sweep_rows()
        book.append_queued(self._engine, self._ledger)

    @_alone
    def entries(self, donation: str) -> list[OwnersEntry]:
        """All entries about a donation, for its owner. Raises `NotFound`."""
        with Session(self._engine) as session:
            return book.entries_of(session, donation)

    @_alone
    def _sweep_rows(self) -> None:
        now_ms = self._now()
        with Session(self._engine) as session, session.begin():
            waiting = (State.WAITING.value, State.LABELLED.value, State.FLAGGED.value)
            over = select(DonationRow).where(DonationRow.state.in_(waiting), DonationRow.expires_ms <= now_ms)
            expired = session.scalars(over).all()
            for row in expired:
                self._withdraw(session, row, now_ms)
            stale = (DonationRow.state == State.MADE.value) & (DonationRow.made_ms < now_ms - MADE_LIFE_MS)
            due = session.scalars(
                select(DonationRow.id).where((DonationRow.state == State.WITHDRAWN.value) | stale)
            ).all()
            gone = [row.id for row in expired]
        for donation in gone:
            self._close_views_of(donation)
        for donation in {*due, *gone}:
            self._shred(donation)
            self._journal_holds_keys = True
        if self._journal_holds_keys:
            self._journal_holds_keys = not self._keys.empty_journal()
        for view_id in list(self._views):
            try:
                self._standing(view_id)
            except KeeperRefused:
                self.close_view(view_id)

    def _shred(self, donation: str) -> None:
        """Destroy the key, delete the sealed file, then say so. What a crash interrupts is done again by `sweep`."""
        self._keys.shred(donation)
        self._blobs.delete(donation)
        now_ms = self._now()
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            due_ms = (row.withdrawn_ms or now_ms) + SHRED_WITHIN_MS
            event: dict[str, Json] = {"done": now_ms, "donation": donation, "due": due_ms}
            book.note(session, row, "shred", event, self._clock.now_ms(), due_ms)
            book.forget(row, now_ms)
        log.info("donation.shredded", donation=donation)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _keeps_its_promise(self) -> None:
        if (breach := self.promises.breach()) is not None:
            raise KeeperRefused(Refusal.POLICY, breach)

    def _withdraw(self, session: Session, row: DonationRow, now_ms: int) -> None:
        row.state, row.withdrawn_ms = State.WITHDRAWN.value, now_ms
        event: dict[str, Json] = {"donation": row.id, "refused": now_ms, "shred_by": now_ms + SHRED_WITHIN_MS}
        book.note(session, row, "consent.withdraw", event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)

    def _standing(self, view_id: int) -> _OpenView:
        found = self._views.get(view_id)
        if found is None:
            raise KeeperRefused(Refusal.REVOKED, "This view is over. Ask for the next clip.")
        view, latest_ms, now_ms = found.film.logged.view, self._latest_ms, self._now()
        check_clock(now_ms, latest_ms)
        check_presence(self._enrolled(found.token), self._policy, now_ms)
        check_hours(self._policy, now_ms)
        with Session(self._engine) as session:
            row = book.donation_row(session, view.donation)
            if row.state not in SEEN or now_ms >= (row.expires_ms or 0):
                raise KeeperRefused(Refusal.REVOKED, "This clip was taken back. Ask for the next clip.")
        return found

    def _close_views_of(self, donation: str) -> None:
        for view_id in [i for i, each in self._views.items() if each.film.logged.view.donation == donation]:
            self.close_view(view_id)

    def _enrolled(self, token: str) -> Seat:
        seat = self._passkeys.seat(token)
        return check_seat(seat, seat is not None and self._passkeys.is_enrolled(seat), self._clock.now_ms())

    def _seat(self, token: str) -> Seat:
        seat = self._enrolled(token)
        try:
            check_presence(seat, self._policy, self._clock.now_ms())
        except KeeperRefused:
            self._passkeys.leave(token)
            raise
        self._passkeys.touch(token)
        return seat

    def _eligible(self, session: Session, reviewer: str, drawn_ms: int, day: int) -> list[str]:
        waiting = book.waiting(session, self._policy.most_viewers)
        seen = book.households_seen(session, reviewer, day)
        return drawing.eligible(waiting, reviewer, seen, drawn_ms)

    def _assignment(self, made: DrawRow, row: DonationRow, seat: Seat, now_ms: int) -> Assignment:
        consent = Consented(row.signed_consent or b"").consent
        today = tag(row.log_key or b"", now_ms)
        return Assignment(
            made.seq,
            row.id,
            row.sealed_sha256 or "",
            consent.record_sha256,
            consent.length_ms,
            seat.reviewer,
            seat.device,
            today,
        )

    def _day_key(self, day: int) -> bytes:
        return sha256(self._draw_key + b"%d" % day).digest()

    def _now(self) -> int:
        now_ms = self._clock.now_ms()
        self._latest_ms = max(self._latest_ms, now_ms)
        return now_ms

    def _shred_what_has_no_half(self) -> None:
        """After a restore: a row that says “waiting” and has no half of its key is a clip that was taken back."""
        with Session(self._engine) as session, session.begin():
            for row in session.scalars(select(DonationRow).where(DonationRow.state != State.SHREDDED.value)):
                if not self._keys.has(row.id):
                    book.forget(row, self._clock.now_ms())
                    self._blobs.delete(row.id)


def _is_said_of(view: ViewRow, event: bytes) -> bool:
    try:
        told = json.loads(event)
        said = (told["view"], told["donation"], told["reviewer"])
        return said == (view.id, view.donation_id, view.reviewer) and canonical(told) == event
    except (ValueError, KeyError, TypeError, Refused):
        return False


def _commits(raw: bytes, kind: str, salt: bytes, event: bytes, log_key: bytes) -> bool:
    """The leaf is of this event, under the owner's tag of its day, or of the day before: then its view was opened."""
    try:
        leaf = read_leaf(raw)
        tags = {tag(log_key, leaf.at_s * 1000 - back_ms) for back_ms in (0, DAY_MS)}
        return leaf.kind == kind and leaf.tag in tags and leaf.commitment == commitment(salt, event)
    except (ValueError, OverflowError, OSError):
        return False
