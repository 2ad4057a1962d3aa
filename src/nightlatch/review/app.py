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
    POST /api/looks/{view}/undo what was handed in some seconds ago is a draft again; the log says so, too
    POST /api/looks/{view}/skip, /api/looks/{view}/flag
    GET  /api/mine              my own agreement, as of last midnight; nobody else's

There is no search, no list, and nothing that names an owner, a household, a camera or a donation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastapi import FastAPI
from sqlalchemy import Engine

from nightlatch.domain.time import Clock
from nightlatch.errors import NightlatchError
from nightlatch.review.desk import Desk
from nightlatch.review.entries import Append
from nightlatch.review.errors import KeeperSaidNo, KeeperSessionEnded, NoSession, Unreachable
from nightlatch.review.keeper import Keeper, KeeperToldAgain
from nightlatch.review.labels import Labels
from nightlatch.review.passkeys import Door
from nightlatch.review.proofs import LabelProofs
from nightlatch.review.queue import Queue, Tidings
from nightlatch.review.roster import Roster
from nightlatch.review.routes import ROUTERS, page
from nightlatch.review.settings import ReviewSettings
from nightlatch.web import health
from nightlatch.web.face import KIB, Face, Limits, Statuses, Unmeasured, only_from, put_on

STATUSES: Statuses = {NoSession: 401, KeeperSessionEnded: 401, Unreachable: 502, Unmeasured: 413}


def create_app(
    settings: ReviewSettings,
    clock: Clock,
    engine: Engine,
    keeper: Keeper,
    append: Append,
    receipt: Callable[[int], str] | None = None,
    proofs: LabelProofs | None = None,
) -> FastAPI:
    """The review room's application over a migrated database.

    `append` writes to the log, durably; `receipt` gives a fresh receipt of an entry, with which the keeper is told
    changes again when it is behind.
    """
    roster = Roster(engine, clock, settings.programme_key, settings.administrators)
    labels = Labels(engine, clock, proofs)
    if receipt is not None:
        keeper = KeeperToldAgain(keeper, partial(roster.tell_again, receipt))
    door = Door(roster, keeper, clock, settings.rp_id, settings.origin)
    app = FastAPI(title="Nightlatch review room", docs_url=None, redoc_url=None, openapi_url=None)
    queue, tidings = Queue(engine, clock, labels), Tidings(clock)
    app.state.desk = Desk(settings, clock, roster, labels, queue, keeper, door, append, tidings)
    for router in (health.router, *ROUTERS, page.router):
        app.include_router(router)
    put_on(app, review_face(settings))
    return app


def review_face(settings: ReviewSettings) -> Face:
    """The review room's face: for its own page, which may talk to the keeper and to nobody else."""
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' {settings.keeper_page_url}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'; require-trusted-types-for 'script'"
        ),
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
    }
    return Face(
        "the review room",
        limits=Limits(longest_body=64 * KIB),
        statuses=STATUSES,
        headers=headers,
        gates=(only_from("the review page", settings.origin),),
        words=_refusal,
    )


def _refusal(error: NightlatchError) -> dict[str, str | int]:
    return {"refused": error.refusal} if isinstance(error, KeeperSaidNo) else {}
