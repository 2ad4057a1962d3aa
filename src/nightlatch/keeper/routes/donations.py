"""Donations, from both ends: a hub brings a clip, its owner reads what became of it.

No secret is needed: what comes in is signed by an owner and sealed to one key, and entries are sealed to the owner.
A clip comes in two requests, so that a stranger's megabytes are not read: a small signed head, then the film that it
announces. Both may be repeated.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.consent import Consented
from nightlatch.domain.redaction import read as read_report
from nightlatch.keeper.premises import Base64, Here
from nightlatch.keeper.words import Announcement
from nightlatch.web.addresses import sender
from nightlatch.web.shape import Answer, Base64Text, Body, Document, Number, signed_bytes

router = APIRouter(prefix="/v1")


class ReportBody(Body):
    """The redaction's report."""

    sha256: str
    style: str
    people: Number
    uncovered: Number
    sound_removed: bool
    metadata_removed: bool


class HeadBody(Body):
    """A clip, as its hub announces it: all but the film, and what the film will be."""

    consent: Document  # {"record": …, "signature": b64}
    report: ReportBody
    log_key: Base64  # 32 bytes
    owner_recipient: str  # age1…
    sealed_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    sealed_bytes: int


class WaitingDonation(Answer):
    """A donation that waits for its clip, and the age recipient to seal it to."""

    donation: str
    recipient: str


class DonationState(Answer):
    """A clip whose film may come now, or one that was let in and waits to be drawn."""

    state: Literal["expected", "waiting"]


class SealedEntry(Answer):
    """An entry about the owner's clip; without an index it is not in the log yet, and due there at `due_ms`."""

    kind: str
    leaf: Base64Text
    index: int | None
    due_ms: int
    sealed_event: Base64Text


class SealedEntries(Answer):
    """All entries about one donation."""

    entries: list[SealedEntry]


@router.post("/donations", status_code=201)
def make(here: Here, request: Request) -> WaitingDonation:
    """A key for one donation."""
    return WaitingDonation.model_validate(here.room.make(_who(request)))


@router.put("/donations/{donation}", status_code=202)
async def announce(here: Here, donation: str, head: HeadBody, request: Request, response: Response) -> DonationState:
    """Say that a clip comes; 201 when it is here already."""
    consented, report = Consented(signed_bytes(head.consent)), read_report(head.report.model_dump())
    said = Announcement(
        donation, consented, report, head.log_key, head.owner_recipient, head.sealed_sha256, head.sealed_bytes
    )
    is_in = await run_in_threadpool(here.room.announce, said)
    here.room.arrivals.expect(said, _who(request), is_in)
    response.status_code = 201 if is_in else 202
    return DonationState(state="waiting" if is_in else "expected")


@router.put("/donations/{donation}/film", status_code=201)
async def receive(here: Here, donation: str, request: Request) -> DonationState:
    """Take in the film of a clip that was announced: the age file itself, of exactly the length that was said."""
    arrivals, is_in = here.room.arrivals, False
    film = arrivals.begin(donation, _who(request), int(request.headers.get("content-length", "0")))
    try:
        async for piece in film.pieces(request.stream()):
            await run_in_threadpool(film.write, piece)
        gift = await run_in_threadpool(film.gift)
        if not arrivals.is_in(donation):
            await run_in_threadpool(here.room.receive, gift)
        is_in = True
    finally:
        arrivals.end(film, is_in)
        film.discard()
    return DonationState(state="waiting")


@router.get("/donations/{donation}/entries")
def entries(here: Here, donation: str) -> SealedEntries:
    """What the log holds about a donation, sealed to its owner."""
    found = [
        SealedEntry(
            kind=each.kind,
            leaf=each.leaf,
            index=each.leaf_index,
            due_ms=each.due_ms,
            sealed_event=each.sealed_event,
        )
        for each in here.room.entries(donation)
    ]
    return SealedEntries(entries=found)


def _who(request: Request) -> str:
    return sender(request.client.host if request.client else "")
