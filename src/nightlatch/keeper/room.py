"""The keeper itself, without its HTTP face: one lock, one clock, and the desks behind them.

One lock: one thing happens at a time. It is the promise: a picture is made outside of it, and leaves only if its view
still stands when it is done, so that none leaves after a revocation was answered.

    call                            holds the lock                                       does outside of it
    make                            for a key that gives way                             makes the key, in turn
    announce                                                                             reads one row
    receive                         for the row                                          opens the film, in turn
    next_clip                       for the draw                                         first asks the log for its root
    skip, enough, case              from beginning to end
    open_view                       for the ten checks, decrypting, the row, the ticket  first asks the log for its root
    connect, touch, check_standing  from beginning to end, and so does pace
    still                           twice: does the view stand before and after          makes the picture
    ready                           from beginning to end, if it is free; never waits
    close_view, flag, labelled      from beginning to end
    revoke                          before all others, for refusing and ending views     then asks the log
    entries                         from beginning to end
    sweep                           for expiring, shredding, ending views                then reads and writes the log

Each transaction lies within one desk's method. What must reach the log is written to the database in the same
transaction as what it tells, and appended by `sweep`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Withdrawn
from nightlatch.domain.time import Clock
from nightlatch.errors import NightlatchError
from nightlatch.keeper import book
from nightlatch.keeper.arrivals import Arrivals
from nightlatch.keeper.catching_up import CatchingUp
from nightlatch.keeper.changes import Promises
from nightlatch.keeper.checks import Case, Receipts, RoomPolicy
from nightlatch.keeper.clock import LatestClock
from nightlatch.keeper.households import Households
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.release import MarkedStill, Watermark
from nightlatch.keeper.stamps import Stamps, tolerant
from nightlatch.keeper.taking_back import TakingBack
from nightlatch.keeper.taking_in import TakingIn
from nightlatch.keeper.turns import Turns
from nightlatch.keeper.views import Draws, KeeperFigures, Views
from nightlatch.keeper.words import (
    Announcement,
    Assignment,
    DonationKey,
    Gift,
    Ledger,
    OwnersEntry,
    Revocation,
    ViewPass,
    ViewRequest,
)
from nightlatch.store.blobs import Blobs

RECEIPTS_AT_ONCE = 4  # each takes a thread for as long as the log hangs

Method = TypeVar("Method", bound=Callable[..., object])


def _alone(method: Method) -> Method:
    """One at a time."""

    @wraps(method)
    def locked(self: Room, *args: object, **kwargs: object) -> object:
        with self._lock:
            return method(self, *args, **kwargs)

    return cast(Method, locked)


class Room:
    """All that the keeper does. Calls may come from several threads; the desks are only used from here."""

    def __init__(
        self,
        engine: Engine,
        keys: Keys,
        blobs: Blobs,
        clock: Clock,
        policy: RoomPolicy,
        ledger: Ledger,
        receipts: Receipts,
        passkeys: Passkeys,
        promises: Promises,
        watermark: Watermark,
        stamps: Stamps,
    ) -> None:
        self._lock, self._making, self._intake = Turns(), threading.Lock(), threading.Lock()
        self._at_log = threading.BoundedSemaphore(RECEIPTS_AT_ONCE)
        self._engine, self._clock, self._ledger, self.promises = engine, clock, ledger, promises
        with Session(engine) as session:
            latest = LatestClock(clock, book.latest_ms(session))
        self._stamps, self._receipts = stamps, receipts
        self._households = Households(engine, keys, policy.households)
        self._taking_in = TakingIn(engine, keys, blobs, latest, policy)
        self.arrivals = Arrivals(keys.folder / "incoming")
        self._draws = Draws(engine, keys, latest, policy, passkeys, self._households)
        self._taking_back = back = TakingBack(engine, keys, blobs, latest)
        self._catching_up = CatchingUp(engine, stamps, clock, ledger, passkeys.changes, back, self._lock)
        may_show = self._catching_up.check
        self._views = Views(engine, keys, blobs, latest, policy, receipts, passkeys, self._draws, watermark, may_show)
        self._taking_back.shred_what_has_no_half()
        self._taking_back.forget_old_withdrawals()

    # ---- giving ---------------------------------------------------------------------------------------------------

    def make(self, who: str = "") -> DonationKey:
        """A donation's name and the public half of its key, for a sender. Raises `KeeperRefused`."""
        with self._making:
            while (gone := self._taking_in.in_the_way(who, self.arrivals.knows)) is not None:
                with self._lock:
                    self._taking_in.retire(gone)
            return self._taking_in.make(who)

    def announce(self, said: Announcement) -> bool:
        """Check a head; True when this very clip is here already. Raises `KeeperRefused`, `NotFound`, `SealError`."""
        return self._taking_in.announce(said)

    def receive(self, gift: Gift) -> None:
        """Intake. Raises `KeeperRefused` (then nothing is kept), `NotFound`, `SealError`."""
        with self._intake:  # one at a time: each is decrypted in memory, 32 MiB at most
            admitted = self._taking_in.examine(gift)
            with self._lock:
                self._taking_in.keep(gift, admitted)

    # ---- looking --------------------------------------------------------------------------------------------------

    def next_clip(self, token: str) -> Assignment:
        """Draw, or the draw that is still open. Raises `KeeperRefused`."""
        root = self._root()
        with self._lock:
            return self._draws.next_clip(token, root)

    @_alone
    def figures(self) -> KeeperFigures:
        """What the keeper has for reviewers now, in numbers. Raises `KeeperRefused`."""
        return self._draws.figures()

    @_alone
    def gone(self, donations: Sequence[str]) -> list[str]:
        """Those of them that nobody may see any more: taken back, flagged, ended, or never here."""
        return self._draws.gone(donations)

    @_alone
    def skip(self, token: str) -> None:
        """Give back the clip that was drawn; its place of the quota is used."""
        self._draws.skip(token)

    @_alone
    def enough(self, donation: str) -> None:
        """The clip has enough labels and is no longer drawn. Raises `NotFound`, `KeeperRefused`."""
        self._draws.enough(donation)

    @_alone
    def case(self, token: str, asked: ViewRequest) -> Case:
        """All that the keeper knows of one request. Raises `NotFound`, and `KeeperRefused` for a torn receipt."""
        return self._views.case(token, asked)

    def open_view(self, token: str, asked: ViewRequest) -> ViewPass:
        """The ten checks, then the clip, in memory. Raises `KeeperRefused`, `SealError`, `NotFound`."""
        self._root()  # a log that is gone shows nothing, whatever a receipt says
        with self._lock:
            return self._views.open(token, asked)

    @_alone
    def connect(self, view_id: int, ticket: str, token: str) -> int:
        """Use the ticket, once; returns how many pictures there are. Raises `KeeperRefused`."""
        return self._views.connect(view_id, ticket, token)

    @_alone
    def pace(self, view_id: int) -> float:
        """Pictures a second of this view's film. Raises `KeeperRefused` once it is no longer valid."""
        return self._views.pace(view_id)

    def still(self, view_id: int, n: int) -> MarkedStill:
        """One picture, if the view is valid both before and after it is made. Raises `KeeperRefused`."""
        with self._lock:
            found = self._views.touch(view_id)
            if (ahead := found.film.ready(n)) is not None:  # it was asked before that was made, and just now
                found.pictures += 1
                return ahead
        film = found.film
        picture = film.still(n)  # takes time: not under the lock
        with self._lock:
            self._views.count_picture(view_id)
        return picture

    def ready(self, view_id: int, n: int) -> MarkedStill | None:
        """A picture that was made ahead, if the view is valid; None if it was not made, or somebody has the turn.

        It never waits, so that the face's own loop may ask, and nothing comes between this answer and the socket.

        Raises:
            KeeperRefused: the view is over.
        """
        with self._lock.at_once() as is_ours:
            if not is_ours:
                return None
            found = self._views.touch(view_id)
            ahead = found.film.ready(n)
            found.pictures += ahead is not None
            return ahead

    def prepare(self, view_id: int, n: int) -> None:
        """Make a picture ahead, for a view that is valid; whether it may leave is checked when it does.

        Raises:
            KeeperRefused: the view is over.
        """
        with self._lock:
            film = self._views.standing(view_id).film
        film.prepare(n)

    @_alone
    def touch(self, view_id: int) -> None:
        """The reviewer is there. Raises `KeeperRefused` once the view is no longer valid."""
        self._views.touch(view_id)

    @_alone
    def check_standing(self, view_id: int) -> None:
        """Raises `KeeperRefused` once the view is no longer valid; the face asks several times a second."""
        self._views.check(view_id)

    @_alone
    def close_view(self, view_id: int) -> None:
        """End a view: the decrypted clip goes, `view.close` is noted."""
        self._views.close(view_id)

    @_alone
    def flag(self, token: str, view_id: int) -> None:
        """“This should not have been shared”: nobody sees the clip again. Raises `KeeperRefused`."""
        self._views.flag(token, view_id)

    @_alone
    def labelled(self, view_id: int, event: bytes, salt: bytes, leaf: bytes, receipt: str) -> None:
        """Keep what a reviewer said of the clip of this view, for its owner.

        Raises:
            NotFound: no such view.
            KeeperRefused: the log holds something else, or it is said of another view.
        """
        self._views.labelled(view_id, event, salt, leaf, receipt)

    # ---- taking back ----------------------------------------------------------------------------------------------

    def revoke(self, withdrawn: Withdrawn) -> Revocation:
        """From here on nobody sees the clip; `sweep` destroys the key. Raises `KeeperRefused`, `NotFound`."""
        self._taking_back.check(withdrawn)  # not under the lock: a stranger's must not hold anybody up
        with self._lock.first():
            taken = self._taking_back.revoke(withdrawn)
            self._views.close_all_of(withdrawn.withdrawal.donation)
        if taken.entry is None or taken.entry.index is None:
            return taken
        return replace(taken, entry=replace(taken.entry, receipt=self._receipt(taken.entry.index)))

    def sweep(self) -> None:
        """What is due: expired consents, keys to destroy, entries to append. Call it every second or so."""
        with self._lock:
            due = self._taking_back.expire()
            for donation in due.expired:
                self._views.close_all_of(donation)
            self._taking_back.shred(due.shred)
            self._taking_in.forget(due.shred)
            self._views.close_the_fallen()
            self._stamps.go_round()
        self._catching_up.keep_up()  # asks the log: not under the lock; the log may hold what is queued
        book.append_queued(self._engine, self._ledger)
        self._households.enrol_new(self._ledger)
        with suppress(KeeperRefused):  # the log is away, or between two parts: asked again at the next sweep
            self._ledger.follow()

    @_alone
    def entries(self, donation: str) -> list[OwnersEntry]:
        """All entries about a donation, for its owner. Raises `NotFound`."""
        with tolerant(self._engine) as session:
            return book.entries_of(session, donation)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _receipt(self, index: int) -> str | None:
        """A receipt, if the log gives one soon: whoever takes back is answered all the same. Not under the lock."""
        if not self._at_log.acquire(blocking=False):
            return None
        try:
            return self._ledger.receipt(index)
        except NightlatchError:
            return None
        finally:
            self._at_log.release()

    def _root(self) -> bytes:
        """The log's newest root, while the keeper knows all that it must, and the programme keeps its promise.

        It asks the log: not under the lock.
        """
        self._catching_up.require()
        self._catching_up.check()
        if (breach := self.promises.breach()) is not None:
            raise KeeperRefused(Refusal.POLICY, breach)
        now_ms = self._clock.now_ms()
        found = self._ledger.root(now_ms)
        with self._lock:
            hubs = self._households.hubs().values()
            self._households.saw(self._receipts.hubs_under(found.note, frozenset(hubs), now_ms), now_ms)
        return found.root
