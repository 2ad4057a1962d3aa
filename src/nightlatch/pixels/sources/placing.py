"""Gives every packet a time that runs on, whatever the camera says.

Cameras leave timestamps out, let them stand still, run them at another rate, jump with them, wrap and drift. Their
stamps are therefore only evidence: what counts is when packets arrive, on a clock that cannot be set. `CameraLines`
keeps a `Line` for each track (there is how) and keeps them together.

A film has no arrivals: `FilmLines` takes its stamps as they are, without jumps, round after round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nightlatch.pixels.media.packets import Kind
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.line import LEAST_STEP_US, SILENCE_US, Line
from nightlatch.pixels.sources.stamps import Stamps, origin_us, outset

SOUND_AHEAD_US = 600_000  # sound belongs to a picture that takes so much longer to encode
SOUND_PULL = 0.005  # what nobody hears
APART_US = 1_000_000  # sound and picture that begin further apart than this share no clock
JUMP_US = 5_000_000  # in a film, a hole longer than this is a jump


class CameraLines:
    """Both tracks of a camera on one film time; `origin_us` is its zero on the clock of `Raw.arrival_us`.

    Sound is kept together with the picture where the camera tells one clock for both (sender reports), or where both
    tracks began with the same stamps; else both go by their arrivals.
    """

    def __init__(self, pictures: Sequence[Raw], declared_fps: float | None) -> None:
        """From the pictures of the first second, or of all that came so far; none of them is placed yet."""
        trial = Stamps(pictures)
        stamps = [trial.of(raw)[0] for raw in pictures]
        first = outset(stamps, [raw.arrival_us for raw in pictures], declared_fps)
        self._picture_stamps, self._sound_stamps = Stamps(pictures), Stamps()
        self.is_sure = first.is_sure
        self.video = Line(first.step_us)
        self.video.scale, self.video.counted = first.scale, first.counted
        self.sound: Line | None = None
        self.origin_us = origin_us(stamps, pictures, first)
        self._newest: tuple[int, int | None, int | None] | None = None  # of pictures: film time, stamp, camera's clock
        self._shares = False

    def place(self, raw: Raw) -> tuple[int, int]:
        """Film times (dts, pts) in µs."""
        arrival_us = raw.arrival_us - self.origin_us
        if raw.kind == "audio":
            dts_us = round(self._place_sound(raw, self._sound_stamps.of(raw)[0], arrival_us))
            return dts_us, dts_us
        stamp_us, later_us = self._picture_stamps.of(raw)
        line = self.video
        if self._newest is None:
            film_us = line.begin(0.0, stamp_us, arrival_us)
        else:
            film_us = line.follow(stamp_us, arrival_us, raw.is_key)
        dts_us = pts_us = round(film_us)
        if later_us and not line.counted:
            pts_us += round(later_us * line.scale)
            self._newest = pts_us, stamp_us + later_us if stamp_us is not None else None, raw.clock_us
        else:
            self._newest = dts_us, stamp_us, raw.clock_us
        return dts_us, pts_us

    def _place_sound(self, raw: Raw, stamp_us: int | None, arrival_us: int) -> float:
        line = self.sound
        if line is None or arrival_us - line.arrival_us > SILENCE_US:
            return self._begin_sound(raw, stamp_us, arrival_us)
        if raw.duration_us > 0:
            film_us = line.hold(raw.duration_us, stamp_us, arrival_us)
        else:
            film_us = line.follow(stamp_us, arrival_us, True)
        told_us = self._told_us(raw, stamp_us, arrival_us)
        line.tie(told_us - film_us if told_us is not None else None)
        return film_us

    def _begin_sound(self, raw: Raw, stamp_us: int | None, arrival_us: int) -> float:
        film_us = arrival_us - max(0.0, self.video.lag_us)
        self._shares = True
        told_us = self._told_us(raw, stamp_us, arrival_us)
        self._shares = told_us is not None and abs(told_us - film_us) <= APART_US
        if told_us is not None and self._shares:
            film_us = told_us
        if self.sound is not None:
            film_us = max(film_us, self.sound.film_us + self.sound.step_us)
        self.sound = Line(raw.duration_us or 20_000, SOUND_PULL, SOUND_AHEAD_US)
        return self.sound.begin(film_us, stamp_us, arrival_us)

    def _told_us(self, raw: Raw, stamp_us: int | None, arrival_us: int) -> float | None:
        """Where the camera says that this sound belongs, if that can be."""
        if self._newest is None or self.video.stamp_us is None:
            return None
        film_us, picture_us, clock_us = self._newest
        if raw.clock_us is not None and clock_us is not None:
            told_us = raw.clock_us - clock_us + film_us
        elif self._shares and stamp_us is not None and picture_us is not None:
            told_us = stamp_us - picture_us + film_us
        else:
            return None
        late_us = arrival_us - told_us
        return told_us if -SOUND_AHEAD_US < late_us < max(0.0, self.video.lag_us) + 2 * APART_US else None


@dataclass(slots=True)
class _Timeline:
    offset_us: int | None = None
    last_us: int = -1
    step_us: int = 40_000


@dataclass(slots=True)
class FilmLines:
    """Both tracks of a film: its own clock counts, and jumps are taken out."""

    jumps: int = 0
    _tracks: dict[Kind, _Timeline] = field(default_factory=lambda: {"video": _Timeline(), "audio": _Timeline()})

    def place(self, raw: Raw) -> tuple[int, int]:
        """Film times (dts, pts) in µs."""
        track = self._tracks[raw.kind]
        step_us = raw.duration_us or 40_000
        stamp = raw.dts if raw.dts is not None else raw.pts
        if stamp is None:
            dts_us = 0 if track.last_us < 0 else track.last_us + step_us
            track.offset_us = track.offset_us or 0
        else:
            stamp_us = int(stamp * raw.base * 1_000_000)
            dts_us = self._begin(track, stamp_us) if track.offset_us is None else self._follow(track, stamp_us, step_us)
        later_us = 0
        if raw.dts is not None and raw.pts is not None:
            later_us = int((raw.pts - raw.dts) * raw.base * 1_000_000)
            later_us = later_us if -2_000_000 < later_us < 2_000_000 else 0
        track.last_us, track.step_us = dts_us, step_us
        return dts_us, dts_us + later_us

    def loop(self) -> None:
        """The film begins again: all tracks go on together after the later end."""
        ends_us = max(track.last_us + track.step_us for track in self._tracks.values())
        for track in self._tracks.values():
            if track.offset_us is not None:
                track.offset_us = None
                track.last_us = max(track.last_us, ends_us - 1)

    def _begin(self, track: _Timeline, stamp_us: int) -> int:
        others = [t.offset_us for t in self._tracks.values() if t is not track and t.offset_us is not None]
        starts_us = track.last_us + 1
        track.offset_us = others[0] if others else starts_us - stamp_us
        begins_us = stamp_us + track.offset_us
        return begins_us if track.last_us == -1 else max(starts_us, begins_us)

    def _follow(self, track: _Timeline, stamp_us: int, step_us: int) -> int:
        dts_us = stamp_us + (track.offset_us or 0)
        hole_us = dts_us - track.last_us
        if -2 * step_us - 100_000 < hole_us <= 0:
            return track.last_us + LEAST_STEP_US  # a little out of order
        if 0 < hole_us <= JUMP_US:
            return dts_us
        self.jumps += 1
        for other in self._tracks.values():
            if other is not track and other.offset_us is not None:
                moved_us = stamp_us + other.offset_us - track.last_us
                if 0 < moved_us <= 2_000_000:  # the other track has already made this jump
                    track.offset_us = other.offset_us
                    return stamp_us + other.offset_us
        track.offset_us = track.last_us + step_us - stamp_us
        return track.last_us + step_us
