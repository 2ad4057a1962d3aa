"""What a reviewer looks at, asked for by review: the draw, the view, and what was said of it."""

from __future__ import annotations

from fastapi import APIRouter

from nightlatch.domain.consent import Purpose
from nightlatch.domain.view import View
from nightlatch.keeper.premises import EntryBody, Here, Token
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.words import ViewRequest
from nightlatch.web.shape import Answer, Base64Text, Number

router = APIRouter(prefix="/v1")


class ViewBody(EntryBody):
    """A view that the log holds."""

    donation: str
    sealed_sha256: str
    consent_sha256: str
    reviewer: str
    device: str
    purpose: str
    from_ms: Number
    to_ms: Number
    seq: Number


class LabelBody(EntryBody):
    """A label that the log holds."""

    event: str  # canonical JSON


class NextClip(Answer):
    """The clip that was drawn, with all that its `view.open` must commit to."""

    seq: int
    donation: str
    sealed_sha256: str
    consent_sha256: str
    length_ms: int
    reviewer: str
    device: str
    tag: Base64Text


class Ticket(Answer):
    """A view that was let in; the ticket opens one connection, once."""

    view: int
    ticket: str
    pictures: int


@router.post("/assignments")
def assign(here: Here, token: Token = "") -> NextClip:
    """Draw a clip, or name the one that was drawn."""
    return NextClip.model_validate(here.room.next_clip(token))


@router.post("/assignments/skip", status_code=204)
def skip(here: Here, token: Token = "") -> None:
    """Give the drawn clip back."""
    here.room.skip(token)


@router.post("/donations/{donation}/enough", status_code=204)
def enough(here: Here, donation: str) -> None:
    """It has labels enough."""
    here.room.enough(donation)


@router.post("/views", status_code=201)
def open_view(here: Here, asked: ViewBody, token: Token = "") -> Ticket:
    """A receipt for a ticket."""
    values = asked.model_dump(exclude={*EntryBody.model_fields, "purpose"})
    try:
        view = View(purpose=Purpose(asked.purpose), **values)
    except ValueError:
        raise KeeperRefused(Refusal.CONSENT, "There is no such purpose.") from None
    opened = here.room.open_view(token, ViewRequest(view, asked.salt, asked.leaf, asked.receipt))
    return Ticket(view=opened.view_id, ticket=opened.ticket, pictures=opened.pictures)


@router.post("/views/{view}/label", status_code=204)
def label(here: Here, view: Number, said: LabelBody) -> None:
    """What was said of a view, for its owner."""
    here.room.labelled(view, said.event.encode(), said.salt, said.leaf, said.receipt)


@router.post("/views/{view}/flag", status_code=204)
def flag(here: Here, view: Number, token: Token = "") -> None:
    """“This should not have been shared.”"""
    here.room.flag(token, view)
