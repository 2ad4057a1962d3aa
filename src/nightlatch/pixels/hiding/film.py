"""Pictures out of a film, and a film out of pictures: the edge at which hiding decodes and encodes. In memory."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area
from nightlatch.errors import NightlatchError
from nightlatch.pixels.vision.areas import blacken

MOST_WIDTH, MOST_HEIGHT, MOST_FPS = 1280, 720, 15
MOST_PIXELS = 4096 * 2304
AROUND_S = 1.0  # between key pictures outside the stretch
Bgr = NDArray[np.uint8]


class CannotRedact(NightlatchError):
    """This film cannot be made fit to be given."""


class Excerpt:
    """[from_ms, to_ms) of a film as pictures of at most 1280 × 720, 15 a second; decoded anew each time.

    Numbers of pictures count from the beginning of the stretch.
    """

    def __init__(self, mp4: bytes, from_ms: int, to_ms: int, masks: Sequence[Area] = ()) -> None:
        """Raises `CannotRedact` for what is no film."""
        self._mp4 = mp4
        self._masks = masks
        self._from_ms, self._to_ms = from_ms, to_ms
        self.asked_ms = to_ms - from_ms
        self.count = 0  # once they were all decoded
        self.fps = float(MOST_FPS)
        try:
            with av.open(io.BytesIO(mp4), "r", metadata_errors="ignore") as container:
                if not container.streams.video:
                    raise CannotRedact("There are no pictures in this film. Choose another clip.")
                context = container.streams.video[0].codec_context
                if context.width * context.height > MOST_PIXELS or context.width < 16 or context.height < 16:
                    raise CannotRedact("The pictures of this film are too large or too small. Choose another clip.")
        except (av.error.FFmpegError, ValueError):
            raise CannotRedact("This film is damaged. Choose another clip.") from None

    def pictures(self, every: int = 1) -> Iterator[tuple[int, Bgr]]:
        """(number, picture) in order, of those whose number `every` divides; a film that breaks off ends there."""
        try:
            with av.open(io.BytesIO(self._mp4), "r", metadata_errors="ignore") as container:
                begin: float | None = None
                n, due_s = 0, 0.0
                for frame in container.decode(container.streams.video[0]):
                    if frame.time is None:
                        continue
                    begin = frame.time if begin is None else begin
                    at_s = frame.time - begin - self._from_ms / 1000
                    if at_s >= (self._to_ms - self._from_ms) / 1000:
                        break
                    if at_s < 0 or at_s + 1e-3 < due_s:
                        continue
                    shown: Bgr | None = None
                    while due_s <= at_s + 1e-3:  # a camera that leaves pictures out is shown as it was
                        if n % every == 0:
                            shown = self._picture(frame) if shown is None else shown
                            yield n, shown
                        n += 1
                        due_s = n / MOST_FPS
                        self.count = n
        except av.error.FFmpegError:
            return

    def around(self) -> Iterator[tuple[int, Bgr]]:
        """(number, picture) of key pictures before (numbers below 0) and after the stretch, a second apart or more."""
        try:
            with av.open(io.BytesIO(self._mp4), "r", metadata_errors="ignore") as container:
                stream = container.streams.video[0]
                stream.codec_context.skip_frame = "NONKEY"
                begin = None if stream.start_time is None else float(stream.start_time * (stream.time_base or 0))
                last_s = -AROUND_S
                for frame in container.decode(stream):
                    if frame.time is None:
                        continue
                    begin = frame.time if begin is None else begin
                    at_s = frame.time - begin
                    is_within = self._from_ms <= at_s * 1000 < self._to_ms
                    if not is_within and at_s - last_s >= AROUND_S:
                        last_s = at_s
                        yield math.floor((at_s - self._from_ms / 1000) * MOST_FPS), self._picture(frame)
        except av.error.FFmpegError:
            return

    def masked(self, picture: Bgr) -> Bgr:
        """The picture with all that lies under a mask black."""
        return blacken(picture, self._masks)

    def _picture(self, frame: VideoFrame) -> Bgr:
        scale = min(1.0, MOST_WIDTH / frame.width, MOST_HEIGHT / frame.height)
        size = [max(16, round(v * scale)) // 2 * 2 for v in (frame.width, frame.height)]
        shrunk = frame.reformat(width=size[0], height=size[1], format="bgr24", interpolation="AREA")
        turned = np.rot90(shrunk.to_ndarray(), round(frame.rotation / 90) % 4)
        return blacken(np.ascontiguousarray(turned, np.uint8), self._masks)


def encoded(pictures: Iterable[Bgr | VideoFrame], on_picture: Callable[[int], None] = lambda n: None) -> bytes:
    """H.264 without B frames, a key frame a second, no user data, no tags, no sound."""
    sink = io.BytesIO()
    container = av.open(sink, "w", format="mp4", options={"fflags": "+bitexact"})
    try:
        stream = container.add_stream("libx264", rate=MOST_FPS)
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, MOST_FPS)
        stream.codec_context.gop_size = MOST_FPS
        stream.codec_context.max_b_frames = 0
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        stream.options = {"crf": "25", "preset": "veryfast", "threads": "1"}
        clean: BitStreamFilterContext | None = None
        for n, shown in enumerate(pictures):
            if isinstance(shown, VideoFrame):
                frame = shown
            else:
                frame = VideoFrame.from_ndarray(np.ascontiguousarray(shown), format="bgr24")
            if n == 0:
                stream.width, stream.height = frame.width, frame.height
                clean = BitStreamFilterContext("filter_units=remove_types=6", stream)
            frame.pts = n
            frame.time_base = Fraction(1, MOST_FPS)
            _mux(container, clean, stream.encode(frame))
            on_picture(n)
        _mux(container, clean, stream.encode(None))
        if clean is not None:
            for packet in clean.filter(None):
                container.mux(packet)
    finally:
        container.close()
    return sink.getvalue()


def _mux(container: OutputContainer, clean: BitStreamFilterContext | None, packets: Sequence[Packet[Any]]) -> None:
    for packet in packets:
        for cleaned in clean.filter(packet) if clean is not None else ():
            container.mux(cleaned)
