"""The judge on stories that it has not learnt from, and on broken ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind, Place, Story, Track, Verdict
from nightlatch.lab.judge.stories import make
from nightlatch.pixels.vision.judge import FEATURES, Judge, features

BEGAN_MS = 1_800_000_000_000
SEEDS = range(3_000_000, 3_001_200)  # never learnt from, nor reported on


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def story(*tracks: Track, hour: float | None = 14.0) -> Story:
    return Story(BEGAN_MS, BEGAN_MS + 20_000, tracks, (), False, hour)


def crossing(kind: Kind, seconds: float = 6.0, score: float = 0.8, high: float = 0.3) -> Track:
    """From the left edge to the right one."""
    looks = max(1, int(seconds * 3))
    path = []
    for n in range(looks):
        x = n / max(1, looks - 1)
        box = Box(max(0.0, x - 0.05), 0.8 - high, min(1.0, x + 0.05), 0.8)
        path.append(Place(BEGAN_MS + n * 333, box))
    return Track(1, kind, score, tuple(path))


def test_threats_and_daily_life_are_told_apart_on_stories_it_never_saw(judge: Judge) -> None:
    told: dict[bool, list[float]] = {True: [], False: []}
    for seed in SEEDS:
        played, is_threat, _ = make(seed)
        told[is_threat].append(judge.judge(played).threat)
    threats, harmless = np.array(told[True]), np.array(told[False])
    rank = np.mean(threats[:, None] > harmless[None, :])
    assert rank >= 0.95  # the area under the curve; 0.977 when trained
    assert np.mean(harmless >= np.quantile(threats, 0.05)) <= 0.16  # 0.094 when trained


def test_what_it_says_is_as_often_true_as_it_says(judge: Judge) -> None:
    said, true = [], []
    for seed in SEEDS:
        played, is_threat, _ = make(seed)
        said.append(judge.judge(played).threat)
        true.append(is_threat)
    sure = np.array(said) > 0.8
    assert np.mean(np.array(true)[sure]) > 0.85
    assert abs(np.mean(said) - np.mean(true)) < 0.04


@pytest.mark.parametrize("kind", [Kind.CAT, Kind.DOG, Kind.VEHICLE, Kind.PERSON])
def test_who_only_crosses_by_day_is_routine(judge: Judge, kind: Kind) -> None:
    told = judge.judge(story(crossing(kind)))
    assert told.verdict is Verdict.ROUTINE
    assert kind.value in told.reasons[0]


def test_a_glimpse_of_a_person_is_not_a_person(judge: Judge) -> None:
    brief = crossing(Kind.PERSON, seconds=1.0)
    assert features(story(brief))[FEATURES.index("people")] == 0
    doubtful = crossing(Kind.PERSON, score=0.2)
    assert features(story(doubtful))[FEATURES.index("people")] == 0


def test_reasons_say_when_by_night_and_how_long(judge: Judge) -> None:
    told = judge.judge(story(crossing(Kind.PERSON, seconds=9), hour=2.25))
    assert "02:15" in told.reasons[0]
    words = " ".join(told.reasons)
    assert not any(name in words for name in ("straightness", "None", "nan", "_"))


def test_a_story_of_nothing_and_of_one_place_can_be_judged(judge: Judge) -> None:
    assert judge.judge(story()).verdict is Verdict.ROUTINE
    one = Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(0.1, 0.1, 0.2, 0.5)),))
    assert 0 <= judge.judge(story(one)).threat <= 1


def test_a_path_of_ten_thousand_places_and_one_of_nonsense_do_no_harm(judge: Judge) -> None:
    long = tuple(Place(BEGAN_MS + n, Box(0.1, 0.1, 0.2, 0.5)) for n in range(10_000))
    assert 0 <= judge.judge(story(Track(1, Kind.PERSON, 0.9, long))).threat <= 1
    nan = Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(float("nan"), 0, 1, 1)),))
    assert judge.judge(story(nan)).verdict is Verdict.UNSURE
    back = Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(0, 0, 1, 1)), Place(BEGAN_MS - 5, Box(0, 0, 1, 1))))
    assert judge.judge(story(back)).verdict is Verdict.UNSURE


def test_the_same_story_is_judged_the_same(judge: Judge) -> None:
    played, _, _ = make(7)
    assert judge.judge(played) == judge.judge(played) == Judge().judge(make(7)[0])


def test_every_behaviour_is_played_and_every_threat_lasts(judge: Judge) -> None:
    names = Counter(make(seed)[2] for seed in range(600))
    assert len(names) == 21
