"""Film time of one track: what its stamps say, as long as the arrivals agree.

The camera's own even spacing is kept while stamps and arrivals agree, and drawn slowly to the packets that were delayed
least, so that jitter and bursts do not shake it. Where they disagree another scale is learnt within seconds, or packets
are counted instead. Film time never goes back, is never far ahead of the arrival, and leaves nothing out: where it must
leap forward it does so at a key frame, and the picture before lasts longer.
"""

from __future__ import annotations

import math

from nightlatch.pixels.sources.delays import Delays

AHEAD_US = 250_000  # as far ahead of its arrival a packet may lie before the line is braked
BRAKED_OVER_US = 400_000  # from there on the brake grows, until a packet lasts a tenth of its time
HOLE_SLACK_US = 250_000  # a longer stretch than usual is believed if it ends no later than this after its arrival
SOUND_SLACK_US = 100_000  # a hole in the sound is believed if it ends no later: one tick of receiving
LEAP_US = 1_000_000  # as far behind, the next key frame leaps; less is caught up in passing
LEAPS_US = 60_000_000  # a second leap within this time is no accident
GENTLE_US = 150_000  # up to here an error is taken out over GENTLE_S: at most 1.5 %, 1 ms at 15 pictures a second
GENTLE_S = 10.0
MOST_PULL = 0.15
LEARNING = 0.03  # share of the pull that goes into the scale each second
WINDOW_US = 1_000_000  # one sample of the least delay; of slow cameras three pictures, at most four seconds
YOUNG_WINDOWS = 15
ALMOST = 0.03  # a scale that is measured so near to 1 is 1, and the rest is for the pull
TRUSTED = 0.02  # stamps whose scale is within this of 1 keep sound and picture together
SILENCE_US = 3_000_000  # without a usable stamp, a longer silence than this is a hole and not a burst to come
INSANE_US = 5_000_000  # stamps that are this far apart, or go back, are not trusted again
TINY = 0.1  # of the usual step, and not more than
TINY_US = 10_000  # this: less is a clock that all but stands still, more may be pictures that do not come evenly
LEAST_STEP_US = 1_000


class Line:
    """Film time of one track of a camera, in µs since its first picture; arrivals are on the same axis.

    Common case: three comparisons and a few multiplications a packet; what is judged is judged once a second.
    """

    __slots__ = (
        "_absent",
        "_ahead_us",
        "_began_us",
        "_delays",
        "_ends_us",
        "_is_tied",
        "_leapt",
        "_least_at_us",
        "_least_us",
        "_most_pull",
        "_odd",
        "_packets",
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
        self.jumped_us = -math.inf  # when that was last, but for the first second
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
        self._delays = Delays()
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
    def usual_us(self) -> float:
        """What a packet lasts, as a rule."""
        return self.step_us * self.scale if self.counted else self.step_us

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
            least_us = min(TINY * self.step_us, TINY_US)
            if least_us < step_us <= 2 * self.step_us:
                self.step_us += (step_us - self.step_us) * 0.05
            elif step_us <= least_us or last_us + step_us > arrival_us + HOLE_SLACK_US:
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
        if error_us is not None:
            self._is_tied = True
            self.behind_us = error_us
            self._set_pull(error_us)
        elif self._is_tied:
            self._is_tied = False
            self.behind_us = self.pull = 0.0

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
        if self._young < YOUNG_WINDOWS:  # FFmpeg finds the order of B-pictures only in the first second
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
        elif self._sane_since is None or self._stamp_us is None or not 0 < stamp_us - self._stamp_us < INSANE_US:
            self._sane_since, self._sane_packets = (stamp_us, arrival_us), 0
        else:
            self._sane_packets += 1
        step_us = self._silence(arrival_us)
        return step_us * self.scale if self.counted and step_us == self.step_us else step_us

    # once a second

    def _judge(self, arrival_us: int) -> None:
        self._delays.add(self._least_at_us, self._least_us)
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
        is_likely = self._young > 0 or self.counted != ""
        slope = self._delays.slope(self._slewed_us, is_likely) or self._delays.long_slope()
        if slope:
            self._rescale(1 / max(0.02, 1.0 - slope))
        if self._is_tied:
            return
        error_us = self._behind_us()
        if error_us > GENTLE_US and not self._delays.is_settled:
            error_us = GENTLE_US
        self.behind_us = error_us
        self._set_pull(error_us)
        if abs(error_us) <= GENTLE_US:
            self.scale *= 1.0 + LEARNING * self.pull

    def _behind_us(self) -> float:
        """How far before its arrival even the least delayed packet of the last seconds lies."""
        return min(self._least_us, self._delays.least_us) - self._slewed_us

    def _set_pull(self, error_us: float) -> None:
        size_us = abs(error_us)
        pull = size_us / (GENTLE_S * 1e6)
        if size_us > GENTLE_US:
            pull = GENTLE_US / (GENTLE_S * 1e6) + (size_us - GENTLE_US) / 4e6
        self.pull = math.copysign(min(self._most_pull, pull), error_us)

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
        self._delays.restart()

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
