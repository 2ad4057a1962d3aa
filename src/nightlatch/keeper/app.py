"""The keeper over HTTP, and one WebSocket for pictures. Nothing here may be cached; nothing that was given is a file.

    who       address                          what
    hub       POST /v1/donations               a key for one donation
              PUT  /v1/donations/{id}          a clip is announced: its consent, its report, the film's hash and length
              PUT  /v1/donations/{id}/film     the sealed film, streamed
    review    POST /v1/challenges, /v1/sessions        log in with a passkey
              POST /v1/assignments, /v1/assignments/skip   the clip that was drawn
              POST /v1/views                   a receipt → a view and a ticket
              POST /v1/views/{id}/label        what was said of it, for its owner
              POST /v1/views/{id}/flag         “this should not have been shared”
              POST /v1/donations/{id}/enough   it has labels enough
              POST /v1/roster                  a passkey let in or put out
              POST, GET /v1/policy             what is promised, and whether it is kept
              GET  /v1/standing                its hours, and how many clips wait: numbers only
    owner     POST /v1/revocations             a signed withdrawal
              GET  /v1/donations/{id}/entries  what the log holds about it, sealed to the owner
    browser   WS   /v1/views/{id}              pictures, one at a time
    anybody   GET  /invitation                 the programme's invitation, for people
              GET  /invitation.json            and for their hubs

Revocations have a second face of their own, too: another port, thread and event loop, and smaller limits, so that
whatever the first one is busy with holds up nobody who takes a clip back.

Review shows the bearer secret of `face.secret`. Hub and owner need none: consents and withdrawals are signed, entries
are sealed, and keys for which no clip arrives are few and gone after a day. The browser shows the page's origin, the
session and the ticket.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.donation import LARGEST_SEALED
from nightlatch.errors import NightlatchError, NotSealed
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.premises import Premises, only_review
from nightlatch.keeper.refusals import Crowded, KeeperRefused, Unannounced
from nightlatch.keeper.room import Room
from nightlatch.keeper.routes import donations, invitations, pictures, policy, revocations, sessions, standing, views
from nightlatch.web import health
from nightlatch.web.face import KIB, Face, Limits, Statuses, Unmeasured, Upload, put_on

SWEEP_EVERY_S = 1.0
FILM_WITHIN_S = 300.0  # the largest film, 32 MiB, at 0.9 Mbit/s
LONGEST_HEAD = 32 * KIB
STATUSES: Statuses = {NotSealed: 415, Unmeasured: 413, Crowded: 503, Unannounced: 409}

log = structlog.get_logger()


def create_app(
    room: Room, passkeys: Passkeys, review_origin: str, face_secret: str, invitation: Path | None = None
) -> FastAPI:
    """The keeper's application around a `Room`; it shows the invitation in this file, if there is one."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(room))
        yield
        sweeping.cancel()

    app = FastAPI(title="Nightlatch keeper", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.premises = Premises(room, passkeys, review_origin, face_secret, invitation)
    for secret in (sessions, views, policy, standing):
        app.include_router(secret.router, dependencies=[Depends(only_review)])
    for part in (donations, revocations, pictures, invitations, health):
        app.include_router(part.router)
    put_on(app, keeper_face())
    return app


def create_revocations_app(first: FastAPI) -> FastAPI:
    """The second face of a keeper: it takes revocations, and nothing else."""
    app = FastAPI(title="Nightlatch keeper: revocations", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.premises = first.state.premises
    for part in (revocations, health):
        app.include_router(part.router)
    put_on(app, revocations_face())
    return app


def keeper_face() -> Face:
    """The keeper's face. Only a film that was announced may be large."""
    head = Upload("PUT", re.compile(r"/v1/donations/[^/]+\Z"), LONGEST_HEAD, Limits().body_s)
    film = Upload("PUT", re.compile(r"/v1/donations/[^/]+/film\Z"), LARGEST_SEALED, FILM_WITHIN_S)
    return Face(
        "this keeper",
        limits=Limits(longest_body=256 * KIB),
        statuses=STATUSES,
        uploads=(head, film),
        words=_refusal,
        note=_log_refusal,
    )


def revocations_face() -> Face:
    """A withdrawal has about 1 KB, and its hub repeats it until it is answered: little is enough, for a short while."""
    limits = Limits(
        head_s=5.0,
        body_s=5.0,
        unread_s=5.0,
        longest_head=8 * KIB,
        longest_body=16 * KIB,
        per_address=16,
        on_loopback=64,
        at_once=250,
    )
    return Face("this keeper", limits=limits, statuses=STATUSES, words=_refusal, note=_log_refusal)


def _refusal(error: NightlatchError) -> dict[str, str | int]:
    return {"refused": error.refusal.value, "step": error.step} if isinstance(error, KeeperRefused) else {}


def _log_refusal(_: Request, error: NightlatchError) -> None:
    if isinstance(error, KeeperRefused):
        log.info("refused", refusal=error.refusal.value, step=error.step)


async def _sweep(room: Room) -> None:
    while True:
        try:
            await run_in_threadpool(room.sweep)
        except Exception:  # whatever it is, the promise to destroy outlives it
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_EVERY_S)
