"""Who comes in: an invitation makes a passkey, a passkey makes a session, and the room locks."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field

from nightlatch.review.desk import COOKIE, At, Seated
from nightlatch.review.errors import KeeperSaidNo, Unreachable
from nightlatch.review.routes.looks import tell_the_keeper
from nightlatch.web.shape import Answer, Body

router = APIRouter(prefix="/api")
log = structlog.get_logger()


class InviteBody(Body):
    """An invitation that an administrator handed out."""

    invite: str = Field(max_length=100)


class PasskeyBody(InviteBody):
    """A new passkey, for an invitation."""

    device: str = Field(min_length=1, max_length=40)
    attestation: str  # JSON of the PublicKeyCredential


class AssertionBody(Body):
    """A passkey's answer to a challenge."""

    assertion: str  # JSON of the PublicKeyCredential


class PendingChange(Answer):
    """A passkey that waits for two administrators."""

    change: str


class HexChallenge(Answer):
    """Fresh bytes for a passkey to sign, in hex."""

    challenge: str


class Reviewer(Answer):
    """Who has come in, and their session at the keeper, for its pictures."""

    reviewer: str
    session: str


@router.post("/invite/options")
def options(at: At, asked: InviteBody) -> Response:
    """What a new passkey has to answer."""
    return Response(at.door.registration(asked.invite), media_type="application/json")


@router.post("/invite", status_code=201)
def register(at: At, made: PasskeyBody) -> PendingChange:
    """Take a new passkey."""
    change = at.door.register(made.invite, made.device, made.attestation)
    log.info("passkey.asked", change=change)
    return PendingChange(change=change)


@router.post("/challenge")
def challenge(at: At) -> HexChallenge:
    """What a passkey has to answer."""
    return HexChallenge(challenge=at.door.challenge().hex())


@router.post("/login")
def login(at: At, answer: AssertionBody, response: Response) -> Reviewer:
    """Come in."""
    token, who = at.door.enter(answer.assertion)
    secure = at.settings.is_secure
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
    return Reviewer(reviewer=who.reviewer, session=who.keeper_token)


@router.post("/lock", status_code=204)
def lock(at: At, request: Request, response: Response) -> None:
    """Lock the room."""
    response.delete_cookie(COOKIE, path="/")
    try:
        at.door.leave(request.cookies.get(COOKIE, ""))
    except (KeeperSaidNo, Unreachable) as error:  # it has ended here; the keeper's ends within a minute
        log.warning("lock.keeper", error=type(error).__name__)


@router.post("/here", status_code=204)
def here(at: At, who: Seated) -> None:
    """Still there: asking was enough."""
    tell_the_keeper(at, who.reviewer)
