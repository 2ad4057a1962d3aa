"""The way from the owner's browser to the mailbox: requests signed in the browser, passed on unchanged."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from nightlatch.errors import CloudError
from nightlatch.hub.serve.books import taken_back
from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api/mailbox")
KEPT = ("content-type", "content-range", "accept-ranges")


@router.api_route("/{path:path}", methods=["GET", "DELETE"])
async def relay(at: At, _: Owner, path: str, request: Request) -> Response:
    """Pass on a signed request, and its answer back."""
    if at.uplink is None:
        raise CloudError("No mailbox is configured. Set [hub] cloud_url to keep clips outside the house as well.")
    query = request.scope["query_string"].decode("ascii", "replace")
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = await at.uplink.relay(request.method, path, query, headers, await request.body())
    if request.method == "DELETE" and answer.is_success:
        await run_in_threadpool(taken_back.note, at.books, path)
        at.hint({"type": "home"})
    kept = {name: value for name, value in answer.headers.items() if name.lower() in KEPT}
    return Response(answer.content, answer.status_code, headers=kept)
