"""Whether a program answers at all: the one address that every face has, and that needs no key."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Health:
    """It answers; that is all there is to say."""

    ok: bool = True


@router.get("/healthz")
async def health() -> Health:
    """Up, and answering."""
    return Health()
