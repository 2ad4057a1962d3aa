"""What the page says of the eye, and the switch for pictures that leave unsealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.clocks import system_clock
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import EyeStatus, Hello
from tests.browser.visit import browser, set_up
from tests.serving import served

pytestmark = pytest.mark.browser


@contextmanager
def visited(folder: Path, **settings: object) -> Iterator[tuple[Page, NoticeClient, str]]:
    """A page of a hub whose recorder we are."""
    app = create_app(HubSettings.model_validate({"data_dir": folder, **settings}), system_clock())
    with served(app) as url, browser(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        set_up(page, url)
        watch = NoticeClient(folder / "watch.sock", lambda notice: None, lambda: Hello(0, 1))
        watch.start()
        try:
            yield page, watch, url
        finally:
            watch.close()


def test_home_says_since_when_the_eye_is_blind_and_all_is_well_once_it_sees(tmp_path: Path) -> None:
    with visited(tmp_path) as (page, watch, _):
        now_ms = system_clock().now_ms()
        sees = EyeStatus(name="eye", since_ms=now_ms)
        line = page.get_by_test_id("status-line")
        watch.send(EyeStatus("eye", now_ms, now_ms - 60_000, "It does not answer. Restart the hub."))
        expect(line).to_contain_text("The eye is blind. Everything is recorded")
        expect(line).to_contain_text("One thing needs you")
        expect(line).to_contain_text("Since ")
        expect(line).to_contain_text("Restart the hub.")
        watch.send(sees)
        expect(line).not_to_contain_text("blind")
        expect(line).to_contain_text("Ready for a camera")


def test_pictures_over_mqtt_are_off_until_the_owner_ticks_the_box_that_says_what_it_means(tmp_path: Path) -> None:
    with visited(tmp_path, mqtt_url="mqtt://127.0.0.1:9") as (page, _, url):
        page.goto(f"{url}/household")
        part = page.get_by_test_id("alerts-mqtt")
        expect(part).to_contain_text("not sealed")
        box = page.get_by_test_id("mqtt-pictures")
        expect(box).not_to_be_checked()
        box.focus()
        page.keyboard.press("Space")
        expect(box).to_be_checked()
        expect(part).to_contain_text("none go yet", timeout=30_000)  # this broker is nobody's
        expect(box).to_be_enabled()
        page.reload()
        expect(box).to_be_checked()
        box.uncheck()
        page.reload()
        expect(page.get_by_test_id("mqtt-pictures")).not_to_be_checked()
