"""First start, sign in and out, passphrase, recovery, devices."""

from __future__ import annotations

import json
import platform
from hmac import compare_digest
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, Field

from nightlatch import __version__
from nightlatch.errors import Refused
from nightlatch.hub.serve.books.records import HouseholdRow
from nightlatch.hub.serve.house import COOKIE, House
from nightlatch.hub.serve.people.household import SESSION_IDLE_MS, Proofs, setup_code
from nightlatch.hub.serve.routes.asking import At, Body, Owner, address
from nightlatch.web.signature import public_b64

router = APIRouter(prefix="/api")


class Kdf(Body):
    alg: Literal["argon2id"]
    m_kib: int = Field(ge=19_456, le=1_048_576)  # OWASP's least for Argon2id
    t: int = Field(ge=1, le=64)
    p: int = Field(ge=1, le=16)
    salt: Annotated[str, Field(min_length=22, max_length=88)]


class ProofsAsked(Body):
    kdf: Kdf
    login_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]
    wrapped_root: Annotated[str, Field(min_length=80, max_length=80)]

    def proofs(self) -> Proofs:
        return Proofs(self.kdf.model_dump(), self.login_key, self.wrapped_root)


class SetUp(ProofsAsked):
    setup_code: str | None = None
    name: Annotated[str, Field(max_length=80)]
    recipient: Annotated[str, Field(max_length=80)]
    signing_key: Annotated[str, Field(max_length=64)]
    device_name: str = Field("", max_length=200)


class SignIn(Body):
    login_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]
    device_name: str = Field("", max_length=200)


class Recover(ProofsAsked):
    challenge: str = Field(max_length=64)
    signature: Annotated[Base64Bytes, Field(min_length=64, max_length=64)]
    device_name: str = Field("", max_length=200)


class NewPassphrase(ProofsAsked):
    old_login_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


class Enrolment(Body):
    signature: str = Field(max_length=100)


def _welcome(at: House, response: Response, row: HouseholdRow, device_name: str) -> dict[str, Any]:
    response.set_cookie(
        COOKIE,
        at.household.admit(device_name),
        max_age=SESSION_IDLE_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=at.secure,
    )
    return {"wrapped_root": row.wrapped_root, "recipient": row.recipient, "signing_key": row.signing_key}


@router.get("/state")
def state(at: At, request: Request) -> dict[str, Any]:
    """What the page needs before anything else."""
    row = at.household.row()
    device = at.household.device(request.cookies.get(COOKIE))
    return {
        "version": __version__,
        "now_ms": at.clock.now_ms(),
        "set_up": row is not None,
        "setup_code_needed": row is None and not at.settings.is_loopback,
        "signed_in": device is not None,
        "household": {"id": row.id, "name": row.name} if row and device else None,
        "cloud": {"configured": at.uplink is not None},
        "machine": platform.node() if device else None,
    }


@router.post("/household", status_code=201)
def set_up(at: At, asked: SetUp, request: Request, response: Response) -> dict[str, Any]:
    """Claim the hub."""
    who = address(request)
    at.tries.check(who)
    if not at.settings.is_loopback and at.household.row() is None:
        given = (asked.setup_code or "").strip().lower()
        if not compare_digest(given.encode(), setup_code(at.settings.data_dir).encode()):
            at.tries.failed(who)
            raise Refused("That is not the set-up code. It is in the address that the hub printed when it started.")
    row = at.household.make(asked.name, asked.proofs(), asked.recipient, asked.signing_key)
    _welcome(at, response, row, asked.device_name)
    at.cameras_changed()
    return {"household": {"id": row.id, "name": row.name}, "hub_key": public_b64(at.key)}


@router.post("/household/enrolment", status_code=204)
def enrol(at: At, _: Owner, asked: Enrolment) -> None:
    """Keep the owner's statement that this hub may put clips into the mailbox."""
    at.household.keep_enrolment(asked.signature)


@router.get("/login")
def login_parameters(at: At) -> dict[str, Any]:
    """How to stretch the passphrase."""
    return {"kdf": json.loads(at.household.existing().kdf)}


@router.post("/login")
def login(at: At, asked: SignIn, request: Request, response: Response) -> dict[str, Any]:
    """Sign in with proof of the passphrase."""
    who = address(request)
    at.tries.check(who)
    try:
        row = at.household.sign_in(asked.login_key)
    except Refused:
        at.tries.failed(who)
        raise
    at.tries.succeeded(who)
    return _welcome(at, response, row, asked.device_name)


@router.post("/logout", status_code=204)
def logout(at: At, device: Owner, response: Response) -> None:
    """Sign this device out."""
    at.household.dismiss(device.id)
    response.delete_cookie(COOKIE)


@router.get("/recovery")
def recovery_challenge(at: At, request: Request) -> dict[str, str]:
    """Something to sign with the key of the recovery sheet."""
    at.tries.check(address(request))
    return {"challenge": at.household.challenge()}


@router.post("/recovery")
def recover(at: At, asked: Recover, request: Request, response: Response) -> dict[str, Any]:
    """Sign in with the recovery sheet and set a new passphrase."""
    who = address(request)
    at.tries.check(who)
    try:
        at.household.recover(asked.challenge, asked.signature)
    except Refused:
        at.tries.failed(who)
        raise
    at.household.change_passphrase(asked.proofs())
    return _welcome(at, response, at.household.existing(), asked.device_name)


@router.post("/passphrase", status_code=204)
def change_passphrase(at: At, device: Owner, asked: NewPassphrase, request: Request, response: Response) -> None:
    """Change the passphrase; every other device is signed out."""
    who = address(request)
    at.tries.check(who)
    try:
        row = at.household.sign_in(asked.old_login_key)
    except Refused:
        at.tries.failed(who)
        raise
    at.household.change_passphrase(asked.proofs())
    _welcome(at, response, row, device.name)


@router.get("/wrapped-root")
def wrapped_root(at: At, _: Owner) -> dict[str, Any]:
    """The wrapped key, to show the recovery sheet again."""
    row = at.household.existing()
    return {"kdf": json.loads(row.kdf), "wrapped_root": row.wrapped_root}


@router.get("/devices")
def devices(at: At, device: Owner) -> list[dict[str, Any]]:
    """Who is signed in."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "created_ms": row.created_ms,
            "last_seen_ms": row.last_seen_ms,
            "this": row.id == device.id,
        }
        for row in at.household.devices()
    ]


@router.delete("/devices/{device_id}", status_code=204)
def dismiss(at: At, _: Owner, device_id: str) -> None:
    """Sign a device out."""
    at.household.dismiss(device_id)
