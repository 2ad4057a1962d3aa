"""Consensus, agreement, and when a clip needs one more label."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nightlatch.domain.label import Label, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.review.enough import HidingFigures, hiding, honeypots_wanted, is_comparable, wanted
from nightlatch.review.quality import MISSING, agreed, agreement, alpha, dawid_skene, verdicts
from tests.review.rooms import CAT, EMPTY, HIDDEN, PASSER, THIEF, said
from tests.review.simulated import crowd

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units, a nominal
# alpha of 0.743 with missing values; section A: two observers, ten units, binary, 0.095.
PAPER_C = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]
PAPER_A = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]


def test_alpha_is_the_papers() -> None:
    assert alpha(np.array(PAPER_C).T - 1) == pytest.approx(0.743, abs=5e-4)
    assert alpha(np.array(PAPER_A).T) == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_one_when_all_agree_and_nothing_when_nobody_compares() -> None:
    assert alpha(np.array([[0, 0], [1, 1], [2, 2]])) == 1.0
    assert math.isnan(alpha(np.array([[0, MISSING], [MISSING, 1]])))
    assert math.isnan(alpha(np.array([[1, 1], [1, 1]])))  # one class only: nothing was told apart


def test_consensus_beats_the_majority_where_a_careless_reviewer_is_in_it() -> None:
    truth, answers = crowd(seed=3, clips=600, skills=(0.95, 0.9, 0.4, 0.4, 0.4), labels_each=3)
    found = dawid_skene(answers, 3)
    counts = np.stack([(answers == c).sum(axis=1) for c in range(3)], axis=1)
    majority = (counts.argmax(axis=1) == truth).mean()
    assert (found.posterior.argmax(axis=1) == truth).mean() > majority + 0.05
    diagonal = found.confusion.diagonal(axis1=1, axis2=2).mean(axis=1)
    assert diagonal[:2].min() > diagonal[2:].max() + 0.2


@settings(max_examples=60, deadline=None)
@given(arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.integers(MISSING, 2)))
def test_consensus_is_made_of_probabilities_whatever_the_answers(answers: np.ndarray) -> None:
    found = dawid_skene(answers, 3)
    for shares in (found.posterior, found.confusion, found.prior):
        assert np.isfinite(shares).all()
        assert shares.min() > 0
        assert np.allclose(shares.sum(axis=-1), 1)


def test_consensus_stays_finite_with_a_thousand_reviewers_of_one_clip() -> None:
    found = dawid_skene(np.array([[0] * 900 + [1] * 100, [1] * 1000]), 2)
    assert found.posterior[0, 0] > 0.999
    assert np.isfinite(found.posterior).all()


@pytest.mark.parametrize("answers", [np.zeros((0, 0), np.int64), np.array([0, 1]), np.array([[3]]), np.array([[-2]])])
def test_answers_that_are_none_are_refused(answers: np.ndarray) -> None:
    with pytest.raises(ValueError):
        dawid_skene(answers, 3)


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        ([], 2),
        ([CAT], 1),
        ([CAT, CAT], 0),
        ([CAT, THIEF], 1),
        ([CAT, THIEF, THIEF], 0),
        ([CAT, THIEF, PASSER], 1),
        ([CAT, THIEF, PASSER, EMPTY], 0),
    ],
)
def test_two_labels_are_enough_unless_they_differ(labels: list[Label], more: int) -> None:
    assert wanted(labels) == more


def test_labels_agree_when_verdict_and_subjects_do() -> None:
    assert PASSER.agrees_with(Label(PASSER.subjects, frozenset(), PASSER.verdict))
    assert not PASSER.agrees_with(Label(PASSER.subjects, PASSER.happenings, Verdict.UNSURE))


def test_a_tenth_of_what_waits_is_a_honeypot() -> None:
    assert honeypots_wanted(0, 0) == 0
    for real in (9, 90, 891):
        assert honeypots_wanted(real, 0) / (real + honeypots_wanted(real, 0)) == pytest.approx(0.1)
    assert honeypots_wanted(100, 10) == 0
    assert honeypots_wanted(100, 5) == 6


def test_a_clip_has_a_consensus_once_it_has_enough_labels() -> None:
    labelled = [said(f"{n:032x}", who, CAT) for n in range(8) for who in ("anna", "ben")]
    labelled += [said("f" * 32, "anna", THIEF), said("f" * 32, "ben", CAT)]
    found = {each.donation: each for each in agreed(labelled)}
    assert "f" * 32 not in found
    assert len(found) == 8
    assert all(each.label.subjects == {Subject.CAT} and each.certainty > 0.9 for each in found.values())
    assert agreed([]) == []


def test_nothing_never_stands_beside_something_in_a_consensus() -> None:
    labelled = [said("a" * 32, who, label) for who, label in (("a", EMPTY), ("b", CAT), ("c", PASSER), ("d", EMPTY))]
    [found] = agreed(labelled)
    assert found.label.subjects == {Subject.NOTHING}


def test_a_reviewer_is_compared_with_the_others_and_with_known_answers_in_one_number() -> None:
    labelled = [said(f"{n:032x}", who, CAT) for n in range(12) for who in ("ann", "ben", "cem")]
    labelled += [said("e" * 32, "ann", PASSER)]
    told = agreement(labelled, "ann", {"e" * 32: THIEF})
    assert told.compared == 13
    assert told.verdict == pytest.approx(12 / 13)
    assert agreement(labelled[:6], "ann", {}).verdict is None  # too few to say
    assert verdicts(labelled).shape == (13, 3)


def test_where_most_say_that_too_much_is_hidden_there_is_no_consensus() -> None:
    labelled = [said("a" * 32, who, CAT) for who in ("ann", "ben")]
    labelled += [said("b" * 32, who, HIDDEN) for who in ("ann", "ben")]
    labelled += [said("c" * 32, who, label) for who, label in (("ann", HIDDEN), ("ben", CAT), ("cem", CAT))]
    found = {each.donation: each for each in agreed(labelled)}
    assert set(found) == {"a" * 32, "c" * 32}
    assert (found["c" * 32].label.subjects, found["c" * 32].labels) == ({Subject.CAT}, 3)
    assert hiding(labelled) == HidingFigures(3, 7, 1, 3)
    assert agreed(labelled[2:4]) == []
    assert wanted([HIDDEN, HIDDEN]) == 0
    assert wanted([HIDDEN, CAT]) == 1


def test_whoever_says_that_too_much_is_hidden_is_compared_with_nobody() -> None:
    labelled = [said(f"{n:032x}", who, CAT) for n in range(12) for who in ("ann", "ben", "cem")]
    labelled += [said("e" * 32, "ann", HIDDEN)]
    assert agreement(labelled, "ann", {"e" * 32: THIEF}).compared == 12


def test_agreement_is_known_once_a_clip_has_two_reviewers() -> None:
    labelled = [said("a" * 32, "ann", CAT), said("b" * 32, "ben", CAT)]
    assert not is_comparable(labelled)
    assert is_comparable([*labelled, said("a" * 32, "ben", CAT)])
