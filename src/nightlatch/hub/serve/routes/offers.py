"""Offers: a clip on its way to being given. Hide people, preview, sign, or drop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, Field
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.consent import Consented
from nightlatch.domain.redaction import RedactionReport
from nightlatch.errors import ConfigError
from nightlatch.hub.errands.asking import LARGEST_FILM
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import Offer
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody, Whole
from nightlatch.web.shape import Document, signed_bytes

router = APIRouter(prefix="/api/giving/offers")


class ConsentBody(PageBody):
    consent: Document
    log_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


@dataclass(frozen=True, slots=True)
class OfferShape:
    """How far along hiding people in a clip is, and what it did."""

    id: str
    share: float  # 0 to 1
    problem: str | None
    ready: bool
    sha256: str | None  # hex, of the redacted film
    report: RedactionReport | None

    @classmethod
    def of(cls, offer: Offer) -> OfferShape:
        """What the page needs of `offer`."""
        redacted = offer.redacted
        return cls(
            id=offer.id,
            share=offer.share,
            problem=offer.problem,
            ready=redacted is not None,
            sha256=redacted.sha256 if redacted else None,
            report=redacted.report if redacted else None,
        )


@dataclass(frozen=True, slots=True)
class DonationIdShape:
    """The donation that the keeper made a key for."""

    donation: str


@router.post("", status_code=202)
async def offer(at: At, _: Owner, request: Request, clip: str, from_ms: Whole, to_ms: Whole) -> OfferShape:
    """Hand over the opened film (the body) of a clip; people are hidden in it, in memory."""
    film = await request.body()
    if not 0 < len(film) <= LARGEST_FILM:
        raise ConfigError("This request holds no film, or one that is too large.")
    return OfferShape.of(await run_in_threadpool(at.donations.offers.begin, clip, film, from_ms, to_ms))


@router.get("/{offer_id}")
def progress(at: At, _: Owner, offer_id: str) -> OfferShape:
    """How far along it is."""
    return OfferShape.of(at.donations.offers.find(offer_id))


@router.get("/{offer_id}/film")
def film(at: At, _: Owner, offer_id: str) -> Response:
    """The redacted film, exactly as it would be given."""
    found = at.donations.offers.find(offer_id)
    if found.redacted is None:
        raise ConfigError("This clip is not ready yet.")
    return Response(found.redacted.mp4, media_type="video/mp4")


@router.delete("/{offer_id}", status_code=204)
def drop(at: At, _: Owner, offer_id: str) -> None:
    """Do not give it."""
    at.donations.offers.drop(offer_id)


@router.post("/{offer_id}/key")
def key(at: At, _: Owner, offer_id: str) -> DonationIdShape:
    """The id of a donation, with a key made for it alone."""
    return DonationIdShape(at.donations.ask_key(offer_id).donation)


@router.post("/{offer_id}/consent", status_code=201)
def give(at: At, _: Owner, offer_id: str, body: ConsentBody) -> DonationLine:
    """Give it, with the owner's signature."""
    return at.donations.give(offer_id, Consented(signed_bytes(body.consent)), body.log_key)
