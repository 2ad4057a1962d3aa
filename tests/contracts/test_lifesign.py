"""A hub's signs of life against a real mailbox: whatever either clock says, and whatever the mailbox forgets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from nightlatch.cloud.app import create_app
from nightlatch.cloud.records import LetterRow, VigilRow
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.domain.sighting import Verdict
from nightlatch.hub.serve.alerts import lifesign
from nightlatch.hub.serve.alerts.lifesign import STOPPED, STOPPED_AFTER_S, LifeSign, back, silent
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.alerts.switches import Switch
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import PushRow, SessionRow
from nightlatch.store import records
from tests.clocks import TestClock
from tests.cloud.clouds import HOUSE, Cloud
from tests.contracts.test_uplink import becomes
from tests.hub.test_alerts import Browser
from tests.serving import served

AFTER_S = 1


@dataclass
class Home:
    """The part of a hub that gives signs of life: devices, switches and a key."""

    folder: Path
    clock: TestClock = field(default_factory=TestClock)
    cloud_clock: TestClock = field(default_factory=TestClock)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    engine: Engine = field(init=False)
    browsers: list[Browser] = field(default_factory=list)
    strangers: int = 0

    def __post_init__(self) -> None:
        self.engine = open_index(self.folder)
        with Session(self.engine) as session, session.begin():
            session.add(SessionRow(id="s1", token_sha256=b"x" * 32, name="phone", created_ms=0, last_seen_ms=0))

    def add_device(self) -> Browser:
        self.browsers.append(Browser())
        with Session(self.engine) as session, session.begin():
            session.merge(self.browsers[-1].row(Verdict.THREAT))
        return self.browsers[-1]

    @contextmanager
    def mailbox(self) -> Iterator[Cloud]:
        settings = CloudSettings(data_dir=self.folder / "cloud", shortest_silence_s=1)
        app = create_app(settings, self.cloud_clock, MIGRATIONS, outside_only=False)
        with served(app) as url:
            cloud = Cloud(url, self.cloud_clock, self.folder / "cloud", hub=self.key)
            yield cloud

    def left(self) -> tuple[int, list[tuple[str, bytes]]] | None:
        """What lies in the mailbox: after how many seconds it is sent, and each letter's address and body."""
        engine = records.engine(f"sqlite:///{self.folder / 'cloud' / 'cloud.db'}")
        with Session(engine) as session:
            row = session.get(VigilRow, HOUSE)
            letters = [(each.endpoint, each.body) for each in session.scalars(select(LetterRow))]
        engine.dispose()
        return None if row is None else (row.after_s, letters)

    @asynccontextmanager
    async def signs(self, url: str, after_s: int = AFTER_S) -> AsyncIterator[LifeSign]:
        switches = (Switch("silence", self.folder), Switch("letters", self.folder))
        push = Push(self.folder, Books(self.folder, self.engine), self.clock, outside_only=False)
        sign = LifeSign(url, self.key, push, self.clock, after_s, switches)

        async def stranger() -> None:
            self.strangers += 1

        sign.is_stranger = stranger
        task = asyncio.create_task(sign.run())
        try:
            yield sign
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.engine.dispose()


def test_nothing_is_left_with_the_mailbox_before_it_is_switched_on_and_nothing_once_it_is_off(home: Home) -> None:
    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url) as sign:
            await becomes(lambda: not sign.is_overdue, "a first round")
            assert home.left() is None
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: sign.renewed_ms, "letters being left")
            after_s, letters = home.left() or (0, [])
            assert after_s == AFTER_S
            assert [address for address, _ in letters] == [home.browsers[0].row().endpoint]
            sign.turn(on=False)
            sign.wake()
            await becomes(lambda: home.left() is None, "the letters being taken back")

    home.add_device()
    with home.mailbox() as cloud:
        cloud.enrol().raise_for_status()
        asyncio.run(story(cloud))


def test_letters_go_to_the_devices_of_now(home: Home) -> None:
    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: home.left() is not None, "a letter being left")
            second = home.add_device().row().endpoint
            await becomes(lambda: len((home.left() or (0, []))[1]) == 2, "a letter for the second device")
            with Session(home.engine) as session, session.begin():
                session.execute(delete(PushRow).where(PushRow.endpoint != second))
            await becomes(lambda: [a for a, _ in (home.left() or (0, []))[1]] == [second], "one for the second alone")
            with Session(home.engine) as session, session.begin():
                session.execute(delete(PushRow))
            await becomes(lambda: home.left() is None, "none for nobody")

    home.add_device()
    with home.mailbox() as cloud:
        cloud.enrol().raise_for_status()
        asyncio.run(story(cloud))


@pytest.mark.parametrize("leap_ms", [3 * 86_400_000, -3 * 86_400_000])
def test_a_clock_that_is_wrong_or_set_makes_no_silence(home: Home, leap_ms: int) -> None:
    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url, after_s=5) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: sign.renewed_ms, "letters being left by a hub whose clock is wrong")
            home.clock.offset_ms = 0
            before_ms = home.clock.now_ms()
            await becomes(lambda: (sign.renewed_ms or 0) >= before_ms, "signs of life after the clock was set")
            home.cloud_clock.offset_ms = leap_ms // 2
            before_ms = home.clock.now_ms()
            await becomes(lambda: (sign.renewed_ms or 0) > before_ms, "signs of life after the mailbox's was set")
            assert sign.trouble is None
            assert home.browsers[0].got == []

    home.add_device()
    with home.mailbox() as cloud:
        cloud.enrol().raise_for_status()
        home.clock.offset_ms = leap_ms
        asyncio.run(story(cloud))


def test_a_mailbox_that_does_not_know_the_household_is_told_and_then_trusted_with_letters(home: Home) -> None:
    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: home.strangers, "the household being enrolled again")
            assert "does not know this household" in (sign.trouble or "")
            (await asyncio.to_thread(cloud.enrol)).raise_for_status()
            await becomes(lambda: sign.renewed_ms, "letters being left")

    home.add_device()
    with home.mailbox() as cloud:
        asyncio.run(story(cloud))


def test_letters_are_written_anew_before_what_is_signed_in_them_expires(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifesign, "WRITE_EVERY_S", 0.2)

    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: home.left() is not None, "a letter being left")
            first = home.left()
            await becomes(lambda: home.left() != first, "another one")

    home.add_device()
    with home.mailbox() as cloud:
        cloud.enrol().raise_for_status()
        asyncio.run(story(cloud))


def test_a_mailbox_that_is_away_is_said_with_why_and_a_stop_does_not_wait_for_it(home: Home) -> None:
    async def story() -> None:
        mailbox = ExitStack()
        cloud = mailbox.enter_context(home.mailbox())
        cloud.enrol().raise_for_status()
        async with home.signs(cloud.url) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: sign.renewed_ms, "letters being left")
            await asyncio.to_thread(mailbox.close)
            await becomes(lambda: sign.trouble == "The mailbox cannot be reached.", "that being noticed")
            await becomes(lambda: sign.is_overdue, "the watch having lapsed")
            async with asyncio.timeout(5):
                await sign.stop()
        assert (home.left() or (0, []))[0] == AFTER_S

    home.add_device()
    asyncio.run(story())


def test_a_stop_in_good_order_leaves_other_letters_that_wait_longer(home: Home) -> None:
    async def story(cloud: Cloud) -> None:
        async with home.signs(cloud.url) as sign:
            sign.turn(on=True)
            sign.wake()
            await becomes(lambda: sign.renewed_ms, "letters being left")
        await sign.stop()
        after_s, letters = home.left() or (0, [])
        assert (after_s, len(letters)) == (STOPPED_AFTER_S, 1)

    home.add_device()
    with home.mailbox() as cloud:
        cloud.enrol().raise_for_status()
        asyncio.run(story(cloud))


def test_what_devices_are_told_names_no_camera_and_no_household() -> None:
    assert silent(300).told() == {
        "title": "Your hub is silent",
        "text": "Your mailbox has not heard from it for 5 minutes. Is it switched on, and is your home online? "
        "Whether it records cannot be told from outside.",
        "clip": None,
        "event": "silence",
        "threat": True,
        "still": None,
        "silent": None,
    }
    assert back(0, 29 * 60_000).told()["text"] == "It was silent for 29 minutes."
    assert json.dumps(back(0, 1000).told())
    assert back(0, 50 * 3_600_000).told()["text"] == "It was silent for 50 hours."
    assert len({notice.topic for notice in (silent(300), STOPPED, back(0, 1))}) == 1
