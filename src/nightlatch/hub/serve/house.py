"""What the routes of one hub share: the index, the household, and what watch has reported lately."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from nightlatch.domain.camera import CameraState
from nightlatch.domain.context import Mode
from nightlatch.domain.mode import SetBy
from nightlatch.domain.time import Clock, Span
from nightlatch.errors import NightlatchError
from nightlatch.hub.serve import catalogue, demo
from nightlatch.hub.serve.absences import BEAT_S, Absences, beat, last_alive_ms, note_alive
from nightlatch.hub.serve.alerts import Alerts, alert_of
from nightlatch.hub.serve.alerts.lifesign import LifeSign
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.alerts.switches import Switch
from nightlatch.hub.serve.attention import Attention
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.entries import Entries, Entry
from nightlatch.hub.serve.books.gaps import Gaps, end_open
from nightlatch.hub.serve.books.matching import match
from nightlatch.hub.serve.books.retention import Sweep
from nightlatch.hub.serve.duty import Duty
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.hints import Hint
from nightlatch.hub.serve.links import Link, Links
from nightlatch.hub.serve.logs import Logs
from nightlatch.hub.serve.open_events import OpenEvents
from nightlatch.hub.serve.people.household import Device, Household
from nightlatch.hub.serve.people.modes import Modes
from nightlatch.hub.serve.people.tries import Tries
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.wire.notices import (
    Advice,
    CameraList,
    CamerasChanged,
    CameraStatus,
    ClipGrew,
    EventNotice,
    EyeStatus,
    Hello,
    Missed,
    NewStill,
    Notice,
    Outage,
    Pulse,
    Stored,
)
from nightlatch.hub.wire.server import NoticeServer

if TYPE_CHECKING:
    from nightlatch.hub.serve.alerts.mqtt import Mqtt

COOKIE = "nightlatch"
WAITING_HINTS = 64
LONGEST_NAP_S = 20.0  # between looks at the clock on the wall: it may be set
SHORTEST_NAP_S = 0.05
RECEIVING_FILE = "receiving.json"  # in the hub's folder, for the doctor: no name, no address
log = structlog.get_logger()


class SignedOut(NightlatchError):
    """Nobody is signed in."""


@dataclass(slots=True)
class House:
    """State of a running serve process."""

    settings: HubSettings
    engine: Engine
    books: Books
    clock: Clock
    key: Ed25519PrivateKey
    household: Household
    modes: Modes
    tries: Tries
    uplink: Uplink | None
    push: Push
    mqtt: Mqtt | None
    alerts: Alerts
    lifesign: LifeSign | None
    donations: Donations
    logs: Logs
    started_ms: int
    secure: bool = False
    notices: NoticeServer = field(init=False)
    entries: Entries = field(init=False)
    listing: Duty = field(init=False)  # telling watch the cameras
    matching: Duty = field(init=False)  # bringing the books into step with the files
    clearing: Duty = field(init=False)  # deleting what demo cameras recorded that have left
    statuses: dict[str, CameraStatus] = field(default_factory=dict)
    advice: dict[str, str | None] = field(default_factory=dict)
    stills: dict[str, NewStill] = field(default_factory=dict)
    swept: Sweep = field(default_factory=Sweep)
    links: Links = field(default_factory=Links)  # to watch
    _unmatched: set[int] = field(default_factory=set)  # shards whose files may be out of step with the books
    _receiving: dict[str, dict[str, object]] = field(default_factory=dict)  # as the doctor's file has it
    _stored_s: dict[str, float] = field(default_factory=dict)  # when footage of a camera was last stored, monotonic
    _eyes: dict[int, EyeStatus] = field(default_factory=dict)  # by shard
    _feeds: set[asyncio.Queue[str]] = field(default_factory=set)
    keeping_time: asyncio.Event = field(default_factory=asyncio.Event)  # set: the mode's next change is another
    absences: Absences = field(init=False)
    gaps: Gaps = field(init=False)
    attention: Attention = field(init=False)
    events: OpenEvents = field(init=False)

    def __post_init__(self) -> None:
        self.absences = Absences(self.started_ms, last_alive_ms(self.settings.data_dir) or 0)
        self.gaps = Gaps(self.absences.why)
        self.notices = NoticeServer(self.settings.data_dir / "watch.sock", self.heard, self.left)
        self.attention = Attention(self.notices.tell)
        self.events = OpenEvents(
            lambda notice: self.alerts.tell(alert_of(notice, self.modes.mode)),
            lambda moving: None if self.mqtt is None else self.mqtt.follow(moving),
        )
        self.entries = Entries(self.books, self.clock, self.entered, self.match_all, self.gaps)
        self.listing = Duty("cameras.list", self._list_cameras)
        self.matching = Duty("books.match", self._match)
        self.clearing = Duty("demo.clear", self._clear_demo)
        if self.mqtt is not None:
            self.mqtt.pictures = Switch(self.mqtt.name, self.settings.data_dir)
            self.mqtt.may_set_mode = Switch("mqtt_mode", self.settings.data_dir)
            self.mqtt.mode, self.mqtt.choose = lambda: self.modes.mode, self._choose_mode

    @property
    def watch_is_up(self) -> bool:
        """Whether every watch process is there."""
        return len(self.links) >= max(1, self.settings.shards)

    @property
    def eye(self) -> EyeStatus | None:
        """How the eye is doing for all cameras: the process that does worst speaks for all."""
        if not self._eyes:
            return None
        worst = min(self._eyes.values(), key=lambda eye: (eye.blind_text is None, eye.coming_text is None, eye.shard))
        looks = {camera: counts for eye in self._eyes.values() for camera, counts in eye.looks.items()}
        return msgspec.structs.replace(worst, looks=looks)

    # ---- what watch says; in the event loop ---------------------------------------------------------------

    def heard(self, notice: Notice) -> None:
        """Take in a notice."""
        match notice:
            case Stored() | Outage():
                if isinstance(notice, Stored) and "/segments/" in notice.path:
                    self._stored_s[notice.path.partition("/")[0]] = time.monotonic()
                self.entries.add(notice)
            case ClipGrew():
                self.links.follow(notice)
                self.entries.add(notice)
            case CameraStatus():
                self.statuses[notice.camera_id] = _carried(self.statuses.get(notice.camera_id), notice)
                if notice.state is not CameraState.RECORDING:  # what it saw is over
                    self.events.end(lambda camera_id: camera_id == notice.camera_id)
                self.entries.add(notice)
                if notice.state is CameraState.OFF:  # the last that is heard of a demo camera that left
                    self.clearing.ask()
                self.hint({"type": "camera", "camera_id": notice.camera_id})
            case NewStill():
                self.stills[notice.camera_id] = notice
                self.hint({"type": "still", "camera_id": notice.camera_id, "at_ms": notice.at_ms})
            case EventNotice():
                self.events.take(notice)
            case Advice():
                self.advice[notice.camera_id] = notice.text
            case EyeStatus():
                self._see(notice)
            case Hello():
                self._join(notice)
                self.cameras_changed()
                self._unmatched.add(notice.shard)
                self.matching.ask()
            case Pulse():
                self._feel(notice)
            case Missed():  # a Hello follows, which says how things stand
                log.warning("notices.missed", count=notice.count)
            case CamerasChanged():  # or the mode was
                self.cameras_changed()
                self.mode_changed()

    def _join(self, hello: Hello) -> None:
        if self.links.join(hello):
            self.absences.began(hello.since_ms, hello.keeps)
            self.events.end(hello.keeps)  # what the process before saw
        self.events.end(lambda camera_id: hello.keeps(camera_id) and camera_id not in hello.moving)
        self.events.goes_on(hello.moving)
        self.attention.say(again=True)

    def _feel(self, pulse: Pulse) -> None:
        silent_s = self.links.feel(pulse)
        link = self.links.get(pulse.shard)
        if silent_s is not None and link is not None:
            now_ms = self.clock.now_ms()
            self.absences.silent(Span(now_ms - round(silent_s * 1000), now_ms), link.hello.keeps)
            self.hint({"type": "home"})

    def left(self, hello: Hello) -> None:
        """A watch process is gone."""
        if not self.links.leave(hello):
            return
        self._eyes.pop(hello.shard, None)  # nothing is looking now
        self.events.end(hello.keeps)
        self.hint({"type": "home"})

    def entered(self, entries: Sequence[Entry]) -> None:
        """Rows were written: pages look again, and the uplink has something to send."""
        clips = {entry.clip_id: entry.camera_id for entry in entries if isinstance(entry, ClipGrew)}
        for clip_id, camera_id in clips.items():
            self.hint({"type": "clip", "clip_id": clip_id, "camera_id": camera_id})
        if clips and self.uplink is not None:
            self.uplink.wake()

    def stored_for_ms(self, camera_id: str) -> int | None:
        """How long ago footage of a camera was stored, by a clock that nobody sets; None: not since this start."""
        at_s = self._stored_s.get(camera_id)
        return None if at_s is None else round((time.monotonic() - at_s) * 1000)

    async def _choose_mode(self, mode: Mode) -> None:
        await run_in_threadpool(self.modes.choose, mode, SetBy.MQTT)
        self.mode_changed()

    def mode_changed(self) -> None:
        """Tell watch, the broker and the pages, from any thread."""
        self.notices.later(self.listing.ask)
        self.notices.later(self.keeping_time.set)
        if self.mqtt is not None:
            self.notices.later(self.mqtt.wake)
        self.hint({"type": "home"})

    def cameras_changed(self) -> None:
        """Tell watch and the pages, from any thread."""
        self.notices.later(self.listing.ask)
        self.notices.later(self.clearing.ask)
        self.hint({"type": "home"})

    async def _list_cameras(self) -> None:
        listed = await run_in_threadpool(self._camera_list)
        self.absences.listed(listed.cameras, self.clock.now_ms())
        self.notices.tell(listed)

    def _camera_list(self) -> CameraList:
        household = self.household.householder()
        if household is None:
            return CameraList(None, (), ())
        cameras = tuple(catalogue.cameras(self.engine))
        return CameraList(household.id, (household.recipient,), cameras, self.modes.now().mode)

    def match_all(self) -> None:
        """Some entries were lost: the files say what they were about."""
        self._unmatched.update(self.links)
        self.matching.ask()

    async def _match(self) -> None:
        """Bring the books into step with the files of each watch process that asks for it.

        What was heard before is entered before: a clip that a process let go when it was killed would otherwise be
        opened again by its last words.
        """
        await self.entries.flush()
        shards, self._unmatched = self._unmatched, set()
        try:
            self.clearing.ask()  # matching brings back rows of files that a recorder still wrote
            for shard in sorted(shards):
                if (link := self.links.get(shard)) is not None:
                    await self._match_shard(link)
        except BaseException:
            self._unmatched |= shards
            raise

    async def _match_shard(self, link: Link) -> None:
        found = await run_in_threadpool(match, self.books, link.hello.keeps, link.growing, self.gaps)
        log.info(
            "books.matched",
            rows_added=found.rows_added,
            rows_dropped=found.rows_dropped,
            clips_closed=found.clips_closed,
        )
        self.hint({"type": "home"})

    async def _clear_demo(self) -> None:
        """What was heard before is entered before, so that no row outlives its file."""
        await self.entries.flush()
        await run_in_threadpool(self.clear_demo)

    def clear_demo(self) -> None:
        """Delete what demo cameras recorded that have left; from any thread but the loop's. Raises `OSError`."""
        cleared = demo.clear(self.books, wanted=self.settings.demo)
        for camera_id in cleared.cameras:
            self.statuses.pop(camera_id, None)
            self.stills.pop(camera_id, None)
            self.advice.pop(camera_id, None)
        if cleared.cameras:
            log.info("demo.cleared", cameras=len(cleared.cameras), clips=len(cleared.clips))
            self.hint({"type": "home"})
        for clip_id in cleared.clips[:1]:  # one is enough: pages ask for all that there is again
            self.hint({"type": "clip_gone", "clip_id": clip_id})

    def _see(self, eye: EyeStatus) -> None:
        before, self._eyes[eye.shard] = self._eyes.get(eye.shard), eye
        if before is None or _fares(before) != _fares(eye):
            self.hint({"type": "home"})

    # ---- the time that passes ------------------------------------------------------------------------------

    def resume(self) -> None:
        """What the last serve process left open when it was killed ended with it. Raises `OSError`."""
        if self.absences.alive_ms:
            with self.books.change() as session:
                end_open(session, self.absences.alive_ms)

    async def beats(self) -> None:
        """Note that this hub is alive, what the clocks do, and who watches or hangs; until cancelled."""
        was_silent, noting = False, asyncio.create_task(asyncio.sleep(0))
        while True:
            now = beat(self.clock)
            if self.absences.beat(now) and self.links.is_silent != was_silent:
                was_silent = not was_silent
                self.hint({"type": "home"})
            self.events.say()
            self.attention.say(again=now.monotonic_ms // 1000 % 4 < BEAT_S)
            if noting.done():  # a disk that hangs holds up the notes, not the beats
                noting = asyncio.create_task(self._note(now.wall_ms))
            await asyncio.sleep(BEAT_S)

    async def keep_time(self) -> None:
        """Change the mode in the second in which the schedule says so, until cancelled."""
        while True:
            self.keeping_time.clear()
            if await run_in_threadpool(self.modes.follow):
                self.mode_changed()
                self.keeping_time.clear()
            until_ms = (await run_in_threadpool(self.modes.now)).until_ms
            left_s = LONGEST_NAP_S if until_ms is None else (until_ms - self.clock.now_ms()) / 1000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(left_s, SHORTEST_NAP_S), LONGEST_NAP_S)):
                    await self.keeping_time.wait()

    async def _note(self, now_ms: int) -> None:
        """Keep in files that this hub is alive, and, for the doctor, by what each camera is received."""
        await run_in_threadpool(note_alive, self.settings.data_dir, now_ms)
        now: dict[str, dict[str, object]] = {
            each.camera_id: {"receiver": each.receiver, "notes": list(each.notes)}
            for each in self.statuses.values()
            if each.receiver is not None
        }
        if now != self._receiving:
            self._receiving = now
            with contextlib.suppress(OSError):  # a full disk: the page says it all the same
                file = self.settings.data_dir / RECEIVING_FILE
                await run_in_threadpool(file.write_text, json.dumps(now))

    # ---- pages --------------------------------------------------------------------------------------------

    def hint(self, what: Hint) -> None:
        """Tell every open page to look again, from any thread; a page that is slow misses hints, not data."""
        self.notices.later(lambda: self._hint(json.dumps(what)))

    def watched(self, camera_id: str) -> None:
        """A page asked for the camera's newest still, from any thread."""
        if self.attention.look(camera_id):
            self.notices.later(lambda: self.attention.say(again=False))

    def _hint(self, text: str) -> None:
        for feed in list(self._feeds):
            with contextlib.suppress(asyncio.QueueFull):
                feed.put_nowait(text)

    @contextlib.contextmanager
    def feed(self) -> Iterator[asyncio.Queue[str]]:
        """A queue of hints for one open page."""
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING_HINTS)
        self._feeds.add(queue)
        try:
            yield queue
        finally:
            self._feeds.discard(queue)


def _carried(before: CameraStatus | None, now: CameraStatus) -> CameraStatus:
    """What is shown of a camera: one that is lost stays so while it is asked again, for as long as that takes."""
    if before is None or before.state is not CameraState.RETRYING:
        return now
    if now.state is CameraState.STARTING and not now.waits_for_key:
        return before
    return msgspec.structs.replace(now, since_ms=before.since_ms) if now.state is CameraState.RETRYING else now


def _fares(eye: EyeStatus) -> tuple[object, ...]:
    """What makes pages look again; counts do not."""
    return eye.name, eye.blind_since_ms, eye.blind_text, eye.coming_percent, eye.coming_text, eye.lacks


def house(request: Request) -> House:
    """The hub's state, for routes."""
    found: House = request.app.state.house
    return found


def owner(request: Request) -> Device:
    """The signed-in device, for routes that need one. Raises `SignedOut`."""
    device = house(request).household.device(request.cookies.get(COOKIE))
    if device is None:
        raise SignedOut("You are signed out. Sign in again.")
    return device
