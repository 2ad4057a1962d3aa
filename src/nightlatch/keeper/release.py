"""Opens a clip, in memory, for a view that is in the log; gives still pictures with a watermark, and nothing else.

The decrypted file lives in one `Film` and goes with it. It is never written to a disk; nobody gets the file.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nightlatch.domain.time import Clock
from nightlatch.keeper.checks import LoggedView
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener

JPEG_QUALITY = 85
AHEAD = 6  # pictures that wait for one view: 0.2 s at twice a film's usual speed, and under 1 MB at 720p
SEEK_MS = 2_000  # further ahead than this, seeking is cheaper than decoding on

cv2.setNumThreads(1)  # each view has a thread of its own; a pool for each call only makes them wait for each other

Picture: TypeAlias = NDArray[np.uint8]  # (height, width, 3) BGR
Watermark: TypeAlias = Callable[[Picture, str, int, int], Picture]  # picture, pseudonym, wall time in ms, view id


@dataclass(frozen=True, slots=True)
class MarkedStill:
    """Picture `n` of the view, `at_ms` after the beginning of the clip, as a JPEG without metadata."""

    n: int
    at_ms: int
    jpeg: bytes


class Film:
    """An open clip: the pictures of [from_ms, to_ms) of one logged view, in any order, one at a time."""

    def __init__(self, logged: LoggedView, sealed: Sealed, opener: Opener, watermark: Watermark, clock: Clock) -> None:
        """Raises `KeeperRefused` when the sealed file does not hold what the owner signed for; `SealError`."""
        plain = opener.open(sealed)
        if sha256(plain).hexdigest() != logged.consented.consent.sha256:
            raise KeeperRefused(Refusal.HASH, "The file is not the one that the owner signed for. Tell the programme.")
        self.logged = logged
        self._watermark = watermark
        self._clock = clock
        self._container = av.open(io.BytesIO(plain), "r", format="mp4")
        self._video = self._container.streams.video[0]
        self._video.codec_context.thread_count = 1
        base = self._video.time_base
        if base is None:
            raise KeeperRefused(Refusal.FILM, "This file has no time base. Tell the programme.")
        moments = sorted(p.pts for p in self._container.demux(self._video) if p.pts is not None)
        times = [(pts, round((pts - moments[0]) * base * 1000)) for pts in moments]
        self._pictures = [(pts, ms) for pts, ms in times if logged.view.from_ms <= ms < logged.view.to_ms]
        self._seek_pts = int(SEEK_MS / 1000 / base)
        self._decoding: Iterator[VideoFrame] = iter(())
        self._last_pts: int | None = None
        self._is_open = True
        self._busy = threading.Lock()
        self._ahead: dict[int, MarkedStill] = {}

    @property
    def count(self) -> int:
        """How many pictures this view has."""
        return len(self._pictures)

    def still(self, n: int) -> MarkedStill:
        """Picture `n`, marked with who sees it and when. Raises `KeeperRefused` beyond the view's stretch."""
        return self.ready(n) or self._made(n)

    def ready(self, n: int) -> MarkedStill | None:
        """Picture `n`, if it was made ahead; at once, and not again. If it was not, what waits is of no use."""
        found = self._ahead.pop(n, None)
        if found is None:
            self._ahead.clear()
        return found

    def prepare(self, n: int) -> None:
        """Make picture `n` ahead, while those before it are on their way; it waits here, unless enough do."""
        if n >= len(self._pictures) or n in self._ahead or len(self._ahead) >= AHEAD:
            return
        made = self._made(n)
        with self._busy:
            if self._is_open:
                self._ahead[n] = made

    def _made(self, n: int) -> MarkedStill:
        if not 0 <= n < len(self._pictures):
            raise KeeperRefused(Refusal.WRONG_ENTRY, "That picture is not in the stretch that was logged.")
        pts, at_ms = self._pictures[n]
        with self._busy:
            bgr = self._decode(pts).to_ndarray(format="bgr24").astype(np.uint8, copy=False)
        marked = self._watermark(bgr, self.logged.view.reviewer, self._clock.now_ms(), self.logged.id)
        done, jpeg = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not done:
            raise KeeperRefused(Refusal.FILM, "This picture cannot be shown. Go on to the next.")
        return MarkedStill(n, at_ms, jpeg.tobytes())

    def close(self) -> None:
        """Let go of the decrypted file; after this there is no picture."""
        with self._busy:
            self._is_open = False
            self._ahead.clear()
            self._decoding = iter(())
            self._container.close()

    def _decode(self, pts: int) -> VideoFrame:
        last = self._last_pts
        if not self._is_open:
            raise KeeperRefused(Refusal.REVOKED, "This view is over. Ask for the next clip.")
        if last is None or not last < pts <= last + self._seek_pts:
            self._container.seek(pts, stream=self._video)
            self._decoding = self._container.decode(self._video)
        for frame in self._decoding:
            self._last_pts = frame.pts
            if frame.pts == pts:
                return frame
        self._last_pts = None
        raise KeeperRefused(Refusal.FILM, "This picture cannot be decoded. Go on to the next.")
