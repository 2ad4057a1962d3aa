"""A day in the life: a camera that is not ours, a browser that is not ours, and a clip from first start to its end."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from tests.browser.visit import PASSPHRASE, browser, set_up
from tests.cameras import gst_rtsp
from tests.house import House, house, until

pytestmark = pytest.mark.browser

SHOWN = """video => { const c = document.createElement('canvas'); c.width = 320; c.height = 180;
    c.getContext('2d').drawImage(video, 0, 0, 320, 180); return c.toDataURL('image/png').split(',')[1]; }"""


def shown_picture(page: Page) -> np.ndarray:
    """What the <video> shows now, (180, 320, 3) BGR."""
    raw = base64.b64decode(page.get_by_test_id("clip-video").evaluate(SHOWN))
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)


def nearest(picture: np.ndarray, source: Path) -> float:
    """Mean difference in grey levels to the most similar picture of a film."""
    best = 255.0
    with av.open(str(source)) as original:
        for frame in original.decode(video=0):
            small = cv2.resize(frame.to_ndarray(format="bgr24"), (320, 180), interpolation=cv2.INTER_AREA)
            best = min(best, float(np.abs(small.astype(int) - picture).mean()))
    return best


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(scene("printed_code", width=1280, height=720), tmp_path_factory.mktemp("film") / "yard.mp4", 90)


@pytest.mark.services
@pytest.mark.timeout(400)
def test_a_clip_from_first_start_to_its_end(tmp_path: Path, source: Path) -> None:
    errors: list[str] = []
    with gst_rtsp(source) as url, house(tmp_path / "house") as home, browser() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)

        words = set_up(page, home.address)
        expect(page.get_by_text("No camera yet")).to_be_visible()
        page.get_by_role("link", name="Add a camera").click()
        page.get_by_test_id("camera-name").fill("Yard")
        page.get_by_test_id("camera-url").fill("rtsp://127.0.0.1:9/nothing")
        page.get_by_test_id("camera-test").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing listens at this address", timeout=30_000)
        page.get_by_test_id("camera-url").fill(url)
        page.get_by_test_id("camera-test").click()
        expect(page.get_by_test_id("camera-found")).to_contain_text("1280×720", timeout=40_000)
        expect(page.get_by_alt_text("First picture of the camera")).to_be_visible()
        page.get_by_test_id("camera-save").click()

        expect(page.get_by_test_id("camera-card")).to_contain_text("Yard")
        page.get_by_test_id("clip-row").first.click(timeout=60_000)
        video = page.get_by_test_id("clip-video")
        until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 1.5"), "playback", 40)
        assert video.evaluate("v => [v.videoWidth, v.videoHeight]") == [1280, 720]
        assert nearest(shown_picture(page), source) < 6.0

        clip_id = page.url.rsplit("/", 1)[1]
        page.reload()  # the key stays unlocked on this device
        until(lambda: page.evaluate("document.querySelector('video')?.readyState >= 2"), "playback", 40)
        until(lambda: not any(c["open"] for c in clips_of(page) if c["id"] == clip_id), "the clip's end", 90)
        until(lambda: all(c["in_cloud"] for c in clips_of(page) if c["id"] == clip_id), "the mailbox having it", 30)
        with page.expect_download() as download:
            page.get_by_test_id("clip-download").click()
        saved = tmp_path / "saved.mp4"
        download.value.save_as(saved)
        with av.open(str(saved)) as opened:
            assert sum(1 for _ in opened.decode(video=0)) > 100

        kept = home.data / "hub" / "vault"
        assert list(kept.glob(f"*/clips/{clip_id}/part-0000.age"))
        debians_age_opens(home, words, next(kept.glob(f"*/clips/{clip_id}/part-0000.age")), tmp_path)

        home.stop()
        home.clock_offset_s = 24 * 3600 + 120
        home.start()
        page.goto(home.address)
        until(lambda: not list(kept.glob(f"*/clips/{clip_id}")), "the clip leaving the hub's disk", 60)
        until(lambda: not any(c["id"] == clip_id for c in clips_of(page)), "the clip leaving the index", 30)
        until(lambda: not blobs_older_than_restart(home), "the clip leaving the mailbox", 90)
        page.goto(f"{home.address}/clip/{clip_id}")
        expect(page.get_by_role("alert").first).to_be_visible()
    assert errors == []


def clips_of(page: Page) -> list[dict[str, object]]:
    return list(page.evaluate("async () => (await fetch('/api/clips')).json()"))


def blobs_older_than_restart(home: House) -> list[Path]:
    edge = time.time() - 60
    return [p for p in (home.data / "cloud" / "blobs").rglob("*") if p.is_file() and p.stat().st_mtime < edge]


def debians_age_opens(home: House, words: list[str], sealed: Path, folder: Path) -> None:
    """`nightlatch keys export`, then Debian's age, by hand."""
    key = folder / "key.txt"
    subprocess.run(
        [sys.executable, "-m", "nightlatch", "keys", "export", str(key), "--words", "--data", str(home.data)],
        input=" ".join(words) + "\n",
        text=True,
        check=True,
        capture_output=True,
    )
    assert key.stat().st_mode & 0o777 == 0o600
    opened = subprocess.run(["age", "-d", "-i", str(key), str(sealed)], check=True, capture_output=True).stdout
    with av.open(BytesIO(opened)) as clip:
        assert next(clip.decode(video=0)).width == 1280


@pytest.mark.timeout(300)
def test_a_second_device_a_timeline_and_a_goodbye(tmp_path: Path) -> None:
    with house(tmp_path / "house", demo=True) as home:
        with browser() as first:
            set_up(first.new_page(), home.address)
        with browser(viewport={"width": 390, "height": 844}) as phone:
            page = phone.new_page()
            page.goto(home.address)
            page.get_by_test_id("login-passphrase").fill("not the passphrase")
            page.get_by_test_id("login-submit").click()
            expect(page.get_by_role("alert")).to_contain_text("not the passphrase")
            page.get_by_test_id("login-passphrase").fill(PASSPHRASE)
            page.get_by_test_id("login-submit").click()
            expect(page.get_by_test_id("status-line")).to_contain_text("All is well", timeout=40_000)
            expect(page.get_by_test_id("camera-card").locator("img")).to_have_count(2, timeout=40_000)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

            page.get_by_test_id("clip-row").first.wait_for(timeout=90_000)
            until(lambda: sheets(page) > 0, "a sheet of stills", 90)
            page.get_by_role("link", name="Timeline").click()
            page.get_by_test_id("timeline-strip").first.wait_for()
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("Shift+ArrowLeft")
            page.keyboard.press(" ")
            until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 1"), "playback", 40)

            page.get_by_role("link", name="Home").click()
            clip = page.get_by_test_id("clip-row").first
            clip_id = clip.get_attribute("data-clip")
            clip.click()
            page.get_by_test_id("clip-delete").click()
            page.get_by_test_id("undo").click()
            page.get_by_test_id("clip-delete").click()
            until(lambda: not list(home.data.glob(f"hub/vault/*/clips/{clip_id}/manifest.age")), "the deletion", 30)

            page.get_by_role("link", name="Household").click()
            expect(page.get_by_text("this one")).to_be_visible()
            expect(page.get_by_role("heading", name="What the mailbox sees")).to_be_visible()
            page.get_by_role("listitem").filter(has_text="this one").get_by_role("button", name="Sign out").click()
            expect(page.get_by_test_id("login-passphrase")).to_be_visible()
            assert page.evaluate("async () => (await fetch('/api/home')).status") == 401


def sheets(page: Page) -> int:
    """How many sheets the timeline has."""
    ask = "async () => (await fetch(`/api/timeline?from_ms=${Date.now() - 9e6}&to_ms=${Date.now()}`)).json()"
    return sum(len(camera["sheets"]) for camera in page.evaluate(ask)["cameras"])
