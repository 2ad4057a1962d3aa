"""A camera whose clock, tracks and network can be made as odd as wanted; time passes as fast as it can be computed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from nightlatch.errors import SourceError
from nightlatch.pixels.codecs import AudioStream, VideoStream
from nightlatch.pixels.media.packets import Kind, Packet
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.intake import Intake

BASE = Fraction(1, 90_000)
BOOTED_US = 5_000_000_000  # the clock of arrivals when a simulation begins
WALL_MS = 1_800_000_000_000
VIDEO = VideoStream(640, 360, 25.0, b"avcC")
G711 = AudioStream("pcm_mulaw", 8000, 1)

Stamp = Callable[[int, float], int | None]


@dataclass(slots=True)
class Time:
    """One world's time: a clock that cannot be set, and a wall clock that can."""

    now_us: int = BOOTED_US
    set_ms: int = 0  # by how much somebody has set the wall clock

    def now_ms(self) -> int:
        return WALL_MS + self.set_ms + (self.now_us - BOOTED_US) // 1000


@dataclass(slots=True)
class Camera:
    """A feed. Pictures are taken at `i / fps`; `stamp(i, s)` is what it says of the one taken at `s` seconds."""

    time: Time
    fps: float = 25.0
    gop: int = 25
    stamp: Stamp = lambda i, s: round(s * 90_000)
    sends: Callable[[int, float], bool] = lambda i, s: True
    late_s: Callable[[int, float], float] = lambda i, s: 0.03  # on the way
    kept_s: float = 0.0  # pictures from before the connection, sent at once
    order: tuple[int, ...] = (0,)  # of showing within a group of pictures as sent, in pictures
    video: Callable[[int, float], VideoStream | None] = lambda i, s: VIDEO
    clock_us: Callable[[Kind, float], int | None] = lambda kind, s: None
    sound: AudioStream | None = None
    sound_s: float = 0.04
    sound_stamp: Stamp = lambda j, s: round(s * 90_000)
    sound_sends: Callable[[int, float], bool] = lambda j, s: True
    sound_late_s: Callable[[int, float], float] = lambda j, s: 0.03
    ends_s: float | None = None
    error: SourceError | None = None
    is_live: bool = True
    receiver: Receiver = "nightlatch"
    left_out: tuple[str, ...] = ()
    is_closed: bool = False
    taken_s: dict[bytes, float] = field(default_factory=dict)  # when what was sent was really taken
    _i: int | None = None
    _j: int = 0
    _way: list[tuple[float, int, Raw]] = field(default_factory=list)
    _in_order_s: dict[str, float] = field(default_factory=dict)
    _count: int = 0

    @property
    def audio(self) -> AudioStream | None:
        return self.sound

    def close(self) -> None:
        self.is_closed = True

    def poll(self, now_us: int) -> list[Raw]:
        now_s = (now_us - BOOTED_US) / 1e6
        self._send(now_s)
        came = []
        while self._way and self._way[0][0] <= now_s:
            _, _, raw = heapq.heappop(self._way)
            came.append(Raw(*(getattr(raw, name) for name in _FIELDS), now_us, raw.clock_us, raw.is_torn))
        if self.error is not None and self.ends_s is not None and now_s >= self.ends_s and not came:
            raise self.error
        return came

    def _send(self, now_s: float) -> None:
        if self._i is None:
            self._i = -round(self.kept_s * self.fps)
        while (taken_s := self._i / self.fps) <= now_s:
            i, self._i = self._i, self._i + 1
            if not self.sends(i, taken_s) or (self.ends_s is not None and taken_s > self.ends_s):
                continue
            count = len(self.order)
            shown = i // count * count + self.order[i % count]
            is_key = i % self.gop == 0
            raw = Raw(
                "video", is_key, None, self.stamp(shown, shown / self.fps), BASE, 0, f"v{i}".encode(),
                self.video(i, taken_s) if is_key else None, 0, self.clock_us("video", shown / self.fps),
            )  # fmt: skip
            self._leave(raw, taken_s, self.late_s(i, taken_s))
        while self.sound is not None and (taken_s := self._j * self.sound_s) <= now_s:
            j, self._j = self._j, self._j + 1
            if self.sound_sends(j, taken_s) and (self.ends_s is None or taken_s <= self.ends_s):
                raw = Raw(
                    "audio", True, None, self.sound_stamp(j, taken_s), BASE, round(self.sound_s * 1e6),
                    f"a{j}".encode(), None, 0, self.clock_us("audio", taken_s),
                )  # fmt: skip
                self._leave(raw, taken_s, self.sound_late_s(j, taken_s))

    def _leave(self, raw: Raw, taken_s: float, late_s: float) -> None:
        self.taken_s[raw.data] = taken_s
        arrives_s = max(0.0, taken_s + late_s, self._in_order_s.get(raw.kind, 0.0))  # TCP keeps the order
        self._in_order_s[raw.kind] = arrives_s
        self._count += 1
        heapq.heappush(self._way, (arrives_s, self._count, raw))


_FIELDS = ("kind", "is_key", "dts", "pts", "base", "duration_us", "data", "video")


@dataclass(slots=True)
class Run:
    """What came out: packets, and when (in seconds) each was handed out."""

    intake: Intake
    camera: Camera
    time: Time
    packets: list[Packet] = field(default_factory=list)
    handed_s: list[float] = field(default_factory=list)
    error: SourceError | None = None

    def go_on(self, seconds: float, tick_s: float = 0.1) -> Run:
        """Let time pass."""
        ends_us = self.time.now_us + round(seconds * 1e6)
        while self.time.now_us < ends_us:
            self.time.now_us += round(tick_s * 1e6)
            try:
                came = self.intake.poll(self.time.now_us)
            except SourceError as error:
                self.error = error
                return self
            self.packets += came
            self.handed_s += [self.now_s] * len(came)
        return self

    @property
    def began_ms(self) -> int:
        """The wall clock at its beginning."""
        return WALL_MS

    @property
    def now_s(self) -> float:
        return (self.time.now_us - BOOTED_US) / 1e6

    @property
    def pictures(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.kind == "video"]

    @property
    def sounds(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.kind == "audio"]

    def taken_s(self, packet: Packet) -> float:
        """When it was really taken."""
        return self.camera.taken_s[packet.data]

    def off_s(self, packet: Packet) -> float:
        """How much later than it was taken it lies on the wall clock, as if nobody had set that."""
        return (packet.at_ms - WALL_MS) / 1000 - self.taken_s(packet)


def run(camera: Camera, seconds: float, tick_s: float = 0.1, timeout_s: float = 10.0) -> Run:
    """A simulation from the beginning."""
    return Run(Intake(camera, camera.time, timeout_s), camera, camera.time).go_on(seconds, tick_s)
