"""Enrolment: a household comes in by its owner's signature for its hub."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.office import Office, is_neighbour, signed_body, signer
from nightlatch.errors import Refused
from nightlatch.web.health import Health

router = APIRouter(prefix="/v1/households")


class OwnerStatement(BaseModel):
    """What a hub sends to enrol its household."""

    model_config = ConfigDict(frozen=True)

    household: str  # 32 hex digits
    hub_key: str  # b64 Ed25519 public
    owner_key: str
    statement_signature: str  # b64, of the owner for this household and hub
    code: str | None = None


@router.post("", status_code=201)
async def enrol(here: Office, request: Request) -> Health:
    """Take a household in."""
    signed = signer(request)
    body = await signed_body(request)
    try:
        said = OwnerStatement.model_validate_json(body)
    except ValidationError:
        raise Refused("An enrolment names household, hub_key, owner_key and statement_signature.") from None
    if signed.key != said.hub_key:
        raise Refused("An enrolment must be signed by the hub that it names.")
    await run_in_threadpool(
        here.accounts.enrol,
        said.household,
        said.hub_key,
        said.owner_key,
        said.statement_signature,
        said.code,
        is_neighbour=is_neighbour(request),
    )
    await run_in_threadpool(here.accounts.once, signed)
    return Health()
