"""Giving a clip: join, hide, preview, sign, look who looked, take back."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Base64Bytes, Field
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.redaction import Style, write
from nightlatch.errors import ConfigError
from nightlatch.hub.errands.asking import LARGEST_FILM
from nightlatch.hub.serve.books.records import DonationRow
from nightlatch.hub.serve.giving import Offer, Programme
from nightlatch.hub.serve.logwatch import witness_key
from nightlatch.hub.serve.routes.asking import At, Body, Owner

router = APIRouter(prefix="/api/giving")
_LOG_PATH = re.compile(r"(?:checkpoint|tile/[0-9x/.p]{1,80}|tile/entries/[0-9x/.p]{1,80})\Z")


class Join(Body):
    invitation: str = Field(max_length=64_000)


class Signed(Body):
    consent: dict[str, Any]
    log_key: Annotated[Base64Bytes, Field(min_length=32, max_length=32)]


@router.get("")
def giving(at: At, _: Owner) -> dict[str, Any]:
    """The programme, everything ever given, and with which key this hub vouches for how much of the log."""
    programme, watch = at.donations.programme(), at.logwatch
    return {
        "witness": {"key": str(witness_key(watch.data_dir).verifier), "vouched": watch.vouched},
        "programme": None if programme is None else _programme(programme),
        "given": [_given(row) for row in at.donations.given()],
    }


@router.put("/programme")
def join(at: At, _: Owner, asked: Join) -> dict[str, Any]:
    """Join a programme."""
    return _programme(at.donations.join(asked.invitation))


@router.delete("/programme", status_code=204)
def leave(at: At, _: Owner) -> None:
    """Leave it."""
    at.donations.leave()


@router.post("/offers", status_code=202)
async def offer(
    at: At,
    _: Owner,
    request: Request,
    clip: str,
    from_ms: int,
    to_ms: int,
    style: Style = Style.COVER,
) -> dict[str, Any]:
    """Hand over the opened film (the body) of a clip; people are hidden in it, in memory."""
    film = await request.body()
    if not 0 < len(film) <= LARGEST_FILM:
        raise ConfigError("There is no film in this request, or it is too large.")
    return _offer(await run_in_threadpool(at.donations.offer, clip, film, from_ms, to_ms, style))


@router.get("/offers/{offer_id}")
def look(at: At, _: Owner, offer_id: str) -> dict[str, Any]:
    """How far it is."""
    return _offer(at.donations.find(offer_id))


@router.get("/offers/{offer_id}/film")
def film(at: At, _: Owner, offer_id: str) -> Response:
    """The redacted film, exactly as it would be given."""
    found = at.donations.find(offer_id)
    if found.redacted is None:
        raise ConfigError("This clip is not ready yet.")
    return Response(found.redacted.mp4, media_type="video/mp4")


@router.delete("/offers/{offer_id}", status_code=204)
def drop(at: At, _: Owner, offer_id: str) -> None:
    """Do not give it."""
    at.donations.drop(offer_id)


@router.post("/offers/{offer_id}/key")
def key(at: At, _: Owner, offer_id: str) -> dict[str, Any]:
    """A donation id and a key made for it alone."""
    found = at.donations.ask_key(offer_id)
    return {"donation": found.donation}


@router.post("/offers/{offer_id}/consent", status_code=201)
def give(at: At, _: Owner, offer_id: str, asked: Signed) -> dict[str, Any]:
    """Give it, with the owner's signature."""
    return _given(at.donations.give(offer_id, asked.consent, asked.log_key))


@router.get("/donations/{donation}/entries")
def entries(at: At, _: Owner, donation: str) -> dict[str, Any]:
    """What the log holds about it, for the browser to open and verify."""
    return {"entries": at.donations.entries(donation)}


@router.post("/donations/{donation}/withdrawal")
def take_back(at: At, _: Owner, donation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Take it back."""
    return _given(at.donations.take_back(donation, asked))


@router.get("/log/{path:path}")
def log_file(at: At, _: Owner, path: str) -> Response:
    """A file of the programme's log, passed on as it is."""
    if not _LOG_PATH.match(path) or ".." in path:
        raise ConfigError("A log has a checkpoint and tiles, nothing else.")
    return Response(at.donations.log_file(path), media_type="application/octet-stream")


def _programme(programme: Programme) -> dict[str, Any]:
    return {
        "name": programme.name,
        "url": programme.keeper_url,
        "key": programme.key,
        "policy": programme.policy,
        "notice": programme.notice,
        "language": programme.language,
    }


def _offer(found: Offer) -> dict[str, Any]:
    redacted = found.redacted
    return {
        "id": found.id,
        "share": found.share,
        "problem": found.problem,
        "ready": redacted is not None,
        "sha256": redacted.sha256 if redacted else None,
        "report": write(redacted.report) if redacted else None,
    }


def _given(row: DonationRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "camera_id": row.camera_id,
        "onset_ms": row.onset_ms,
        "length_ms": row.length_ms,
        "consent": json.loads(row.consent),
        "consent_sha256": row.consent_sha256,
        "given_ms": row.given_ms,
        "expires_ms": row.expires_ms,
        "withdrawn_ms": row.withdrawn_ms,
        "refused_ms": row.refused_ms,
        "shred_by_ms": row.shred_by_ms,
        "shredded_ms": row.shredded_ms,
    }
