"""Signing in and out: with proof of the passphrase, or with the recovery sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, Field

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import Refused
from nightlatch.hub.serve.house import COOKIE
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody, address
from nightlatch.hub.serve.routes.proofs import LoginKey, ProofsBody, WelcomeShape, welcome

router = APIRouter(prefix="/api")


class SignInBody(PageBody):
    login_key: LoginKey
    device_name: str = Field("", max_length=200)


class RecoveryBody(ProofsBody):
    challenge: str = Field(max_length=64)
    signature: Annotated[Base64Bytes, Field(min_length=64, max_length=64)]
    device_name: str = Field("", max_length=200)


@dataclass(frozen=True, slots=True)
class LoginShape:
    """How to stretch the passphrase."""

    kdf: Kdf


@dataclass(frozen=True, slots=True)
class ChallengeShape:
    """Something to sign with the key of the recovery sheet."""

    challenge: str  # b64


@router.get("/login")
def login_parameters(at: At) -> LoginShape:
    """How to stretch the passphrase."""
    return LoginShape(at.household.existing().kdf)


@router.post("/login")
def login(at: At, body: SignInBody, request: Request, response: Response) -> WelcomeShape:
    """Sign in with proof of the passphrase."""
    who = address(request)
    at.tries.check(who)
    try:
        householder = at.household.sign_in(body.login_key)
    except Refused:
        at.tries.failed(who)
        raise
    at.tries.succeeded(who)
    return welcome(at, response, householder, body.device_name)


@router.post("/logout", status_code=204)
def logout(at: At, device: Owner, response: Response) -> None:
    """Sign this device out."""
    at.household.dismiss(device.id)
    response.delete_cookie(COOKIE)


@router.get("/recovery")
def recovery_challenge(at: At, request: Request) -> ChallengeShape:
    """Something to sign with the key of the recovery sheet."""
    at.tries.check(address(request))
    return ChallengeShape(at.household.challenge())


@router.post("/recovery")
def recover(at: At, body: RecoveryBody, request: Request, response: Response) -> WelcomeShape:
    """Sign in with the recovery sheet and set a new passphrase."""
    who = address(request)
    at.tries.check(who)
    try:
        at.household.recover(body.challenge, body.signature)
    except Refused:
        at.tries.failed(who)
        raise
    at.household.change_passphrase(body.proofs())
    return welcome(at, response, at.household.existing(), body.device_name)
