"""What a reviewer does: draws a clip, looks at it, says what it shows, hands that in."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import chain, count
from typing import TypeVar

import structlog
from fastapi import APIRouter, Response
from pydantic import Field

from nightlatch.domain.label import Label
from nightlatch.review.desk import At, Desk, Seated
from nightlatch.review.entries import Entry, Receipt, entry
from nightlatch.review.errors import KeeperSaidNo, Unreachable
from nightlatch.review.keeper import DrawnClip, Keeper, ViewTicket
from nightlatch.review.labels import ReviewLook, Submission
from nightlatch.review.writing import label_of, written
from nightlatch.web.shape import Answer, Body, Number

WITNESSES_WITHIN_S = (0.2, 0.5, 1.0)

router = APIRouter(prefix="/api")
log = structlog.get_logger()
Reply = TypeVar("Reply")


class LabelDraft(Body):
    """A label as the page has it: complete or not."""

    subjects: list[str] = Field([], max_length=20)
    happenings: list[str] = Field([], max_length=20)
    verdict: str | None = None
    spans: list[list[int]] = Field([], max_length=40)
    hidden: bool = False  # too much is hidden to say

    @property
    def label(self) -> Label:
        """Raises `NotALabel`."""
        return label_of(self.subjects, self.happenings, self.verdict, self.spans, is_hidden=self.hidden)


class NextLook(Answer):
    """A clip to look at: the ticket for its pictures, and how far the day is."""

    view: int
    ticket: str
    pictures: int
    length_ms: int
    done_today: int
    quota: int


class SavedDraft(Answer):
    """When a draft was saved."""

    saved_ms: int


@router.post("/next")
def next_clip(at: At, who: Seated) -> NextLook:
    """The clip that the keeper drew: logged first, then a ticket for its pictures."""
    tell_the_keeper(at, who.reviewer)
    drawn = _drawn(at.keeper, who.keeper_token)
    made = entry("view.open", drawn.view.canonical(), drawn.tag, at.clock)
    opened = _opened(at.keeper, who.keeper_token, drawn, made, at.append(made.leaf))
    at.labels.open(ReviewLook(opened.view, drawn.view.donation, who.reviewer, drawn.length_ms), drawn.tag)
    return NextLook(
        view=opened.view,
        ticket=opened.ticket,
        pictures=opened.pictures,
        length_ms=drawn.length_ms,
        done_today=at.labels.done_today(who.reviewer),
        quota=at.roster.policy().quota,
    )


@router.get("/looks/{view}")
def draft(at: At, view: Number, who: Seated) -> Response:
    """The draft, as canonical JSON."""
    return Response(written(at.labels.look(view, who.reviewer).label), media_type="application/json")


@router.put("/looks/{view}")
def save(at: At, view: Number, said: LabelDraft, who: Seated) -> SavedDraft:
    """Autosave."""
    return SavedDraft(saved_ms=at.labels.save(view, who.reviewer, said.label))


@router.post("/looks/{view}", status_code=204)
def submit(at: At, view: Number, said: LabelDraft, who: Seated) -> None:
    """Hand in. The log holds the label from here on; the keeper hears of it when it can."""
    handed = at.labels.submit(view, who.reviewer, said.label, at.append)
    _handed(at, handed)


@router.post("/looks/{view}/undo", status_code=204)
def undo(at: At, view: Number, who: Seated) -> None:
    """Take it back, within seconds: the log holds that, too, and the label is a draft again."""
    _handed(at, at.labels.undo(view, who.reviewer, at.append))


@router.post("/looks/{view}/skip", status_code=204)
def skip(at: At, view: Number, who: Seated) -> None:
    """Give it back."""
    at.labels.skip(view, who.reviewer)


@router.post("/looks/{view}/flag", status_code=204)
def flag(at: At, view: Number, who: Seated) -> None:
    """“This should not have been shared.”"""
    at.labels.flag(view, who.reviewer)  # here first: whatever the keeper says, no label of it counts
    log.warning("clip.flagged", view=view)
    at.keeper.flag(who.keeper_token, view)


def tell_the_keeper(at: Desk, reviewer: str) -> None:
    """The keeper hears of clips that have enough labels, before it draws for this reviewer."""
    for donation in at.tidings.due(reviewer):
        _tell(partial(at.keeper.enough, donation))


def _handed(at: Desk, handed: Submission) -> None:
    """A label, or that it was taken back, is in the log: what follows from it."""
    donation, reviewer = handed.labelled.donation, handed.labelled.reviewer
    at.tidings.change(donation, reviewer, has_enough=at.queue.settle(donation))
    _tell(partial(at.keeper.label, handed))


def _tell(say: Callable[[], None]) -> None:
    try:
        say()
    except (KeeperSaidNo, Unreachable) as error:  # the label counts all the same
        log.warning("label.untold", error=type(error).__name__)


def _drawn(keeper: Keeper, token: str) -> DrawnClip:
    """The draw. While an entry waits for its cosignatures the newest checkpoint is bare: ask again a moment later."""
    return _cosigned(lambda: keeper.assign(token))


def _opened(keeper: Keeper, token: str, drawn: DrawnClip, made: Entry, logged: Receipt) -> ViewTicket:
    """The view; with newer receipts of the same entry while a witness is late, so that no look is logged twice."""
    receipts = chain([logged.text], (logged.again() if logged.again else logged.text for _ in count()))
    return _cosigned(lambda: keeper.open(token, drawn.view, made, next(receipts)))


def _cosigned(ask: Callable[[], Reply]) -> Reply:
    for pause_s in WITNESSES_WITHIN_S:
        try:
            return ask()
        except KeeperSaidNo as error:
            if error.refusal != "no_quorum":
                raise
        time.sleep(pause_s)
    return ask()
