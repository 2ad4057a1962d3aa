"""Areas drawn in a real browser: a mask is black in the next still; a stay and a name are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import browser, set_up
from tests.house import house, until

pytestmark = pytest.mark.browser


def draw(page: Page, use: str, corners: list[tuple[float, float]]) -> None:
    """Tap the corners, and the first one again; then say what it is."""
    canvas = page.get_by_test_id("area-canvas")
    box = canvas.bounding_box()
    assert box is not None
    for x, y in [*corners, corners[0]]:
        canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
    page.get_by_role("button", name=use, exact=True).click()


def darkest_share(page: Page) -> float:
    """How much of the shown still is black."""
    return float(
        page.evaluate(
            """() => { const shown = document.querySelector('.canvas img');
            if (!shown?.naturalWidth) return 0;
            const canvas = document.createElement('canvas'), wide = shown.naturalWidth, high = shown.naturalHeight;
            canvas.width = wide; canvas.height = high;
            const pen = canvas.getContext('2d'); pen.drawImage(shown, 0, 0);
            const at = pen.getImageData(0, 0, wide, high).data; let dark = 0;
            for (let i = 0; i < at.length; i += 4) if (at[i] + at[i + 1] + at[i + 2] < 24) dark++;
            return dark / (wide * high); }"""
        )
    )


@pytest.mark.timeout(240)
def test_a_mask_is_black_in_the_next_still_and_a_stay_is_kept(tmp_path: Path) -> None:
    with house(tmp_path / "house", demo=True) as home, browser(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        set_up(page, home.address)
        page.goto(f"{home.address}/cameras")
        page.get_by_text("Living room").click()
        until(lambda: page.locator(".canvas img").count() == 1, "a still", 60)
        assert darkest_share(page) < 0.05
        draw(page, "Mask", [(0.05, 0.05), (0.45, 0.05), (0.45, 0.6), (0.05, 0.6)])
        expect(page.get_by_text("Nobody looks under a mask")).to_be_visible()
        draw(page, "Watch", [(0.55, 0.5), (0.95, 0.5), (0.95, 0.95), (0.55, 0.95)])
        page.get_by_test_id("area-dwell").select_option("10")
        page.get_by_test_id("area-name").fill("sofa")
        page.get_by_test_id("area-name").press("Tab")
        page.get_by_test_id("areas-save").click()
        until(lambda: 0.18 < darkest_share(page) < 0.3, "a still with the mask in it", 60)
        ask = "async () => (await (await fetch('/api/cameras')).json()).find(c => c.areas.length).areas"
        mask, watch = page.evaluate(ask)
        assert (mask["use"], mask["name"]) == ("mask", "Mask 1")
        assert (watch["use"], watch["name"], watch["dwell_s"]) == ("watch", "sofa", 10)
        page.reload()
        expect(page.get_by_text("someone must stay 10 s")).to_be_visible()
