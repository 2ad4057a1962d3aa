"""The mailbox over HTTP. Every request but /healthz is signed; see `nightlatch.web.signature` and `cloud.routes`."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.accounts import Accounts, UnknownKey
from nightlatch.cloud.mailbox import Mailbox, NameTaken
from nightlatch.cloud.office import PostOffice, address_of
from nightlatch.cloud.patience import Patience
from nightlatch.cloud.routes import clips, households, status, vigil
from nightlatch.cloud.settings import CloudSettings
from nightlatch.cloud.vigil import Vigil
from nightlatch.domain.time import Clock, Leaps
from nightlatch.errors import NightlatchError, NotSealed, OverQuota
from nightlatch.store import records
from nightlatch.store.blobs import Blobs
from nightlatch.web import health
from nightlatch.web.face import KIB, Face, Limits, Statuses, Upload, face_of, put_on
from nightlatch.web.signature import Untimely

SWEEP_EVERY_S = 60.0
OBJECT = re.compile(r"/v1/clips/[^/]+/[^/]+\Z")
LETTERS = re.compile(r"/v1/vigil\Z")
LARGEST_LETTERS = 160 * KIB  # sixteen, each a sealed message of 4 KiB and its address
LETTERS_WITHIN_S = 30.0
OBJECT_WITHIN_S = 300.0  # the largest object, 32 MiB, at 0.9 Mbit/s
STATUSES: Statuses = {NotSealed: 415, OverQuota: 507, NameTaken: 409}

log = structlog.get_logger()


def create_app(settings: CloudSettings, clock: Clock, migrations: Path, *, outside_only: bool = True) -> FastAPI:
    """The mailbox's application. Makes or migrates its database.

    `outside_only` unless the push service of a test runs on this machine.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    records.migrate(settings.records, migrations)
    engine = records.engine(settings.records, durable=True)
    accounts = Accounts(engine, clock, settings.enrolment_code, settings.most_households)
    mailbox = Mailbox(engine, Blobs(settings.blobs), clock, settings.keep_days, settings.quota_bytes)
    watching = Vigil(engine, clock, shortest_s=settings.shortest_silence_s, outside_only=outside_only)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(mailbox.sweep_strays)
        work = [asyncio.create_task(_sweep(mailbox, accounts, clock)), asyncio.create_task(watching.run())]
        yield
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        engine.dispose()

    app = FastAPI(title="Nightlatch mailbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.mailbox = mailbox
    app.state.office = PostOffice(mailbox, accounts, Patience(), clock, watching, settings.is_loopback)
    for part in (health, households, clips, status, vigil):
        app.include_router(part.router)
    put_on(app, cloud_face(settings))
    return app


def cloud_face(settings: CloudSettings) -> Face:
    """The mailbox's face. A body may come without its length: its sender is known before any of it is read."""
    return Face(
        "this mailbox",
        limits=Limits(longest_body=16 * KIB),
        statuses=STATUSES,
        uploads=(
            Upload("PUT", OBJECT, settings.largest_object_bytes, OBJECT_WITHIN_S),
            Upload("PUT", LETTERS, LARGEST_LETTERS, LETTERS_WITHIN_S),
        ),
        takes_unmeasured=True,
        words=_reason,
        note=_count_bad_requests,
    )


def _reason(error: NightlatchError) -> dict[str, str | int]:
    if isinstance(error, Untimely):  # a hub whose clock is wrong gives its signs of life by ours
        return {"reason": "untimely", "now_s": error.now_s}
    return {"reason": "unknown_key"} if isinstance(error, UnknownKey) else {}


def _count_bad_requests(request: Request, error: NightlatchError) -> None:
    if face_of(request.app).status(error) == 403:
        office: PostOffice = request.app.state.office
        office.patience.failed(address_of(request))


async def _sweep(mailbox: Mailbox, accounts: Accounts, clock: Clock) -> None:
    leaps = Leaps(mailbox.keep_ms)
    while True:
        try:
            held_ms = leaps.held_ms(clock.now_ms(), time.monotonic())
            if gone := await run_in_threadpool(mailbox.expire, held_ms):
                log.info("clips.expired", count=gone)
            await run_in_threadpool(accounts.forget)
        except Exception:  # whatever it is, the promise to delete outlives it
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
