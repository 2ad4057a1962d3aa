"""A dead-man's switch, with real programs: whoever kills the hub, its owner's devices hear of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from nightlatch.domain.sighting import Verdict
from nightlatch.hub.serve.alerts.lifesign import STOPPED_AFTER_S
from tests.house import House, free_port, house, until
from tests.hub.test_alerts import Browser

AFTER_S = 3


@dataclass
class Post:
    """A mailbox that may be killed."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.stories.silent", "mailbox", str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers, "the mailbox answering")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
        self.process = None

    def vigil(self) -> tuple[int, int] | None:
        """After how long the devices are told, and how many letters lie."""
        with sqlite3.connect(f"file:{self.folder / 'cloud.db'}?mode=ro", uri=True) as rows:
            found = rows.execute("SELECT after_s, (SELECT count(*) FROM letters) FROM vigils").fetchone()
        return None if found is None else (int(found[0]), int(found[1]))


@dataclass
class Hub(House):
    """The page process alone; a push service may be on this machine."""

    cloud_url: str = ""

    def _command(self) -> list[str]:
        more = (str(self.data / "hub"), str(self.port), self.cloud_url, str(AFTER_S))
        return [sys.executable, "-m", "tests.stories.silent", "hub", *more]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@contextmanager
def post(folder: Path) -> Iterator[Post]:
    made = Post(folder / "mailbox")
    made.start()
    try:
        yield made
    finally:
        made.kill()


def subscribe(home: House, browser: Browser) -> None:
    """As a page would, but for the address: no push service of this machine may be named there."""
    row = browser.row(Verdict.THREAT)
    with sqlite3.connect(home.data / "hub" / "hub.db") as books:
        session = books.execute("SELECT id FROM sessions").fetchone()[0]
        columns = "endpoint, session_id, p256dh, auth, verdicts, created_ms, failures"
        told = (row.endpoint, session, row.p256dh, row.auth, row.verdicts, 0, 0)
        books.execute(f"INSERT INTO push ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", told)


def arm(home: House, browser: Browser, there: Post) -> None:
    home.set_up()
    assert home.client.put("/api/alerts/silence", json={"on": True}).status_code == 422  # nobody to tell
    subscribe(home, browser)
    assert there.vigil() is None
    home.client.put("/api/alerts/silence", json={"on": True}).raise_for_status()
    until(lambda: there.vigil() == (AFTER_S, 1), "a letter lying in the mailbox")


def silence(home: House) -> dict[str, Any]:
    return dict(home.client.get("/api/alerts").json()["silence"])


def titles(browser: Browser) -> list[str]:
    return [str(message["title"]) for message, _, _ in browser.got]


@pytest.mark.timeout(200)
def test_a_hub_that_is_killed_is_told_of_once_and_says_itself_that_it_is_back(tmp_path: Path) -> None:
    browser = Browser()
    with post(tmp_path) as there:
        home = Hub(tmp_path / "house", cloud_url=there.url)
        home.start()
        try:
            arm(home, browser, there)
            stands = until(lambda: silence(home) if silence(home)["renewed_ms"] else None, "the letters being renewed")
            assert (stands["on"], stands["devices"], stands["trouble"], stands["beside"]) == (True, 1, None, True)
            home.kill()
            until(lambda: browser.got, "the device being told")
            message, size, authorization = browser.got[0]
            assert message["title"] == "Your hub is silent"
            assert "has not heard from it for 3 seconds" in message["text"]
            assert 3_000 < size < 4_096
            assert authorization.startswith("vapid t=")
            home.start()
            until(lambda: len(browser.got) > 1, "the hub saying that it is back")
            message, _, _ = browser.got[1]
            assert message["title"] == "Your hub is back"
            from_ms, to_ms = message["silent"]
            assert AFTER_S * 1000 - 1000 <= to_ms - from_ms < 60_000
            until(lambda: there.vigil() == (AFTER_S, 1), "the letter lying there anew")

            home.kill()
            until(lambda: len(browser.got) > 2, "the device being told of the next silence")
            there.kill()
            there.start()
            home.start()
            until(lambda: len(browser.got) > 3, "the hub being back again")
            assert titles(browser) == ["Your hub is silent", "Your hub is back"] * 2
        finally:
            home.stop()


@pytest.mark.timeout(200)
def test_a_mailbox_that_was_killed_or_held_makes_no_silence(tmp_path: Path) -> None:
    browser = Browser()
    with post(tmp_path) as there:
        home = Hub(tmp_path / "house", cloud_url=there.url)
        home.start()
        try:
            arm(home, browser, there)
            there.kill()
            until(lambda: silence(home)["trouble"], "the hub noticing")
            until(lambda: any("watch over" in each["text"] for each in home.home()["problems"]), "Home saying so")
            there.start()
            until(lambda: not silence(home)["trouble"], "the hub being heard again")
            renewed_ms = silence(home)["renewed_ms"]
            until(lambda: silence(home)["renewed_ms"] > renewed_ms, "another sign of life")
            assert titles(browser) == []
            home.kill()
            until(lambda: browser.got, "the device being told")
            assert titles(browser) == ["Your hub is silent"]
        finally:
            home.stop()


@pytest.mark.timeout(200)
def test_a_hub_that_is_stopped_by_hand_has_ten_minutes_and_one_that_is_switched_off_leaves_nothing(
    tmp_path: Path,
) -> None:
    browser = Browser()
    with post(tmp_path) as there:
        home = Hub(tmp_path / "house", cloud_url=there.url)
        home.start()
        try:
            arm(home, browser, there)
            home.stop()
            assert there.vigil() == (STOPPED_AFTER_S, 1)
            home.start()
            until(lambda: there.vigil() == (AFTER_S, 1), "the letters of a hub that is well")
            there.kill()
            home.client.put("/api/alerts/silence", json={"on": False}).raise_for_status()
            home.kill()  # before it could take its letters back
            home.start()
            there.start()
            until(lambda: there.vigil() is None, "the letters being taken back")
            assert titles(browser) == []
        finally:
            home.stop()


@pytest.mark.timeout(200)
def test_a_hub_whose_supervisor_is_killed_was_not_stopped_by_hand(tmp_path: Path) -> None:
    browser = Browser()
    with post(tmp_path) as there:
        config = tmp_path / "nightlatch.toml"
        config.write_text(f'[hub]\ncloud_url = "{there.url}"\nsilence_after_s = {AFTER_S}\n')
        with house(tmp_path / "house", program="hub", config=config) as home:
            arm(home, browser, there)
            assert home.process is not None
            os.kill(home.process.pid, signal.SIGKILL)
            home.process.wait(10)
            until(lambda: browser.got, "the device being told")
            assert titles(browser) == ["Your hub is silent"]
            until(lambda: not home.children("serve") and not home.children("watch"), "its programs ending")
