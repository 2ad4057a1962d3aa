"""All logs that the household depends on: one watch for each programme, one mirror for each log.

A programme is watched while it is joined, and as long as anything that was given to it is not proven shredded. Two
programmes of one log share its mirror and its memory: one log, one view. Each watch has a thread of its own, so that
a log which keeps its thread holds up neither the others nor the page.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import Clock
from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.giving import Donations, Programme
from nightlatch.hub.serve.giving.proving import Sight
from nightlatch.hub.serve.logs.mirror import Mirror, adopt, name_of
from nightlatch.hub.serve.logs.watch import LogTrouble, Watch, said
from nightlatch.ledger.policy import read_policy

ASK_S = 5.0  # between questions whether another programme was joined
log = structlog.get_logger()


class Logs:
    """One for a hub. Calls may come from several threads."""

    def __init__(self, data_dir: Path, donations: Donations, clock: Clock) -> None:
        self.data_dir, self._donations, self._clock = data_dir, donations, clock
        self._mirrors: dict[str, Mirror] = {}
        self._watches: dict[str, Watch] = {}
        self._threads: dict[str, _WatchThread] = {}
        self._lock = threading.Lock()
        self._damaged: dict[str, LogTrouble] = {}
        donations.carriers.sight = self.sight

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                with said():
                    wanted = await run_in_threadpool(self.wanted)
                    await run_in_threadpool(self._follow, wanted)
                await asyncio.sleep(ASK_S)
        finally:
            for thread in self._threads.values():
                thread.stop()

    def wanted(self) -> list[Programme]:
        """The programmes that are watched: the one that is joined, and those that still hold something."""
        joined = self._donations.membership.programme()
        given = self._donations.given()
        holding = {each.programme_id for each in given if each.shredded_ms is None or each.proven_ms is None}
        known = self._donations.membership.known()
        return [each for each in known if each == joined or each.id in holding]

    def watch(self, programme: Programme) -> Watch:
        """The watch of a programme. Raises `LedgerError` when what is remembered is damaged, `ConfigError`."""
        with self._lock:
            found = self._watches.get(programme.id)
            if found is None:
                found = Watch(programme, self._mirror(programme), self.data_dir, self._clock)
                found.on_doubt, found.bring_later = self._distrust, self._donations.bring_later
                self._watches[programme.id] = found
                if found.doubt is not None:
                    self._distrust(programme, found.doubt)
            return found

    def file(self, programme: Programme, path: str) -> bytes:
        """A file of a programme's log as it was audited here. Raises as `Watch.file` and `watch`."""
        return self.watch(programme).file(path)

    def saw(self, programme: Programme, note: str) -> bool:
        """Hold a checkpoint that somebody in the house saw against the programme's log; False: not shown here yet.

        Raises:
            Unproven: the log did not sign it, or it is of another tree than the one that was audited.
        """
        return self.watch(programme).saw(note)

    def sight(self, programme: Programme) -> Sight:
        """What is known of a programme's log, for whoever is shown a receipt. Raises as `watch`."""
        found = self.watch(programme)
        return Sight(found.place, found.saw)

    def vouched(self, programme: Programme | None) -> int | None:
        """How many entries of the newest part of a programme's log this hub has cosigned."""
        found = self._watches.get(programme.id) if programme is not None else None
        return found.vouched if found is not None else None

    def troubles(self) -> list[LogTrouble]:
        """What Home says."""
        watches = [watch for watch in list(self._watches.values()) if watch.programme.id in self._threads]
        found = [LogTrouble(each.name, each.trouble, each.silent_since_ms) for each in watches]
        return [each for each in [*found, *self._damaged.values()] if each.trouble or each.silent_since_ms]

    def _distrust(self, programme: Programme, why: str | None) -> None:
        """Every programme of an accused log is distrusted, not only the one that was found out; None: no longer."""
        found = self._watches.get(programme.id)
        ids = [programme.id]
        if found is not None and found.mirror.accused is not None:
            ids += [each.programme.id for each in list(self._watches.values()) if each.mirror is found.mirror]
        for each in ids:
            if why is None:
                self._donations.distrusted.pop(each, None)
            else:
                self._donations.distrusted[each] = why

    def _mirror(self, programme: Programme) -> Mirror:
        policy = read_policy(programme.policy)
        name = name_of(policy.log)
        if name not in self._mirrors:
            made = Mirror(self.data_dir / "logs" / name, self.data_dir / "log-evidence", policy)
            adopt(made, programme, self.data_dir)
            self._mirrors[name] = made
        return self._mirrors[name]

    def _follow(self, wanted: list[Programme]) -> None:
        """Begin and end watches."""
        for gone in set(self._threads) - {each.id for each in wanted}:
            self._threads.pop(gone).stop()
        for programme in wanted:
            thread = self._threads.get(programme.id)
            if thread is not None and thread.is_alive():
                continue
            try:
                watch = self.watch(programme)
            except NightlatchError as error:
                self._damaged[programme.id] = LogTrouble(programme.name, str(error), None)
                continue
            self._damaged.pop(programme.id, None)
            self._threads[programme.id] = _WatchThread(watch.turn)


class _WatchThread:
    """Takes turns until it is stopped; the turn that is under way is left behind."""

    def __init__(self, turn: Callable[[], float]) -> None:
        self._turn, self._stopped = turn, threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-watch", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            rest_s = 1.0
            with said():
                rest_s = self._turn()
            self._stopped.wait(rest_s)
