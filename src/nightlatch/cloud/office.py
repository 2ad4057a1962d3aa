"""What the mailbox's routes work with, and who may use them: every request is signed, and its body with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.accounts import Accounts, Caller, Role
from nightlatch.cloud.mailbox import Mailbox
from nightlatch.cloud.patience import Patience
from nightlatch.cloud.vigil import Vigil
from nightlatch.domain.time import Clock
from nightlatch.web.addresses import is_this_machine
from nightlatch.web.signature import SignedRequest, check_digest, verify


@dataclass(frozen=True, slots=True)
class PostOffice:
    """One running mailbox."""

    mailbox: Mailbox
    accounts: Accounts
    patience: Patience
    clock: Clock
    vigil: Vigil
    is_on_loopback: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody known here, with the body that they signed."""

    household: str
    role: Role
    body: bytes


def office(request: Request) -> PostOffice:
    """The mailbox that answers."""
    found: PostOffice = request.app.state.office
    return found


async def _here(request: Request) -> PostOffice:  # async: FastAPI would take a thread for anything else
    return office(request)


def address_of(request: Request) -> str:
    """Where a request came from."""
    return request.client.host if request.client is not None else ""


def is_neighbour(request: Request) -> bool:
    """Whether a program of this machine asks a mailbox that only this machine reaches.

    Behind a reverse proxy, the proxy names the client (X-Forwarded-For is believed of 127.0.0.1 only).
    """
    return office(request).is_on_loopback and is_this_machine(address_of(request))


def signer(request: Request) -> SignedRequest:
    """Who signed the head of a request. Raises `Refused`, or `TooManyTries` for an address that has to wait."""
    here = office(request)
    here.patience.check(address_of(request))
    path = request.scope["raw_path"].decode("ascii", "replace")
    query = request.scope["query_string"].decode("ascii", "replace")
    return verify(request.method, path, query, request.headers, here.clock.now_ms() // 1000)


async def signed_body(request: Request) -> bytes:
    """The body, held against the digest that was signed. Raises `Refused`."""
    body = await request.body()
    check_digest(request.headers["content-digest"], sha256(body).digest())
    return body


def _from(*roles: Role) -> Callable[[Request], Awaitable[Call]]:
    """Lets keys of these roles in. None of the body is read for somebody who is not known here."""

    async def admit(request: Request) -> Call:
        signed = signer(request)
        known: Caller = await run_in_threadpool(office(request).accounts.admit, signed, *roles)
        return Call(known.household, known.role, await signed_body(request))

    return admit


Office = Annotated[PostOffice, Depends(_here)]
HubCall = Annotated[Call, Depends(_from("hub"))]
OwnerCall = Annotated[Call, Depends(_from("owner"))]
HouseholdCall = Annotated[Call, Depends(_from("owner", "hub"))]
