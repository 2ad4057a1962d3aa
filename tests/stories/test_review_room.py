"""A day in the review room, in real browsers: by keys, by the pointer, taken back, flagged, too much hidden.

Log, witness, keeper, review room and hub are the real programs. Clips are given without a page: one household has a hub
and reads what was said of its clip; three people beside it give by their own keys.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.clocks import SystemClock
from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.giving import Donations, ProgrammeClient, read_invitation
from nightlatch.hub.serve.giving.client import Parcel
from nightlatch.seal.recipients import Sealer
from tests.browser.visit import browser
from tests.donor import consent_to, give
from tests.house import PASSPHRASE, House, house, until
from tests.keeper.films import film
from tests.keeper.house import Owner
from tests.programme import Programme, programme
from tests.stories.test_giving import reviewer
from tests.stories.test_taking_back import Scene
from tests.way import way

pytestmark = pytest.mark.browser
GONE_WITHIN_S = 5.0  # from the answer to the owner until the picture is off the reviewer's screen


class Room(Scene):
    """A programme, and a household's hub; its neighbours give through nothing but the keeper's face."""

    def __init__(self, at: Programme, home: House, stack: ExitStack) -> None:
        super().__init__(at, stack.enter_context(way(at.keeper_port)), home)
        self.witness = home.client.get("/api/giving").raise_for_status().json()["witness"]["key"]

    def gives(self, *seeds: int) -> list[str]:
        """The household's own, written down while its hub is down; it sends them as soon as it is up."""
        self.kill_hub()
        folder = self.home.data / "hub"
        donations = Donations(Books(folder, open_index(folder)), SystemClock(), None)
        key, log_key, now_ms = self.home.keys.signing_key, self.log_key, SystemClock().now_ms()
        lines = [give(donations, key, log_key, now_ms, film(seed=seed), self.witness) for seed in seeds]
        donations._books.engine.dispose()
        self.home.start()
        return [line.id for line in lines]

    def neighbour_gives(self, seed: int) -> str:
        owner, mp4, now_ms = Owner(), film(seed=seed), SystemClock().now_ms()
        client = ProgrammeClient(read_invitation(self.at.invitation()))
        key = client.make_key()
        report = RedactionReport(sha256(mp4).hexdigest(), Style.COVER, 12, 0, True, True, length_ms=20_000)
        consented = consent_to(key.donation, owner.key, self.at.programme_key, report, now_ms, self.witness)
        sealed, to = Sealer([key.recipient]).seal(mp4), str(owner.identity.to_public())
        client.hand_over(Parcel(consented, sealed, report, owner.log_key, to))
        return key.donation

    def has_arrived(self, clip: str) -> bool:
        return self.line(clip)["arrived_ms"] is not None

    def looked_at(self) -> str:
        """The clip of the newest look."""
        with closing(sqlite3.connect(self.at.folder / "keeper" / "keeper.db")) as rows:
            [(donation,)] = rows.execute("SELECT donation_id FROM views ORDER BY id DESC LIMIT 1")
        return str(donation)

    def told(self, *words: str) -> str:
        return self.at.tell("programme", *words, "--config", str(self.at.config))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with ExitStack() as stack:
        at = stack.enter_context(programme(tmp_path / "programme"))
        yield Room(at, stack.enter_context(house(tmp_path / "house", program="serve")), stack)


def at_work(page: Page, but_not: str = "") -> str:
    """Once all pictures of another look are here; its number."""
    desk = page.get_by_test_id("desk")
    until(lambda: desk.count() and desk.get_attribute("data-view") != but_not, "the next clip", 30)
    expect(desk).to_have_attribute("data-here", "40", timeout=30_000)
    return str(desk.get_attribute("data-view"))


def entered(page: Page) -> str:
    """Nothing is drawn before the hub's word has reached the log; the page says so, and asks again."""
    page.get_by_test_id("enter").click()
    desk, again = page.get_by_test_id("desk"), page.get_by_test_id("next")

    def is_drawn() -> bool:
        if again.is_visible() and again.is_enabled():
            again.click()
        return desk.is_visible()

    until(is_drawn, "a clip", 60)
    return at_work(page)


def by_keys(page: Page) -> None:
    for key in (" ", ".", "[", ".", ".", "]", "g", "1", "v", "r"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("ruler").locator(".span")).to_have_count(1)
    expect(page.get_by_test_id("saved")).to_have_text("Saved.")
    page.keyboard.press("Enter")


def by_pointer_taken_back_and_handed_in_again(page: Page) -> None:
    view = str(page.get_by_test_id("desk").get_attribute("data-view"))
    person, plays = page.get_by_test_id("say-person"), page.locator(".tool[data-key=' ']")
    person.click()
    expect(plays).to_have_attribute("aria-pressed", "true")
    page.keyboard.press(" ")
    expect(plays).to_have_attribute("aria-pressed", "false")
    expect(person).to_have_attribute("aria-pressed", "true")
    plays.click()
    page.get_by_test_id("say-passing").click()
    page.get_by_test_id("say-routine").click()
    page.get_by_test_id("submit").click()
    page.get_by_test_id("undo").click()
    expect(page.get_by_test_id("again")).to_contain_text("does not count until you hand it in again")
    expect(page.get_by_test_id("desk")).to_have_attribute("data-view", view)
    page.get_by_test_id("say-unsure").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("again")).to_have_count(0)


def flagged(page: Page) -> None:
    page.get_by_test_id("flag").click()
    page.get_by_test_id("flag-yes").click()
    expect(page.get_by_test_id("over")).to_contain_text("stopped for everybody")
    page.get_by_test_id("next").click()


def too_much_is_hidden(page: Page) -> None:
    page.keyboard.press("0")
    page.keyboard.press("Enter")


def works_through(page: Page, room: Room, mine: str) -> None:
    """Four clips, in the order of the draw: of the household's own that too much is hidden, the others in turn."""
    turns: list[Callable[[Page], None]] = [by_keys, by_pointer_taken_back_and_handed_in_again, flagged]
    view = entered(page)
    for n in range(4):
        act = too_much_is_hidden if room.looked_at() == mine else turns.pop(0)
        act(page)
        if n < 3:
            view = at_work(page, view)
    over = page.get_by_test_id("empty").or_(page.get_by_test_id("over"))
    expect(over).to_be_visible(timeout=30_000)


@pytest.mark.timeout(300)
def test_a_day_in_the_review_room(room: Room) -> None:
    own = room.gives(1, 2)
    for clip in own:
        until(partial(room.has_arrived, clip), "the clip at the keeper", 60)
    with reviewer(room.at, "desk by the door") as page:
        entered(page)
        gone = room.looked_at()
        assert page.locator("canvas").count() == 1
        room.take_back(gone)
        asked_s = time.monotonic()
        expect(page.get_by_test_id("over")).to_contain_text("This clip was taken back", timeout=GONE_WITHIN_S * 1000)
        assert page.locator("canvas").count() == 0
        print(f"  off the screen {time.monotonic() - asked_s:.1f} s after the keeper's answer")
        page.get_by_test_id("next").click()
        expect(page.get_by_test_id("empty")).to_contain_text("Nothing is waiting")
    [stays] = set(own) - {gone}
    for seed in (3, 4, 5):
        room.neighbour_gives(seed)
    with reviewer(room.at, "desk by the window") as page:
        works_through(page, room, stays)
    status = room.told("status")
    assert "1 of 3 labels say that too much is hidden to say; that settles 1 of 3 clips" in status
    assert "1 were flagged" in status
    assert json.loads(room.told("labels"))["clips"] == [], "one label each is not enough"
    with closing(sqlite3.connect(room.at.folder / "review" / "review.db")) as rows:
        found = rows.execute("SELECT label FROM looks WHERE undone_ms IS NOT NULL AND submitted_ms IS NOT NULL")
        [(label,)] = found.fetchall()
    assert json.loads(label)["verdict"] == "unsure"
    with browser() as context:
        page = context.new_page()
        page.goto(f"{room.home.address}/giving")
        page.get_by_test_id("login-passphrase").fill(PASSPHRASE)
        page.get_by_test_id("login-submit").click()
        says = page.locator('[data-testid="look"][data-kind="label"]')
        expect(says.first).to_contain_text("A reviewer could not say: too much is hidden", timeout=60_000)
        expect(page.locator('[data-testid="look"][data-kind="consent.withdraw"]')).to_have_count(1)
