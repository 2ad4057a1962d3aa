"""The log of a programme, passed on for the browser to check."""

from __future__ import annotations

from fastapi import APIRouter, Response

from nightlatch.errors import ConfigError
from nightlatch.hub.serve.giving import ProgrammeClient
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.serve.routes.sealed import TYPE
from nightlatch.ledger.tiles import PUBLIC

router = APIRouter(prefix="/api/giving/logs")


@router.get("/{programme}/{path:path}")
def log_file(at: At, _: Owner, programme: str, path: str) -> Response:
    """A file of a programme's log, passed on as it is."""
    if not PUBLIC.match(path):
        raise ConfigError("A log has checkpoints, tiles and indexes, and nothing else.")
    return Response(ProgrammeClient(at.donations.membership.find(programme)).log_file(path), media_type=TYPE)
