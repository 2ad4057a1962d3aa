"""Clips: times in the clear, everything else sealed."""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode

from fastapi import APIRouter
from fastapi.responses import FileResponse

from nightlatch.domain.time import DAY_MS, Span
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.reading import ClipLine
from nightlatch.hub.serve.books.retention import delete_clip
from nightlatch.hub.serve.routes.asking import At, Gone, Owner, Whole
from nightlatch.hub.serve.routes.sealed import clip_file
from nightlatch.hub.vault.layout import object_path

router = APIRouter(prefix="/api")
MOST_CLIPS = 500
MOST_MANIFESTS = 50
_PART = re.compile(r"\d{1,4}\Z", re.ASCII)


@router.get("/clips")
def clips(
    at: At, _: Owner, from_ms: Whole = 0, to_ms: Whole | None = None, camera: str | None = None, limit: Whole = 100
) -> list[ClipLine]:
    """Clips, the newest first."""
    until_ms = to_ms if to_ms is not None else at.clock.now_ms() + DAY_MS
    return reading.clips(at.engine, Span(max(0, from_ms), until_ms), camera, max(1, min(limit, MOST_CLIPS)))


@router.get("/clips/{clip_id}")
def clip(at: At, _: Owner, clip_id: str) -> ClipLine:
    """One clip."""
    found = reading.clip(at.engine, clip_id)
    if found is None:
        raise Gone("This clip has been deleted or has expired.")
    return found


@router.get("/clips/{clip_id}/parts/{number}")
def clip_part(at: At, _: Owner, clip_id: str, number: str) -> FileResponse:
    """One sealed part of a clip."""
    if not _PART.match(number):
        raise ConfigError("A part is named by its number.")
    return clip_file(at, clip_id, f"part-{int(number):04d}")


@router.get("/clips/{clip_id}/subs/{number}")
def clip_sub(at: At, _: Owner, clip_id: str, number: str) -> FileResponse:
    """One sealed part of a clip's sub-stream."""
    if not _PART.match(number):
        raise ConfigError("A part is named by its number.")
    return clip_file(at, clip_id, f"sub-{int(number):04d}")


@router.get("/clips/{clip_id}/manifest")
def clip_manifest(at: At, _: Owner, clip_id: str) -> FileResponse:
    """The sealed manifest of a clip."""
    return clip_file(at, clip_id, "manifest")


@router.get("/clips/{clip_id}/still")
def clip_still(at: At, _: Owner, clip_id: str) -> FileResponse:
    """The sealed still of a clip."""
    return clip_file(at, clip_id, "still")


@router.get("/manifests")
def manifests(at: At, _: Owner, ids: str) -> dict[str, str]:
    """The sealed manifests (base64) of up to fifty clips at once, by id; those that are gone are left out."""
    found = {}
    for clip_id, camera_id in reading.cameras_of(at.engine, ids.split(",")[:MOST_MANIFESTS]).items():
        with contextlib.suppress(OSError):  # not written yet, or deleted meanwhile
            sealed = (at.books.vault / object_path(camera_id, clip_id, "manifest")).read_bytes()
            found[clip_id] = b64encode(sealed).decode()
    return found


@router.delete("/clips/{clip_id}", status_code=204)
def remove_clip(at: At, _: Owner, clip_id: str) -> None:
    """Delete a clip at home. The page deletes it in the mailbox, too, with the owner's signature."""
    if not delete_clip(at.books, clip_id):
        raise Gone("This clip has already been deleted.")
    at.hint({"type": "clip_gone", "clip_id": clip_id})
