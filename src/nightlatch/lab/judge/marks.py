"""How good the judge is on families of plans that it never learnt from, seen well and badly. NumPy alone."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.context import Context
from nightlatch.domain.sighting import Judgement, Story, Verdict
from nightlatch.lab.judge.stories import Scenario, make
from nightlatch.lab.judge.views import DISTURBED
from nightlatch.pixels.stage.behaviours import ROUTINE, THREATS

HOLD_OUT = 1_000_000  # seeds from here on are never learnt from
DISTURBANCES = (*DISTURBED, "twice the noise", "in parts")

Judging = Callable[[Story], Judgement]


def held_out() -> frozenset[str]:
    """A third of the threats and of daily life, by the hash of their names: they are never learnt from."""
    return frozenset(name for some in (THREATS, ROUTINE) for name in _by_hash(some)[: len(some) // 3])


def _by_hash(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Marks:
    """What was said of many stories: threat (N,), verdicts, and the truth (N,)."""

    threat: NDArray[np.float64]
    verdicts: tuple[Verdict, ...]
    is_threat: NDArray[np.bool_]
    behaviours: tuple[str, ...]

    @property
    def auc(self) -> float:
        """Chance that a threat ranks above daily life; ties count half."""
        return ranked(self.threat, self.is_threat)

    def share(self, verdict: Verdict, of: Iterable[str]) -> dict[str, float]:
        """How often each of some families is called so."""
        found = {}
        for name in sorted(of):
            said = [v for v, b in zip(self.verdicts, self.behaviours, strict=True) if b == name]
            if said:
                found[name] = sum(v is verdict for v in said) / len(said)
        return found

    @property
    def false_threats(self) -> dict[str, float]:
        """How often each daily family is called a threat."""
        return self.share(Verdict.THREAT, set(self.behaviours) & ROUTINE)

    @property
    def missed_threats(self) -> dict[str, float]:
        """How often each threat is called routine."""
        return self.share(Verdict.ROUTINE, set(self.behaviours) & THREATS)


def ranked(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The area under the curve of scores, (N,), for a truth, (N,)."""
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    yes = int(truth.sum())
    return float((ranks[truth].sum() - yes * (yes + 1) / 2) / (yes * (len(truth) - yes)))


def played(count: int, how: str = "as it is", families: frozenset[str] | None = None) -> list[Scenario]:
    """Stories of the hold-out's seeds, of `families` or those that are held out, seen as `how` says."""
    worse, in_parts = (2.0 if how == "twice the noise" else 1.0), (0.5 if how == "in parts" else 0.0)
    some = held_out() if families is None else families
    found = [make(seed, worse, in_parts, some) for seed in range(HOLD_OUT, HOLD_OUT + count)]
    see = DISTURBED.get(how, DISTURBED["as it is"])
    return [replace(each, story=see(each.story, random.Random(n))) for n, each in enumerate(found)]


def bare(some: Sequence[Scenario]) -> list[Scenario]:
    """The same stories with nothing known of the place and the household, but the hour."""
    return [replace(each, story=replace(each.story, areas=(), context=Context())) for each in some]


def known(some: Sequence[Scenario]) -> list[Scenario]:
    """Those of them whose mode is known: there the rules hold."""
    return [each for each in some if each.story.context.mode is not None]


def marks(judge: Judging, some: Sequence[Scenario]) -> Marks:
    """What a judge says of stories."""
    said = [judge(each.story) for each in some]
    return Marks(
        np.array([each.threat for each in said]),
        tuple(each.verdict for each in said),
        np.array([each.is_threat for each in some]),
        tuple(each.behaviour for each in some),
    )


def line(name: str, told: Marks) -> str:
    """One line of the table of `HEAD`."""
    false, missed = told.false_threats, told.missed_threats
    worst = max(false, key=lambda each: false[each])
    return (
        f"{name:34} {len(told.threat):6} {told.auc:6.3f} {np.mean(list(false.values())):8.1%} "
        f"{false[worst]:7.1%} {worst:24} {np.mean(list(missed.values())):8.1%}"
    )


HEAD = f"{'':34} {'of':>6} {'AUC':>6} {'false':>8} {'worst':>7} {'family':24} {'missed':>8}"


def reliability(told: Marks) -> list[str]:
    """Lines of a table: what was said, how often it was true, of how many."""
    lines = ["said   true   of"]
    for low in np.arange(0, 1, 0.1):
        inside = (told.threat >= low) & (told.threat < low + 0.1 + (1e-9 if low > 0.85 else 0))
        if inside.any():
            lines.append(f"{told.threat[inside].mean():.2f}   {told.is_threat[inside].mean():.2f}   {inside.sum()}")
    return lines


def verdicts(told: Marks) -> list[str]:
    """Lines of a table: shares of each family that are called threat, help, unsure, routine."""
    lines = [f"{'family':30} threat   help unsure routine"]
    for name in sorted(set(told.behaviours), key=lambda each: (each in THREATS, each)):
        shares = [told.share(v, (name,))[name] for v in Verdict]
        threat, helped, routine, unsure = shares
        mark = " (threat)" if name in THREATS else ""
        lines.append(f"{name + mark:30} {threat:6.2f} {helped:6.2f} {unsure:6.2f} {routine:7.2f}")
    return lines
