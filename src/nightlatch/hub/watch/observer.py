"""Looks at one camera beside its recorder: events, stills and sheets come out.

Fails open: whatever goes wrong here, recording continues. Packets wait until the pool, which all cameras share, has a
turn for this one; where it is late, whole key-frame intervals are passed over. What is seen is told from here, at once;
the recording hears of it only for the clip.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.recording import Sheet, Still
from nightlatch.domain.sighting import EventClosed, EventJudged, EventOpened, Judgement, Kind, Story, Track
from nightlatch.hub.watch.clipping import ClipOrder, Filing, Happenings
from nightlatch.hub.watch.looks import BestLooks, Look
from nightlatch.hub.watch.pool import Pool
from nightlatch.hub.watch.surroundings import Surroundings
from nightlatch.pixels.media.backlog import Backlog
from nightlatch.pixels.media.frames import Picture
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.stills import SheetBuilder, make_still
from nightlatch.pixels.sight import CameraBack, CameraMoved, News, Sight, TracksChanged
from nightlatch.pixels.vision.look import worth

STILL_EVERY_MS = 2_000  # while a page shows it
RARE_STILL_MS = 60_000  # while none does
JUDGE_EVERY_MS = 1_000
YOUNG_MS = 2_500  # of an event, in which it is judged whenever more is known: somebody is to be told within a second
JUDGE_SHARE = 0.05  # of a core at most: an event with very many tracks is judged less often
BUSY_EVERY_MS = 60_000  # how often it reports the pictures that nobody had time for
TURN_S = 0.02  # a camera that is awake has some ms of work in a packet; the next camera's turn comes after these
HUNG = (
    "Looking at this camera does not come to an end, so nothing that moves is noticed. The recording is complete. "
    "If this does not go away, restart the hub; if it comes back, try another stream of this camera."
)

MOVED = "This camera was moved at {when}: its picture is not what it was. "
AREAS = "Its areas may no longer fit: check them, and save them."
TURN_BACK = "If that was not you, look what happened, and turn it back."

log = structlog.get_logger()


def always(camera_id: str) -> bool:
    """Whether a still is wanted, where nobody says who looks at the page."""
    return True


@dataclass(frozen=True, slots=True)
class Looking:
    """How cameras are looked at: made once for all of them."""

    make_sight: Callable[[Camera, Streams], Sight]
    judge: Callable[[Story], Judgement]
    eye: Callable[[], str]  # the name of the eye in use
    pool: Pool = field(default_factory=Pool)
    wants_stills: Callable[[str], bool] = always  # whether somebody looks at a page that shows this camera
    passed_over: Counter[str] = field(default_factory=Counter)  # packets that nobody had time for, by camera
    surroundings: Surroundings = field(default_factory=Surroundings)

    def observer(self, camera: Camera, streams: Streams, filing: Filing, happenings: Happenings) -> Observer:
        """Who looks at a camera; `happenings` is for its clip."""
        return Observer(
            *(camera, lambda: self.make_sight(camera, streams), self.judge, filing, happenings),
            pool=self.pool,
            wants_stills=self.wants_stills,
            passed_over=self.passed_over,
            surroundings=self.surroundings,
        )


@dataclass(slots=True)
class Shortfall:
    """What could not be looked at in the last minute, as a sentence for the owner."""

    _since_ms: int | None = None
    _passed_over: int = 0
    _torn: int = 0
    _text: str | None = None

    def say(self, at_ms: int, passed_over: int, torn: int) -> str | None:
        """Both counts are of all that came; the sentence is a new one every minute."""
        if self._since_ms is not None and 0 <= at_ms - self._since_ms < BUSY_EVERY_MS:
            return self._text
        late, lost = passed_over - self._passed_over, torn - self._torn
        is_first = self._since_ms is None
        self._since_ms, self._passed_over, self._torn, self._text = at_ms, passed_over, torn, None
        if late and not is_first:
            self._text = (
                f"This machine had no time to look at {late} pictures in the last minute. The recording is "
                "complete. A sub-stream for each camera, or fewer cameras, would help."
            )
        elif lost and not is_first:
            self._text = (
                f"Parts of what this camera sends were lost on the way, so {lost} pictures of the last minute "
                "could not be looked at. Bring the camera nearer to the Wi-Fi, or give it a cable."
            )
        return self._text


@dataclass(slots=True, eq=False)
class Observer:
    """Looks at packets and says when events open, what they are, and when they close.

    `offer`, `start` and `stop` are called by who receives and return at once; all else happens in turns of the pool.
    """

    camera: Camera
    make_sight: Callable[[], Sight]
    judge: Callable[[Story], Judgement]
    filing: Filing
    happenings: Happenings  # for the clip
    pool: Pool = field(default_factory=Pool)
    wants_stills: Callable[[str], bool] = always
    passed_over: Counter[str] = field(default_factory=Counter)  # packets, by camera, of this and earlier observers
    surroundings: Surroundings = field(default_factory=Surroundings)
    failed: int = 0
    _waiting: Backlog = field(default_factory=Backlog)
    _telling: threading.RLock = field(default_factory=threading.RLock)  # held while something is told
    _has_begun: bool = False
    _is_stopping: bool = False
    _is_closing: bool = False  # in the last turn: only the end is still told
    _done: threading.Event = field(default_factory=threading.Event)
    _hangs: bool = False
    _sight: Sight | None = None
    _sheets: SheetBuilder | None = None
    _open: ClipOrder | None = None  # of the event under way
    _still: Still | None = None  # the newest
    _taken_us: int | None = None  # when that was taken
    _shown_us: int | None = None  # when a page was last given one
    _seen_us: int | None = None  # when the newest picture was
    _tracks: tuple[Track, ...] = ()
    _kinds: tuple[Kind, ...] | None = None  # that the looks at the event voted for
    _people: int | None = None  # that they saw at once
    _looks: BestLooks = field(default_factory=lambda: BestLooks(0))  # of the event under way
    _judged_ms: int = 0
    _judging_ms: float = 0.0  # what that cost
    _is_dark: bool = False
    _moved_ms: int | None = None  # since when the camera looks elsewhere
    _shortfall: Shortfall = field(default_factory=Shortfall)
    _advice: str | None = None  # the newest that was told

    @property
    def dropped(self) -> int:
        """Packets that nobody had time to look at."""
        return self._waiting.passed_over

    @property
    def is_awake(self) -> bool:
        """Whether everything is decoded now."""
        return self._sight is not None and self._sight.is_awake

    @property
    def is_done(self) -> bool:
        """After `stop`: whether everything has been told, and nothing will be any more."""
        if not self._done.is_set():
            self.pool.check()
        return self._done.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait after `stop` until it is done, for who has the time; whether it is."""
        return self._done.wait(timeout_s)

    def start(self) -> None:
        """Look at what is offered from now on."""
        self._has_begun = True

    def offer(self, packet: Packet) -> None:
        """Hand over a packet; never blocks."""
        if packet.kind != "video" or self._is_stopping:
            return
        if passed_over := self._waiting.put(packet):
            self.passed_over[self.camera.id] += passed_over
        if self._has_begun:
            self.pool.rouse(self)

    def stop(self) -> None:
        """Close the event and finish the sheet soon: `is_done` says when. Nothing else is told from now on."""
        with self._telling:
            self._is_stopping = True
        if not self.pool.rouse(self):
            self._abandon()

    # ---- turns of the pool --------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Look at packets for some milliseconds; whether more wait."""
        until_s = time.monotonic() + TURN_S
        while not self._is_stopping and (taken := self._waiting.take()) is not None:
            self._look(*taken)
            if self._hangs or time.monotonic() > until_s:
                break
        if self._is_stopping and not self._done.is_set():
            self._finish()
        return len(self._waiting) > 0 and not self._done.is_set()

    def hang(self) -> None:
        """A turn does not return: say so, or bring to an end what was to end."""
        if self._is_stopping:
            self._abandon()
        else:
            self._hangs = True
            self._advise(HUNG)

    def come_back(self) -> None:
        """The turn that hung did return: go on at the next key frame."""
        self._hangs = False
        self.passed_over[self.camera.id] += self._waiting.skip()

    def _look(self, packet: Packet, is_gap: bool) -> None:
        """One packet; a look that fails costs that look only."""
        try:
            if self._sight is None:
                self._sight, self._sheets = self.make_sight(), SheetBuilder(self.camera.id)
            sight = self._sight
            if is_gap:
                sight.skip()
            self._follow(sight.take(packet), sight.picture)
            self._show(sight.picture)
            if packet.is_key and not self._hangs:
                self._advise(self.advice(sight, packet.dts_us // 1000))
        except Exception as error:  # noqa: BLE001 - watching fails open: recording must go on
            self.failed += 1
            if self.failed & (self.failed - 1) == 0:  # the first, second, fourth, eighth and so on
                log.warning("look.failed", camera=self.camera.id, error=type(error).__name__, times=self.failed)

    def _finish(self) -> None:
        """Tell the end of what is open, once."""
        try:
            with self._telling:
                self._is_closing = not self._done.is_set()
            if self._sight is not None:
                self._follow(self._sight.finish(), self._sight.picture)
            if self._sheets is not None and (sheet := self._sheets.finish()) is not None:
                self._keep_sheet(sheet)
        except Exception as error:  # noqa: BLE001 - a full disk, or an eye that is gone
            log.warning("look.unfinished", camera=self.camera.id, error=type(error).__name__)
        self._abandon()

    def _abandon(self) -> None:
        """Nothing is told from now on, but that the open event, if its end was not told, is over."""
        with self._telling:
            if self._done.is_set():
                return
            self._waiting.forget()
            if self._hangs:
                self.filing.telling.advice(self.camera.id, None)
            if self._open is not None:  # alerts and the clip must not take the event for one that goes on
                opened = self._open.opened
                until_ms = max(opened.onset_ms, self._judged_ms)
                self.happenings.append(
                    EventClosed(self.camera.id, opened.event_id, opened.onset_ms, until_ms, until_ms)
                )
                self.filing.telling.closed(opened.event_id)
            self._done.set()

    @property
    def _may_tell(self) -> bool:
        """Whether news is still wanted: once it was asked to stop, only the end is."""
        return not self._done.is_set() and (self._is_closing or not self._is_stopping)

    # ---- what comes of it ---------------------------------------------------------------------------------

    def advice(self, sight: Sight, at_ms: int) -> str | None:
        """What the owner should know about this camera: that it was moved, lags, or costs more than it need."""
        missed = self._shortfall.say(at_ms, self.dropped, sight.torn)
        if self.camera.demo:
            return missed
        return self._moved() or missed or sight.advice

    def _moved(self) -> str | None:
        """That the camera looks elsewhere; until it is moved back, or its areas are saved and it is looked at anew."""
        if self._moved_ms is None:
            return None
        when = time.strftime("%H:%M", time.localtime(self._moved_ms / 1000))
        return MOVED.format(when=when) + (AREAS if self.camera.areas else TURN_BACK)

    def _advise(self, text: str | None) -> None:
        """Tell it if it is news."""
        with self._telling:
            if text != self._advice and self._may_tell:
                self._advice = text
                self.filing.telling.advice(self.camera.id, text)

    def _show(self, picture: Picture | None) -> None:
        """Pass on a still and a sheet when they are due."""
        if picture is None or picture.dts_us == self._seen_us:
            return
        self._seen_us = picture.dts_us
        self.surroundings.hours.watch(self.camera.id, picture.at_ms)
        if self._sheets is not None and (sheet := self._sheets.add(picture)) is not None:
            self._keep_sheet(sheet)
        age_ms = None if self._shown_us is None else (picture.dts_us - self._shown_us) // 1000
        if age_ms is not None and age_ms < STILL_EVERY_MS:
            return
        if age_ms is not None and age_ms < RARE_STILL_MS and not self.wants_stills(self.camera.id):
            return
        self._shown_us = picture.dts_us
        still = self._take_still(picture)
        with self._telling:
            if still is not None and self._may_tell:
                self.filing.telling.still(still, self.filing.sealer)

    def _take_still(self, picture: Picture | None) -> Still | None:
        """The picture as the newest still, if the one there is has become old."""
        if picture is None or (self._taken_us is not None and picture.dts_us - self._taken_us < STILL_EVERY_MS * 1000):
            return self._still
        if (still := self._still_of(picture)) is not None:
            self._still, self._taken_us = still, picture.dts_us
        return self._still

    def _still_of(self, picture: Picture) -> Still | None:
        """The picture as a still; None when that fails."""
        try:
            return make_still(picture, self.camera.id)
        except Exception as error:  # noqa: BLE001 - an event without a picture is better than none
            log.warning("look.failed", camera=self.camera.id, error=type(error).__name__, times=self.failed)
            return None

    def _keep_sheet(self, sheet: Sheet) -> None:
        self.filing.vault.keep_sheet(sheet, self.filing.sealer)

    def _follow(self, changes: Sequence[News], picture: Picture | None) -> None:
        for change in changes:
            match change:
                case EventOpened():
                    order = ClipOrder(change, secrets.token_hex(8), self._take_still(picture))
                    self._tracks, self._kinds, self._people, self._judged_ms = (), None, None, 0
                    self._looks = BestLooks(change.onset_ms)
                    self._is_dark = picture is not None and picture.is_dark
                    with self._telling:
                        if self._may_tell:
                            self._open = order
                            self.happenings.append(order)
                case TracksChanged() if self._open is not None and change.event_id == self._open.opened.event_id:
                    self._tracks, self._kinds, self._people = change.tracks, change.kinds, change.people
                    self._look_better(self._open, change, picture)
                    self._judge(self._open, change.at_ms, picture, is_last=False)
                case CameraMoved():
                    self._moved_ms = change.at_ms
                case CameraBack():
                    self._moved_ms = None
                case EventClosed():
                    try:
                        if self._open is not None:
                            self._judge(self._open, change.clip_to_ms, picture, is_last=True)
                    finally:
                        self._close(change)

    def _look_better(self, order: ClipOrder, change: TracksChanged, picture: Picture | None) -> None:
        """Keep the picture as the event's still where it shows better what the event is about."""
        if change.shown is not None:  # the picture that the eye saw it in: answers come late
            picture, now_worth = change.shown.picture, change.shown.worth
        elif change.kinds:
            return  # what the event is about was not seen in any picture since
        else:
            now_worth = worth(change.tracks, change.at_ms)
        if picture is None or not self._looks.wants(now_worth, change.at_ms):
            return
        still = self._still_of(picture)
        if still is None:
            return
        look = Look(still, now_worth)
        is_best = self._looks.take(look)
        with self._telling:
            if self._may_tell:
                self.happenings.append(look)
                if is_best:
                    self.filing.telling.seen_better(order.opened.event_id, still)

    def _close(self, closed: EventClosed) -> None:
        """Tell that an event is over, even if nothing else is told any more."""
        with self._telling:
            if not self._done.is_set():
                self._open = None
                self.happenings.append(closed)
                self.filing.telling.closed(closed.event_id)

    def _judge(self, order: ClipOrder, at_ms: int, picture: Picture | None, *, is_last: bool) -> None:
        opened, pause_ms = order.opened, max(JUDGE_EVERY_MS, self._judging_ms / JUDGE_SHARE)
        is_young = at_ms - opened.onset_ms < YOUNG_MS
        if not (is_last or is_young) and 0 <= at_ms - self._judged_ms < pause_ms:
            return
        self._judged_ms = at_ms
        wall = time.localtime(opened.onset_ms / 1000)
        story = Story(
            opened.onset_ms,
            at_ms,
            self._tracks,
            self.camera.areas,
            self._is_dark,
            wall.tm_hour + wall.tm_min / 60,
            self._kinds,
            people=self._people,
        )
        began_s = time.thread_time()
        context = self.surroundings.context(self.camera, opened.onset_ms, at_ms, self._tracks)
        judged = EventJudged(self.camera.id, opened.event_id, at_ms, self.judge(replace(story, context=context)))
        self._judging_ms = (time.thread_time() - began_s) * 1000
        if is_last:
            self.surroundings.learn(self.camera, opened, judged)
        still = self._take_still(picture)
        with self._telling:
            if self._may_tell:
                self.happenings.append(judged)
                if still is not None:
                    self.happenings.append(still)  # what a later clip of this event begins with
                shown = self._looks.best.still if self._looks.best is not None else still
                self.filing.telling.judged(self.camera, opened, order.clip_id, judged, shown)
