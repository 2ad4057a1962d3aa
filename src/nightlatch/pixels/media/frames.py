"""A few decoded pictures a second, as cheaply as they come.

Where key frames come every two seconds or more often, only those are decoded (a tenth of the price of decoding
all); where they are rarer, every picture is, and `rate_hz` of them are given, so that such a camera is watched too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nightlatch.pixels.media.packets import Packet, Streams, VideoStream

LUMA_WIDTH = 160
RARE_KEYS_US = 2_200_000
Image = NDArray[np.uint8]

_WITH_LUMA = frozenset(
    ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray")
)  # 8-bit formats whose first plane is the luma

cv2.setNumThreads(1)  # many cameras, few cores: a pool per call only costs


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture; `luma` is (H, W) uint8, 160 wide, area-averaged."""

    at_ms: int
    luma: Image = field(repr=False)
    frame: VideoFrame = field(repr=False)

    def bgr(self, width: int) -> Image:
        """(H, W, 3) uint8 in colour, at most `width` wide and never enlarged."""
        width = max(2, min(width, self.frame.width))
        height = max(2, round(self.frame.height * width / self.frame.width))
        scaled = self.frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
        return np.ascontiguousarray(scaled.to_ndarray(), dtype=np.uint8)


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
        self.failed = 0  # packets that could not be decoded

    def look(self, packet: Packet) -> Picture | None:
        """The newest picture when it is time for one; never raises for what a camera sends."""
        if packet.kind != "video":
            return None
        if packet.is_key:
            self._meet_key(packet)
        elif not self._decodes_all or self._needs_key:
            return None
        try:
            frames = self._context.decode(_av_packet(packet))
            if not self._decodes_all and not frames:
                frames = self._context.decode(None)  # the decoder keeps pictures back for reordering
                self._context.flush_buffers()
            if not frames or not self._is_due(packet.dts_us):
                return None
            picture = Picture(packet.at_ms, small_luma(frames[-1]), frames[-1])
        except (av.error.FFmpegError, ValueError):
            self.failed += 1
            self._context = _decoder(self._video)
            self._needs_key = True
            return None
        self._looked_us = packet.dts_us
        return picture

    def _meet_key(self, packet: Packet) -> None:
        if packet.video is not None and packet.video != self._video:
            self._video = packet.video
            self._context = _decoder(packet.video)
        if self._key_us is not None:
            was_all = self._decodes_all
            self._decodes_all = packet.dts_us - self._key_us > RARE_KEYS_US
            if was_all != self._decodes_all:
                self._context.flush_buffers()
        self._key_us = packet.dts_us
        self._needs_key = False

    def _is_due(self, at_us: int) -> bool:
        return self._looked_us is None or at_us - self._looked_us >= self._spacing_us * 0.9


def small_luma(frame: VideoFrame) -> Image:
    """(H, 160) uint8: the brightness plane, area-averaged; no colour is ever computed."""
    plane = frame.planes[0]
    if frame.format.name in _WITH_LUMA:
        rows: Image = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * frame.height]
        rows = rows.reshape(frame.height, plane.line_size)[:, : frame.width]
    else:
        rows = np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8)
    height = max(2, round(frame.height * LUMA_WIDTH / frame.width))
    return np.asarray(cv2.resize(rows, (LUMA_WIDTH, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _decoder(video: VideoStream) -> VideoCodecContext:
    context = av.CodecContext.create("h264", "r")
    if not isinstance(context, VideoCodecContext):
        raise TypeError("libavcodec was built without an H.264 decoder")
    context.extradata = video.extradata
    context.thread_count = 1
    context.options = {"skip_loop_filter": "all"}
    return context


def _av_packet(packet: Packet) -> av.Packet[Any]:
    made: av.Packet[Any] = av.Packet(packet.data)
    made.is_keyframe = packet.is_key
    made.pts = packet.pts_us
    made.dts = packet.dts_us
    return made
