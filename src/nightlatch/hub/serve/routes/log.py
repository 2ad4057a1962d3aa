"""The log of a programme as this hub audited it, for the browser to check: never what the log shows just now."""

from __future__ import annotations

from fastapi import APIRouter, Response

from nightlatch.hub.serve.routes.asking import At, Owner
from nightlatch.hub.serve.routes.sealed import TYPE

router = APIRouter(prefix="/api/giving/logs")


@router.get("/{programme}/{path:path}")
def log_file(at: At, _: Owner, programme: str, path: str) -> Response:
    """A file of a programme's log; its checkpoints with this hub's own cosignature, which is made after the audit."""
    return Response(at.logs.file(at.donations.membership.find(programme), path), media_type=TYPE)
