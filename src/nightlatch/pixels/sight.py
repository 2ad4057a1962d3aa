"""One camera's sight: packets in; events and tracks out. The chain gate → motion → detector → tracker → events.

No files, no clock, no threads: time comes from the packets, so the same packets give the same events and tracks.
Inside, it is their decoding time, which cannot be set; only what is told says where an event lies on the hub's clock,
by what that said when the event opened. All times of one event are told with that one offset.
Opening an event never waits for the detector, which is asked only while one is open and a few times a second at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import POST_ROLL_MS, Detection, EventClosed, EventOpened, Kind, Motion, Place, Track
from nightlatch.pixels.media.frames import LARGE_WIDTH, Looker, Picture
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.vision.boxes import grown, joined, overlap
from nightlatch.pixels.vision.events import EventBuilder
from nightlatch.pixels.vision.gate import Gate
from nightlatch.pixels.vision.look import worth_of
from nightlatch.pixels.vision.motion import Background
from nightlatch.pixels.vision.standpoint import Stand, Standpoint
from nightlatch.pixels.vision.stays import is_stay, wants_stay
from nightlatch.pixels.vision.tracker import Tracker
from nightlatch.pixels.vision.vote import Vote, moving
from nightlatch.plugs import Eye

# Set by hand on the rendered films of bench/sight.
DETECT_EVERY_MS = 280  # at most; some 3.5 times a second
DETECT_WIDTH = 1280  # pixels: a wider picture is shrunk to this before the eye sees it
LATEST_MS = 1_500  # an answer later than this counts as one about the newest picture
TELL_EVERY_MS = 500  # at most, while an event is open
JOIN_GAP = 0.02  # regions nearer than this are one
REST_MS = 3_000  # an open event in which nothing moved for this long is watched on key frames again
RARE_KEYS_MS = 1_300  # key frames further apart than this are worth an advice


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that an eye looked at, and how well it shows what its event is about (pixels.vision.look)."""

    picture: Picture
    worth: float


@dataclass(frozen=True, slots=True)
class TracksChanged:
    """More is known of what moves in an open event: all its tracks so far."""

    event_id: str
    at_ms: int
    tracks: tuple[Track, ...]
    kinds: tuple[Kind, ...] | None = None  # that the looks so far voted for; None: no eye has looked
    people: int | None = None  # that they saw at once
    shown: Shown | None = None  # the best since this was told last


@dataclass(frozen=True, slots=True)
class CameraMoved:
    """The camera looks elsewhere since `at_ms`, and its areas with it; told once."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class CameraBack:
    """It looks where it did again, or has looked elsewhere for a day."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What one look saw and why the gate did what it did; for `gate explain`."""

    picture: Picture
    motion: Motion
    is_open: bool
    woke: str  # "key", "past", "awake" or "hint"


if TYPE_CHECKING:
    from nightlatch.pixels.detectors.sharing import Slot

News = EventOpened | TracksChanged | EventClosed | CameraMoved | CameraBack


class Sight:
    """State for one camera; not shared between threads."""

    def __init__(
        self,
        streams: Streams,
        *,
        areas: Sequence[Area],
        detector: Eye | Slot | None,
        new_id: Callable[[], str],
        camera_id: str,
        answers_late: bool = False,
        on_glance: Callable[[Glance], None] | None = None,
    ) -> None:
        self._video = streams.video
        self._looker = Looker(streams)
        self._looker.wake()  # to learn quickly what is usual here
        self._areas = tuple(areas)
        self._masks = tuple(area for area in areas if area.use == "mask")
        self._background = Background(areas)
        self._gate = Gate()
        self._standpoint = Standpoint()
        self._tracker = Tracker()
        self._events = EventBuilder(camera_id, new_id=new_id)
        self._waits = False  # the open event is told only once somebody has stayed long enough
        self._detector = detector
        self._answers_late = answers_late  # each answer of the detector is about the picture before
        self._asked_ms: int | None = None
        self._asked: tuple[Box, ...] = ()  # what moved when it was asked
        self._asked_of: Picture | None = None  # and the picture
        self._shown: Shown | None = None  # the best picture since the event was told of last
        self._vote = Vote()
        self._on_glance = on_glance
        self._detected_ms: int | None = None
        self._told_ms: int | None = None
        self._told_kinds: tuple[Kind, ...] | None = None
        self._moved_ms = 0
        self._at_ms = 0  # of the newest packet; all times inside are its decoding time, counted from where it began
        self._began_ms: int | None = None  # what is added to decoding times: nothing steps when the hub's clock does
        self._ahead_ms = 0  # how far the hub's clock is ahead of that by now
        self._told_ahead_ms = 0  # and was when the open event was told
        self.picture: Picture | None = None  # the newest that was decoded

    @property
    def is_open(self) -> bool:
        """Whether an event goes on."""
        return self._events.open is not None

    @property
    def is_awake(self) -> bool:
        """Whether every picture is decoded now."""
        return self._looker.sees_all

    @property
    def torn(self) -> int:
        """Packets so far that were not looked at, since something that they need did not arrive."""
        return self._looker.torn

    @property
    def decoded(self) -> int:
        """Packets that were decoded so far."""
        return self._looker.decoded

    @property
    def failed(self) -> int:
        """Packets that could not be decoded so far."""
        return self._looker.failed

    @property
    def advice(self) -> str | None:
        """What would make this camera cheaper to watch; None when there is nothing to say."""
        every_us = self._looker.key_every_us
        if every_us is not None and every_us > RARE_KEYS_MS * 1000:
            seconds = round(every_us / 1_000_000, 1)
            cost = "would cost a tenth to watch" if self._looker.sees_all else "would be seen sooner"
            return (
                f"This camera {cost} with a key frame every second; it sends one every {seconds:g} s. "
                "Set its key-frame interval (also called I-frame interval or GOP) to 1 s."
            )
        if self._video.width > LARGE_WIDTH:
            return (
                f"This camera is watched on a large stream ({self._video.width}×{self._video.height}). It would cost a "
                "tenth with a sub-stream of about 640×360: add its address to the camera."
            )
        return None

    def take(self, packet: Packet) -> list[News]:
        """Take the next packet; what it brought about, in order. Never raises for what a camera sends."""
        if packet.kind != "video":
            return []
        if self._began_ms is None:
            self._began_ms = packet.at_ms - packet.dts_us // 1000
        self._at_ms = self._ms(packet.dts_us)
        self._ahead_ms = packet.at_ms - self._at_ms
        return self._on_wall(self._take(packet))

    def _ms(self, dts_us: int) -> int:
        return dts_us // 1000 + (self._began_ms or 0)

    def _on_wall(self, told: list[News]) -> list[News]:
        """The same news with times on the hub's clock."""
        found: list[News] = []
        for each in told:
            if isinstance(each, EventOpened):
                self._told_ahead_ms = self._ahead_ms
            found.append(_later(each, self._told_ahead_ms) if self._told_ahead_ms else each)
        return found

    def _take(self, packet: Packet) -> list[News]:
        picture = self._looker.look(packet)
        if picture is not None:
            return self._see(picture)
        self._looker.may_skim = self._gate.trusts_hints(self._looker.unseen)
        luma = self._looker.skim(packet)
        if luma is None:
            return []
        motion = self._news(self._background.peek(luma, self._at_ms))
        if not self._gate.is_hint(motion, self._looker.unseen):
            return []
        told: list[News] = []
        for past in self._looker.wake():
            told += self._weigh(past, self._background.update(past.luma, self._ms(past.dts_us)), "hint")
        self._rest(self._at_ms)
        return told

    def skip(self) -> None:
        """Packets were passed over: nothing is seen before the next key frame."""
        self._looker.skip()

    def finish(self) -> list[News]:
        """The stream ended: close what is open."""
        told = self._tell(force=True) if self.is_open else []
        closed = self._events.finish(self._at_ms)
        return [] if self._waits else self._on_wall([*told, *closed])

    def _see(self, picture: Picture) -> list[News]:
        """Look at the newest picture; if something moves and the camera slept, first at those since the one before."""
        told: list[News] = []
        was_awake = self._looker.is_awake
        at_ms = self._ms(picture.dts_us)
        motion = self._background.update(picture.luma, at_ms)
        if not was_awake and self._news(motion).moving:
            for past in self._looker.wake():
                told += self._weigh(past, self._background.peek(past.luma, self._ms(past.dts_us)), "past")
        told += self._weigh(picture, motion, "awake" if was_awake else "key")
        told += self._stand(picture, at_ms)
        self._rest(at_ms)
        return told

    def _stand(self, picture: Picture, at_ms: int) -> list[News]:
        """Notice that the camera was moved, or moved back."""
        if not self._standpoint.is_due(at_ms):
            return []
        match self._standpoint.look(picture.luma, at_ms, is_dark=picture.is_dark):
            case (Stand.MOVED, since_ms):
                return [CameraMoved(since_ms + self._ahead_ms)]
            case (Stand.BACK, since_ms):
                return [CameraBack(since_ms + self._ahead_ms)]
        return []

    def _news(self, motion: Motion) -> Motion:
        """Without what always moves, but for a while after something surely did: it may have stayed."""
        is_lately = self.is_open or 0 <= motion.at_ms - self._moved_ms < POST_ROLL_MS
        return motion if is_lately else self._gate.news(motion)

    def _weigh(self, picture: Picture, motion: Motion, woke: str) -> list[News]:
        picture = replace(picture, masks=self._masks) if self._masks else picture
        if self.picture is None or picture.dts_us > self.picture.dts_us or woke != "past":
            self.picture = picture
        whole, motion = motion, self._news(motion)
        onset_ms = self._gate.weigh(motion)
        self._gate.learn(whole)
        was_open = self.is_open
        told = self._turn(motion, onset_ms) if was_open or onset_ms is not None else []
        if onset_ms is not None:
            self._moved_ms = motion.at_ms
        self._follow(picture, motion)
        if self.is_open:
            told += self._tell_stay(motion.at_ms) if self._waits else self._tell(force=False)
        elif was_open:
            self._tracker.clear()
        if self._on_glance is not None:
            self._on_glance(Glance(picture, motion, self.is_open, woke))
        return told

    def _turn(self, motion: Motion, onset_ms: int | None) -> list[News]:
        """Open, extend or close the event."""
        told: list[News] = []
        for event in self._events.update(motion if onset_ms is not None else replace(motion, moving=False), onset_ms):
            if isinstance(event, EventOpened):
                self._tracker.begin(event.onset_ms)
                self._told_ms = self._told_kinds = self._detected_ms = self._asked_ms = None
                self._vote, self._shown, self._asked_of = Vote(), None, None
                self._waits = wants_stay(self._areas)
            elif not self._waits:
                told += self._tell(force=True, event_id=event.event_id)
            if not self._waits:
                told.append(event)
        return told

    def _follow(self, picture: Picture, motion: Motion) -> None:
        regions = joined(motion.boxes, JOIN_GAP)
        asked_ms, asked, asked_of = self._asked_ms, self._asked, self._asked_of
        found = self._detect(picture, motion.at_ms, regions) if self.is_open else None
        if found is not None and self._standpoint.is_strange:  # a camera that is being moved: all that stands moves
            found = [each for each in found if each.kind is Kind.PERSON]
        if found is not None and self._answers_late and asked_ms is not None:
            self._count(asked_ms, found, asked, asked_of)
        elif found is not None:
            self._count(motion.at_ms, found, self._asked, picture)
        if regions or found is not None or self.is_open:
            late_ms = motion.at_ms - asked_ms if self._answers_late and asked_ms is not None else 0
            self._tracker.update(motion.at_ms, regions, found, late_ms if 0 <= late_ms <= LATEST_MS else 0)

    def _count(self, at_ms: int, found: Sequence[Detection], asked: tuple[Box, ...], picture: Picture | None) -> None:
        """Let a look vote, and keep its picture if it shows best what the event is about."""
        self._vote.take(at_ms, found, asked)
        worth = worth_of(moving(found, asked), self._vote.kinds or ())
        if picture is not None and worth > (self._shown.worth if self._shown is not None else 0.0):
            self._shown = Shown(picture, worth)

    def _detect(self, picture: Picture, at_ms: int, regions: tuple[Box, ...]) -> list[Detection] | None:
        """Ask the detector where something moves or is followed, if it is time."""
        if self._detector is None:
            return None
        if self._detected_ms is not None and 0 <= at_ms - self._detected_ms < DETECT_EVERY_MS:
            return None
        followed = self._tracker.moving(at_ms)
        alone = [box for box in followed if all(overlap(grown(box, 0.01), region) <= 0 for region in regions)]
        asked = [*regions, *alone]
        if not asked:
            return None
        self._asked_ms, self._asked, self._asked_of = at_ms, tuple(asked), picture
        found = self._detector.look(picture.bgr(DETECT_WIDTH), asked)
        if found is not None:
            self._detected_ms = at_ms
        return found

    def _tell(self, *, force: bool, event_id: str | None = None) -> list[News]:
        event = self._events.open
        event_id = event.event_id if event is not None else event_id
        at_ms = self._ms(self.picture.dts_us) if self.picture is not None else self._at_ms
        pause_ms = TELL_EVERY_MS if self._told_kinds else TELL_EVERY_MS // 2  # until it is known who is there
        is_due = self._told_ms is None or not 0 <= at_ms - self._told_ms < pause_ms
        if not (is_due or force) and not self._told_kinds:  # as soon as it is known who is there
            is_due = bool(self._vote.kinds)
        if event_id is None or not (force or is_due):
            return []
        self._told_kinds = self._vote.kinds
        tracks = self._tracker.tracks
        if not tracks:
            return []
        self._told_ms = at_ms
        shown, self._shown = self._shown, None
        return [TracksChanged(event_id, at_ms, tracks, self._vote.kinds, self._vote.people, shown)]

    def _tell_stay(self, at_ms: int) -> list[News]:
        """The event that waits, once somebody has stayed long enough where the owner wants that."""
        if self._told_ms is not None and 0 <= at_ms - self._told_ms < TELL_EVERY_MS:
            return []
        self._told_ms = at_ms
        if not is_stay(self._areas, self._tracker.tracks):
            return []
        self._waits = False
        opened = self._events.begin_later(at_ms)
        return [opened, *self._tell(force=True)] if opened is not None else []

    def _rest(self, at_ms: int) -> None:
        """Go back to key frames when nothing is in doubt and an open event has gone quiet."""
        if self._background.is_learning:
            return
        if self._looker.is_awake and not self._gate.is_in_doubt(at_ms):
            if not (self.is_open and 0 <= at_ms - self._moved_ms < REST_MS):
                self._looker.rest()
            if not self.is_open:
                self._tracker.clear()


def _later(news: News, by_ms: int) -> News:
    """The same, with all times put off by so much."""
    match news:
        case EventOpened():
            return replace(news, onset_ms=news.onset_ms + by_ms, clip_from_ms=news.clip_from_ms + by_ms)
        case TracksChanged():
            tracks = (
                replace(track, path=tuple(Place(place.at_ms + by_ms, place.box) for place in track.path))
                for track in news.tracks
            )
            return replace(news, at_ms=news.at_ms + by_ms, tracks=tuple(tracks))
        case CameraMoved() | CameraBack():
            return news  # on the hub's clock already
        case EventClosed():
            return replace(
                news,
                onset_ms=news.onset_ms + by_ms,
                last_motion_ms=news.last_motion_ms + by_ms,
                clip_to_ms=news.clip_to_ms + by_ms,
            )
