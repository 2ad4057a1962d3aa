"""Letters for a household's devices, which are sent when its hub falls silent; and the hub's signs of life."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.office import HubCall, Office
from nightlatch.cloud.vigil import MOST_LETTERS, Letter, LifeLine
from nightlatch.errors import ConfigError

router = APIRouter(prefix="/v1/vigil")
MOST_LISTED = 4 * MOST_LETTERS  # more than are kept: a hub with too many devices is told so in words


class LetterBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    endpoint: Annotated[str, Field(max_length=1000)]
    token: Annotated[str, Field(max_length=1200)]  # Authorization for the push service (RFC 8292)
    body: Annotated[str, Field(max_length=5500)]  # b64, sealed to the device (RFC 8291)


class LettersBody(BaseModel):
    """What a hub leaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    after_s: Annotated[int, Field(ge=1, le=2**31)]
    letters: Annotated[list[LetterBody], Field(max_length=MOST_LISTED)]


@router.put("")
async def leave(here: Office, call: HubCall) -> LifeLine:
    """Keep these letters instead of any before. A sign of life, too."""
    try:
        left = LettersBody.model_validate_json(call.body)
        letters = [Letter(each.endpoint, each.token, b64decode(each.body, validate=True)) for each in left.letters]
    except (ValidationError, ValueError):
        raise ConfigError("Letters have after_s and, each, endpoint, token and body.") from None
    return await run_in_threadpool(here.vigil.leave, call.household, left.after_s, letters)


@router.post("")
async def hear(here: Office, call: HubCall) -> LifeLine:
    """A sign of life: the letters stay here."""
    return await run_in_threadpool(here.vigil.hear, call.household)


@router.delete("", status_code=204)
async def take_back(here: Office, call: HubCall) -> None:
    """Forget the letters."""
    await run_in_threadpool(here.vigil.take_back, call.household)
