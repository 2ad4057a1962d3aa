"""Cuts the clips of the event under way at one camera: the first begins with the pre-roll and grows packet by packet.

Guarantees
- Every limit counts from the event, on the packets' own time: neither a clock that is set nor a key frame that came
  long before changes what a clip shows. A clip begins at the key frame at or before the pre-roll.
- An event that goes on for longer than a clip has several, which abut at a key frame. Only where key frames are rare
  the later one begins with what leads to it, up to one interval, which the one before has as well.
- All times of an event's clips are told by the wall clock as it was when the event opened.
- A clip has one init: where the camera sends something else the next clip takes over.
- Each clip's manifest says what the event was; those that ended before are written again when it is over.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.manifest import Manifest, abridged
from nightlatch.domain.recording import Part, Still
from nightlatch.domain.sighting import (
    LONGEST_CLIP_MS,
    LONGEST_EVENT_MS,
    POST_ROLL_MS,
    PRE_ROLL_MS,
    EventClosed,
    EventJudged,
    EventOpened,
    Judgement,
)
from nightlatch.hub.vault.files import ClipGone, Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.beside import SubKeeper
from nightlatch.hub.watch.looks import Look
from nightlatch.hub.watch.telling import Telling
from nightlatch.pixels.media.clipper import Clipper
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import Sending
from nightlatch.pixels.media.ring import Ring
from nightlatch.pixels.media.segmenter import Context
from nightlatch.seal.recipients import Sealer

LATE_MS = 4_500  # an event is told so long after it began; more is learnt from those that are told later
LONGEST_KEPT_MS = 20_000  # that is kept for late ones, beside one interval of key frames
KEY_WAIT_MS = 10_000  # that a clip is longer than the longest, to end at a key frame
LEAD_IN_PART_MS = 4_000  # longer parts, and so fewer files at once, for what is before the pre-roll
EARLIEST_MS, LATEST_MS = 2_000, 30_000  # that the sub-stream may be ahead of the main one, and looking behind
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """An event opened and wants a clip; `still` is the newest picture of the camera."""

    opened: EventOpened
    clip_id: str
    still: Still | None


# Stills of an event under way: a later clip's first picture. A look is one that may be better than the clip has.
Happening = ClipOrder | EventJudged | EventClosed | Still | Look
Happenings = deque[Happening]  # from whoever looks to the loop that records


@dataclass(frozen=True, slots=True)
class Filing:
    """Where a camera's clips go, and for whom they are sealed."""

    household_id: str
    sealer: Sealer
    vault: Vault
    telling: Telling


@dataclass(slots=True)
class _Event:
    """The event that clips are cut of, placed on the main stream's own time."""

    opened: EventOpened
    onset_us: int
    until_us: int
    judged: EventJudged | None = None
    earlier: list[OpenClip] = field(default_factory=list)  # its clips that have ended
    next_us: int = 0  # from when on a clip may begin, where none grows

    def at_ms(self, time_us: int) -> int:
        """Where on the wall clock, by what that said when the event opened."""
        return self.opened.onset_ms + (time_us - self.onset_us) // 1000


@dataclass(slots=True)
class _Growing:
    """The clip that grows."""

    clip: OpenClip
    clipper: Clipper
    sending: Sending
    shows_us: int  # what is before this only leads there
    limit_us: int  # from here on the next clip takes over
    worth: float = 0.0  # of its still, as a look


class Clipping:
    """All calls come from the loop; what was seen meanwhile waits in `happenings`. Raises `OSError`."""

    def __init__(
        self,
        camera: Camera,
        streams: Streams,
        filing: Filing,
        happenings: Happenings,
        *,
        eye: Callable[[], str],
        context: Context,
        beside: SubKeeper | None = None,
    ) -> None:
        """`eye` names the eye in use; `context` is stamped into each clip (segmenter.Context)."""
        self._beside = beside
        self._camera = camera
        self._sending = Sending(streams)
        self._filing = filing
        self._happenings = happenings
        self._eye = eye
        self._context = context
        self._ring = Ring(PRE_ROLL_MS + LATE_MS)
        self._event: _Event | None = None
        self._growing: _Growing | None = None
        self._still: Still | None = None  # the newest
        self._next_id: str | None = None  # of the clip that is to begin

    def add(self, packet: Packet) -> None:
        """Take the next packet of the main stream: begin, grow, hand over or end the clip."""
        self._ring.add(packet)
        self._sending.take(packet)
        while self._happenings:
            self._follow(self._happenings.popleft(), packet)
        self._grow(packet)

    def finish(self) -> None:
        """The stream is over: take what was still seen for the open clip, and end it."""
        while self._happenings:
            if isinstance(happening := self._happenings.popleft(), EventJudged):
                self._learn(happening)
            elif isinstance(happening, Look):
                self._show_better(happening)
        self._end_event()

    def _follow(self, happening: Happening, packet: Packet) -> None:
        match happening:
            case ClipOrder():
                self._end_event()
                self._begin_event(happening, packet)
            case EventJudged():
                self._learn(happening)
            case EventClosed() if self._event is not None and self._event.opened.event_id == happening.event_id:
                lasted_ms = happening.clip_to_ms - self._event.opened.onset_ms
                self._event.until_us = self._event.onset_us + lasted_ms * 1000
            case Still():
                self._still = happening
            case Look():
                self._still = happening.still
                self._show_better(happening)

    # ---- events ---------------------------------------------------------------------------------------------

    def _begin_event(self, order: ClipOrder, packet: Packet) -> None:
        opened = order.opened
        onset_us = packet.dts_us - _ago_ms(opened, packet) * 1000
        from_us = onset_us - (opened.onset_ms - opened.clip_from_ms) * 1000
        self._ring.keep_ms = max(self._ring.keep_ms, min((packet.dts_us - from_us) // 1000, LONGEST_KEPT_MS))
        self._event = _Event(opened, onset_us, onset_us + (LONGEST_EVENT_MS + POST_ROLL_MS) * 1000)
        self._still = order.still
        self._next_id = order.clip_id
        self._begin_clip(self._event, from_us, onset_us)

    def _learn(self, judged: EventJudged) -> None:
        """Keep what is known for the manifests of the event: two look while a sub-stream comes or goes."""
        if self._event is None or self._event.opened.event_id != judged.event_id:
            return
        self._event.judged = judged
        if self._growing is not None:
            self._state(self._event, self._growing)

    def _state(self, event: _Event, growing: _Growing) -> None:
        """Put what is known into the manifest, which is written again with the next part."""
        if event.judged is None:
            return
        clip, from_ms = growing.clip, event.at_ms(growing.clipper.began_us)
        judgement = abridged(_since(event.judged.judgement, from_ms))
        clip.manifest = replace(clip.manifest, judgement=judgement, eye=self._eye())

    def _show_better(self, look: Look) -> None:
        """The clip shows this look from now on, if it is of the clip's time and better than what it has."""
        event, growing = self._event, self._growing
        if event is None or growing is None or look.worth <= growing.worth:
            return
        if look.still.at_ms < growing.clip.manifest.began_ms:
            return  # of the clip before, which had better ones
        growing.worth = look.worth
        try:
            self._filing.vault.keep_clip_still(growing.clip, look.still, self._filing.sealer)
        except ClipGone:
            self._let_go(event)
        except OSError as error:  # it keeps the picture that it has
            log.warning("clip.still_stays", camera=self._camera.id, error=type(error).__name__)

    def _end_event(self) -> None:
        """End its clip; all its clips say what the event was in the end."""
        event = self._event
        if event is None:
            return
        self._end_clip(None)
        self._event = self._next_id = None
        if event.judged is None:
            return
        for clip in event.earlier:
            judgement = abridged(replace(event.judged.judgement, tracks=()))
            before = clip.manifest.judgement
            judgement = replace(judgement, tracks=before.tracks if before is not None else ())
            if judgement != before:
                clip.manifest = replace(clip.manifest, judgement=judgement, eye=self._eye())
                self._close(clip)

    # ---- clips ----------------------------------------------------------------------------------------------

    def _begin_clip(self, event: _Event, from_us: int, shows_us: int) -> None:
        """Begin at the key frame at or before `from_us`; where there is none, at the next."""
        packets = self._ring.since(from_us)
        if not packets:
            event.next_us = from_us
            return
        first, clip_id = packets[0], self._next_id or secrets.token_hex(8)
        self._next_id = None
        sending = Sending(first.streams or self._sending.streams)
        sending.is_heard = any(packet.kind == "audio" for packet in packets)
        began_ms, streams, filing = event.at_ms(first.dts_us), sending.streams, self._filing
        manifest = Manifest(
            household=filing.household_id,
            camera=self._camera.id,
            camera_name=self._camera.name,
            event=event.opened.event_id,
            onset_ms=event.at_ms(shows_us),
            began_ms=began_ms,
            codecs=streams.codecs,
            width=streams.video.width,
            height=streams.video.height,
            fps=streams.video.fps,
            audio=None,
        )
        clip = filing.vault.begin_clip(clip_id, manifest)
        clipper = Clipper(sending, self._camera.id, first, began_ms=began_ms, context=self._context)
        growing = _Growing(clip, clipper, sending, min(from_us, shows_us), shows_us + LONGEST_CLIP_MS * 1000)
        self._growing = growing
        self._state(event, growing)
        filing.telling.clip(clip)
        if self._beside is not None:
            self._beside.begin_clip(clip)
        try:
            if self._still is not None:
                filing.vault.keep_clip_still(clip, self._still, filing.sealer)
        except ClipGone:
            self._let_go(event)
            return
        for packet in packets:
            if self._growing is growing:  # another clip that took over was given the rest
                self._grow(packet)

    def _grow(self, packet: Packet) -> None:
        event, growing = self._event, self._growing
        if event is None:
            return
        if packet.kind == "video" and packet.dts_us >= event.until_us:
            self._end_clip(packet.dts_us)
            self._end_event()
        elif growing is None:
            if packet.kind == "video" and packet.is_key and packet.dts_us >= event.next_us:
                self._begin_clip(event, packet.dts_us, max(packet.dts_us, event.onset_us))
        elif growing.sending.take(packet) or self._is_over(packet, growing):
            self._end_clip(packet.dts_us)
            self._begin_clip(event, packet.dts_us, max(packet.dts_us, event.onset_us))
        else:
            part_ms = LEAD_IN_PART_MS if packet.dts_us < growing.shows_us else None
            self._keep(growing, growing.clipper.add(packet, part_ms))

    def _is_over(self, packet: Packet, growing: _Growing) -> bool:
        """Whether the next clip takes over: at a key frame, or where that is long in coming, at any picture."""
        over_us = packet.dts_us - growing.limit_us
        if packet.kind != "video":
            return False
        sound = growing.sending.streams.audio if growing.sending.is_heard else None
        if packet.is_key and sound is not None and growing.clipper.written.streams.audio is None:
            return True  # it came after the file had begun without it
        if over_us < 0:
            return False
        return packet.is_key or (over_us >= KEY_WAIT_MS * 1000 and self._ring.key_us is not None)

    def _end_clip(self, ends_us: int | None) -> None:
        growing, event = self._growing, self._event
        if growing is None or event is None:
            return
        self._keep(growing, growing.clipper.finish(ends_us))
        if self._growing is growing:
            self._growing = None
            event.earlier.append(growing.clip)
            self._close(growing.clip)

    def _keep(self, growing: _Growing, parts: list[Part]) -> None:
        clip, filing = growing.clip, self._filing
        try:
            for part in parts:
                if part.index == 0:  # only now it is known whether there is sound in it
                    streams = growing.clipper.written.streams
                    audio = streams.audio.codec if streams.audio else None
                    clip.manifest = replace(clip.manifest, codecs=streams.codecs, audio=audio)
                filing.vault.keep_clip_part(clip, part, filing.sealer)
        except ClipGone:
            if self._event is not None:
                self._let_go(self._event)
        except OSError:  # what was lost here may be the init: another clip begins at the next key frame
            self._growing = None
            if clip.manifest.parts:
                with suppress(OSError):
                    self._close(clip)
            raise

    def _close(self, clip: OpenClip) -> None:
        if self._beside is not None:
            self._beside.end_clip(clip)
        with suppress(ClipGone):  # deleted since
            self._filing.vault.close_clip(clip, self._filing.sealer)
            return
        self._filing.telling.clip_gone(clip)

    def _let_go(self, event: _Event) -> None:
        """The owner deleted the clip while it grew; recording continues, and so does the event's next clip."""
        if self._growing is not None:
            log.info("clip.gone", clip=self._growing.clip.id)
            self._filing.telling.clip_gone(self._growing.clip)
            event.next_us = self._growing.limit_us
        self._growing = None


def _ago_ms(opened: EventOpened, packet: Packet) -> int:
    """How long before this packet of the main stream the event began.

    The wall clock says it, on which the sub-stream lies, too; but while it is set, one of them follows sooner.
    """
    by_clock_ms = packet.at_ms - opened.onset_ms
    if opened.ago_ms is None or -EARLIEST_MS <= by_clock_ms - opened.ago_ms <= LATEST_MS:
        return by_clock_ms
    return opened.ago_ms


def _since(judgement: Judgement, from_ms: int) -> Judgement:
    """The judgement with only what moved since then: the clip before shows the rest."""
    kept = [replace(track, path=tuple(p for p in track.path if p.at_ms >= from_ms)) for track in judgement.tracks]
    return replace(judgement, tracks=tuple(track for track in kept if track.path))
