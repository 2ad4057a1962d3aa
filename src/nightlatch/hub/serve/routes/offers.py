"""Offers: a clip on its way to being given. Hide people, preview, cover more, sign, or drop it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, Field
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.consent import Consented
from nightlatch.domain.geometry import Box
from nightlatch.domain.redaction import RedactionReport
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import Offer
from nightlatch.hub.serve.giving.offers import MOST_COVERS
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody, Whole
from nightlatch.web.shape import Document, signed_bytes

router = APIRouter(prefix="/api/giving/offers")
Share = Annotated[float, Field(ge=0, le=1)]
_LENGTHS = re.compile(r"\d{1,10}(,\d{1,10})*\Z", re.ASCII)


class ConsentBody(PageBody):
    consent: Document
    log_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


class BoxBody(PageBody):
    left: Share
    top: Share
    right: Share
    bottom: Share

    def box(self) -> Box:
        """Raises `ConfigError` for one without an inside."""
        if not (self.left < self.right and self.top < self.bottom):
            raise ConfigError("A place to cover has no width or height. Draw it again.")
        return Box(self.left, self.top, self.right, self.bottom)


class CoversBody(PageBody):
    boxes: list[BoxBody] = Field(max_length=MOST_COVERS)  # all that the owner covers, instead of what was before


@dataclass(frozen=True, slots=True)
class OfferShape:
    """How far along preparing a clip is, and what it did."""

    id: str
    clip: str
    onset_ms: int  # of the clip's event
    from_ms: int  # from the film's beginning
    to_ms: int
    began_ms: int  # preparing it, by the hub's clock
    kept_until_ms: int | None  # null while it is being prepared
    share: float  # 0 to 1
    problem: str | None  # with `ready`: covering more failed, and the film is as it was
    ready: bool
    sha256: str | None  # hex, of the redacted film
    report: RedactionReport | None
    covers: list[Box]  # what the owner covered in it

    @classmethod
    def of(cls, offer: Offer) -> OfferShape:
        """What the page needs of `offer`."""
        redacted = offer.redacted
        return cls(
            id=offer.id,
            clip=offer.clip_id,
            onset_ms=offer.onset_ms,
            from_ms=offer.from_ms,
            to_ms=offer.to_ms,
            began_ms=offer.began_ms,
            kept_until_ms=offer.kept_until_ms,
            share=offer.share,
            problem=offer.problem,
            ready=redacted is not None,
            sha256=redacted.sha256 if redacted else None,
            report=redacted.report if redacted else None,
            covers=list(offer.covers),
        )


@dataclass(frozen=True, slots=True)
class DonationIdShape:
    """The donation that the keeper made a key for."""

    donation: str


@router.get("")
def offers(at: At, _: Owner) -> list[OfferShape]:
    """All that are being prepared, are ready, or could not be prepared; the newest first."""
    return [OfferShape.of(each) for each in at.donations.offers.all()]


@router.post("", status_code=202)
async def offer(
    at: At, _: Owner, request: Request, clip: str, from_ms: Whole, to_ms: Whole, lengths: str = ""
) -> OfferShape:
    """Hand over the opened film of a clip (the body); people are hidden in it, in memory.

    With `lengths` (bytes of each, "1,2,3") more films of the same camera follow it: they say what the place looks like.
    """
    if lengths and not _LENGTHS.match(lengths):
        raise ConfigError("The lengths of films are whole numbers with commas between them.")
    told = [int(each) for each in lengths.split(",")] if lengths else []
    film = await request.body()
    return OfferShape.of(await run_in_threadpool(at.donations.offers.begin, clip, film, from_ms, to_ms, told))


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


@router.post("/{offer_id}/covers", status_code=202)
def cover(at: At, _: Owner, offer_id: str, body: CoversBody) -> OfferShape:
    """Cover more of it: it is prepared again, with another hash."""
    return OfferShape.of(at.donations.offers.cover(offer_id, [each.box() for each in body.boxes]))


@router.delete("/{offer_id}", status_code=204)
def drop(at: At, _: Owner, offer_id: str) -> None:
    """Do not give it; what is being done for it is stopped."""
    at.donations.offers.drop(offer_id)


@router.post("/{offer_id}/key")
def key(at: At, _: Owner, offer_id: str) -> DonationIdShape:
    """The id of a donation, with a key made for it alone."""
    return DonationIdShape(at.donations.ask_key(offer_id).donation)


@router.post("/{offer_id}/consent", status_code=201)
def give(at: At, _: Owner, offer_id: str, body: ConsentBody) -> DonationLine:
    """Give it, with the owner's signature."""
    return at.donations.give(offer_id, Consented(signed_bytes(body.consent)), body.log_key)
