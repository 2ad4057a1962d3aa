"""The household: what the page needs before anything else, claiming the hub, enrolling it in the mailbox."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from nightlatch import __version__
from nightlatch.errors import Refused
from nightlatch.hub.serve.house import COOKIE
from nightlatch.hub.serve.people.household import setup_code
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody, address
from nightlatch.hub.serve.routes.proofs import ProofsBody, welcome
from nightlatch.web.signature import public_b64

router = APIRouter(prefix="/api")


class SetUpBody(ProofsBody):
    setup_code: str | None = None
    name: Annotated[str, Field(max_length=80)]
    recipient: Annotated[str, Field(max_length=80)]
    signing_key: Annotated[str, Field(max_length=64)]
    device_name: str = Field("", max_length=200)


class MailboxEnrolmentBody(PageBody):
    signature: str = Field(max_length=100)


@dataclass(frozen=True, slots=True)
class HouseholdShape:
    """Whose house this is."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CloudShape:
    """Whether clips also go to a mailbox."""

    configured: bool


@dataclass(frozen=True, slots=True)
class StateShape:
    """What the page needs before anything else. Strangers learn no names from it."""

    version: str
    now_ms: int  # by the hub's clock, which dates the recordings
    set_up: bool
    setup_code_needed: bool
    signed_in: bool
    household: HouseholdShape | None
    cloud: CloudShape
    machine: str | None  # the hub's name for itself


@dataclass(frozen=True, slots=True)
class SetUpShape:
    """A hub that has just been claimed, and the key that the owner enrols in the mailbox."""

    household: HouseholdShape
    hub_key: str  # b64 Ed25519 public


@router.get("/state")
def state(at: At, request: Request) -> StateShape:
    """What the page needs before anything else."""
    householder = at.household.householder()
    device = at.household.device(request.cookies.get(COOKIE))
    return StateShape(
        version=__version__,
        now_ms=at.clock.now_ms(),
        set_up=householder is not None,
        setup_code_needed=householder is None and not at.settings.is_loopback,
        signed_in=device is not None,
        household=HouseholdShape(householder.id, householder.name) if householder and device else None,
        cloud=CloudShape(at.uplink is not None),
        machine=platform.node() if device else None,
    )


@router.post("/household", status_code=201)
def set_up(at: At, body: SetUpBody, request: Request, response: Response) -> SetUpShape:
    """Claim the hub."""
    who = address(request)
    at.tries.check(who)
    if not at.settings.is_loopback and at.household.householder() is None:
        given = (body.setup_code or "").strip().lower()
        if not compare_digest(given.encode(), setup_code(at.settings.data_dir).encode()):
            at.tries.failed(who)
            raise Refused("That is not the set-up code. It is in the address that the hub printed when it started.")
    made = at.household.make(body.name, body.proofs(), body.recipient, body.signing_key)
    welcome(at, response, made, body.device_name)
    at.cameras_changed()
    return SetUpShape(HouseholdShape(made.id, made.name), public_b64(at.key))


@router.post("/household/enrolment", status_code=204)
def enrol(at: At, _: Owner, body: MailboxEnrolmentBody) -> None:
    """Keep the owner's statement that this hub may put clips into the mailbox."""
    at.household.keep_enrolment(body.signature)
