"""The household's mode over MQTT: always said, set only by those whom the owner lets, with Debian's Mosquitto."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from nightlatch.hub.serve.alerts import mqtt as road
from tests.house import free_port, until
from tests.hub.test_alerts import broker, listener, needs_mosquitto
from tests.hub.test_api import Hub
from tests.hub.test_api import running as running_hub

pytestmark = [needs_mosquitto, pytest.mark.services]
Heard = Callable[[str], str | None]


@contextmanager
def hub_and_broker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, int, str, Heard]]:
    """A hub that is set up and has found its broker; the root of its topics, and what is heard there."""
    monkeypatch.setattr(road, "MODE_EVERY_S", 0.05)
    monkeypatch.setattr(road, "SAID_EVERY_S", 0.0)
    monkeypatch.setattr(road, "QUIET_S", 0.1)
    port = free_port()
    with broker(folder, port), listener(port) as heard:
        for hub in running_hub(folder / "hub", mqtt_url=f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"):
            hub.set_up()
            identity = json.loads((folder / "hub" / "identity.json").read_text())
            root = f"nightlatch/{identity['hub_id'][:12]}"
            until(lambda root=root: heard(f"{root}/status") == "online", "the connection")  # type: ignore[misc]
            yield hub, port, root, heard


def publish(port: int, topic: str, payload: bytes, *, retain: bool = False) -> None:
    login = ["mosquitto_pub", "-p", str(port), "-u", "hub", "-P", "p@ss/word", "-t", topic, "-q", "1"]
    subprocess.run([*login, *(["-r"] if retain else []), "-s"], input=payload, check=True)


def mode(hub: Hub) -> Any:
    return hub.client.get("/api/mode").json()


def components(heard: Heard, root: str) -> Any:
    topic = f"homeassistant/device/nightlatch_{root.partition('/')[2]}/config"
    return json.loads(heard(topic) or "{}").get("components", {})


def test_the_mode_is_said_and_whoever_publishes_changes_nothing_until_the_owner_lets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_and_broker(tmp_path, monkeypatch) as (hub, port, root, heard), capture_logs() as logged:
        until(lambda: heard(f"{root}/mode") == "home", "the mode")
        assert components(heard, root)["mode"]["platform"] == "sensor"
        hub.client.put("/api/mode", json={"mode": "away"})
        until(lambda: heard(f"{root}/mode") == "away", "the mode being said")
        publish(port, f"{root}/mode/set", b"home")
        until(lambda: any(each.get("why") == "switched off" for each in logged), "the refusal")
        assert mode(hub)["mode"] == "away"
        hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True})
        until(lambda: list(components(heard, root)) == ["set_mode"], "the entity")
        assert components(heard, root)["set_mode"]["platform"] == "select"
        assert components(heard, root)["set_mode"]["command_topic"] == f"{root}/mode/set"
        publish(port, f"{root}/mode/set", b"night")
        until(lambda: heard(f"{root}/mode") == "night", "the mode being set")
        assert (mode(hub)["mode"], mode(hub)["by"], mode(hub)["device"]) == ("night", "mqtt", None)
        hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": False})
        until(lambda: list(components(heard, root)) == ["mode"], "the entity going")
        publish(port, f"{root}/mode/set", b"home")
        until(lambda: sum(each.get("why") == "switched off" for each in logged) == 2, "the refusal")
        assert mode(hub)["mode"] == "night"


HOSTILE = [
    *(b"HOME", b"home ", b"\nhome", b'"home"', b"disarmed", b"\xff\xfe\x00", b"away\x00", "hоme".encode()),
    *(b"[" * 100_000, b'{"mode":"home"}', b"9" * 1_000_000),
]


def test_whatever_is_no_mode_is_refused_and_not_repeated_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_and_broker(tmp_path, monkeypatch) as (hub, port, root, heard), capture_logs() as logged:
        hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True})
        hub.client.put("/api/mode", json={"mode": "away"})
        until(lambda: heard(f"{root}/mode") == "away", "the mode")
        for payload in HOSTILE:
            publish(port, f"{root}/mode/set", payload)
        until(lambda: sum(each.get("why") == "not a mode" for each in logged) == len(HOSTILE), "the refusals")
        assert mode(hub)["mode"] == "away"
        assert all(
            set(each) <= {"event", "why", "log_level"} for each in logged if each["event"] == "mqtt.mode_refused"
        )
        publish(port, f"{root}/mode/set", b"home")
        until(lambda: heard(f"{root}/mode") == "home", "the connection going on")


def test_a_command_that_the_broker_kept_disarms_nobody_and_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_and_broker(tmp_path, monkeypatch) as (hub, _, root, heard):
        until(lambda: heard(f"{root}/mode"), "the mode")
        hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True})
        hub.client.put("/api/mode", json={"mode": "away"})
    port = free_port()
    with broker(tmp_path, port):
        publish(port, f"{root}/mode/set", b"home", retain=True)
        with listener(port) as heard:
            for _hub in running_hub(tmp_path / "hub", mqtt_url=f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"):
                until(lambda: heard(f"{root}/mode/set") == "", "the command being cleared")
                until(lambda: heard(f"{root}/mode") == "away", "the mode")
                assert components(heard, root)["set_mode"]["platform"] == "select"


def test_of_a_flood_of_commands_the_newest_counts_and_the_hub_answers_all_the_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_and_broker(tmp_path, monkeypatch) as (hub, port, root, heard):
        hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True})
        login = ["mosquitto_pub", "-p", str(port), "-u", "hub", "-P", "p@ss/word", "-t", f"{root}/mode/set", "-l"]
        flood = b"home\naway\n" * 400 + b"night\n"  # more than 1,000 that wait are dropped by the broker
        subprocess.run([*login, "-q", "1"], input=flood, check=True)
        until(lambda: heard(f"{root}/mode") == "night", "the newest")
        assert mode(hub)["mode"] == "night"


def test_only_the_owner_lets_mqtt_set_the_mode_and_that_is_remembered(tmp_path: Path) -> None:
    for hub in running_hub(tmp_path / "hub", mqtt_url="mqtt://127.0.0.1:9"):
        assert hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True}).status_code == 401
        hub.set_up()
        assert hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True}).status_code == 204
    for _hub in running_hub(tmp_path / "hub", mqtt_url="mqtt://127.0.0.1:9"):
        assert json.loads((tmp_path / "hub" / "alerts.json").read_text()) == {"mqtt_mode": True}
    for hub in running_hub(tmp_path / "without"):
        hub.set_up()
        assert hub.client.put("/api/alerts/mqtt/mode", json={"may_set_mode": True}).status_code == 404
