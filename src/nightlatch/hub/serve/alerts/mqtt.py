"""Alerts over MQTT, announced to Home Assistant (its MQTT discovery, device format).

    nightlatch/<hub>/status               online | offline (last will), retained
    nightlatch/<hub>/<camera>/motion      ON | OFF
    nightlatch/<hub>/<camera>/event       JSON of the newest event, retained
    nightlatch/<hub>/<camera>/picture     JPEG, just before the event; not retained

Pictures go this way only once the owner has switched them on, and never from a private room.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.sighting import Verdict
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.alerts.alert import Alert
from nightlatch.hub.serve.alerts.pictures import PictureSwitch

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
ANNOUNCE_EVERY_S = 5.0  # how soon a new camera appears in Home Assistant
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is."""

    host: str
    port: int
    is_tls: bool
    name: str | None
    password: str | None = field(repr=False)


def parse_broker(url: str) -> Broker:
    """`mqtt://user:password@host:1883` or `mqtts://…`.

    Raises:
        ConfigError: another scheme, or no host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a bracket that is never closed, a port that is none
        parts, port = urlsplit(""), None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ConfigError("[hub] mqtt_url must look like mqtt://user:password@broker:1883 (or mqtts://).")
    is_tls = parts.scheme == "mqtts"
    name = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Broker(parts.hostname, port or (8883 if is_tls else 1883), is_tls, name, password)


class Mqtt:
    """One connection to one broker, kept up with back-off."""

    name = "mqtt"

    def __init__(
        self, broker: Broker, hub_id: str, cameras: Callable[[], Sequence[Camera]], verdicts: Sequence[Verdict]
    ) -> None:
        self._broker = broker
        self._hub_id = hub_id
        self._cameras = cameras
        self._verdicts = frozenset(verdicts)
        self._client: aiomqtt.Client | None = None
        self._announced: dict[str, tuple[str, bool]] = {}  # camera id → its name, and whether with pictures
        self.pictures = PictureSwitch(self.name)
        self.connected = False

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                async with self._connect() as client:
                    self._client, self.connected, self._announced = client, True, {}
                    await client.publish(self._topic("status"), "online", qos=1, retain=True)
                    pause_s = FIRST_RETRY_S
                    while True:
                        await self._announce(client)
                        with contextlib.suppress(TimeoutError):  # we subscribe to nothing: this only hears the end
                            await asyncio.wait_for(anext(client.messages), ANNOUNCE_EVERY_S)
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("mqtt.lost", error=type(error).__name__, again_in_s=round(pause_s))
            except Exception:  # whatever a broker made us stumble over: push alerts run in the same group
                log.exception("mqtt.stumbled", again_in_s=round(pause_s))
            finally:
                self._client, self.connected = None, False
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)

    async def send(self, alert: Alert) -> None:
        """Publish the event and the camera's motion. Raises `ConnectionError` while there is no broker."""
        client = self._client
        if client is None:
            raise ConnectionError("there is no broker now")
        try:
            motion = "ON" if alert.is_open else "OFF"
            await client.publish(self._topic(alert.camera_id, "motion"), motion, qos=1, retain=True)
            if alert.verdict in self._verdicts:
                await self._show(client, alert)
                await client.publish(self._topic(alert.camera_id, "event"), _event(alert), qos=1, retain=True)
        except aiomqtt.MqttError:
            raise ConnectionError("the broker went away") from None

    def _connect(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.name,
            password=broker.password,
            identifier=f"nightlatch-{self._hub_id[:12]}",
            will=aiomqtt.Will(self._topic("status"), "offline", qos=1, retain=True),
            tls_context=ssl.create_default_context() if broker.is_tls else None,
            timeout=10,
        )

    async def _announce(self, client: aiomqtt.Client) -> None:
        with_pictures = self.pictures.is_on
        cameras = await asyncio.to_thread(self._cameras)
        now = {camera.id: (camera.name, with_pictures and not camera.private) for camera in cameras}
        for gone in self._announced.keys() - now.keys():
            await client.publish(self._discovery(gone), None, qos=1, retain=True)
        for camera_id, (name, shows) in now.items():
            before = self._announced.get(camera_id)
            if before == (name, shows):
                continue
            topic = self._discovery(camera_id)
            if before is not None and before[1] and not shows:  # its way of removing one component
                gone_picture = self._device(camera_id, name, {"picture": {"platform": "image"}})
                await client.publish(topic, gone_picture, qos=1, retain=True)
            picture = {"picture": self._picture(camera_id)} if shows else {}
            await client.publish(topic, self._device(camera_id, name, picture), qos=1, retain=True)
        self._announced = now

    async def _show(self, client: aiomqtt.Client, alert: Alert) -> None:
        """Publish the picture of an event that is still going on, if the owner wants that."""
        if alert.picture is None or not alert.is_open or not self.pictures.is_on:
            return
        cameras = await asyncio.to_thread(self._cameras)
        if any(camera.id == alert.camera_id and not camera.private for camera in cameras) and self.pictures.is_on:
            await client.publish(self._topic(alert.camera_id, "picture"), alert.picture, qos=1)

    def _picture(self, camera_id: str) -> dict[str, str]:
        return {
            "platform": "image",
            "name": "Last event",
            "unique_id": f"nightlatch_{camera_id}_picture",
            "image_topic": self._topic(camera_id, "picture"),
            "content_type": "image/jpeg",
        }

    def _discovery(self, camera_id: str) -> str:
        return f"homeassistant/device/nightlatch_{camera_id}/config"

    def _device(self, camera_id: str, name: str, more: Mapping[str, Mapping[str, str]]) -> str:
        """Home Assistant's device discovery message: three things that one camera shows, and `more`."""
        event = self._topic(camera_id, "event")
        return json.dumps(
            {
                "device": {"identifiers": [f"nightlatch_{camera_id}"], "name": name, "manufacturer": "Nightlatch"},
                "origin": {"name": "Nightlatch"},
                "availability": [{"topic": self._topic("status")}],
                "components": {
                    "motion": {
                        "platform": "binary_sensor",
                        "device_class": "motion",
                        "name": "Motion",
                        "unique_id": f"nightlatch_{camera_id}_motion",
                        "state_topic": self._topic(camera_id, "motion"),
                    },
                    "verdict": {
                        "platform": "sensor",
                        "device_class": "enum",
                        "options": [verdict.value for verdict in Verdict],
                        "name": "Verdict",
                        "unique_id": f"nightlatch_{camera_id}_verdict",
                        "state_topic": event,
                        "value_template": "{{ value_json.verdict }}",
                        "json_attributes_topic": event,
                    },
                    "seen": {
                        "platform": "sensor",
                        "name": "Last seen",
                        "unique_id": f"nightlatch_{camera_id}_seen",
                        "state_topic": event,
                        "value_template": "{{ value_json.kinds | join(', ') or 'motion' }}",
                    },
                    **more,
                },
            }
        )

    def _topic(self, *parts: str) -> str:
        return "/".join(("nightlatch", self._hub_id[:12], *parts))


def _event(alert: Alert) -> str:
    return json.dumps(
        {
            "event": alert.event_id,
            "clip": alert.clip_id,
            "began": datetime.fromtimestamp(alert.onset_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            "open": alert.is_open,
            "verdict": alert.verdict.value,
            "threat": round(alert.threat, 3),
            "kinds": [kind.value for kind in alert.kinds],
            "title": alert.title,
            "reasons": list(alert.reasons),
        }
    )
