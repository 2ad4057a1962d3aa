"""Sends sealed clips to the mailbox while they grow. What cannot be sent waits in the index; recording never does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.digits import read_count
from nightlatch.domain.time import Clock
from nightlatch.errors import CloudError, NotFound, NotSealed
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, HouseholdRow
from nightlatch.hub.vault.layout import object_path
from nightlatch.seal.envelope import Sealed
from nightlatch.web.signature import public_b64, sign

AT_ONCE = 4
BATCH = 32
IDLE_S = 2.0
ASK_EVERY_S = 60.0  # whether the mailbox is still there, while nothing is sent to it
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
TIMEOUT_S = 20.0
RELAYED = ("signature", "signature-input", "content-digest", "range")
_MAILBOX_PATH = re.compile(r"[0-9a-z-]+(?:/[0-9a-z-]+){0,3}\Z")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    clip_id: str
    name: str
    version: int
    path: Path


class _Later(CloudError):
    """The mailbox is there and wants fewer requests."""

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Uplink:
    """One per hub with a `cloud_url`. `reachable` is None until the first try."""

    def __init__(self, cloud_url: str, code: str | None, books: Books, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._code = code
        self._books = books
        self._key = key
        self._clock = clock
        self._client = httpx.AsyncClient(base_url=cloud_url, timeout=TIMEOUT_S, follow_redirects=False)
        self._wake = asyncio.Event()
        self._asked_s: float | None = None  # when it was last seen whether the mailbox is there, monotonic
        self._away_s: float | None = None  # since then it is not
        self.reachable: bool | None = None
        self.last_sent_ms: int | None = None
        self.trouble: str | None = None

    @property
    def away_ms(self) -> int:
        """For how long the mailbox has not been reached, by a clock that nobody sets; 0 while it is."""
        return 0 if self._away_s is None else round((time.monotonic() - self._away_s) * 1000)

    def wake(self) -> None:
        """There may be something to send. From the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Send for ever; back off while the mailbox cannot be reached."""
        pause_s = FIRST_PAUSE_S
        while True:
            self._wake.clear()  # before looking: what comes while we look wakes us again
            try:
                sent = await self._enrol() and await self._drain()
                pause_s = FIRST_PAUSE_S
                self._note_way(self.reachable is not False)
                if not sent:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), IDLE_S)
                continue
            except (httpx.HTTPError, CloudError) as error:
                self._note_way(False)
                self.reachable = False
                self.trouble = str(error) if isinstance(error, CloudError) else "The mailbox cannot be reached."
                log.warning("mailbox.unreachable", error=type(error).__name__, again_in_s=pause_s)
                at_least_s = error.retry_after_s if isinstance(error, _Later) else 0
            except (OSError, SQLAlchemyError) as error:  # a full disk or a locked index here; the mailbox may be fine
                log.error("uplink.stumbled", error=type(error).__name__, again_in_s=pause_s)
                at_least_s = 0
            except Exception:  # whatever a mailbox made us stumble over, sealed pieces go on being sent
                log.exception("uplink.stumbled", again_in_s=pause_s)
                at_least_s = 0
            await asyncio.sleep(max(at_least_s, pause_s * random.uniform(0.8, 1.2)))
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    async def enrol_again(self) -> None:
        """The mailbox does not know this household (any longer)."""
        await run_in_threadpool(self._forgotten)
        self.wake()

    async def close(self) -> None:
        await self._client.aclose()

    async def relay(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Pass on a request that the owner's browser signed; the hub cannot sign for the owner.

        Raises:
            NotFound: a path that is not one of the mailbox's.
            CloudError: the mailbox cannot be reached.
        """
        if not _MAILBOX_PATH.match(path):  # "..", say, which the client would resolve to outside of /v1/
            raise NotFound("There is no such address in the mailbox.")
        kept = {name: value for name, value in headers.items() if name in RELAYED}
        url = f"/v1/{path}" + (f"?{query}" if query else "")
        try:
            return await self._client.request(method, url, headers=kept, content=body)
        except httpx.HTTPError:
            raise CloudError("The mailbox cannot be reached. Check the network, then try again.") from None

    async def _enrol(self) -> bool:
        """True when the mailbox knows this household."""
        row = await run_in_threadpool(self._household)
        if row is None or row.enrolment is None:
            return False
        if row.enrolled_ms is not None:
            return True
        told = {
            "household": row.id,
            "hub_key": public_b64(self._key),
            "owner_key": row.signing_key,
            "statement_signature": row.enrolment,
        }
        body = json.dumps(told | ({"code": self._code} if self._code else {})).encode()
        answer = await self._send("POST", "/v1/households", body)
        if answer.status_code not in (200, 201):
            raise CloudError(f"The mailbox did not accept this household: {_error(answer)}")
        await run_in_threadpool(self._enrolled)
        self.reachable = True
        return True

    async def _drain(self) -> bool:
        """Send one batch, the newest clips first; False when nothing waits."""
        waiting = await run_in_threadpool(self._next)
        if not waiting:
            now_s = time.monotonic()
            if self.reachable is not True or self._asked_s is None or now_s - self._asked_s > ASK_EVERY_S:
                answer = await self._client.get("/healthz")
                self.reachable, self._asked_s = answer.is_success, now_s
                self.trouble = None if answer.is_success else "The mailbox is there, and does not answer as one."
            return False
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(item: _Waiting) -> None:
            async with gate:
                await self._put(item)

        results = await asyncio.gather(*(one(item) for item in waiting), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        self.reachable, self.trouble, self._asked_s = True, None, time.monotonic()
        return True

    def _note_way(self, is_there: bool) -> None:
        if is_there:
            self._away_s = None
        elif self._away_s is None:
            self._away_s = time.monotonic()

    async def _put(self, item: _Waiting) -> None:
        try:
            body = Sealed(await run_in_threadpool(item.path.read_bytes))
        except FileNotFoundError:  # deleted meanwhile; its row is going too, and must not be asked for over and over
            await run_in_threadpool(self._refused, item, "Its file is gone from the vault.")
            return
        except NotSealed as error:
            await run_in_threadpool(self._refused, item, str(error))
            return
        replace = {"X-Nightlatch-Replace": "1"} if item.name == "manifest" else {}
        answer = await self._send("PUT", f"/v1/clips/{item.clip_id}/{item.name}", body, replace)
        if answer.status_code in (200, 201):
            self.last_sent_ms = self._clock.now_ms()
            await run_in_threadpool(self._sent, item)
        elif answer.status_code in (409, 413, 415, 404):
            log.error("object.refused", clip=item.clip_id, object=item.name, status=answer.status_code)
            await run_in_threadpool(self._refused, item, _error(answer))
        elif answer.status_code == 403 and _reason(answer) == "unknown_key":
            await run_in_threadpool(self._forgotten)
            raise CloudError("The mailbox has forgotten this household; enrolling again.")
        elif answer.status_code == 429:
            after_s = read_count(answer.headers.get("retry-after", "")) or 0
            raise _Later("The mailbox asks us to wait.", min(LONGEST_PAUSE_S, after_s))
        else:
            raise CloudError(f"The mailbox answered: {_error(answer)}")

    async def _send(self, method: str, path: str, body: bytes, more: dict[str, str] | None = None) -> httpx.Response:
        signed = sign(self._key, method, path, "", sha256(body).digest(), self._clock.now_ms() // 1000)
        return await self._client.request(method, path, content=body, headers={**signed, **(more or {})})

    # ---- rows; in worker threads ----------------------------------------------------------------------------

    def _household(self) -> HouseholdRow | None:
        with Session(self._books.engine) as session:
            return session.scalar(select(HouseholdRow))

    def _enrolled(self) -> None:
        with self._books.change() as session:
            session.execute(update(HouseholdRow).values(enrolled_ms=self._clock.now_ms()))

    def _forgotten(self) -> None:
        with self._books.change() as session:
            session.execute(update(HouseholdRow).values(enrolled_ms=None))

    def _next(self) -> list[_Waiting]:
        query = (
            select(ClipPartRow, ClipRow.camera_id)
            .join(ClipRow)
            .where(ClipPartRow.version > ClipPartRow.sent_version, ClipPartRow.refused.is_(None))
            .order_by(ClipRow.onset_ms.desc(), ClipPartRow.created_ms)
            .limit(BATCH)
        )
        with Session(self._books.engine) as session:
            return [
                _Waiting(
                    row.clip_id,
                    row.name,
                    row.version,
                    self._books.vault / object_path(camera_id, row.clip_id, row.name),
                )
                for row, camera_id in session.execute(query)
            ]

    def _sent(self, item: _Waiting) -> None:
        self._note(item, sent_version=item.version, sent_ms=self._clock.now_ms())

    def _refused(self, item: _Waiting, reason: str) -> None:
        self._note(item, refused=reason[:500])

    def _note(self, item: _Waiting, **values: object) -> None:
        mine = (ClipPartRow.clip_id == item.clip_id, ClipPartRow.name == item.name)
        with self._books.change() as session:
            session.execute(update(ClipPartRow).where(*mine).values(**values))


def _error(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _reason(answer: httpx.Response) -> str | None:
    try:
        return str(answer.json()["reason"])
    except (ValueError, KeyError, TypeError):
        return None
