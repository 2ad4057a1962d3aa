"""Says what an event means: threat, may need help, routine or unsure, with a calibrated probability and reasons.

Pure: a story (what moved, where, when, and what was known; no pixels) is turned into some two dozen numbers, those by
a table of our own (judge.json, learnt by lab/judge) into a probability, and that is bounded by a few rules about the
household's context (`story/rules.py`). It looks at the whole story and not at one picture.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Judgement, Kind, Story, Verdict
from nightlatch.pixels.vision.story.agreed import agreed
from nightlatch.pixels.vision.story.facts import Facts, facts
from nightlatch.pixels.vision.story.numbers import FEATURES, features
from nightlatch.pixels.vision.story.rules import Rule, rule_for
from nightlatch.pixels.vision.story.score import load
from nightlatch.pixels.vision.story.things import Thing, things
from nightlatch.pixels.vision.story.words import Decision, reasons

MODEL = Path(__file__).with_name("judge.json")
# Probabilities of a threat. judge.md has how often families that were never learnt from are called what with these.
THREAT_FROM = 0.60
ROUTINE_TO = 0.20
NOBODY = 0.4  # something moved that no eye knows: unsure at most
WITHOUT_ANYBODY = 0.05  # times what the table says: nobody ranks below everybody
NEAREST = 0.01  # to another verdict's probabilities
RULED = 0.70  # where a rule says threat: of learnt families it was true of 8 in 10
KEEPS = 0.1  # of the score's own differences, inside what a rule allows


class Judge:
    """State: the loaded table. `judge` may be called from several threads."""

    def __init__(self, path: Path = MODEL) -> None:
        self._table = load(path, FEATURES)

    def judge(self, story: Story) -> Judgement:
        """What the story means. A broken path makes it unsure, never an error: looking fails open."""
        try:
            found = agreed(things(story), story.kinds, story.people)
            known = facts(story, found)
        except ValueError:
            unsure = "What moved could not be followed."
            return Judgement(Verdict.UNSURE, 0.5, (unsure,), (Kind.MOTION,), story.tracks)
        values = features(story, found, known)
        score = min(float(self.chances(values[None])[0]), most_without_people(story.kinds))
        if not known.people and Kind.PERSON not in (story.kinds or ()):
            score *= WITHOUT_ANYBODY
        rule = rule_for(known)
        threat = bounded(score, rule)
        decision = _decide(known, score, threat, rule)
        whole = tuple(replace(thing.track, kind=thing.kind) for thing in found)
        why = tuple(reasons(story, found, known, values, decision, self.chances))
        return Judgement(decision.verdict, threat, why, _kinds(story, found), whole)

    def chances(self, stories: NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely each of many stories, (N, F), is a threat, by the learnt score alone: (N,)."""
        return self._table.chances(stories)


def verdict_of(threat: float) -> Verdict:
    """What a probability of a threat is called."""
    return Verdict.THREAT if threat >= THREAT_FROM else Verdict.ROUTINE if threat <= ROUTINE_TO else Verdict.UNSURE


def bounded(score: float, rule: Rule | None) -> float:
    """The probability within what a rule allows. A higher score never gives a lower one."""
    if rule is None:
        return score
    lowest = {Verdict.ROUTINE: 0.0, Verdict.UNSURE: ROUTINE_TO + NEAREST, Verdict.THREAT: RULED}[rule.lowest]
    highest = {Verdict.ROUTINE: ROUTINE_TO, Verdict.UNSURE: THREAT_FROM - NEAREST, Verdict.THREAT: 1.0}[rule.highest]
    return min(max(score, lowest + KEEPS * score), highest - KEEPS * (1 - score))


def most_without_people(kinds: tuple[Kind, ...] | None) -> float:
    """The highest chance of a threat: where an eye has looked, nobody there is none."""
    if kinds is None or Kind.PERSON in kinds:
        return 1.0
    return ROUTINE_TO if kinds else NOBODY


def _decide(known: Facts, score: float, threat: float, rule: Rule | None) -> Decision:
    if known.down_ms is not None:
        return Decision(Verdict.HELP)
    verdict = verdict_of(threat)
    if rule is None:
        return Decision(verdict)
    is_told = verdict is not verdict_of(score) or rule.lowest is not Verdict.ROUTINE
    return Decision(verdict, rule.says(known) if is_told and rule.says is not None else None)


def _kinds(story: Story, found: list[Thing]) -> tuple[Kind, ...]:
    """In the order of `Kind`, and plain motion only when there was nothing else."""
    if story.kinds is not None:
        return story.kinds or (Kind.MOTION,)
    there = {thing.kind for thing in found}
    known = tuple(kind for kind in Kind if kind in there and kind is not Kind.MOTION)
    return known or tuple(there)
