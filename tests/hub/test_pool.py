"""All cameras share a thread or two for looking: fairly, and none of them can stop the others for ever."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from nightlatch.domain.camera import Camera
from nightlatch.domain.sighting import EventClosed, EventOpened, Judgement, Story, Verdict
from nightlatch.hub.watch.observer import HUNG, Observer
from nightlatch.hub.watch.pool import AWAKE_EVERY, MOST_LEFT_BEHIND, Pool
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.media.waiting import LATE, MOST_WAITING, Waiting
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import News
from tests.house import until
from tests.pixels.sight.rooms import film as scene_film

CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")


@dataclass
class Seconds:
    """A monotonic clock that goes when it is told to."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(eq=False)
class Turns:
    """Somebody with turns to take, who notes whose was when."""

    name: str
    taken: list[str]
    left: int = 1
    is_awake: bool = False
    door: threading.Event | None = None
    hung: int = 0
    back: int = 0

    def turn(self) -> bool:
        if self.door is not None:
            self.door.wait(30)
        self.taken.append(self.name)
        self.left -= 1
        return self.left > 0

    def hang(self) -> None:
        self.hung += 1

    def come_back(self) -> None:
        self.back += 1


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pool(seconds: Seconds) -> Iterator[Pool]:
    made = Pool(1, monotonic=seconds)
    yield made
    made.stop()


def behind_a_door(pool: Pool, taken: list[str], *others: Turns) -> None:
    """Let the others come into line while the only thread is held up, then let them all have their turns."""
    first = Turns("first", taken, door=threading.Event())
    pool.rouse(first)
    until(lambda: pool._workers and pool._workers[0].looks is first, "the thread")
    for each in others:
        pool.rouse(each)
    assert first.door is not None
    first.door.set()
    until(lambda: len(taken) == 1 + sum(other.left for other in others) or not any(o.left for o in others), "turns")


def test_a_busy_camera_does_not_keep_the_others_waiting(pool: Pool) -> None:
    taken: list[str] = []
    busy = Turns("busy", taken, left=4)
    behind_a_door(pool, taken, busy, Turns("b", taken, left=2), Turns("c", taken))
    until(lambda: len(taken) == 8, "all turns")
    assert taken == ["first", "busy", "b", "c", "busy", "b", "busy", "busy"]


def test_cameras_that_sleep_come_first_and_those_awake_are_not_forgotten(pool: Pool) -> None:
    taken: list[str] = []
    asleep = [Turns(f"asleep-{n}", taken) for n in range(6)]
    behind_a_door(pool, taken, Turns("awake", taken, left=2, is_awake=True), *asleep)
    until(lambda: len(taken) == 9, "all turns")
    assert [n for n, name in enumerate(taken, 1) if name == "awake"] == [AWAKE_EVERY, 2 * AWAKE_EVERY]


def test_a_turn_that_never_ends_stops_only_its_own_camera(pool: Pool, seconds: Seconds) -> None:
    taken: list[str] = []
    hangs, other = Turns("hangs", taken, door=threading.Event()), Turns("other", taken)
    pool.rouse(hangs)
    until(lambda: pool._workers and pool._workers[0].looks is hangs, "the turn")
    pool.rouse(other)
    seconds.now_s += 11
    pool.check()
    until(lambda: taken == ["other"], "another thread")
    assert hangs.hung == 1
    assert not pool.rouse(hangs)
    assert not pool.is_blind
    assert hangs.door is not None
    hangs.door.set()
    until(lambda: hangs.back == 1, "its coming back")
    until(lambda: taken.count("hangs") == 2, "another turn of its own")
    assert pool.rouse(hangs)


def test_no_more_threads_are_left_behind_than_a_few(pool: Pool, seconds: Seconds) -> None:
    taken: list[str] = []
    door = threading.Event()
    many = [Turns(f"{n}", taken, door=door) for n in range(8)]
    for tries in range(1, MOST_LEFT_BEHIND + 2):
        for each in many:
            pool.rouse(each)
        until(lambda: pool._workers and pool._workers[0].looks, "a turn")
        seconds.now_s += 11
        pool.check()
        assert sum(each.hung for each in many) == tries
    assert pool.is_blind
    assert pool._begun == MOST_LEFT_BEHIND + 1
    door.set()
    until(lambda: set(taken) == {f"{n}" for n in range(8)}, "all of them after all")
    assert not pool.is_blind


# ---- packets that wait -------------------------------------------------------------------------------------------


def packet(number: int, *, key_every: int = 10) -> Packet:
    return Packet("video", number % key_every == 0, number * 100, 100, number * 100_000, number * 100_000, b"x")


def drained(waiting: Waiting) -> list[tuple[int, bool]]:
    found = []
    while (taken := waiting.take()) is not None:
        found.append((taken[0].at_ms // 100, taken[1]))
    return found


def test_looking_that_is_late_goes_on_at_the_newest_key_frame_and_counts_what_it_passed_over() -> None:
    waiting = Waiting()
    for number in range(LATE + 7):
        waiting.put(packet(number))
    assert waiting.passed_over == 60  # the packet after the 64th found the key frame 60 among those that wait
    found = drained(waiting)
    assert found == [(60, True), *((n, False) for n in range(61, LATE + 7))]
    assert waiting.passed_over + len(found) == LATE + 7


def test_nothing_of_a_long_key_frame_interval_is_looked_at_once_a_part_of_it_was_passed_over() -> None:
    waiting = Waiting()
    for number in range(1, 400):
        waiting.put(packet(number, key_every=390))
    assert [number for number, _ in drained(waiting)] == list(range(390, 400))
    assert waiting.passed_over == 389
    assert MOST_WAITING < 389


# ---- one camera's looking ----------------------------------------------------------------------------------------


@dataclass
class Ear:
    """Takes the place of telling and of the vault."""

    told: list[tuple[str, Any]] = field(default_factory=list)

    def closed(self, event_id: str) -> None:
        self.told.append(("closed", event_id))

    def judged(self, *what: Any) -> None:
        self.told.append(("judged", what[3].event_id))

    def advice(self, camera_id: str, text: str | None) -> None:
        self.told.append(("advice", text))

    def still(self, still: Any, sealer: Any) -> None:
        self.told.append(("still", still.at_ms))

    @property
    def telling(self) -> Ear:
        return self

    sealer: None = None


@dataclass
class Fake:
    """A sight that opens an event at once; what it is asked may hang."""

    door: threading.Event | None = None
    picture: None = None
    torn: int = 0
    advice: str | None = None
    is_awake: bool = False
    skips: int = 0
    seen: list[Packet] = field(default_factory=list)

    def take(self, packet: Packet) -> list[News]:
        self.seen.append(packet)
        if len(self.seen) == 1:
            return [EventOpened(CAMERA.id, "e" * 16, 1000, 0)]
        if self.door is not None:
            self.door.wait(30)
            return [EventOpened(CAMERA.id, "f" * 16, 1000, 0)]
        return []

    def skip(self) -> None:
        self.skips += 1

    def finish(self) -> list[News]:
        return [EventClosed(CAMERA.id, "e" * 16, 1000, 2000, 3000)]


def observer(pool: Pool, sight: Fake) -> tuple[Observer, Ear, deque[Any]]:
    def undecided(story: Story) -> Judgement:
        return Judgement(Verdict.UNSURE, 0.5, ())

    ear, happenings = Ear(), deque[Any]()
    made: Any = Observer(CAMERA, lambda: sight, undecided, ear, happenings, pool=pool)  # type: ignore[arg-type,return-value]
    made.start()
    return made, ear, happenings


def test_stopping_returns_at_once_and_says_when_the_event_is_over(pool: Pool) -> None:
    made, ear, happenings = observer(pool, Fake())
    made.offer(packet(0))
    until(lambda: happenings, "the event")
    assert not made.is_done
    made.stop()
    until(lambda: made.is_done, "the end")
    assert ear.told[-2:] == [("judged", "e" * 16), ("closed", "e" * 16)]
    made.offer(packet(10))
    assert len(made._waiting) == 0


def test_a_look_that_hangs_is_told_and_its_event_is_over_once_it_is_stopped(pool: Pool, seconds: Seconds) -> None:
    sight = Fake(door=threading.Event())
    made, ear, happenings = observer(pool, sight)
    made.offer(packet(0))
    made.offer(packet(1))
    until(lambda: len(sight.seen) == 2, "the look that hangs")
    seconds.now_s += 11
    made.offer(packet(2))
    assert ear.told[-1] == ("advice", HUNG)
    made.stop()
    assert made.is_done
    assert ear.told[-2:] == [("advice", None), ("closed", "e" * 16)]
    assert isinstance(happenings[-1], EventClosed)
    said = len(ear.told), len(happenings)
    assert sight.door is not None
    sight.door.set()
    until(lambda: not pool._resting, "the late end of that look")
    assert (len(ear.told), len(happenings)) == said  # what it saw is news no more


def test_a_look_that_comes_back_goes_on_at_the_next_key_frame(pool: Pool, seconds: Seconds) -> None:
    sight = Fake(door=threading.Event())
    made, ear, _ = observer(pool, sight)
    for number in range(2):
        made.offer(packet(number))
    until(lambda: len(sight.seen) == 2, "the look that hangs")
    seconds.now_s += 11
    for number in range(2, 10):
        made.offer(packet(number))
    assert sight.door is not None
    sight.door.set()
    until(lambda: not pool._resting, "its coming back")
    until(lambda: not len(made._waiting), "passing over what waited")
    for number in range(10, 13):
        made.offer(packet(number))
    until(lambda: len(sight.seen) == 5, "looking on")
    assert [each.at_ms for each in sight.seen] == [0, 100, 1000, 1100, 1200]
    assert sight.skips == 1
    assert made.dropped == 8
    until(lambda: ear.told[-1] == ("advice", None), "the advice being taken back")


def test_pictures_that_came_torn_are_told_apart_from_those_nobody_had_time_for(pool: Pool) -> None:
    sight: Any = Fake()
    made, _, _ = observer(pool, sight)
    assert made.advice(sight, 0) is None
    sight.torn = 12
    told = made.advice(sight, 61_000)
    assert told is not None
    assert "12 pictures" in told
    assert "lost on the way" in told
    assert made.advice(sight, 122_000) is None


def test_stills_are_made_while_somebody_looks_and_else_once_a_minute_and_for_events(tmp_path: Path) -> None:
    film = scene_film(tmp_path / "in.mp4", lambda picture, second: None, seconds=2)
    with open_film(film) as opened:
        picture = Looker(opened.streams).look(next(opened.packets))
    assert picture is not None
    wanted: set[str] = set()
    ear, nobody = Ear(), Pool(0)
    made: Any = Observer(
        *(CAMERA, lambda: Fake(), lambda story: Judgement(Verdict.UNSURE, 0.5, ()), ear, deque[Any]()),  # type: ignore[arg-type,return-value]
        pool=nobody,
        wants_stills=lambda camera_id: camera_id in wanted,
    )

    def seen_at(second: int) -> Any:
        made._show(at := replace(picture, dts_us=second * 1_000_000))
        return at

    for second in range(100, 130):
        at = seen_at(second)
    assert [what for what, _ in ear.told] == ["still"]
    made._follow([EventOpened(CAMERA.id, "e" * 16, 129_500, 124_500)], at)
    assert made.happenings[-1].still is not None
    assert made._taken_us == 129_000_000  # the event has a picture of its own moment
    wanted.add(CAMERA.id)
    for second in range(130, 140):
        seen_at(second)
    assert len(ear.told) == 1 + 5
    wanted.clear()
    for second in range(140, 260):
        seen_at(second)
    assert len(ear.told) == 1 + 5 + 2
