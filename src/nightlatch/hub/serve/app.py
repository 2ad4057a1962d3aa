"""The hub's HTTP face: the API under /api, the page everywhere else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import HOUR_MS, Clock, Leaps
from nightlatch.hub.folder import claim
from nightlatch.hub.serve import catalogue, page
from nightlatch.hub.serve.alerts import Alerts
from nightlatch.hub.serve.alerts.mqtt import Mqtt, parse_broker
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.retention import sweep
from nightlatch.hub.serve.face import hub_face
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.logwatch import LogWatch
from nightlatch.hub.serve.people.household import Household, hub_key, setup_code
from nightlatch.hub.serve.people.tries import Tries
from nightlatch.hub.serve.routes import (
    alerts,
    cameras,
    clips,
    feed,
    home,
    mailbox,
    remarks,
    segments,
    sheets,
    signin,
    timeline,
)
from nightlatch.hub.serve.routes import donations as giving
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.settings import HubSettings
from nightlatch.web.face import put_on

SWEEP_EVERY_S = 30.0

log = structlog.get_logger()


def create_app(settings: HubSettings, clock: Clock, *, secure: bool = False) -> FastAPI:
    """The hub's application. `secure` when it is served over TLS.

    Raises:
        VaultError: the data folder is not ours.
    """
    engine = open_index(settings.data_dir)
    key = hub_key(settings.data_dir)
    uplink = (
        Uplink(settings.cloud_url, settings.enrolment_code, settings.data_dir, engine, key, clock)
        if settings.cloud_url
        else None
    )
    push = Push(settings.data_dir, engine, clock)
    mqtt = _mqtt(settings, engine)
    donations = Donations(engine, clock, settings.models_dir)
    house = House(
        settings=settings,
        engine=engine,
        books=Books(settings.data_dir, engine),
        clock=clock,
        key=key,
        household=Household(settings.data_dir, engine, clock),
        tries=Tries(engine, clock),
        uplink=uplink,
        push=push,
        mqtt=mqtt,
        alerts=Alerts([push] if mqtt is None else [push, mqtt]),
        donations=donations,
        logwatch=LogWatch(settings.data_dir, donations, clock),
        started_ms=clock.now_ms(),
        secure=secure,
    )
    if house.household.row() is None and not settings.is_loopback:
        setup_code(settings.data_dir)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await house.notices.start()
        tasks = [
            asyncio.create_task(house.entries.run()),
            asyncio.create_task(_sweep(house)),
            asyncio.create_task(house.alerts.run()),
        ]
        tasks.append(asyncio.create_task(house.logwatch.run()))
        if uplink is not None:
            tasks.append(asyncio.create_task(uplink.run()))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await house.notices.close()
        with contextlib.suppress(OSError):  # what is not entered is matched at the next start
            await house.entries.flush()
        if uplink is not None:
            await uplink.close()
        engine.dispose()

    app = FastAPI(title="Nightlatch hub", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = house
    for part in (signin, home, cameras, timeline, segments, sheets, clips, remarks, feed, mailbox, alerts, giving):
        app.include_router(part.router)
    app.include_router(page.router)
    put_on(app, hub_face(settings))
    return app


def _mqtt(settings: HubSettings, engine: Engine) -> Mqtt | None:
    """Raises `ConfigError` for an address that is no broker's."""
    if settings.mqtt_url is None:
        return None
    hub_id = claim(settings.data_dir)
    return Mqtt(parse_broker(settings.mqtt_url), hub_id, lambda: catalogue.cameras(engine), settings.mqtt_verdicts)


async def _sweep(house: House) -> None:
    settings = house.settings
    leaps = Leaps(settings.keep_hours * HOUR_MS)
    while True:
        try:
            now_ms = house.clock.now_ms()
            house.swept = await run_in_threadpool(
                sweep,
                house.books,
                now_ms - leaps.held_ms(now_ms, time.monotonic()),
                keep_hours=settings.keep_hours,
                disk_floor_bytes=settings.disk_floor_bytes,
            )
            for clip_id in house.swept.clips:
                house.hint({"type": "clip_gone", "clip_id": clip_id})
        except Exception:
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
