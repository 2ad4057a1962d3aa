"""What every route asks for: the house, the signed-in device, a body without surprises."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.books.records import SessionRow
from nightlatch.hub.serve.house import House, house, owner

At = Annotated[House, Depends(house)]
Owner = Annotated[SessionRow, Depends(owner)]


class Gone(NightlatchError):
    """It was here and has been deleted or has expired."""


class Body(BaseModel):
    """What a page may send; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def address(request: Request) -> str:
    """Where a request comes from, for counting wrong tries."""
    return request.client.host if request.client else "?"
