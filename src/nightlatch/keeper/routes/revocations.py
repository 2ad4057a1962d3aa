"""Taking back. No secret: a withdrawal is signed by the owner."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from nightlatch.domain.consent import Withdrawn
from nightlatch.keeper.premises import Here
from nightlatch.web.shape import Answer, Base64Text, Document, signed_bytes

router = APIRouter(prefix="/v1/revocations")


class RefusalEntry(Answer):
    """The entry `consent.withdraw`: leaf, event and salt; where it is in the log, and its receipt, once it is there."""

    leaf: Base64Text
    event: Base64Text
    salt: Base64Text
    index: int | None
    receipt: str | None


class RevocationState(Answer):
    """Refused from `refused_ms` on; the key is gone by `shred_by_ms`, or was at `shredded_ms`."""

    refused_ms: int
    shred_by_ms: int
    shredded_ms: int | None
    entry: RefusalEntry | None


@router.post("", status_code=202)
def revoke(here: Here, withdrawal: Annotated[Document, Body()]) -> RevocationState:
    """Take a signed withdrawal."""
    return RevocationState.model_validate(here.room.revoke(Withdrawn(signed_bytes(withdrawal))))
