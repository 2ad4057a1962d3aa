"""A log that is old, or is not what this browser saw before, is said in red on the giving page, and proves nothing.

The log's folder lies behind a plain web server, so that what it shows, and when it was cosigned, is the test's to say.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.ledger.checkpoint import cosign
from nightlatch.ledger.log import Log
from nightlatch.ledger.memory import read_evidence
from nightlatch.ledger.policy import Policy
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.browser.visit import PASSPHRASE, browser, set_up
from tests.house import House, house
from tests.hub.test_logs import shown

pytestmark = pytest.mark.browser

SIGNER, FRIEND = make_signer("programme.test/log"), make_signer("friend.test", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1, 300)
DAY_S = 86_400
GIVEN = "d" * 32


def write(folder: Path, *leaves: bytes, age_s: int = 0) -> None:
    """A log of these entries, cosigned by its one witness so long ago; `folder` shows it from now on."""
    made = folder.with_name(f"{folder.name}-{time.monotonic_ns()}")
    with Log(made, SIGNER) as log:
        for leaf in leaves:
            log.append(leaf)
        log.cosigned([cosign(log.note, FRIEND, int(time.time()) - age_s)], len(leaves))
    link = folder.with_name("new")
    link.symlink_to(made)
    link.rename(folder)


def give(page: Page, home: House, keeper: str, log: str) -> None:
    """Join a programme; one clip was given to it, that nobody looked at."""
    invitation = {
        "name": "A programme",
        "keeper_url": keeper,
        "log_url": f"{log}/log",
        "programme_key": b64encode(bytes(32)).decode(),
        "policy": str(POLICY),
        "notice": "n",
        "language": "en",
    }
    page.goto(f"{home.address}/giving")
    page.get_by_test_id("giving-invitation").fill(json.dumps(invitation))
    page.get_by_test_id("giving-join").click()
    expect(page.get_by_text("You joined")).to_be_visible()
    with sqlite3.connect(home.data / "hub" / "hub.db") as hub:
        columns = "id, camera_id, onset_ms, length_ms, consent, consent_sha256, given_ms, expires_ms"
        now_ms = int(time.time() * 1000)
        row = (GIVEN, "0" * 12, now_ms, 25_000, "{}", "", now_ms, now_ms + DAY_S * 1000)
        hub.execute(f"INSERT INTO donations ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def red(page: Page, text: str) -> None:
    """It is said in red, and nothing is said in green."""
    problem = page.get_by_role("alert").filter(has_text=text)
    expect(problem).to_be_visible(timeout=30_000)
    colour = problem.locator("strong").evaluate("it => getComputedStyle(it).color")
    strength = [int(each) for each in re.findall(r"\d+", colour)[:3]]
    assert strength[0] > 1.5 * max(strength[1:]), f"not red: {colour}"
    expect(page.get_by_test_id("log-proof")).to_have_count(0)


@pytest.mark.timeout(300)
def test_a_stale_log_and_a_rewritten_one_are_said_in_red(tmp_path: Path) -> None:
    log, keeper = tmp_path / "shown" / "log", tmp_path / "keeper" / "v1" / "donations" / GIVEN
    log.parent.mkdir()
    keeper.mkdir(parents=True)
    (keeper / "entries").write_text('{"entries": []}')
    with (
        house(tmp_path / "house") as home,
        shown(log.parent) as log_url,
        shown(tmp_path / "keeper") as keeper_url,
        browser() as context,
    ):
        page = context.new_page()
        set_up(page, home.address)
        write(log, b"one", b"two", age_s=240)
        give(page, home, keeper_url, log_url)
        page.goto(f"{home.address}/giving")
        expect(page.get_by_test_id("log-proof")).to_contain_text("all 2 entries of the log", timeout=30_000)
        expect(page.get_by_test_id("log-confirmed")).to_have_text("Last confirmed by 1 witness 4 minutes ago. ")

        write(log, b"one", b"two", age_s=2 * DAY_S)
        red(page, "Last confirmed by 1 witness on")
        expect(page.get_by_role("alert")).to_contain_text("(2 days ago)")
        expect(page.get_by_role("alert")).to_contain_text("Nothing newer than that is proven.")

        write(log, b"one")
        red(page, "The programme's log went back. This browser read 2 entries of it")
        write(log, b"one", b"two", b"three")
        expect(page.get_by_test_id("log-proof")).to_contain_text("all 3 entries of the log", timeout=30_000)

        write(log, b"one", b"other", b"three", b"four")
        red(page, "The programme's log was rewritten. This browser read 3 entries of it")
        with page.expect_download() as download:
            page.get_by_test_id("evidence").click()
        assert read_evidence(download.value.path().read_text(), SIGNER.verifier).is_proof

        write(log, b"one", b"two", b"three", b"four")  # as if nothing had been
        page.reload()
        red(page, "was rewritten")
        page.get_by_role("link", name="Household").click()
        page.get_by_role("listitem").filter(has_text="this one").get_by_role("button", name="Sign out").click()
        page.get_by_test_id("login-passphrase").fill(PASSPHRASE)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("status-line")).to_be_visible()
        page.goto(f"{home.address}/giving")
        red(page, "was rewritten")
