"""Segments: a few seconds of footage each, sealed."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.reading import SegmentLine
from nightlatch.hub.serve.routes.asking import At, Owner, Whole, window
from nightlatch.hub.serve.routes.sealed import vault_file

router = APIRouter(prefix="/api/segments")
MOST_SEGMENTS = 5_000


@router.get("")
def segments(at: At, _: Owner, camera: str, from_ms: Whole, to_ms: Whole) -> list[SegmentLine]:
    """Segments of a camera between two moments."""
    return reading.segments(at.engine, camera, window(from_ms, to_ms), MOST_SEGMENTS)


@router.get("/{segment_id}")
def segment(at: At, _: Owner, segment_id: Whole) -> FileResponse:
    """One sealed segment."""
    return vault_file(at, reading.segment_path(at.engine, segment_id))
