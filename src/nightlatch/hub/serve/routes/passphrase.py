"""The passphrase: changing it, and the root that it wraps."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import Refused
from nightlatch.hub.serve.routes.asking import At, Owner, address
from nightlatch.hub.serve.routes.proofs import LoginKey, ProofsBody, welcome

router = APIRouter(prefix="/api")


class PassphraseBody(ProofsBody):
    old_login_key: LoginKey


@dataclass(frozen=True, slots=True)
class WrappedRootShape:
    """The root of the owner's keys, wrapped, and how to stretch the passphrase that unwraps it."""

    kdf: Kdf
    wrapped_root: str  # b64


@router.post("/passphrase", status_code=204)
def change_passphrase(at: At, device: Owner, body: PassphraseBody, request: Request, response: Response) -> None:
    """Change the passphrase; every other device is signed out."""
    who = address(request)
    at.tries.check(who)
    try:
        householder = at.household.sign_in(body.old_login_key)
    except Refused:
        at.tries.failed(who)
        raise
    at.household.change_passphrase(body.proofs())
    welcome(at, response, householder, device.name)


@router.get("/wrapped-root")
def wrapped_root(at: At, _: Owner) -> WrappedRootShape:
    """The wrapped root, to show the recovery sheet again."""
    householder = at.household.existing()
    return WrappedRootShape(householder.kdf, householder.wrapped_root)
