"""The witnesses that a log asks, each with what it knows, and those that come on their own.

One round serves all entries of a commit. It waits for those who are about, at most five seconds. A witness that made a
round wait in vain is absent from then on: it is asked beside the rounds, at growing intervals, until it answers at
once again. Reading costs no round: what is shown is what the last one brought.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.digits import read_count
from nightlatch.errors import NightlatchError
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.chronicle import Chronicle, chronicle_of
from nightlatch.ledger.errors import Conflict, LedgerError, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.parts import position
from nightlatch.ledger.policy import check_note
from nightlatch.ledger.witness import Moved, Witness, request
from nightlatch.seal.note import Note, Signature, Verifier, read_note
from nightlatch.web.asking import Bounds, ask_async
from nightlatch.web.sizes import KIB

WITHIN_S = 5.0  # of a round
WITNESS = Bounds(most_bytes=4 * KIB, within_s=WITHIN_S)
HOUSEHOLDS_WITHIN_S = 1.5  # of that, for as many hubs of households as are wanted
HOUSEHOLDS_REST_S = 0.4  # of that, for those that are about besides
PROMPT_S = 2.5  # a witness that fails later than that, or is absent and answers later, is not waited for
RESTS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # before an absent witness is asked again
LONGEST_WAIT_S = 25
MOST_WAITING = 256
log = structlog.get_logger()
Answer = TypeVar("Answer")
Cosigner = Callable[[str], Awaitable[tuple[int, str]]]  # a request → status and body


@dataclass(slots=True)
class AskedWitness:
    """A witness that the log asks, and what is known of it."""

    key: Verifier
    ask: Cosigner
    knows: dict[str, int] = field(default_factory=dict)  # entries, by the part's name
    settled: int = -1  # the last finished part that it was asked about
    is_absent: bool = False


class Cosigners:
    """Brings the newest checkpoint before all witnesses; `shown` is the last one that was."""

    def __init__(
        self, ledger: Log | Chronicle, witnesses: dict[Verifier, Cosigner], brought: Couriers, households: int = 0
    ) -> None:
        """A round waits for `households` hubs of households, or for as many as the part's policy says."""
        self._log, self._brought, self._households = chronicle_of(ledger), brought, households
        self._witnesses = [AskedWitness(key, cosigner) for key, cosigner in witnesses.items()]
        self._grown, self._came, self._waiting = asyncio.Event(), asyncio.Event(), 0
        self._beside: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._threads = ThreadPoolExecutor(4, "log")  # of its own: readers may have all others
        self.shown: Note | None = None
        self.rounds = 0

    @property
    def note(self) -> Note:
        """The last checkpoint that was put before the witnesses; while a part begins, that of the part before."""
        return self.shown or self._log.note

    @property
    def is_quorate(self) -> bool:
        """Whether the last round brought the quorum of the policy."""
        try:
            check_note(str(self.note), self._log.part.policy, None)
        except Unproven:
            return False
        return True

    async def refresh(self) -> Note:
        """Have the newest checkpoint cosigned by all that are about; the note with what came."""
        async with self._lock:
            self.rounds += 1
            note = self._log.note
            until = asyncio.get_running_loop().time() + WITHIN_S
            asked = [self._word(each, note) for each in self._witnesses if not each.is_absent]
            came, _ = await asyncio.gather(asyncio.gather(*asked), self._wait_for_those_who_bring(note, until))
            signatures = [each for each in came if each is not None]
            with contextlib.suppress(OSError):  # without room the folder lacks them; whoever asks gets them
                await self.apart(self._log.cosigned, signatures, note.text)
            now = self._log.note
            kept = [s for s in note.signatures if all((s.name, s.id) != (n.name, n.id) for n in signatures)]
            self.shown = now if now.text == note.text else Note(note.text, (*kept, *signatures))
            return self.shown

    async def apart(self, work: Callable[..., Answer], *given: object) -> Answer:
        """Do what waits for the disk or for a lock, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def grew(self) -> None:
        """The log has a newer checkpoint: wake those who wait for one."""
        self._grown.set()
        self._grown = asyncio.Event()

    def stop(self) -> None:
        """Ask nobody beside the rounds any more."""
        for each in self._beside:
            each.cancel()
        self._threads.shutdown(wait=False)

    async def bring(self, raw: str) -> None:
        """Take a cosignature that a witness brings. Raises as `Couriers.bring` does."""
        await run_in_threadpool(self._brought.bring, raw)
        self._show_what_came()
        self._came.set()
        self._came = asyncio.Event()

    async def question(self, known: int, wait_s: int) -> str:
        """What a witness that knows the log up to a position is asked (tlog-witness); waits for a newer checkpoint.

        Raises:
            Moved: the log has less.
        """
        if known == int(self._log.size) and wait_s > 0 and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._grown.wait(), min(wait_s, LONGEST_WAIT_S))
            finally:
                self._waiting -= 1
        return await run_in_threadpool(self._question, known)

    def _question(self, known: int) -> str:
        try:
            old, path, note = self._log.question(position(known))
        except IndexError:
            raise Moved(int(self._log.size)) from None
        return request(old, path, str(Note(note.text, note.signatures[:1])))

    def _show_what_came(self) -> None:
        if self.shown is not None and self.shown.text == self._log.note.text:
            self.shown = self._log.note

    async def _wait_for_those_who_bring(self, note: Note, until: float) -> None:
        loop, size = asyncio.get_running_loop(), int(self._log.size)
        wanted = max(self._households, self._log.part.policy.households)
        began = until - WITHIN_S
        while self._log.note.text == note.text:
            now, named, households = loop.time(), self._brought.awaited(size), self._brought.households(size)
            is_enough = len(households.came) >= wanted
            soon = began + (HOUSEHOLDS_REST_S if is_enough else HOUSEHOLDS_WITHIN_S)
            ends = [until] if named and now < until else []
            if wanted and households.missing and now < soon:
                ends.append(soon)
            if named and now >= until:
                self._brought.missed(named)
            if not is_enough and now >= soon:
                self._brought.missed(households.missing)
            if not ends:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), min(ends) - now)

    async def _word(self, witness: AskedWitness, note: Note) -> Signature | None:
        """A witness's word in a round; one that makes the round wait in vain is absent."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        signature = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHIN_S):
                signature = await self._asked_in_order(witness, note)
        if signature is None and loop.time() - began > PROMPT_S:
            witness.is_absent = True
            log.warning("witness.absent", witness=witness.key.name)
            task = asyncio.create_task(self._wait_for(witness))
            self._beside.add(task)
            task.add_done_callback(self._beside.discard)
        return signature

    async def _wait_for(self, witness: AskedWitness) -> None:
        """Ask an absent witness now and then, until it answers at once."""
        loop = asyncio.get_running_loop()
        rests, rest_s = iter(RESTS_S), 0.0
        while witness.is_absent:
            await asyncio.sleep(rest_s)
            began, note, signature = loop.time(), self._log.note, None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WITHIN_S):
                    signature = await self._asked_in_order(witness, note)
            rest_s = next(rests, RESTS_S[-1])
            if signature is not None and loop.time() - began <= PROMPT_S:
                rest_s, witness.is_absent = 0.0, self._log.note.text != note.text  # it must have the newest one, too
            if signature is not None:
                with contextlib.suppress(OSError):
                    await self.apart(self._log.cosigned, [signature], note.text)
                self._show_what_came()

    async def _asked_in_order(self, witness: AskedWitness, note: Note) -> Signature | None:
        """First about the end of the part before, unless it cosigned that; then about this checkpoint."""
        try:
            is_settled = witness.settled >= self._log.part.number - 1
            finished = None if is_settled else await self.apart(self._log.finished)
            if finished is not None:
                before = finished[0]
                if cosigned_at_s(before.note, witness.key) is None:
                    last = await self._ask(witness, before.note, before.consistency)
                    if last is not None:
                        await self.apart(self._log.cosigned, [last], before.note.text)
                witness.settled = finished[1].number
            return await self._ask(witness, note, self._log.consistency)
        except (NightlatchError, OSError):
            return None
        except Exception:  # whatever a witness made us stumble over: its word is missing, and nothing else
            log.exception("witness.stumbled", witness=witness.key.name)
            return None

    async def _ask(
        self, witness: AskedWitness, note: Note, consistency: Callable[[int, int], list[bytes]]
    ) -> Signature | None:
        """Raises what the asking raises."""
        origin, size = note.text.split("\n")[0], int(note.text.split("\n")[1])
        plain = str(Note(note.text, note.signatures[:1]))
        for _ in range(2):
            old = min(witness.knows.get(origin, size), size)
            path = await self.apart(consistency, old, size)
            status, body = await witness.ask(request(old, path, plain))
            if status == 409 and (knows := read_count(body.removesuffix("\n"))) is not None:
                witness.knows[origin] = knows
                continue
            if status >= 500:
                raise LedgerError("The witness is in trouble. It is asked again.")
            if status != 200:
                log.warning("witness.refused", witness=witness.key.name, status=status)
                return None
            witness.knows[origin] = size
            with contextlib.suppress(NightlatchError):
                signature = read_note(f"{note.text}\n{body}").signatures[0]
                if cosigned_at_s(Note(note.text, (signature,)), witness.key) is not None:
                    return signature
            return None
        return None


def http_cosigner(url: str) -> Cosigner:
    """A witness elsewhere; `url` ends in /add-checkpoint."""

    async def ask(body: str) -> tuple[int, str]:
        reply = await ask_async("POST", url, WITNESS, body=body.encode())
        return reply.status, reply.text

    return ask


def local_cosigner(witness: Witness) -> Cosigner:
    """A witness in the same process."""

    async def ask(body: str) -> tuple[int, str]:
        return await run_in_threadpool(answer, witness, body)

    return ask


def answer(witness: Witness, body: str) -> tuple[int, str]:
    """What a witness says to a request: status and body (tlog-witness)."""
    try:
        return 200, str(witness.add_checkpoint(body))
    except (Moved, Conflict) as moved:
        return 409, f"{moved.size}\n"
    except Unproven as unproven:
        status = {Why.WRONG_ORIGIN: 404, Why.NOT_SIGNED: 403, Why.MALFORMED: 400}.get(unproven.why, 422)
        return status, f"{unproven}\n"
