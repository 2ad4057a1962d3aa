"""What words there are, and where the keeper's pictures are: all that the page needs before anybody logs in."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.domain.label import Happening, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.review.desk import At

router = APIRouter(prefix="/api/state")


@dataclass(frozen=True, slots=True)
class RoomWords:
    """The words of a label; `keeper` is a WebSocket's address, `rp_id` WebAuthn's relying party."""

    keeper: str  # ws://… or wss://…
    rp_id: str
    subjects: tuple[Subject, ...] = tuple(Subject)
    happenings: tuple[Happening, ...] = tuple(Happening)
    verdicts: tuple[Verdict, ...] = tuple(Verdict)


@router.get("")
async def state(at: At) -> RoomWords:
    """The room as it is set up."""
    return RoomWords(at.settings.keeper_page_url, at.settings.rp_id)
