"""Alerts over real roads: Debian's Mosquitto, and a push service that decrypts as a browser does."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.clocks import system_clock
from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.alerts import Alert, Alerts
from nightlatch.hub.serve.alerts.mqtt import Mqtt, parse_broker
from nightlatch.hub.serve.alerts.push import LENGTH, MOST_UPDATES, Push
from nightlatch.hub.serve.alerts.switches import Switch
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import PushRow, SessionRow
from tests.house import free_port, house, until
from tests.hub.test_api import Hub
from tests.hub.test_api import running as running_hub

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None, reason="mosquitto is not installed"
)
HUB = "ab" * 16
PORCH = Camera(id="0123456789ab", name="Porch", url="rtsp://a:b@192.0.2.1/")


def alert(
    verdict: Verdict = Verdict.THREAT,
    event: str = "e1",
    is_open: bool = True,
    jpeg: bytes | None = None,
    picture: bytes | None = None,
) -> Alert:
    reasons = ("A person tried two doors.",)
    return Alert(
        PORCH.id,
        "Porch",
        event,
        "c1",
        1_800_000_000_000,
        is_open,
        (Kind.PERSON,),
        verdict,
        0.93,
        reasons,
        jpeg,
        picture,
    )


@contextmanager
def broker(folder: Path, port: int) -> Iterator[None]:
    users = folder / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "hub", "p@ss/word"], check=True, capture_output=True)
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\nuser root\n")
    process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port), "Mosquitto")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def listener(port: int) -> Iterator[Callable[[str], str | None]]:
    """Debian's own client; the newest payload of a topic."""
    heard: dict[str, str] = {}
    command = ["mosquitto_sub", "-p", str(port), "-u", "hub", "-P", "p@ss/word", "-t", "#", "-F", "%t %p"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")

    def read() -> None:
        for line in process.stdout or ():
            topic, _, payload = line.rstrip("\n").partition(" ")
            heard[topic] = payload

    threading.Thread(target=read, daemon=True).start()
    try:
        yield heard.get
    finally:
        process.kill()
        process.wait()


@contextmanager
def running(road: Mqtt) -> Iterator[Callable[[Alert], None]]:
    """The dispatcher in a loop of its own."""
    alerts, loop = Alerts([road]), asyncio.new_event_loop()

    async def work() -> None:
        with suppress(asyncio.CancelledError):
            await alerts.run()

    task = loop.create_task(work())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), daemon=True)
    thread.start()
    try:
        yield lambda told: loop.call_soon_threadsafe(alerts.tell, told) and None
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(40)  # a goodbye takes two seconds, and more where others work
        loop.close()


@needs_mosquitto
@pytest.mark.services
def test_home_assistant_finds_a_camera_and_hears_its_events(tmp_path: Path) -> None:
    port = free_port()
    cameras = [PORCH]
    road = Mqtt(parse_broker(f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"), HUB, lambda: list(cameras), list(Verdict))
    root = f"nightlatch/{HUB[:12]}"
    with running(road) as tell:
        with broker(tmp_path, port), listener(port) as heard:
            until(lambda: heard(f"{root}/status") == "online", "the connection")
            topic = f"homeassistant/device/nightlatch_{PORCH.id}/config"
            config = json.loads(until(lambda: heard(topic), "the discovery message"))
            assert config["device"]["name"] == "Porch"
            assert {part["platform"] for part in config["components"].values()} == {"binary_sensor", "sensor"}
            tell(alert())
            event = json.loads(until(lambda: heard(f"{root}/{PORCH.id}/event"), "the event"))
            assert (event["verdict"], event["kinds"], event["title"]) == (
                "threat",
                ["person"],
                "Threat: a person at Porch",
            )
            assert heard(f"{root}/{PORCH.id}/motion") == "ON"
            tell(alert(is_open=False))
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "OFF", "the end of motion")
            cameras.clear()
            until(lambda: heard(topic) == "", "the camera leaving")
        until(lambda: not road.connected, "the loss being noticed")
        with broker(tmp_path, port), listener(port) as heard:
            until(lambda: heard(f"{root}/status") == "online", "the connection again")


@needs_mosquitto
@pytest.mark.services
def test_a_hub_that_dies_is_offline_and_unwanted_verdicts_stay_home(tmp_path: Path) -> None:
    port = free_port()
    road = Mqtt(parse_broker(f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"), HUB, lambda: [PORCH], [Verdict.THREAT])
    root = f"nightlatch/{HUB[:12]}"
    with broker(tmp_path, port), listener(port) as heard:
        with running(road) as tell:
            until(lambda: heard(f"{root}/status") == "online", "the connection")
            tell(alert(Verdict.ROUTINE))
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "ON", "motion")
            assert heard(f"{root}/{PORCH.id}/event") is None
        assert heard(f"{root}/status") in ("online", "offline")


@needs_mosquitto
@pytest.mark.services
def test_pictures_go_over_mqtt_only_while_they_are_switched_on_and_never_from_a_private_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightlatch.hub.serve.alerts.mqtt.ANNOUNCE_EVERY_S", 0.1)
    port, cameras = free_port(), [PORCH]
    road = Mqtt(parse_broker(f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"), HUB, lambda: list(cameras), list(Verdict))
    road.pictures = Switch("mqtt", tmp_path)
    root = f"nightlatch/{HUB[:12]}"
    topic = f"homeassistant/device/nightlatch_{PORCH.id}/config"
    with broker(tmp_path, port), listener(port) as heard, running(road) as tell:

        def component() -> Any:
            return dict(json.loads(heard(topic) or "{}").get("components", {})).get("picture")

        def see(event: str, is_open: bool = True) -> str | None:
            """What is shown once the event has come, which is published after its picture."""
            tell(alert(event=event, picture=f"jpeg of {event}".encode(), is_open=is_open))
            until(lambda: event in (heard(f"{root}/{PORCH.id}/event") or ""), event)
            return heard(f"{root}/{PORCH.id}/picture")

        until(lambda: heard(topic), "the discovery message")
        assert component() is None
        assert see("first") is None
        road.pictures.turn(on=True)
        found = until(component, "the picture being announced")
        assert found["platform"] == "image"
        assert found["image_topic"] == f"{root}/{PORCH.id}/picture"
        assert see("second") == "jpeg of second"
        assert see("over", is_open=False) == "jpeg of second"
        cameras[:] = [replace(PORCH, private=True)]
        until(lambda: component() is None, "the private room being taken back")
        assert see("third") == "jpeg of second"
        cameras[:] = [PORCH]
        until(component, "the picture being announced again")
        road.pictures.turn(on=False)
        assert see("fourth") == "jpeg of second"
        until(lambda: component() is None, "the picture being taken back")
        with listener(port) as late:
            until(lambda: late(topic) and late(f"{root}/{PORCH.id}/event"), "what is retained")
            assert late(f"{root}/{PORCH.id}/picture") is None


def test_the_switch_for_pictures_is_off_remembered_and_off_when_its_file_is_damaged(tmp_path: Path) -> None:
    assert not Switch("mqtt", tmp_path).is_on
    Switch("mqtt", tmp_path).turn(on=True)
    assert Switch("mqtt", tmp_path).is_on
    assert not Switch("another", tmp_path).is_on
    for rubbish in ("", "[1]", '{"mqtt": "yes"}', '{"mqtt": 1}'):
        (tmp_path / "alerts.json").write_text(rubbish)
        assert not Switch("mqtt", tmp_path).is_on


def test_a_switch_that_cannot_be_remembered_stays_off(tmp_path: Path) -> None:
    switch = Switch("mqtt", tmp_path / "gone")
    with pytest.raises(ConfigError, match="cannot be written"):
        switch.turn(on=True)
    assert not switch.is_on


def trouble(hub: Hub) -> str:
    """Why the broker is not connected."""
    return str(hub.client.get("/api/alerts").json()["mqtt_trouble"] or "")


def test_a_broker_that_is_not_there_is_said_to_be_with_what_to_do(tmp_path: Path) -> None:
    for hub in running_hub(tmp_path / "hub", mqtt_url="mqtt://127.0.0.1:9"):
        hub.set_up()
        assert "Check that it runs" in until(partial(trouble, hub), "the trouble", 10)


@needs_mosquitto
def test_a_broker_that_refuses_the_password_is_said_to_refuse_it(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port):
        for hub in running_hub(tmp_path / "hub", mqtt_url=f"mqtt://hub:wrong@127.0.0.1:{port}"):
            hub.set_up()
            assert "refuses" in until(partial(trouble, hub), "the refusal", 20)


def test_only_the_owner_switches_pictures_on(tmp_path: Path) -> None:
    for hub in running_hub(tmp_path / "hub", mqtt_url="mqtt://127.0.0.1:9"):
        assert hub.client.put("/api/alerts/mqtt", json={"pictures": True}).status_code == 401
        hub.set_up()
        assert hub.client.get("/api/alerts").json()["mqtt"] == {
            "connected": False,
            "pictures": False,
            "may_set_mode": False,
        }
        assert hub.client.put("/api/alerts/mqtt", json={"pictures": True}).status_code == 204
        assert hub.client.get("/api/alerts").json()["mqtt"]["pictures"]
    for hub in running_hub(tmp_path / "without"):
        hub.set_up()
        assert hub.client.put("/api/alerts/mqtt", json={"pictures": True}).status_code == 404


@pytest.mark.parametrize("url", ["http://broker", "mqtt://", "mqtt://broker:notaport", "broker:1883"])
def test_an_address_that_is_not_a_broker_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="mqtt"):
        parse_broker(url)


class Browser:
    """A browser's end of Web Push and the push service in one: decrypts what comes (RFC 8291)."""

    def __init__(self, status: int = 201) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        self.got: list[tuple[dict[str, Any], int, str]] = []
        self.urgencies: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                text = http_ece.decrypt(body, private_key=outer.key, auth_secret=outer.auth, version="aes128gcm")
                outer.got.append((json.loads(text), len(body), self.headers["authorization"]))
                outer.urgencies.append(self.headers["urgency"])
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def row(self, *verdicts: Verdict) -> PushRow:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return PushRow(
            endpoint=f"http://127.0.0.1:{self.server.server_port}/push",
            session_id="s1",
            p256dh=urlsafe_b64encode(point).decode().rstrip("="),
            auth=urlsafe_b64encode(self.auth).decode().rstrip("="),
            verdicts=json.dumps([verdict.value for verdict in verdicts]),
            created_ms=0,
            failures=0,
        )


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Engine]:
    engine = open_index(tmp_path)
    with Session(engine) as session, session.begin():
        session.add(SessionRow(id="s1", token_sha256=b"x" * 32, name="phone", created_ms=0, last_seen_ms=0))
    yield engine
    engine.dispose()


def push(tmp_path: Path, engine: Engine, row: PushRow, *alerts: Alert) -> Push:
    made = Push(tmp_path, Books(tmp_path, engine), system_clock(), outside_only=False)
    with Session(engine) as session, session.begin():
        session.merge(row)
    for each in alerts:
        asyncio.run(made.send(each))
    return made


def test_a_browser_opens_the_alert_and_its_still_and_the_service_cannot(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    made = push(tmp_path, index, browser.row(Verdict.THREAT, Verdict.UNSURE), alert(jpeg=b"\xff\xd8still"))
    ((message, size, authorization),) = browser.got
    assert message["title"] == "Threat: a person at Porch"
    assert message["text"] == "A person tried two doors."
    assert b64decode(message["still"]) == b"\xff\xd8still"
    assert LENGTH < size < 4096
    assert authorization.startswith("vapid t=")
    assert made.public_key in authorization
    assert len(urlsafe_b64decode(made.public_key + "=")) == 65


def test_one_event_alerts_once_and_again_only_when_it_turns_into_a_threat(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    told = [Verdict.UNSURE, Verdict.UNSURE, Verdict.THREAT, Verdict.THREAT, Verdict.ROUTINE]
    alerts = [replace(alert(verdict), mode=Mode.AWAY) for verdict in told]
    push(tmp_path, index, browser.row(Verdict.THREAT, Verdict.UNSURE), *alerts)
    assert [message["threat"] for message, _, _ in browser.got if not message["quiet"]] == [False, True]
    assert [message["verdict"] for message, _, _ in browser.got] == ["unsure", "threat", "routine"]


@pytest.mark.parametrize(
    ("mode", "verdicts", "noises"),
    [
        (Mode.HOME, [Verdict.UNSURE, Verdict.THREAT], [False, True]),
        (Mode.AWAY, [Verdict.UNSURE, Verdict.THREAT], [True, True]),
        (Mode.NIGHT, [Verdict.UNSURE, Verdict.ROUTINE, Verdict.UNSURE], [True, False, False]),
        (Mode.AWAY, [Verdict.THREAT, Verdict.UNSURE, Verdict.THREAT], [True, False, False]),
        (Mode.HOME, [Verdict.ROUTINE, Verdict.HELP, Verdict.THREAT, Verdict.HELP], [False, True, True, False]),
    ],
)
def test_an_update_makes_a_noise_only_where_the_mode_says_so_and_it_turned_worse(
    tmp_path: Path, index: Engine, mode: Mode, verdicts: list[Verdict], noises: list[bool]
) -> None:
    browser = Browser()
    push(tmp_path, index, browser.row(*Verdict), *[replace(alert(verdict), mode=mode) for verdict in verdicts])
    assert [not message["quiet"] for message, _, _ in browser.got] == noises
    assert {message["event"] for message, _, _ in browser.got} == {"e1"}
    assert browser.urgencies == ["high" if is_loud else "normal" for is_loud in noises]


def test_each_device_hears_what_it_asked_for_and_both_are_put_right(tmp_path: Path, index: Engine) -> None:
    one, other = Browser(), Browser()
    with Session(index) as session, session.begin():
        session.merge(one.row(Verdict.THREAT))
    told = [Verdict.ROUTINE, Verdict.THREAT, Verdict.UNSURE]
    push(tmp_path, index, other.row(Verdict.ROUTINE, Verdict.THREAT), *[alert(verdict) for verdict in told])
    assert [message["verdict"] for message, _, _ in one.got] == ["threat", "unsure"]
    assert [message["verdict"] for message, _, _ in other.got] == ["routine", "threat", "unsure"]
    assert [message["quiet"] for message, _, _ in other.got] == [True, False, True]


def test_an_alert_without_a_picture_is_updated_in_silence_once_there_is_one(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    seen = alert(jpeg=b"first"), alert(jpeg=b"better"), alert(is_open=False, jpeg=b"better")
    push(tmp_path, index, browser.row(Verdict.THREAT), alert(), *seen)
    assert [(message["still"] is not None, message["quiet"]) for message, _, _ in browser.got] == [
        (False, False),
        (True, True),
    ]


def test_silent_updates_of_one_event_are_bounded_and_what_turns_worse_still_comes(
    tmp_path: Path, index: Engine
) -> None:
    browser = Browser()
    names = [replace(alert(Verdict.UNSURE), kinds=(kind,)) for kind in (Kind.CAT, Kind.DOG) * 10]
    push(tmp_path, index, browser.row(Verdict.UNSURE, Verdict.THREAT), *names, alert(Verdict.THREAT))
    assert len(browser.got) <= MOST_UPDATES + 2
    assert browser.got[-1][0]["quiet"] is False


def test_somebody_who_may_need_help_is_told_of_in_every_mode(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    modes = (*Mode, None)
    helped = [replace(alert(Verdict.HELP, event=f"e{mode}"), mode=mode) for mode in modes]
    push(tmp_path, index, browser.row(Verdict.HELP), *helped)
    assert [message["title"] for message, _, _ in browser.got] == ["May need help: a person at Porch"] * len(modes)
    assert browser.urgencies == ["high"] * len(modes)


def test_no_alert_speaks_of_packages() -> None:
    assert replace(alert(), kinds=(Kind.PACKAGE,)).title == "Threat: something moving at Porch"
    assert replace(alert(), kinds=(Kind.PACKAGE, Kind.DOG)).title == "Threat: a dog at Porch"


def test_every_alert_has_the_same_length(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    push(tmp_path, index, browser.row(*Verdict), alert(event="a"), alert(event="b", jpeg=b"j" * 1_900))
    assert len({size for _, size, _ in browser.got}) == 1


def test_a_subscription_that_ended_is_forgotten(tmp_path: Path, index: Engine) -> None:
    browser = Browser(status=410)
    push(tmp_path, index, browser.row(*Verdict), alert())
    with Session(index) as session:
        assert session.scalars(select(PushRow)).all() == []


def test_a_device_that_can_no_longer_be_alerted_is_named_until_it_is_again(tmp_path: Path, index: Engine) -> None:
    made = push(tmp_path, index, Browser(status=410).row(*Verdict), alert())
    assert made.lost() == ("phone",)
    browser = Browser(status=503)
    push(tmp_path, index, browser.row(*Verdict), alert(event="a"), alert(event="b"))
    made.subscribe("s1", "https://push.example.com/x", "p", "a", [Verdict.THREAT])
    assert made.lost() == ()
    push(tmp_path, index, browser.row(*Verdict), alert(event="c"))
    assert made.lost() == ()
    for event in "def":
        asyncio.run(made.send(alert(event=event)))
    assert made.lost() == ("phone",)
    made.unsubscribe("s1")
    assert made.lost() == ()


def test_the_key_stays_the_same_across_restarts_and_is_nobody_elses(tmp_path: Path, index: Engine) -> None:
    first = Push(tmp_path, Books(tmp_path, index), system_clock())
    assert Push(tmp_path, Books(tmp_path, index), system_clock()).public_key == first.public_key
    assert (tmp_path / "push.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://push.example.com/x", "https://localhost/x", "https://u@push.example.com/", "https://@push.example/"),
        *("https://127.0.0.1/", "https://127.1/", "https://0x7f.0.0.1/", "https://2130706433/", "https://10.0.0.1/"),
        *("https://192.168.1.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://[::ffff:10.0.0.1]/"),
        *("https://[fd00::1.2.3.4]/", "https://localhost./", "https://hub.local/", "https://a.internal./", "https://["),
        *("https://push.example.com:99999/", "https://push.example.com\\@10.0.0.1/", "https://push.\ud800.com/", ""),
        *("https://push.example.com/ x", "https://push.example.com/\n", "//push.example.com/", "https://"),
    ],
)
def test_an_endpoint_inside_the_house_is_refused(tmp_path: Path, index: Engine, endpoint: str) -> None:
    with pytest.raises(ConfigError):
        Push(tmp_path, Books(tmp_path, index), system_clock()).subscribe("s1", endpoint, "p", "a", [Verdict.THREAT])


@pytest.mark.parametrize("error", [ConnectionError("there is no broker now"), KeyError("nobody thought of this")])
def test_an_alert_that_cannot_be_sent_does_not_end_the_next_ones(error: Exception) -> None:
    class Breaks:
        name = "breaks"

        def __init__(self) -> None:
            self.sent: list[str] = []

        async def run(self) -> None:
            await asyncio.Event().wait()

        async def send(self, alert: Alert) -> None:
            if alert.event_id == "first":
                raise error
            self.sent.append(alert.event_id)

    async def story() -> list[str]:
        road = Breaks()
        alerts = Alerts([road])
        task = asyncio.create_task(alerts.run())
        for event in ("first", "second"):
            alerts.tell(alert(event=event))
        for _ in range(100):
            await asyncio.sleep(0)
        task.cancel()
        return road.sent

    assert asyncio.run(story()) == ["second"]


def test_how_many_alerts_in_a_row_a_road_has_lost_is_counted() -> None:
    class Breaks:
        name = "breaks"

        async def run(self) -> None:
            await asyncio.Event().wait()

        async def send(self, alert: Alert) -> None:
            if alert.event_id != "well":
                raise ConnectionError("no road")

    async def story() -> list[int]:
        alerts, found = Alerts([Breaks()]), []
        task = asyncio.create_task(alerts.run())
        for event in ("a", "b", "c", "well", "d"):
            alerts.tell(alert(event=event))
            for _ in range(10):
                await asyncio.sleep(0)
            found.append(alerts.failing["breaks"])
        task.cancel()
        return found

    assert asyncio.run(story()) == [1, 2, 3, 0, 1]


def test_an_endpoint_that_has_come_to_stand_for_this_machine_is_not_asked(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    made = Push(tmp_path, Books(tmp_path, index), system_clock())
    row = browser.row(*Verdict)
    row.endpoint = row.endpoint.replace("127.0.0.1", "localhost")
    with Session(index) as session, session.begin():
        session.merge(row)
    asyncio.run(made.send(alert()))
    assert browser.got == []
    with Session(index) as session:
        assert session.scalars(select(PushRow.failures)).one() == 1


def test_keys_that_are_none_cost_one_browser_its_alerts_and_nobody_else(tmp_path: Path, index: Engine) -> None:
    browser = Browser()
    broken, whole = browser.row(*Verdict), browser.row(*Verdict)
    broken.endpoint, broken.p256dh, broken.auth = f"{broken.endpoint}/broken", "é" * 87, "\x00" * 22
    made = Push(tmp_path, Books(tmp_path, index), system_clock(), outside_only=False)
    with Session(index) as session, session.begin():
        session.merge(broken)
        session.merge(whole)
    asyncio.run(made.send(alert()))
    assert len(browser.got) == 1


def test_a_dead_road_keeps_no_other_waiting() -> None:
    class Dead:
        name = "dead"

        async def run(self) -> None:
            await asyncio.Event().wait()

        async def send(self, _: Alert) -> None:
            await asyncio.Event().wait()

    class Live(Dead):
        name = "live"

        def __init__(self) -> None:
            self.sent = 0

        async def send(self, _: Alert) -> None:
            self.sent += 1

    async def story() -> tuple[int, int]:
        live = Live()
        alerts = Alerts([Dead(), live])
        task = asyncio.create_task(alerts.run())
        for number in range(300):
            alerts.tell(alert(event=str(number)))
            await asyncio.sleep(0)
        deadline = time.monotonic() + 10
        while live.sent < 300 and time.monotonic() < deadline:
            await asyncio.sleep(0)
        task.cancel()
        return live.sent, alerts.dropped

    sent, dropped = asyncio.run(story())
    assert sent == 300
    assert dropped > 0


def publish(port: int, topic: str, payload: str) -> None:
    """As an earlier life of a hub left it: retained."""
    login = ("-p", str(port), "-u", "hub", "-P", "p@ss/word")
    subprocess.run(["mosquitto_pub", *login, "-r", "-q", "1", "-t", topic, "-m", payload], check=True)


def at(port: int, cameras: list[Camera]) -> Mqtt:
    return Mqtt(parse_broker(f"mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"), HUB, lambda: list(cameras), list(Verdict))


@needs_mosquitto
@pytest.mark.services
def test_a_hub_that_leaves_says_so_and_leaves_no_motion(tmp_path: Path) -> None:
    port = free_port()
    root = f"nightlatch/{HUB[:12]}"
    with broker(tmp_path, port), listener(port) as heard:
        with running(at(port, [PORCH])) as tell:
            until(lambda: heard(f"{root}/status") == "online", "the connection")
            tell(alert())
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "ON", "motion")
        until(lambda: heard(f"{root}/{PORCH.id}/motion") == "OFF", "no motion")
        until(lambda: heard(f"{root}/status") == "offline", "the goodbye")


@needs_mosquitto
@pytest.mark.services
def test_what_a_broker_kept_while_the_hub_was_away_is_put_right(tmp_path: Path) -> None:
    port, gone, neighbour = free_port(), "0123456789ff", "cd" * 6
    root = f"nightlatch/{HUB[:12]}"
    was = json.dumps(
        {"event": "e9", "open": True, "verdict": "threat", "kinds": ["person"], "title": "Threat: a person at Old name"}
    )
    discovery = "homeassistant/device/nightlatch_{}/config"
    with broker(tmp_path, port), listener(port) as heard:
        for camera in (PORCH.id, gone):
            publish(port, f"{root}/{camera}/motion", "ON")
            publish(port, f"{root}/{camera}/event", was)
            publish(port, discovery.format(camera), json.dumps({"availability": [{"topic": f"{root}/status"}]}))
        publish(port, discovery.format(neighbour), json.dumps({"availability": [{"topic": "nightlatch/other/status"}]}))
        publish(port, f"nightlatch/other/{neighbour}/motion", "ON")
        publish(port, f"{root}/{PORCH.id}/motion", "ON")
        with running(at(port, [PORCH])) as tell:
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "OFF", "motion that is over")
            for topic in (f"{root}/{gone}/motion", f"{root}/{gone}/event", discovery.format(gone)):
                until(lambda topic=topic: heard(topic) == "", f"{topic} being cleared")
            until(lambda: "Old name" not in heard(f"{root}/{PORCH.id}/event"), "the new name")
            event = json.loads(heard(f"{root}/{PORCH.id}/event") or "")
            assert (event["open"], event["title"], event["event"]) == (False, "Threat: a person at Porch", "e9")
            assert heard(f"nightlatch/other/{neighbour}/motion") == "ON"
            assert heard(discovery.format(neighbour))
            tell(replace(alert(), camera_id=gone))
            tell(alert(event="e10"))
            until(lambda: "e10" in (heard(f"{root}/{PORCH.id}/event") or ""), "the next event")
            assert heard(f"{root}/{gone}/motion") == ""


@needs_mosquitto
@pytest.mark.services
def test_an_event_that_ended_while_the_broker_was_away_is_over_when_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightlatch.hub.serve.alerts.mqtt.ANNOUNCE_EVERY_S", 0.1)
    port, cameras = free_port(), [PORCH]
    road, root = at(port, cameras), f"nightlatch/{HUB[:12]}"
    with running(road) as tell:
        with broker(tmp_path, port), listener(port) as heard:
            until(lambda: heard(f"{root}/status") == "online", "the connection")
            tell(alert())
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "ON", "motion")
            cameras[:] = [replace(PORCH, name="Yard")]
            until(lambda: "at Yard" in (heard(f"{root}/{PORCH.id}/event") or ""), "the new name")
        until(lambda: not road.connected, "the loss being noticed")
        tell(alert(is_open=False))
        with broker(tmp_path, port), listener(port) as heard:
            publish(port, f"{root}/{PORCH.id}/motion", "ON")
            until(lambda: heard(f"{root}/{PORCH.id}/motion") == "OFF", "no motion")


@needs_mosquitto
@pytest.mark.services
def test_a_broker_that_lets_the_hub_write_only_gets_its_motion_all_the_same(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "acl").write_text("user hub\ntopic write #\n")
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "hub", "p@ss/word"], check=True, capture_output=True)
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\nacl_file {tmp_path}/acl\nuser root\n"
    )
    process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port), "Mosquitto")
        road = at(port, [PORCH])
        with running(road) as tell:
            until(lambda: road.connected, "the connection")
            tell(alert())
            until(lambda: road._shown.get(PORCH.id), "motion being published")
            assert road.connected
    finally:
        process.terminate()
        process.wait(10)


@needs_mosquitto
@pytest.mark.services
def test_cameras_that_were_removed_or_renamed_while_the_broker_was_away_are_gone_or_renamed_when_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightlatch.hub.serve.alerts.mqtt.ANNOUNCE_EVERY_S", 0.1)
    port, root = free_port(), f"nightlatch/{HUB[:12]}"
    yard, shed = replace(PORCH, id="1" * 12, name="Yard"), replace(PORCH, id="2" * 12, name="Shed")
    cameras = [PORCH, yard, shed]
    road = at(port, cameras)

    def config(camera: Camera) -> str:
        return f"homeassistant/device/nightlatch_{camera.id}/config"

    with running(road) as tell:
        with broker(tmp_path, port), listener(port) as heard:
            for each in cameras:
                tell(replace(alert(), camera_id=each.id, camera_name=each.name))
                until(lambda each=each: heard(f"{root}/{each.id}/motion") == "ON", "motion")
            kept = {each: heard(each) for each in [config(PORCH), config(yard), f"{root}/{yard.id}/motion"]}
            assert all(kept.values())
        until(lambda: not road.connected, "the loss being noticed")
        cameras[:] = [replace(PORCH, name="Front"), replace(shed, name="Barn")]
        with broker(tmp_path, port), listener(port) as heard:
            for topic, payload in kept.items():  # this broker keeps nothing on disk: what one that does would send
                publish(port, topic, payload or "")
            publish(port, f"{root}/{yard.id}/event", json.dumps({"event": "e1", "open": True}))
            for each in (PORCH, shed):
                publish(port, f"{root}/{each.id}/motion", "ON")
            for topic in (config(yard), f"{root}/{yard.id}/motion", f"{root}/{yard.id}/event"):
                until(lambda topic=topic: heard(topic) == "", f"{topic} being cleared")
            for camera, name in ((PORCH, "Front"), (shed, "Barn")):
                until(lambda camera=camera, name=name: name in (heard(config(camera)) or ""), "the new name")
                until(lambda camera=camera: heard(f"{root}/{camera.id}/motion") == "ON", "what still goes on")
                tell(replace(alert(is_open=False), camera_id=camera.id, camera_name=name))
                until(lambda camera=camera: heard(f"{root}/{camera.id}/motion") == "OFF", "no motion")


@needs_mosquitto
@pytest.mark.services
@pytest.mark.timeout(120)
def test_a_hub_that_is_killed_is_offline_at_the_broker_and_its_cameras_are_unavailable(tmp_path: Path) -> None:
    port, config = free_port(), tmp_path / "nightlatch.toml"
    config.write_text(f'[hub]\nmqtt_url = "mqtt://hub:p%40ss%2Fword@127.0.0.1:{port}"\n')
    with (
        broker(tmp_path, port),
        listener(port) as heard,
        house(tmp_path / "house", program="serve", config=config) as home,
    ):
        home.set_up()
        camera = home.add_camera("Porch", "rtsp://192.0.2.1/")["id"]
        shown = until(lambda: heard(f"homeassistant/device/nightlatch_{camera}/config"), "the camera's device")
        (available,) = json.loads(shown)["availability"]
        until(lambda: heard(available["topic"]) == "online", "the hub being online")
        assert home.process is not None
        home.process.kill()
        home.process.wait(10)
        until(lambda: heard(available["topic"]) == "offline", "the broker saying that it is offline")
        with listener(port) as late:
            until(lambda: late(available["topic"]) == "offline", "that being retained")
