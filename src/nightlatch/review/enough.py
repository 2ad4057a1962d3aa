"""When a clip needs one more label, and the programme one more known answer. Pure; no arrays, so quick to load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from nightlatch.domain.label import Label, Labelled

FEWEST_LABELS = 2
MOST_LABELS = 4
HONEYPOT_SHARE = 0.1


def wanted(labels: Sequence[Label]) -> int:
    """How many labels a clip still needs: two; a third when they differ, a fourth when no two of three agree."""
    have = len(labels)
    if have < FEWEST_LABELS:
        return FEWEST_LABELS - have
    if have >= MOST_LABELS or any(one.agrees_with(other) for one, other in combinations(labels, 2)):
        return 0
    return 1


def honeypots_wanted(waiting: int, honeypots: int) -> int:
    """How many clips with a known answer to give, so that they are a tenth of all that wait."""
    return max(0, math.ceil((waiting - honeypots) * HONEYPOT_SHARE / (1 - HONEYPOT_SHARE)) - honeypots)


def labels_of(labelled: Sequence[Labelled]) -> dict[str, list[Label]]:
    """What was said of each clip."""
    said: dict[str, list[Label]] = {}
    for each in labelled:
        said.setdefault(each.donation, []).append(each.label)
    return said


def is_hidden(labels: Sequence[Label]) -> bool:
    """At least half of those who labelled a clip say that too much of it is hidden."""
    return 2 * sum(each.is_hidden for each in labels) >= len(labels) > 0


@dataclass(frozen=True, slots=True)
class HidingFigures:
    """How much hiding leaves to see: labels that say “too much is hidden”, of all, and clips of which most say so."""

    labels: int
    of_labels: int
    clips: int
    of_clips: int


def hiding(labelled: Sequence[Labelled]) -> HidingFigures:
    """As reviewers found it, over all labels that count."""
    said = labels_of(labelled)
    hidden = sum(each.label.is_hidden for each in labelled)
    return HidingFigures(hidden, len(labelled), sum(is_hidden(labels) for labels in said.values()), len(said))


def is_comparable(labelled: Sequence[Labelled]) -> bool:
    """Some clip has labels from two reviewers."""
    seen: dict[str, str] = {}
    return any(seen.setdefault(each.donation, each.reviewer) != each.reviewer for each in labelled)
