"""What the programme promises, and whether this keeper keeps to it."""

from __future__ import annotations

from fastapi import APIRouter

from nightlatch.keeper.premises import Here
from nightlatch.keeper.routes.sessions import ChangeBody
from nightlatch.web.shape import Answer

router = APIRouter(prefix="/v1/policy")


class PromiseBody(ChangeBody):
    """A policy that two administrators signed."""

    event: str  # the canonical JSON that was signed


class Breach(Answer):
    """In which way the keeper's settings differ from what is promised; None when they do not."""

    breach: str | None


@router.get("")
def breach(here: Here) -> Breach:
    """Whether the promise is kept."""
    return Breach(breach=here.room.promises.breach())


@router.post("", status_code=201)
def take(here: Here, promise: PromiseBody) -> Breach:
    """Take a new promise."""
    here.room.promises.take(promise.event.encode(), promise.proof)
    return Breach(breach=here.room.promises.breach())
