"""Donations: what was given, who looked at it, and taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from nightlatch.domain.consent import Withdrawn
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import EntryClaims
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.web.shape import Document, signed_bytes

router = APIRouter(prefix="/api/giving/donations")


@router.get("/{donation}/entries")
def entries(at: At, _: Owner, donation: str) -> EntryClaims:
    """What the log holds about it, for the browser to open and verify."""
    return at.donations.entries(donation)


@router.post("/{donation}/withdrawal")
def take_back(at: At, _: Owner, donation: str, withdrawal: Annotated[Document, Body()]) -> DonationLine:
    """Take it back."""
    return at.donations.take_back(donation, Withdrawn(signed_bytes(withdrawal)))


@router.post("/{donation}/asking")
def ask_again(at: At, _: Owner, donation: str) -> DonationLine:
    """Ask the programme now, with what was signed."""
    return at.donations.ask_again(donation)
