"""From a click to the first picture of a sealed clip, beside the same clip unsealed; and stills under a finger.

    python -m bench.playback [--minutes 60] [--runs 5]

The real serve process over a vault that we fill as a recorder would: a clip of 20 s (720p, 2 Mbit/s, parts of 0.7 s)
and sheets of stills of an hour. Debian's Chromium signs in as the owner does.

Playback: the mouse clicks the clip's row on Home. Beside it, a page with a link: a click on that shows a <video> of
the same bytes, opened and in one file, from Python's file server on the same machine. Both are measured in the page
from the click to `requestVideoFrameCallback`, turn by turn, each time with a fresh page. A mouse hovers before it
clicks: what the page asks for when that begins is in play; `touched` are clicks without it (a script's `click()`).

Stills, from the pointer event to the first animation frame after the still was drawn: `cold` are clicks on minutes all
over the hour, none of which was opened before; `drag` is a finger that goes along the hour in four seconds: of each of
its moves, when a still of that place or one further on was shown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from playwright.sync_api import Page

from nightlatch.clocks import system_clock
from nightlatch.domain.manifest import Manifest
from nightlatch.domain.recording import Part
from nightlatch.domain.time import DAY_MS, HOUR_MS, MINUTE_MS
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import CameraList, Hello, Notice
from nightlatch.pixels.media.frames import Picture
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.media.stills import SheetBuilder
from nightlatch.seal.recipients import Sealer

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser.visit import browser, set_up
from tests.house import free_port, house, until
from tests.pixels.media.films import FixedClock, film, read

CLIP = "c" * 16
GOAL_TIMES, GOAL_MS = 1.3, 100
CLICKS = 20
SPACING_MS = 4000  # of the stills of a sheet
ADD = """async () => (await fetch('/api/cameras', {method: 'POST', headers: {'X-Nightlatch': '1',
    'Content-Type': 'application/json'}, body: JSON.stringify({name: 'Porch', url: 'rtsp://127.0.0.1:9/x'})})).json()"""
LINK = """<!doctype html><title>plain</title><a href="#" id="go">Play</a><script>
document.getElementById("go").onclick = (event) => {
  event.preventDefault();
  const video = document.createElement("video");
  Object.assign(video, {autoplay: true, muted: true, playsInline: true, controls: true, src: "/film.mp4"});
  document.body.append(video);
};</script>"""
# When the click came, and when the first picture of the video was shown.
FIRST_FRAME = """addEventListener('click', (event) => {
  const clicked = event.timeStamp;
  window.waited = new Promise((done) => {
    const look = () => {
      const video = document.querySelector('video');
      if (!video) return;
      seeing.disconnect();
      video.requestVideoFrameCallback((now) => done(now - clicked));
    };
    const seeing = new MutationObserver(look);
    seeing.observe(document, {childList: true, subtree: true});
  });
}, true);"""
# Every place that the pointer went to, and every still that was drawn.
STILLS = """() => {
  const strip = document.querySelector('[data-testid=timeline-strip]');
  window.wanted = []; window.drawn = [];
  const want = (event) => {
    const box = strip.getBoundingClientRect();
    const from = Number(strip.getAttribute('aria-valuemin')), to = Number(strip.getAttribute('aria-valuemax'));
    const at = from + (event.clientX - box.left) / box.width * (to - from);
    if (event.buttons) window.wanted.push([event.timeStamp, at]);
  };
  addEventListener('pointerdown', want, true);
  addEventListener('pointermove', want, true);
  new MutationObserver(() => {
    const at = Number(document.querySelector('[data-testid=timeline-still]').dataset.atMs);
    requestAnimationFrame(() => window.drawn.push([performance.now(), at]));
  }).observe(document.querySelector('[data-testid=timeline-still]'), {attributeFilter: ['data-at-ms']});
}"""


@dataclass(frozen=True, slots=True)
class Ground:
    """A hub with something to look at."""

    page: Page
    address: str
    plain: str  # where the same clip lies unsealed
    camera: str
    began_ms: int  # of the hour of sheets
    minutes: int


@contextlib.contextmanager
def ground(folder: Path, minutes: int) -> Iterator[Ground]:
    """A hub whose recorder we are, a file server, and a browser that is signed in."""
    heard: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    with house(folder / "house", program="serve") as home, browser(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(FIRST_FRAME)
        set_up(page, home.address)
        watch = NoticeClient(home.data / "hub" / "watch.sock", heard.put, lambda: Hello(0, 1))
        watch.start()
        try:
            camera = str(page.evaluate(ADD)["id"])
            cameras = listed(heard)
            vault, sealer = Vault(home.data / "hub", system_clock()), Sealer(list(cameras.recipients))
            telling = Telling(watch, system_clock())
            opened = keep_clip(folder, camera, str(cameras.household_id), vault, sealer, telling)
            noon_ms = system_clock().now_ms() // DAY_MS * DAY_MS - DAY_MS // 2  # of yesterday
            keep_sheets(camera, noon_ms, minutes, vault, sealer)
            telling.settled(vault.settle())
            with file_server(folder / "plain", opened) as plain:
                yield Ground(page, home.address, plain, camera, noon_ms, minutes)
        finally:
            watch.close()


def listed(heard: queue.SimpleQueue[Notice]) -> CameraList:
    """The list that names a camera and a key. Raises `queue.Empty` when it does not come."""
    while True:
        notice = heard.get(timeout=20)
        if isinstance(notice, CameraList) and notice.cameras and notice.recipients:
            return notice


def keep_clip(folder: Path, camera: str, household: str, vault: Vault, sealer: Sealer, telling: Telling) -> bytes:
    """Keep a clip that ended a minute ago; its opened bytes."""
    began_ms = system_clock().now_ms() - MINUTE_MS
    noisy = "-vf noise=alls=12:allf=t -b:v 2M -maxrate 2M -bufsize 2M -profile:v high"
    path = film(folder / "film.mp4", seconds=20, fps=15, key_every=15, size="1280x720", more=noisy)
    streams, packets = read(path, FixedClock(began_ms))
    segmenter = Segmenter(streams, camera, target_ms=60_000)
    parts = [item for packet in packets for item in segmenter.add(packet)] + segmenter.finish()
    said = Manifest(
        *(household, camera, "Porch", CLIP, began_ms + 5000, began_ms, streams.codecs, 1280, 720, 15.0, None)
    )
    clip, opened = vault.begin_clip(CLIP, said), b""
    telling.clip(clip)
    for part in parts:
        if isinstance(part, Part):
            vault.keep_clip_part(clip, part, sealer)
            opened += part.mp4
    vault.close_clip(clip, sealer)
    telling.settled(vault.settle())
    return opened


def keep_sheets(camera: str, began_ms: int, minutes: int, vault: Vault, sealer: Sealer) -> None:
    """Keep a sheet for each minute, of pictures as rich as a yard's: some 0.2 MB."""
    chance, builder = np.random.default_rng(7), SheetBuilder(camera)
    for at_ms in range(began_ms, began_ms + minutes * MINUTE_MS + 1, SPACING_MS):
        coarse = cv2.resize(chance.integers(0, 255, (90, 160, 3), np.uint8), (1280, 720), interpolation=cv2.INTER_CUBIC)
        image = cv2.putText(coarse, str(at_ms), (40, 400), cv2.FONT_HERSHEY_SIMPLEX, 4, (255, 255, 255), 8)
        frame = av.VideoFrame.from_ndarray(np.asarray(image, np.uint8), "bgr24")
        sheet = builder.add(Picture(at_ms, 0, np.zeros((180, 320), np.uint8), frame))
        if sheet is not None:
            vault.keep_sheet(sheet, sealer)


@contextlib.contextmanager
def file_server(folder: Path, opened: bytes) -> Iterator[str]:
    """Python's own, with the opened clip and a page that links it; its address."""
    folder.mkdir()
    (folder / "film.mp4").write_bytes(opened)
    (folder / "index.html").write_text(LINK)
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "-b", "127.0.0.1", "-d", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the file server")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def first_frames(at: Ground, address: str, link: str, runs: int, *, hovers: bool = True) -> list[float]:
    """Milliseconds from the click to the first picture, each on a fresh page."""
    found = []
    for _ in range(runs):
        at.page.goto(address)
        target = at.page.locator(link).first
        target.wait_for()
        at.page.wait_for_timeout(1500)  # the list has been learnt
        target.click() if hovers else target.evaluate("it => it.click()")
        found.append(float(at.page.evaluate("window.waited")))
    return found


def stand_on_the_hour(at: Ground) -> Any:
    """A fresh timeline that shows the hour of sheets; where its strip is."""
    at.page.goto("about:blank")
    middle_ms = at.began_ms + HOUR_MS // 2
    at.page.goto(f"{at.address}/timeline?camera={at.camera}&at={middle_ms + 2 * HOUR_MS}")  # where there is no still
    strip = at.page.get_by_test_id("timeline-strip").first
    strip.wait_for()
    at.page.evaluate("at => history.replaceState(null, '', at)", "/timeline")
    at.page.wait_for_timeout(1000)
    at.page.evaluate(STILLS)
    return strip.bounding_box()


def place_of(at: Ground, box: Any, ms: float) -> float:
    """Where on the strip of a whole day a moment is."""
    strip = at.page.get_by_test_id("timeline-strip").first
    first, last = (float(strip.get_attribute(f"aria-value{end}") or 0) for end in ("min", "max"))
    return float(box["x"] + (ms - first) / (last - first) * box["width"])


def zoom_in(at: Ground, box: Any) -> None:
    """Turn the wheel until the strip shows the hour of sheets."""
    at.page.keyboard.down("Control")
    for _ in range(40):
        middle = place_of(at, box, at.began_ms + at.minutes * MINUTE_MS / 2)
        at.page.mouse.move(middle, box["y"] + box["height"] / 2)
        span = place_of(at, box, at.began_ms + at.minutes * MINUTE_MS) - place_of(at, box, at.began_ms)
        if span > 0.7 * box["width"]:
            break
        at.page.mouse.wheel(0, -100)
        at.page.wait_for_timeout(60)
    at.page.keyboard.up("Control")
    at.page.wait_for_timeout(300)


def cold_clicks(at: Ground) -> list[float]:
    """Clicks on different minutes, each of them new; milliseconds."""
    box = stand_on_the_hour(at)
    zoom_in(at, box)
    step = at.minutes // CLICKS
    minutes = random.Random(5).sample([n * step for n in range(CLICKS)], CLICKS)
    found = []
    for minute in minutes:
        x = place_of(at, box, at.began_ms + minute * MINUTE_MS + 30_000)
        at.page.mouse.move(x, box["y"] + box["height"] / 2)
        at.page.mouse.down()
        at.page.mouse.up()
        at.page.wait_for_timeout(700)
        found.append(waits(at)[-1])
    return found


def drag(at: Ground) -> list[float]:
    """One finger along the hour; milliseconds for each of its moves."""
    box = stand_on_the_hour(at)
    zoom_in(at, box)
    y = box["y"] + box["height"] / 2
    first, last = (place_of(at, box, at.began_ms + n * MINUTE_MS) for n in (1, at.minutes - 1))
    at.page.mouse.move(first, y)
    at.page.mouse.down()
    began = time.monotonic()
    while (share := (time.monotonic() - began) / 4) < 1:
        at.page.mouse.move(first + share * (last - first), y)
        time.sleep(0.016)
    at.page.wait_for_timeout(700)
    at.page.mouse.up()
    return waits(at)


def waits(at: Ground) -> list[float]:
    """For each place that the pointer went to: until a still of it, or of one that came later, was shown."""
    wanted, drawn = at.page.evaluate("[window.wanted, window.drawn]")
    found = []
    for n, (asked, _) in enumerate(wanted):
        later = wanted[n:]
        shown = [
            t - asked
            for t, ms in drawn
            if t >= asked and any(w <= t and abs(ms - place) <= SPACING_MS + 1000 for w, place in later)
        ]
        found.append(min(shown, default=float("inf")))
    return found


def told(name: str, times: list[float]) -> float:
    """Print the times; their median."""
    middle = statistics.median(times)
    worst = sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]
    few = " ".join(f"{each:.0f}" for each in times) if len(times) <= CLICKS else f"of {len(times)}"
    print(f"{name:28} {middle:6.0f} ms   p95 {worst:.0f}   {few}")
    return middle


def measure(at: Ground, runs: int) -> None:
    """Print everything."""
    plain: list[float] = []
    sealed: list[float] = []
    touched: list[float] = []
    row = "[data-testid=clip-row]"
    first_frames(at, at.plain, "#go", 1), first_frames(at, at.address, row, 1)  # the browser's decoder is warm
    for _ in range(runs):
        plain += first_frames(at, at.plain, "#go", 1)
        sealed += first_frames(at, at.address, row, 1)
        touched += first_frames(at, at.address, row, 1, hovers=False)
    before = told("unsealed, click to picture", plain)
    print(f"   {told('sealed', sealed) / before:.2f} x (goal {GOAL_TIMES})")
    print(f"   {told('sealed, touched', touched) / before:.2f} x")
    told(f"still, cold click (goal {GOAL_MS})", cold_clicks(at))
    told(f"still, drag (goal {GOAL_MS})", drag(at))


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--minutes", type=int, default=60)
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, ground(Path(folder), chosen.minutes) as at:
        measure(at, chosen.runs)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
