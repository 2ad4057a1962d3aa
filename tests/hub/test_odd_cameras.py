"""Odd cameras side by side, recorded for half a minute: every second of each is recorded or explained, none twice.

One recorder each, on one loop and in one folder, as a watch process does it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyrage
import pytest

from nightlatch.domain import camera as domain
from nightlatch.domain.camera import CameraState
from nightlatch.errors import Reason
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.entries import Entry, enter
from nightlatch.hub.serve.books.gaps import Gaps
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.disk import Disk
from nightlatch.hub.watch.observer import Looking
from nightlatch.hub.watch.recorder import Recorder
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import CameraStatus, Notice
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.sight import Sight
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.drills.cameras import Camera, Mood, Street, street
from tests.drills.strip import Stretch, Strip, read_footage
from tests.house import free_port
from tests.hub.test_recorder import plain_sight, undecided
from tests.rtsp import Film, numbers, shoot

SECONDS = 26.0
PAUSE_S = (8.0, 14.5)
FPS = 15

Change = Callable[[Street, Camera], None]


@dataclass(slots=True)
class Odd:
    """A camera, and what happens to it when (in seconds of the whole run)."""

    camera: Camera
    changes: list[tuple[float, Change]] = field(default_factory=list)
    sub: Camera | str | None = None


@dataclass(slots=True)
class Ran:
    """What came of one."""

    strip: Strip
    statuses: list[CameraStatus]
    kept: list[list[int]]  # the numbers of the pictures in each file
    plays: int
    sub_plays: int
    looked_s: list[float]  # when looking began anew, in seconds of the whole run
    ended_ms: int

    @property
    def began_ms(self) -> int:
        return self.strip.footage[0].began_ms

    @property
    def reasons(self) -> list[str]:
        return [each.what for each in self.strip.outages]

    @property
    def missing(self) -> list[Stretch]:
        return self.strip.unexplained(self.began_ms, self.ended_ms - 3000, 2.5)

    @property
    def gaps(self) -> list[Stretch]:
        return self.strip.gaps(self.began_ms, self.ended_ms - 3000, 0.3)

    @property
    def pace(self) -> float:
        """Pictures a second."""
        return sum(map(len, self.kept)) / sum(each.length_s for each in self.strip.footage)


def _set(**changes: object) -> Change:
    def change(_: Street, camera: Camera) -> None:
        for name, value in changes.items():
            setattr(camera.mood, name, value)

    return change


def _hang_up(street_: Street, camera: Camera) -> None:
    street_.ask(camera.hang_up())


def _pause(**away: object) -> list[tuple[float, Change]]:
    return [(PAUSE_S[0], _set(**away)), (PAUSE_S[1], _set(**dict.fromkeys(away, True)))]


def _odd(film: Film) -> dict[str, Odd]:
    slow = replace(film, fps=12)
    rare = shoot(320, 180, seconds=40, gop=600, bit_rate=100_000)

    def plain(mood: Mood | None = None, *, has_sound: bool = False, film: Film = film) -> Camera:
        return Camera([film], has_sound=has_sound, mood=mood)

    stalled = plain()

    def stall(_: Street, __: Camera) -> None:
        stalled.mood.sends_pictures = False

    silent = [(6.0, _set(sends_sound=False)), (18.0, _set(sends_sound=True))]
    heard = [(10.0, _set(has_sound=True)), (10.1, _hang_up)]
    return {
        "stamps that run double": Odd(plain(Mood(pace=2.0))),
        "stamps that run at half": Odd(plain(Mood(pace=0.5))),
        "a clock that goes back an hour": Odd(plain(has_sound=True), [(12, _set(clock_s=-3600.0))]),
        "12 pictures a second where 15 are declared": Odd(plain(film=slow)),
        "sound whose clock is wrong": Odd(plain(Mood(sound_pace=1.4), has_sound=True)),
        "sound that stops and returns": Odd(plain(has_sound=True), silent),
        "a sub-stream that stalls": Odd(plain(), [(6, stall)], stalled),
        "a sub-stream that refuses": Odd(plain(), sub=f"rtsp://127.0.0.1:{free_port()}/sub"),
        "only UDP": Odd(plain(Mood(is_over_udp=True))),
        "454 at each keep-alive": Odd(plain(Mood(refuses={"GET_PARAMETER": 454}, timeout_s=6))),
        "hangs up every 7 s": Odd(plain(Mood(life_s=7.0), has_sound=True)),
        "key frames every 40 s": Odd(plain(film=rare)),
        "a pause": Odd(plain(), _pause(sends_pictures=False)),
        "a pause of pictures beside sound": Odd(plain(has_sound=True), _pause(sends_pictures=False)),
        "a pause of both": Odd(plain(has_sound=True), _pause(sends_pictures=False, sends_sound=False)),
        "sound that comes with another session": Odd(plain(Mood(has_sound=False), has_sound=True), heard),
    }


class Heard:
    """Keeps the books of what all recorders tell."""

    def __init__(self, books: Books) -> None:
        self.books, self.gaps, self.statuses = books, Gaps(), list[CameraStatus]()
        self._lock = threading.Lock()

    def send(self, notice: Notice) -> None:
        with self._lock:
            if isinstance(notice, CameraStatus):
                self.statuses.append(notice)
            if isinstance(notice, Entry):
                enter(self.books, [notice], time.time_ns() // 1_000_000, self.gaps)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """All of them, recorded at the same time."""
    folder = tmp_path_factory.mktemp("odd")
    odd = _odd(shoot(320, 180, bit_rate=150_000))
    heard = Heard(Books(folder, engine := open_index(folder)))
    identity = pyrage.x25519.Identity.generate()
    telling = Telling(heard, TestClock())
    looked, began_s = list[tuple[str, float]](), 0.0

    def sight(camera: domain.Camera, streams: Streams) -> Sight:
        looked.append((camera.id, time.monotonic()))
        return plain_sight(camera, streams)

    station = Station(Vault(folder, TestClock()), TestClock(), telling, Looking(sight, undecided, lambda: "motion"))
    subs = [each.sub for each in odd.values() if isinstance(each.sub, Camera)]
    with street([*(each.camera for each in odd.values()), *subs]) as running:
        ids = {name: secrets.token_hex(6) for name in odd}
        recorders = [
            Recorder(_camera(ids[name], name, each), "h", Sealer([str(identity.to_public())]), station)
            for name, each in odd.items()
        ]
        began_s = time.monotonic()
        _poll(recorders, station, _script(odd, running))
        ended_ms = time.time_ns() // 1_000_000
        for each in recorders:
            each.stop()
        _poll(recorders, station, [], lambda: all(each.is_done for each in recorders))
    footage = read_footage(folder / "hub.db", ids.values())
    engine.dispose()
    opener = Opener(str(identity))
    return {
        name: Ran(
            footage[ids[name]],
            [told for told in heard.statuses if told.camera_id == ids[name]],
            [
                numbers(bytes(opener.open(Sealed((folder / "vault" / file.what).read_bytes()))))
                for file in footage[ids[name]].footage
            ],
            len(each.camera.plays),
            len(each.sub.plays) if isinstance(each.sub, Camera) else 0,
            [at_s - began_s for camera_id, at_s in looked if camera_id == ids[name]],
            ended_ms,
        )
        for name, each in odd.items()
    }


def _camera(camera_id: str, name: str, odd: Odd) -> domain.Camera:
    sub = odd.sub.url if isinstance(odd.sub, Camera) else odd.sub
    return domain.Camera(id=camera_id, name=name, url=odd.camera.url, sub_url=sub)


def _script(odd: dict[str, Odd], running: Street) -> list[tuple[float, Callable[[], None]]]:
    changes = [(at_s, change, each.camera) for each in odd.values() for at_s, change in each.changes]
    changes.sort(key=lambda each: each[0])
    return [(at_s, lambda change=change, camera=camera: change(running, camera)) for at_s, change, camera in changes]  # type: ignore[misc]


def _poll(
    recorders: list[Recorder],
    station: Station,
    script: list[tuple[float, Callable[[], None]]],
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """What the loop of a watch process does."""
    disk, ticking = Disk(station.vault, station.telling), threading.Event()
    disk.start()
    began_s = time.monotonic()
    while (now_s := time.monotonic() - began_s) < SECONDS and not is_over():
        while script and script[0][0] <= now_s:
            script.pop(0)[1]()
        for each in recorders:
            each.poll(time.monotonic_ns() // 1000)
        ticking.wait(0.05)
    disk.stop()


WHOLE = [
    *("stamps that run double", "stamps that run at half", "a clock that goes back an hour"),
    *("12 pictures a second where 15 are declared", "sound whose clock is wrong", "sound that stops and returns"),
    *("a sub-stream that stalls", "a sub-stream that refuses", "only UDP", "454 at each keep-alive"),
    "key frames every 40 s",
]
ALL = [*WHOLE, "hangs up every 7 s", "sound that comes with another session"]
ALL += ["a pause", "a pause of pictures beside sound", "a pause of both"]


@pytest.mark.parametrize("name", ALL)
def test_every_second_is_recorded_or_explained_and_none_twice(ran: dict[str, Ran], name: str) -> None:
    each = ran[name]
    assert each.missing == []
    assert each.strip.overlaps(0.25) == []
    assert each.strip.contradictions(0.5, ("paused",)) == []
    pictures = [number for file in each.kept for number in file]
    assert len(pictures) == len(set(pictures))
    assert each.ended_ms - each.strip.footage[-1].ended_ms < 4000  # it may have begun to settle anew


@pytest.mark.parametrize("name", WHOLE)
def test_a_camera_that_is_only_odd_is_recorded_whole_in_one_session(ran: dict[str, Ran], name: str) -> None:
    each = ran[name]
    assert (each.gaps, each.reasons, each.plays) == ([], [], 1 if name != "only UDP" else each.plays)
    assert sum(stretch.length_s for stretch in each.strip.footage) > SECONDS - 5
    assert each.pace == pytest.approx(12 if "12 pictures" in name else FPS, rel=0.04)


@pytest.mark.parametrize("name", ["a pause", "a pause of pictures beside sound", "a pause of both"])
def test_a_pause_is_told_where_it_was(ran: dict[str, Ran], name: str) -> None:
    each = ran[name]
    assert each.reasons == ["paused"]
    assert each.strip.outages[0].length_s == pytest.approx(PAUSE_S[1] - PAUSE_S[0], abs=0.5)
    assert each.plays == 1
    there_s = sum(stretch.length_s - each.strip.told_s(stretch, ("paused",)) for stretch in each.strip.footage)
    assert sum(map(len, each.kept)) / there_s == pytest.approx(FPS, rel=0.04)


def test_a_camera_that_hangs_up_again_and_again_is_asked_again_at_once(ran: dict[str, Ran]) -> None:
    each = ran["hangs up every 7 s"]
    assert each.plays >= 3
    assert set(each.reasons) <= {"ended"}
    assert max(gap.length_s for gap in each.gaps) < 2.0


def test_a_sub_stream_that_stalls_is_asked_again_and_the_main_stream_is_looked_at_soon(ran: dict[str, Ran]) -> None:
    each = ran["a sub-stream that stalls"]
    assert each.sub_plays >= 2
    assert len(each.looked_s) == 2
    assert 6 < each.looked_s[1] < 6 + 3 + 2
    assert ran["a sub-stream that refuses"].looked_s[0] < 4


def test_the_states_say_why(ran: dict[str, Ran]) -> None:
    for name, each in ran.items():
        reasons = {told.reason for told in each.statuses if told.state is CameraState.RETRYING}
        assert reasons <= {Reason.ENDED}, name
