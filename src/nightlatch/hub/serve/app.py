"""The hub's application: the API under /api, the page everywhere else, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import HOUR_MS, Clock, Leaps
from nightlatch.hub.folder import claim
from nightlatch.hub.serve import catalogue, page
from nightlatch.hub.serve.alerts import Alerts
from nightlatch.hub.serve.alerts.lifesign import LifeSign
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.alerts.switches import Switch
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.retention import sweep
from nightlatch.hub.serve.duty import always
from nightlatch.hub.serve.face import hub_face
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.logs import Logs
from nightlatch.hub.serve.people.household import Household, hub_key, setup_code
from nightlatch.hub.serve.people.modes import Modes
from nightlatch.hub.serve.people.tries import Tries
from nightlatch.hub.serve.routes import ROUTERS
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.settings import HubSettings
from nightlatch.supervise import is_orphan
from nightlatch.web.face import put_on

if TYPE_CHECKING:
    from nightlatch.hub.serve.alerts.mqtt import Mqtt

SWEEP_EVERY_S = 30.0

log = structlog.get_logger()


def create_app(settings: HubSettings, clock: Clock, *, secure: bool = False, outside_only: bool = True) -> FastAPI:
    """The hub's application. `secure` when it is served over TLS; `outside_only` as in `Push`.

    Raises:
        VaultError: the data folder is not ours.
    """
    house = _furnish(settings, clock, secure, outside_only)
    if house.household.householder() is None and not settings.is_loopback:
        setup_code(settings.data_dir)
    app = FastAPI(
        title="Nightlatch hub",
        lifespan=lambda _: _running(house),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.house = house
    for router in (*ROUTERS, page.router):
        app.include_router(router)
    put_on(app, hub_face(settings))
    return app


def _furnish(settings: HubSettings, clock: Clock, secure: bool, outside_only: bool) -> House:
    """Raises `VaultError`, `ConfigError`."""
    folder = settings.data_dir
    engine, key = open_index(folder), hub_key(folder)
    books, uplink = Books(folder, engine), None
    if settings.cloud_url:
        uplink = Uplink(settings.cloud_url, settings.enrolment_code, books, key, clock)
    modes = Modes(books, clock)
    push, mqtt = Push(folder, books, clock, outside_only=outside_only), _mqtt(settings, engine)
    lifesign = None
    if settings.cloud_url and uplink is not None:
        switches = (Switch("silence", folder), Switch("letters", folder))
        lifesign = LifeSign(settings.cloud_url, key, push, clock, settings.silence_after_s, switches)
        lifesign.is_stranger = uplink.enrol_again
    donations = Donations(books, clock, settings.models_dir)
    house = House(
        settings=settings,
        engine=engine,
        books=books,
        clock=clock,
        key=key,
        household=Household(folder, books, clock),
        modes=modes,
        tries=Tries(books, clock),
        uplink=uplink,
        push=push,
        mqtt=mqtt,
        alerts=Alerts([push] if mqtt is None else [push, mqtt]),
        lifesign=lifesign,
        donations=donations,
        logs=Logs(folder, donations, clock),
        started_ms=clock.now_ms(),
        secure=secure,
    )
    donations.offers.changed = lambda: house.hint({"type": "offer"})
    return house


@contextlib.asynccontextmanager
async def _running(house: House) -> AsyncIterator[None]:
    """Everything that runs while the page is served."""
    with contextlib.suppress(OSError):  # an index that is locked: those outages keep the reason they had
        house.resume()
    await house.notices.start()
    work: dict[str, Callable[[], Awaitable[None]]] = {
        "entries": house.entries.run,
        "camera list": house.listing.run,
        "matching": house.matching.run,
        "demo": house.clearing.run,
        "beats": house.beats,
        "mode": house.keep_time,
        "sweep": lambda: _sweep(house),
        "alerts": house.alerts.run,
        "log": house.logs.run,
        "outbox": house.donations.sender.run,
    }
    if house.uplink is not None:
        work["uplink"] = house.uplink.run
    house.clearing.ask()  # a crash may have come in between
    if house.lifesign is not None:
        work["sign of life"] = house.lifesign.run
    tasks = [asyncio.create_task(always(name, each)) for name, each in work.items()]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if house.lifesign is not None and not is_orphan():
        await house.lifesign.stop()
    await house.notices.close()
    with contextlib.suppress(OSError):  # what is not entered is matched at the next start
        await house.entries.flush()
    if house.uplink is not None:
        await house.uplink.close()
    house.engine.dispose()


def _mqtt(settings: HubSettings, engine: Engine) -> Mqtt | None:
    """Raises `ConfigError` for an address that is not a broker's."""
    if settings.mqtt_url is None:
        return None
    from nightlatch.hub.serve.alerts.mqtt import Mqtt, parse_broker  # 5 MiB that a hub without a broker never needs

    hub_id = claim(settings.data_dir)
    return Mqtt(parse_broker(settings.mqtt_url), hub_id, lambda: catalogue.cameras(engine), settings.mqtt_verdicts)


async def _sweep(house: House) -> None:
    """Delete what has expired, until cancelled."""
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
            house.donations.offers.forget()
            house.clearing.ask()  # a recorder that was slow to leave may have written since
        except Exception:
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
