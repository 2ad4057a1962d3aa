"""A hub that is dead or hangs: the open page is grey, says since when, and is well again by itself.

Nothing on any page may be green meanwhile: what a page knows is from before.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import browser, set_up
from tests.house import House, house, until
from tests.hub.test_alerts import Browser
from tests.stories.test_silent_hub import subscribe

pytestmark = pytest.mark.browser

SOON_MS = 12_000
PICTURES = os.environ.get("NIGHTLATCH_PICTURES")  # a folder, for looking at what is shown
SOLID = """() => {
    const found = [];
    for (const it of document.querySelectorAll('body *')) {
        if (it.closest('img, video, canvas') || !it.getClientRects().length) continue;
        for (const pseudo of [undefined, '::before']) {
            const style = getComputedStyle(it, pseudo);
            for (const name of ['color', 'backgroundColor', 'borderTopColor', 'fill', 'stroke'])
                found.push(`${style[name]} ${name} of ${it.tagName}.${it.getAttribute('class')}`);
        }
    }
    return found;
}"""


def greens(page: Page) -> list[str]:
    """Everything on the page that is drawn in green."""
    return sorted(each for each in set(page.evaluate(SOLID)) if _is_green(each))


def _is_green(drawn: str) -> bool:
    stated = re.match(r"(rgba?|color)\((?:srgb )?([^)]*)\)", drawn)  # a mix of two colours comes as shares of one
    if stated is None:
        return False
    scale = 255 if stated[1] == "color" else 1
    red, green, blue, alpha = [*(float(n) for n in re.findall(r"\d[\d.]*", stated[2])), 1.0][:4]
    return alpha > 0 and green * scale > max(60, 1.25 * red * scale, 1.08 * blue * scale)


def look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def processes(home: House) -> list[int]:
    assert home.process is not None
    return [home.process.pid, *(pid for role in ("serve", "watch", "cloud") for pid in home.children(role))]


@contextlib.contextmanager
def held(pids: list[int]) -> Iterator[None]:
    """Stopped as a machine that hangs: its sockets stay open, and nobody answers."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def kill(home: House) -> None:
    """As when the power goes: nobody says a word."""
    for pid in processes(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert home.process is not None
    home.process.wait(10)


class Wire:
    """A network between a browser and a hub, which may go without a word: no connection is closed, nothing comes."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._lines: list[list[bool]] = []  # whether each connection carries anything
        self._is_cut = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for line in self._lines:
            line[0] = False

    def mend(self) -> None:
        """For new connections; those of before stay dead, as those to a machine that was switched off do."""
        self._is_cut = False

    def _accept(self) -> None:
        while True:
            near, _ = self._listening.accept()
            far, line = socket.create_connection(("127.0.0.1", self._to)), [not self._is_cut]
            self._lines.append(line)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(*ends, line), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, line: list[bool]) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                if line[0]:
                    other.sendall(data)
            if line[0]:
                other.shutdown(socket.SHUT_WR)


def is_grey(page: Page) -> None:
    """Home says that nobody answers, and since when; nothing is green or said of now."""
    status = page.get_by_test_id("status-line")
    expect(status).to_contain_text("Your hub does not answer", timeout=SOON_MS)
    expect(status).to_contain_text(re.compile(r"Last heard \d\d:\d\d\."))
    expect(status).to_contain_text("is the hub switched on?")
    expect(page.get_by_test_id("camera-card").first).to_contain_text("Not known since")
    expect(page).to_have_title(re.compile("^No answer"))
    assert page.locator('link[rel="icon"]').get_attribute("href") == "/mark-silent.svg"
    assert greens(page) == []
    assert "All is well" not in page.content()


def is_well(page: Page) -> None:
    expect(page.get_by_test_id("status-line")).to_contain_text("All is well", timeout=40_000)
    expect(page.get_by_test_id("hub-silent")).to_have_count(0)
    expect(page).to_have_title("Home · Nightlatch")
    assert greens(page) != []


@pytest.mark.timeout(300)
def test_a_network_that_is_gone_is_a_silent_hub_and_a_device_can_be_told_of_one(tmp_path: Path) -> None:
    with house(tmp_path / "house") as home, browser(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        wire = Wire(home.port)
        set_up(page, wire.address)
        status = page.get_by_test_id("status-line")
        expect(status).to_contain_text("Ready for a camera")
        assert "well" not in (status.get_attribute("class") or "")  # nothing is recorded: no green tick
        wire.cut()
        expect(status).to_contain_text("Your hub does not answer", timeout=SOON_MS)
        assert greens(page) == []
        wire.mend()
        expect(status).to_contain_text("Ready for a camera", timeout=SOON_MS)

        page.get_by_role("link", name="Household").click()
        stands = page.get_by_test_id("silence-now")
        expect(stands).to_contain_text("This needs a device that is alerted")
        expect(page.get_by_test_id("silence-on")).to_be_disabled()
        subscribe(home, Browser())
        page.reload()
        page.get_by_test_id("silence-on").scroll_into_view_if_needed()
        look(page, "household-off")
        expect(stands).to_have_text("Off. Your mailbox runs on the hub's own machine, and falls silent with it.")
        page.get_by_test_id("silence-on").click()
        expect(page.get_by_role("status").filter(has_text="Your devices will be told")).to_be_visible()
        expect(page.get_by_test_id("silence-on")).to_be_checked()
        expect(stands).to_contain_text("One device is told after 5 minutes of silence.")
        look(page, "household-on")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("shape", ["desk", "phone"])
def test_a_hub_that_hangs_or_is_killed_turns_the_page_grey_until_it_answers(tmp_path: Path, shape: str) -> None:
    options: dict[str, object] = (
        {"viewport": {"width": 1280, "height": 900}}
        if shape == "desk"
        else {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    )
    with house(tmp_path / "house", demo=True) as home, browser(**options) as context:
        page = context.new_page()
        set_up(page, home.address)
        is_well(page)
        page.get_by_test_id("clip-row").first.wait_for(timeout=90_000)
        look(page, f"{shape}-well")

        with held(home.children("serve")):
            is_grey(page)
            expect(page.get_by_test_id("clip-row").first).to_be_visible()
            look(page, f"{shape}-hangs")
            page.get_by_role("link", name="Cameras").click()
            expect(page.get_by_test_id("hub-silent")).to_contain_text("Your hub does not answer")
            expect(page.locator(".rows .dot").first).to_contain_text("Not known since")
            assert greens(page) == []
            look(page, f"{shape}-cameras")
            page.get_by_role("link", name="Home").click()
        expect(page.get_by_role("status").filter(has_text="Your hub answers again")).to_be_visible(timeout=SOON_MS)
        is_well(page)

        page.get_by_role("link", name="Timeline").click()
        page.get_by_test_id("timeline-strip").first.wait_for()
        page.evaluate("async () => { await navigator.serviceWorker.ready; }")
        kill(home)
        expect(page.get_by_test_id("hub-silent")).to_contain_text("does not answer. Last heard", timeout=SOON_MS)
        until(lambda: page.get_by_test_id("strip-unheard").count() > 0, "the strip saying that it does not know")
        assert greens(page) == []
        look(page, f"{shape}-timeline")
        page.get_by_role("link", name="Home").click()
        is_grey(page)
        expect(page.get_by_test_id("clip-row").first).to_be_visible()  # what was there is still there to read
        look(page, f"{shape}-killed")

        page.reload()
        expect(page.get_by_role("heading")).to_have_text("Your hub does not answer")
        expect(page.get_by_text(re.compile(r"Last heard \d\d:\d\d\."))).to_be_visible()
        look(page, f"{shape}-reloaded")
        home.start()
        is_well(page)
