"""Alerts: to this browser, and whether pictures go to the broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import Field

from nightlatch.domain.sighting import Verdict
from nightlatch.errors import ConfigError, NotFound
from nightlatch.hub.serve.house import House
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody
from nightlatch.web.addresses import is_this_machine

router = APIRouter(prefix="/api/alerts")


class SubscriptionBody(PageBody):
    endpoint: Annotated[str, Field(max_length=1000)]
    p256dh: Annotated[str, Field(min_length=80, max_length=120)]
    auth: Annotated[str, Field(min_length=20, max_length=40)]
    verdicts: Annotated[list[Verdict], Field(min_length=1)]


class PicturesBody(PageBody):
    pictures: bool


class ModeSwitchBody(PageBody):
    may_set_mode: bool


@dataclass(frozen=True, slots=True)
class BrokerShape:
    """Whether the MQTT broker answers, whether pictures go there, and whether what comes from there sets the mode."""

    connected: bool
    pictures: bool
    may_set_mode: bool


class SilenceBody(PageBody):
    on: bool


@dataclass(frozen=True, slots=True)
class SilenceShape:
    """Whether the devices hear, through the mailbox, that the hub fell silent; when the mailbox last heard of it."""

    on: bool
    devices: int  # that would
    after_s: int
    renewed_ms: int | None
    trouble: str | None
    beside: bool  # the mailbox is on the hub's own machine, and falls silent with it


@dataclass(frozen=True, slots=True)
class AlertSettingsShape:
    """The key that a subscription needs, what this browser is alerted to, and the broker's state."""

    push_key: str
    verdicts: list[Verdict]
    mqtt: BrokerShape | None  # None where no broker is set
    mqtt_trouble: str | None  # why it is not connected, and what to do; None until that is known
    silence: SilenceShape | None  # None where no mailbox is


@router.get("")
def alerts(at: At, device: Owner) -> AlertSettingsShape:
    """What this browser is alerted to, and what it needs to subscribe."""
    return AlertSettingsShape(
        at.push.public_key,
        [Verdict(verdict) for verdict in at.push.wanted(device.id)],
        _broker(at),
        None if at.mqtt is None or at.mqtt.connected else at.mqtt.trouble,
        _silence(at),
    )


def _broker(at: House) -> BrokerShape | None:
    mqtt = at.mqtt
    if mqtt is None:
        return None
    return BrokerShape(mqtt.connected, mqtt.pictures.is_on, mqtt.may_set_mode.is_on)


def _silence(at: House) -> SilenceShape | None:
    sign, url = at.lifesign, at.settings.cloud_url
    if sign is None or url is None:
        return None
    name = urlsplit(url).hostname or ""
    return SilenceShape(
        on=sign.is_on,
        devices=len(at.push.devices()),
        after_s=sign.after_s,
        renewed_ms=sign.renewed_ms if sign.is_on else None,
        trouble=sign.trouble if sign.is_on else None,
        beside=name == "localhost" or is_this_machine(name),
    )


@router.put("/silence", status_code=204)
def silence(at: At, _: Owner, body: SilenceBody) -> None:
    """Tell the devices when the hub falls silent, or stop. Raises `NotFound` without a mailbox, `ConfigError`."""
    if at.lifesign is None:
        raise NotFound("There is no mailbox that could tell your devices. Set cloud_url under [hub] first.")
    if body.on and not at.push.devices():
        raise ConfigError("No device is alerted yet. Switch on alerts on a device first.")
    at.lifesign.turn(on=body.on)
    at.notices.later(at.lifesign.wake)


@router.put("/mqtt", status_code=204)
def pictures(at: At, _: Owner, body: PicturesBody) -> None:
    """Send pictures to the broker from now on, or stop. Raises `NotFound` where there is no broker."""
    if at.mqtt is None:
        raise NotFound("MQTT is off. Set mqtt_url under [hub] in nightlatch.toml first.")
    at.mqtt.pictures.turn(on=body.pictures)


@router.put("/mqtt/mode", status_code=204)
def mqtt_mode(at: At, _: Owner, body: ModeSwitchBody) -> None:
    """Let whoever can write to the broker set the mode, or no longer. Raises `NotFound` where there is no broker."""
    if at.mqtt is None:
        raise NotFound("MQTT is off. Set mqtt_url under [hub] in nightlatch.toml first.")
    at.mqtt.may_set_mode.turn(on=body.may_set_mode)
    at.notices.later(at.mqtt.wake)
    at.hint({"type": "home"})


@router.put("", status_code=204)
def subscribe(at: At, device: Owner, body: SubscriptionBody) -> None:
    """Alert this browser from now on. Raises `ConfigError`."""
    at.push.subscribe(device.id, body.endpoint, body.p256dh, body.auth, body.verdicts)
    _readdress(at)


@router.delete("", status_code=204)
def unsubscribe(at: At, device: Owner) -> None:
    """Stop alerting this browser."""
    at.push.unsubscribe(device.id)
    _readdress(at)


def _readdress(at: House) -> None:
    """The letters in the mailbox go to other devices from now on."""
    if at.lifesign is not None:
        at.notices.later(at.lifesign.wake)
