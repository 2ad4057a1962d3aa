"""How full the mailbox is, for both keys of a household."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from nightlatch.cloud.office import HouseholdCall, Office
from nightlatch.domain.time import HOUR_MS

router = APIRouter(prefix="/v1/status")


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """What a household has here, under its plan, and the time by the mailbox's clock."""

    now_ms: int
    clips: int
    used_bytes: int
    quota_bytes: int
    keep_hours: int


@router.get("")
async def status(here: Office, call: HouseholdCall) -> MailboxStatus:
    """How full it is."""
    found = await run_in_threadpool(here.mailbox.clips, call.household)
    used = await run_in_threadpool(here.mailbox.used_bytes, call.household)
    mailbox = here.mailbox
    return MailboxStatus(here.clock.now_ms(), len(found), used, mailbox.quota_bytes, mailbox.keep_ms // HOUR_MS)
