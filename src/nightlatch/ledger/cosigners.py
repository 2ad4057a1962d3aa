"""The witnesses that a log asks, each with what it knows, and those that come on their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.digits import read_count
from nightlatch.errors import NightlatchError
from nightlatch.ledger.brought import Couriers
from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.errors import Conflict, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.witness import Moved, Witness, request
from nightlatch.seal.note import Note, Signature, Verifier, read_note
from nightlatch.web.asking import Bounds, ask_async
from nightlatch.web.face import KIB

WITNESS = Bounds(most_bytes=4 * KIB, within_s=5.0)
BROUGHT_WITHIN_S = 5.0
LONGEST_WAIT_S = 25
MOST_WAITING = 256
log = structlog.get_logger()
Cosigner = Callable[[str], Awaitable[tuple[int, str]]]  # a request → status and body


class Cosigners:
    """The witnesses that this log asks and what each knows, and those that come by themselves."""

    def __init__(self, ledger: Log, witnesses: dict[Verifier, Cosigner], brought: Couriers) -> None:
        self._log, self._witnesses, self._brought = ledger, witnesses, brought
        self._grown, self._came, self._waiting = asyncio.Event(), asyncio.Event(), 0
        self._known: dict[Verifier, int] = {}
        self._lock = asyncio.Lock()
        self.shown: Note | None = None  # the newest checkpoint that was put before the witnesses

    async def refresh(self) -> Note:
        """Have the newest checkpoint cosigned by all that answer; the note with what came."""
        async with self._lock:
            note = self._log.note
            size = int(note.text.split("\n")[1])
            asked = (self._ask(key, cosigner, note, size) for key, cosigner in self._witnesses.items())
            came = [each for each in await asyncio.gather(*asked) if each is not None]
            await run_in_threadpool(self._log.cosigned, came, size)
            await self._wait_for_those_who_bring(size)
            now = self._log.note
            kept = [s for s in note.signatures if all((s.name, s.id) != (n.name, n.id) for n in came)]
            self.shown = now if now.text == note.text else Note(note.text, (*kept, *came))
            return self.shown

    def grew(self) -> None:
        """The log has a newer checkpoint: wake those who wait for one."""
        self._grown.set()
        self._grown = asyncio.Event()

    async def bring(self, raw: str) -> None:
        """Take a cosignature that a witness brings. Raises as `Couriers.bring` does."""
        await run_in_threadpool(self._brought.bring, raw)
        if self.shown is not None and self.shown.text == self._log.note.text:
            self.shown = self._log.note
        self._came.set()
        self._came = asyncio.Event()

    async def question(self, old: int, wait_s: int) -> str:
        """What a witness at `old` entries is asked (tlog-witness); waits for a newer checkpoint. Raises `Moved`."""
        if old == self._log.checkpoint.size and wait_s > 0 and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._grown.wait(), min(wait_s, LONGEST_WAIT_S))
            finally:
                self._waiting -= 1
        note = self._log.note
        size = int(note.text.split("\n")[1])
        if old > size:
            raise Moved(size)
        return request(old, self._log.consistency(old, size), str(Note(note.text, note.signatures[:1])))

    async def _wait_for_those_who_bring(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + BROUGHT_WITHIN_S
        while missing := self._brought.awaited(size):
            if (left := until - loop.time()) <= 0:
                self._brought.missed(missing)
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), left)

    async def _ask(self, key: Verifier, cosigner: Cosigner, note: Note, size: int) -> Signature | None:
        plain = str(Note(note.text, note.signatures[:1]))
        for _ in range(2):
            old = min(self._known.get(key, size), size)
            try:
                status, body = await cosigner(request(old, self._log.consistency(old, size), plain))
            except (NightlatchError, OSError):
                return None
            if status == 409 and (knows := read_count(body.removesuffix("\n"))) is not None:
                self._known[key] = knows
                continue
            if status != 200:
                log.warning("witness.refused", witness=key.name, status=status)
                return None
            self._known[key] = size
            with contextlib.suppress(NightlatchError):
                signature = read_note(f"{note.text}\n{body}").signatures[0]
                if cosigned_at_s(Note(note.text, (signature,)), key) is not None:
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
