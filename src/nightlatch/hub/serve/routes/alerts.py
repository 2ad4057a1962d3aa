"""Alerts: to this browser, and whether pictures go to the broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from nightlatch.domain.sighting import Verdict
from nightlatch.errors import NotFound
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody

router = APIRouter(prefix="/api/alerts")


class SubscriptionBody(PageBody):
    endpoint: Annotated[str, Field(max_length=1000)]
    p256dh: Annotated[str, Field(min_length=80, max_length=120)]
    auth: Annotated[str, Field(min_length=20, max_length=40)]
    verdicts: Annotated[list[Verdict], Field(min_length=1)]


class PicturesBody(PageBody):
    pictures: bool


@dataclass(frozen=True, slots=True)
class BrokerShape:
    """Whether the MQTT broker answers, and whether pictures go there."""

    connected: bool
    pictures: bool


@dataclass(frozen=True, slots=True)
class AlertSettingsShape:
    """The key that a subscription needs, what this browser is alerted to, and the broker's state."""

    push_key: str
    verdicts: list[Verdict]
    mqtt: BrokerShape | None  # None where no broker is set
    mqtt_trouble: str | None  # why it is not connected, and what to do; None until that is known


@router.get("")
def alerts(at: At, device: Owner) -> AlertSettingsShape:
    """What this browser is alerted to, and what it needs to subscribe."""
    return AlertSettingsShape(
        at.push.public_key,
        [Verdict(verdict) for verdict in at.push.wanted(device.id)],
        None if at.mqtt is None else BrokerShape(at.mqtt.connected, at.mqtt.pictures.is_on),
        None if at.mqtt is None or at.mqtt.connected else at.mqtt.trouble,
    )


@router.put("/mqtt", status_code=204)
def pictures(at: At, _: Owner, body: PicturesBody) -> None:
    """Send pictures to the broker from now on, or stop. Raises `NotFound` where there is no broker."""
    if at.mqtt is None:
        raise NotFound("MQTT is off. Set mqtt_url under [hub] in nightlatch.toml first.")
    at.mqtt.pictures.turn(on=body.pictures)


@router.put("", status_code=204)
def subscribe(at: At, device: Owner, body: SubscriptionBody) -> None:
    """Alert this browser from now on. Raises `ConfigError`."""
    at.push.subscribe(device.id, body.endpoint, body.p256dh, body.auth, body.verdicts)


@router.delete("", status_code=204)
def unsubscribe(at: At, device: Owner) -> None:
    """Stop alerting this browser."""
    at.push.unsubscribe(device.id)
