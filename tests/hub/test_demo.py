"""What demo cameras recorded leaves with them, whatever happens in between, and is never sent to the mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import CameraState
from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.errors import Reason
from nightlatch.hub.serve import catalogue, demo
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import CameraRow, ClipPartRow, ClipRow, OutageRow, SegmentRow, SheetRow
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.vault import layout
from nightlatch.hub.wire.notices import CameraStatus, Outage
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.house import until
from tests.hub.keeping import Keeping, manifest
from tests.hub.test_api import Hub, running

T0 = TestClock().now_ms() - 60_000  # not yet expired
CLIP, REAL_CLIP = "c" * 16, "d" * 16
REAL = {"name": "Gate", "url": "rtsp://127.0.0.1:9/gate"}


@dataclass
class Place:
    """A hub's folder with demo cameras that recorded, as `nightlatch up` leaves it."""

    folder: Path
    clock: TestClock

    def __post_init__(self) -> None:
        self.engine = open_index(self.folder)
        self.books = Books(self.folder, self.engine)
        assert demo.prepare(self.books, self.clock, True) is not None
        self.porch, self.room = (camera.id for camera in catalogue.cameras(self.engine))

    def record(self, sealer: Sealer, camera: str, clip_id: str) -> None:
        home = Keeping(self.folder, self.engine, sealer, self.clock)
        home.segment(Segment(camera, 0, T0, 4000, "avc1.640028"), b"film")
        home.sheet(Sheet(camera, T0, (T0, T0 + 4000), 5, 320, 180, b"sheet"))
        clip = home.begin(clip_id, manifest(camera, T0 + 500, T0))
        home.still(clip, Still(camera, T0, 1, 1, b"still"))
        home.part(clip, Part(camera, T0, 1000, 0, b"film"))
        home.close(clip)
        home.send(Outage(camera, T0 + 5000, T0 + 6000, Reason.PAUSED, is_inside=True))

    def left(self, camera: str) -> list[str]:
        """Tables that still know something of a camera, and its folder."""
        tables = (SegmentRow, SheetRow, ClipRow, OutageRow)
        with Session(self.engine) as session:
            rows = [t.__tablename__ for t in tables if session.scalars(select(t).where(t.camera_id == camera)).first()]
        return [*rows, *(["files"] if layout.camera_folder(self.books.vault, camera).exists() else [])]


@pytest.fixture
def place(tmp_path: Path, sealer: Sealer) -> Place:
    found = Place(tmp_path / "hub", TestClock())
    for camera, clip in ((found.porch, CLIP), (found.room, "e" * 16)):
        found.record(sealer, camera, clip)
    return found


@pytest.fixture
def sealer() -> Sealer:
    import pyrage

    return Sealer([str(pyrage.x25519.Identity.generate().to_public())])


@pytest.fixture
def hub(place: Place) -> Iterator[Hub]:
    for each in running(place.folder, place.clock):
        assert each.set_up().status_code == 201
        yield each


def test_what_they_recorded_goes_when_the_first_real_camera_comes(place: Place, hub: Hub) -> None:
    assert len(hub.client.get("/api/clips").json()) == 2
    added = hub.client.post("/api/cameras", json=REAL)
    assert added.status_code == 201
    assert hub.client.get("/api/clips").json() == []
    assert place.left(place.porch) == place.left(place.room) == []
    assert hub.client.get(f"/api/clips/{CLIP}/still").status_code == 410
    assert [camera["name"] for camera in hub.client.get("/api/home").json()["cameras"]] == ["Gate"]
    (day,) = hub.client.get(f"/api/timeline?from_ms={T0}&to_ms={T0 + 60_000}").json()["cameras"]
    assert day["id"] == added.json()["id"]


def test_what_a_recorder_still_wrote_while_it_left_goes_too(place: Place, hub: Hub, sealer: Sealer) -> None:
    hub.client.post("/api/cameras", json=REAL)
    place.record(sealer, place.porch, CLIP)  # it was slow to hear
    assert place.left(place.porch)
    hub.house.notices.later(
        lambda: hub.house.heard(CameraStatus(place.porch, CameraState.OFF, T0 + 9000))
    )  # the last that is heard of it
    until(lambda: place.left(place.porch) == [], "what was written late going", 10)


def test_a_crash_in_the_middle_is_finished_at_the_next_start(place: Place, sealer: Sealer) -> None:
    catalogue.add(place.books, place.clock, name="Gate", url=REAL["url"])  # and nothing more happened
    with place.books.change() as session:  # or the rows went and the files did not
        session.delete(session.scalars(select(ClipRow).where(ClipRow.id == CLIP)).one())
    assert "files" in place.left(place.porch)
    for _ in running(place.folder, place.clock):
        until(lambda: place.left(place.porch) == place.left(place.room) == [], "clearing", 10)


def test_a_real_camera_s_recordings_and_those_of_a_demo_that_goes_on_stay(
    place: Place, hub: Hub, sealer: Sealer
) -> None:
    hub.client.delete(f"/api/cameras/{place.room}?footage=keep")
    hub.house.clear_demo()
    assert place.left(place.room)  # the owner said so, and the demo goes on
    gate = hub.client.post("/api/cameras", json=REAL).json()["id"]
    place.record(sealer, gate, REAL_CLIP)
    hub.house.clear_demo()
    assert [clip["id"] for clip in hub.client.get("/api/clips").json()] == [REAL_CLIP]
    assert place.left(place.room) == []


def test_without_a_demo_nothing_of_one_stays(place: Place) -> None:
    assert demo.prepare(place.books, place.clock, False) is None
    for _ in running(place.folder, place.clock, demo=False):
        until(lambda: place.left(place.porch) == [], "clearing", 10)


def test_a_real_camera_that_was_called_as_a_demo_one_does_not_stop_the_next_start(place: Place) -> None:
    catalogue.add(place.books, place.clock, name="Porch", url=REAL["url"])
    catalogue.remove(place.books, "Porch", footage=False)
    assert demo.prepare(place.books, place.clock, True) is not None
    assert sorted(camera.name for camera in catalogue.cameras(place.engine)) == ["Living room", "Porch"]


def test_their_clips_never_wait_for_the_mailbox(place: Place, hub: Hub, sealer: Sealer) -> None:
    uplink = Uplink("http://127.0.0.1:9", None, place.books, hub.house.key, place.clock)
    assert uplink._next() == []
    assert reading.waiting_parts(place.engine) == 0
    gate = hub.client.post("/api/cameras", json=REAL).json()["id"]
    place.record(sealer, gate, REAL_CLIP)
    assert {item.clip_id for item in uplink._next()} == {REAL_CLIP}
    with Session(place.engine) as session:
        parts = session.scalars(select(ClipPartRow.clip_id)).all()
        assert set(parts) == {REAL_CLIP}
        assert all(row.removed for row in session.scalars(select(CameraRow).where(CameraRow.demo)))
