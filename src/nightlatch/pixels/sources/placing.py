"""Gives every packet a time that runs on, whatever the camera says.

Cameras leave timestamps out, jump backwards, wrap at 32 or 33 bits, and drift. Two times come out: a stream time
in microseconds that never goes back and has no gaps, and its place on the hub's clock. The hub's clock is read at
the first packet; from there the stream's own time counts. Where the two have drifted more than half a second apart,
the place is set again at the next key frame, so that no segment has a step inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from nightlatch.pixels.media.packets import Kind

DRIFT_US = 500_000
JUMP_US = 5_000_000  # a gap longer than this is a jump, unless the wall clock saw it too
APART_US = 1_000_000  # sound and picture that begin further apart than this share no clock


@dataclass(slots=True)
class _Timeline:
    offset_us: int | None = None
    last_us: int = -1
    step_us: int = 40_000
    arrival_us: int = 0


@dataclass(slots=True)
class Placer:
    """State for one opening of one source. `is_live` says that arrival times mean something."""

    is_live: bool
    anchor_us: int | None = None
    resyncs: int = 0
    jumps: int = 0
    _tracks: dict[Kind, _Timeline] = field(default_factory=lambda: {"video": _Timeline(), "audio": _Timeline()})
    _lag_us: int | None = None  # least delay against the anchor since the last key frame
    _burst_us: int = -1  # up to this stream time arrivals say nothing

    def settle(self, burst: list[tuple[int, int]]) -> None:
        """Anchor from (stream time, arrival) of the first packets: none of them can come from the future."""
        if burst:
            self.anchor_us = min(arrival - time for time, arrival in burst)
            self._burst_us = burst[-1][0]

    def time(
        self, kind: Kind, dts: int | None, pts: int | None, base: Fraction, step_us: int, arrival_us: int
    ) -> tuple[int, int]:
        """Stream times (dts, pts) in µs of a packet whose usual duration is `step_us`."""
        track = self._tracks[kind]
        raw = dts if dts is not None else pts
        begins = track.offset_us is None
        if raw is None:
            dts_us = 0 if track.last_us < 0 else track.last_us + step_us
            if track.offset_us is None:
                track.offset_us = 0
        else:
            raw_us = int(raw * base * 1_000_000)
            dts_us = self._begin(kind, raw_us) if begins else self._follow(kind, raw_us, step_us, arrival_us)
        later = 0
        if dts is not None and pts is not None:
            later = int((pts - dts) * base * 1_000_000)
            later = later if -2_000_000 < later < 2_000_000 else 0
        track.last_us = dts_us
        track.step_us = step_us
        track.arrival_us = arrival_us
        return dts_us, dts_us + later

    def place(self, kind: Kind, dts_us: int, is_key: bool, arrival_us: int) -> int:
        """Where on the hub's clock, in ms."""
        if self.anchor_us is None:
            self.anchor_us = arrival_us - dts_us
        if self.is_live and kind == "video" and dts_us > self._burst_us:
            lag_us = arrival_us - dts_us - self.anchor_us
            if is_key and self._lag_us is not None:
                least_us = min(lag_us, self._lag_us)
                if abs(least_us) > DRIFT_US:
                    self.anchor_us += least_us
                    lag_us -= least_us
                    self.resyncs += 1
                self._lag_us = lag_us
            self._lag_us = lag_us if self._lag_us is None else min(self._lag_us, lag_us)
        return (self.anchor_us + dts_us) // 1000

    def loop(self) -> None:
        """The file begins again: all tracks go on together after the later end."""
        ends_us = max(t.last_us + t.step_us for t in self._tracks.values())
        for track in self._tracks.values():
            if track.offset_us is not None:
                track.offset_us = None
                track.last_us = max(track.last_us, ends_us - 1)

    def _begin(self, kind: Kind, raw_us: int) -> int:
        track = self._tracks[kind]
        others = [t.offset_us for k, t in self._tracks.items() if k != kind and t.offset_us is not None]
        starts_us = track.last_us + 1
        if (others and abs(raw_us + others[0] - self._newest_us()) <= APART_US) or (others and not self.is_live):
            track.offset_us = others[0]
        else:
            track.offset_us = (self._newest_us() if others else starts_us) - raw_us
        return raw_us + track.offset_us if track.last_us == -1 else max(starts_us, raw_us + track.offset_us)

    def _newest_us(self) -> int:
        return max(t.last_us for t in self._tracks.values())

    def _follow(self, kind: Kind, raw_us: int, step_us: int, arrival_us: int) -> int:
        track = self._tracks[kind]
        dts_us = raw_us + (track.offset_us or 0)
        hole_us = dts_us - track.last_us
        waited_us = arrival_us - track.arrival_us if self.is_live else 0
        if -2 * step_us - 100_000 < hole_us <= 0:
            return track.last_us + 1_000  # a little out of order
        if 0 < hole_us <= JUMP_US or 0 <= hole_us - waited_us <= JUMP_US:
            return dts_us
        self.jumps += 1
        for other in self._tracks.values():
            if other is not track and other.offset_us is not None:
                moved_us = raw_us + other.offset_us - track.last_us
                if 0 < moved_us <= 2_000_000:  # the other track has already made this jump
                    track.offset_us = other.offset_us
                    return raw_us + other.offset_us
        hop_us = max(step_us, waited_us) if waited_us < 60_000_000 else step_us
        track.offset_us = track.last_us + hop_us - raw_us
        return track.last_us + hop_us
