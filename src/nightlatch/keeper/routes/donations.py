"""Donations, from both ends: a hub brings a clip, its owner reads what became of it.

No secret is needed: what comes in is signed by an owner and sealed to one key, and entries are sealed to the owner.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from nightlatch.domain.consent import Consented
from nightlatch.domain.redaction import read as read_report
from nightlatch.keeper.premises import Base64, Here
from nightlatch.keeper.words import Gift
from nightlatch.seal.envelope import Sealed
from nightlatch.web.shape import Answer, Base64Text, Body, Document, signed_bytes

router = APIRouter(prefix="/v1")


class ReportBody(Body):
    """The redaction's report."""

    sha256: str
    style: str
    people: int
    uncovered: int
    sound_removed: bool
    metadata_removed: bool


class GiftBody(Body):
    """A clip, as its hub hands it over."""

    consent: Document  # {"record": …, "signature": b64}
    sealed: Base64
    report: ReportBody
    log_key: Base64  # 32 bytes
    owner_recipient: str  # age1…


class WaitingDonation(Answer):
    """A donation that waits for its clip, and the age recipient to seal it to."""

    donation: str
    recipient: str


class DonationState(Answer):
    """A clip that was let in waits to be drawn."""

    state: Literal["waiting"] = "waiting"


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
def make(here: Here) -> WaitingDonation:
    """A key for one donation."""
    return WaitingDonation.model_validate(here.room.make())


@router.put("/donations/{donation}", status_code=201)
def receive(here: Here, donation: str, given: GiftBody) -> DonationState:
    """Take a clip in."""
    consented, report = Consented(signed_bytes(given.consent)), read_report(given.report.model_dump())
    here.room.receive(Gift(donation, consented, Sealed(given.sealed), report, given.log_key, given.owner_recipient))
    return DonationState()


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
