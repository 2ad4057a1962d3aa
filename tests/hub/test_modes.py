"""The household's mode in the books, over HTTP, on the command line, and down to watch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from nightlatch.domain.context import Landmark, Mode, Site
from nightlatch.domain.geometry import Area
from nightlatch.domain.mode import HouseholdMode, SetBy, WeeklySpan
from nightlatch.errors import ConfigError
from nightlatch.hub.folder import claim
from nightlatch.hub.serve import catalogue
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import MIGRATIONS, open_index
from nightlatch.hub.serve.people.modes import Modes
from nightlatch.hub.vault.habits import keep_habits, read_habits
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import CameraList, Hello, Notice, decode
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.store import records
from tests.clocks import TestClock
from tests.house import house, until
from tests.hub.test_api import Hub, running

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = (0, 1, 2, 3, 4, 5, 6)
NIGHTS = [WeeklySpan(Mode.NIGHT, DAILY, 22 * 60, 6 * 60)]


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    engine = open_index(tmp_path)
    yield Books(tmp_path, engine)
    engine.dispose()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    for made in running(tmp_path / "hub"):
        assert made.set_up(device_name="Anna's phone").status_code == 201
        yield made


def test_the_mode_and_the_week_survive_a_restart(books: Books) -> None:
    clock = TestClock(fixed_ms=ms("2026-11-25T12:00"))
    modes = Modes(books, clock, BERLIN)
    assert modes.now() == HouseholdMode()
    modes.keep_schedule(NIGHTS)
    modes.choose(Mode.AWAY, SetBy.HAND, "phone")
    again = Modes(books, clock, BERLIN)
    assert again.mode is Mode.AWAY
    assert again.now() == HouseholdMode(
        Mode.AWAY, clock.now_ms(), SetBy.HAND, "phone", ms("2026-11-25T22:00"), held=False
    )
    assert again.schedule().spans == tuple(NIGHTS)
    clock.fixed_ms = ms("2026-11-25T22:00")
    assert again.follow()
    assert (again.mode, again.now().by) == (Mode.NIGHT, SetBy.SCHEDULE)
    assert not again.follow()


@pytest.mark.parametrize(
    "span",
    [
        WeeklySpan(Mode.HOME, (0,), 0, 60),
        WeeklySpan(Mode.AWAY, (), 0, 60),
        WeeklySpan(Mode.AWAY, (7,), 0, 60),
        WeeklySpan(Mode.NIGHT, (0,), -1, 60),
        WeeklySpan(Mode.NIGHT, (0,), 0, 1440),
    ],
)
def test_a_span_that_makes_no_sense_is_refused_and_the_week_stays(books: Books, span: WeeklySpan) -> None:
    modes = Modes(books, TestClock(), BERLIN)
    modes.keep_schedule(NIGHTS)
    with pytest.raises(ConfigError):
        modes.keep_schedule([span])
    assert modes.schedule().spans == tuple(NIGHTS)


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO modes VALUES (2, 'home', 1, 'hand', NULL, NULL, 0)",
        "INSERT INTO modes VALUES (1, 'holiday', 1, 'hand', NULL, NULL, 0)",
        "INSERT INTO modes VALUES (1, 'home', 1, 'burglar', NULL, NULL, 0)",
        "INSERT INTO modes VALUES (1, 'home', 1, 'hand', NULL, 5, 1)",
        "INSERT INTO mode_spans VALUES (1, 'home', 1, 0, 60)",
        "INSERT INTO mode_spans VALUES (1, 'night', 0, 0, 60)",
        "INSERT INTO mode_spans VALUES (1, 'night', 128, 0, 60)",
        "INSERT INTO mode_spans VALUES (1, 'night', 1, 0, 1440)",
        "UPDATE cameras SET site = 'moon'",
    ],
)
def test_the_books_refuse_what_no_nightlatch_writes(books: Books, row: str) -> None:
    catalogue.add(books, TestClock(), name="porch", url="rtsp://192.0.2.1/", site=Site.FRONT_DOOR)
    with books.engine.begin() as rows, pytest.raises(IntegrityError, match="CHECK"):
        rows.execute(text(row))


def test_books_of_the_version_before_are_upgraded_and_devices_that_hear_of_threats_hear_of_help(
    tmp_path: Path,
) -> None:
    from alembic import command
    from alembic.config import Config

    claim(tmp_path)
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with records.engine(url).connect() as rows:
        config.attributes["connection"] = rows
        command.upgrade(config, "0007")
        rows.execute(text("INSERT INTO sessions VALUES ('s', x'00', 'phone', 1, 1, NULL)"))
        for name, verdicts in (("a", ["threat"]), ("b", ["unsure"])):
            values = {"name": name, "verdicts": json.dumps(verdicts)}
            rows.execute(text("INSERT INTO push VALUES (:name, 's', 'p', 'a', :verdicts, 1, 0)"), values)
        rows.commit()
    engine = open_index(tmp_path)
    with engine.connect() as rows:
        found = dict(rows.execute(text("SELECT endpoint, verdicts FROM push")).tuples().all())
    assert {name: json.loads(verdicts) for name, verdicts in found.items()} == {
        "a": ["threat", "help"],
        "b": ["unsure"],
    }
    assert Modes(Books(tmp_path, engine), TestClock()).now() == HouseholdMode()


def test_whoever_sets_the_mode_is_named_and_home_shows_it(hub: Hub) -> None:
    assert hub.client.get("/api/mode").json()["by"] is None
    said = hub.client.put("/api/mode", json={"mode": "away"}).json()
    assert (said["mode"], said["by"], said["device"], said["until_ms"]) == ("away", "hand", "Anna's phone", None)
    assert hub.client.get("/api/home").json()["mode"] == said == hub.client.get("/api/mode").json()
    assert hub.client.get("/api/home").json()["problems"] == []
    for body in ({"mode": "holiday"}, {}, {"mode": "home", "hold": "maybe"}, {"mode": "home", "surprise": 1}):
        assert hub.client.put("/api/mode", json=body).status_code == 422


def test_the_page_keeps_the_week_and_is_told_what_comes_then(hub: Hub) -> None:
    wall = datetime.fromtimestamp(hub.clock.now_ms() / 1000)
    later = wall + timedelta(hours=2)
    span = {"mode": "night", "days": list(DAILY), "from_min": later.hour * 60, "to_min": (later.hour * 60 + 60) % 1440}
    kept = hub.client.put("/api/mode/schedule", json={"spans": [span]})
    assert kept.status_code == 200
    assert kept.json()["spans"] == [span] == hub.client.get("/api/mode/schedule").json()["spans"]
    assert isinstance(kept.json()["zone"], str)
    said = hub.client.put("/api/mode", json={"mode": "away"}).json()
    assert said["then"] == "night"
    assert 0 < said["until_ms"] - hub.clock.now_ms() <= 2 * 3_600_000
    held = hub.client.put("/api/mode", json={"mode": "away", "hold": True}).json()
    assert (held["held"], held["until_ms"], held["then"]) == (True, None, None)
    for spans in ([{**span, "mode": "home"}], [{**span, "days": []}], [{**span, "to_min": 1440}], [span] * 51):
        assert hub.client.put("/api/mode/schedule", json={"spans": spans}).status_code == 422


def test_only_who_is_signed_in_sees_or_sets_the_mode(hub: Hub) -> None:
    hub.client.cookies.clear()
    for method, path in (("GET", ""), ("PUT", ""), ("GET", "/schedule"), ("PUT", "/schedule")):
        assert hub.client.request(method, f"/api/mode{path}", json={"mode": "home"}).status_code == 401


class Watch:
    """A watch process that hears what serve tells it."""

    def __init__(self, folder: Path) -> None:
        self.lists: list[CameraList] = []
        self._client = NoticeClient(folder / "watch.sock", self._hear, lambda: Hello(0, 1))
        self._client.start()

    def _hear(self, notice: Notice) -> None:
        if isinstance(notice, CameraList):
            self.lists.append(notice)

    @property
    def mode(self) -> Mode | None:
        return self.lists[-1].mode if self.lists else None

    def close(self) -> None:
        self._client.close()


def test_watch_is_told_whenever_the_mode_changes_also_by_schedule_and_on_joining(hub: Hub) -> None:
    watch = Watch(hub.folder)
    try:
        until(lambda: watch.mode is Mode.HOME, "the first list")
        hub.client.put("/api/mode", json={"mode": "away"})
        until(lambda: watch.mode is Mode.AWAY, "away")
        wall = datetime.fromtimestamp(hub.clock.now_ms() / 1000)
        minute = (wall.hour * 60 + wall.minute + 60) % 1440
        span = {"mode": "night", "days": list(DAILY), "from_min": minute, "to_min": (minute + 60) % 1440}
        hub.client.put("/api/mode/schedule", json={"spans": [span]})
        due_ms = hub.client.get("/api/mode").json()["until_ms"]
        hub.clock.offset_ms += due_ms - hub.clock.now_ms() - 300  # the wall clock stands just before it
        hub.house.notices.later(hub.house.keeping_time.set)
        until(lambda: watch.mode is Mode.NIGHT, "the schedule")
        assert hub.clock.now_ms() >= due_ms
        said = hub.client.get("/api/mode").json()
        assert (said["by"], said["since_ms"]) == ("schedule", due_ms)
    finally:
        watch.close()
    second = Watch(hub.folder)
    try:
        until(lambda: second.mode is Mode.NIGHT, "the list of one that joins")
    finally:
        second.close()


def test_a_hub_that_was_off_when_the_schedule_changed_says_what_it_is_now(tmp_path: Path) -> None:
    clock = TestClock()
    for hub in running(tmp_path / "hub", clock):
        hub.set_up()
        wall = datetime.fromtimestamp(clock.now_ms() / 1000) + timedelta(hours=3)
        span = {
            "mode": "away",
            "days": list(DAILY),
            "from_min": wall.hour * 60,
            "to_min": (wall.hour * 60 + 720) % 1440,
        }
        hub.client.put("/api/mode/schedule", json={"spans": [span]})
        hub.client.put("/api/mode", json={"mode": "night"})
    clock.pass_hours(4)
    for hub in running(tmp_path / "hub", clock):
        until(lambda: hub.house.modes.mode is Mode.AWAY, "the schedule")  # noqa: B023


def test_the_command_line_shows_and_sets_the_mode_and_a_running_hub_hears_of_it(hub: Hub) -> None:
    def nightlatch(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nightlatch", *words, "--data", str(hub.folder)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Nobody has set it" in nightlatch("mode")
    assert nightlatch("mode", "away", "--hold").startswith("Away since")
    until(lambda: hub.house.modes.now().by is SetBy.COMMAND, "the books")
    assert hub.client.get("/api/home").json()["mode"]["held"] is True
    nightlatch("camera", "add", "porch", "rtsp://192.0.2.1/", "--no-test", "--site", "front_door")
    nightlatch("camera", "set", "porch", "--site", "garden")
    (porch,) = [each for each in hub.client.get("/api/cameras").json() if not each["demo"]]
    assert porch["site"] == "garden"


def test_where_a_camera_is_and_what_its_areas_show_is_kept(hub: Hub) -> None:
    made = hub.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://192.0.2.1/", "site": "drive"}).json()
    assert made["site"] == "drive"
    path = f"/api/cameras/{made['id']}"
    corners = [[0, 0], [1, 0], [1, 1]]
    areas = [{"name": "the car", "use": "watch", "points": corners, "dwell_s": 0, "shows": "car"}]
    changed = hub.client.patch(path, json={"areas": areas}).json()
    assert (changed["site"], changed["areas"][0]["shows"]) == ("drive", "car")
    assert hub.client.patch(path, json={"site": None}).json()["site"] is None
    for body in ({"site": "moon"}, {"areas": [{**areas[0], "shows": "moon"}]}):
        assert hub.client.patch(path, json=body).status_code == 422
    (kept,) = [each for each in catalogue.cameras(hub.house.engine) if not each.demo]
    points = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    assert kept.areas == (Area("the car", "watch", points, 0.0, Landmark.CAR),)


def habits(hub: Hub, camera_id: str) -> Any:
    return hub.client.get(f"/api/cameras/{camera_id}/habits").json()


def test_usual_hours_are_shown_for_the_camera_and_each_area_that_is_watched(hub: Hub) -> None:
    made = hub.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://192.0.2.1/"}).json()
    corners = [[0, 0], [1, 0], [1, 1]]
    areas = [{"name": name, "use": use, "points": corners} for name, use in (("path", "watch"), ("tree", "ignore"))]
    hub.client.patch(f"/api/cameras/{made['id']}", json={"areas": areas})
    assert habits(hub, made["id"]) == {
        "of": [0] * 24,
        "places": [{"area": None, "days": [0] * 24}, {"area": "path", "days": [0] * 24}],
    }
    today = datetime.fromtimestamp(hub.clock.now_ms() / 1000).toordinal()
    known = read_habits(hub.folder, made["id"]).watching(today - 2, 8).somebody(today - 1, 8, ["path"])
    keep_habits(hub.folder, made["id"], known)
    found = habits(hub, made["id"])
    assert (found["of"][8], found["places"][0]["days"][8], found["places"][1]["days"][8]) == (2, 1, 1)
    assert hub.client.get("/api/cameras/000000000000/habits").status_code == 404
    assert hub.client.get("/api/cameras/..%2f..%2fhub/habits").status_code == 404


def test_a_camera_keeps_its_site_when_something_else_changes(books: Books) -> None:
    catalogue.add(books, TestClock(), name="porch", url="rtsp://192.0.2.1/", site=Site.GARDEN)
    changed = catalogue.change(books, "porch", lambda camera: replace(camera, name="yard"))
    assert changed.site is Site.GARDEN


@pytest.mark.timeout(240)
def test_a_house_whose_programs_are_killed_is_still_away_and_no_recording_was_begun_anew_for_a_mode(
    tmp_path: Path,
) -> None:
    street = film(scene("living-room", width=320, height=180), tmp_path / "street.mp4", 30)
    with house(tmp_path / "house") as home:
        home.set_up()
        camera = home.add_camera("porch", f"file:{street}?loop=1")["id"]

        def now() -> dict[str, Any]:
            return dict(home.home()["cameras"][0])

        def kept() -> tuple[Mode, Site | None] | None:
            found = decode((home.data / "hub" / "cameras.list").read_bytes())
            return (found.mode, found.cameras[0].site) if isinstance(found, CameraList) else None

        until(lambda: now()["state"] == "recording", "recording", 60)
        began_ms = now()["since_ms"]
        home.client.put("/api/mode", json={"mode": "away"}).raise_for_status()
        home.client.patch(f"/api/cameras/{camera}", json={"site": "garden"}).raise_for_status()
        until(lambda: kept() == (Mode.AWAY, Site.GARDEN), "watch being told", 20)
        hours = home.data / "hub" / "habits" / f"{camera}.json"
        until(hours.exists, "the usual hours", 30)
        assert hours.stat().st_mode & 0o077 == 0
        assert now()["since_ms"] == began_ms
        for pid in (*home.children("watch"), *home.children("serve")):
            os.kill(pid, signal.SIGKILL)
        until(lambda: home.answers() and now()["state"] == "recording", "both coming back", 90)
        assert home.home()["mode"]["mode"] == "away"
        home.client.delete(f"/api/cameras/{camera}").raise_for_status()
        until(lambda: not hours.exists(), "the hours going with their camera", 20)
