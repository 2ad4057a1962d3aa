"""Devices: who is signed in."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api/devices")


@dataclass(frozen=True, slots=True)
class DeviceShape:
    """A signed-in browser."""

    id: str
    name: str
    created_ms: int
    last_seen_ms: int
    this: bool


@router.get("")
def devices(at: At, device: Owner) -> list[DeviceShape]:
    """Who is signed in, the last seen first."""
    return [
        DeviceShape(each.id, each.name, each.created_ms, each.last_seen_ms, this=each.id == device.id)
        for each in at.household.devices()
    ]


@router.delete("/{device_id}", status_code=204)
def dismiss(at: At, _: Owner, device_id: str) -> None:
    """Sign a device out."""
    at.household.dismiss(device_id)
