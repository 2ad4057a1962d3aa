"""Tells the owner's devices when this hub falls silent, through the mailbox, which knows only that it did not hear.

While the hub is well it leaves letters there: messages that are sealed to each device and signed for its push service
already. It gives a sign of life five times in the time after which they would be sent, and writes them anew every hour,
so that their signatures are good whenever they are needed. A hub that comes back after a silence says so itself.

An orderly stop changes the letters: devices hear only if nobody starts the hub again, and hear that it was stopped. One
that died, or whose supervisor died, says nothing, and that is what the mailbox hears.

Off until the owner switches it on: the mailbox learns the devices' addresses at their push services.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import MINUTE_MS, SECOND_MS, Clock
from nightlatch.errors import CloudError, ConfigError
from nightlatch.hub.serve.alerts.push import Push, PushNotice
from nightlatch.hub.serve.alerts.switches import Switch
from nightlatch.web.asking import Bounds, Reply, Unanswered, ask_async
from nightlatch.web.signature import sign

SIGNS = 5  # in the time after which the devices would be told
WRITE_EVERY_S = 3600.0
STOPPED_AFTER_S = 600  # an upgrade is over sooner
PART_S = 2.0  # to change the letters while the hub is being stopped
CLOCKS_AGREE_S = 60
MAILBOX = Bounds(most_bytes=16_384, within_s=10.0)
PATH = "/v1/vigil"
TOPIC = "silence"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Life:
    """What the mailbox said: its clock, when it heard of this hub before, and when it told the devices, if it did."""

    now_ms: int
    heard_ms: int
    told_ms: int | None
    letters: int


class LifeSign:
    """One per hub with a mailbox."""

    def __init__(
        self,
        mailbox_url: str,
        key: Ed25519PrivateKey,
        push: Push,
        clock: Clock,
        after_s: int,
        switches: tuple[Switch, Switch],
    ) -> None:
        """`switches`: whether the owner wants it, and whether letters may lie in the mailbox."""
        self._url = mailbox_url.rstrip("/")
        self._key = key
        self._push = push
        self._clock = clock
        self._wanted, self._left = switches
        self._wake = asyncio.Event()
        self._ahead_s = 0  # the mailbox's clock, where it and ours do not agree
        self._written: tuple[float, frozenset[tuple[str, str, str]]] | None = None  # when, steady; to whom
        self._heard_s = time.monotonic()
        self.after_s = after_s
        self.renewed_ms: int | None = None
        self.trouble: str | None = None
        self.is_stranger: Callable[[], Awaitable[None]] | None = None  # the mailbox does not know this household

    @property
    def is_on(self) -> bool:
        """Whether the owner wants it."""
        return self._wanted.is_on

    @property
    def is_overdue(self) -> bool:
        """Whether it is wanted, and the mailbox has not been reached for so long that the devices are told."""
        return self.is_on and time.monotonic() - self._heard_s > self.after_s

    def turn(self, *, on: bool) -> None:
        """Switch it, from any thread; `wake` makes it so. Raises `ConfigError` when it cannot be remembered."""
        self._wanted.turn(on=on)

    def wake(self) -> None:
        """Something changed: the switch, or who is to be told. In the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        every_s = self.after_s / SIGNS
        while True:
            self._wake.clear()
            pause_s = every_s
            try:
                await self._once()
                self.trouble = None
            except (CloudError, ConfigError) as error:
                self.trouble, pause_s = str(error), every_s / 2
                log.warning("lifesign.unheard", error=str(error), again_in_s=round(pause_s))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause_s)

    async def stop(self) -> None:
        """The hub is being stopped in good order: from now on the letters say that, and wait longer."""
        if not (self.is_on and self._left.is_on):
            return
        with contextlib.suppress(CloudError, TimeoutError):
            async with asyncio.timeout(PART_S):
                await self._leave(STOPPED, max(self.after_s, STOPPED_AFTER_S))

    # ---- one sign ------------------------------------------------------------------------------------------

    async def _once(self) -> None:
        """Raises `CloudError`."""
        devices = await run_in_threadpool(self._push.devices) if self.is_on else frozenset()
        if not devices:
            if self._left.is_on:
                await self._take_back()
            self._heard_s = time.monotonic()
            return
        life = await self._sign()
        if life is not None and life.told_ms is not None:
            await self._say_back(life)
        if life is None or life.told_ms is not None or self._is_old(devices, life):
            await run_in_threadpool(lambda: self._left.turn(on=True))
            await self._leave(silent(self.after_s), self.after_s)
            self._written = time.monotonic(), devices
        self._heard_s, self.renewed_ms = time.monotonic(), self._clock.now_ms()

    def _is_old(self, devices: frozenset[tuple[str, str, str]], life: _Life) -> bool:
        if self._written is None or not life.letters:
            return True
        at_s, to = self._written
        return time.monotonic() - at_s > WRITE_EVERY_S or to != devices

    async def _say_back(self, life: _Life) -> None:
        now_ms = self._clock.now_ms()
        silent_ms = max(0, life.now_ms - life.heard_ms)  # by one clock, the mailbox's
        await self._push.say(back(now_ms - silent_ms, now_ms))

    async def _sign(self) -> _Life | None:
        """A sign of life; None where no letters lie. Raises `CloudError`."""
        reply = await self._ask("POST")
        return None if reply.status == 404 else _read(reply)

    async def _leave(self, notice: PushNotice, after_s: int) -> None:
        """Raises `CloudError`."""
        letters = await run_in_threadpool(self._push.written, notice, self._ahead_s)
        told = {
            "after_s": after_s,
            "letters": [
                {"endpoint": each.endpoint, "token": each.token, "body": b64encode(each.body).decode()}
                for each in letters
            ],
        }
        _read(await self._ask("PUT", json.dumps(told).encode()))

    async def _take_back(self) -> None:
        """Raises `CloudError`."""
        reply = await self._ask("DELETE")
        if not reply.is_success:
            raise CloudError(_refusal(reply))
        self._written = None
        await run_in_threadpool(lambda: self._left.turn(on=False))

    async def _ask(self, method: str, body: bytes = b"") -> Reply:
        """Raises `CloudError`."""
        reply = await self._ask_once(method, body)
        reason = reply.told().get("reason") if reply.status == 403 else None
        if reason == "untimely":  # a clock is wrong, here or there: the mailbox's decides what is of now
            now_s = reply.told().get("now_s")
            self._ahead_s = now_s - self._now_s() if isinstance(now_s, int) else 0
            reply = await self._ask_once(method, body)
        elif reason == "unknown_key" and self.is_stranger is not None:
            await self.is_stranger()
            raise CloudError("The mailbox does not know this household yet.")
        return reply

    async def _ask_once(self, method: str, body: bytes) -> Reply:
        signed = sign(self._key, method, PATH, "", sha256(body).digest(), self._now_s() + self._ahead_s)
        try:
            return await ask_async(method, self._url + PATH, MAILBOX, body=body, headers=signed)
        except Unanswered as error:
            raise CloudError(f"The mailbox {error.lack.value}.") from None

    def _now_s(self) -> int:
        return self._clock.now_ms() // SECOND_MS


def silent(after_s: int) -> PushNotice:
    """What devices are told when nothing is heard of the hub."""
    text = (
        f"Your mailbox has not heard from it for {_lasting(after_s * SECOND_MS)}. Is it switched on, and is your home "
        "online? Whether it records cannot be told from outside."
    )
    return PushNotice(TOPIC, "Your hub is silent", text, is_urgent=True)


STOPPED = PushNotice(
    TOPIC,
    "Your hub was stopped",
    "It was stopped by hand, or for an upgrade, and has not been started again. It records nothing.",
    is_urgent=True,
)


def back(from_ms: int, to_ms: int) -> PushNotice:
    """What devices are told when the hub is heard again."""
    return PushNotice(
        TOPIC, "Your hub is back", f"It was silent for {_lasting(to_ms - from_ms)}.", False, (from_ms, to_ms)
    )


def _lasting(ms: int) -> str:
    minutes = round(ms / MINUTE_MS)
    if minutes < 1:
        return f"{max(1, round(ms / SECOND_MS))} seconds"
    if minutes < 120:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{round(minutes / 60)} hours"


def _read(reply: Reply) -> _Life:
    """Raises `CloudError`."""
    told = reply.told()
    now, heard, to, letters = (told.get(name) for name in ("now_ms", "heard_ms", "told_ms", "letters"))
    if not reply.is_success:
        raise CloudError(_refusal(reply))
    if not (isinstance(now, int) and isinstance(heard, int) and isinstance(letters, int)):
        raise CloudError("The mailbox's answer cannot be read. Upgrade it.")
    return _Life(now, heard, to if isinstance(to, int) else None, letters)


def _refusal(reply: Reply) -> str:
    error = reply.told().get("error")
    return f"The mailbox answered: {error[:300] if isinstance(error, str) else f'status {reply.status}'}"
