"""The hub's HTTP face: the API under /api, the page everywhere else."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.time import HOUR_MS, Clock, Leaps
from nightlatch.errors import (
    CloudError,
    ConfigError,
    NightlatchError,
    NotFound,
    Refused,
    SourceError,
    TooManyTries,
)
from nightlatch.hub.errands.asking import LARGEST_FILM
from nightlatch.hub.folder import claim
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.alerts import Alerts
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.retention import sweep
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.house import House, SignedOut
from nightlatch.hub.serve.logwatch import LogWatch
from nightlatch.hub.serve.people.household import Household, SetUpAlready, hub_key, setup_code
from nightlatch.hub.serve.people.tries import Tries
from nightlatch.hub.serve.routes import ROUTERS
from nightlatch.hub.serve.routes.asking import Gone
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.settings import HubSettings

if TYPE_CHECKING:
    from nightlatch.hub.serve.alerts.mqtt import Mqtt

PAGE = Path(__file__).parents[1] / "page"
SWEEP_EVERY_S = 30.0
LONGEST_BODY = 1024 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STATUS: dict[type[NightlatchError], int] = {
    SignedOut: 401,
    TooManyTries: 429,
    SetUpAlready: 409,
    Gone: 410,
    NotFound: 404,
    Refused: 403,
    CloudError: 502,
    ConfigError: 422,
    SourceError: 422,
}

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
    for router in ROUTERS:
        app.include_router(router)
    _guard(app, settings)
    _page(app)
    return app


def _mqtt(settings: HubSettings, engine: Engine) -> Mqtt | None:
    """Raises `ConfigError` for an address that is no broker's."""
    if settings.mqtt_url is None:
        return None
    from nightlatch.hub.serve.alerts.mqtt import Mqtt, parse_broker  # 5 MiB that a hub without a broker never needs

    hub_id = claim(settings.data_dir)
    return Mqtt(parse_broker(settings.mqtt_url), hub_id, lambda: catalogue.cameras(engine), settings.mqtt_verdicts)


def _guard(app: FastAPI, settings: HubSettings) -> None:
    """Errors as sentences; strict headers; no request from another site or under another name."""

    @app.exception_handler(NightlatchError)
    async def refuse(_: Request, error: NightlatchError) -> JSONResponse:
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
        body: dict[str, object] = {"error": str(error)}
        if isinstance(error, SourceError):
            body["reason"] = error.reason.value
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyTries) else None
        return JSONResponse(body, status, headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        places = ", ".join(".".join(str(p) for p in e["loc"][1:]) or "the body" for e in error.errors())
        return JSONResponse({"error": f"This request cannot be read: {places}."}, 422)

    @app.middleware("http")
    async def check(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = _refusal(request, settings) or await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.url.path.startswith("/api/"):
            response.headers["Cache-Control"] = "no-store"
        return response


def _refusal(request: Request, settings: HubSettings) -> Response | None:
    """An answer to a request that goes no further, or None."""
    host = (request.url.hostname or "").lower().rstrip(".")
    if not _is_ours(host, settings):  # DNS rebinding: a foreign name that points at this machine
        return JSONResponse({"error": f"This hub is not known as {host}. Add it to [hub] host_names."}, 421)
    if request.method not in SAFE and request.headers.get("x-nightlatch") != "1":
        return JSONResponse({"error": "Only the hub's own page may ask for this."}, 403)
    length = request.headers.get("content-length", "0")
    longest = LARGEST_FILM if request.url.path == "/api/giving/offers" else LONGEST_BODY
    if request.method not in SAFE and (not length.isdigit() or int(length) > longest):
        return JSONResponse({"error": "This request is too large."}, 413)
    if request.method not in SAFE and "transfer-encoding" in request.headers:
        return JSONResponse({"error": "Send a Content-Length."}, 411)
    return None


def _is_ours(host: str, settings: HubSettings) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".lan", ".home.arpa")):
        return True
    if host in (name.lower() for name in settings.host_names) or (host and "." not in host):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _page(app: FastAPI) -> None:
    @app.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def unknown(path: str) -> JSONResponse:
        return JSONResponse({"error": "There is no such address in this hub."}, 404)

    @app.get("/{path:path}")
    async def page(path: str) -> Response:
        index = PAGE / "index.html"
        if not index.is_file():
            return HTMLResponse("<h1>Nightlatch</h1><p>The page is not built yet. Run <code>make page</code>.", 503)
        found = (PAGE / path).resolve()
        if path and found.is_file() and found.is_relative_to(PAGE.resolve()):
            forever = path.startswith("assets/")
            caching = "public, max-age=31536000, immutable" if forever else "no-cache"
            return FileResponse(found, headers={"Cache-Control": caching})
        if path.startswith("assets/"):
            return Response(status_code=404)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})


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
