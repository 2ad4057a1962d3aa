"""A camera in H.265, seen in Debian's Chromium, which does not play it: the second stream, or a sentence that helps."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nightlatch.clocks import system_clock
from nightlatch.domain.manifest import Rendition
from nightlatch.domain.recording import Part, Segment
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import CameraList, Hello, Notice
from nightlatch.pixels.codecs import box
from nightlatch.pixels.media.beside import BESIDE_UUID
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.media.segmenter import Context
from nightlatch.seal.recipients import Sealer
from tests.browser.visit import browser, set_up
from tests.house import until
from tests.hub.keeping import keep_whole, manifest
from tests.pixels.media.films import FixedClock, cut, film, read
from tests.serving import served

pytestmark = pytest.mark.browser

HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=0:info=0:bframes=0:keyint=10"
LATER_MS = 20_000  # where the segment without a sub-stream is
CLIPS = "async () => (await fetch('/api/clips')).json()"
ADD = """async () => (await fetch('/api/cameras', {method: 'POST', headers: {'X-Nightlatch': '1',
    'Content-Type': 'application/json'}, body: JSON.stringify({name: 'Porch', url: 'rtsp://127.0.0.1:9/x'})})).json()"""


@dataclass(frozen=True, slots=True)
class Filmed:
    """What a stream of the camera sent in six seconds."""

    streams: Streams
    parts: list[Part]

    @classmethod
    def of(cls, path: Path, began_ms: int, said: Context | None = None, **options: object) -> Filmed:
        streams, packets = read(film(path, seconds=6, **options), FixedClock(began_ms))  # type: ignore[arg-type]
        return cls(streams, cut(streams, packets, target_ms=60_000, context=said)[1])


def _began(began_ms: int, seq: int) -> bytes:
    return json.dumps({"began_ms": began_ms}).encode()


@contextmanager
def recorded(folder: Path) -> Iterator[tuple[Page, str, str, int]]:
    """A hub whose recorder we are: a camera in HEVC, a clip with its sub-stream beside it, and one without."""
    heard: queue.SimpleQueue[Notice] = queue.SimpleQueue()
    app = create_app(HubSettings.model_validate({"data_dir": folder}), system_clock())
    with served(app) as url, browser(viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        set_up(page, url)
        watch = NoticeClient(folder / "watch.sock", heard.put, lambda: Hello(0, 1))
        watch.start()
        try:
            camera = page.evaluate(ADD)["id"]
            began_ms = system_clock().now_ms() - 60_000
            keep(folder, camera, _cameras(heard), watch, began_ms)
            until(lambda: sum(not clip["open"] for clip in page.evaluate(CLIPS)) == 2, "the clips in the books", 20)
            yield page, url, camera, began_ms
        finally:
            watch.close()


def _cameras(heard: queue.SimpleQueue[Notice]) -> CameraList:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        notice = heard.get(timeout=20)
        if isinstance(notice, CameraList) and notice.cameras and notice.recipients:
            return notice
    raise TimeoutError("no list of cameras came")


def keep(folder: Path, camera: str, cameras: CameraList, watch: NoticeClient, began_ms: int) -> None:
    main = Filmed.of(folder / "main.mp4", began_ms, size="1280x720", more=HEVC)
    sub = Filmed.of(folder / "sub.mp4", began_ms, _began)
    small = Rendition(sub.streams.codecs, sub.streams.video.width, sub.streams.video.height)
    vault, sealer = Vault(folder, system_clock()), Sealer(list(cameras.recipients))
    telling = Telling(watch, system_clock())
    for clip_id, beside in (("a" * 16, small), ("b" * 16, None)):
        begun = manifest(camera, began_ms, began_ms, str(cameras.household_id))
        clip = vault.begin_clip(clip_id, replace(begun, codecs=main.streams.codecs, sub=beside, event=clip_id))
        telling.clip(clip)
        for part in sub.parts if beside else ():
            vault.keep_clip_sub(clip, part, sealer)
        for part in main.parts:
            vault.keep_clip_part(clip, part, sealer)
        vault.close_clip(clip, sealer)
    for number, beside in enumerate((sub, None)):
        segment = Segment(camera, number, began_ms + LATER_MS * number, 6000, main.streams.codecs)
        keep_whole(vault, segment, _laid_in(main, beside), sealer)
    telling.settled(vault.settle())


def _laid_in(main: Filmed, sub: Filmed | None) -> bytes:
    """A segment as `Beside` makes it: the parts of the sub-stream, which are one file, behind the main one's."""
    boxes = [box(b"uuid", BESIDE_UUID, part.mp4) for part in (sub.parts if sub else ())]
    return b"".join([*(part.mp4 for part in main.parts), *boxes])


@pytest.mark.timeout(120)
def test_the_second_stream_is_played_and_where_there_is_none_a_sentence_helps(tmp_path: Path) -> None:
    with recorded(tmp_path) as (page, url, camera, began_ms):
        plays = page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')")
        if plays:
            pytest.skip("this Chromium plays H.265")
        page.goto(f"{url}/clip/{'a' * 16}")
        expect(page.get_by_test_id("clip-sub")).to_contain_text("second stream is shown (320×180)")
        until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 1"), "playback", 20)
        assert page.get_by_test_id("clip-video").evaluate("v => [v.videoWidth, v.videoHeight]") == [320, 180]

        page.goto(f"{url}/clip/{'b' * 16}")
        expect(page.get_by_role("alert").first).to_contain_text("The camera sends H.265")
        expect(page.get_by_role("alert").first).to_contain_text("Safari does")
        expect(page.get_by_test_id("clip-download")).to_be_visible()

        page.goto(f"{url}/timeline?camera={camera}&at={began_ms + 2000}")
        page.get_by_test_id("timeline-strip").first.wait_for()
        page.keyboard.press(" ")
        expect(page.get_by_test_id("timeline-sub")).to_be_visible()
        until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 3"), "playback", 20)
        assert page.get_by_test_id("timeline-video").evaluate("v => [v.videoWidth, v.videoHeight]") == [320, 180]

        page.goto(f"{url}/timeline?camera={camera}&at={began_ms + LATER_MS + 2000}")
        page.get_by_test_id("timeline-strip").first.wait_for()
        page.keyboard.press(" ")
        expect(page.get_by_role("alert").first).to_contain_text("The camera sends H.265")
