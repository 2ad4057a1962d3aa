"""A few decoded pictures a second, as cheaply as they come.

While a camera sleeps, a key frame is decoded every second or two, and in between the stream is skimmed: a predicted
picture is shown to the decoder as if it came right after the one before, for a tenth to a half of the price of a key
frame. What has not changed comes out right, as it is made of what was there before; what moves comes out torn. That is
no picture to keep, but it says when to wake. Awake, everything is decoded, beginning with the key-frame interval
before, so that the onset of what woke it is not lost. Where key frames are rare, everything is decoded all the time.

So that the decoder misses nothing when it skims, the codec writes the number of the picture and its place anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area
from nightlatch.pixels.codecs import VideoStream, following, numbering
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.vision.areas import blacken

LUMA_WIDTH = 320  # 160 saves 0.6 ms/s and costs 80 ms of onset, and small things half a second (bench/sight)
RARE_KEYS_US = 2_200_000
RARE_KEYS_LARGE_US = 4_500_000
LARGE_WIDTH = 1000  # a stream wider than this is expensive to decode
AWAKE_HZ = 5.0
SKIM_EVERY_US = 380_000  # after the last look: two in a second cost some 1 ms/s, and an event opens 0.15 s sooner
SKIM_EVERY_LARGE_US = 950_000
MOST_FAILURES = 3  # one after the other, then a stream is not skimmed again
MOST_KEPT = 256  # packets of one key-frame interval that are kept for waking
DARK = 50  # mean of the luma below which a picture is dark
INFRARED = 2.5  # mean distance of the colours from grey, below which a picture is lit by infrared
Image = NDArray[np.uint8]

_WITH_LUMA = frozenset(
    ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray")
)  # 8-bit formats whose first plane is the luma

_WITH_CHROMA = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"))

# Planes of 16-bit numbers, as HEVC Main 10 has them, and by how many bits they are deeper than eight.
_DEEPER = {f"{planes}{depth}le": depth - 8 for planes in ("yuv420p", "yuv422p", "yuv444p") for depth in (10, 12)}


cv2.setNumThreads(1)  # many cameras, few cores: a pool for each call only costs time


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture; `luma` is (H, W) uint8, 320 wide, area-averaged."""

    at_ms: int  # hub's clock, which may be set
    dts_us: int  # the source's, which cannot
    luma: Image = field(repr=False)
    frame: VideoFrame = field(repr=False)
    masks: tuple[Area, ...] = ()  # black in every colour picture

    @property
    def is_dark(self) -> bool:
        """Whether it is dark, or lit by infrared: a picture without colours."""
        if float(self.luma.mean()) < DARK:
            return True
        name = self.frame.format.name
        if name not in _WITH_CHROMA and name not in _DEEPER:
            return False
        grey = 128 << _DEEPER.get(name, 0)
        for plane in self.frame.planes[1:3]:
            colours = _rows(plane, name)[::4, ::4].astype(np.int32)
            if float(np.abs(colours - grey).mean()) * 128 / grey >= INFRARED:
                return False
        return True

    def bgr(self, width: int) -> Image:
        """(H, W, 3) uint8 in colour, at most `width` wide and never enlarged."""
        width = max(2, min(width, self.frame.width))
        height = max(2, round(self.frame.height * width / self.frame.width))
        scaled = self.frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
        return blacken(np.ascontiguousarray(scaled.to_ndarray(), dtype=np.uint8), self.masks)


class Looker:
    """Takes every packet and now and then gives a picture. Not shared between threads."""

    def __init__(self, streams: Streams, *, rate_hz: float = 2.0) -> None:
        self._spacing_us = int(1_000_000 / rate_hz)
        self._video: VideoStream = streams.video
        self._context = _decoder(streams.video)
        self._decodes_all = True  # until two key frames have told their interval
        self._key_us: int | None = None
        self._looked_us: int | None = None
        self._needs_key = True
        self._is_torn = False  # and that is because something did not arrive
        self._before: list[Packet] = []  # the key-frame interval before
        self._interval: list[Packet] = []  # this one, so far
        self.numbering = numbering(streams.video)  # None: this stream cannot be skimmed
        self._following = following(streams.video)
        self._skimmed: int | None = None  # pictures since the decoded key frame that were; None: none can be now
        self._skim_from_us = 0
        self._skim_failures = 0
        self.may_skim = True  # False while skims woke too often for nothing
        self.key_every_us: int | None = None  # how far key frames are apart, once known
        self.is_awake = False
        self.failed = 0  # packets that could not be decoded
        self.torn = 0  # packets that were not shown to the decoder, since something they need did not arrive
        self.decoded = 0  # packets that were

    @property
    def sees_all(self) -> bool:
        """Whether every picture is decoded now."""
        return self.is_awake or self._decodes_all

    @property
    def unseen(self) -> int:
        """Packets that waking would decode."""
        return 0 if self.sees_all else len(self._kept())

    def look(self, packet: Packet) -> Picture | None:
        """The newest picture when it is time for one; never raises for what a camera sends."""
        if packet.kind != "video":
            return None
        if packet.is_key and not packet.is_torn:
            self._meet_key(packet)
        # whoever hands over the packets may have lost some without a word
        misses = self._following is not None and self._following.misses(packet.data, packet.is_key)
        if packet.is_torn or misses:
            self.skip()
        if self._needs_key:
            self.torn += self._is_torn
            return None
        if len(self._interval) < MOST_KEPT:
            self._interval.append(packet)
        if not self.sees_all and not (packet.is_key and self._is_due(packet.dts_us)):
            return None
        frame = self._decode(packet)
        if packet.is_key:
            self._skimmed = None if self.sees_all or frame is None or not self._starts_anew(packet) else 0
            self._skim_from_us = packet.dts_us + self._skim_every_us
        return self._picture(packet, frame) if frame is not None and self._is_due(packet.dts_us) else None

    def skip(self) -> None:
        """What comes next does not follow what came last: there is no picture before the next key frame."""
        if not (self._needs_key and self._is_torn):
            self._context.flush_buffers()
        self._needs_key = self._is_torn = True
        self._skimmed = None
        self._key_us = None  # how far key frames are apart is not measured across a gap

    def skim(self, packet: Packet) -> Image | None:
        """The luma of a torn picture when it is time for one between two looks: good for nothing but to wake."""
        if self._skimmed is None or self.numbering is None or self.sees_all or not self.may_skim or packet.is_key:
            return None
        if packet.dts_us < self._skim_from_us:
            return None
        data = self.numbering.renumbered(packet.data, self._skimmed + 1)
        if data is None:
            return None
        self._skim_from_us = packet.dts_us + self._skim_every_us
        try:
            frames = self._context.decode(_av_packet(replace(packet, data=data)))
        except (av.error.FFmpegError, ValueError):
            frames = []
        self.decoded += 1
        if not frames or frames[-1].is_corrupt:
            self._context.flush_buffers()
            self._skimmed = None
            self._skim_failures += 1
            if self._skim_failures >= MOST_FAILURES:
                self.numbering = None
            return None
        self._skimmed += 1
        self._skim_failures = 0
        return small_luma(frames[-1])

    def wake(self) -> list[Picture]:
        """Decode everything from now on; the pictures that were not looked at since the key frame before the last."""
        if self.sees_all:
            self.is_awake = True
            return []
        kept, is_torn = self._kept(), self._needs_key
        self.is_awake = True
        self._skimmed = None
        self._context.flush_buffers()
        looked_us, self._looked_us = self._looked_us, None
        seen_us = looked_us if looked_us is not None and len(self._interval) > 1 else -1
        found = []
        for packet in kept:
            self._needs_key &= not packet.is_key
            frame = None if self._needs_key else self._decode(packet)
            if frame is not None and packet.dts_us > seen_us and not packet.is_key and self._is_due(packet.dts_us):
                found.append(self._picture(packet, frame))
        self._looked_us = max(self._looked_us or 0, looked_us or 0)
        if is_torn or (kept is self._interval and len(kept) >= MOST_KEPT):
            self.skip()  # those that came since are not here
        return found

    def rest(self) -> None:
        """Key frames only from now on, where they come often enough, and skims."""
        if self.is_awake and self._interval and len(self._interval) < MOST_KEPT:
            self._skimmed = len(self._interval) - 1 if self._starts_anew(self._interval[0]) else None
            self._skim_from_us = self._interval[-1].dts_us + self._skim_every_us
        self.is_awake = False

    @property
    def _skim_every_us(self) -> int:
        return SKIM_EVERY_LARGE_US if self._video.width > LARGE_WIDTH else SKIM_EVERY_US

    def _starts_anew(self, packet: Packet) -> bool:
        return self.numbering is not None and self.numbering.starts_anew(packet.data)

    def _kept(self) -> list[Packet]:
        """What waking begins with: the last key frame, or the one before if it has only now come."""
        return self._before + self._interval if len(self._interval) <= 1 else self._interval

    def _decode(self, packet: Packet) -> VideoFrame | None:
        try:
            frames = self._context.decode(_av_packet(packet))
            self.decoded += 1
            if not self.sees_all and not frames:
                frames = self._context.decode(None)  # the decoder keeps pictures back for reordering
                self._context.flush_buffers()
        except (av.error.FFmpegError, ValueError):
            self.failed += 1
            self._context = _decoder(self._video)
            self.skip()
            return None
        if any(frame.is_corrupt for frame in frames):
            self.failed += 1
            self.skip()
            return None
        return frames[-1] if frames else None

    def _picture(self, packet: Packet, frame: VideoFrame) -> Picture:
        self._looked_us = packet.dts_us
        return Picture(packet.at_ms, packet.dts_us, small_luma(frame), frame)

    def _meet_key(self, packet: Packet) -> None:
        if packet.streams is not None and packet.streams.video != self._video:
            self._video = packet.streams.video
            self._context = _decoder(self._video)
            self.numbering, self._following = numbering(self._video), following(self._video)
            self._interval, self._skimmed = [], None  # nothing of another stream is decoded with this one
        if self._key_us is not None:
            was_all = self.sees_all
            self.key_every_us = packet.dts_us - self._key_us
            self._decodes_all = self.key_every_us > (
                RARE_KEYS_LARGE_US if self._video.width > LARGE_WIDTH else RARE_KEYS_US
            )
            if was_all != self.sees_all:
                self._context.flush_buffers()
        self._before = self._interval if len(self._interval) < MOST_KEPT else []
        self._interval = []
        self._key_us = packet.dts_us
        self._needs_key = self._is_torn = False

    def _is_due(self, at_us: int) -> bool:
        spacing_us = 1_000_000 / AWAKE_HZ if self.is_awake else self._spacing_us
        return self._looked_us is None or at_us - self._looked_us >= spacing_us * 0.9


def small_luma(frame: VideoFrame) -> Image:
    """(H, 320) uint8: the brightness plane, area-averaged; no colour is ever computed."""
    name = frame.format.name
    if name in _WITH_LUMA or name in _DEEPER:
        rows = _rows(frame.planes[0], name)
    else:
        rows = np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)
    height = max(2, round(frame.height * LUMA_WIDTH / frame.width))
    small = np.asarray(cv2.resize(rows, (LUMA_WIDTH, height), interpolation=cv2.INTER_AREA), dtype=rows.dtype)
    return np.asarray(np.right_shift(small, _DEEPER.get(name, 0)), dtype=np.uint8)


def _rows(plane: VideoPlane, name: str) -> NDArray[Any]:
    """(H, W) of a plane as it is: bytes, or 16-bit numbers of deeper formats."""
    kind = np.dtype("<u2") if name in _DEEPER else np.dtype(np.uint8)
    stride = plane.line_size // kind.itemsize
    raw = np.frombuffer(memoryview(plane), kind)[: stride * plane.height]
    return raw.reshape(plane.height, stride)[:, : plane.width]


def _decoder(video: VideoStream) -> VideoCodecContext:
    context = av.CodecContext.create(video.codec, "r")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"libavcodec has no {video.codec} decoder for pictures")
    context.width, context.height = video.width, video.height  # old formats do not say themselves
    context.extradata = video.extradata or None
    context.thread_count = 1
    # what is damaged is refused and not patched up: HEVC pictures with a piece missing came out as if they were whole
    context.options = {"skip_loop_filter": "all", "err_detect": "explode"}
    return context


def _av_packet(packet: Packet) -> av.Packet[Any]:
    made: av.Packet[Any] = av.Packet(packet.data)
    made.is_keyframe = packet.is_key
    made.pts = packet.pts_us
    made.dts = packet.dts_us
    return made
