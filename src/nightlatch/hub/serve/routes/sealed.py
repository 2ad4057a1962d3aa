"""Sealed files as they lie in the vault: passed on whole or in ranges, never opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.routes.asking import Gone
from nightlatch.hub.vault.layout import object_path

TYPE = "application/octet-stream"
SMALL = 1024 * 1024  # bytes: a part, a still or a sheet is smaller, and a few of them in memory are nothing


class SealedFile(FileResponse):
    """A file of the vault; a small one was read by the thread that found it.

    Starlette waits for a thread to open a file, for each piece of 64 KiB, and to close it. On a busy machine a part of
    a clip came 20 to 50 ms later for that.
    """

    chunk_size = SMALL

    def __init__(self, path: Path) -> None:
        """Raises `OSError`."""
        with path.open("rb") as file:
            found = os.fstat(file.fileno())  # of what is read here, whatever takes its name meanwhile
            self._whole = file.read() if found.st_size <= SMALL else None
        super().__init__(path, media_type=TYPE, stat_result=found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. A range, a HEAD and what is large are left to Starlette."""
        if self._whole is None or scope["method"] != "GET" or "range" in Headers(scope=scope):
            return await super().__call__(scope, receive, send)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._whole, "more_body": False})


def vault_file(at: House, relative: str | None) -> SealedFile:
    """A file of the vault. Raises `Gone` for None and when it is no longer there."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        if relative is not None:
            return SealedFile(at.books.vault / relative)
    raise Gone("This recording has been deleted or has expired.")


def clip_file(at: House, clip_id: str, name: str) -> SealedFile:
    """A sealed object of a clip. Raises `Gone`."""
    camera_id = reading.cameras_of(at.engine, [clip_id]).get(clip_id)
    if camera_id is None:
        raise Gone("This clip has been deleted or has expired.")
    return vault_file(at, object_path(camera_id, clip_id, name))
