"""The review room over HTTP: the page, passkeys, the next clip, labels. No picture passes here.

    GET  /api/state             what words there are, where the keeper's pictures are
    POST /api/invite/options    an invitation → what a new passkey has to answer
    POST /api/invite            the new passkey; it waits for two administrators
    POST /api/challenge         what a passkey has to answer
    POST /api/login, /api/lock
    POST /api/here              still there
    POST /api/next              the clip that the keeper drew: logged first, then a ticket for its pictures
    PUT  /api/looks/{view}      autosave
    POST /api/looks/{view}      hand in
    POST /api/looks/{view}/skip, /api/looks/{view}/flag
    GET  /api/mine              my own agreement, as of last midnight; nobody else's

There is no search, no list, and nothing that names an owner, a household, a camera or a donation.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from nightlatch.domain.label import Happening, Label, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.errors import NightlatchError, NotFound, Refused
from nightlatch.review.entries import Append, Entry, Receipt, entry
from nightlatch.review.errors import KeeperSaidNo, NoSession, Unreachable
from nightlatch.review.keeper import DrawnClip, Keeper, ViewTicket
from nightlatch.review.labels import Labels, ReviewLook, label_of, written
from nightlatch.review.passkeys import Door, Sitting
from nightlatch.review.quality import Agreement, agreement
from nightlatch.review.queue import Queue
from nightlatch.review.roster import Roster
from nightlatch.review.settings import ReviewSettings

PAGE = Path(__file__).with_name("page")
COOKIE = "nightlatch-review"
LONGEST_BODY = 64 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")
WITNESSES_WITHIN_S = (0.2, 0.5, 1.0)
LOCKED = ("session", "idle")  # the keeper's words for a session of its own that has ended
STATUS: dict[type[NightlatchError], int] = {NoSession: 401, Refused: 403, NotFound: 404, Unreachable: 502}

log = structlog.get_logger()
Told = TypeVar("Told")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Invite(_Told):
    invite: str = Field(max_length=100)


class _NewPasskey(_Told):
    invite: str = Field(max_length=100)
    device: str = Field(min_length=1, max_length=40)
    attestation: str


class _Login(_Told):
    assertion: str


class _Label(_Told):
    subjects: list[str] = Field([], max_length=20)
    happenings: list[str] = Field([], max_length=20)
    verdict: str | None = None
    spans: list[list[int]] = Field([], max_length=40)

    @property
    def label(self) -> Label:
        """Raises `NotALabel`."""
        return label_of(self.subjects, self.happenings, self.verdict, self.spans)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    settings: ReviewSettings
    clock: Clock
    roster: Roster
    labels: Labels
    queue: Queue
    keeper: Keeper
    door: Door
    append: Append


def create_app(settings: ReviewSettings, clock: Clock, engine: Engine, keeper: Keeper, append: Append) -> FastAPI:
    """The review room's application over a migrated database. `append` writes to the log, durably."""
    roster, labels = Roster(engine, clock, settings.programme_key), Labels(engine, clock)
    door = Door(roster, keeper, clock, settings.rp_id, settings.origin)
    desk = Desk(settings, clock, roster, labels, Queue(engine, clock, labels), keeper, door, append)
    app = FastAPI(title="Nightlatch review room", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    _guard(app, settings)
    _doors(app, desk)
    _looks(app, desk)
    _page(app)
    return app


def seated(request: Request) -> Sitting:
    """Who asks. Raises `NoSession`."""
    desk: Desk = request.app.state.desk
    return desk.door.sitting(request.cookies.get(COOKIE, ""))


Seated = Annotated[Sitting, Depends(seated)]


def _doors(app: FastAPI, desk: Desk) -> None:
    """Who comes in."""
    settings, door = desk.settings, desk.door

    @app.get("/healthz")
    def health() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        return {
            "keeper": settings.keeper_page_url,
            "rp_id": settings.rp_id,
            "subjects": [*Subject],
            "happenings": [*Happening],
            "verdicts": [*Verdict],
        }

    @app.post("/api/invite/options")
    def options(told: _Invite) -> Response:
        return Response(door.registration(told.invite), media_type="application/json")

    @app.post("/api/invite", status_code=201)
    def register(told: _NewPasskey) -> dict[str, str]:
        change = door.register(told.invite, told.device, told.attestation)
        log.info("passkey.asked", change=change)
        return {"change": change}

    @app.post("/api/challenge")
    def challenge() -> dict[str, str]:
        return {"challenge": desk.door.challenge().hex()}

    @app.post("/api/login")
    def login(told: _Login, response: Response) -> dict[str, str]:
        token, who = door.enter(told.assertion)
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=settings.is_secure, path="/")
        return {"reviewer": who.reviewer, "session": who.keeper_token}

    @app.post("/api/lock", status_code=204)
    def lock(request: Request, response: Response) -> None:
        response.delete_cookie(COOKIE, path="/")
        try:
            door.leave(request.cookies.get(COOKIE, ""))
        except (KeeperSaidNo, Unreachable) as error:  # here it has ended; the keeper's ends by itself in a minute
            log.warning("lock.keeper", error=type(error).__name__)

    @app.post("/api/here", status_code=204)
    def here(_: Seated) -> None:
        """Asking was enough."""


def _looks(app: FastAPI, desk: Desk) -> None:
    """What a reviewer does."""
    told_mine: dict[tuple[str, int], Agreement] = {}

    @app.post("/api/next")
    def next_clip(who: Seated) -> dict[str, Any]:
        drawn = _drawn(desk.keeper, who.keeper_token)
        made = entry("view.open", drawn.view.canonical(), drawn.tag, desk.clock)
        logged = desk.append(made.leaf)
        opened = _opened(desk.keeper, who.keeper_token, drawn, made, logged)
        desk.labels.open(ReviewLook(opened.view, drawn.view.donation, who.reviewer, drawn.length_ms), drawn.tag)
        return {
            "view": opened.view,
            "ticket": opened.ticket,
            "pictures": opened.pictures,
            "length_ms": drawn.length_ms,
            "done_today": desk.labels.done_today(who.reviewer),
            "quota": desk.roster.policy().quota,
        }

    @app.get("/api/looks/{view}")
    def draft(view: int, who: Seated) -> Response:
        return Response(written(desk.labels.look(view, who.reviewer).label), media_type="application/json")

    @app.put("/api/looks/{view}")
    def save(view: int, told: _Label, who: Seated) -> dict[str, int]:
        return {"saved_ms": desk.labels.save(view, who.reviewer, told.label)}

    @app.post("/api/looks/{view}", status_code=204)
    def submit(view: int, told: _Label, who: Seated) -> None:
        handed = desk.labels.submit(view, who.reviewer, told.label, desk.append)
        tell = [partial(desk.keeper.label, handed)]
        donation = handed.labelled.donation
        if desk.queue.settle(donation):
            tell.append(partial(desk.keeper.enough, donation))
        for each in tell:
            try:
                each()
            except (KeeperSaidNo, Unreachable) as error:  # the label counts all the same
                log.warning("label.untold", error=type(error).__name__)

    @app.post("/api/looks/{view}/skip", status_code=204)
    def skip(view: int, who: Seated) -> None:
        desk.labels.skip(view, who.reviewer)

    @app.post("/api/looks/{view}/flag", status_code=204)
    def flag(view: int, who: Seated) -> None:
        desk.labels.flag(view, who.reviewer)  # here first: whatever the keeper says, no label of it counts
        log.warning("clip.flagged", view=view)
        desk.keeper.flag(who.keeper_token, view)

    @app.get("/api/mine")
    def mine(who: Seated) -> dict[str, Any]:
        midnight_ms = desk.clock.now_ms() // DAY_MS * DAY_MS
        if (who.reviewer, midnight_ms) not in told_mine:
            submitted = desk.labels.submitted(before_ms=midnight_ms)
            told_mine[who.reviewer, midnight_ms] = agreement(submitted, who.reviewer, desk.labels.known())
        found = told_mine[who.reviewer, midnight_ms]
        today = desk.labels.done_today(who.reviewer)
        numbers = {"compared": found.compared, "verdict": found.verdict, "subjects": found.subjects}
        return {**numbers, "done_today": today, "quota": desk.roster.policy().quota}


def _drawn(keeper: Keeper, token: str) -> DrawnClip:
    """The draw. While an entry waits for its cosignatures the newest checkpoint is bare: ask again a moment later."""
    return _cosigned(lambda: keeper.assign(token))


def _opened(keeper: Keeper, token: str, drawn: DrawnClip, made: Entry, logged: Receipt) -> ViewTicket:
    """The view; with newer receipts of the same entry while a witness is late, so that no look is logged twice."""
    receipts = chain([logged.text], (logged.again() if logged.again else logged.text for _ in count()))
    return _cosigned(lambda: keeper.open(token, drawn.view, made, next(receipts)))


def _cosigned(ask: Callable[[], Told]) -> Told:
    for pause_s in WITNESSES_WITHIN_S:
        try:
            return ask()
        except KeeperSaidNo as error:
            if error.refusal != "no_quorum":
                raise
        time.sleep(pause_s)
    return ask()


def _guard(app: FastAPI, settings: ReviewSettings) -> None:
    """Headers, refusals of what our own page did not send, errors as one sentence."""
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' {settings.keeper_page_url}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'; require-trusted-types-for 'script'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
        "Cache-Control": "no-store",
    }

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        length = request.headers.get("content-length", "0")
        origin = request.headers.get("origin")
        if "transfer-encoding" in request.headers or not length.isdigit() or int(length) > LONGEST_BODY:
            response: Response = JSONResponse({"error": "That is more than a label ever is."}, 413)
        elif request.method not in SAFE and (
            request.headers.get("x-nightlatch") != "1" or (origin is not None and origin != settings.origin)
        ):
            response = JSONResponse({"error": "Only the review page may ask this."}, 403)
        else:
            response = await answer(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(NightlatchError)
    async def refuse(_: Request, error: NightlatchError) -> JSONResponse:
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
        body = {"error": str(error)}
        if isinstance(error, KeeperSaidNo):
            body["refused"] = error.refusal
            status = 401 if error.refusal in LOCKED else status
        return JSONResponse(body, status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        places = ", ".join(str(e["loc"][-1]) for e in error.errors())
        return JSONResponse({"error": f"This request cannot be read: {places}."}, 422)


def _page(app: FastAPI) -> None:
    """The built page: its index everywhere that is no file and no API."""

    @app.get("/{path:path}")
    def page(path: str) -> Response:
        file = (PAGE / path).resolve()
        if path.startswith("api/"):
            raise NotFound("There is nothing at this address.")
        if path and file.is_file() and file.is_relative_to(PAGE.resolve()):
            return FileResponse(file)
        if not (PAGE / "index.html").is_file():
            return HTMLResponse("<p>The review page is not built. Run “make page”.</p>", 503)
        return FileResponse(PAGE / "index.html")
