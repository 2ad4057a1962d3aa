"""Drawing and looking: which clip a reviewer gets, and the views of it that are open.

A view stands as long as its session, the hours and the clip allow it; that is checked again before and after each
picture, and several times a second by the face.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented
from nightlatch.domain.donation import State
from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.domain.view import commitment, read_leaf, tag
from nightlatch.errors import NotFound
from nightlatch.keeper import book
from nightlatch.keeper import draw as drawing
from nightlatch.keeper.checks import (
    Case,
    Receipts,
    RoomPolicy,
    Seat,
    check_clock,
    check_hours,
    check_presence,
    check_seat,
    check_view,
)
from nightlatch.keeper.clock import LatestClock
from nightlatch.keeper.events import CloseEvent, EntryKind, FlagEvent, LabelEvent, read_label_event
from nightlatch.keeper.households import Households
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.records import DrawRow, KeptDonationRow, ViewRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.release import Film, Watermark
from nightlatch.keeper.stamps import stamps_of, tolerant
from nightlatch.keeper.taking_back import FLAGGED_FOR_MS
from nightlatch.keeper.turning_away import FOR_GOOD, turn_away
from nightlatch.keeper.words import Assignment, ViewPass, ViewRequest
from nightlatch.keeper.writes import Writes
from nightlatch.seal.envelope import Sealed
from nightlatch.store.blobs import Blobs

FEWEST_VIEWERS = 2  # before review may say that a clip has enough labels
SEEN = (State.WAITING, State.LABELLED)  # open views of these go on
TAKEN_BACK = "This clip was taken back. Ask for the next clip."
VIEW_OVER = "This view is over. Ask for the next clip."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeeperFigures:
    """What the keeper has for reviewers now: clips that may still be drawn, and of them those whose hub is away."""

    waiting: int
    away: int
    is_open: bool
    policy: RoomPolicy


class Draws:
    """The desk at which reviewers get a clip. They never choose one."""

    def __init__(
        self, engine: Engine, keys: Keys, clock: Clock, policy: RoomPolicy, passkeys: Passkeys, households: Households
    ) -> None:
        self._engine, self._clock, self._policy, self._passkeys = engine, clock, policy, passkeys
        self.households = households
        self._draw_key = keys.derived("draw key v1")

    def next_clip(self, token: str, root: bytes) -> Assignment:
        """A draw with this root of the log, or the draw that is still open. Raises `KeeperRefused`."""
        now_ms, seat = self._clock.now_ms(), self._passkeys.present(token, self._policy)
        day = now_ms // DAY_MS
        with Session(self._engine) as session, session.begin():
            today = book.draws_of(session, seat.reviewer, day)
            for standing in (each for each in today if each.ended is None):
                if standing.donation_id in self.eligible(session, seat.reviewer, standing.drawn_ms, day):
                    return _assignment(standing, book.donation_row(session, standing.donation_id), seat, now_ms)
                standing.ended = drawing.DrawEnd.GONE
            if len(today) >= self._policy.quota:
                raise KeeperRefused(Refusal.QUOTA, f"{self._policy.quota} clips are enough for a day. Come tomorrow.")
            among = self.eligible(session, seat.reviewer, now_ms, day)
            won = drawing.winner(self.day_key(day), root, seat.reviewer, len(today), among)
            if won is None:
                raise KeeperRefused(Refusal.NOTHING_WAITING, "No clip waits for you. Come back later.")
            made = DrawRow(
                reviewer=seat.reviewer, day=day, n=len(today), root=root, donation_id=won, drawn_ms=now_ms, ended=None
            )
            session.add(made)
            session.flush()
            return _assignment(made, book.donation_row(session, won), seat, now_ms)

    def skip(self, token: str) -> None:
        """Give back the clip that was drawn; its place of the quota is used."""
        seat = self._passkeys.present(token, self._policy)
        with Session(self._engine) as session, session.begin():
            open_draws = select(DrawRow).where(DrawRow.reviewer == seat.reviewer, DrawRow.ended.is_(None))
            for standing in session.scalars(open_draws):
                standing.ended = drawing.DrawEnd.SKIPPED

    def enough(self, donation: str) -> None:
        """The clip has enough labels and is no longer drawn. Raises `NotFound`, `KeeperRefused`.

        Not before two reviewers have seen it: nobody may thin the waiting list to aim at a household.
        """
        with Session(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            if len(book.viewers_of(session, donation)) < FEWEST_VIEWERS:
                raise KeeperRefused(
                    Refusal.TOO_FEW, "Fewer than two reviewers have seen this clip. It goes on waiting."
                )
            if row.state is State.WAITING:
                row.state = State.LABELLED

    def figures(self) -> KeeperFigures:
        """How many clips wait, and whether the room is open. Raises `KeeperRefused`."""
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session:
            waiting = book.waiting(session, self._policy.most_viewers)
        away = sum(not self.households.is_about(clip.household, now_ms, now_ms) for clip in waiting)
        return KeeperFigures(len(waiting), away, self._policy.hours.include(now_ms), self._policy)

    def gone(self, donations: Sequence[str]) -> list[str]:
        """Those of them that nobody may see any more. Raises `KeeperRefused` for rows that were changed."""
        now_ms = self._clock.now_ms()
        with Session(self._engine) as session:
            rows = [session.get(KeptDonationRow, each) for each in donations]
            stand = {row.id for row in rows if row and row.state in SEEN and now_ms < (row.expires_ms or 0)}
        return [each for each in donations if each not in stand]

    def eligible(self, session: Session, reviewer: str, drawn_ms: int, day: int) -> list[str]:
        """The donations among which a draw at `drawn_ms` is made."""
        now_ms = self._clock.now_ms()
        waiting = [
            clip
            for clip in book.waiting(session, self._policy.most_viewers)
            if self.households.is_about(clip.household, drawn_ms, now_ms)
        ]
        seen = frozenset(view.household for view in book.views_of(session, reviewer, day))
        return drawing.eligible(waiting, reviewer, seen, drawn_ms)

    def day_key(self, day: int) -> bytes:
        """The key of that day's draws."""
        return sha256(self._draw_key + b"%d" % day).digest()


@dataclass(slots=True)
class OpenView:
    """A view in progress, with its decrypted clip."""

    film: Film
    token: str = field(repr=False)
    ticket: str = field(repr=False)
    connected: bool = False
    pictures: int = 0
    asked: int | None = None  # what was written when rows were last asked about it
    until_ms: int = 0  # when its consent ends, as they said


class Views:
    """The desk at which reviewers look. Open views live in memory only; a restart ends them."""

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        blobs: Blobs,
        clock: LatestClock,
        policy: RoomPolicy,
        receipts: Receipts,
        passkeys: Passkeys,
        draws: Draws,
        watermark: Watermark,
        may_show: Callable[[], None],
    ) -> None:
        """`may_show` raises `KeeperRefused` while the keeper does not know all that it must."""
        self._may_show = may_show
        self._engine, self._keys, self._blobs, self._clock = engine, keys, blobs, clock
        self._writes = Writes(engine)
        self._policy, self._receipts, self._passkeys = policy, receipts, passkeys
        self._draws, self._watermark = draws, watermark
        self._open: dict[int, OpenView] = {}
        self._why_ended: dict[int, KeeperRefused] = {}  # of views that ended by themselves

    def case(self, token: str, asked: ViewRequest) -> Case:
        """All that the keeper knows of one request. Raises `NotFound`, and `KeeperRefused` for a torn receipt."""
        latest_ms, now_ms = self._clock.latest_ms, self._clock.now_ms()
        seat, view, day = self._passkeys.seat(token), asked.view, now_ms // DAY_MS
        with Session(self._engine) as session:
            row = book.donation_row(session, view.donation)
            made = session.get(DrawRow, view.seq)
            return Case(
                now_ms=now_ms,
                latest_ms=latest_ms,
                policy=self._policy,
                state=row.state,
                signed_consent=row.signed_consent or b"",
                sealed=Sealed(self._blobs.get(view.donation)),
                log_key=row.log_key or b"",
                view=view,
                salt=asked.salt,
                leaf=asked.leaf,
                receipt=asked.receipt,
                receipts=self._receipts,
                hubs=frozenset(self._draws.households.hubs().values()) if self._policy.households else frozenset(),
                leaf_is_used=stamps_of(session).knows(ViewRow, self._receipts.index(asked.receipt))
                or book.has_entry(session, asked.leaf),
                draw=book.draw_of(made, day),
                eligible=tuple(self._draws.eligible(session, view.reviewer, made.drawn_ms, day)) if made else (),
                day_key=self._draws.day_key(made.day) if made else b"",
                seat=seat,
                is_enrolled=seat is not None and self._passkeys.is_enrolled(seat),
                viewed_today=len(book.views_of(session, view.reviewer, day)),
            )

    def open(self, token: str, asked: ViewRequest) -> ViewPass:
        """The ten checks, then the clip, in memory. Raises `KeeperRefused`, `SealError`, `NotFound`."""
        try:
            case = self.case(token, asked)
            logged = check_view(case)
        except KeeperRefused as refused:
            if refused.refusal in FOR_GOOD:
                self._turn_away(asked)
            raise
        except NotFound:  # shredded meanwhile, the sealed file is gone
            self._turn_away(asked)
            raise
        opener = self._keys.opener(logged.view.donation)
        film = Film(logged, case.sealed, opener, self._watermark, self._clock.source)
        with Session(self._engine) as session, session.begin():
            book.write_view(session, asked, logged.id, case.now_ms)
        for view_id in [each for each, open_view in self._open.items() if open_view.token == token]:
            self.close(view_id)  # one view at a time
        ticket = secrets.token_urlsafe(32)
        self._open[logged.id] = OpenView(film, token, ticket)
        self._passkeys.act(token)
        log.info("view.opened", view=logged.id, pictures=film.count)
        return ViewPass(logged.id, ticket, film.count)

    def _turn_away(self, asked: ViewRequest) -> None:
        with Session(self._engine) as session, session.begin():
            turn_away(session, asked, self._receipts, self._clock.now_ms())

    def connect(self, view_id: int, ticket: str, token: str) -> int:
        """Use the ticket, once; returns how many pictures there are. Raises `KeeperRefused`."""
        found = self._open.get(view_id)
        if found is None or not secrets.compare_digest(found.token.encode(), token.encode()):
            raise KeeperRefused(Refusal.SESSION, "This view is not open for you. Ask for the next clip.")
        if found.connected or not secrets.compare_digest(found.ticket.encode(), ticket.encode()):
            raise KeeperRefused(Refusal.SECOND_TAB, "This clip is open in another tab. Go on there.")
        found.connected = True
        return found.film.count

    def pace(self, view_id: int) -> float:
        """Pictures a second of this view's film. Raises `KeeperRefused` once it is no longer valid."""
        film = self.standing(view_id).film
        view = film.logged.view
        return film.count * 1000 / (view.to_ms - view.from_ms)

    def standing(self, view_id: int) -> OpenView:
        """The view, if it is valid: clock, session, hours and clip allow it now. Raises `KeeperRefused`."""
        found = self._open.get(view_id)
        if found is None:
            why = self._why_ended.get(view_id)
            raise why if why and why.refusal is Refusal.REVOKED else KeeperRefused(Refusal.REVOKED, VIEW_OVER)
        latest_ms, now_ms, written = self._clock.latest_ms, self._clock.now_ms(), self._writes.mark()
        self._may_show()
        check_clock(now_ms, latest_ms)
        check_presence(self._seat(found, written, now_ms), self._policy, now_ms)
        check_hours(self._policy, now_ms)
        if found.asked != written:
            self._ask_rows(found)
            found.asked = written
        if now_ms >= found.until_ms:
            raise KeeperRefused(Refusal.REVOKED, TAKEN_BACK)
        return found

    def _seat(self, found: OpenView, written: int, now_ms: int) -> Seat:
        """Who looks; the roster is asked again once anything was written. Raises `KeeperRefused`."""
        if found.asked != written:
            return self._passkeys.enrolled(found.token)
        return check_seat(self._passkeys.seat(found.token), is_enrolled=True, now_ms=now_ms)

    def _ask_rows(self, found: OpenView) -> None:
        """Whether the clip may still be seen, and until when. Raises `KeeperRefused`."""
        with Session(self._engine) as session:
            row = book.donation_row(session, found.film.logged.view.donation)
            if row.state not in SEEN:
                raise KeeperRefused(Refusal.REVOKED, TAKEN_BACK)
            found.until_ms = row.expires_ms or 0

    def check(self, view_id: int) -> None:
        """Raises `KeeperRefused` once the view is no longer valid; once, with the reason for which it was ended."""
        if view_id not in self._open and (why := self._why_ended.pop(view_id, None)) is not None:
            raise why
        self.standing(view_id)

    def count_picture(self, view_id: int) -> None:
        """A picture was made; it may leave. Raises `KeeperRefused` once its view is no longer valid."""
        self.standing(view_id).pictures += 1

    def touch(self, view_id: int) -> OpenView:
        """The view, whose reviewer is there. Raises `KeeperRefused` once it is no longer valid."""
        found = self.standing(view_id)
        self._passkeys.touch(found.token)
        return found

    def close(self, view_id: int) -> None:
        """End a view: the decrypted clip goes, `view.close` is noted."""
        found = self._open.pop(view_id, None)
        self._why_ended.pop(view_id, None)
        if found is None:
            return
        found.film.close()
        now_ms = self._clock.now_ms()
        with tolerant(self._engine) as session, session.begin():
            row = session.get(ViewRow, view_id)
            if row is not None and row.closed_ms is None:
                row.closed_ms = now_ms
                event = CloseEvent(row.donation_id, view_id, found.pictures)
                donation = book.donation_row(session, row.donation_id)
                book.note(session, donation, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)

    def close_all_of(self, donation: str, why: str = TAKEN_BACK) -> None:
        """End every view of a clip; whoever looks is told why."""
        for view_id in [i for i, each in self._open.items() if each.film.logged.view.donation == donation]:
            self._end(view_id, KeeperRefused(Refusal.REVOKED, why))

    def close_the_fallen(self) -> None:
        """End every view that is no longer valid."""
        for view_id in list(self._open):
            try:
                self.standing(view_id)
            except KeeperRefused as refused:
                self._end(view_id, refused)

    def _end(self, view_id: int, why: KeeperRefused) -> None:
        is_connected = self._open[view_id].connected
        self.close(view_id)
        if is_connected:  # until its connection ends, which closes the view once more
            self._why_ended[view_id] = why

    def flag(self, token: str, view_id: int) -> None:
        """Nobody sees the clip again, and in a day its key is destroyed. Raises `KeeperRefused`."""
        found = self._open.get(view_id)
        if found is None or found.token != token:
            raise KeeperRefused(Refusal.SESSION, "This view is not open for you.")
        now_ms, donation = self._clock.now_ms(), found.film.logged.view.donation
        with tolerant(self._engine) as session, session.begin():
            row = book.donation_row(session, donation)
            if row.state in SEEN:
                row.state, row.flagged_ms = State.FLAGGED, now_ms
                event = FlagEvent(donation, view_id, now_ms + FLAGGED_FOR_MS)
                book.note(session, row, event, self._clock.now_ms(), now_ms + book.APPEND_WITHIN_MS)
        self.close_all_of(donation, "This clip was flagged, so nobody sees it again. Ask for the next clip.")

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
            row, now_ms = book.donation_row(session, view.donation_id), self._clock.now_ms()
            if row.log_key is None or book.has_entry(session, leaf):
                return  # shredded meanwhile: nobody could tell whose the entry is; or told before
            if not _is_said_of(view, event) or not _commits(leaf, EntryKind.LABEL, salt, event, row.log_key):
                raise KeeperRefused(Refusal.WRONG_ENTRY, "The log's entry is for another label. Log this one first.")
            self._receipts.included(receipt, leaf)
            book.enter(session, row, EntryKind.LABEL, leaf, event, salt, now_ms, now_ms, index)
        if (found := self._open.get(view_id)) is not None:
            self._passkeys.act(found.token)


def _assignment(made: DrawRow, row: KeptDonationRow, seat: Seat, now_ms: int) -> Assignment:
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


def _is_said_of(view: ViewRow, event: bytes) -> bool:
    try:
        return read_label_event(event) == LabelEvent(view.donation_id, view.reviewer, view.id)
    except ValueError:
        return False


def _commits(raw: bytes, kind: EntryKind, salt: bytes, event: bytes, log_key: bytes) -> bool:
    """The leaf is of this event, under the owner's tag of its day, or of the day before: then its view was opened."""
    try:
        leaf = read_leaf(raw)
        tags = {tag(log_key, leaf.at_s * 1000 - back_ms) for back_ms in (0, DAY_MS)}
        return leaf.kind == kind and leaf.tag in tags and leaf.commitment == commitment(salt, event)
    except (ValueError, OverflowError, OSError):
        return False
