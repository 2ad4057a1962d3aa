"""What the page says is so, in a real browser: passphrases, the demo, unsaved areas, alert switches, zooms."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from tests.browser.test_areas import draw
from tests.browser.visit import PASSPHRASE, browser, set_up
from tests.house import House, house, until

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("NIGHTLATCH_PICTURES")  # a folder for screenshots, for whoever wants to look
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def look(page: Page, name: str) -> None:
    """Keep pictures of the page: desktop and phone, light and dark."""
    if not PICTURES:
        return
    before = page.viewport_size
    for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(150)
            page.screenshot(path=Path(PICTURES) / f"{name}-{size}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.emulate_media(color_scheme=None)
    if before:
        page.set_viewport_size(before)


@pytest.mark.timeout(120)
def test_a_passphrase_is_judged_offered_and_asked_twice(tmp_path: Path) -> None:
    with house(tmp_path / "house") as home, browser(viewport=DESKTOP) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(home.address)
        page.get_by_test_id("setup-passphrase").fill("Password1234!")
        expect(page.get_by_text("much like a common password")).to_be_visible()
        look(page, "passphrase-weak")
        page.get_by_test_id("setup-repeat").fill("Password1234!")
        page.get_by_test_id("setup-continue").click()
        expect(page.get_by_role("alert")).to_contain_text("common password")

        page.get_by_test_id("five-words").focus()
        page.keyboard.press("Enter")
        words = page.get_by_test_id("five-words-shown")
        first = words.text_content() or ""
        assert len(first.split()) == 5
        page.keyboard.press("Enter")  # the focus is still there
        expect(words).not_to_have_text(first)
        expect(page.get_by_text("55 bits")).to_be_visible()
        chosen = words.text_content() or ""
        expect(page.get_by_test_id("setup-passphrase")).to_have_value(chosen)
        expect(page.get_by_text("Strong.")).to_be_visible()
        look(page, "passphrase-five")
        page.get_by_test_id("setup-repeat").fill(first)
        page.get_by_test_id("setup-continue").click()
        expect(page.get_by_role("alert").filter(has_text="differ")).to_be_visible()
        page.get_by_test_id("setup-repeat").fill(chosen)
        page.get_by_test_id("setup-continue").click()
        expect(page.get_by_test_id("recovery-word")).to_have_count(24)
        assert any("/assets/estimate-" in url for url in asked)


@pytest.mark.timeout(120)
def test_a_change_of_the_passphrase_asks_for_the_new_one_twice(tmp_path: Path) -> None:
    with house(tmp_path / "house") as home, browser(viewport=PHONE) as context:
        page = context.new_page()
        set_up(page, home.address)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{home.address}/household")
        page.get_by_text("Change the passphrase").click()
        page.get_by_test_id("passphrase-old").fill(PASSPHRASE)
        page.get_by_test_id("passphrase-new").fill("two lamps in the hall")
        page.get_by_test_id("passphrase-repeat").fill("two lamps in the hell")
        page.get_by_role("button", name="Change it").click()
        expect(page.get_by_role("alert").filter(has_text="differ")).to_be_visible()
        look(page, "passphrase-change")
        page.get_by_test_id("passphrase-repeat").fill("two lamps in the hall")
        page.get_by_role("button", name="Change it").click()
        expect(page.get_by_role("status").last).to_contain_text("has been changed", timeout=40_000)


def shown_until(page: Page) -> float:
    """How far ahead of now the first strip ends, in s."""
    until_ms = float(page.get_by_test_id("timeline-strip").first.get_attribute("aria-valuemax") or 0)
    return until_ms / 1000 - time.time()


@pytest.mark.timeout(400)
def test_the_demo_and_all_that_it_recorded_leave_with_the_first_camera(tmp_path: Path) -> None:
    source = film(scene("printed_code", width=640, height=360), tmp_path / "yard.mp4", 60)
    with house(tmp_path / "house", demo=True) as home, browser(viewport=DESKTOP) as context:
        page = context.new_page()
        set_up(page, home.address)
        page.get_by_test_id("clip-row").first.wait_for(timeout=120_000)
        until(lambda: page.locator("[data-testid=clip-row] img").count() > 0, "a thumbnail", 30)
        page.wait_for_timeout(12_000 if PICTURES else 0)  # for a picture of the best look
        look(page, "home-demo")
        clip = page.get_by_test_id("clip-row").first.get_attribute("data-clip")
        the_zooms_of_the_timeline_show_the_past(page, home)

        page.goto(f"{home.address}/cameras/new")
        expect(page.get_by_text("with everything they recorded")).to_be_visible()
        look(page, "add-camera")
        page.get_by_test_id("camera-name").fill("Porch")  # as a demo camera is called
        page.get_by_test_id("camera-url").fill(f"file:{source}")
        page.get_by_test_id("camera-test").click()
        expect(page.get_by_test_id("camera-found")).to_be_visible(timeout=40_000)
        page.get_by_test_id("camera-save").click()
        expect(page.get_by_test_id("camera-card")).to_have_count(1, timeout=20_000)
        ids = page.evaluate("async () => (await (await fetch('/api/cameras')).json()).map(c => c.id)")
        until(lambda: {each.name for each in (home.data / "hub" / "vault").iterdir()} <= set(ids), "the files", 45)
        expect(page.get_by_text("A removed camera")).to_have_count(0)
        listed = page.evaluate("async () => (await (await fetch('/api/clips')).json()).map(c => c.camera_id)")
        assert set(listed) <= set(ids)
        look(page, "home-after-demo")
        page.goto(f"{home.address}/clip/{clip}")
        expect(page.get_by_role("alert").first).to_be_visible()
        blobs = home.data / "cloud" / "blobs"
        mine = page.evaluate("async () => (await (await fetch('/api/home')).json()).cloud.clips")
        assert mine > 0 or not [each for each in blobs.rglob("*") if each.is_file()]


def the_zooms_of_the_timeline_show_the_past(page: Page, home: House) -> None:
    page.goto(f"{home.address}/timeline")
    page.get_by_test_id("timeline-strip").first.wait_for()
    for name in ("24 h", "6 h", "1 h", "10 min"):
        page.get_by_role("button", name=name).click()
        assert -3 < shown_until(page) < 3, name
        look(page, f"timeline-{name.replace(' ', '')}")
    page.locator("main").focus()
    for key in ("-", "-", "-", "+", "+", "ArrowRight", "-", "-", "-", "-"):
        page.keyboard.press(key)
        assert shown_until(page) < 3, key
    page.get_by_role("button", name="The day before").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Yesterday")
    assert shown_until(page) < 0
    page.get_by_role("button", name="The day after").click()
    until(lambda: -3 < shown_until(page) < 3, "today's strip ending now", 5)


@pytest.mark.timeout(240)
def test_areas_that_were_not_saved_are_there_on_return(tmp_path: Path) -> None:
    with house(tmp_path / "house", demo=True) as home, browser(viewport=DESKTOP) as context:
        page = context.new_page()
        set_up(page, home.address)
        page.goto(f"{home.address}/cameras")
        page.get_by_text("Living room").click()
        until(lambda: page.locator(".canvas img").count() == 1, "a still", 60)
        draw(page, "Mask", [(0.05, 0.05), (0.45, 0.05), (0.45, 0.6)])
        areas = page.get_by_role("list", name="Areas").get_by_role("listitem")
        expect(areas).to_have_count(1)
        expect(page.get_by_text("this device keeps what you have drawn")).to_be_visible()

        page.go_back()
        page.get_by_text("Living room").click()
        expect(page.get_by_test_id("areas-back")).to_be_visible()
        expect(areas).to_have_count(1)
        page.reload()
        expect(areas).to_have_count(1)
        look(page, "areas-back")
        close = page.get_by_role("button", name="Close shape")
        page.get_by_role("button", name="Undo").click()
        if close.count() == 0:  # that was the kind, if it was chosen after the shape was closed
            page.get_by_role("button", name="Undo").click()
        expect(close).to_be_enabled()
        close.click()
        expect(areas).to_have_count(1)

        address = page.url
        page.close()  # a tab that is closed asks nobody
        page = context.new_page()
        page.goto(address)
        areas = page.get_by_role("list", name="Areas").get_by_role("listitem")
        expect(areas).to_have_count(1)
        page.route("**/api/cameras/*", lambda route: route.abort() if route.request.method == "PATCH" else None)
        page.get_by_test_id("areas-save").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing that you drew is lost")
        look(page, "areas-not-saved")
        expect(areas).to_have_count(1)
        page.unroute("**/api/cameras/*")
        page.get_by_test_id("areas-save").click()
        expect(page.get_by_text("Areas saved.")).to_be_visible()
        expect(page.get_by_test_id("areas-back")).to_have_count(0)
        page.reload()
        expect(areas).to_have_count(1)
        expect(page.get_by_test_id("areas-back")).to_have_count(0)


NO_ANSWER = "Notification.requestPermission = () => new Promise(() => {});"
NO_SERVICE = """Object.defineProperty(Notification, 'permission', { get: () => 'granted' });
    Notification.requestPermission = async () => 'granted';
    PushManager.prototype.subscribe = () => new Promise(() => {});"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("setting", "waits", "ends"),
    [
        (NO_ANSWER, "Waiting for your answer", "was not answered"),
        (NO_SERVICE, "Waiting for the push service", "did not answer"),
    ],
)
def test_an_alert_switch_that_waits_says_so_and_ends(tmp_path: Path, setting: str, waits: str, ends: str) -> None:
    with house(tmp_path / "house") as home, browser(viewport=PHONE) as context:
        page = context.new_page()
        page.add_init_script(setting)
        set_up(page, home.address)
        page.clock.install()
        page.goto(f"{home.address}/household")
        switch = page.get_by_test_id("alerts").get_by_role("checkbox").first
        switch.focus()
        page.keyboard.press("Space")
        page.clock.run_for(400)
        expect(page.get_by_test_id("alerts").get_by_role("status")).to_contain_text(waits)
        expect(switch).to_be_disabled()
        look_at_alerts(page, f"alerts-waits-{len(ends)}")
        page.clock.run_for(31_000)
        expect(page.get_by_test_id("alerts").get_by_role("alert")).to_contain_text(ends)
        expect(switch).to_be_enabled()
        expect(switch).to_be_focused()
        expect(switch).not_to_be_checked()
        look_at_alerts(page, f"alerts-ended-{len(ends)}")


def look_at_alerts(page: Page, name: str) -> None:
    if PICTURES:
        page.get_by_test_id("alerts").screenshot(path=Path(PICTURES) / f"{name}.png")
