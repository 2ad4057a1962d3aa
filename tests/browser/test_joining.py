"""A programme is joined in a real browser: by its link, by its file, by what was pasted before; after seeing it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.keeper.app import create_app
from nightlatch.ledger.policy import Policy
from nightlatch.seal.note import COSIGNATURE, make_signer
from nightlatch.web.invitation import Programme, read_invitation
from tests.browser.visit import browser, pictures, set_up
from tests.house import House, house
from tests.keeper.house import ORIGIN
from tests.keeper.house import house as keeper_house
from tests.programme import NOTICE
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FRIEND = make_signer("friend.test", COSIGNATURE).verifier
POLICY = str(Policy(make_signer("programme.test/log").verifier, (("friend", FRIEND),), 1, households=1))


@dataclass
class Guest:
    """An owner on the giving page, and a programme whose keeper shows an invitation."""

    page: Page
    home: House
    file: Path
    url: str

    @property
    def programme(self) -> Programme:
        return read_invitation(self.file.read_text())

    def invite(self, **more: str) -> Programme:
        said = {"name": "Friends of cats", "keeper_url": self.url, "log_url": self.url, "policy": POLICY}
        key = b64encode(bytes(32)).decode()
        self.file.write_text(json.dumps(said | {"programme_key": key, "notice": NOTICE, "language": "en"} | more))
        return self.programme

    def give(self, text: str) -> None:
        self.page.get_by_test_id("giving-invitation").fill(text)

    def sees(self) -> None:
        """The invitation is shown, and nothing is joined."""
        shown = self.page.get_by_test_id("invited")
        expect(shown).to_contain_text("You are about to join Friends of cats")
        expect(shown).to_contain_text(self.url)
        expect(shown).to_contain_text("You can take it back at any time")
        expect(shown.get_by_test_id("programme-words")).to_have_text(self.programme.words)
        expect(self.page.get_by_text("You joined")).to_have_count(0)


@contextmanager
def guest(tmp_path: Path) -> Iterator[Guest]:
    file = tmp_path / "invitation.json"
    with (
        keeper_house(tmp_path / "keeper") as keeper,
        served(create_app(keeper.room, keeper.passkeys, ORIGIN, "secret", file)) as url,
        house(tmp_path / "house") as home,
        browser() as context,
    ):
        page = context.new_page()
        set_up(page, home.address)
        page.goto(f"{home.address}/giving")
        page.get_by_test_id("giving-invitation").wait_for()
        yield Guest(page, home, file, url)


def test_a_programme_is_joined_by_its_link_by_its_file_and_by_pasting_it(tmp_path: Path) -> None:
    with guest(tmp_path) as at:
        page, programme = at.page, at.invite()
        pictures(at.page, "empty")
        at.give(f"Join us: {programme.link}")
        at.sees()
        expect(page.get_by_test_id("invited")).to_contain_text("nobody changed it since the link was made")
        pictures(at.page, "preview")
        page.get_by_test_id("giving-not-now").click()
        expect(page.get_by_test_id("invited")).to_have_count(0)

        at.give("")
        at.give(programme.link)
        page.get_by_test_id("giving-join").click()
        expect(page.get_by_text("You joined")).to_be_visible()
        expect(page.get_by_test_id("programme-words")).to_have_text(programme.words)
        pictures(at.page, "joined")

        page.get_by_role("button", name="Leave it").click()
        page.get_by_test_id("giving-file").set_input_files(at.file)
        at.sees()
        expect(page.get_by_test_id("invited")).to_contain_text("vouches for nothing. Compare the words.")
        page.get_by_test_id("giving-join").click()
        expect(page.get_by_text("You joined")).to_be_visible()

        page.get_by_role("button", name="Leave it").click()
        at.give(at.file.read_text())
        at.sees()


def test_a_link_that_means_another_invitation_is_refused_and_stays_in_the_box(tmp_path: Path) -> None:
    with guest(tmp_path) as at:
        link = at.invite().link
        at.invite(programme_key=b64encode(b"1" * 32).decode())
        at.give(link)
        expect(at.page.get_by_role("alert")).to_contain_text("another invitation than the one that this link means")
        expect(at.page.get_by_test_id("giving-invitation")).to_have_value(link)
        pictures(at.page, "refused")
        expect(at.page.get_by_test_id("giving-join")).to_have_count(0)


def test_a_file_is_dropped_on_the_page(tmp_path: Path) -> None:
    with guest(tmp_path) as at:
        at.invite()
        dropped = at.page.evaluate_handle(
            "text => { const d = new DataTransfer(); d.items.add(new File([text], 'cats.nightlatch')); return d; }",
            at.file.read_text(),
        )
        at.page.get_by_test_id("invite").dispatch_event("drop", {"dataTransfer": dropped})
        at.sees()


def test_the_page_behind_the_link_says_what_to_do_with_it(tmp_path: Path) -> None:
    with guest(tmp_path) as at:
        programme = at.invite()
        at.page.goto(programme.link)
        expect(at.page.get_by_text("Open your own Nightlatch")).to_be_visible()
        expect(at.page.locator("p.link")).to_have_text(programme.link)
        assert at.page.locator("p.words").evaluate("it => getComputedStyle(it).fontWeight") == "600"  # its style is on
        pictures(at.page, "page")
        with at.page.expect_download() as download:
            at.page.get_by_role("link", name="save the invitation as a file").click()
        assert download.value.suggested_filename == "friends-of-cats.nightlatch"
