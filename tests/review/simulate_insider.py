"""A determined insider who wants one household, against the draw that the keeper runs.

    python -m tests.review.simulate_insider          prints a table, writes docs/images/insider.svg

The promise: whatever an insider does, the probability of seeing the one clip of a household is at most the quota over
the clips waiting. Drawn with `nightlatch.keeper.draw`, the code that the keeper runs; the rules around it (a skip
costs a place of the quota, a household once a day, a clip leaves after `MOST_VIEWERS`) are the keeper's.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.keeper.draw import Waiting, eligible, winner

QUOTA = 12
HONEST = 4
MOST_VIEWERS = 3
TARGET = "target"
SVG = Path(__file__).resolve().parents[2] / "docs" / "images" / "insider.svg"


@dataclass
class Day:
    """One day of the room: clips of as many households, one of them the target's."""

    clips: int
    chance: random.Random
    viewers: dict[str, set[str]] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [TARGET, *(f"clip-{n}" for n in range(self.clips - 1))]
        self.viewers = {name: set() for name in names}
        self.day_key = self.chance.randbytes(32)
        self.root = self.chance.randbytes(32)
        self.today: dict[str, set[str]] = {}

    def moves(self) -> None:
        """The log grows: another root."""
        self.root = self.chance.randbytes(32)

    def draw(self, who: str) -> str | None:
        """The clip for `who`; costs a place of the quota."""
        if self.drawn.get(who, 0) >= QUOTA:
            return None
        self.drawn[who] = n = self.drawn.get(who, 0) + 1
        return winner(self.day_key, self.root, who, n - 1, self.open_to(who))

    def open_to(self, who: str) -> list[str]:
        waiting = [Waiting(c, c, 0, frozenset(seen)) for c, seen in self.viewers.items() if len(seen) < MOST_VIEWERS]
        return eligible(waiting, who, frozenset(self.today.get(who, ())), 1)

    def view(self, who: str, clip: str) -> None:
        self.viewers[clip].add(who)
        self.today.setdefault(who, set()).add(clip)
        self.moves()  # the view is an entry


Strategy = Callable[[Day], bool]


def others_work(day: Day, looks: int) -> None:
    """Honest reviewers look at clips meanwhile."""
    for _ in range(looks):
        who = f"honest-{day.chance.randrange(HONEST)}"
        if (clip := day.draw(who)) is not None:
            day.view(who, clip)


def patient(day: Day, who: str = "insider") -> bool:
    """Looks at whatever comes, all day."""
    while (clip := day.draw(who)) is not None:
        if clip == TARGET:
            return True
        day.view(who, clip)
        others_work(day, 2)
    return False


def skipping(day: Day) -> bool:
    """Skips every clip, hoping that the next draw is the one; views would cost as much."""
    for _ in range(QUOTA):
        if day.draw("insider") == TARGET:
            return True
        day.moves()
        others_work(day, 2)
    return False


def choosing_times(day: Day) -> bool:
    """Asks only when the log's root looks lucky: after up to 40 others' entries for every draw."""
    for _ in range(QUOTA):
        for _ in range(40):
            if day.root[0] % 8 == 0:
                break
            day.moves()
        if (clip := day.draw("insider")) == TARGET:
            return True
        if clip is not None:
            day.view("insider", clip)
        others_work(day, 1)
    return False


def last_of_all(day: Day) -> bool:
    """Waits until everybody else has worked, then looks at what they left."""
    others_work(day, HONEST * QUOTA)
    return patient(day)


def colluding(day: Day) -> bool:
    """Two insiders, who tell each other everything and work one after the other."""
    found = False
    for who in ("insider", "accomplice"):
        found = patient(day, who) or found
    return found


def flagging(day: Day) -> bool:
    """Flags every clip that comes, so that it leaves the list, to thin out what waits."""
    while (clip := day.draw("insider")) is not None:
        if clip == TARGET:
            return True
        del day.viewers[clip]
        day.moves()
        others_work(day, 2)
    return False


def foreseeing(day: Day) -> bool:
    """Control: an insider who *has the keeper's key* and waits for the root that draws the target. This must win."""
    for n in range(QUOTA):
        for _ in range(day.clips):
            if winner(day.day_key, day.root, "insider", n, day.open_to("insider")) == TARGET:
                break
            day.moves()
        if day.draw("insider") == TARGET:
            return True
    return False


STRATEGIES: tuple[Strategy, ...] = (patient, skipping, choosing_times, last_of_all, colluding, flagging)


@dataclass(frozen=True)
class Outcome:
    """How often a strategy reached the household, and what the draw promises at most."""

    strategy: str
    clips: int
    trials: int
    reached: int
    promised: float

    @property
    def share(self) -> float:
        return self.reached / self.trials

    @property
    def error(self) -> float:
        """One standard error of the share, were the promise exact."""
        return math.sqrt(self.promised * (1 - self.promised) / self.trials)

    @property
    def is_beaten(self) -> bool:
        return self.share > self.promised + 4 * self.error


def promise(strategy: Strategy, clips: float) -> float:
    """Quota over clips waiting; two who collude have two quotas (an upper bound: their draws are not independent)."""
    insiders = 2 if strategy is colluding else 1
    return min(1.0, insiders * QUOTA / clips)


def simulate(strategy: Strategy, clips: int, trials: int, seed: int = 1) -> Outcome:
    chance = random.Random(f"{seed} {strategy.__name__} {clips}")
    reached = sum(strategy(Day(clips, chance)) for _ in range(trials))
    return Outcome(strategy.__name__, clips, trials, reached, promise(strategy, clips))


# ---- printing and drawing -----------------------------------------------------------------------------------------

COLOURS = ("#1f7a58", "#2d6cb0", "#8a6d1a", "#a4420f", "#7a3f98", "#5d6662")
LEFT, TOP, WIDE, HIGH = 64, 56, 560, 300


def svg(outcomes: Iterable[Outcome]) -> str:
    """A chart: clips waiting (logarithmic) against the probability; curves are promises, dots what came (95 %)."""
    found = list(outcomes)
    sizes = sorted({each.clips for each in found})
    low, high = math.log(sizes[0] * 0.8), math.log(sizes[-1] * 1.25)

    def x(clips: float, shift: float = 0) -> str:
        return f"{LEFT + WIDE * (math.log(clips) - low) / (high - low) + shift:.1f}"

    def y(share: float) -> str:
        return f"{TOP + HIGH * (1 - share):.1f}"

    steps = [math.exp(low + (high - low) * n / 60) for n in range(61)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 190} {TOP + HIGH + 60}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="#ffffff"/><text x="{LEFT}" y="26" font-size="16" font-weight="600">'
        "An insider who wants one household</text>",
    ]
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        parts.append(f'<path d="M{LEFT} {y(share)}h{WIDE}" stroke="#e2e4df"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y(share)}" dy="4" text-anchor="end" fill="#5d6662">{share:.1f}</text>')
    axis = f'y="{TOP + HIGH + 22}" text-anchor="middle" fill="#5d6662"'
    parts += [f'<text x="{x(clips)}" {axis}>{clips}</text>' for clips in sizes]
    for strategy, dash in ((patient, ""), (colluding, ' stroke-dasharray="5 4"')):
        line = " ".join(f"{x(c)},{y(promise(strategy, c))}" for c in steps)
        parts.append(f'<polyline points="{line}" fill="none" stroke="#1b1f1d" stroke-width="1.5"{dash}/>')
    for number, strategy in enumerate(STRATEGIES):
        colour, shift = COLOURS[number], (number - 2.5) * 5
        for each in (each for each in found if each.strategy == strategy.__name__):
            half = 1.96 * math.sqrt(max(each.share * (1 - each.share), 1e-9) / each.trials)
            ends = f"M{x(each.clips, shift)} {y(each.share - half)}V{y(each.share + half)}"
            parts.append(f'<path d="{ends}" stroke="{colour}" stroke-width="1.5"/>')
            parts.append(f'<circle cx="{x(each.clips, shift)}" cy="{y(each.share)}" r="3.5" fill="{colour}"/>')
        at = TOP + 20 + number * 22
        parts.append(f'<circle cx="{LEFT + WIDE + 24}" cy="{at - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + WIDE + 36}" y="{at}">{strategy.__name__.replace("_", " ")}</text>')
    at = TOP + 30 + len(STRATEGIES) * 22
    for text, dash in (("promised: quota ÷ waiting", ""), ("promised for two", ' stroke-dasharray="5 4"')):
        parts.append(f'<path d="M{LEFT + WIDE + 14} {at - 4}h18" stroke="#1b1f1d" stroke-width="1.5"{dash}/>')
        parts.append(f'<text x="{LEFT + WIDE + 36}" y="{at}" font-size="11.5">{text}</text>')
        at += 22
    middle = LEFT + WIDE / 2
    parts.append(f'<text x="{middle}" y="{TOP + HIGH + 46}" text-anchor="middle">clips waiting (quota {QUOTA})</text>')
    return "\n".join(parts) + "\n</svg>\n"


def main(trials: int = 1500) -> None:
    outcomes = []
    print(f"{'strategy':16} {'waiting':>7} {'reached':>8} {'promised':>8} {'± 1 s.e.':>8}")
    for clips in (24, 48, 96, 192):
        for strategy in STRATEGIES:
            outcomes.append(simulate(strategy, clips, trials))
            each = outcomes[-1]
            print(f"{each.strategy:16} {clips:7} {each.share:8.3f} {each.promised:8.3f} {each.error:8.3f}", flush=True)
    control = simulate(foreseeing, 48, 100)
    print(f"{'foreseeing':16} {48:7} {control.share:8.3f} (control: has the keeper's key, and wins)")
    SVG.write_text(svg(outcomes), encoding="utf-8")
    print(SVG)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
