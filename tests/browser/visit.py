"""Debian's Chromium, driven as an owner would: set up, sign in, look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PASSPHRASE = "a lamp in the hall at night"


_running: list[Playwright] = []


@contextmanager
def _playwright() -> Iterator[Playwright]:
    """One driver for all browsers that are open at once: Playwright allows no second one in a thread."""
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        _running.append(playwright)
        try:
            yield playwright
        finally:
            _running.clear()


@contextmanager
def browser(**options: object) -> Iterator[BrowserContext]:
    """A fresh profile. Skips where Chromium is not installed."""
    if not os.path.exists(CHROMIUM):
        pytest.skip("Debian's Chromium is not installed (see scripts/packages.txt)")
    with _playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        try:
            yield context
        finally:
            context.close()
            chromium.close()


def pictures(page: Page, name: str) -> None:
    """What the page looks like at two sizes and in both themes, where somebody wants to look at it."""
    if not (folder := os.environ.get("NIGHTLATCH_PICTURES")):
        return
    for size, (width, height) in {"desk": (1366, 768), "phone": (390, 844)}.items():
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{size}-{scheme}.png")


def set_up(page: Page, address: str, pictures: Path | None = None) -> list[str]:
    """First start, as the page asks; the 24 words."""
    page.goto(address)
    page.get_by_test_id("setup-name").fill("Number 12")
    page.get_by_test_id("setup-passphrase").fill(PASSPHRASE)
    page.get_by_test_id("setup-repeat").fill(PASSPHRASE)
    if pictures:
        page.screenshot(path=pictures / "setup.png")
    page.get_by_test_id("setup-continue").click()
    words = page.get_by_test_id("recovery-word")
    expect(words).to_have_count(24)
    found = [text.strip() for text in words.all_text_contents()]
    if pictures:
        page.screenshot(path=pictures / "sheet.png")
    page.get_by_test_id("setup-continue").click()
    for number in range(3):
        field = page.get_by_test_id(f"recovery-check-{number}")
        field.fill(found[int(field.get_attribute("data-word-index") or 0)])
    page.get_by_test_id("setup-finish").click()
    expect(page.get_by_test_id("status-line")).to_be_visible()
    return found
