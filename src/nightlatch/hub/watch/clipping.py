"""Cuts the clip of the event under way at one camera: it begins with the pre-roll and grows packet by packet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.manifest import Manifest, abridged
from nightlatch.domain.recording import Part, Still
from nightlatch.domain.sighting import LONGEST_CLIP_MS, PRE_ROLL_MS, EventClosed, EventJudged, EventOpened
from nightlatch.hub.vault.files import ClipGone, Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.telling import Telling
from nightlatch.pixels.media.clipper import Clipper
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.ring import Ring
from nightlatch.pixels.media.segmenter import Context
from nightlatch.seal.recipients import Sealer

RING_MS = PRE_ROLL_MS + 15_000  # the pre-roll, a late onset and a long key-frame interval
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """An event opened and wants a clip; `still` is the newest picture of the camera."""

    opened: EventOpened
    clip_id: str
    still: Still | None


Happenings = deque[ClipOrder | EventJudged | EventClosed]  # from the looking thread to the recording one


@dataclass(frozen=True, slots=True)
class Filing:
    """Where a camera's clips go, and for whom they are sealed."""

    household_id: str
    sealer: Sealer
    vault: Vault
    telling: Telling


class Clipping:
    """All calls come from the recording thread; the looking thread's news waits in `happenings`. Raises `OSError`."""

    def __init__(
        self,
        camera: Camera,
        streams: Streams,
        filing: Filing,
        happenings: Happenings,
        *,
        eye: Callable[[], str],
        context: Context,
    ) -> None:
        """`eye` names the eye in use; `context` is stamped into each clip (segmenter.Context)."""
        self._camera = camera
        self._streams = streams
        self._filing = filing
        self._happenings = happenings
        self._eye = eye
        self._context = context
        self._ring = Ring(RING_MS)
        self._clip: tuple[OpenClip, Clipper] | None = None
        self._until_ms: int | None = None

    def add(self, packet: Packet) -> None:
        """Take the next packet of the main stream: begin, grow or end the clip."""
        self._ring.add(packet)
        try:
            while self._happenings:
                self._follow(self._happenings.popleft())
            self._grow(packet)
        except ClipGone:
            self._let_go()

    def finish(self) -> None:
        """The stream is over: take what the looking thread still had to say about the open clip, and end it."""
        while self._happenings:
            if isinstance(happening := self._happenings.popleft(), EventJudged):
                self._learn(happening)
        self._end()

    def _follow(self, happening: ClipOrder | EventJudged | EventClosed) -> None:
        match happening:
            case ClipOrder():
                self._end()
                self._begin(happening)
            case EventJudged():
                self._learn(happening)
            case EventClosed() if self._is_of(happening):
                self._until_ms = happening.clip_to_ms

    def _begin(self, order: ClipOrder) -> None:
        opened, video, filing = order.opened, self._streams.video, self._filing
        manifest = Manifest(
            household=filing.household_id,
            camera=self._camera.id,
            camera_name=self._camera.name,
            event=opened.event_id,
            onset_ms=opened.onset_ms,
            began_ms=opened.clip_from_ms,
            codecs=self._streams.codecs,
            width=video.width,
            height=video.height,
            fps=video.fps,
            audio=self._streams.audio.codec if self._streams.audio else None,
        )
        clip = filing.vault.begin_clip(order.clip_id, manifest)
        packets = self._ring.since(opened.clip_from_ms)
        self._clip = clip, Clipper(self._streams, self._camera.id, packets, context=self._context)
        self._until_ms = None
        filing.telling.clip(clip)
        if order.still is not None:
            filing.vault.keep_clip_still(clip, order.still, filing.sealer)

    def _is_of(self, happening: EventJudged | EventClosed) -> bool:
        """Whether it is about the clip that grows: two threads look while a sub-stream comes or goes."""
        return self._clip is not None and self._clip[0].manifest.event == happening.event_id

    def _learn(self, judged: EventJudged) -> None:
        """Put what is known into the manifest, which is written again with the next part."""
        if self._clip is None or not self._is_of(judged):
            return
        clip = self._clip[0]
        clip.manifest = replace(clip.manifest, judgement=abridged(judged.judgement), eye=self._eye())

    def _grow(self, packet: Packet) -> None:
        if self._clip is None:
            return
        clip, clipper = self._clip
        is_over = self._until_ms is not None and packet.at_ms >= self._until_ms
        if is_over or packet.at_ms - clip.manifest.began_ms >= LONGEST_CLIP_MS + PRE_ROLL_MS:
            self._end()
            return
        self._keep(clip, clipper.add(packet))

    def _end(self) -> None:
        if self._clip is None:
            return
        clip, clipper = self._clip
        try:
            self._keep(clip, clipper.finish())
            self._filing.vault.close_clip(clip, self._filing.sealer)
        except ClipGone:
            self._let_go()
            return
        self._clip = self._until_ms = None

    def _keep(self, clip: OpenClip, parts: list[Part]) -> None:
        for part in parts:
            self._filing.vault.keep_clip_part(clip, part, self._filing.sealer)

    def _let_go(self) -> None:
        """The owner deleted the clip while it grew; recording continues."""
        if self._clip is not None:
            log.info("clip.gone", clip=self._clip[0].id)
            self._filing.telling.clip_gone(self._clip[0])
        self._clip = self._until_ms = None
