"""The built page: its index everywhere that is no file and no API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from nightlatch.errors import NotFound
from nightlatch.web.built import built_file

PAGE = Path(__file__).parents[1] / "page"

router = APIRouter()


@router.get("/{path:path}")
def page(path: str) -> Response:
    """A file of the page, or its index."""
    if path.startswith("api/"):
        raise NotFound("There is nothing at this address.")
    if (file := built_file(PAGE, path)) is not None:
        return FileResponse(file)
    if not (PAGE / "index.html").is_file():
        return HTMLResponse("<p>The review page is not built. Run “make page”.</p>", 503)
    return FileResponse(PAGE / "index.html")
