"""The one sender of what must arrive: again and again, whatever page is open and whatever was joined or left since.

Each programme has a lane for each kind of letter, with a thread of its own, so that a keeper that hangs holds up
neither another programme nor a withdrawal behind an upload. A letter is tried at once, after 1, 2, 4… and then every
60 s; one that was refused for good every hour, since for a withdrawal there is no giving up. Times between tries come
from a clock that nobody sets. What was sent before a crash is sent again: the keeper and the log take it twice.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.exc import DatabaseError
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.books.records import LetterKind
from nightlatch.hub.serve.giving.outbox import Lane, Letter, Outbox

QUICK_S = 1.0
LONGEST_S = 60.0
REFUSED_S = 3600.0
LOOK_S = 60.0  # until it is looked for lanes whose thread is gone

UNREADABLE = (OSError, DatabaseError)  # books that are locked or broken, a disk that fails

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try: nothing more to do when `said` is None. A new `stage` begins with quick tries again."""

    said: str | None
    is_final: bool = False
    stage: str = ""


DONE = Outcome(None)
Carry = Callable[[Letter], Outcome]  # raises `NightlatchError`, `OSError`: then it is tried again


@dataclass(slots=True)
class _Patience:
    """How long one letter waits between tries."""

    due_s: float = 0.0  # by the steady clock
    tries: int = 0  # of this stage, since this program began
    stage: str = ""

    def after(self, outcome: Outcome, now_s: float) -> None:
        if outcome.stage != self.stage:
            self.stage, self.tries = outcome.stage, 0
        pause_s = REFUSED_S if outcome.is_final else min(LONGEST_S, QUICK_S * 2 ** min(self.tries, 10))
        self.tries += 1
        self.due_s = now_s + pause_s


class Sender:
    """Sends what is in the outbox. Its methods are called from any thread."""

    def __init__(
        self, outbox: Outbox, carriers: Mapping[LetterKind, Carry], steady_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._outbox, self._carriers, self._steady_s = outbox, carriers, steady_s
        self._changed = threading.Condition()
        self._asked = 0  # counts what was asked for
        self._is_open = False
        self._lanes: dict[Lane, threading.Thread] = {}
        self._patience: dict[int, _Patience] = {}  # by letter
        self._outcomes: dict[str, int] = {}  # how many tries ended, by what they were about

    # ---- in the event loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled. What hangs then is given up; the next start sends it again."""
        self._is_open = True
        try:
            while True:
                await run_in_threadpool(self.catch_up)
                await asyncio.sleep(LOOK_S)
        finally:
            self._is_open = False
            with self._changed:
                self._changed.notify_all()

    # ---- from any thread ---------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Look for what is owed and has no letter or no thread. Whatever fails is tried again."""
        try:
            self._outbox.owe_withdrawals()
            self._outbox.drop_stray_parcels()
            self.wake()
        except UNREADABLE as error:
            log.warning("outbox.stumbled", error=type(error).__name__)

    def wake(self, about: str | None = None) -> None:
        """Something was put into the outbox; or what is about this donation, or for this programme, is tried now."""
        lanes = self._outbox.lanes()
        letters = () if about is None else [each for lane in lanes for each in self._outbox.waiting(lane)]
        with self._changed:
            self._asked += 1
            for letter in letters:
                if about in (letter.about, letter.lane.programme_id):
                    self._patience.pop(letter.id, None)
            for lane in lanes if self._is_open else ():
                if lane not in self._lanes or not self._lanes[lane].is_alive():
                    self._lanes[lane] = threading.Thread(target=self._work, args=(lane,), name="outbox", daemon=True)
                    self._lanes[lane].start()
            self._changed.notify_all()

    def tries_about(self, about: str) -> int:
        """How many tries about it have ended."""
        with self._changed:
            return self._outcomes.get(about, 0)

    def wait_for_try(self, about: str, before: int, within_s: float) -> None:
        """Wait until one more try about it has ended than `before`, if anything is being sent at all."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_open or self._outcomes.get(about, 0) > before, within_s)

    def turn(self) -> None:
        """Try in this thread whatever is due."""
        for lane in self._outbox.lanes():
            while self._step(lane) == 0:
                pass

    # ---- within ------------------------------------------------------------------------------------------------------

    def _work(self, lane: Lane) -> None:
        """The body of a lane's thread, which ends when nothing is left to send."""
        while self._is_open:
            asked = self._asked
            try:
                pause_s = self._step(lane)
            except Exception as error:  # noqa: BLE001 - whatever it is: what must arrive is owed all the same
                log.warning("outbox.stumbled", error=type(error).__name__)
                pause_s = LONGEST_S / 4
            with self._changed:
                if pause_s is None and self._asked == asked:
                    del self._lanes[lane]
                    return
                self._changed.wait_for(partial(self._has_news, asked), pause_s or 0)

    def _has_news(self, asked: int) -> bool:
        return self._asked != asked or not self._is_open

    def _step(self, lane: Lane) -> float | None:
        """Try the letter that has waited longest; seconds until another one is due, None when there is none."""
        letters = self._outbox.waiting(lane)
        if not letters:
            return None
        with self._changed:
            patience = [self._patience.setdefault(each.id, _Patience()) for each in letters]
        due_s, n = min((each.due_s, n) for n, each in enumerate(patience))
        if (left_s := due_s - self._steady_s()) > 0:
            return left_s
        outcome = self._try(letters[n])
        patience[n].after(outcome, self._steady_s())
        with self._changed:
            if outcome.said is None:
                self._patience.pop(letters[n].id, None)
            self._outcomes[letters[n].about] = self._outcomes.get(letters[n].about, 0) + 1
            self._changed.notify_all()
        return 0.0

    def _try(self, letter: Letter) -> Outcome:
        with suppress(*UNREADABLE):  # a full disk: it is sent all the same
            self._outbox.note_try(letter)
        try:
            outcome = self._carriers[letter.lane.kind](letter)
        except NightlatchError as error:
            outcome = Outcome(str(error))
        except OSError as error:
            outcome = Outcome(f"The hub's disk failed: {error.strerror or 'it has no room'}. Make room on it.")
        except Exception as error:  # whatever a programme made us stumble over: the letters behind this one go on
            log.exception("outbox.stumbled", error=type(error).__name__)
            outcome = Outcome("This hub stumbled over what it answered. Tell us; it goes on asking.")
        if outcome.said is not None:
            log.info("outbox.waits", kind=letter.lane.kind.value, final=outcome.is_final)
            with suppress(*UNREADABLE):
                self._outbox.note_answer(letter, outcome.said)
        return outcome
