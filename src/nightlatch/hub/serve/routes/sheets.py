"""Sheets: a minute of stills each, sealed."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.routes.asking import At, Owner, Whole
from nightlatch.hub.serve.routes.sealed import vault_file

router = APIRouter(prefix="/api/sheets")


@router.get("/{sheet_id}")
def sheet(at: At, _: Owner, sheet_id: Whole) -> FileResponse:
    """One sealed minute of stills."""
    return vault_file(at, reading.sheet_path(at.engine, sheet_id))
