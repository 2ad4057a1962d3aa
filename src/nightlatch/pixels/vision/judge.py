"""Says what an event means: threat, routine or unsure, with a calibrated probability and reasons in words.

Pure: a story (what moved, where, when; no pixels) is turned into some thirty numbers (`story/`), and those by a small
model of our own (lab/judge, gradient-boosted trees as ONNX) into a probability. It looks at the whole story and not at
one picture.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nightlatch.domain.sighting import Judgement, Kind, Story, Verdict
from nightlatch.pixels.vision.story.agreed import agreed
from nightlatch.pixels.vision.story.numbers import features
from nightlatch.pixels.vision.story.things import Thing, things
from nightlatch.pixels.vision.story.words import reasons

MODEL = Path(__file__).with_name("judge.onnx")
# Probabilities of a threat. judge.md has how often each behaviour of the hold-out is called what with these two.
THREAT_FROM = 0.60
ROUTINE_TO = 0.25
NOBODY = 0.4  # something moved that no eye knows: unsure at most


class Judge:
    """State: the loaded model. `judge` may be called from several threads."""

    def __init__(self, path: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def judge(self, story: Story) -> Judgement:
        """What the story means. A broken path makes it unsure, never an error: looking fails open."""
        try:
            found = agreed(things(story), story.kinds, story.people)
        except ValueError:
            unsure = "What moved could not be followed."
            return Judgement(Verdict.UNSURE, 0.5, (unsure,), (Kind.MOTION,), story.tracks)
        values = features(story, found)
        threat = min(float(self.chances(values[None])[0]), most_without_people(story.kinds))
        verdict = (
            Verdict.THREAT if threat >= THREAT_FROM else Verdict.ROUTINE if threat <= ROUTINE_TO else Verdict.UNSURE
        )
        whole = tuple(replace(thing.track, kind=thing.kind) for thing in found)
        why = tuple(reasons(story, found, values, verdict, self.chances))
        return Judgement(verdict, threat, why, _kinds(story, found), whole)

    def chances(self, stories: NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely each of many stories, (N, F), is a threat: (N,)."""
        _, chances = self._session.run(None, {"story": stories})
        return np.array([each[1] for each in chances], np.float64)


def most_without_people(kinds: tuple[Kind, ...] | None) -> float:
    """The highest chance of a threat: where an eye has looked, nobody there is none."""
    if kinds is None or Kind.PERSON in kinds:
        return 1.0
    return ROUTINE_TO if kinds else NOBODY


def _kinds(story: Story, found: list[Thing]) -> tuple[Kind, ...]:
    """In the order of `Kind`, and plain motion only when there was nothing else."""
    if story.kinds is not None:
        return story.kinds or (Kind.MOTION,)
    there = {thing.kind for thing in found}
    known = tuple(kind for kind in Kind if kind in there and kind is not Kind.MOTION)
    return known or tuple(there)
