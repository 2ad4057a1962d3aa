"""Gives every packet a time that runs on, whatever the camera says.

Cameras leave timestamps out, let them stand still, run them at another rate, jump with them, wrap and drift. Their
stamps are therefore only evidence: what counts is when packets arrive, on a clock that cannot be set. A `Line` turns
the stamps of one track into film time: it keeps the camera's own even spacing while stamps and arrivals agree, and is
drawn slowly to the packets that were delayed least, so that jitter and bursts do not shake it. Where they disagree it
learns within seconds another scale, or counts packets instead. Film time never goes back, is never far ahead of the
arrival, and leaves nothing out: where it must leap forward it does so at a key frame, and the picture before lasts
longer.

A film has no arrivals: `FilmLines` takes its stamps as they are, without jumps, round after round.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from nightlatch.pixels.media.packets import Kind
from nightlatch.pixels.sources.feed import Raw

SOUND_AHEAD_US = 600_000  # sound belongs to a picture that takes so much longer to encode
SOUND_SLACK_US = 100_000  # a hole in the sound is believed if it ends no later: one tick of receiving
AHEAD_US = 250_000  # as far ahead of its arrival a packet may lie before the line is braked
BRAKED_OVER_US = 400_000  # from there on the brake grows, until a packet lasts a tenth of its time
HOLE_SLACK_US = 250_000  # a longer stretch than usual is believed if it ends no later than this after its arrival
LEAPS_US = 60_000_000  # a second leap within this time is no accident
SURELY_US = 100_000
LEAP_US = 1_000_000  # as far behind, the next key frame leaps; less is caught up in passing
GENTLE_US = 150_000  # up to here an error is taken out over GENTLE_S: at most 1.5 %, 1 ms at 15 pictures a second
GENTLE_S = 10.0
MOST_PULL = 0.15
SOUND_PULL = 0.005  # what nobody hears
LEARNING = 0.03  # share of the pull that goes into the scale each second
WINDOW_US = 1_000_000  # one sample of the least delay; of slow cameras three pictures, at most four seconds
WINDOWS = 5  # so many of the newest seconds tell how far behind the line is: stalls of up to two seconds end within
SLOPE_WINDOWS = 4  # so many samples in a row tell another rate
SURE_WINDOWS = 9  # as many when stamps were right for long: a network that slows down looks the same for seconds
YOUNG_WINDOWS = 15
LEAST_SLOPE = 0.04
LEAST_DRIFT_US = 250_000
EVEN = 0.08  # of the growth, a sample may lie beside the straight line: jitter lies anywhere
LONG_WINDOWS = 12  # so many samples tell a rate that is only a little wrong
LONG_SLOPE = 0.02
MOST_LONG_SLOPE = 0.12
SILENCE_US = 3_000_000  # without a usable stamp, a longer silence than this is a hole and not a burst to come
TINY = 0.1  # of the usual step: less is a clock that all but stands still
LEAST_STEP_US = 1_000
DEEPEST = 4  # pictures that may be shown before one that was sent earlier (H.264: 4 at the sizes of cameras)
REORDER_US = 1_000_000
APART_US = 1_000_000  # sound and picture that begin further apart than this share no clock
COUNT_US = 2_000_000  # how long pictures are counted at the outset, where stamps say nothing
JUMP_US = 5_000_000  # in a film, a hole longer than this is a jump
ALMOST = 0.03  # a scale that is measured so near to 1 is 1, and the rest is for the pull
TRUSTED = 0.02  # stamps whose scale is within this of 1 keep sound and picture together


class Stamps:
    """Stamps of one track in µs, in the order of decoding: (decoding, later) with `later` until it is shown.

    RTP tells only when a picture is shown. With B-pictures the order of decoding is another one: the decoding time of
    a picture is the largest stamp but `depth` that has come, `depth` being learnt (ITU-T H.264, C.4.4: as many
    pictures as may precede one in decoding order and follow it when shown).
    """

    __slots__ = ("_base", "_den", "_first", "_idle", "_largest", "_num", "_used", "depth")

    def __init__(self, pictures: Sequence[Raw] = ()) -> None:
        """`pictures` are the first that will come: with them the depth is known from the beginning."""
        self.depth = 0
        self._base: object = None
        self._num = self._den = 1
        self._largest: list[int] = []  # the largest that have come, in order
        self._first: list[int] = []  # decoding times of the pictures before enough have come
        self._used = self._idle = 0
        if pictures:
            self._learn(pictures)

    def of(self, raw: Raw) -> tuple[int | None, int]:
        """Its stamp and how much later it is shown; None where the camera says nothing."""
        if raw.base is not self._base:
            self._base = raw.base
            self._num, self._den = raw.base.numerator * 1_000_000, raw.base.denominator
        pts = raw.pts
        if raw.dts is not None:
            dts_us = raw.dts * self._num // self._den
            later_us = pts * self._num // self._den - dts_us if pts is not None else 0
            return dts_us, later_us if 0 <= later_us < 2_000_000 else 0
        if pts is None:
            return None, 0
        pts_us = pts * self._num // self._den
        largest = self._largest
        if self.depth == 0 and (not largest or pts_us >= largest[-1]):
            largest.append(pts_us)
            if len(largest) > DEEPEST + 1:
                del largest[0]
            return pts_us, 0
        dts_us = self._reordered(pts_us, raw.is_key)
        return dts_us, max(0, pts_us - dts_us)

    def _learn(self, pictures: Sequence[Raw]) -> None:
        shown_us = [sum(self.of(raw)) for raw in pictures if raw.dts is None and raw.pts is not None]  # type: ignore[arg-type]
        self._largest.clear()
        depth = self.depth
        if 0 < depth < len(shown_us):
            steps = sorted(b - a for a, b in itertools.pairwise(sorted(shown_us)))
            begins_us = min(shown_us[: depth + 1])
            self._first = [begins_us - back * steps[len(steps) // 2] for back in range(1, depth + 1)]

    def _reordered(self, pts_us: int, is_key: bool) -> int:
        largest = self._largest
        before = sum(other > pts_us for other in largest)
        if before > DEEPEST or (largest and abs(pts_us - largest[-1]) > REORDER_US):
            largest.clear()  # another clock, or back for good: nothing of the old one counts
            before = 0
        self.depth = max(self.depth, before)
        self._used = max(self._used, before)
        if is_key:
            self._idle = self._idle + 1 if self._used < self.depth else 0
            if self._idle > 3:  # it was no reordering
                self.depth = self._used
            self._used = 0
        bisect.insort(largest, pts_us)
        if len(largest) > DEEPEST + 1:
            del largest[0]
        if self._first:
            return self._first.pop()
        return largest[max(0, len(largest) - 1 - self.depth)]


class Line:
    """Film time of one track of a camera, in µs since its first picture; arrivals are on the same axis.

    Common case: three comparisons and a few multiplications a packet; what is judged is judged once a second.
    """

    __slots__ = (
        "_absent",
        "_ahead_us",
        "_began_us",
        "_ends_us",
        "_is_tied",
        "_leapt",
        "_least_at_us",
        "_least_us",
        "_most_pull",
        "_odd",
        "_packets",
        "_samples",
        "_sane_packets",
        "_sane_since",
        "_slewed_us",
        "_stamp_us",
        "_stills",
        "_strange",
        "_young",
        "arrival_us",
        "behind_us",
        "counted",
        "film_us",
        "jumped_us",
        "jumps",
        "leaps",
        "pull",
        "scale",
        "step_us",
    )

    def __init__(self, step_us: float, most_pull: float = MOST_PULL, ahead_us: int = AHEAD_US) -> None:
        self.step_us = step_us  # what a packet usually lasts
        self.film_us = -math.inf  # of the newest packet
        self.scale = 1.0
        self.pull = 0.0
        self.counted = ""  # why stamps are not used: "still", "absent" or "senseless"
        self.jumps = 0  # stamps that could not be
        self.jumped_us = 0  # when that was last
        self.leaps = 0
        self.behind_us = 0.0
        self._most_pull = most_pull
        self._ahead_us = ahead_us
        self._is_tied = False
        self._leapt: tuple[int, float] | None = None  # at which arrival, with which nominal time
        self._young = YOUNG_WINDOWS  # another rate is likely still
        self._stamp_us: int | None = None
        self.arrival_us = 0  # of the newest packet
        self._slewed_us = 0.0  # by how much the line was drawn so far
        self._samples: deque[tuple[int, float]] = deque(maxlen=LONG_WINDOWS)  # least delays, as without any drawing
        self._least_us = math.inf
        self._least_at_us = 0
        self._began_us = self._ends_us = 0  # of the window
        self._packets = self._odd = self._stills = self._absent = self._strange = 0
        self._sane_since: tuple[int, int] | None = None
        self._sane_packets = 0

    @property
    def stamp_us(self) -> int | None:
        """The newest stamp, where stamps are trusted as they are."""
        return self._stamp_us if not self.counted and abs(self.scale - 1) <= TRUSTED else None

    @property
    def nominal_us(self) -> float:
        """Film time as if the line had never been drawn: for measuring how often packets come."""
        return self.film_us - self._slewed_us

    @property
    def lag_us(self) -> float:
        """How long after its place in the film the newest packet arrived."""
        return self.arrival_us - self.film_us

    def begin(self, film_us: float, stamp_us: int | None, arrival_us: int) -> float:
        """Place the first packet."""
        self.film_us = film_us
        self._stamp_us = stamp_us
        self.arrival_us = arrival_us
        self._began_us = arrival_us
        self._ends_us = arrival_us + max(WINDOW_US, min(4 * WINDOW_US, round(3 * self.step_us)))
        self._note(arrival_us)
        return film_us

    def follow(self, stamp_us: int | None, arrival_us: int, leaps: bool) -> float:
        """Place the next packet; `leaps` says that a step forward does no harm here (a key frame)."""
        last_us, last_stamp_us = self.film_us, self._stamp_us
        if stamp_us is None or last_stamp_us is None or self.counted:
            step_us = self._count(stamp_us, arrival_us)
            if stamp_us is None and last_stamp_us is not None:
                stamp_us = last_stamp_us + round(step_us / self.scale)
        else:
            step_us = (stamp_us - last_stamp_us) * self.scale
            if TINY * self.step_us < step_us <= 2 * self.step_us:
                self.step_us += (step_us - self.step_us) * 0.05
            elif step_us <= TINY * self.step_us or last_us + step_us > arrival_us + HOLE_SLACK_US:
                self._stills += stamp_us == last_stamp_us
                step_us = self._odd_step(arrival_us)
            else:
                self.step_us += (min(step_us, 4 * self.step_us) - self.step_us) * 0.05
        return self._advance(step_us, stamp_us, arrival_us, leaps)

    def hold(self, step_us: float, stamp_us: int | None, arrival_us: int) -> float:
        """Place the next packet, which begins where the one before has ended (sound)."""
        self.step_us = step_us = step_us * self.scale
        last_stamp_us = self._stamp_us
        if stamp_us is not None and last_stamp_us is not None and not self.counted:
            told_us = (stamp_us - last_stamp_us) * self.scale
            if not 0.5 * step_us < told_us < 1.5 * step_us:
                self._odd += 1
                if told_us > 0 and self.film_us + told_us <= arrival_us + SOUND_SLACK_US:
                    step_us = max(step_us, told_us)  # a hole
        return self._advance(step_us, stamp_us, arrival_us, True)

    def tie(self, error_us: float | None) -> None:
        """Be drawn by this much from now on (it lies so far before another track); None: towards the arrivals."""
        self._is_tied = error_us is not None
        if error_us is not None:
            self.behind_us = error_us
            self._set_pull(error_us)

    def _advance(self, step_us: float, stamp_us: int | None, arrival_us: int, leaps: bool) -> float:
        moved_us = step_us * (1.0 + self.pull)
        if leaps and self.behind_us > LEAP_US:
            moved_us += self._behind_us() if not self._is_tied else self.behind_us
            self._note_leap(arrival_us)
        film_us = self.film_us + moved_us
        if film_us > arrival_us + self._ahead_us:
            ahead_us = film_us - arrival_us - self._ahead_us
            room_us = arrival_us + self._ahead_us + BRAKED_OVER_US - self.film_us
            moved_us = min(room_us, moved_us * max(0.1, 1.0 - ahead_us / BRAKED_OVER_US))
            film_us = self.film_us + moved_us
        if moved_us < LEAST_STEP_US:
            moved_us = LEAST_STEP_US
            film_us = self.film_us + moved_us
        self.film_us = film_us
        self._slewed_us += moved_us - step_us
        self._stamp_us = stamp_us if stamp_us is not None else self._stamp_us
        self.arrival_us = arrival_us
        self._packets += 1
        least_us = arrival_us - film_us + self._slewed_us
        if least_us < self._least_us:
            self._least_us = least_us
            self._least_at_us = arrival_us
        if arrival_us >= self._ends_us:
            self._judge(arrival_us)
        return film_us

    def _note(self, arrival_us: int) -> None:
        least_us = arrival_us - self.film_us + self._slewed_us
        if least_us < self._least_us:
            self._least_us, self._least_at_us = least_us, arrival_us

    # what to make of a stamp that cannot be

    def _odd_step(self, arrival_us: int) -> float:
        self._odd += 1
        self.jumps += 1
        self.jumped_us = arrival_us
        return self._silence(arrival_us)

    def _silence(self, arrival_us: int) -> float:
        gap_us = arrival_us - self.arrival_us
        if gap_us > SILENCE_US:
            return max(self.step_us, min(gap_us, arrival_us - self.film_us))
        return self.step_us

    def _count(self, stamp_us: int | None, arrival_us: int) -> float:
        if stamp_us is None:
            self._odd += 1
            self._absent += 1
            self._sane_since = None
        elif self._sane_since is None or self._stamp_us is None or not 0 < stamp_us - self._stamp_us < JUMP_US:
            self._sane_since, self._sane_packets = (stamp_us, arrival_us), 0
        else:
            self._sane_packets += 1
        step_us = self._silence(arrival_us)
        return step_us * self.scale if self.counted and step_us == self.step_us else step_us

    # once a second

    def _judge(self, arrival_us: int) -> None:
        self._samples.append((self._least_at_us, self._least_us))
        self._least_us = math.inf
        if self.counted:
            self._return_to_stamps(arrival_us)
        else:
            self._strange = self._strange + 1 if self._odd * 3 > self._packets else 0
            if self._strange >= 2:
                is_absent, is_still = self._absent * 2 > self._odd, self._stills * 2 > self._odd
                self.count("absent" if is_absent else "still" if is_still else "senseless")
                came_us = (arrival_us - self._began_us) / max(1, self._packets)
                if not 0.7 < came_us / self.step_us < 1.4:  # what stamps told of it was wrong, too
                    self.step_us = came_us
        self._packets = self._odd = self._stills = self._absent = 0
        self._young = max(0, self._young - 1)
        self._began_us = arrival_us
        self._ends_us = arrival_us + max(WINDOW_US, min(4 * WINDOW_US, round(3 * self.step_us)))
        slope = self._slope() or self._long_slope()
        if slope:
            self._rescale(1 / max(0.02, 1.0 - slope))
        if self._is_tied:
            return
        error_us = self._behind_us()
        if error_us > GENTLE_US and len(self._samples) < WINDOWS:
            error_us = GENTLE_US
        self.behind_us = error_us
        self._set_pull(error_us)
        if abs(error_us) <= GENTLE_US:
            self.scale *= 1.0 + LEARNING * self.pull

    def _behind_us(self) -> float:
        """How far before its arrival even the least delayed packet of the last seconds lies."""
        newest = itertools.islice(reversed(self._samples), WINDOWS)
        return min(self._least_us, *(least_us for _, least_us in newest)) - self._slewed_us

    def _set_pull(self, error_us: float) -> None:
        size_us = abs(error_us)
        pull = size_us / (GENTLE_S * 1e6)
        if size_us > GENTLE_US:
            pull = GENTLE_US / (GENTLE_S * 1e6) + (size_us - GENTLE_US) / 4e6
        self.pull = math.copysign(min(self._most_pull, pull), error_us)

    def _slope(self) -> float | None:
        """How much the delay grows each second, where it has grown or shrunk evenly and by enough to be no jitter."""
        samples = list(self._samples)
        is_ahead = bool(samples) and samples[-1][1] < self._slewed_us - SURELY_US  # no network brings that about
        is_likely = self._young > 0 or self.counted != "" or is_ahead
        count = SLOPE_WINDOWS if is_likely else SURE_WINDOWS
        if len(samples) < count:
            return None
        (first_at_us, first_us), *between, (last_at_us, last_us) = samples[-count:]
        grown_us, passed_us = last_us - first_us, max(1, last_at_us - first_at_us)
        slope = grown_us / passed_us
        if abs(slope) < LEAST_SLOPE or abs(grown_us) < LEAST_DRIFT_US:
            return None
        if grown_us < 0 and last_us > self._slewed_us:
            return None  # what was late comes in
        off_us = max(abs(least_us - first_us - slope * (at_us - first_at_us)) for at_us, least_us in between)
        return slope if off_us < EVEN * abs(grown_us) else None

    def _note_leap(self, arrival_us: int) -> None:
        """A second leap soon after the first tells that the scale is wrong, however much jitter hides it."""
        self.behind_us = self.pull = 0.0
        self.leaps += 1
        if self._leapt is not None and 5e6 < arrival_us - self._leapt[0] < LEAPS_US:
            at_us, nominal_us = self._leapt
            ratio = (arrival_us - at_us) / max(1.0, self.nominal_us - nominal_us)
            if 1 < ratio < 3:
                self._rescale(ratio)
        self._leapt = arrival_us, self.nominal_us

    def _rescale(self, by: float) -> None:
        self.scale *= by
        if abs(self.scale - 1) < ALMOST and not self.counted:
            self.scale = 1.0
        newest = self._samples[-1]  # the older ones tell of the old scale
        self._samples.clear()
        self._samples.extend([newest] * WINDOWS)

    def _long_slope(self) -> float | None:
        """The same over a longer time, from the least delays of its first and its last seconds."""
        samples = list(self._samples)
        if len(samples) < LONG_WINDOWS:
            return None
        third = LONG_WINDOWS // 3
        parts = [samples[at : at + third] for at in (0, third, 2 * third)]
        (at_a, a), (at_b, b), (at_c, c) = (min(part, key=lambda sample: sample[1]) for part in parts)
        slope = (c - a) / max(1, at_c - at_a)
        halves = (b - a) / max(1, at_b - at_a), (c - b) / max(1, at_c - at_b)
        is_steady = all(0.5 * abs(slope) < half * math.copysign(1, slope) < 2 * abs(slope) for half in halves)
        return slope if LONG_SLOPE < abs(slope) < MOST_LONG_SLOPE and is_steady else None

    def count(self, why: str) -> None:
        """Place packets by counting them from now on."""
        self.counted = why
        self.scale = 1.0
        self._sane_since = None

    def _return_to_stamps(self, arrival_us: int) -> None:
        if self._sane_since is None or self._stamp_us is None:
            return
        stamp_us, since_us = self._sane_since
        passed_us = arrival_us - since_us
        if passed_us > 10_000_000 and self._sane_packets > 5:
            if abs((self._stamp_us - stamp_us) / passed_us - 1) < 0.03:
                self.counted, self.scale = "", 1.0
            self._sane_since = None


@dataclass(frozen=True, slots=True)
class Outset:
    """What the first second of a camera tells about its stamps."""

    step_us: float
    scale: float = 1.0
    counted: str = ""
    is_sure: bool = True  # else more may come of what the camera had kept


def outset(stamps: Sequence[int | None], arrivals_us: Sequence[int], declared_fps: float | None) -> Outset:
    """Judge from decoding stamps and arrivals of the first pictures, those first that came in a burst left aside."""
    declared_us = 1e6 / declared_fps if declared_fps else 40_000.0
    known = [s for s in stamps if s is not None]
    steps = [b - a for a, b in itertools.pairwise(known)]
    usable = sorted(step for step in steps if 0 < step < JUMP_US)
    told_us = float(usable[len(usable) // 2]) if usable else declared_us
    live = [i for i, at_us in enumerate(arrivals_us) if at_us - arrivals_us[0] > 300_000]
    spent_us = arrivals_us[-1] - arrivals_us[live[0]] if live else 0
    came = sum(at_us > arrivals_us[live[0]] for at_us in arrivals_us) if live else 0  # after that one tick
    is_enough = came >= 4 and spent_us >= 400_000
    came_us = spent_us / came if came else declared_us
    if len(usable) * 10 < 7 * (len(stamps) - 1):
        stills = sum(step == 0 for step in steps)
        why = "absent" if len(known) * 2 < len(stamps) else "still" if stills * 2 > len(steps) else "senseless"
        return Outset(came_us, counted=why, is_sure=spent_us > COUNT_US)
    if not is_enough:
        return Outset(told_us)
    ratio = came_us / told_us
    if 0.6 <= ratio <= 1.6:
        return Outset(told_us)
    if 0.02 < ratio < 50:
        is_declared = declared_fps is not None and 0.8 < came_us / declared_us < 1.25
        return Outset(told_us * ratio, ratio, is_sure=ratio > 1 or is_declared)
    return Outset(came_us, counted="senseless")


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
        self._stamps: dict[Kind, Stamps] = {"video": Stamps(pictures), "audio": Stamps()}
        self.is_sure = first.is_sure
        self.video = Line(first.step_us)
        self.video.scale, self.video.counted = first.scale, first.counted
        self.sound: Line | None = None
        self.origin_us = _origin_us(stamps, pictures, first)
        self._newest: tuple[int, int | None, int | None] | None = None  # of pictures: film time, stamp, camera's clock
        self._shares = False

    def place(self, raw: Raw) -> tuple[int, int]:
        """Film times (dts, pts) in µs."""
        stamp_us, later_us = self._stamps[raw.kind].of(raw)
        arrival_us = raw.arrival_us - self.origin_us
        if raw.kind == "audio":
            dts_us = round(self._place_sound(raw, stamp_us, arrival_us))
            return dts_us, dts_us
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


def _origin_us(stamps: Sequence[int | None], pictures: Sequence[Raw], first: Outset) -> int:
    """When the first picture belongs, so that none of them comes from the future."""
    film_us, origin_us = 0.0, pictures[0].arrival_us
    for index in range(1, len(pictures)):
        old, new = stamps[index - 1], stamps[index]
        gap_us = pictures[index].arrival_us - pictures[index - 1].arrival_us
        step_us = (new - old) * first.scale if old is not None and new is not None and not first.counted else 0.0
        film_us += step_us if 0 < step_us <= max(2 * first.step_us, gap_us + HOLE_SLACK_US) else first.step_us
        origin_us = min(origin_us, pictures[index].arrival_us - round(film_us))
    return origin_us


@dataclass(slots=True)
class _Timeline:
    offset_us: int | None = None
    last_us: int = -1
    step_us: int = 40_000
    arrival_us: int = 0


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


_DRIFT_US = 500_000


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
                if abs(least_us) > _DRIFT_US:
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
