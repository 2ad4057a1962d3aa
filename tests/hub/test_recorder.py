"""Recording never waits for looking, and comes back after every kind of failure."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.manifest import Manifest, read_manifest
from nightlatch.domain.recording import Part, Segment
from nightlatch.domain.sighting import EventClosed, EventOpened, Judgement, Story, Verdict
from nightlatch.durably import make_folder
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.folder import claim
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.entries import Entry, enter
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import ClipRow, SegmentRow
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.vault.layout import object_path
from nightlatch.hub.watch.clipping import ClipOrder, Clipping, Filing
from nightlatch.hub.watch.disk import Disk
from nightlatch.hub.watch.observer import Looking, Observer
from nightlatch.hub.watch.recorder import Recorder
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import Advice, CameraStatus, ClipGrew, EventNotice, Notice, Outage
from nightlatch.pixels.media.backlog import LATE
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import News, Sight, TracksChanged
from nightlatch.pixels.sources.feed import Feed
from nightlatch.pixels.sources.opening import open_address
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.plugs import Opens
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.pixels.sources.simulated import BOOTED_US, Time
from tests.pixels.sources.simulated import Camera as SimulatedCamera

BEGAN_MS = 1_800_000_000_000
CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")


@dataclass
class Heard:
    """What a recorder told, and the books that were kept of it."""

    books: Books
    identity: str
    notices: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice) -> None:
        self.notices.append(notice)
        if isinstance(notice, Entry):
            enter(self.books, [notice], BEGAN_MS)

    @property
    def states(self) -> list[tuple[CameraState, Reason | None]]:
        return [(each.state, each.reason) for each in self.notices if isinstance(each, CameraStatus)]

    @property
    def clips(self) -> list[bool]:
        return [each.ended_ms is None for each in self.notices if isinstance(each, ClipGrew)]

    @property
    def ended(self) -> list[str]:
        return [each.event_id for each in self.notices if isinstance(each, EventNotice) and not each.is_open]

    @property
    def advised(self) -> list[str | None]:
        return [each.text for each in self.notices if isinstance(each, Advice)]

    def manifest(self, clip: ClipRow) -> Manifest:
        file = self.books.vault / object_path(clip.camera_id, clip.id, "manifest")
        return read_manifest(Opener(self.identity).open(Sealed(file.read_bytes())))


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds in which something moves from the fifth on."""
    return film(scene("printed_code", width=640, height=360), tmp_path_factory.mktemp("film") / "moving.mp4", 12)


def plain_sight(camera: Camera, streams: Streams) -> Sight:
    return Sight(streams, areas=camera.areas, detector=None, new_id=lambda: secrets.token_hex(8), camera_id=camera.id)


def undecided(story: Story) -> Judgement:
    return Judgement(Verdict.UNSURE, 0.5, (f"{len(story.tracks)} things moved.",), tracks=story.tracks)


def record(
    folder: Path,
    url: str,
    until_s: float,
    make_sight: Callable[[Camera, Streams], Sight] = plain_sight,
    *,
    sub_url: str | None = None,
    opens: Opens[Feed] = open_address,
    hears: Callable[[Books, str], Heard] | None = None,
) -> tuple[Engine, Heard]:
    """Record `url` for a while."""
    engine = open_index(folder)
    identity = pyrage.x25519.Identity.generate()
    sealer = Sealer([str(identity.to_public())])
    heard = (hears or Heard)(Books(folder, engine), str(identity))
    station = Station(
        Vault(folder, TestClock()),
        TestClock(),
        Telling(heard, TestClock()),
        Looking(make_sight, undecided, lambda: "motion"),
        opens,
    )
    made = Recorder(Camera(id="0123456789ab", name="yard", url=url, sub_url=sub_url), "h", sealer, station)
    began_s = time.monotonic()
    poll(made, station, lambda: time.monotonic() - began_s > until_s)
    made.stop()
    poll(made, station, lambda: made.is_done or time.monotonic() - began_s > until_s + 15)
    assert made.is_done
    return engine, heard


def poll(made: Recorder, station: Station, until: Callable[[], bool]) -> None:
    """What the loop of a watch process does, for one camera."""
    disk, ticking = Disk(station.vault, station.telling), threading.Event()
    while not until():
        began_s = time.monotonic()
        made.poll(time.monotonic_ns() // 1000)
        assert time.monotonic() - began_s < 2.0, "a poll must return at once"
        disk.settle()
        ticking.wait(0.05)
    disk.settle()


def seconds_kept(engine: Engine) -> float:
    with Session(engine) as session:
        return sum(session.scalars(select(SegmentRow.duration_ms))) / 1000


def test_motion_makes_a_clip(tmp_path: Path, moving: Path) -> None:
    engine, heard = record(tmp_path, f"file:{moving}", 13)
    assert seconds_kept(engine) == pytest.approx(12, abs=0.3)
    with Session(engine) as session:
        clips = session.scalars(select(ClipRow)).all()
    assert len(clips) == 1
    assert heard.clips[-1] is False
    assert heard.ended == [clips[0].event_id]
    last = heard.manifest(clips[0]).judgement
    assert last is not None
    assert last.tracks
    assert last.reasons


@pytest.mark.parametrize("fault", ["dead", "hangs"])
def test_a_dead_or_hanging_look_loses_no_footage(tmp_path: Path, moving: Path, fault: str) -> None:
    class Broken(Sight):
        def take(self, packet: object) -> list[News]:
            if fault == "dead":
                raise RuntimeError("the detector is gone")
            time.sleep(30)
            return []

    def broken(camera: Camera, streams: Streams) -> Sight:
        return Broken(streams, areas=(), detector=None, new_id=lambda: "0" * 16, camera_id=camera.id)

    engine, _ = record(tmp_path, f"file:{moving}", 13, broken)
    assert seconds_kept(engine) == pytest.approx(12, abs=0.3)


def observed(sight: Callable[[], Sight], **more: Any) -> Observer:
    nothing: Any = None
    return Observer(CAMERA, sight, undecided, nothing, deque(), **more)


def test_advice_is_given_once(tmp_path: Path, moving: Path) -> None:
    class Advised(Sight):
        advice = property(lambda self: "Set its key-frame interval to 1 s.")  # type: ignore[assignment]

    def advised(camera: Camera, streams: Streams) -> Sight:
        return Advised(streams, areas=(), detector=None, new_id=lambda: "0" * 16, camera_id=camera.id)

    _, heard = record(tmp_path, f"file:{moving}", 4, advised)
    assert heard.advised == ["Set its key-frame interval to 1 s."]


def test_pictures_that_nobody_had_time_for_are_counted_and_reported_for_a_minute(moving: Path) -> None:
    with open_film(moving) as film_:
        sight = plain_sight(CAMERA, film_.streams)
        observer = observed(lambda: sight)
        for packet in (packets := list(film_.packets))[:100]:
            observer.offer(packet)  # nobody looks: the thread was not started
        assert len(packets) > 100
        assert observer.dropped == 100 - len(observer._waiting)
        assert len(observer._waiting) <= LATE
        observer.advice(sight, BEGAN_MS)
        observer._waiting.passed_over += 40
        told = observer.advice(sight, BEGAN_MS + 61_000)
        assert told is not None
        assert "40 pictures" in told
        assert observer.advice(sight, BEGAN_MS + 90_000) == told
        assert observer.advice(sight, BEGAN_MS + 123_000) == sight.advice


def test_a_camera_that_is_not_there_is_tried_again_and_again(tmp_path: Path) -> None:
    _, heard = record(tmp_path, "rtsp://127.0.0.1:9/none", 4)
    reasons = [reason for state, reason in heard.states if state is CameraState.RETRYING]
    assert len(reasons) >= 2
    assert set(reasons) == {"refused"}
    assert heard.states[-1][0] is CameraState.OFF


@pytest.mark.parametrize(("away_s", "reason"), [(0.1, Reason.ENDED), (7.5, Reason.OVERLOAD)])
def test_a_camera_that_hung_up_while_the_loop_was_away_was_lost_by_this_machine(
    tmp_path: Path, away_s: float, reason: Reason
) -> None:
    passing, noted = Time(), Noted()
    ended = SourceError(Reason.ENDED, "The camera ended its stream. Nightlatch keeps trying.")
    camera = SimulatedCamera(passing, ends_s=13.0, error=ended)
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    looking = Looking(plain_sight, undecided, lambda: "motion")
    vault = Vault(tmp_path, passing)
    station = Station(vault, passing, Telling(noted, passing), looking, lambda url, *, transport: camera)
    made = Recorder(CAMERA, "h", sealer, station)
    while not (told := [each.reason for each in noted.notices if isinstance(each, Outage)]):
        passing.now_us += round((away_s if passing.now_us >= BOOTED_US + 12_000_000 else 0.1) * 1e6)
        made.poll(passing.now_us)
        assert passing.now_us < BOOTED_US + 40_000_000
    assert told == [reason]
    made.stop()


@pytest.mark.parametrize(("away_s", "told"), [(1.0, []), (6.0, [Reason.PAUSED])])
def test_pictures_that_were_away_when_recording_ends_are_told(
    tmp_path: Path, away_s: float, told: list[Reason]
) -> None:
    passing, noted = Time(), Noted()
    camera = SimulatedCamera(passing, sends=lambda _, s: s < 12)
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    looking = Looking(plain_sight, undecided, lambda: "motion")
    station = Station(
        Vault(tmp_path, passing), passing, Telling(noted, passing), looking, lambda url, *, transport: camera
    )
    made = Recorder(CAMERA, "h", sealer, station)
    while passing.now_us < BOOTED_US + (12 + away_s) * 1e6:
        passing.now_us += 100_000
        made.poll(passing.now_us)
    made.stop()
    made.poll(passing.now_us)
    outages = [each for each in noted.notices if isinstance(each, Outage)]
    assert [each.reason for each in outages] == told
    assert all((each.ended_ms or 0) - each.began_ms == pytest.approx(6000, abs=200) for each in outages)


class Fickle:
    """Opens what can be opened, but breaks in a way that nobody thought of for some addresses."""

    def __init__(self, breaks: Callable[[str], bool]) -> None:
        self._breaks = breaks

    def __call__(self, url: str, *, transport: str) -> Feed:
        if self._breaks(url):
            raise ZeroDivisionError
        return open_address(url, transport=transport)


def test_a_recorder_that_breaks_in_an_unforeseen_way_says_why_and_tries_again(tmp_path: Path, moving: Path) -> None:
    tries = iter([True])
    _, heard = record(tmp_path, f"file:{moving}", 5, opens=Fickle(lambda _: next(tries, False)))
    states = [state for state, _ in heard.states]
    assert states[:4] == [CameraState.STARTING, CameraState.RETRYING, CameraState.STARTING, CameraState.RECORDING]
    outages = [each for each in heard.notices if isinstance(each, Outage)]
    assert [each.ended_ms is None for each in outages] == [True, False]


def test_what_breaks_at_the_end_of_one_camera_ends_no_other(
    tmp_path: Path, moving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Segmenter) -> list[Part | Segment]:
        raise ZeroDivisionError

    monkeypatch.setattr(Segmenter, "finish", broken)
    _, heard = record(tmp_path, f"file:{moving}", 2)
    assert heard.states[-1][0] is CameraState.OFF


def test_while_a_sub_stream_breaks_in_an_unforeseen_way_the_main_stream_is_looked_at(
    tmp_path: Path, moving: Path
) -> None:
    breaks = Fickle(lambda url: url == "file:sub")
    engine, _ = record(tmp_path, f"file:{moving}", 13, sub_url="file:sub", opens=breaks)
    with Session(engine) as session:
        assert len(session.scalars(select(ClipRow)).all()) == 1


def test_seconds_that_a_full_disk_left_unfinished_are_kept_when_it_has_room(tmp_path: Path) -> None:
    short = film(scene("flat", width=320, height=180), tmp_path / "short.mp4", 3)
    blocked = tmp_path / "hub" / "vault" / CAMERA.id / "segments"

    class Freeing(Heard):
        def send(self, notice: Notice) -> None:
            if isinstance(notice, CameraStatus) and notice.state is CameraState.RETRYING and blocked.is_file():
                blocked.unlink()
            super().send(notice)

    claim(tmp_path / "hub")
    make_folder(blocked.parent)
    blocked.touch()  # no segment can be stored, but the journal can be written
    engine, heard = record(tmp_path / "hub", f"file:{short}", 7.5, hears=Freeing)
    assert [state for state, _ in heard.states].count(CameraState.RECORDING) >= 2
    assert seconds_kept(engine) >= 5.9


def filing(folder: Path, bus: Heard) -> Filing:
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    return Filing("h", sealer, Vault(folder, TestClock()), Telling(bus, TestClock()))


class Noted(Heard):
    """Keeps no books."""

    def __init__(self) -> None:
        self.notices = []

    def send(self, notice: Notice) -> None:
        self.notices.append(notice)


def test_an_event_is_over_also_for_alerts_when_the_last_look_at_it_fails(tmp_path: Path) -> None:
    noted, happenings = Noted(), deque[Any]()
    verdicts = iter([Judgement(Verdict.UNSURE, 0.5, ())])  # and then the judge breaks
    opened = EventOpened(CAMERA.id, "e" * 16, BEGAN_MS, BEGAN_MS)
    closed = EventClosed(CAMERA.id, "e" * 16, BEGAN_MS, BEGAN_MS + 2000, BEGAN_MS + 4000)
    made = Observer(CAMERA, lambda: None, lambda _: next(verdicts), filing(tmp_path, noted), happenings)  # type: ignore[arg-type,return-value]
    made._follow([opened], None)
    made._follow([TracksChanged("e" * 16, BEGAN_MS + 2000, ())], None)
    with suppress(StopIteration):
        made._follow([closed], None)
    assert noted.ended == ["e" * 16]
    assert happenings[-1] == closed


def test_an_event_that_goes_on_when_looking_ends_is_over_for_alerts(tmp_path: Path) -> None:
    noted, happenings = Noted(), deque[Any]()

    class Endless(Sight):
        def finish(self) -> list[News]:
            raise RuntimeError("the detector is gone")

    made = Observer(CAMERA, lambda: Endless.__new__(Endless), undecided, filing(tmp_path, noted), happenings)
    made._follow([EventOpened(CAMERA.id, "e" * 16, BEGAN_MS, BEGAN_MS)], None)
    made._follow([TracksChanged("e" * 16, BEGAN_MS + 2000, ())], None)
    made.start()
    made.stop()
    assert made.wait(5)
    assert noted.ended == ["e" * 16]


def test_the_end_of_an_older_event_does_not_cut_the_clip_of_a_newer_one(tmp_path: Path, moving: Path) -> None:
    noted, happenings = Noted(), deque[Any]()
    files = filing(tmp_path, noted)
    with open_film(moving) as film_:
        packets = list(film_.packets)
        clipping = Clipping(
            *(CAMERA, film_.streams, files, happenings),
            eye=lambda: "motion",
            context=lambda *_: b"{}",
        )
        opened = EventOpened(CAMERA.id, "b" * 16, packets[40].at_ms, packets[20].at_ms)
        for number, packet in enumerate(packets):
            if number == 40:
                happenings.append(ClipOrder(opened, "c" * 16, None))
                happenings.append(
                    EventClosed(CAMERA.id, "a" * 16, packets[0].at_ms, packets[0].at_ms, packets[41].at_ms)
                )
            clipping.add(packet)
        files.telling.settled(files.vault.settle())
        assert noted.clips[-1] is True
        clipping.finish()
        files.telling.settled(files.vault.settle())
    assert noted.clips[-1] is False
