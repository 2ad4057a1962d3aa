"""Giving in a real browser: what counts as played to its end, the one question, hiding that was left running.

The hub is real, its cameras are none: what it says of one clip on its way is the test's to write, so that nothing has
to be hidden. The whole way, with real programs, is tests/stories/test_giving.py.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from nightlatch.domain.geometry import Box
from nightlatch.domain.manifest import Manifest, write_manifest
from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.domain.sighting import Judgement, Kind, Place, Track, Verdict
from nightlatch.ledger.policy import Policy
from nightlatch.pixels.hiding.film import MOST_FPS, encoded
from nightlatch.seal.note import COSIGNATURE, make_signer
from nightlatch.seal.recipients import Sealer
from tests.browser import giving
from tests.browser.visit import browser, set_up
from tests.house import House, house

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
CLIP, OFFER = "c" * 16, "o1"
LENGTH_S = 6
PICTURES = os.environ.get("NIGHTLATCH_PICTURES")  # a folder for screenshots, for whoever wants to look


def film(grey: int = 120) -> bytes:
    """A finished film in which something bright goes from left to right."""
    pictures = (np.full((180, 320, 3), grey, np.uint8) for _ in range(LENGTH_S * MOST_FPS))
    return encoded(_marked(picture, n) for n, picture in enumerate(pictures))


def _marked(picture: Any, n: int) -> Any:
    left = 10 + n * 280 // (LENGTH_S * MOST_FPS)
    picture[60:120, left : left + 20] = (40, 160, 230)
    return picture


@dataclass
class Said:
    """What the hub says of the one clip that is on its way; the test changes it."""

    mp4: bytes = field(default_factory=film)
    share_covered: float = 0.2
    is_ready: bool = True
    is_there: bool = True
    covers: list[dict[str, float]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    missing: list[dict[str, object]] = field(default_factory=list)
    coming: float | None = None
    problem: str | None = None

    def offer(self) -> dict[str, object]:
        report = RedactionReport(
            sha256(self.mp4).hexdigest(),
            Style.PUPPETS,
            54,
            0,
            True,
            True,
            share_covered=self.share_covered,
            share_grey=self.share_covered,
            written=2,
        )
        now_ms = int(time.time() * 1000)
        return {
            **{"id": OFFER, "clip": CLIP, "onset_ms": now_ms - 60_000, "from_ms": 2000, "to_ms": 27_000},
            **{"began_ms": now_ms - 20_000, "share": 0.4, "problem": None, "ready": self.is_ready},
            "kept_until_ms": now_ms + 30 * 60_000 if self.is_ready else None,
            "sha256": report.sha256 if self.is_ready else None,
            "report": dataclasses.asdict(report),
            "covers": self.covers,
        }

    def answer(self, route: Route) -> None:
        """To everything under /api/giving/offers and /api/giving/models."""
        request = route.request
        path = re.sub(r".*/api/giving|\?.*", "", request.url)
        self.asked.append(f"{request.method} {path}")
        if path == "/models":
            self.coming = 0.5 if request.method == "POST" else self.coming
            route.fulfill(json={"missing": self.missing, "share": self.coming, "problem": self.problem})
        elif path.endswith("/film"):
            route.fulfill(body=self.mp4, content_type="video/mp4")
        elif path.endswith("/covers"):
            self.covers = json.loads(request.post_data or "")["boxes"]
            self.mp4 = film(90)
            route.fulfill(json=self.offer(), status=202)
        elif request.method == "DELETE":
            self.is_there = False
            route.fulfill(status=204)
        elif path == f"/offers/{OFFER}":
            route.fulfill(json=self.offer())
        else:
            route.fulfill(json=[self.offer()] if self.is_there else [])


@dataclass
class Visit:
    page: Page
    home: House
    said: Said

    def open(self) -> None:
        self.page.goto(f"{self.home.address}/give/{CLIP}")

    @property
    def film(self) -> Locator:
        return self.page.get_by_test_id("give-film")

    @property
    def sign(self) -> Locator:
        return self.page.get_by_test_id("give-sign")

    def play(self, rate: float = 1.0, from_s: float = 0.0) -> None:
        """To its end."""
        begin = f"v.playbackRate = {rate}; v.currentTime = {from_s}; void v.play();"
        self.film.evaluate(
            f"v => new Promise(done => {{ v.addEventListener('ended', done, {{once: true}}); {begin} }})"
        )

    def look(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, BrowserContext]]:
    """Signed in, and joined to a programme."""
    with house(tmp_path_factory.mktemp("house"), program="serve") as home, browser() as context:
        page = context.new_page()
        set_up(page, home.address)
        witness = make_signer("f.test", COSIGNATURE).verifier
        policy = Policy(make_signer("p.test/log").verifier, (("friend", witness),), 1)
        giving.join(page, home, "http://127.0.0.1:9", "http://127.0.0.1:9", policy)
        yield home, context


@pytest.fixture
def visit(household: tuple[House, BrowserContext]) -> Iterator[Visit]:
    """A tab of its own, with one clip on its way."""
    home, context = household
    page, said, manifest = context.new_page(), Said(), sealed_manifest(home)
    page.route("**/api/giving/offers**", said.answer)
    page.route("**/api/giving/models", said.answer)
    page.route(f"**/api/clips/{CLIP}/manifest", lambda route: route.fulfill(body=manifest))
    yield Visit(page, home, said)
    page.close()


def sealed_manifest(home: House) -> bytes:
    """Of a clip of 40 seconds in which somebody comes after five and stays for ten."""
    with sqlite3.connect(home.data / "hub" / "hub.db") as hub:
        [[household, recipient]] = hub.execute("SELECT id, recipient FROM households").fetchall()
    began = int(time.time() * 1000) - 60_000
    path = tuple(Place(began + 5000 + n * 500, Box(0.3, 0.3, 0.5, 0.9)) for n in range(20))
    judgement = Judgement(Verdict.ROUTINE, 0.1, (), (Kind.PERSON,), (Track(1, Kind.PERSON, 0.9, path),))
    told = Manifest(
        *(household, "0" * 12, "Yard", "e" * 16, began + 5000, began, "avc1.42c01e", 320, 180, 15.0, None),
        ended_ms=began + 40_000,
        judgement=judgement,
    )
    return bytes(Sealer([recipient]).seal(write_manifest(told)))


def test_a_jump_to_the_end_or_eight_times_its_speed_is_not_played_to_its_end(visit: Visit) -> None:
    visit.open()
    expect(visit.sign).to_be_disabled()
    visit.film.evaluate("v => v.pause()")
    visit.play(from_s=LENGTH_S - 0.5)
    expect(visit.sign).to_be_disabled()
    expect(visit.page.get_by_test_id("give-seen")).to_contain_text("not seen yet")
    visit.look("give-jumped")
    visit.play(rate=8)
    expect(visit.sign).to_be_disabled()
    expect(visit.page.get_by_test_id("give-question")).to_have_count(0)


def test_what_is_missing_can_be_played_alone(visit: Visit) -> None:
    visit.open()
    visit.film.evaluate("v => v.pause()")
    visit.play(from_s=3)
    missing = visit.page.get_by_role("button", name="Play what is missing")
    missing.click()
    expect(visit.page.get_by_test_id("give-question")).to_be_visible(timeout=30_000)
    expect(missing).to_have_count(0)


def test_what_runs_out_of_sight_is_not_seen(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 480})
    visit.open()
    visit.film.evaluate("v => v.pause()")
    page.get_by_test_id("give-keep").scroll_into_view_if_needed()
    expect(visit.film).not_to_be_in_viewport(ratio=0.3)
    visit.play(rate=2)
    expect(visit.sign).to_be_disabled()
    expect(page.get_by_test_id("give-seen")).to_contain_text("not seen yet")


def test_it_is_signed_only_after_the_question_and_what_is_covered_is_looked_at_again(visit: Visit) -> None:
    page = visit.page
    visit.open()
    expect(page.get_by_test_id("give-covered")).to_contain_text("a reviewer could tell that somebody came and went")
    expect(page.get_by_text("2 places that looked like writing")).to_be_visible()
    visit.play(rate=2)
    expect(visit.sign).to_be_disabled()
    page.get_by_test_id("give-cover").click()
    page.get_by_test_id("give-add").click()
    expect(page.get_by_test_id("give-place")).to_be_focused()
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    visit.look("give-cover")
    page.get_by_test_id("give-cover-it").click()
    expect(page.get_by_test_id("give-question")).to_have_count(0, timeout=20_000)
    [box] = visit.said.covers
    assert [round(box[edge], 2) for edge in ("left", "top", "right", "bottom")] == [0.38, 0.4, 0.58, 0.61]
    expect(visit.sign).to_be_disabled()
    visit.play(rate=2)
    page.get_by_test_id("give-nothing").click()
    expect(visit.sign).to_be_enabled()


def test_a_place_is_drawn_with_the_pointer_and_undone(visit: Visit) -> None:
    page = visit.page
    visit.open()
    visit.play(rate=2)
    page.get_by_test_id("give-cover").click()
    drawing = page.get_by_role("group", name="Covered places")
    drawing.evaluate("each => each.scrollIntoView({block: 'center'})")
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("give-place")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("give-place")).to_have_count(0)


def test_a_film_with_little_to_see_is_advised_against_and_given_with_one_more_press(visit: Visit) -> None:
    page = visit.page
    visit.said.share_covered = 0.7
    visit.open()
    expect(page.get_by_test_id("give-advice")).to_contain_text("We advise against giving this clip")
    visit.play(rate=2)
    page.get_by_test_id("give-nothing").click()
    expect(visit.sign).to_be_disabled()
    visit.look("give-advice")
    page.get_by_test_id("give-anyway").click()
    expect(visit.sign).to_be_focused()


def test_hiding_that_was_left_running_is_led_back_to_and_survives_a_reload(visit: Visit) -> None:
    page = visit.page
    visit.said.is_ready = False
    visit.open()
    expect(page.get_by_test_id("give-hiding")).to_contain_text("40 %")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    page.reload()
    expect(page.get_by_test_id("give-hiding")).to_contain_text("40 %")
    page.get_by_role("link", name="Leave it running").click()
    expect(page.get_by_test_id("underway")).to_contain_text("People are being hidden in the clip of")
    visit.said.is_ready = True
    page.reload()
    page.get_by_test_id("underway-look").click()
    expect(visit.film).to_be_visible()
    assert not any(line.startswith(("POST", "DELETE")) for line in visit.said.asked)
    page.get_by_test_id("give-keep").click()
    expect(page).to_have_url(f"{visit.home.address}/clip/{CLIP}")
    expect(page.get_by_test_id("underway")).to_have_count(0)
    assert f"DELETE /offers/{OFFER}" in visit.said.asked


def test_stopping_leads_back_to_the_choice(visit: Visit) -> None:
    page = visit.page
    visit.said.is_ready = False
    visit.open()
    page.get_by_test_id("give-stop").click()
    expect(page.get_by_test_id("give-hide")).to_be_enabled()
    assert f"DELETE /offers/{OFFER}" in visit.said.asked


def test_a_restart_of_the_hub_is_told_to_whoever_left_something_running(visit: Visit) -> None:
    page = visit.page
    visit.said.is_ready = False
    visit.open()
    expect(page.get_by_test_id("give-hiding")).to_be_visible()
    visit.said.is_there = False
    page.reload()
    expect(page.get_by_text("What was being prepared is gone")).to_be_visible()


def test_the_window_is_moved_with_keys_and_says_where_it_is(visit: Visit) -> None:
    page = visit.page
    visit.said.is_there = False
    visit.open()
    window = page.get_by_role("slider", name="The part that is given")
    window.focus()
    expect(window).to_have_attribute("aria-valuenow", "2")
    page.keyboard.press("End")
    expect(window).to_have_attribute("aria-valuenow", "15")
    page.keyboard.press("Shift+ArrowLeft")
    expect(window).to_have_attribute("aria-valuetext", re.compile("24.5 seconds"))
    end = page.get_by_role("slider", name="Its end")
    end.focus()
    page.keyboard.press("Home")
    expect(end).to_have_attribute("aria-valuenow", "20")
    expect(window).to_have_attribute("aria-valuenow", "0")


def test_its_ends_are_wide_enough_for_fingers_and_are_dragged(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    visit.said.is_there = False
    visit.open()
    end = page.get_by_role("slider", name="Its end")
    box = end.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.mouse.move(box["x"] + 22, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(end).to_have_attribute("aria-valuenow", "40")
    visit.look("give-choose-phone")


def test_missing_models_are_told_before_the_wait_and_fetched_with_a_button(visit: Visit) -> None:
    page, said = visit.page, visit.said
    said.is_there = False
    said.missing = [
        {
            **{"name": "yolox_nano", "bytes": 3_660_092, "licence": "Apache-2.0", "what": "finds people"},
            **{"can_be_fetched": True, "how_to_get": "Fetch it: nightlatch models fetch yolox_nano"},
        }
    ]
    visit.open()
    expect(page.get_by_test_id("give-hide")).to_be_disabled()
    button = page.get_by_role("button", name="Fetch what hiding needs (3.7 MB)")
    visit.look("give-needs")
    button.click()
    expect(page.get_by_test_id("give-needs").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    said.coming, said.problem = None, "github.com cannot be reached from here. Download it on another machine."
    expect(page.get_by_role("alert").filter(has_text="on another machine")).to_be_visible()
    button.click()
    said.coming, said.problem, said.missing = None, None, []
    expect(page.get_by_test_id("give-hide")).to_be_enabled()
