"""Passkeys: the roster that two administrators change, and the sessions of reviewers."""

from __future__ import annotations

from fastapi import APIRouter

from nightlatch.domain.view import Enrolment
from nightlatch.keeper.changes import ChangeProof
from nightlatch.keeper.premises import Base64, EntryBody, Here, Token
from nightlatch.web.health import Health
from nightlatch.web.shape import Answer, Base64Text, Body, Number

router = APIRouter(prefix="/v1")


class LoginBody(Body):
    """A passkey's answer to a challenge."""

    challenge: Base64
    assertion: str  # JSON of the PublicKeyCredential


class ChangeBody(EntryBody):
    """A change that administrators signed, and its entry in the log."""

    signatures: dict[str, str]  # b64 key → b64 signature

    @property
    def proof(self) -> ChangeProof:
        """Who signed, and that the log holds it."""
        return ChangeProof(self.signatures, self.salt, self.leaf, self.receipt)


class EnrolmentBody(ChangeBody):
    """A passkey let in or put out."""

    do: str
    reviewer: str
    device: str
    credential: str
    public_key: str
    at_ms: Number


class Challenge(Answer):
    """Fresh bytes for a passkey to sign."""

    challenge: Base64Text


class ReviewerSession(Answer):
    """A session, and whose it is."""

    session: str
    reviewer: str
    device: str


@router.post("/challenges")
def challenge(here: Here) -> Challenge:
    """What a passkey has to answer."""
    return Challenge(challenge=here.passkeys.challenge())


@router.post("/sessions", status_code=201)
def sit(here: Here, login: LoginBody) -> ReviewerSession:
    """Log in with a passkey."""
    token = here.passkeys.sit(login.challenge, login.assertion)
    seat = here.passkeys.seat(token)
    return ReviewerSession(session=token, reviewer=seat.reviewer if seat else "", device=seat.device if seat else "")


@router.delete("/sessions", status_code=204)
def leave(here: Here, token: Token = "") -> None:
    """End a session."""
    here.passkeys.leave(token)


@router.post("/roster", status_code=201)
def enrol(here: Here, change: EnrolmentBody) -> Health:
    """Let a passkey in, or put it out."""
    here.passkeys.enrol(Enrolment(**change.model_dump(exclude=set(ChangeBody.model_fields))), change.proof)
    return Health()
