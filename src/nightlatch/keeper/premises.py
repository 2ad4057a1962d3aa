"""What the keeper's routes work with, and the secret that review shows."""

from __future__ import annotations

import secrets
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BeforeValidator
from starlette.requests import HTTPConnection

from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.room import Room
from nightlatch.web.shape import Body

Token = Annotated[str, Header(alias="x-nightlatch-session")]


@dataclass(frozen=True, slots=True)
class Premises:
    """One running keeper: the room, its passkeys, and who may come to it."""

    room: Room
    passkeys: Passkeys
    review_origin: str
    face_secret: str = field(repr=False)
    invitation: Path | None = None  # the file


def premises(connection: HTTPConnection) -> Premises:
    """The keeper that answers."""
    found: Premises = connection.app.state.premises
    return found


async def _here(connection: HTTPConnection) -> Premises:  # async: FastAPI would take a thread for anything else
    return premises(connection)


Here = Annotated[Premises, Depends(_here)]


async def only_review(here: Here, authorization: Annotated[str, Header()] = "") -> None:
    """Raises `KeeperRefused` for anybody who does not show the face secret."""
    if not secrets.compare_digest(authorization.encode(), f"Bearer {here.face_secret}".encode()):
        raise KeeperRefused(Refusal.SESSION, "Only the review room may ask for this. Show the face secret.")


def _b64(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("no text")
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise KeeperRefused(Refusal.SIZE, "A part of this request is not base64.") from None


Base64 = Annotated[bytes, BeforeValidator(_b64)]


class EntryBody(Body):
    """An entry of the log, and what it takes to believe it."""

    salt: Base64
    leaf: Base64
    receipt: str  # tlog-proof
