"""Sealed files as they lie in the vault: passed on whole or in ranges, never opened."""

from __future__ import annotations

from fastapi.responses import FileResponse

from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.routes.asking import Gone
from nightlatch.hub.vault.layout import object_path

TYPE = "application/octet-stream"


def vault_file(at: House, relative: str | None) -> FileResponse:
    """A file of the vault. Raises `Gone` for None and when it is no longer there."""
    path = None if relative is None else at.books.vault / relative
    if path is None or not path.is_file():
        raise Gone("This recording has been deleted or has expired.")
    return FileResponse(path, media_type=TYPE)


def clip_file(at: House, clip_id: str, name: str) -> FileResponse:
    """A sealed object of a clip. Raises `Gone`."""
    camera_id = reading.cameras_of(at.engine, [clip_id]).get(clip_id)
    if camera_id is None:
        raise Gone("This clip has been deleted or has expired.")
    return vault_file(at, object_path(camera_id, clip_id, name))
