"""Cameras: list, add, test, change, remove."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera
from nightlatch.domain.geometry import LONGEST_DWELL_S, Use
from nightlatch.errors import ConfigError, NotFound
from nightlatch.hub.errands.probe import try_camera
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.routes.asking import At, Body, Owner
from nightlatch.hub.watch.watcher import as_camera

router = APIRouter(prefix="/api/cameras")
Share = Annotated[float, Field(ge=0, le=1)]


class AreaAsked(Body):
    name: str = Field(max_length=60)
    use: Use
    points: list[tuple[Share, Share]] = Field(min_length=3, max_length=64)
    dwell_s: float = Field(0, ge=0, le=LONGEST_DWELL_S)


class NewCamera(Body):
    name: str = Field(max_length=200)
    url: str = Field(max_length=2000)
    sub_url: str | None = Field(None, max_length=2000)
    transport: str = "tcp"


class Change(Body):
    name: str | None = Field(None, max_length=200)
    enabled: bool | None = None
    private: bool | None = None
    areas: list[AreaAsked] | None = Field(None, max_length=32)
    quota_bytes: int | None = Field(None, ge=0)
    url: str | None = Field(None, max_length=2000)
    sub_url: str | None = Field(None, max_length=2000)
    transport: str | None = None


class Try(Body):
    url: str = Field(max_length=2000)
    transport: str = "tcp"


def as_json(camera: Camera) -> dict[str, Any]:
    """A camera as the page sees it: no password."""
    return {
        "id": camera.id,
        "name": camera.name,
        "enabled": camera.enabled,
        "demo": camera.demo,
        "private": camera.private,
        "transport": camera.transport,
        "address": catalogue.public_address(camera.url),
        "has_sub": camera.sub_url is not None,
        "areas": [{"name": a.name, "use": a.use, "points": a.points, "dwell_s": a.dwell_s} for a in camera.areas],
        "quota_bytes": camera.quota_bytes,
    }


@router.get("")
def cameras(at: At, _: Owner) -> list[dict[str, Any]]:
    """All cameras."""
    return [as_json(camera) for camera in catalogue.cameras(at.engine)]


@router.post("", status_code=201)
def add(at: At, _: Owner, asked: NewCamera) -> dict[str, Any]:
    """Add one; the demo cameras leave."""
    camera = catalogue.add(
        at.engine, at.clock, name=asked.name, url=asked.url, sub_url=asked.sub_url, transport=asked.transport
    )
    at.cameras_changed()
    return as_json(camera)


@router.post("/test")
def test(at: At, _: Owner, asked: Try) -> dict[str, Any]:
    """Try an address; the first picture comes back sealed."""
    url, transport = catalogue.checked_url(asked.url), catalogue.checked_transport(asked.transport)
    return try_camera(url, transport, at.household.existing().recipient)


@router.patch("/{camera_id}")
def change(at: At, _: Owner, camera_id: str, asked: Change) -> dict[str, Any]:
    """Change what is given; null clears a quota or a sub-stream."""
    given = asked.model_fields_set
    try:
        with Session(at.engine) as session, session.begin():
            row = catalogue.find(session, camera_id)
            if asked.name is not None:
                row.name = catalogue.checked_name(asked.name)
            if asked.enabled is not None:
                row.enabled = asked.enabled
            if asked.private is not None:
                row.private = asked.private
            if asked.areas is not None:
                row.areas = json.dumps([area.model_dump() for area in asked.areas])
            if asked.url is not None:
                row.url = catalogue.checked_url(asked.url)
            if asked.transport is not None:
                row.transport = catalogue.checked_transport(asked.transport)
            if "quota_bytes" in given:
                row.quota_bytes = asked.quota_bytes
            if "sub_url" in given:
                row.sub_url = catalogue.checked_url(asked.sub_url) if asked.sub_url else None
            session.flush()
            changed = as_camera(row)
    except IntegrityError:
        raise ConfigError(f"There is a camera called {asked.name} already. Choose another name.") from None
    at.cameras_changed()
    return as_json(changed)


@router.delete("/{camera_id}", status_code=204)
def remove(at: At, _: Owner, camera_id: str, footage: Literal["keep", "delete"] = "keep") -> None:
    """Remove one, with or without what it recorded."""
    catalogue.remove(at.engine, at.settings.data_dir, camera_id, footage=footage == "delete")
    at.statuses.pop(camera_id, None)
    at.stills.pop(camera_id, None)
    at.cameras_changed()


@router.get("/{camera_id}/still")
def still(at: At, _: Owner, camera_id: str) -> Response:
    """The newest still, sealed."""
    if not any(camera.id == camera_id for camera in catalogue.cameras(at.engine)):
        raise NotFound("There is no such camera.")
    newest = at.stills.get(camera_id)
    if newest is None:
        return Response(status_code=204)
    return Response(
        newest.sealed,
        media_type="application/octet-stream",
        headers={"X-Nightlatch-At-Ms": str(newest.at_ms)},
    )
