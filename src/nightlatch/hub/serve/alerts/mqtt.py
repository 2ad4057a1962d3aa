"""Alerts over MQTT, announced to Home Assistant (its MQTT discovery, device format).

    nightlatch/<hub>/status               online | offline (last will), retained
    nightlatch/<hub>/mode                 home | night | away, retained
    nightlatch/<hub>/mode/set             the same, to set it: only once the owner has switched that on
    nightlatch/<hub>/<camera>/motion      ON | OFF
    nightlatch/<hub>/<camera>/event       JSON of the newest event, retained
    nightlatch/<hub>/<camera>/picture     JPEG, just before the event; not retained

Pictures go this way only once the owner has switched them on, and never from a private room. Whoever may write to the
broker could disarm the house, so what is published to mode/set counts only once the owner has switched that on, too;
never what the broker kept (that may be of last year), nor anything but one of the three words.

What is retained outlives us, so it is put right at every join: motion is what it is now, an event that is over says so,
and whatever a broker still keeps of a camera that is gone is cleared. A hub that leaves says that it is offline.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.alerts import discovery
from nightlatch.hub.serve.alerts.alert import Alert, title
from nightlatch.hub.serve.alerts.switches import Switch

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
ANNOUNCE_EVERY_S = 5.0  # how soon a new camera appears in Home Assistant
KEEPALIVE_S = 20  # a hub whose machine lost its power is offline half as much later
QUIET_S = 0.5  # after the last of what a broker retained
MOST_WAIT_S = 5.0  # for it
PART_S = 2.0  # to say goodbye
MODE_EVERY_S = 1.0  # at most, however often it is set; the newest counts
SAID_EVERY_S = 60.0  # that something was refused
REFUSED = (
    "Your broker refuses Nightlatch's user name or password. "
    "Correct mqtt_url under [hub] in nightlatch.toml, then restart the hub."
)
AWAY = "Your broker does not answer. Check that it runs, and mqtt_url under [hub] in nightlatch.toml."
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


async def no_choice(mode: Mode) -> None:
    """Where nobody keeps the mode."""


class Mqtt:
    """One connection to one broker, kept up with back-off. All calls come from the event loop."""

    name = "mqtt"

    def __init__(
        self, broker: Broker, hub_id: str, cameras: Callable[[], Sequence[Camera]], verdicts: Sequence[Verdict]
    ) -> None:
        self._broker = broker
        self._root = f"nightlatch/{hub_id[:12]}"
        self._cameras = cameras
        self._verdicts = frozenset(verdicts)
        self._client: aiomqtt.Client | None = None
        self._announced: dict[str, tuple[str, bool]] = {}  # camera id → its name, and whether with pictures
        self._moving: set[str] = set()  # cameras where something moves
        self._shown: dict[str, bool] = {}  # what the broker was told of that
        self._house: tuple[Mode | None, bool | None] = (None, None)  # and of the mode, and of whether it may be set
        self._events: dict[str, dict[str, object]] = {}  # the newest event of each camera, as the broker has it
        self._kept: dict[str, bytes] = {}  # what the broker retained, by topic
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()  # what is retained of a camera is changed by one at a time
        self.pictures = Switch(self.name)
        self.may_set_mode = Switch("mqtt_mode")
        self.mode: Callable[[], Mode] = lambda: Mode.HOME
        self.choose: Callable[[Mode], Awaitable[None]] = no_choice  # what was set over MQTT
        self._asked: asyncio.Queue[Mode] = asyncio.Queue(1)  # the newest
        self._refused_s: float | None = None
        self.connected = False
        self.trouble: str | None = None  # why it is not connected, and what to do
        self._away_s = time.monotonic()  # since then, unless it is connected

    @property
    def away_ms(self) -> int | None:
        """For how long the broker has not been reached; None while it is."""
        return None if self.connected else round((time.monotonic() - self._away_s) * 1000)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                async with self._connect() as client:
                    self._client, self.connected, self.trouble = client, True, None
                    self._announced, self._shown, self._kept, self._house = {}, {}, {}, (None, None)
                    pause_s = FIRST_RETRY_S
                    await self._stay(client)
            except (aiomqtt.MqttError, OSError) as error:
                self.trouble = REFUSED if _is_login_refused(error) else AWAY
                log.warning("mqtt.lost", error=type(error).__name__, again_in_s=round(pause_s))
            except Exception:  # whatever a broker made us stumble over: push alerts run in the same group
                log.exception("mqtt.stumbled", again_in_s=round(pause_s))
            finally:
                if self.connected:
                    self._away_s = time.monotonic()
                self._client, self.connected = None, False
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_RETRY_S, pause_s * 2)

    async def send(self, alert: Alert) -> None:
        """Publish the event and the camera's motion. Raises `ConnectionError` while there is no broker."""
        (self._moving.add if alert.is_open else self._moving.discard)(alert.camera_id)
        client = self._client
        if client is None:
            raise ConnectionError("there is no broker now")
        camera = await self._camera(alert.camera_id)
        if camera is None:
            return  # removed meanwhile: nothing of it is published any more
        alert = replace(alert, camera_name=camera.name)
        try:
            async with self._turn:
                await self._show_motion(client, camera.id, alert.is_open)
                is_shown = self._events.get(camera.id, {}).get("event") == alert.event_id
                if alert.verdict in self._verdicts or is_shown:  # what was told is put right
                    await self._show(client, alert)
                    await self._show_event(client, camera.id, _event(alert))
        except aiomqtt.MqttError:
            raise ConnectionError("the broker went away") from None

    def follow(self, moving: Collection[str]) -> None:
        """Where something moves now, as the house knows it: what was told alert by alert may have been lost."""
        self._moving = set(moving)
        if any(is_on != (camera_id in self._moving) for camera_id, is_on in self._shown.items()):
            self._wake.set()

    def wake(self) -> None:
        """Something that is shown has changed: look at all of it again."""
        self._wake.set()

    def _connect(self) -> aiomqtt.Client:
        broker = self._broker
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.name,
            password=broker.password,
            identifier=f"nightlatch-{self._root.partition('/')[2]}",
            will=aiomqtt.Will(self._topic("status"), "offline", qos=1, retain=True),
            tls_context=ssl.create_default_context() if broker.is_tls else None,
            keepalive=KEEPALIVE_S,
            timeout=10,
        )

    async def _stay(self, client: aiomqtt.Client) -> None:
        """Put right what is retained, then keep it right. Raises `MqttError` at the end of the connection."""
        listening = asyncio.create_task(self._listen(client))
        choosing = asyncio.create_task(self._choose())
        try:
            await self._announce(client)
            await client.publish(self._topic("status"), "online", qos=1, retain=True)
            await self._clear(client)
            await self._hear_commands(client)
            while not listening.done():
                await self._announce(client)
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({listening, waking}, timeout=ANNOUNCE_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                self._wake.clear()
            await listening
        except asyncio.CancelledError:
            await self._part(client)
            raise
        finally:
            listening.cancel()
            choosing.cancel()
            await asyncio.gather(listening, choosing, return_exceptions=True)

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Raises `MqttError` when the connection ends."""
        async for message in client.messages:
            if message.topic.value == self._topic("mode", "set") and message.payload:
                self._hear_mode(message)
            if message.retain and isinstance(message.payload, bytes):
                self._kept[message.topic.value] = message.payload

    async def _hear_commands(self, client: aiomqtt.Client) -> None:
        """Where a broker lets us write only, nobody sets the mode."""
        with contextlib.suppress(aiomqtt.MqttCodeError):
            await client.subscribe(self._topic("mode", "set"), qos=1)

    def _hear_mode(self, message: aiomqtt.Message) -> None:
        """Somebody sets the mode: refused unless it is a word of ours, now, and the owner wants it."""
        try:
            mode = Mode(bytes(message.payload).decode()) if isinstance(message.payload, bytes | bytearray) else None
        except ValueError:
            mode = None
        why = "not a mode" if mode is None else "kept by the broker" if message.retain else "switched off"
        if mode is not None and not message.retain and self.may_set_mode.is_on:
            if self._asked.full():
                self._asked.get_nowait()
            self._asked.put_nowait(mode)
        elif self._refused_s is None or time.monotonic() - self._refused_s > SAID_EVERY_S:
            self._refused_s = time.monotonic()
            log.warning("mqtt.mode_refused", why=why)  # never what was sent: it may be anything

    async def _choose(self) -> None:
        """Set what was asked for, the newest of each second; what it is already is not set again."""
        while True:
            mode = await self._asked.get()
            if mode is not self.mode() and self.may_set_mode.is_on:
                try:
                    await self.choose(mode)
                except OSError as error:  # the disk refuses
                    log.warning("mqtt.mode_lost", error=type(error).__name__)
            await asyncio.sleep(MODE_EVERY_S)

    async def _show_house(self, client: aiomqtt.Client) -> None:
        """Announce the house, and say what its mode is."""
        mode, may_set = self.mode(), self.may_set_mode.is_on
        hub_id = self._root.partition("/")[2]
        if may_set is not self._house[1]:
            for message in discovery.house(hub_id, self._root, may_set_mode=may_set):
                await client.publish(discovery.discovery_topic(hub_id), message, qos=1, retain=True)
        if mode is not self._house[0]:
            await client.publish(self._topic("mode"), mode.value, qos=1, retain=True)
        self._house = mode, may_set

    async def _part(self, client: aiomqtt.Client) -> None:
        """A broker sends the last will only of those who leave without a word."""
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError, ConnectionError):
            async with asyncio.timeout(PART_S):
                for camera_id in [each for each, is_on in self._shown.items() if is_on]:
                    await self._show_motion(client, camera_id, False)
                await client.publish(self._topic("status"), "offline", qos=1, retain=True)

    async def _announce(self, client: aiomqtt.Client) -> None:
        """Tell what changed: cameras that came, went or have another name, and where something moves."""
        async with self._turn:
            await self._show_house(client)
            await self._announce_all(client, await asyncio.to_thread(self._cameras))

    async def _announce_all(self, client: aiomqtt.Client, cameras: Sequence[Camera]) -> None:
        with_pictures = self.pictures.is_on
        now = {camera.id: (camera.name, with_pictures and not camera.private) for camera in cameras}
        for gone in self._announced.keys() - now.keys():
            await client.publish(discovery.discovery_topic(gone), None, qos=1, retain=True)
            await self._forget(client, gone)
        for camera_id, (name, shows) in now.items():
            before = self._announced.get(camera_id)
            if before != (name, shows):
                await self._announce_camera(client, camera_id, name, before is not None and before[1], shows)
            await self._show_motion(client, camera_id, camera_id in self._moving)
            if camera_id in self._events:
                await self._show_event(
                    client, camera_id, _as_it_is(self._events[camera_id], name, camera_id in self._moving)
                )
        self._announced = now

    async def _announce_camera(
        self, client: aiomqtt.Client, camera_id: str, name: str, showed: bool, shows: bool
    ) -> None:
        topic = discovery.discovery_topic(camera_id)
        if showed and not shows:  # its way of removing one component
            without = {"picture": {"platform": "image"}}
            await client.publish(topic, discovery.device(camera_id, name, self._root, without), qos=1, retain=True)
        more = {"picture": discovery.picture(camera_id, self._root)} if shows else {}
        await client.publish(topic, discovery.device(camera_id, name, self._root, more), qos=1, retain=True)

    async def _clear(self, client: aiomqtt.Client) -> None:
        """What the broker retained while we were away: nothing stays of cameras that are gone, and events are over."""
        try:
            for topic in (discovery.ANY, self._topic("+", "+")):
                await client.subscribe(topic, qos=1)
            await self._hear_retained()
            for topic in (discovery.ANY, self._topic("+", "+")):
                await client.unsubscribe(topic)
        except aiomqtt.MqttCodeError as error:  # a broker that lets us write only: what we know of is right
            log.info("mqtt.not_read", error=type(error).__name__)
        there = {camera.id for camera in await asyncio.to_thread(self._cameras)} | {self._root.partition("/")[2]}
        status = self._topic("status").encode()
        for topic, payload in self._kept.items():
            announced = discovery.announced_camera(topic)
            if announced is not None:
                is_ghost = announced not in there and status in payload  # of this hub, not of a neighbour's
            else:
                camera_id, _, what = topic.removeprefix(f"{self._root}/").partition("/")
                is_ghost = camera_id not in there
                if not is_ghost and what == "event" and (event := _read_event(payload)) is not None:
                    self._events.setdefault(camera_id, event)
            if is_ghost:
                await client.publish(topic, None, qos=1, retain=True)
        self._kept = {}

    async def _hear_retained(self) -> None:
        """Until nothing more has come for a while."""
        heard = -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOST_WAIT_S):
                while heard != len(self._kept):
                    heard = len(self._kept)
                    await asyncio.sleep(QUIET_S)

    async def _forget(self, client: aiomqtt.Client, camera_id: str) -> None:
        """Nothing stays of a camera that is gone."""
        self._shown.pop(camera_id, None)
        self._events.pop(camera_id, None)
        for what in ("motion", "event"):
            await client.publish(self._topic(camera_id, what), None, qos=1, retain=True)

    async def _show_motion(self, client: aiomqtt.Client, camera_id: str, is_on: bool) -> None:
        if self._shown.get(camera_id) is not is_on:
            await client.publish(self._topic(camera_id, "motion"), "ON" if is_on else "OFF", qos=1, retain=True)
            self._shown[camera_id] = is_on

    async def _show_event(self, client: aiomqtt.Client, camera_id: str, event: dict[str, object]) -> None:
        if self._events.get(camera_id) != event:
            await client.publish(self._topic(camera_id, "event"), json.dumps(event), qos=1, retain=True)
            self._events[camera_id] = event

    async def _camera(self, camera_id: str) -> Camera | None:
        cameras = await asyncio.to_thread(self._cameras)
        return next((camera for camera in cameras if camera.id == camera_id), None)

    async def _show(self, client: aiomqtt.Client, alert: Alert) -> None:
        """Publish the picture of an event that is still going on, if the owner wants that."""
        if alert.picture is None or not alert.is_open or not self.pictures.is_on:
            return
        camera = await self._camera(alert.camera_id)
        if camera is not None and not camera.private and self.pictures.is_on:
            await client.publish(self._topic(alert.camera_id, "picture"), alert.picture, qos=1)

    def _topic(self, *parts: str) -> str:
        return "/".join((self._root, *parts))


def _is_login_refused(error: Exception) -> bool:
    """Bad user name or password, or not authorised: MQTT 3.1.1, 3.2.2.3 and MQTT 5, 3.2.2.2."""
    code = getattr(error, "rc", None)
    return getattr(code, "value", code) in (4, 5, 0x86, 0x87)


def _event(alert: Alert) -> dict[str, object]:
    return {
        "event": alert.event_id,
        "clip": alert.clip_id,
        "began": datetime.fromtimestamp(alert.onset_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "open": alert.is_open,
        "verdict": alert.verdict.value,
        "threat": round(alert.threat, 3),
        "kinds": [kind.value for kind in alert.kinds],
        "title": alert.title,
        "reasons": list(alert.reasons),
        "wakes": alert.wakes,
    }


def _as_it_is(event: dict[str, object], name: str, is_moving: bool) -> dict[str, object]:
    """An event at a camera that is called `name` now: over when nothing moves there."""
    kinds = event["kinds"]
    seen = tuple(Kind(each) for each in kinds) if isinstance(kinds, list) else ()
    said = title(seen, Verdict(str(event["verdict"])), name)
    return {**event, "open": event["open"] is True and is_moving, "title": said}


def _read_event(payload: bytes) -> dict[str, object] | None:
    """An event as an earlier hub process published it; None for what is none."""
    try:
        event = json.loads(payload)
        _as_it_is(event, "", False)
    except (ValueError, KeyError, TypeError):
        return None
    return dict(event)
