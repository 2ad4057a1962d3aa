"""No strategy reaches one household more often than the draw promises."""

from __future__ import annotations

import xml.etree.ElementTree as Xml

import pytest

from tests.review.simulate_insider import STRATEGIES, Strategy, foreseeing, patient, simulate, svg


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each.__name__)
def test_no_strategy_beats_quota_over_clips_waiting(strategy: Strategy) -> None:
    outcome = simulate(strategy, 60, 300)
    assert not outcome.is_beaten, outcome


def test_the_promise_is_kept_to_the_letter_by_who_looks_at_all_that_comes() -> None:
    outcome = simulate(patient, 60, 500)
    assert abs(outcome.share - outcome.promised) < 4 * outcome.error


def test_the_simulation_would_notice_a_draw_that_can_be_foreseen() -> None:
    outcome = simulate(foreseeing, 40, 40)
    assert outcome.is_beaten
    assert outcome.share > 0.9


def test_the_plot_is_a_picture_of_all_strategies() -> None:
    outcomes = [simulate(strategy, clips, 5) for strategy in STRATEGIES for clips in (24, 48)]
    root = Xml.fromstring(svg(outcomes))
    assert sum(each.tag.endswith("circle") for each in root.iter()) == len(outcomes) + len(STRATEGIES)
