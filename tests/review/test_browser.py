"""The review room in Debian's Chromium with passkeys of its own: invited, enrolled, at work, locked."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect, sync_playwright

from nightlatch.domain.label import Happening, Subject
from nightlatch.domain.sighting import Verdict
from tests.browser.visit import CHROMIUM, FLAGS, browser
from tests.house import until
from tests.keeper.films import film
from tests.review.rooms import WholeRoom, whole_room

pytestmark = pytest.mark.browser
# Pictures leave at twice the film's speed at most: ten seconds of film take five, and more where others work.
LOADED_MS = 30_000

GREYS = """canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0; for (let i = 0; i < d.length; i += 4) sum += d[i] + d[i + 1] + d[i + 2]; return sum / d.length; }"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[WholeRoom]:
    with whole_room(tmp_path) as made:
        yield made


def authenticator(page: Page) -> None:
    """A passkey device that says yes, by Chromium's DevTools protocol."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@contextmanager
def reviewer(room: WholeRoom, errors: list[str], **options: object) -> Iterator[Page]:
    """Invited, with a passkey made on the page, and two administrators' signatures."""
    with browser(**options) as context:
        page = watched(context, errors)
        authenticator(page)
        page.goto(f"{room.origin}/#invite={room.desk.roster.invite()}")
        page.get_by_test_id("device").fill("desk by the window")
        page.get_by_test_id("make-passkey").click()
        change = page.get_by_test_id("change").inner_text()
        page.goto(room.origin)
        page.get_by_test_id("enter").click()
        expect(page.get_by_role("alert")).to_contain_text("Two administrators have yet to sign")
        room.signed(change)
        yield page


def watched(context: BrowserContext, errors: list[str]) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
    return page


def enter(page: Page) -> None:
    page.get_by_test_id("enter").click()


def test_a_reviewer_at_work_by_keyboard_alone(room: WholeRoom) -> None:
    errors: list[str] = []
    given = room.house.give(plain=film(20, 5))
    with reviewer(room, errors) as page:
        page.keyboard.press("Enter")  # the one button has the focus
        enter(page)
        desk = page.get_by_test_id("desk")
        expect(desk).to_have_attribute("data-here", "100", timeout=LOADED_MS)
        expect(page.get_by_test_id("canvas")).to_have_class("grey")
        until(lambda: page.get_by_test_id("canvas").evaluate(GREYS) > 20, "a picture on the canvas", 10)
        page.keyboard.press(" ")
        before = page.locator(".time").inner_text()
        for key in (",", ",", ".", "[", ".", ".", ".", "]", "g", "1", "6", "h", "t"):
            page.keyboard.press(key)
        assert page.locator(".time").inner_text() != before
        expect(page.get_by_test_id("canvas")).not_to_have_class("grey")
        expect(page.get_by_test_id("say-person")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_test_id("ruler").locator(".span")).to_have_count(1)
        expect(page.get_by_test_id("saved")).to_have_attribute("data-saved", "saved")
        expect(page.get_by_test_id("saved")).to_have_text("Saved.")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("empty")).to_contain_text("Nothing is waiting. Thank you.")
        [labelled] = room.desk.labels.submitted()
        assert labelled.donation == given.donation
        label = labelled.label
        assert label.subjects == {Subject.PERSON, Subject.PACKAGE}
        assert (label.happenings, label.verdict) == (frozenset({Happening.TAKING_THINGS}), Verdict.THREAT)
        assert 300 <= label.spans[0].ended_ms - label.spans[0].began_ms <= 800
        assert given.donation not in page.content()
        room.house.give()
        page.keyboard.press("Enter")
        expect(desk).to_have_attribute("data-here", "40")
        page.keyboard.press("!")
        page.get_by_test_id("flag-yes").click()
        expect(page.get_by_test_id("over")).to_contain_text("stopped for everybody")
        page.get_by_test_id("mine-open").click()
        expect(page.get_by_test_id("mine")).to_contain_text("2 of at most 150")
    assert errors == []
    assert room.leaves("view.open") == 2


def test_a_minute_of_nothing_locks_the_room_and_keeps_the_label(room: WholeRoom) -> None:
    errors: list[str] = []
    room.house.give()
    with reviewer(room, errors, viewport={"width": 390, "height": 844}, color_scheme="dark") as page:
        page.clock.install()
        page.goto(room.origin)
        enter(page)
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_test_id("say-cat").click()
        page.clock.run_for(61_000)
        expect(page.get_by_test_id("door")).to_contain_text("Your label is kept")
        expect(page.locator("canvas")).to_have_count(0)
        assert page.evaluate("async () => (await fetch('/api/mine')).status") == 401
        enter(page)
        expect(page.get_by_test_id("no-pictures")).to_be_visible()
        expect(page.get_by_test_id("say-cat")).to_have_attribute("aria-pressed", "true")
        page.get_by_test_id("say-routine").click()
        page.get_by_test_id("submit").click()
        expect(page.get_by_test_id("empty")).to_be_visible()
        [labelled] = room.desk.labels.submitted()
        assert labelled.label.subjects == {Subject.CAT}
        page.get_by_test_id("rest").click()
        expect(page.get_by_role("heading", name="Take your time")).to_be_visible()
    assert errors == []


def test_a_clip_that_its_owner_takes_back_leaves_the_screen(room: WholeRoom) -> None:
    errors: list[str] = []
    given = room.house.give()
    with reviewer(room, errors) as page:
        enter(page)
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        room.house.room.revoke(given.withdrawn(room.clock.now_ms()))
        expect(page.get_by_test_id("over")).to_contain_text("Ask for the next clip", timeout=5_000)
        expect(page.locator("canvas")).to_have_count(0)
        page.get_by_test_id("next").click()
        expect(page.get_by_test_id("empty")).to_be_visible()
    assert errors == []


def test_two_reviewers_see_the_same_clip_and_not_each_other(room: WholeRoom) -> None:
    errors: list[str] = []
    room.house.give()
    with reviewer(room, errors) as first:
        enter(first)
        expect(first.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        first.keyboard.press("2")
        first.keyboard.press("r")
        first.keyboard.press("Enter")
        expect(first.get_by_test_id("empty")).to_be_visible()
        mine = first.get_by_test_id("who").inner_text()
    with reviewer(room, errors) as second:
        enter(second)
        expect(second.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        expect(second.locator("[aria-pressed=true].chip")).to_have_count(0)
        assert second.get_by_test_id("who").inner_text() != mine
        assert mine not in second.content()
    assert errors == []


def at_desk(page: Page, pictures: str = "40") -> None:
    enter(page)
    expect(page.get_by_test_id("desk")).to_have_attribute("data-here", pictures, timeout=20_000)


def test_a_pointer_leaves_the_keys_to_the_film(room: WholeRoom) -> None:
    errors: list[str] = []
    room.house.give()
    with reviewer(room, errors) as page:
        at_desk(page)
        person, plays = page.get_by_test_id("say-person"), page.locator(".tool[data-key=' ']")
        person.click()
        expect(plays).to_have_attribute("aria-pressed", "true")
        page.keyboard.press(" ")
        expect(plays).to_have_attribute("aria-pressed", "false")
        expect(person).to_have_attribute("aria-pressed", "true")
        page.get_by_label("Moment in the clip").focus()
        page.keyboard.press(" ")
        expect(plays).to_have_attribute("aria-pressed", "true")
        page.get_by_test_id("say-cat").focus()  # as with Tab
        page.keyboard.press(" ")
        expect(plays).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("say-cat")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_test_id("say-cat")).to_be_focused()
        page.get_by_test_id("say-routine").click()  # and the focus is let go
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("empty")).to_be_visible()
    assert errors == []
    assert [each.label.subjects for each in room.desk.labels.submitted()] == [{Subject.PERSON, Subject.CAT}]


def test_a_label_is_taken_back_while_the_next_clip_waits(room: WholeRoom) -> None:
    errors: list[str] = []
    for _ in range(2):
        room.house.give()
    with reviewer(room, errors) as page:
        at_desk(page)
        first = page.get_by_test_id("desk").get_attribute("data-view")
        for key in ("2", "r", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_test_id("handed")).to_be_visible()
        expect(page.get_by_test_id("desk")).not_to_have_attribute("data-view", str(first))
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        page.keyboard.press("z")
        expect(page.get_by_test_id("again")).to_contain_text("waits")
        expect(page.get_by_test_id("desk")).to_have_attribute("data-view", str(first))
        expect(page.locator("canvas")).to_have_count(0)
        assert room.desk.labels.submitted() == []
        for key in ("u", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "40")
        until(lambda: page.get_by_test_id("canvas").evaluate(GREYS) > 20, "the pictures that waited", 10)
        page.keyboard.press("z")
        expect(page.get_by_test_id("again")).to_have_count(0)
        page.keyboard.press("0")
        page.get_by_test_id("submit").click()
        expect(page.get_by_test_id("empty")).to_be_visible()
    assert errors == []
    said = room.desk.labels.submitted()
    assert {(each.label.verdict, each.label.is_hidden) for each in said} == {(Verdict.UNSURE, False), (None, True)}
    assert (room.leaves("view.open"), room.leaves("label")) == (2, 4)


def test_the_practice_clip_is_checked_and_explained_and_never_counted(room: WholeRoom) -> None:
    errors, asked = list[str](), list[str]()
    with reviewer(room, errors) as page:
        before = len(room.log.leaves)
        page.on("request", lambda request: asked.append(request.url.removeprefix(room.origin)))
        page.get_by_test_id("practise").click()
        expect(page.get_by_test_id("practice")).to_have_attribute("data-here", "104")
        until(lambda: page.get_by_test_id("canvas").evaluate(GREYS) > 20, "a picture on the canvas", 10)
        for key in ("1", "d", "r", "Enter"):
            page.keyboard.press(key)
        answer = page.get_by_test_id("answer")
        expect(answer).to_contain_text("a parcel lies on the path from the first picture on")
        expect(answer).to_contain_text("Whoever delivers leaves it behind")
        for key in ("6", "d", "h", "t", "Enter"):
            page.keyboard.press(key)
        expect(answer).to_contain_text("That is how we would label it")
        page.keyboard.press("?")
        expect(page.get_by_test_id("guide")).to_contain_text("Somebody picks a parcel up from the step")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(page.get_by_test_id("door")).to_be_visible()
        assert asked == ["/practice.bin"]
        assert len(room.log.leaves) == before
    assert room.desk.labels.submitted() == []
    assert errors == []


def test_the_room_warns_before_it_locks_and_draws_nothing_behind_ones_own_figures(room: WholeRoom) -> None:
    errors: list[str] = []
    with reviewer(room, errors) as page:
        page.clock.install()
        page.goto(room.origin)
        enter(page)
        expect(page.get_by_test_id("empty")).to_be_visible()
        room.house.give()
        page.get_by_test_id("mine-open").click()
        for key in ("n", "z", "r"):
            page.keyboard.press(key)
        page.clock.run_for(20_000)
        expect(page.get_by_test_id("mine")).to_be_visible()
        assert room.leaves("view.open") == 0
        page.get_by_test_id("mine-close").click()
        page.get_by_test_id("next").click()
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "40", timeout=20_000)
        page.keyboard.press("Shift")
        page.clock.run_for(25_000)
        expect(page.get_by_test_id("idle-warning")).to_have_count(0)
        page.clock.run_for(23_000)
        expect(page.get_by_test_id("idle-warning")).to_contain_text("about to lock")
        page.keyboard.press("Shift")
        expect(page.get_by_test_id("idle-warning")).to_have_count(0)
        expect(page.locator("canvas")).to_be_visible()
    assert errors == []


def test_on_a_phone_everything_is_in_reach_and_the_picture_takes_the_window(room: WholeRoom) -> None:
    errors: list[str] = []
    room.house.give()
    size = {"width": 390, "height": 844}
    with reviewer(room, errors, viewport=size, has_touch=True, is_mobile=True) as page:
        page.goto(room.origin)
        at_desk(page)
        for place in ("0", "document.body.scrollHeight"):
            page.evaluate(f"scrollTo(0, {place})")
            for name in ("submit", "skip", "flag", "guide-open", "canvas"):
                expect(page.get_by_test_id(name)).to_be_in_viewport(ratio=1)
            for tool in page.locator(".tool").all():
                expect(tool).to_be_in_viewport(ratio=1)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.get_by_test_id("say-hidden").tap()
        expect(page.get_by_test_id("submit")).to_be_enabled()
        page.get_by_test_id("guide-open").tap()
        expect(page.get_by_test_id("guide")).to_contain_text("Three quarters of the picture are grey")
        page.locator("dialog .main").tap()
        page.locator(".tool[data-key='+']").tap()
        expect(page.get_by_test_id("said")).to_contain_text("Too much is hidden to say")
        screen = page.locator(".screen").bounding_box()
        assert screen is not None
        assert screen["width"] == 390
        assert screen["height"] > 0.75 * 844
        page.locator(".tool[data-key='+']").tap()
        page.get_by_test_id("submit").tap()
        page.get_by_test_id("undo").tap()
        expect(page.get_by_test_id("say-hidden")).to_have_attribute("aria-pressed", "true")
    assert errors == []


def test_a_killed_browser_leaves_no_picture_in_its_profile(room: WholeRoom, tmp_path: Path) -> None:
    profile, errors = tmp_path / "profile", list[str]()
    given = room.house.give(plain=film(20, 5))
    seen: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: seen.append(data) if isinstance(data, bytes) else None)

    if not os.path.exists(CHROMIUM):
        pytest.skip("Debian's Chromium is not installed (see scripts/packages.txt)")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
        page = watched(context, errors)
        page.on("websocket", listen)
        authenticator(page)
        page.goto(f"{room.origin}/#invite={room.desk.roster.invite()}")
        page.get_by_test_id("device").fill("desk")
        page.get_by_test_id("make-passkey").click()
        room.signed(page.get_by_test_id("change").inner_text())
        page.goto(room.origin)
        enter(page)
        expect(page.get_by_test_id("desk")).to_have_attribute("data-here", "100", timeout=LOADED_MS)
        page.evaluate("localStorage.setItem('planted', 'a mark that the scan must find')")
        until(lambda: found_in(profile, [b"a mark that the scan must find"]), "the profile being written", 30)
        for pid in processes(profile):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not processes(profile), "the browser's end", 10)
    assert len(seen) == 100
    pieces = [jpeg[-50:-2] for jpeg in seen] + [given.plain[at : at + 48] for at in range(2000, len(given.plain), 997)]
    assert found_in(profile, pieces) == []
    assert found_in(profile, [given.donation.encode()]) == []
    assert errors == []


def processes(profile: Path) -> list[int]:
    """Chromium's processes on this profile."""
    found = []
    for told in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(profile).encode() in told.read_bytes():
                found.append(int(told.parent.name))
    return found


def found_in(folder: Path, pieces: list[bytes]) -> list[Path]:
    """Files that hold one of the pieces, plainly or as UTF-16 (as Chromium may write text)."""
    wanted = pieces + [piece.decode("latin-1").encode("utf-16-le") for piece in pieces]
    found = []
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if file.is_file() and any(piece in held for held in [file.read_bytes()] for piece in wanted):
                found.append(file)
    return found
