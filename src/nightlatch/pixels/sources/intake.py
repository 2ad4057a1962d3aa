"""Takes a camera's packets as they come and hands them out with their place in time.

It is asked once a tick and never waits. While it settles it holds packets back: until a key frame has come, sound has
come or was waited for, and the first second has told what the camera's stamps are worth. From then on every track is
watched by itself: pictures that stop are a stall, whatever sound does; sound that comes late, stops or changes is taken
up or let go at the next key frame, whose `Packet.streams` say so. Pictures that stay away for some seconds and then go
on are no stall; the first of them says in `Packet.missing` why none came. What the owner should know is in `notes`.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import replace

from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream, VideoStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources.feed import Feed, Raw, Receiver
from nightlatch.pixels.sources.placing import CameraLines, FilmLines

WARM_S = 1.0  # how long a camera's stamps are compared with their arrivals before anything is handed out
QUICK_S = 0.45  # or so long, where they agree: what waits in memory here is lost by a kill
QUICK_PICTURES = 3
QUICK_OFF_US = 190_000  # a tick of the loop and a little jitter
DECLARED_OFF_US = 500_000  # so much on a busy machine, where stamps are as far apart as was declared
BURST_S = 3.0  # at most so long, where more may come of what the camera had kept
SOUND_WAIT_S = 1.5  # how long an announced but silent audio track is waited for
SOUND_GONE_S = 3.0  # sound that has been silent for so long is let go at the next key frame
KEY_WAIT_S = 300.0  # how long a key frame is waited for while pictures come
LONG_KEY_S = 10.0  # key frames that are further apart are worth a note
ANSWER_S = 5.0  # more than `timeout_s`, as a feed's own wait ends first and knows more
PAUSE_S = 2.5  # a hole between pictures of more than this is told: the strip shows less as one stretch
PAUSE_STEPS = 3  # and it is so many times as long as usual: of a camera that sends few pictures nothing is missing
LATE_S = 5.0  # a loop that was away for so long left cameras no room for what they sent
LATE_LASTS_S = 15.0  # what that cost shows in what a camera does within this time
UNSEEN_S = 2.0  # of a longer pause between two polls, only so much counts as silence of the camera
CLOCK_STEP_US = 200_000  # by less than this the hub's clock is not followed: slow sweeps of NTP leave no trace
JUMP_NOTE_S = 600.0  # how long a jump of the camera's clock is told
RATE_OFF = 0.2  # share by which the declared picture rate may be wrong
RATE_S = 4.0  # how long the picture rate is measured
RESTATE_WINDOWS = 2  # so many measurements between two statements: each begins a new segment
SCALE_OFF = 0.03  # a camera's clock that is wrong by more is worth a note

_STOPPED = "The camera stopped sending. Nightlatch keeps trying."
_SOUND_ONLY = "The camera still sends sound but no pictures. Nightlatch connects again."
_NO_ANSWER = "The camera sent nothing in time. Check its address, and that it is on; if both are right, restart it."
_NO_PICTURE = "The camera connects but sends no picture that can be decoded."
_NO_FILM = "There is no complete picture in this film. Use another file."
_COUNTED = {
    "still": "This camera's clock stands still, so its pictures are placed by their arrival.",
    "absent": "This camera sends no times, so its pictures are placed by their arrival.",
    "senseless": "The times that this camera sends make no sense, so its pictures are placed by their arrival.",
}


class Intake:
    """One opened camera, device or film: raw packets in, placed packets out. For one thread."""

    def __init__(self, feed: Feed, clock: Clock, timeout_s: float = 10.0) -> None:
        """`timeout_s` is how long pictures may be away. A film's feed counts its rounds in `loops`."""
        self.streams: Streams | None = None
        self._feed = feed
        self._clock = clock
        self._timeout_us = round(timeout_s * 1e6)
        self._held: list[Raw] = []  # from the first key frame on
        self._timed: list[tuple[Raw, int, int]] = []  # the same of a film
        self._film = FilmLines() if not feed.is_live else None
        self._lines: CameraLines | None = None
        self._loops = 0
        self._is_heard = False  # sound of a film
        self._end: SourceError | None = None
        self._wall = _Wall()
        self._quiet = _Quiet()
        self._rate = _Rate()
        self._pace = _Pace()
        self._sound_from_us = 0  # sound before this has no place in what was announced
        self._told: VideoStream | None = None  # as the feed describes it; `streams` may have another rate
        self._key_wait_us = 0
        self._key_us: int | None = None
        self._key_apart_us = 0

    @property
    def is_live(self) -> bool:
        """Whether it is a camera: a film that is over comes to no more by asking again at once."""
        return self._feed.is_live

    @property
    def receiver(self) -> Receiver:
        """Who speaks to the camera."""
        return self._feed.receiver

    @property
    def is_waiting_for_key(self) -> bool:
        """Whether pictures come, but no key frame yet."""
        return self.streams is None and not self._held and self._quiet.picture_us is not None

    def was_late(self, now_us: int) -> bool:
        """Whether the camera had to wait for this machine a short while ago, and may have lost what it sent."""
        late_us = self._quiet.late_us
        return late_us is not None and now_us - late_us < LATE_LASTS_S * 1e6

    @property
    def notes(self) -> tuple[str, ...]:
        """What the owner should know about this source, as sentences."""
        return (*self._key_notes(), *self._clock_notes(), *self._sound_notes(), *self._feed.left_out)

    def poll(self, now_us: int) -> list[Packet]:
        """What has come and is ready; `now_us` on the clock of `Raw.arrival_us`. Empty while settling.

        Raises:
            SourceError: STALLED, TIMEOUT, BROKEN_STREAM, or what the feed raised; all that came was handed out before.
        """
        if self._end is not None:
            raise self._end
        self._wall.note(now_us, self._clock)
        try:
            raws = self._feed.poll(now_us)
        except SourceError as error:
            self._end, raws = error, []
        self._quiet.note(now_us, raws)
        packets = self._packets(raws) if self.streams is not None else self._settle(raws, now_us)
        if self._end is None and self._feed.is_live:
            self._end = self._missing(now_us)
        if self._end is not None and not packets:
            raise self._end
        return packets

    def close(self) -> None:
        """Let go of the camera."""
        self._feed.close()

    # what is missing

    def _missing(self, now_us: int) -> SourceError | None:
        """What to give up for, if anything."""
        quiet = self._quiet
        silent_us = now_us - (quiet.began_us if quiet.picture_us is None else quiet.picture_us)
        if silent_us > self._timeout_us:
            if quiet.sound_us is not None and now_us - quiet.sound_us < SOUND_GONE_S * 1e6:
                return SourceError(Reason.STALLED, _SOUND_ONLY)
            if quiet.picture_us is not None:
                return SourceError(Reason.STALLED, _STOPPED)
            if silent_us > self._timeout_us + ANSWER_S * 1e6:
                return SourceError(Reason.TIMEOUT, _NO_ANSWER)
        if self.is_waiting_for_key and now_us - quiet.first_us > max(KEY_WAIT_S * 1e6, self._timeout_us):
            return SourceError(Reason.BROKEN_STREAM, _NO_PICTURE)
        return None

    # until it is known what comes

    def _settle(self, raws: list[Raw], now_us: int) -> list[Packet]:
        if self._film is not None:
            return self._settle_film(self._film, raws)
        for raw in raws:
            if self._held or (raw.kind == "video" and raw.is_key and raw.video is not None):
                self._held.append(raw)
        if not self._held:
            return []
        first = self._held[0]
        waited_s = (now_us - first.arrival_us) / 1e6
        if self._end is None:
            if waited_s < WARM_S and not (waited_s >= QUICK_S and self._agrees()):
                return []
            if self._feed.audio is not None and self._quiet.sound_us is None and waited_s < SOUND_WAIT_S:
                return []
        fps = first.video.fps if first.video is not None else None
        lines = CameraLines([raw for raw in self._held if raw.kind == "video"], fps)
        if not lines.is_sure and waited_s < BURST_S and self._end is None:
            return []
        self._lines = lines
        self._key_wait_us = first.arrival_us - self._quiet.first_us
        self._wall.begin(lines.origin_us)
        held, self._held = self._held, []
        if len(held) > 4:
            self._rate.measured = 1e6 / lines.video.step_us
        return self._packets(held)

    def _agrees(self) -> bool:
        """Whether the stamps of the pictures so far keep pace with their arrivals."""
        seen = [raw for raw in self._held if raw.kind == "video"]
        if len(seen) < QUICK_PICTURES or any(raw.pts is None for raw in seen):
            return False
        first, tick_us = seen[0], float(seen[0].base * 1_000_000)
        told_us = [((raw.pts or 0) - (first.pts or 0)) * tick_us for raw in seen]
        slack_us = QUICK_OFF_US
        if first.video is not None and first.video.fps:
            steps_us = sorted(new - old for old, new in itertools.pairwise(told_us))
            if abs(steps_us[len(steps_us) // 2] * first.video.fps / 1e6 - 1) < 0.1:
                slack_us = DECLARED_OFF_US
        return all(
            abs(us - (raw.arrival_us - first.arrival_us)) < slack_us for us, raw in zip(told_us, seen, strict=True)
        )

    def _settle_film(self, film: FilmLines, raws: list[Raw]) -> list[Packet]:
        for item in self._times(film, raws):
            if self._timed or (item[0].kind == "video" and item[0].video is not None):
                self._timed.append(item)
        if not self._timed:
            if self._end is not None:
                self._end = SourceError(Reason.BROKEN_STREAM, _NO_FILM)
            return []
        has_sound = self._feed.audio is None or any(raw.kind == "audio" for raw, _, _ in self._timed)
        if not has_sound and self._end is None and self._timed[-1][1] - self._timed[0][1] <= SOUND_WAIT_S * 1e6:
            return []
        held, self._timed = self._timed, []
        self._is_heard = any(raw.kind == "audio" for raw, _, _ in held)
        self._sound_from_us = held[0][1] - 1_000_000
        self._wall.fix(held[0][1], self._clock)
        return [packet for item in held if (packet := self._packet(*item)) is not None]

    def _times(self, film: FilmLines, raws: list[Raw]) -> list[tuple[Raw, int, int]]:
        loops: int = getattr(self._feed, "loops", 0)  # films only
        if loops != self._loops:
            self._loops = loops
            film.loop()
        return [(raw, *film.place(raw)) for raw in raws]

    # from then on

    def _packets(self, raws: list[Raw]) -> list[Packet]:
        if self._film is not None:
            timed = self._times(self._film, raws)
            return [packet for item in timed if (packet := self._packet(*item)) is not None]
        lines = self._lines
        if lines is None:
            return []
        packets = []
        for raw in raws:
            packet = self._packet(raw, *lines.place(raw))
            if packet is not None:
                packets.append(packet)
        return packets

    def _packet(self, raw: Raw, dts_us: int, pts_us: int) -> Packet | None:
        streams = missing = None
        if raw.kind == "audio":
            if not self._is_announced(dts_us):
                return None
            step_us = raw.duration_us or 20_000
        else:
            self._rate.pictures += 1
            if self._pace.has_paused(dts_us) and self._feed.is_live:
                is_ours = raw.follows_overload or self.was_late(raw.arrival_us)
                missing = Reason.OVERLOAD if is_ours else Reason.PAUSED
            if raw.is_key and (video := raw.video or self._told) is not None:
                streams = self._announce(video, raw.arrival_us, dts_us)
            step_us = round(self._lines.video.usual_us) if self._lines is not None else raw.duration_us
            if step_us <= 0:
                step_us = round(1e6 / self.streams.video.fps) if self.streams and self.streams.video.fps else 40_000
        at_ms = (dts_us + self._wall.offset_us) // 1000
        ms = (step_us + 500) // 1000
        return Packet(raw.kind, raw.is_key, at_ms, ms, dts_us, pts_us, raw.data, streams, raw.is_torn, missing)

    def _is_announced(self, dts_us: int) -> bool:
        """Whether sound of this time, as it is described by now, is part of what the last key frame announced."""
        announced = self.streams.audio if self.streams is not None else None
        if announced is None or dts_us < self._sound_from_us:
            return False
        audio = self._feed.audio
        return audio is announced or audio == announced

    def _announce(self, video: VideoStream, arrival_us: int, dts_us: int) -> Streams:
        """What the source sends from this key frame on; the same object as before when nothing has changed."""
        if self._key_us is not None:
            self._key_apart_us = dts_us - self._key_us
        self._key_us = dts_us
        if self._lines is not None:
            self._wall.follow(self._lines.origin_us)
            self._rate.judge(self._lines.video.nominal_us)
        else:
            self._rate.judge(dts_us)
        old = self.streams
        audio = self._heard(arrival_us)
        fps = self._rate.fps(video.fps, old.video.fps if old is not None and video == self._told else None)
        if old is None or video != self._told or audio != old.audio or fps != old.video.fps:
            if old is not None and old.audio != audio:
                self._sound_from_us = dts_us
            self._told = video
            old = self.streams = Streams(video if fps == video.fps else replace(video, fps=fps), audio)
        return old

    def _heard(self, arrival_us: int) -> AudioStream | None:
        audio = self._feed.audio
        if audio is None or (audio.codec == "aac" and not audio.extradata) or audio.sample_rate <= 0:
            return None
        if self._film is not None:
            return audio if self._is_heard else None
        sound_us = self._quiet.sound_us
        return audio if sound_us is not None and arrival_us - sound_us < SOUND_GONE_S * 1e6 else None

    # what the owner should know

    def _key_notes(self) -> list[str]:
        if self.is_waiting_for_key:
            return ["The camera sends pictures, but no key frame yet. Recording begins with the first."]
        apart_s = self._key_apart_us / 1e6
        advice = "1 to 2 s between key frames (I-frame interval) makes watching cheaper."
        if apart_s > LONG_KEY_S:
            return [f"Key frames of this camera come every {apart_s:.0f} s; {advice}"]
        if self._key_wait_us > LONG_KEY_S * 1e6:
            waited_s = self._key_wait_us / 1e6
            return [f"The first key frame came after {waited_s:.0f} s: recording began with it. {advice}"]
        return []

    def _clock_notes(self) -> list[str]:
        if self._lines is None:
            return []
        line, notes = self._lines.video, []
        if line.counted:
            notes.append(_COUNTED[line.counted])
        elif abs(line.scale - 1) > SCALE_OFF:
            pace = "slow" if line.scale > 1 else "fast"
            notes.append(f"This camera's clock runs too {pace} ({1 / line.scale:.2f} of real time). That is corrected.")
        elif line.jumps and line.arrival_us - line.jumped_us < JUMP_NOTE_S * 1e6:
            notes.append("This camera's clock jumped. Nothing is missing for that: pictures were placed by arrival.")
        fps = self._rate.measured
        declared = self._told.fps if self._told is not None else None
        if fps is not None and declared and not _is_about(fps, declared):
            notes.append(f"This camera declares {declared:g} pictures a second and sends {fps:.1f}.")
        return notes

    def _sound_notes(self) -> list[str]:
        if self.streams is None or self._feed.audio is None or self.streams.audio is not None or self._film is not None:
            return []
        if self._quiet.sound_us is None:
            return ["This camera announces sound, but sends none."]
        return ["The sound of this camera has stopped, or cannot be described."]


class _Quiet:
    """When each track was last heard of, on the clock of arrivals."""

    def __init__(self) -> None:
        self.began_us = 0
        self.first_us = 0  # the first picture
        self.picture_us: int | None = None
        self.sound_us: int | None = None
        self.late_us: int | None = None  # when the loop was back after a long time
        self._polled_us: int | None = None

    def note(self, now_us: int, raws: list[Raw]) -> None:
        if self._polled_us is None:
            self.began_us = now_us
        elif (unseen_us := now_us - self._polled_us - round(UNSEEN_S * 1e6)) > 0:  # we slept, not the camera
            self.began_us += unseen_us
            self.picture_us = self.picture_us + unseen_us if self.picture_us is not None else None
            self.sound_us = self.sound_us + unseen_us if self.sound_us is not None else None
            if now_us - self._polled_us > LATE_S * 1e6:
                self.late_us = now_us
        self._polled_us = now_us
        for raw in raws:
            if raw.kind == "audio":
                self.sound_us = raw.arrival_us
            else:
                if self.picture_us is None:
                    self.first_us = raw.arrival_us
                self.picture_us = raw.arrival_us


class _Pace:
    """How far pictures are apart."""

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._steps_us: deque[int] = deque(maxlen=9)

    def has_paused(self, dts_us: int) -> bool:
        """Whether many pictures are missing before this one."""
        last_us, self._last_us = self._last_us, dts_us
        if last_us is None:
            return False
        steps_us, step_us = self._steps_us, dts_us - last_us
        has_paused = step_us > PAUSE_S * 1e6 and len(steps_us) > 4 and step_us > PAUSE_STEPS * sorted(steps_us)[4]
        steps_us.append(step_us)
        return has_paused


class _Wall:
    """What to add to film time for the hub's clock, as far as that is followed."""

    def __init__(self) -> None:
        self.offset_us = 0
        self._apart_us: deque[int] = deque(maxlen=5)  # the least is true: a poll may be late after its `now_us`

    def note(self, now_us: int, clock: Clock) -> None:
        self._apart_us.append(clock.now_ms() * 1000 - now_us)

    def begin(self, origin_us: int) -> None:
        self.offset_us = min(self._apart_us) + origin_us

    def fix(self, dts_us: int, clock: Clock) -> None:
        self.offset_us = clock.now_ms() * 1000 - dts_us

    def follow(self, origin_us: int) -> None:
        offset_us = min(self._apart_us) + origin_us
        if abs(offset_us - self.offset_us) > CLOCK_STEP_US:
            self.offset_us = offset_us


class _Rate:
    """How many pictures a second really come."""

    def __init__(self) -> None:
        self.measured: float | None = None
        self.pictures = 0  # since it was last measured
        self._before: float | None = None
        self._since_us: float | None = None
        self._statable = 0  # measurements since another rate was stated

    def judge(self, time_us: float) -> None:
        """At a key frame, which `pictures` counts already."""
        if self._since_us is None:
            self._since_us, self.pictures = time_us, 0
            return
        passed_us = time_us - self._since_us
        if passed_us >= RATE_S * 1e6 and self.pictures >= 4:
            self._before, self.measured = self.measured, self.pictures * 1e6 / passed_us
            self._since_us, self.pictures = time_us, 0
            self._statable += 1

    def fps(self, declared: float | None, stated: float | None) -> float | None:
        """What to state: the declared rate, or the one stated before, unless it is measured to be another one."""
        measured, is_first = self.measured, stated is None
        stated = stated if stated is not None else declared
        if measured is None or _is_about(measured, stated):
            return stated
        if not is_first and not (self._statable >= RESTATE_WINDOWS and _is_about(measured, self._before)):
            return stated
        self._statable = 0
        return declared if _is_about(measured, declared) else round(measured, 1)


def _is_about(fps: float, other: float | None) -> bool:
    return other is not None and other > 0 and abs(fps / other - 1) <= RATE_OFF
