"""When a clip needs one more label, and the programme one more known answer. Pure; no arrays, so quick to load."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def is_comparable(labelled: Sequence[Labelled]) -> bool:
    """Some clip has labels from two reviewers."""
    seen: dict[str, str] = {}
    return any(seen.setdefault(each.donation, each.reviewer) != each.reviewer for each in labelled)
