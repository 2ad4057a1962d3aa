"""The log of a programme, passed on for the browser to read whole and check."""

from __future__ import annotations

import re

from fastapi import APIRouter, Response

from nightlatch.errors import ConfigError
from nightlatch.hub.serve.giving import ProgrammeClient
from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.serve.routes.sealed import TYPE

router = APIRouter(prefix="/api/giving/logs")
_PATH = re.compile(r"(?:checkpoint|tile/[0-9x/.p]{1,80}|tile/entries/[0-9x/.p]{1,80})\Z")


@router.get("/{programme}/{path:path}")
def log_file(at: At, _: Owner, programme: str, path: str) -> Response:
    """A file of a programme's log, passed on as it is."""
    if not _PATH.match(path) or ".." in path:
        raise ConfigError("A log has a checkpoint and tiles, and nothing else.")
    return Response(ProgrammeClient(at.donations.membership.find(programme)).log_file(path), media_type=TYPE)
