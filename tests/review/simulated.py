"""Simulated reviewers with a known skill each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightlatch.review.quality import MISSING


def crowd(
    seed: int, clips: int, skills: tuple[float, ...], labels_each: int, prior: tuple[float, ...] = (0.15, 0.6, 0.25)
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(truth (clips,), answers (clips, reviewers)): who is wrong picks one of the other classes evenly."""
    chance = np.random.default_rng(seed)
    classes = len(prior)
    truth = chance.choice(classes, clips, p=prior)
    answers = np.full((clips, len(skills)), MISSING, np.int64)
    for clip in range(clips):
        for who in chance.choice(len(skills), labels_each, replace=False):
            right = chance.random() < skills[who]
            answers[clip, who] = truth[clip] if right else (truth[clip] + chance.integers(1, classes)) % classes
    return truth, answers
