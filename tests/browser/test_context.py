"""What the household tells the house, in a real browser: its mode, its week, where cameras are, what areas show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.access import barriers
from tests.browser.test_areas import draw
from tests.browser.visit import browser, set_up
from tests.house import House, house, until

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("NIGHTLATCH_PICTURES")  # a folder for screenshots, for whoever wants to look
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("context") / "house", demo=True) as found:
        yield found


@pytest.fixture(scope="module")
def page(home: House) -> Iterator[Page]:
    with browser(viewport=DESKTOP) as context:
        page = context.new_page()
        set_up(page, home.address)
        yield page


def ask(page: Page, path: str) -> Any:
    return page.evaluate("async (path) => (await fetch('/api' + path)).json()", path)


def nobody_is_shut_out(page: Page, name: str) -> None:
    """Desktop and phones, light and dark: everything has a name, contrast and room."""
    for viewport in (DESKTOP, PHONE, SMALL):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(150)
            if PICTURES:
                page.screenshot(path=Path(PICTURES) / f"{name}-{viewport['width']}-{scheme}.png")
            assert barriers(page) == [], f"{name} {viewport['width']} {scheme}"
    page.emulate_media(color_scheme=None)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def pressed(page: Page, mode: str) -> Locator:
    return page.locator(f"[data-testid=mode-{mode}][aria-pressed=true]")


def test_what_is_checked_for_everybody_is_found_where_it_is(page: Page, home: House) -> None:
    page.goto(f"{home.address}/household")
    page.get_by_test_id("schedule").wait_for()
    page.evaluate(
        """() => { const bad = document.createElement('div');
        bad.innerHTML = '<p>pale</p><button></button><fieldset></fieldset>';
        Object.assign(bad.querySelector('p').style, { color: '#bbb', background: '#fff' });
        Object.assign(bad.querySelector('button').style, { width: '9px', minHeight: '9px', padding: 0 });
        document.querySelector('main').append(bad); }"""
    )
    found = " ".join(barriers(page))
    for fault in ("contrast", "no name", "small target", "no legend"):
        assert fault in found


@pytest.mark.timeout(180)
def test_the_mode_is_changed_with_one_press_and_taken_back(page: Page, home: House) -> None:
    page.goto(home.address)
    expect(pressed(page, "home")).to_be_visible()
    page.get_by_test_id("mode-away").focus()
    page.keyboard.press("Enter")
    expect(pressed(page, "away")).to_be_focused()
    expect(page.get_by_test_id("mode-now")).to_contain_text("Away since")
    assert ask(page, "/mode")["mode"] == "away"
    nobody_is_shut_out(page, "mode-away")
    page.get_by_test_id("mode-night").click()
    page.get_by_test_id("undo").click()
    expect(pressed(page, "away")).to_be_visible()
    assert ask(page, "/home")["mode"]["by"] == "hand"
    page.get_by_test_id("mode-home").click()
    expect(pressed(page, "home")).to_be_visible()


def test_the_mode_is_under_the_thumb_of_a_phone_and_hides_nothing(page: Page, home: House) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(home.address)
    page.get_by_test_id("mode-away").wait_for()
    box = page.get_by_test_id("mode-away").bounding_box()
    tabs = page.get_by_role("navigation", name="Pages").bounding_box()
    assert box is not None
    assert tabs is not None
    assert box["y"] > PHONE["height"] * 2 / 3
    assert box["y"] + box["height"] <= tabs["y"]
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = page.evaluate("document.querySelector('main').lastElementChild.getBoundingClientRect().bottom")
    assert last <= box["y"]
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def test_a_slow_hub_shows_as_busy_and_one_that_fails_says_so(page: Page, home: House) -> None:
    page.goto(home.address)
    expect(pressed(page, "home")).to_be_visible()
    held: list[Route] = []
    page.route("**/api/mode", lambda route: held.append(route))
    page.get_by_test_id("mode-night").click()
    expect(page.get_by_test_id("mode")).to_have_attribute("aria-busy", "true")
    page.get_by_test_id("mode-away").dispatch_event("click")  # what is on its way is not overtaken
    until(lambda: bool(page.evaluate("1")) and len(held) == 1, "the question", 5)
    held[0].continue_()
    expect(pressed(page, "night")).to_be_visible()
    assert len(held) == 1
    page.unroute("**/api/mode")
    page.route("**/api/mode", lambda route: route.abort())
    page.get_by_test_id("mode-home").click()
    expect(page.get_by_test_id("mode").get_by_role("alert")).to_contain_text("cannot be reached")
    expect(pressed(page, "night")).to_be_visible()
    page.unroute("**/api/mode")
    page.get_by_test_id("mode-home").click()
    expect(pressed(page, "home")).to_be_visible()
    expect(page.get_by_test_id("mode").get_by_role("alert")).to_have_count(0)


@pytest.mark.timeout(180)
def test_a_week_is_made_by_keyboard_and_is_there_again(page: Page, home: House) -> None:
    page.goto(f"{home.address}/household")
    section = page.get_by_test_id("schedule")
    expect(section).to_contain_text("No schedule: the mode stays as you set it.")
    add = page.get_by_test_id("time-add")
    add.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(add).to_be_focused()
    page.get_by_role("button", name="Weekdays, weekend").press("Enter")
    page.get_by_role("button", name="Remove Weekend, time 2").press("Enter")
    expect(add.last).to_be_focused()
    page.get_by_label("Weekend, time 1: from").fill("23:30")
    week = page.get_by_test_id("week")
    expect(week).to_have_attribute("aria-label", "Monday to Friday: night from 22:30 to 07:00, away from 08:30 to "
        "17:00. Weekend: night from 23:30 to 07:00. At all other times, home.")  # fmt: skip
    nobody_is_shut_out(page, "schedule")
    page.route("**/api/mode/schedule", lambda route: route.abort())
    page.get_by_test_id("schedule-save").click()
    expect(section.get_by_role("alert")).to_contain_text("Your times are still here")
    page.unroute("**/api/mode/schedule")
    page.get_by_test_id("schedule-save").click()
    expect(page.get_by_text("The schedule is kept.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Weekend, time 1: from")).to_have_value("23:30")
    expect(page.get_by_test_id("schedule-save")).to_be_disabled()
    page.goto(home.address)
    expect(page.get_by_test_id("mode-now")).to_contain_text("then")
    page.get_by_test_id("mode-away").click()
    expect(pressed(page, "away")).to_be_visible()
    page.get_by_role("button", name="Keep it until I change it").click()
    expect(page.get_by_test_id("mode-now")).to_contain_text("it stays until somebody changes it")
    assert ask(page, "/mode")["held"] is True


def test_where_a_camera_is_can_be_said_with_a_picture_or_later(page: Page, home: House) -> None:
    page.goto(f"{home.address}/cameras/new")
    sent: list[dict[str, Any]] = []

    def keep(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.fulfill(status=503, json={"error": "Not now."})

    page.get_by_test_id("camera-name").fill("Porch")
    page.get_by_test_id("camera-url").fill("rtsp://192.0.2.1/stream")
    expect(page.get_by_label("Ask me later")).to_be_checked()
    nobody_is_shut_out(page, "site")
    page.route("**/api/cameras", keep)
    page.get_by_test_id("camera-save").click()
    expect(page.get_by_role("alert")).to_contain_text("Not now.")
    page.get_by_test_id("site-street").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("site-front_door")).to_be_checked()
    page.get_by_test_id("camera-save").click()
    until(lambda: bool(page.evaluate("1")) and len(sent) == 2, "the second try", 5)
    assert [each.get("site") for each in sent] == [None, "front_door"]
    page.unroute("**/api/cameras")


@pytest.mark.timeout(180)
def test_a_camera_says_where_it_is_what_its_areas_show_and_when_somebody_is_there(page: Page, home: House) -> None:
    page.goto(f"{home.address}/cameras")
    page.get_by_text("Living room").click()
    until(lambda: page.locator(".canvas img").count() == 1, "a still", 60)
    expect(page.get_by_test_id("habits")).to_contain_text("This takes 3 days of watching.")
    expect(page.get_by_test_id("site-inside")).to_be_checked()  # a demo camera says where it is
    page.get_by_test_id("site-garden").check(force=True)
    expect(page.get_by_text("Living room: garden.")).to_be_visible()

    draw(page, "Watch", [(0.5, 0.5), (0.95, 0.5), (0.95, 0.95), (0.5, 0.95)])
    page.get_by_test_id("area-canvas").focus()
    expect(page.get_by_test_id("area-canvas")).to_be_focused()
    window = page.get_by_role("radio", name="Window")
    window.focus()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("area-name")).to_have_value("Window 1")
    nobody_is_shut_out(page, "landmark")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Watched 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Watched 1", exact=True).click()
    page.get_by_test_id("shows-0-door").check(force=True)
    page.get_by_test_id("areas-save").click()
    expect(page.get_by_text("Areas saved.")).to_be_visible()
    camera = next(each for each in ask(page, "/cameras") if each["name"] == "Living room")
    assert (camera["site"], camera["areas"][0]["shows"]) == ("garden", "door")

    days = [0] * 7 + [11, 12] + [0] * 15
    there = {"of": [12] * 24, "places": [{"area": None, "days": days}]}
    page.route("**/habits", lambda route: route.fulfill(json=there))
    page.reload()
    expect(page.get_by_test_id("habits")).to_contain_text("Usual from 07:00 to 09:00.")
    page.get_by_test_id("habits").scroll_into_view_if_needed()
    nobody_is_shut_out(page, "habits")
    page.unroute("**/habits")


def test_the_strips_of_the_timeline_are_reached_by_keyboard(page: Page, home: House) -> None:
    page.goto(f"{home.address}/timeline")
    strip = page.get_by_test_id("timeline-strip").first
    strip.focus()
    expect(strip).to_be_focused()
    nobody_is_shut_out(page, "timeline")


@pytest.mark.timeout(180)
def test_boxes_can_be_hidden_and_stay_hidden(page: Page, home: House) -> None:
    page.goto(home.address)
    page.get_by_test_id("clip-row").first.wait_for(timeout=120_000)
    until(lambda: page.get_by_test_id("verdict").count() > 0, "something judged", 60)
    page.get_by_test_id("clip-row").filter(has=page.get_by_test_id("verdict")).first.click()
    switch = page.get_by_test_id("boxes")
    switch.wait_for(timeout=60_000)
    until(lambda: page.locator(".trails rect").count() > 0, "a box", 60)
    nobody_is_shut_out(page, "clip")
    switch.click()
    expect(page.get_by_test_id("trails")).to_have_count(0)
    page.reload()
    expect(switch).to_have_text("Show boxes")
    switch.click()
    expect(page.get_by_test_id("trails")).to_have_count(1)
