"""Looks at one camera beside its recorder, in a thread of its own: events, stills and sheets come out.

Fails open: whatever goes wrong here, recording continues. Packets wait in a queue that drops its oldest. What is seen
is told from here, at once; the recording thread hears of it only for the clip.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.recording import Sheet, Still
from nightlatch.domain.sighting import EventClosed, EventJudged, EventOpened, Judgement, Story, Track
from nightlatch.hub.watch.clipping import ClipOrder, Filing, Happenings
from nightlatch.pixels.media.frames import Picture
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.stills import SheetBuilder, make_still
from nightlatch.pixels.sight import Sight, TracksChanged

STILL_EVERY_MS = 2_000
JUDGE_EVERY_MS = 1_000
BUSY_EVERY_MS = 60_000  # how often it reports the pictures that nobody had time for
WAITING_LOOKS = 64  # packets that may wait to be looked at; older ones are dropped

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Looking:
    """How cameras are looked at: made once for all of them."""

    make_sight: Callable[[Camera, Streams], Sight]
    judge: Callable[[Story], Judgement]
    eye: Callable[[], str]  # the name of the eye in use


@dataclass(slots=True)
class Observer:
    """Looks at packets and says when events open, what they are, and when they close."""

    camera: Camera
    make_sight: Callable[[], Sight]
    judge: Callable[[Story], Judgement]
    filing: Filing
    happenings: Happenings  # for the clip
    dropped: int = 0  # packets that nobody had time to look at
    failed: int = 0
    _waiting: deque[Packet] = field(default_factory=lambda: deque(maxlen=WAITING_LOOKS))
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None
    _open: ClipOrder | None = None  # of the event under way
    _still: Still | None = None  # the newest
    _tracks: tuple[Track, ...] = ()
    _judged_ms: int = 0
    _is_dark: bool = False
    _busy: str | None = None
    _counted: tuple[int, int] = (0, 0)  # when dropped packets were counted, and how many there were

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"look-{self.camera.id}", daemon=True)
        self._thread.start()

    def offer(self, packet: Packet) -> None:
        """Hand over a packet; never blocks."""
        if packet.kind != "video":
            return
        if len(self._waiting) == WAITING_LOOKS:
            self.dropped += 1
        self._waiting.append(packet)
        self._wake.set()

    def stop(self) -> None:
        """Finish the sheet and end the thread; waits two seconds at most."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        sight = self.make_sight()
        sheets = SheetBuilder(self.camera.id)
        shown_ms, advice = 0, None
        while not self._stopping:
            self._wake.wait(1.0)
            self._wake.clear()
            while self._waiting and not self._stopping:
                packet = self._waiting.popleft()
                try:
                    self._follow(sight.take(packet), sight.picture)
                    shown_ms = self._show(sight.picture, sheets, shown_ms)
                    if packet.is_key and (now := self.advice(sight, packet.at_ms)) != advice:
                        advice = now
                        self.filing.telling.advice(self.camera.id, advice)
                except Exception as error:  # noqa: BLE001 - watching fails open: recording must go on
                    self.failed += 1
                    log.warning("look.failed", camera=self.camera.id, error=type(error).__name__, times=self.failed)
        try:
            self._follow(sight.finish(), sight.picture)
            if (sheet := sheets.finish()) is not None:
                self._keep_sheet(sheet)
        except Exception as error:  # noqa: BLE001 - a full disk, or nobody waited for the end
            log.warning("look.unfinished", camera=self.camera.id, error=type(error).__name__)
        if self._open is not None:  # the last look failed: alerts must not take the event for one that goes on
            self.filing.telling.closed(self._open.opened.event_id)

    def advice(self, sight: Sight, at_ms: int) -> str | None:
        """What the owner should know about watching this camera: that it lags, or costs more than it need."""
        since_ms, before = self._counted
        if not 0 <= at_ms - since_ms < BUSY_EVERY_MS:
            late = self.dropped - before
            self._counted = at_ms, self.dropped
            self._busy = None
            if late and since_ms:
                self._busy = (
                    f"This machine had no time to look at {late} pictures in the last minute. The recording is "
                    "complete. A sub-stream for each camera, or fewer cameras, would help."
                )
        return self._busy or (None if self.camera.demo else sight.advice)

    def _show(self, picture: Picture | None, sheets: SheetBuilder, shown_ms: int) -> int:
        """Pass on a still and a sheet when they are due; when the newest still was taken."""
        if picture is None or picture.at_ms == shown_ms:
            return shown_ms
        if (sheet := sheets.add(picture)) is not None:
            self._keep_sheet(sheet)
        if abs(picture.at_ms - shown_ms) < STILL_EVERY_MS:
            return shown_ms
        self._still = make_still(picture, self.camera.id)
        self.filing.telling.still(self._still, self.filing.sealer)
        return picture.at_ms

    def _keep_sheet(self, sheet: Sheet) -> None:
        self.filing.vault.keep_sheet(sheet, self.filing.sealer)

    def _follow(self, changes: Sequence[EventOpened | TracksChanged | EventClosed], picture: Picture | None) -> None:
        for change in changes:
            match change:
                case EventOpened():
                    self._open = ClipOrder(change, secrets.token_hex(8), self._still)
                    self._tracks, self._judged_ms = (), 0
                    self._is_dark = picture is not None and picture.is_dark
                    self.happenings.append(self._open)
                case TracksChanged() if self._open is not None and change.event_id == self._open.opened.event_id:
                    self._tracks = change.tracks
                    self._judge(self._open, change.at_ms, is_last=False)
                case EventClosed():
                    order, self._open = self._open, None
                    try:
                        if order is not None:
                            self._judge(order, change.clip_to_ms, is_last=True)
                    finally:
                        self.happenings.append(change)
                        self.filing.telling.closed(change.event_id)

    def _judge(self, order: ClipOrder, at_ms: int, *, is_last: bool) -> None:
        if not is_last and 0 <= at_ms - self._judged_ms < JUDGE_EVERY_MS:
            return
        self._judged_ms = at_ms
        opened = order.opened
        wall = time.localtime(opened.onset_ms / 1000)
        story = Story(
            opened.onset_ms,
            at_ms,
            self._tracks,
            self.camera.areas,
            self._is_dark,
            wall.tm_hour + wall.tm_min / 60,
        )
        judged = EventJudged(self.camera.id, opened.event_id, at_ms, self.judge(story))
        self.happenings.append(judged)
        self.filing.telling.judged(self.camera, opened, order.clip_id, judged, self._still)
