"""Alerts to this browser, and whether the broker answers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from nightlatch.domain.sighting import Verdict
from nightlatch.errors import NotFound
from nightlatch.hub.serve.routes.asking import At, Body, Owner

router = APIRouter(prefix="/api")


class Subscription(Body):
    endpoint: Annotated[str, Field(max_length=1000)]
    p256dh: Annotated[str, Field(min_length=80, max_length=120)]
    auth: Annotated[str, Field(min_length=20, max_length=40)]
    verdicts: Annotated[list[Verdict], Field(min_length=1)]


class Pictures(Body):
    pictures: bool


@router.get("/alerts")
def alerts(at: At, device: Owner) -> dict[str, Any]:
    """The key that a subscription needs, what this browser gets, and the broker's state."""
    return {
        "push_key": at.push.public_key,
        "verdicts": at.push.wanted(device.id),
        "mqtt": None if at.mqtt is None else {"connected": at.mqtt.connected, "pictures": at.mqtt.pictures.is_on},
    }


@router.put("/alerts/mqtt", status_code=204)
def pictures(at: At, _: Owner, asked: Pictures) -> None:
    """Send pictures to the broker from now on, or no more. Raises `NotFound` where there is no broker."""
    if at.mqtt is None:
        raise NotFound("MQTT is off. Set mqtt_url under [hub] in nightlatch.toml first.")
    at.mqtt.pictures.turn(on=asked.pictures)


@router.put("/alerts", status_code=204)
def subscribe(at: At, device: Owner, asked: Subscription) -> None:
    """Alert this browser from now on. Raises `ConfigError`."""
    at.push.subscribe(device.id, asked.endpoint, asked.p256dh, asked.auth, asked.verdicts)


@router.delete("/alerts", status_code=204)
def unsubscribe(at: At, device: Owner) -> None:
    """Alert this browser no more."""
    at.push.unsubscribe(device.id)
