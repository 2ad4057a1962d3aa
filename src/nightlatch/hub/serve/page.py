"""The built page of a hub: its index at every address that is neither a file nor the API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from nightlatch.errors import NotFound
from nightlatch.web.built import built_file

PAGE = Path(__file__).parents[1] / "page"
FOREVER = "public, max-age=31536000, immutable"

router = APIRouter()


@router.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unknown(path: str) -> None:
    """An address without a route; without this the page would answer."""
    raise NotFound("There is no such address on this hub.")


@router.get("/{path:path}")
async def page(path: str) -> Response:
    """A file of the page, or its index. Files under assets/ carry their hash in the name and never change."""
    index = PAGE / "index.html"
    if not index.is_file():
        return HTMLResponse("<h1>Nightlatch</h1><p>The page is not built yet. Run <code>make page</code>.", 503)
    if (found := built_file(PAGE, path)) is not None:
        caching = FOREVER if path.startswith("assets/") else "no-cache"
        return FileResponse(found, headers={"Cache-Control": caching})
    if path.startswith("assets/"):
        return Response(status_code=404)
    return FileResponse(index, headers={"Cache-Control": "no-cache"})
