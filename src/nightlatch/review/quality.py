"""How good the labels are: consensus and agreement. Pure: arrays and words, no database.

Reviewers are blind: nothing here is ever shown beside a clip. Honeypots are clips with a known answer that the
programme gave itself; the keeper draws them like any other, so no type, timing or page could tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.label import Happening, Label, Labelled, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.review.enough import is_hidden, labels_of, wanted

VERDICTS = tuple(Verdict)
MISSING = -1

Answers = NDArray[np.int64]  # (clips, reviewers): the class that each chose, or MISSING
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the crowd says. Rows of `posterior` (clips, classes) and of each matrix in `confusion` sum to 1."""

    posterior: Shares
    confusion: Shares  # (reviewers, true class, chosen class)
    prior: Shares  # (classes,)
    rounds: int


@dataclass(frozen=True, slots=True)
class AgreedLabel:
    """A clip's label by consensus; `certainty` is the probability of the verdict (0 to 1)."""

    donation: str
    label: Label
    certainty: float
    labels: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often one reviewer said what the others, or the known answer, said too. None: too few labels to tell."""

    compared: int
    verdict: float | None
    subjects: float | None


def dawid_skene(answers: Answers, classes: int, *, rounds: int = 200, tolerance: float = 1e-7) -> Consensus:
    """Dawid and Skene (1979) by EM: each reviewer has a confusion matrix, each clip a distribution over classes.

    Maximum a posteriori: a Dirichlet prior (1 on each choice, 2 more on the right one; 1 on each class) keeps a
    reviewer of few labels near honest and lets no probability become 0. Works in logarithms.

    Raises:
        ValueError: an array that is not (clips, reviewers), or a class out of range.
    """
    if answers.ndim != 2 or classes < 2 or answers.size == 0:
        raise ValueError("Answers are an array (clips, reviewers) that is not empty, of at least two classes.")
    if answers.min() < MISSING or answers.max() >= classes:
        raise ValueError("An answer is a class from 0, or -1 where there is none.")
    chosen = (answers[:, :, None] == np.arange(classes)).astype(np.float64)  # (clips, reviewers, classes)
    trust = np.ones((classes, classes)) + 2 * np.eye(classes)
    posterior = _shares(chosen.sum(axis=1) + 1 / classes)
    done, change = 0, 1.0
    while done < rounds and change > tolerance:
        prior = _shares(posterior.sum(axis=0) + 1)
        confusion = _shares(np.einsum("it,irc->rtc", posterior, chosen) + trust)
        logs = np.log(prior) + np.einsum("irc,rtc->it", chosen, np.log(confusion))
        before, posterior = posterior, _shares(np.exp(logs - logs.max(axis=1, keepdims=True)))
        done, change = done + 1, float(np.abs(posterior - before).max())
    return Consensus(posterior, confusion, prior, done)


def alpha(answers: Answers) -> float:
    """Krippendorff's alpha for nominal classes (2011, section C): 1 agreement, 0 chance; NaN when nothing compares."""
    values = [row[row != MISSING] for row in answers]
    units = [row for row in values if len(row) > 1]
    classes = int(answers.max(initial=0)) + 1
    coincidences = np.zeros((classes, classes))
    for row in units:
        counts = np.bincount(row, minlength=classes).astype(np.float64)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(row) - 1)
    totals = coincidences.sum(axis=1)
    everything = totals.sum()
    expected = everything**2 - (totals**2).sum()
    if expected == 0:
        return math.nan
    observed = everything - np.trace(coincidences)
    return float(1 - (everything - 1) * observed / expected)


def agreed(labelled: Sequence[Labelled], *, unfinished: bool = False) -> list[AgreedLabel]:
    """The consensus of every clip with enough labels (or with any, if `unfinished`), in order of donation.

    Whoever said that too much is hidden answered none of its questions; where most said so there is no consensus.
    The verdict and each subject and happening are questions of their own (the latter of yes or no).
    """
    everything = labels_of(labelled)
    labelled = [each for each in labelled if not each.label.is_hidden and not is_hidden(everything[each.donation])]
    clips, reviewers = _axes(labelled)
    if not clips:
        return []
    verdict = dawid_skene(verdicts(labelled), len(VERDICTS)).posterior
    subjects = {each: _says(labelled, clips, reviewers, each, "subjects") for each in Subject}
    happenings = {each: _says(labelled, clips, reviewers, each, "happenings") for each in Happening}
    found = []
    for row, (donation, mine) in enumerate((donation, everything[donation]) for donation in clips):
        if wanted(mine) and not unfinished:
            continue
        seen = frozenset(each for each in Subject if subjects[each][row] > 0.5) or _likeliest(subjects, row)
        if len(seen) > 1:
            seen -= {Subject.NOTHING}
        told = Label(
            seen,
            frozenset(each for each in Happening if happenings[each][row] > 0.5),
            VERDICTS[int(verdict[row].argmax())],
        )
        found.append(AgreedLabel(donation, told, float(verdict[row].max()), len(mine)))
    return found


def verdicts(labelled: Sequence[Labelled]) -> Answers:
    """(clips, reviewers): the verdict that each gave, as its place in `VERDICTS`."""
    clips, reviewers = _axes(labelled)
    answers = np.full((len(clips), len(reviewers)), MISSING, np.int64)
    for each in labelled:
        if each.label.verdict is not None:
            answers[clips[each.donation], reviewers[each.reviewer]] = VERDICTS.index(each.label.verdict)
    return answers


def agreement(
    labelled: Sequence[Labelled], reviewer: str, known: Mapping[str, Label], *, fewest: int = 10
) -> Agreement:
    """One reviewer against the consensus of the others, or against the known answer where there is one.

    Known answers and others' labels go into one number, so that it does not tell which clip was a honeypot.
    """
    theirs = [each for each in labelled if each.reviewer != reviewer]
    others = {each.donation: each.label for each in agreed(theirs, unfinished=True)}
    right = others | dict(known)
    own = [each for each in labelled if each.reviewer == reviewer and not each.label.is_hidden]
    pairs = [(each.label, right[each.donation]) for each in own if each.donation in right]
    if len(pairs) < fewest:
        return Agreement(len(pairs), None, None)
    same_verdict = sum(mine.verdict is answer.verdict for mine, answer in pairs)
    same_subjects = sum(mine.subjects == answer.subjects for mine, answer in pairs)
    return Agreement(len(pairs), same_verdict / len(pairs), same_subjects / len(pairs))


def _shares(weights: Shares) -> Shares:
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float64)


def _axes(labelled: Collection[Labelled]) -> tuple[dict[str, int], dict[str, int]]:
    clips = {donation: row for row, donation in enumerate(sorted({each.donation for each in labelled}))}
    reviewers = {who: column for column, who in enumerate(sorted({each.reviewer for each in labelled}))}
    return clips, reviewers


def _says(
    labelled: Sequence[Labelled], clips: dict[str, int], reviewers: dict[str, int], word: str, question: str
) -> Shares:
    """(clips,): how sure the crowd is that `word` belongs to the clip."""
    answers = np.full((len(clips), len(reviewers)), MISSING, np.int64)
    for each in labelled:
        answers[clips[each.donation], reviewers[each.reviewer]] = int(word in getattr(each.label, question))
    return dawid_skene(answers, 2).posterior[:, 1]


def _likeliest(subjects: Mapping[Subject, Shares], row: int) -> frozenset[Subject]:
    return frozenset({max(subjects, key=lambda each: float(subjects[each][row]))})
