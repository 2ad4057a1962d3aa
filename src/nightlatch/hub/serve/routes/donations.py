"""Donations: what was given, who looked at it, and taking it back."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import JsonValue, TypeAdapter, ValidationError

from nightlatch.errors import CloudError
from nightlatch.hub.serve.books.records import DonationRow
from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api/giving/donations")


@dataclass(frozen=True, slots=True)
class DonationShape:
    """A clip that was given, and how far along taking it back is."""

    id: str
    camera_id: str
    onset_ms: int
    length_ms: int
    consent: dict[str, JsonValue]  # {record, signature}, as the owner signed it
    consent_sha256: str
    given_ms: int
    expires_ms: int
    withdrawn_ms: int | None  # when the owner took it back
    refused_ms: int | None  # when the keeper began to refuse views
    shred_by_ms: int | None  # the deadline that the keeper named
    shredded_ms: int | None

    @classmethod
    def of(cls, row: DonationRow) -> DonationShape:
        """What the page needs of `row`."""
        return cls(
            id=row.id,
            camera_id=row.camera_id,
            onset_ms=row.onset_ms,
            length_ms=row.length_ms,
            consent=json.loads(row.consent),
            consent_sha256=row.consent_sha256,
            given_ms=row.given_ms,
            expires_ms=row.expires_ms,
            withdrawn_ms=row.withdrawn_ms,
            refused_ms=row.refused_ms,
            shred_by_ms=row.shred_by_ms,
            shredded_ms=row.shredded_ms,
        )


@dataclass(frozen=True, slots=True)
class EntryClaimShape:
    """What the keeper claims about an entry of the log; the browser checks it against the log."""

    kind: str
    leaf: str  # b64
    index: int | None  # None: not in the log yet
    due_ms: int | None
    sealed_event: str  # b64, sealed to the owner


@dataclass(frozen=True, slots=True)
class EntryClaimsShape:
    """What the keeper claims about one donation."""

    entries: list[EntryClaimShape]


_entries = TypeAdapter(list[EntryClaimShape])


@router.get("/{donation}/entries")
def entries(at: At, _: Owner, donation: str) -> EntryClaimsShape:
    """What the log holds about it, for the browser to open and verify."""
    try:
        return EntryClaimsShape(_entries.validate_python(at.donations.entries(donation)))
    except ValidationError:
        raise CloudError("What the programme says about the log cannot be read. Try again later.") from None


@router.post("/{donation}/withdrawal")
def take_back(at: At, _: Owner, donation: str, withdrawal: dict[str, JsonValue]) -> DonationShape:
    """Take it back."""
    return DonationShape.of(at.donations.take_back(donation, withdrawal))
