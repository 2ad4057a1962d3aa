"""What a browser makes of a passphrase to prove it, and the welcome that a proof earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Base64Bytes, Field

from nightlatch.domain.passphrase import Kdf
from nightlatch.hub.serve.house import COOKIE, House
from nightlatch.hub.serve.people.household import SESSION_IDLE_MS, Householder, Proofs
from nightlatch.hub.serve.routes.asking import PageBody

LoginKey = Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


class KdfBody(PageBody):
    alg: Literal["argon2id"]
    m_kib: int = Field(ge=19_456, le=1_048_576)  # OWASP's least for Argon2id
    t: int = Field(ge=1, le=64)
    p: int = Field(ge=1, le=16)
    salt: Annotated[str, Field(min_length=22, max_length=88)]


class ProofsBody(PageBody):
    kdf: KdfBody
    login_key: LoginKey
    wrapped_root: Annotated[str, Field(min_length=80, max_length=80)]

    def proofs(self) -> Proofs:
        kdf = self.kdf
        return Proofs(Kdf(kdf.alg, kdf.m_kib, kdf.t, kdf.p, kdf.salt), self.login_key, self.wrapped_root)


@dataclass(frozen=True, slots=True)
class WelcomeShape:
    """What a signed-in browser needs to unlock the owner's keys."""

    wrapped_root: str
    recipient: str
    signing_key: str


def welcome(at: House, response: Response, householder: Householder, device_name: str) -> WelcomeShape:
    """Sign a device in: its cookie goes out with `response`."""
    response.set_cookie(
        COOKIE,
        at.household.admit(device_name),
        max_age=SESSION_IDLE_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=at.secure,
    )
    return WelcomeShape(householder.wrapped_root, householder.recipient, householder.signing_key)
