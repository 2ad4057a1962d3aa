"""What every route asks for: the house, the signed-in device, a body without surprises."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from nightlatch.domain.time import DAY_MS, Span
from nightlatch.errors import ConfigError, NightlatchError
from nightlatch.hub.serve.house import House, house, owner
from nightlatch.hub.serve.people.household import Device


async def _here(request: Request) -> House:
    """Found without a thread: a plain function would wait for one in every request."""
    return house(request)


At = Annotated[House, Depends(_here)]
Owner = Annotated[Device, Depends(owner)]
LATEST = 2**53  # what JavaScript counts to; SQLite and arithmetic go further
Whole = Annotated[int, Field(ge=-LATEST, le=LATEST)]  # a moment, a row, a limit that somebody asks for
LONGEST_WINDOW_MS = 3 * DAY_MS


class Gone(NightlatchError):
    """It was here and has been deleted or has expired."""


class PageBody(BaseModel):
    """What a page may send; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def address(request: Request) -> str:
    """Where a request comes from, for counting wrong tries."""
    return request.client.host if request.client else "?"


def window(from_ms: int, to_ms: int) -> Span:
    """The stretch of time asked for, or its last three days if it is longer. Raises `ConfigError`."""
    if not 0 <= from_ms <= to_ms:
        raise ConfigError("from_ms must not be later than to_ms.")
    return Span(max(from_ms, to_ms - LONGEST_WINDOW_MS), to_ms)
