"""The timeline: what each camera recorded, and when it recorded nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.gaps import GAP_MS
from nightlatch.hub.serve.books.reading import ClipLine, OutageLine
from nightlatch.hub.serve.routes.asking import At, Owner, Whole, window
from nightlatch.hub.serve.routes.clips import MOST_CLIPS
from nightlatch.web.packed import PackedRoute

router = APIRouter(prefix="/api", route_class=PackedRoute)


@dataclass(frozen=True, slots=True)
class CameraDayShape:
    """One camera between two moments."""

    id: str
    name: str
    spans: list[tuple[int, int]]  # footage: from, to
    outages: list[OutageLine]
    sheets: list[tuple[int, int, int]]  # a minute of stills each: id, from, how long
    clips: list[ClipLine]


@dataclass(frozen=True, slots=True)
class TimelineShape:
    """All cameras that were asked for."""

    cameras: list[CameraDayShape]


@router.get("/timeline")
def timeline(at: At, _: Owner, from_ms: Whole, to_ms: Whole, camera: str | None = None) -> TimelineShape:
    """What each camera recorded between two moments (at most three days apart)."""
    asked, engine = window(from_ms, to_ms), at.engine
    return TimelineShape(
        [
            CameraDayShape(
                each.id,
                each.name,
                spans=[(span.began_ms, span.ended_ms) for span in reading.recorded(engine, each.id, asked, GAP_MS)],
                outages=reading.outages(engine, each.id, asked),
                sheets=[(line.id, line.began_ms, line.duration_ms) for line in reading.sheets(engine, each.id, asked)],
                clips=reading.clips(engine, asked, each.id, MOST_CLIPS),
            )
            for each in catalogue.cameras(engine)
            if camera in (None, each.id)
        ]
    )
