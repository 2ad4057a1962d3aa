"""Serve keeps its books right whenever watch comes, goes, or could not be heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import CameraState
from nightlatch.domain.recording import Part, Segment
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.errors import Reason
from nightlatch.hub.serve import attention, links
from nightlatch.hub.serve.alerts import Alert, Alerts
from nightlatch.hub.serve.books import entries
from nightlatch.hub.serve.books.records import ClipRow, SegmentRow
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import CameraStatus, EventNotice, Hello, Missed, Notice, Outage, Pulse, Watched
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.house import until
from tests.hub.keeping import keep_whole, manifest
from tests.hub.test_api import Hub, running

CAMERA, OTHER = "0123456789ab", "0123456789ac"  # of two shards, each keeps one
CLIP = "c" * 16
T0 = 1_790_000_000_000


class Watch:
    """What a watch process keeps and tells, without its pixels."""

    def __init__(
        self, hub: Hub, shard: int = 0, shards: int = 1, *, since_ms: int = 0, moving: tuple[str, ...] = ()
    ) -> None:
        self.heard: list[Notice] = []
        self._moving = moving
        self._since_ms = since_ms
        self._sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
        self.vault = Vault(hub.folder, hub.clock)
        self.client = NoticeClient(hub.folder / "watch.sock", self.heard.append, self.hello)
        self.telling = Telling(self.client, hub.clock)
        self._shard, self._shards = shard, shards
        self.client.start()

    def hello(self) -> Hello:
        return Hello(self._shard, self._shards, self.telling.growing(), self._moving, self._since_ms)

    def event(self, event_id: str, camera_id: str = CAMERA, *, is_open: bool = True) -> None:
        about = (camera_id, "Porch", event_id, CLIP, T0, is_open)
        self.client.send(EventNotice(*about, (Kind.PERSON,), Verdict.UNSURE, 0.5, ()))

    def segment(self, number: int) -> None:
        keep_whole(self.vault, Segment(CAMERA, number, T0 + 4000 * number, 4000, "avc1.640028"), b"film", self._sealer)
        self.telling.settled(self.vault.settle())

    def clip(self) -> OpenClip:
        """One that has begun and has a part."""
        clip = self.vault.begin_clip(CLIP, manifest(CAMERA, T0 + 5000, T0))
        self.telling.clip(clip)
        part = Part(CAMERA, T0, 1000, 0, b"film")
        self.vault.keep_clip_part(clip, part, self._sealer)
        self.telling.settled(self.vault.settle())
        return clip

    def close(self, clip: OpenClip) -> None:
        self.vault.close_clip(clip, self._sealer)
        self.telling.settled(self.vault.settle())


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    yield from running(tmp_path / "hub", TestClock())


def segments(hub: Hub) -> int:
    with Session(hub.house.engine) as session:
        return session.scalar(select(func.count()).select_from(SegmentRow)) or 0


def is_growing(hub: Hub) -> bool | None:
    with Session(hub.house.engine) as session:
        return session.scalar(select(ClipRow.open).where(ClipRow.id == CLIP))


def match_again(hub: Hub, watch: Watch) -> None:
    """Have the books matched, and wait for it: a row that was lost comes back."""
    watch.segment(99)
    until(lambda: segments(hub), "a segment", 10)
    with Session(hub.house.engine) as session, session.begin():
        session.execute(delete(SegmentRow))
    watch.client.send(Missed(1))
    until(lambda: segments(hub), "the matching", 10)


def test_a_clip_that_ended_long_ago_is_not_opened_again_when_notices_are_missed(hub: Hub) -> None:
    watch = Watch(hub)
    clip = watch.clip()
    watch.client.close()
    watch.client = NoticeClient(hub.folder / "watch.sock", lambda _: None, watch.hello)
    watch.telling.bus = watch.client
    watch.client.start()  # its hello says that the clip grows
    until(lambda: is_growing(hub), "the clip growing", 10)
    watch.close(clip)
    until(lambda: is_growing(hub) is False, "the end of the clip", 10)
    match_again(hub, watch)
    assert is_growing(hub) is False
    watch.client.close()


def test_a_clip_that_grows_is_not_closed_when_notices_are_missed(hub: Hub) -> None:
    watch = Watch(hub)
    until(lambda: hub.house.watch_is_up, "watch", 10)
    watch.clip()
    until(lambda: is_growing(hub), "the clip growing", 10)
    match_again(hub, watch)
    assert is_growing(hub) is True
    watch.client.close()


def test_what_a_killed_watch_process_said_last_does_not_open_its_clip_after_the_matching(hub: Hub) -> None:
    first = Watch(hub)
    until(lambda: hub.house.watch_is_up, "watch", 10)
    first.clip()
    first.client.close()  # without a word of the clip's end
    second = Watch(hub)  # at once: what the first said is not yet entered
    until(lambda: is_growing(hub) is not None, "the clip", 10)
    second.segment(1)
    until(lambda: segments(hub), "a segment, entered after everything else", 10)
    assert is_growing(hub) is False
    second.client.close()


def test_an_entry_that_no_database_takes_does_not_stop_the_others(hub: Hub) -> None:
    watch = Watch(hub)
    watch.client.send(Outage(CAMERA, 2**63, None, Reason.TIMEOUT))
    watch.segment(1)
    until(lambda: segments(hub) == 1, "the segment beside it", 10)
    watch.segment(2)
    until(lambda: segments(hub) == 2, "the next segment", 10)
    watch.client.close()


def test_what_found_no_room_among_the_entries_is_found_among_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "MOST", 5)
    with contextmanager(running)(tmp_path / "hub") as hub:
        watch = Watch(hub)
        until(lambda: hub.house.watch_is_up, "watch", 10)
        for number in range(40):
            watch.segment(number)
        until(lambda: segments(hub) == 40, "every segment", 10)
        watch.client.close()


def test_a_watch_process_that_joins_anew_before_its_old_line_ends_is_there(hub: Hub) -> None:
    first = Watch(hub)
    until(lambda: hub.house.watch_is_up, "the old line", 10)
    second = Watch(hub)
    second.segment(1)
    until(lambda: segments(hub), "the new line", 10)
    first.client.close()
    until(lambda: len(hub.house.notices._writers) == 1, "the end of the old line", 10)
    second.segment(2)
    until(lambda: segments(hub) == 2, "a segment, entered after that", 10)
    assert hub.house.watch_is_up
    second.client.close()


def test_the_cameras_of_a_shard_that_is_there_are_shown_as_they_are(tmp_path: Path) -> None:
    with contextmanager(running)(tmp_path / "hub", shards=2) as hub:
        watch = Watch(hub, 1, 2)
        for camera in (CAMERA, OTHER):
            watch.client.send(CameraStatus(camera, CameraState.RECORDING, T0))
        until(lambda: OTHER in hub.house.statuses, "the states", 10)
        assert not hub.house.watch_is_up
        assert hub.house.links.keeps(CAMERA)
        assert not hub.house.links.keeps(OTHER)
        watch.client.close()


class Heard(Alerts):
    """Instead of roads: what they are told."""

    def __init__(self) -> None:
        super().__init__([])
        self.told: list[tuple[str, bool]] = []

    def tell(self, alert: Alert) -> None:
        self.told.append((alert.event_id, alert.is_open))


def test_events_of_a_recorder_that_dies_are_over(hub: Hub) -> None:
    alerts = hub.house.alerts = Heard()
    watch = Watch(hub, since_ms=T0)
    watch.event("e1")
    watch.event("e2", OTHER)
    watch.event("e2", OTHER, is_open=False)
    until(lambda: len(alerts.told) == 3, "the events", 10)
    watch.client.close()
    until(lambda: ("e1", False) in alerts.told, "the end of the event", 10)
    assert alerts.told == [("e1", True), ("e2", True), ("e2", False), ("e1", False)]


def test_events_of_a_camera_that_is_lost_are_over(hub: Hub) -> None:
    alerts = hub.house.alerts = Heard()
    watch = Watch(hub)
    watch.event("e1")
    watch.client.send(CameraStatus(OTHER, CameraState.RETRYING, T0))
    watch.client.send(CameraStatus(CAMERA, CameraState.RECORDING, T0))
    until(lambda: CAMERA in hub.house.statuses, "the states", 10)
    assert alerts.told == [("e1", True)]
    watch.client.send(CameraStatus(CAMERA, CameraState.RETRYING, T0, Reason.STALLED))
    until(lambda: ("e1", False) in alerts.told, "the end of the event", 10)
    watch.client.close()


def test_a_camera_that_is_lost_stays_so_while_it_is_asked_again(hub: Hub) -> None:
    watch = Watch(hub)

    def has_heard(since_ms: int) -> bool:
        marker = hub.house.statuses.get(OTHER)
        return marker is not None and marker.since_ms == since_ms

    def shown(*told: CameraStatus) -> tuple[str, int, Reason | None]:
        for each in told:  # one by one: of a state only the newest is sent
            for state in (each, CameraStatus(OTHER, CameraState.RECORDING, each.since_ms)):
                watch.client.send(state)
            until(partial(has_heard, each.since_ms), "the state", 10)
        found = hub.house.statuses[CAMERA]
        return found.state.value, found.since_ms - T0, found.reason

    lost = CameraStatus(CAMERA, CameraState.RETRYING, T0, Reason.TIMEOUT)
    assert shown(lost, CameraStatus(CAMERA, CameraState.STARTING, T0 + 1)) == ("retrying", 0, Reason.TIMEOUT)
    gone = CameraStatus(CAMERA, CameraState.RETRYING, T0 + 2, Reason.NO_ROUTE)
    assert shown(gone, CameraStatus(CAMERA, CameraState.STARTING, T0 + 3)) == ("retrying", 0, Reason.NO_ROUTE)
    waits = CameraStatus(CAMERA, CameraState.STARTING, T0 + 4, waits_for_key=True)
    assert shown(waits) == ("starting", 4, None)
    assert shown(CameraStatus(CAMERA, CameraState.RECORDING, T0 + 5)) == ("recording", 5, None)
    watch.client.close()


def test_an_event_goes_on_when_its_recorder_only_joins_anew_and_ends_when_another_does(hub: Hub) -> None:
    alerts = hub.house.alerts = Heard()
    first = Watch(hub, since_ms=T0)
    first.event("e1")
    until(lambda: alerts.told, "the event", 10)
    again = Watch(hub, since_ms=T0, moving=(CAMERA,))
    until(lambda: len(hub.house.notices._writers) == 2, "the same process, on a new line", 10)
    again.segment(1)
    until(lambda: segments(hub), "a segment, entered after that", 10)
    assert alerts.told == [("e1", True)]
    another = Watch(hub, since_ms=T0 + 1)
    until(lambda: ("e1", False) in alerts.told, "the end of the event", 10)
    for watch in (first, again, another):
        watch.client.close()


def test_a_recorder_that_no_longer_answers_is_said_until_it_does(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENT_S", 0.5)
    hub.set_up()
    watch = Watch(hub)
    until(lambda: hub.house.watch_is_up, "watch", 10)

    def said() -> list[str]:
        return [problem["text"] for problem in hub.client.get("/api/home").json()["problems"]]

    assert not hub.house.links.is_silent  # an older one, that has no pulse
    watch.client.send(Pulse())
    until(lambda: "The recorder does not answer." in said(), "the silence being said", 10)
    assert not hub.house.links.keeps(CAMERA)
    monkeypatch.setattr(links, "SILENT_S", 60.0)
    assert said() == []
    watch.client.close()


def test_watch_is_told_whose_still_a_page_asks_for(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.set_up()
    watch = Watch(hub)
    until(lambda: hub.house.watch_is_up, "watch", 10)
    made = hub.client.post("/api/cameras", json={"name": "Porch", "url": "rtsp://192.0.2.1/"}).json()["id"]
    hub.client.get(f"/api/cameras/{made}/still")
    until(lambda: Watched((made,)) in watch.heard, "the camera being watched", 2)
    late = Watch(hub)
    until(lambda: Watched((made,)) in late.heard, "the same, told to one that joins", 10)
    monkeypatch.setattr(attention, "LOOKS_S", 0.0)
    until(lambda: watch.heard[-1] == Watched(()), "nobody watching", 10)
    for each in (watch, late):
        each.client.close()
