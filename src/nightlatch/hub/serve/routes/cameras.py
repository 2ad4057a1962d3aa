"""Cameras: list, add, test, change, remove."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Response
from pydantic import Field

from nightlatch.domain.address import shown
from nightlatch.domain.camera import Camera, Transport
from nightlatch.domain.context import Landmark, Site
from nightlatch.domain.geometry import LONGEST_DWELL_S, Area, Use
from nightlatch.errors import ConfigError, NotFound, Reason, SourceError
from nightlatch.hub.errands.asking import PROBE, ProbeRequest
from nightlatch.hub.errands.errand import ErrandFailed, TooLong
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.routes.asking import LATEST, At, Owner, PageBody
from nightlatch.hub.serve.routes.sealed import TYPE

router = APIRouter(prefix="/api/cameras")
Share = Annotated[float, Field(ge=0, le=1)]
CLEARABLE = ("quota_bytes", "sub_url", "site")


class AreaBody(PageBody):
    name: str = Field(max_length=60)
    use: Use
    points: list[tuple[Share, Share]] = Field(min_length=3, max_length=64)
    dwell_s: float = Field(0, ge=0, le=LONGEST_DWELL_S)
    shows: Landmark | None = None

    def area(self) -> Area:
        return Area(self.name, self.use, tuple(self.points), self.dwell_s, self.shows)


class CameraBody(PageBody):
    name: str = Field(max_length=200)
    url: str = Field(max_length=2000)
    sub_url: str | None = Field(None, max_length=2000)
    transport: str = "tcp"
    site: Site | None = None


class CameraChangeBody(PageBody):
    name: str | None = Field(None, max_length=200)
    enabled: bool | None = None
    private: bool | None = None
    areas: list[AreaBody] | None = Field(None, max_length=32)
    quota_bytes: int | None = Field(None, ge=0, le=LATEST)
    url: str | None = Field(None, max_length=2000)
    sub_url: str | None = Field(None, max_length=2000)
    transport: str | None = None
    site: Site | None = None

    def applied(self, camera: Camera) -> Camera:
        """`camera` with what is given; null clears a quota, a sub-stream or a site, and changes nothing else."""
        given = self.model_dump(exclude_unset=True, exclude={"areas"})
        kept = {name: value for name, value in given.items() if value is not None or name in CLEARABLE}
        areas = camera.areas if self.areas is None else tuple(area.area() for area in self.areas)
        return replace(camera, **kept, areas=areas)


class ProbeBody(PageBody):
    url: str = Field(max_length=2000)
    transport: str = "tcp"


@dataclass(frozen=True, slots=True)
class CameraShape:
    """A camera as the page sees it: no password."""

    id: str
    name: str
    enabled: bool
    demo: bool
    private: bool
    transport: Transport
    address: str
    has_sub: bool
    areas: list[Area]
    quota_bytes: int | None
    site: Site | None  # null: the owner has not said

    @classmethod
    def of(cls, camera: Camera) -> CameraShape:
        """What the page may see of `camera`."""
        return cls(
            id=camera.id,
            name=camera.name,
            enabled=camera.enabled,
            demo=camera.demo,
            private=camera.private,
            transport=Transport(camera.transport),
            address=shown(camera.url),
            has_sub=camera.sub_url is not None,
            areas=list(camera.areas),
            quota_bytes=camera.quota_bytes,
            site=camera.site,
        )


@dataclass(frozen=True, slots=True)
class ProbeSuccess:
    """A camera that can be recorded, with its first picture."""

    ok: Literal[True]
    width: int
    height: int
    fps: float | None
    codecs: str
    audio: str | None
    gop_s: float | None  # between key frames
    notes: list[str]  # what is left out and why, and what would improve it
    receiver: str  # "nightlatch" or "ffmpeg"
    still: str  # b64, sealed


@dataclass(frozen=True, slots=True)
class ProbeFailure:
    """A camera that cannot be recorded, why, and what to do."""

    ok: Literal[False]
    reason: Reason
    text: str


Probe: TypeAlias = ProbeSuccess | ProbeFailure


@router.get("")
def cameras(at: At, _: Owner) -> list[CameraShape]:
    """All cameras."""
    return [CameraShape.of(camera) for camera in catalogue.cameras(at.engine)]


@router.post("", status_code=201)
def add(at: At, _: Owner, body: CameraBody) -> CameraShape:
    """Add one; the demo cameras leave, and what they recorded goes at once."""
    camera = catalogue.add(
        *(at.books, at.clock),
        name=body.name,
        url=body.url,
        sub_url=body.sub_url,
        transport=body.transport,
        site=body.site,
    )
    at.cameras_changed()
    with contextlib.suppress(OSError):  # the disk refuses for now: the hub keeps trying
        at.clear_demo()
    return CameraShape.of(camera)


@router.post("/test")
def probe(at: At, _: Owner, body: ProbeBody) -> Probe:
    """Try an address; the first picture comes back sealed."""
    transport = catalogue.checked_transport(body.transport)
    try:
        url = catalogue.checked_url(body.url)
    except ConfigError as error:
        return ProbeFailure(ok=False, reason=Reason.BAD_ADDRESS, text=str(error))
    try:
        found, still = PROBE.send(ProbeRequest(url, transport, at.household.existing().recipient))
    except SourceError as error:
        return ProbeFailure(ok=False, reason=error.reason, text=str(error))
    except ErrandFailed as error:
        reason = Reason.TIMEOUT if isinstance(error, TooLong) else Reason.BROKEN_STREAM
        return ProbeFailure(ok=False, reason=reason, text=str(error))
    return ProbeSuccess(
        ok=True,
        width=found.width,
        height=found.height,
        fps=found.fps,
        codecs=found.codecs,
        audio=found.audio,
        gop_s=found.gop_s,
        notes=list(found.notes),
        receiver=found.receiver,
        still=b64encode(still).decode(),
    )


@router.patch("/{camera_id}")
def change(at: At, _: Owner, camera_id: str, body: CameraChangeBody) -> CameraShape:
    """Change what is given; null clears a quota, a sub-stream or a site."""
    changed = catalogue.change(at.books, camera_id, body.applied)
    at.cameras_changed()
    return CameraShape.of(changed)


@router.delete("/{camera_id}", status_code=204)
def remove(at: At, _: Owner, camera_id: str, footage: Literal["keep", "delete"] = "keep") -> None:
    """Remove one, with or without what it recorded."""
    catalogue.remove(at.books, camera_id, footage=footage == "delete")
    at.statuses.pop(camera_id, None)
    at.stills.pop(camera_id, None)
    at.cameras_changed()


@router.get("/{camera_id}/still")
def still(at: At, _: Owner, camera_id: str) -> Response:
    """The newest still, sealed."""
    if not any(camera.id == camera_id for camera in catalogue.cameras(at.engine)):
        raise NotFound("There is no such camera.")
    at.watched(camera_id)
    newest = at.stills.get(camera_id)
    if newest is None:
        return Response(status_code=204)
    return Response(
        newest.sealed,
        media_type=TYPE,
        headers={"X-Nightlatch-At-Ms": str(newest.at_ms)},
    )
