"""The promise, in real browsers: give, looked, take back, refused. `make demo` runs this and prints the proofs.

The cameras are the rendered demo ones; log, witness, keeper and review room are the real programs; the owner and two
reviewers have a Chromium each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.ledger.client import LogClient
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import read_policy
from nightlatch.pixels.detectors.models import find, known_models, models_folder
from tests.browser.visit import browser, set_up
from tests.house import House, house, until
from tests.programme import Programme, programme
from tests.review.test_browser import authenticator

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "models"
MODELS = SHARED if SHARED.is_dir() else models_folder(None)
HAS_MODELS = all(find(known_models()[name], MODELS) for name in ("yolox_nano", "yunet_n_640"))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.shared,
    pytest.mark.skipif(not HAS_MODELS, reason="redaction needs two models: nightlatch models fetch"),
]


def say(line: str) -> None:
    print(f"  {line}", flush=True)


@contextmanager
def reviewer(at: Programme, name: str) -> Iterator[Page]:
    """Invited, with a passkey made on the page, and two administrators' signatures."""
    with browser() as context:
        page = context.new_page()
        authenticator(page)
        page.goto(at.invite())
        page.get_by_test_id("device").fill(name)
        page.get_by_test_id("make-passkey").click()
        change = page.get_by_test_id("change").inner_text()
        at.signed(change)
        page.goto(at.origin)
        yield page


def long_clips(page: Page) -> list[str]:
    """Clips of the living room that are over and have twenty seconds, the newest first.

    On the porch it is night, people come and go in mid-picture, and the hub mostly says that it cannot hide them.
    """
    ask = """async () => { const home = await (await fetch('/api/home')).json();
        const room = home.cameras.find(c => c.name.startsWith('Living'));
        return (await (await fetch(`/api/clips?camera=${room.id}`)).json()).filter(
            c => !c.open && c.ended_ms - c.began_ms >= 21000).map(c => c.id); }"""
    return list(until(lambda: page.evaluate(ask), "a clip of twenty seconds", 150))


def hidden(page: Page, home: House) -> None:
    """The page of a clip in which everybody could be hidden; one that is refused is passed over."""
    tried: set[str] = set()
    for _ in range(6):
        clip = until(lambda: next((c for c in long_clips(page) if c not in tried), None), "another clip", 120)
        tried.add(clip)
        page.goto(f"{home.address}/clip/{clip}")
        page.get_by_test_id("clip-give").click()
        page.get_by_test_id("give-hide").click()
        film, refused = page.get_by_test_id("give-film"), page.get_by_role("alert")
        film.or_(refused).first.wait_for(timeout=240_000)
        if film.count():
            return
        say(f"a clip was refused: {refused.first.inner_text()}")
    raise AssertionError("no clip could be given")


def give(page: Page, home: House, invitation: str) -> int:
    """From the clip's page to “given”; how many taps it took."""
    page.goto(f"{home.address}/giving")
    page.get_by_test_id("giving-invitation").fill(invitation)
    page.get_by_test_id("giving-join").click()
    expect(page.get_by_text("You joined")).to_be_visible()
    hidden(page, home)
    film = page.get_by_test_id("give-film")
    expect(page.get_by_test_id("give-sign")).to_be_disabled()
    film.evaluate("v => { v.playbackRate = 2; return v.play(); }")
    page.get_by_test_id("give-nothing").click(timeout=90_000)
    anyway = page.get_by_test_id("give-anyway")
    if is_doubted := anyway.count() > 0:  # little is to be seen
        anyway.click()
    expect(page.get_by_test_id("give-sign")).to_be_enabled()
    page.get_by_test_id("give-sign").click()
    expect(page.get_by_test_id("given")).to_have_count(1, timeout=60_000)
    return 4 + is_doubted  # give, hide, nothing is left, sign


def take_back(page: Page) -> int:
    """How many taps it took."""
    page.get_by_test_id("take-back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    return 2


def looks(page: Page, kind: str) -> int:
    return page.locator(f'[data-testid="look"].good[data-kind="{kind}"]').count()


def label(page: Page) -> None:
    """One reviewer's look, by keyboard."""
    page.get_by_test_id("enter").click()
    expect(page.get_by_test_id("desk")).to_be_visible(timeout=60_000)
    until(lambda: int(page.get_by_test_id("desk").get_attribute("data-here") or 0) > 100, "the pictures", 90)
    for key in ("1", "r"):
        page.keyboard.press(key)
    page.get_by_test_id("say-passing").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("empty")).to_be_visible(timeout=30_000)


@pytest.mark.timeout(900)
def test_a_clip_is_given_looked_at_taken_back_and_then_refused(tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text(f'[hub]\nmodels_dir = "{MODELS}"\n')
    with ExitStack() as stack:
        at = stack.enter_context(programme(tmp_path / "programme"))
        say(f"a programme with a log and a witness: {at.origin}")
        home = stack.enter_context(house(tmp_path / "house", demo=True, config=settings))
        owner = stack.enter_context(browser()).new_page()
        set_up(owner, home.address)
        say("a household with two rendered cameras; waiting for something to happen")
        taps = give(owner, home, at.invitation())
        say("the owner saw the redacted clip to its end, signed for its hash, and gave it")
        for name in ("desk by the window", "desk by the door"):
            with reviewer(at, name) as page:
                label(page)
            say(f"a reviewer ({name}) looked at it and labelled it")
        until(lambda: looks(owner, "view.open") == 2, "two looks, proven", 60)
        expect(owner.get_by_test_id("log-proof")).to_contain_text("cosigned by 1 witness")
        for line in owner.get_by_test_id("look").all_inner_texts():
            say("who looked: " + " · ".join(line.split("\n")))
        if pictures := os.environ.get("NIGHTLATCH_PICTURES"):
            owner.screenshot(path=Path(pictures) / "who-looked.png", full_page=True)
        assert take_back(owner) <= taps
        until(lambda: looks(owner, "consent.withdraw") == 1, "the withdrawal, proven", 60)
        until(lambda: looks(owner, "shred") == 1, "the key's end, proven", 90)
        say("taken back: refused at once, the key destroyed, both in the log")
        assert not list((tmp_path / "programme" / "keeper" / "sealed").rglob("*.age"))
        with reviewer(at, "desk by the stairs") as page:
            page.get_by_test_id("enter").click()
            expect(page.get_by_test_id("empty")).to_be_visible(timeout=60_000)
        say("a third reviewer finds nothing")
        log = LogClient(f"http://127.0.0.1:{at.log_port}")
        found = audit(log.file, read_policy(at.policy))
        say(f"the log holds together: {found.checkpoint.size} entries, cosigned by {len(found.witnessed)} witness")
