"""Watches the log of the programme that the household joined, and is a witness of it.

Every five minutes the hub reads the whole log, against what it was before, and cosigns what continues it. What it
remembers survives a restart. A log that forks or goes back is no longer cosigned or believed: Home says so,
nothing is given, and both signed checkpoints, which together prove it, are kept in `log-evidence`.

One look ends within ten minutes and reads at most a million entries, so a log that drips, hangs or never ends holds up
nothing else. After two looks that came to nothing, Home says since when the log has been silent. Nothing that a log
says ends the watch: whatever goes wrong is logged, and the next look comes.

Nobody can ask a hub behind a home router, so it fetches the log's question and brings its cosignature. When the
programme's policy names this hub among its witnesses, it waits at the log for each new checkpoint between its looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import Clock
from nightlatch.durably import write_durably
from nightlatch.errors import NightlatchError, NotFound
from nightlatch.hub.serve.giving import Donations, Programme, ProgrammeClient
from nightlatch.ledger.checkpoint import open_checkpoint
from nightlatch.ledger.client import WITHIN_S, LogClient
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.memory import Memory
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import Policy, check_note, read_policy
from nightlatch.ledger.witness import Moved, Witness, read_request, request
from nightlatch.seal.note import COSIGNATURE, Note, Signature, Signer, make_signer, read_note, read_signer

EVERY_S = 300.0
WAIT_S = 4  # at the log, for its next checkpoint; stopping the hub waits for it
LOOK_WITHIN_S = 600.0  # a million entries are 8,000 files: 75 ms for each
MOST_ENTRIES = 1_000_000  # 150 bytes of memory each
MISSES = 2  # looks that come to nothing before it is said
IDLE_S = 10.0  # until it asks itself again whether a programme was joined that it has not looked at
log = structlog.get_logger()


def witness_key(data_dir: Path) -> Signer:
    """The key with which this hub cosigns, made at first use. Its name says nothing about the household."""
    path = data_dir / "witness.key"
    if not path.exists():
        made = make_signer("nightlatch.hub/new", COSIGNATURE)
        name = f"nightlatch.hub/{sha256(made.verifier.public).hexdigest()[:8]}"
        write_durably(path, replace(made, name=name).secret().encode())
    return read_signer(path.read_text())


@dataclass(slots=True)
class LogWatch:
    """One for a hub. `trouble` is what Home says, `vouched` how many entries this hub has cosigned."""

    data_dir: Path
    donations: Donations
    clock: Clock
    trouble: str | None = None
    size: int | None = field(default=None)
    vouched: int | None = None
    within_s: float = WITHIN_S  # for each answer of the log
    heard_ms: int | None = None  # when a look last ended well
    _missed: int = field(default=0, repr=False)
    _began_ms: int | None = field(default=None, repr=False)  # when the first of the missed looks began
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            until = loop.time() + EVERY_S
            await run_in_threadpool(self.try_look)
            while (left := until - loop.time()) > 0:
                is_awaited = False
                with _said():
                    is_awaited = await run_in_threadpool(self.vouch, WAIT_S)
                if not is_awaited:
                    await asyncio.sleep(min(left, IDLE_S))

    @property
    def silent_since_ms(self) -> int | None:
        """Since when nothing that can be read has come from the log; None while that may be a passing trouble."""
        return self._began_ms if self._missed >= MISSES else None

    def try_look(self) -> None:
        """One look; whatever goes wrong is logged and counted, never raised."""
        began_ms = self.clock.now_ms()
        is_heard = False
        with _said():
            self.look()
            is_heard = True
        if is_heard:
            self._missed, self._began_ms = 0, None
            self.heard_ms = self.clock.now_ms() if self.donations.membership.programme() is not None else None
        else:
            self._missed += 1
            self._began_ms = self._began_ms or self.heard_ms or began_ms

    def look(self) -> None:
        """Audit the whole log once, against what it was before, and cosign it.

        Raises:
            NightlatchError: it cannot be read.
        """
        programme = self.donations.membership.programme()
        if programme is None:
            self.trouble = self.size = self.vouched = None
            return
        policy, memory = read_policy(programme.policy), self._memory(programme)
        with self._one_at_a_time:
            held = memory.newest()
            old = held.checkpoint.size if held else 0
            note = self._newest(programme, old)
            try:
                believed = Policy(policy.log, (), 0)
                before = held.checkpoint if held else None
                read = self._reader(programme, note, policy)
                found = audit(read, believed, before=before, keeps_leaves=False)
                asked = request(old, found.tree.consistency(old, found.checkpoint.size), note)
                self._cosign(programme, policy, asked)
                check_note(ProgrammeClient(programme).log_file("checkpoint"), policy, self.clock.now_ms())
            except Unproven as unproven:
                self._judge(unproven, memory, policy, note)
                return
        if self.donations.distrusted is None:
            self.trouble, self.size = None, found.checkpoint.size

    def vouch(self, wait_s: int) -> bool:
        """Wait at the log for its next checkpoint, and cosign it; False when nobody is waiting for this hub.

        Raises:
            NightlatchError: the log cannot be reached, or its question proves nothing; the next audit judges it.
        """
        programme = self.donations.membership.programme()
        if programme is None or self.donations.distrusted is not None:
            return False
        policy, memory = read_policy(programme.policy), self._memory(programme)
        if memory.newest() is None:  # joined since the last audit
            self.look()
        held, own = memory.newest(), witness_key(self.data_dir).verifier
        if held is None or all(key != own for _, key in policy.witnesses):
            return False
        try:
            asked = LogClient(programme.log_url, within_s=self.within_s).question(held.checkpoint.size, wait_s)
        except NotFound:  # plain files ask nobody
            return False
        if open_checkpoint(read_request(asked)[2], policy.log)[0].size > held.checkpoint.size:
            with self._one_at_a_time:
                self._cosign(programme, policy, asked)
        return True

    def _cosign(self, programme: Programme, policy: Policy, asked: str) -> None:
        """Raises `Unproven` instead of cosigning what does not continue the log."""
        if self.donations.distrusted is not None:
            return
        signer = witness_key(self.data_dir)
        memory = self._memory(programme)
        witness = Witness(self.data_dir / "witness", signer, [policy.log], self.clock, lambda _: memory)
        signature = witness.add_checkpoint(asked)
        note = read_request(asked)[2]
        self.vouched = int(note.split("\n")[1])
        with _said():
            self._bring(programme, note, signature)

    def _bring(self, programme: Programme, note: str, signature: Signature) -> None:
        """Bring the log a cosignature; the keeper names this hub to it once a clip was given."""
        client, raw = (
            LogClient(programme.log_url, within_s=self.within_s),
            str(Note(read_note(note).text, (signature,))),
        )
        # plain files take nothing; what moved on is cosigned at the next look
        with contextlib.suppress(NotFound, Moved):
            client.bring(raw)

    def _newest(self, programme: Programme, old: int) -> str:
        """The note of the newest checkpoint, which may still need cosignatures; else the one that is shown."""
        try:
            return read_request(LogClient(programme.log_url, within_s=self.within_s).question(old))[2]
        except (NotFound, Moved):
            return ProgrammeClient(programme).log_file("checkpoint").decode("utf-8", "replace")

    def _reader(self, programme: Programme, note: str, policy: Policy) -> Callable[[str], bytes]:
        """Reads the files under one checkpoint, for as long as a look may take. Raises `LedgerError`, `Unproven`."""
        if open_checkpoint(note, policy.log)[0].size > MOST_ENTRIES:
            raise LedgerError(f"The log says that it has more than {MOST_ENTRIES} entries: more than a hub can check.")
        until_s = time.monotonic() + LOOK_WITHIN_S

        def read(path: str) -> bytes:
            if path == "checkpoint":
                return note.encode()
            if time.monotonic() > until_s:
                raise LedgerError("The log takes too long to be read.")
            return ProgrammeClient(programme).log_file(path)

        return read

    def _judge(self, unproven: Unproven, memory: Memory, policy: Policy, note: str) -> None:
        if unproven.why in (Why.FORK, Why.ROLLBACK):
            # only what the log itself signed speaks against it
            memory.accuse(open_checkpoint(note, policy.log)[0], note, unproven)
            self.donations.distrusted = self.trouble = f"The programme's log contradicts itself: {unproven}"
            log.error("log.contradicts_itself", why=unproven.why.value)
        elif self.donations.distrusted is None:
            self.trouble = f"The programme's log cannot be believed now: {unproven}"

    def _memory(self, programme: Programme) -> Memory:
        name = sha256(programme.key.encode()).hexdigest()[:16]
        return Memory(self.data_dir / f"log-{name}.json", self.data_dir / "log-evidence")


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What fails is tried again at the next audit."""
    try:
        yield
    except (NightlatchError, OSError) as error:
        log.warning("log.unreachable", error=type(error).__name__)
    except Exception:  # whatever a log made us stumble over: a watch that ends sees no fork any more
        log.exception("log.stumbled")
