"""Cameras with random faults before the real hub: at the end every second is recorded or has a reason.

    python -m tests.drills.faults [--cameras 20] [--seconds 600] [--seed N]

Every fourth camera refuses TCP. Each is well for some seconds, then one thing is wrong with it for some seconds
(`FAULTS`), again and again. In the end all are well, and once all are recorded again:
- footage and outages cover all time from a camera's first picture on; no hole is longer than 2.5 s;
- no outage covers more than 2.5 s of a file;
- no two files show the same time for more than 0.25 s, no picture is in two files;
- nothing lies in the future, at the end or at any look on the way, whatever the camera's clock said;
- a file holds about as many pictures as it has seconds: no more than 2.5 s without one are called recorded, unless an
  outage inside the file says so.
Every picture carries its number, so that what was kept can be held against what was sent.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.drills.cameras import PER_PLAY, Camera, Mood, Play, Street, street
from tests.drills.strip import Strip, read_strips
from tests.house import House, house, until
from tests.rtsp import numbers, shoot

HOLE_S = 2.5
OVERLAP_S = 0.25
FUTURE_S = 0.25
HOLLOW_S = 3.0  # a hole between two pictures of a file that need not be told, and what was lost around it
INSIDE = ("paused", "overload")  # outages that may lie over a file
CALM_S = (4.0, 12.0)  # between two faults of a camera


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a camera for between `least_s` and `most_s`."""

    name: str
    least_s: float
    most_s: float
    begin: Callable[[Street, Camera, random.Random], None]


def _set(**changes: object) -> Callable[[Street, Camera, random.Random], None]:
    def begin(_: Street, camera: Camera, __: random.Random) -> None:
        for name, value in changes.items():
            setattr(camera.mood, name, value)

    return begin


def _hang_up(street_: Street, camera: Camera, _: random.Random) -> None:
    street_.ask(camera.hang_up())


def _reboot(street_: Street, camera: Camera, _: random.Random) -> None:
    street_.ask(camera.close())


def _change_size(street_: Street, camera: Camera, _: random.Random) -> None:
    camera.mood.film = 1 - camera.mood.film
    street_.ask(camera.hang_up())


def _change_in_stream(_: Street, camera: Camera, __: random.Random) -> None:
    camera.mood.film = 1 - camera.mood.film
    camera.mood.changes_in_stream = True


def _change_sound(street_: Street, camera: Camera, _: random.Random) -> None:
    camera.mood.has_sound = not camera.mood.has_sound
    street_.ask(camera.hang_up())


def _jump(_: Street, camera: Camera, dice: random.Random) -> None:
    camera.mood.clock_s += dice.choice((-3600.0, -70.0, -5.0, 5.0, 70.0, 3600.0))


FAULTS = (
    Fault("hangs up", 0, 0, _hang_up),
    Fault("pictures stop, sound goes on", 2, 25, _set(sends_pictures=False)),
    Fault("all stops", 2, 25, _set(sends_pictures=False, sends_sound=False)),
    Fault("half-open", 12, 30, _set(is_deaf=True)),
    Fault("reboots", 3, 15, _reboot),
    Fault("comes back with another size", 0, 0, _change_size),
    Fault("another size in the stream", 2, 5, _change_in_stream),
    Fault("clock jumps", 0, 5, _jump),
    Fault("clock runs double", 5, 20, _set(pace=2.0)),
    Fault("clock stands", 5, 20, _set(pace=0.0)),
    Fault("hangs up every 20 s", 45, 65, _set(life_s=20.0)),
    Fault("sound stops", 5, 20, _set(sends_sound=False)),
    Fault("comes back with or without sound", 0, 0, _change_sound),
    Fault("loses packets", 5, 15, _set(loses=0.02)),
    Fault("loses many packets", 3, 12, _set(loses=0.5)),
)


@dataclass(slots=True)
class Found:
    """What a drill came to."""

    seconds: float = 0.0  # of all cameras
    recorded: float = 0.0
    explained: float = 0.0
    sent: int = 0  # pictures
    kept: int = 0
    late_s: float = 0.0  # the most that a camera sent a picture after it was due: the machine was busy
    begun: Counter[str] = field(default_factory=Counter)  # faults of cameras
    reasons: Counter[str] = field(default_factory=Counter)  # of outages
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.seconds:.0f} camera seconds: {self.recorded:.0f} recorded, {self.explained:.0f} more explained; "
            f"{self.kept} of {self.sent} pictures kept, sent up to {self.late_s:.2f} s late; "
            f"{self.begun.total()} faults {dict(self.begun)}; "
            f"outages {dict(self.reasons)}; {len(self.wrong)} wrong"
        )


class Bag:
    """Every fault comes once before any comes twice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._rest: list[Fault] = []

    def draw(self) -> Fault:
        """The next one, for any camera."""
        if not self._rest:
            self._rest = self.dice.sample(FAULTS, len(FAULTS))
        return self._rest.pop()


class Fate:
    """What is wrong with one camera, and until when."""

    def __init__(self, camera: Camera, street_: Street, bag: Bag, found: Found) -> None:
        self._camera, self._street, self._bag, self._found = camera, street_, bag, found
        self._dice = dice = bag.dice
        self._is_ill = False
        self._next_s = time.monotonic() + dice.uniform(*CALM_S) + CALM_S[1]

    def follow(self) -> None:
        """Begin or end a fault when it is time."""
        if time.monotonic() < self._next_s:
            return
        if self._is_ill:
            self.mend()
            return
        fault = self._bag.draw()
        self._found.begun[fault.name] += 1
        self._is_ill = True
        fault.begin(self._street, self._camera, self._dice)
        self._next_s = time.monotonic() + self._dice.uniform(fault.least_s, fault.most_s)

    def mend(self) -> None:
        """The camera is well: what it shows, its sound and its clock stay as they are by now."""
        mood = self._camera.mood
        self._camera.mood = Mood(
            film=mood.film, has_sound=mood.has_sound, clock_s=mood.clock_s, is_over_udp=mood.is_over_udp
        )
        if not self._camera.is_open:
            self._street.ask(self._camera.open())
        self._is_ill = False
        self._next_s = time.monotonic() + self._dice.uniform(*CALM_S)


def drill(folder: Path, cameras: int, seconds: float, seed: int) -> Found:
    """So many cameras for so long."""
    bag, found = Bag(random.Random(seed)), Found()
    films = [shoot(320, 180, bit_rate=200_000), shoot(640, 360, bit_rate=300_000)]
    made = [
        Camera(films, has_sound=number % 2 == 0, mood=Mood(is_over_udp=number % 4 == 3)) for number in range(cameras)
    ]
    with street(made) as running, house(folder / "house", program="hub") as home:
        home.set_up()
        ids = [home.add_camera(f"camera {n}", each.url)["id"] for n, each in enumerate(made)]
        fates = [Fate(each, running, bag, found) for each in made]
        ends_s, looked_s = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < ends_s:
            for fate in fates:
                fate.follow()
            if time.monotonic() - looked_s > 2:
                looked_s = time.monotonic()
                _look_ahead(home, made, found)
            time.sleep(0.1)
        for fate in fates:
            fate.mend()
        until(lambda: {each["state"] for each in home.home()["cameras"]} == {"recording"}, "all recording", 90)
        time.sleep(6)
        ended_ms = time.time_ns() // 1_000_000
    _look_ahead(home, made, found)
    strips = read_strips(home.data / "hub" / "hub.db")
    for number, (camera, camera_id) in enumerate(zip(made, ids, strict=True)):
        _judge(f"camera {number}", camera, strips[camera_id], ended_ms, found)
        _count(f"camera {number}", camera, strips[camera_id], home, found)
    return found


def _look_ahead(home: House, cameras: Sequence[Camera], found: Found) -> None:
    """A machine that kept the cameras waiting, too, may have placed them by a packet that came late."""
    now_ms = time.time_ns() // 1_000_000
    found.late_s = max(play.late_s for camera in cameras for play in (*camera.plays, Play(0)))
    for camera_id, strip in read_strips(home.data / "hub" / "hub.db").items():
        for each in strip.footage[-3:]:
            if each.ended_ms > now_ms + (FUTURE_S + found.late_s) * 1000:
                found.wrong.append(f"{camera_id}: in the future by {(each.ended_ms - now_ms) / 1000:.2f} s: {each}")


def _judge(name: str, camera: Camera, strip: Strip, ended_ms: int, found: Found) -> None:
    began_ms = camera.plays[0].began_ms
    found.seconds += (ended_ms - began_ms) / 1000
    missing_s = sum(each.length_s for each in strip.gaps(began_ms, ended_ms, 0))
    found.recorded += (ended_ms - began_ms) / 1000 - missing_s
    found.explained += missing_s - sum(each.length_s for each in strip.unexplained(began_ms, ended_ms, 0))
    found.reasons.update(each.what for each in strip.outages)
    for hole in strip.unexplained(began_ms, ended_ms, HOLE_S):
        since_s = (hole.began_ms - began_ms) / 1000
        found.wrong.append(f"{name}: neither recorded nor explained, {since_s:.1f} s after its first picture: {hole}")
    found.wrong += [f"{name}: twice: {each}" for each in strip.overlaps(OVERLAP_S)]
    found.wrong += [f"{name}: recorded, and called missing: {each}" for each in strip.contradictions(HOLE_S, INSIDE)]


def _count(name: str, camera: Camera, strip: Strip, home: House, found: Found) -> None:
    opener, kept = Opener(home.keys.identity), Counter[int]()
    for each in strip.footage:
        there = numbers(bytes(opener.open(Sealed((home.data / "hub" / "vault" / each.what).read_bytes()))))
        kept.update(there)
        steps = [b - a for a, b in pairwise(there) if 0 < b - a < PER_PLAY // 2]
        told_s = strip.told_s(each, INSIDE)
        if (hollow_s := max(steps, default=1) / camera.films[0].fps - told_s) > HOLLOW_S:
            found.wrong.append(f"{name}: {hollow_s:.1f} s without a picture are called recorded: {each}")
    if twice := [number for number, times in kept.items() if times > 1]:
        found.wrong.append(f"{name}: {len(twice)} pictures are in two files: {twice[:5]}")
    found.sent += sum(at_s is not None for play in camera.plays for at_s in play.sent_s)
    found.kept += len(kept)


def main(words: Sequence[str] | None = None) -> None:
    """Print what came of it; status 1 if anything is wrong."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cameras", type=int, default=20)
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = asked.parse_args(words)
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = drill(Path(folder), given.cameras, given.seconds, given.seed)
    for each in found.wrong:
        print(each)
    print(found)
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
