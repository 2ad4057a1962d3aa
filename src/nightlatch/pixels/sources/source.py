"""An open camera, file or device: iterate over it for packets; `stop`, from any thread, ends that at once.

A camera or device is read by a thread of its own, which also drains the connection while the disk is slow; a file
is read in place and played at wall speed. Ends: a file that is not looped ends the iteration; a camera that ends
its stream raises `SourceError(ENDED)`, one that falls silent `SourceError(STALLED)`.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream, VideoStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources.address import Address, parse_address
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.placing import Placer
from nightlatch.pixels.sources.reading import Reading

WAITING_BYTES = 64 * 1024 * 1024  # packets that may wait for the disk; then whole key-frame intervals are dropped
SOUND_WAIT_S = 1.5  # how long an announced but silent audio track is waited for
KEY_WAIT_S = 30.0  # how long a key frame is waited for
_TICK_S = 0.25

Arrived = tuple[Raw, int]  # with the hub's clock in µs
Timed = tuple[Raw, int, int, int]  # with stream times (dts, pts) and arrival, in µs


class _Feed(Protocol):
    """Where raw packets come from. `get` returns None when nothing comes within the wait, and raises at the end."""

    is_live: bool
    audio: AudioStream | None
    loops: int

    def get(self, wait_s: float) -> Arrived | None: ...
    def close(self) -> None: ...


class _End(Exception):
    """The file is over."""


class _FileFeed:
    is_live = False

    def __init__(self, address: Address, clock: Clock, timeout_s: float) -> None:
        self._address = address
        self._clock = clock
        self._timeout_s = timeout_s
        self._reading = Reading(address, "tcp", timeout_s)
        self._raws = _with_decoding_times(iter(self._reading))
        self._came = False
        self.audio = self._reading.audio
        self.loops = 0

    def get(self, wait_s: float) -> Arrived | None:
        while True:
            for raw in self._raws:
                self._came = True
                self.audio = self._reading.audio
                return raw, self._clock.now_ms() * 1000
            if not self._address.is_looped or not self._came:
                raise _End
            self._reading.close()
            self._reading = Reading(self._address, "tcp", self._timeout_s)
            self._raws = _with_decoding_times(iter(self._reading))
            self._came = False
            self.loops += 1

    def close(self) -> None:
        self._reading.close()


def _with_decoding_times(raws: Iterator[Raw]) -> Iterator[Raw]:
    """Matroska keeps no decoding times, and its first ones cannot be computed: count them back from the next."""
    held: list[Raw] = []
    for raw in raws:
        held.append(raw)
        if raw.kind == "audio" and len(held) == 1:
            yield held.pop()
        elif raw.kind == "video" and (raw.dts is not None or len(held) > 64):
            break
    following, ticks = None, 1
    for raw in reversed([r for r in held if r.kind == "video"]):
        if raw.dts is not None:
            following, ticks = raw.dts, max(1, round(raw.duration_us / 1_000_000 / raw.base))
        elif following is not None:
            following -= ticks
            held[next(i for i, r in enumerate(held) if r is raw)] = replace(raw, dts=following)
    yield from held
    yield from raws


class _LiveFeed:
    is_live = True
    loops = 0

    def __init__(self, address: Address, transport: str, clock: Clock, timeout_s: float) -> None:
        self._address = address
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._queue: queue.SimpleQueue[Arrived | SourceError | AudioStream | None] = queue.SimpleQueue()
        self._put_bytes = 0  # written by the reading thread only
        self._got_bytes = 0  # written by the taking thread only
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()
        try:
            first = self._queue.get(timeout=timeout_s + 5.0)
        except queue.Empty:  # a name server that never answers cannot be interrupted
            self._stopping = True
            raise SourceError(Reason.TIMEOUT, "The camera did not answer in time. Check its address.") from None
        if isinstance(first, SourceError):
            raise first
        self.audio: AudioStream | None = first if isinstance(first, AudioStream) else None

    def get(self, wait_s: float) -> Arrived | None:
        try:
            item = self._queue.get(timeout=wait_s) if wait_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, SourceError):
            raise item
        if isinstance(item, AudioStream) or item is None:
            return None
        self._got_bytes += len(item[0].data)
        return item

    def close(self) -> None:
        self._stopping = True
        self._queue.put(None)

    def _run(self) -> None:
        try:
            reading = Reading(self._address, self._transport, self._timeout_s)
        except SourceError as error:
            self._queue.put(error)
            return
        try:
            self._queue.put(reading.audio)
            self._read(reading)
            self._queue.put(SourceError(Reason.ENDED, "The camera ended the stream. Nightlatch keeps trying."))
        except SourceError as error:
            self._queue.put(error)
        finally:
            reading.close()

    def _read(self, reading: Reading) -> None:
        is_full = False
        for raw in reading:
            if self._stopping:
                return
            is_full = self._put_bytes - self._got_bytes > WAITING_BYTES or (is_full and not raw.is_key)
            if is_full:
                continue
            self._put_bytes += len(raw.data)
            self._queue.put((raw, self._clock.now_ms() * 1000))


@dataclass(slots=True)
class _Beginning:
    """What is known about a source that has only just been opened."""

    early: deque[Timed]  # from the first key frame on
    has_sound: bool  # it has come, or none was announced
    video: VideoStream | None = None

    @property
    def is_known(self) -> bool:
        """Whether pictures have come, and sound has come or was waited for long enough."""
        return self.video is not None and (self.has_sound or self._span_us > SOUND_WAIT_S * 1e6)

    @property
    def _span_us(self) -> int:
        return self.early[-1][1] - self.early[0][1] if self.early else 0

    def take(self, timed: Timed) -> None:
        self.early.append(timed)
        self.has_sound = self.has_sound or timed[0].kind == "audio"


class Source:
    """What `open_source` gives; a context manager and an iterator of `Packet`, for one thread."""

    def __init__(self, address: Address, feed: _Feed, clock: Clock, timeout_s: float, speed: float) -> None:
        self.address = address.shown
        self.notes: tuple[str, ...] = ()
        self.receiver: Receiver = "ffmpeg"
        self._feed = feed
        self._clock = clock
        self._timeout_s = timeout_s
        self._speed = speed
        self._stopped = threading.Event()
        self._placer = Placer(is_live=feed.is_live)
        self._early: deque[Timed] = deque()
        self._loops = 0
        self._last_video_us: int | None = None
        self._began_s = 0.0
        self.streams = self._settle()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """End the iteration soon, from any thread."""
        self._stopped.set()
        if self._feed.is_live:
            self._feed.close()

    def close(self) -> None:
        """Let go of the camera."""
        self._stopped.set()
        self._feed.close()

    def __iter__(self) -> Iterator[Packet]:
        """Packets in the order in which they came.

        Raises:
            SourceError: STALLED, ENDED (cameras only) or BROKEN_STREAM.
        """
        self._began_s = time.monotonic()
        while not self._stopped.is_set():
            try:
                timed = self._early.popleft() if self._early else self._next()
            except _End:
                return
            if timed is None:
                return
            raw, dts_us, pts_us, arrival_us = timed
            if raw.kind == "audio" and self.streams.audio is None:
                continue
            if not self._feed.is_live and not self._pace(dts_us):
                return
            yield self._packet(raw, dts_us, pts_us, arrival_us)

    def _packet(self, raw: Raw, dts_us: int, pts_us: int, arrival_us: int) -> Packet:
        at_ms = self._placer.place(raw.kind, dts_us, raw.is_key, arrival_us)
        step_us = self._step_us(raw)
        streams = Streams(raw.video, self.streams.audio) if raw.video is not None else None
        return Packet(raw.kind, raw.is_key, at_ms, (step_us + 500) // 1000, dts_us, pts_us, raw.data, streams)

    def _step_us(self, raw: Raw) -> int:
        if raw.duration_us > 0:
            return raw.duration_us
        fps = self.streams.video.fps if raw.kind == "video" else None
        return int(1_000_000 / fps) if fps else 40_000

    def _time(self, arrived: Arrived) -> Timed:
        raw, arrival_us = arrived
        if self._feed.loops != self._loops:
            self._loops = self._feed.loops
            self._placer.loop()
        step_us = raw.duration_us or 40_000
        dts_us, pts_us = self._placer.time(raw.kind, raw.dts, raw.pts, raw.base, step_us, arrival_us)
        return raw, dts_us, pts_us, arrival_us

    def _next(self) -> Timed | None:
        deadline_s = time.monotonic() + self._timeout_s
        while not self._stopped.is_set():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise SourceError(Reason.STALLED, "The camera stopped sending. Nightlatch keeps trying.")
            if (arrived := self._feed.get(left_s)) is not None:
                return self._time(arrived)
        return None

    def _pace(self, dts_us: int) -> bool:
        """Wait until a file's packet is due; False when stopped meanwhile."""
        if math.isinf(self._speed):
            return True
        wait_s = self._began_s + dts_us / 1e6 / self._speed - time.monotonic()
        return not self._stopped.wait(wait_s) if wait_s > 0 else True

    def _settle(self) -> Streams:
        """Read until it is known what the source sends: parameter sets, a key frame, sound or none; then anchor.

        A camera may send a burst of what it had kept; it is taken as a whole, so that its oldest picture is placed
        in the past, where it belongs, and not at the moment of its arrival.
        """
        began_s = time.monotonic()
        beginning = _Beginning(self._early, has_sound=self._feed.audio is None)
        while True:
            try:
                arrived = self._feed.get(0.0 if beginning.is_known else min(_TICK_S, self._timeout_s))
            except _End:
                break
            waited_s = time.monotonic() - began_s
            is_over = self._meet(beginning, arrived, waited_s) if arrived else self._miss(beginning, waited_s)
            if is_over:
                break
        if beginning.video is None:
            raise self._without_key()
        self._anchor()
        heard = any(raw.kind == "audio" for raw, _, _, _ in self._early)
        return Streams(beginning.video, self._feed.audio if heard else None)

    def _meet(self, beginning: _Beginning, arrived: Arrived, waited_s: float) -> bool:
        """Take a packet while settling; whether enough is known now. Raises `SourceError` when no key frame comes."""
        raw = arrived[0]
        if raw.kind == "video" and beginning.video is None:
            beginning.video = raw.video
            if beginning.video is None:  # nothing before the first key frame can be decoded
                if waited_s > max(KEY_WAIT_S, self._timeout_s):
                    raise self._without_key()
                return False
        timed = self._time(arrived)
        if beginning.video is None:
            return False
        beginning.take(timed)
        return not self._feed.is_live and beginning.has_sound

    def _miss(self, beginning: _Beginning, waited_s: float) -> bool:
        """Nothing came: whether that is enough to go on with. Raises `SourceError` when it has lasted too long."""
        if beginning.is_known:
            return True
        if waited_s > (max(KEY_WAIT_S, self._timeout_s) if self._early else self._timeout_s):
            raise self._without_key()
        return beginning.video is not None and waited_s > SOUND_WAIT_S + 2

    def _anchor(self) -> None:
        """Place what came so far on the hub's clock."""
        if self._feed.is_live:
            self._placer.settle([(dts, arrival) for raw, dts, _, arrival in self._early if raw.kind == "video"])
        else:
            self._placer.settle([(self._early[0][1], self._clock.now_ms() * 1000)])

    def _without_key(self) -> SourceError:
        if self._feed.is_live and not self._early:
            return SourceError(Reason.BROKEN_STREAM, "The camera connects but sends no picture that can be decoded.")
        return SourceError(Reason.BROKEN_STREAM, "There is no complete picture in this film. Use another file.")


def open_source(
    url: str, *, transport: str = "tcp", clock: Clock, timeout_s: float = 10.0, speed: float = 1.0
) -> Source:
    """Open rtsp(s)://…, file:/path[?loop=1] or usb:/dev/videoN. `speed` is a file's only; `math.inf` does not wait.

    Raises:
        SourceError: with the reason; its text never holds the password.
    """
    address = parse_address(url)
    feed: _Feed
    if address.scheme == "file":
        feed = _FileFeed(address, clock, timeout_s)
    else:
        feed = _LiveFeed(address, transport, clock, timeout_s)
    try:
        return Source(address, feed, clock, timeout_s, speed)
    except BaseException:
        feed.close()
        raise
