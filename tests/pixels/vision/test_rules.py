"""What context makes of a person: each rule, with the sentence that is told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nightlatch.domain.context import Context, Landmark, Mode, Site, Usual
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import Judgement, Kind, Place, Story, Track, Verdict
from nightlatch.domain.waking import wakes
from nightlatch.lab.judge.boosting import learn
from nightlatch.lab.judge.marks import held_out
from nightlatch.lab.judge.stories import make
from nightlatch.pixels.stage.behaviours import ROUTINE, THREATS
from nightlatch.pixels.vision.judge import MODEL, Judge, bounded, verdict_of
from nightlatch.pixels.vision.story.facts import facts
from nightlatch.pixels.vision.story.numbers import FEATURES, SLOPES, WAYS
from nightlatch.pixels.vision.story.rules import RULES, rule_for
from nightlatch.pixels.vision.story.score import dump, load
from nightlatch.pixels.vision.story.things import things

BEGAN_MS = 1_800_000_000_000
CAR = Area("the car", "watch", ((0.4, 0.6), (0.6, 0.6), (0.6, 0.8), (0.4, 0.8)), 0.0, Landmark.CAR)
WINDOW = Area("kitchen", "watch", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)), 0.0, Landmark.WINDOW)
DOOR = Area("front door", "watch", ((0.45, 0.3), (0.55, 0.3), (0.55, 0.8), (0.45, 0.8)), 0.0, Landmark.DOOR)
FENCE = Area("fence", "watch", ((0.42, 0.5), (0.48, 0.5), (0.48, 0.85), (0.42, 0.85)), 0.0, Landmark.FENCE)
OFTEN, NEVER = Usual(9, 12), Usual(0, 12)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def person(*points: tuple[float, float, float], high: float = 0.35, low_s: float = 0.0) -> Track:
    """Somebody who walks in straight lines: (second, x, y of the feet); crouched for the last `low_s` seconds."""
    path = []
    for (from_s, x0, y0), (to_s, x1, y1) in pairwise(points):
        for n in range(round((to_s - from_s) / 0.3)):
            at = n * 0.3 / (to_s - from_s)
            x, y, second = x0 + (x1 - x0) * at, y0 + (y1 - y0) * at, from_s + n * 0.3
            tall = high * (0.6 if second > points[-1][0] - low_s else 1.0)
            box = Box(max(0.0, x - 0.04), max(0.0, y - tall), min(1.0, x + 0.04), y)
            path.append(Place(BEGAN_MS + round(second * 1000), box))
    return Track(1, Kind.PERSON, 0.8, tuple(path))


PASSES = person((0, 0.0, 0.85), (6, 1.0, 0.85))
CALLS = person((0, 0.0, 0.85), (4, 0.5, 0.82), (14, 0.5, 0.82), (18, 0.0, 0.85))
AT_THE_CAR = person((0, 0.0, 0.85), (4, 0.5, 0.82), (34, 0.5, 0.82))
CROUCHES = person((0, 0.0, 0.85), (4, 0.5, 0.82), (34, 0.5, 0.82), low_s=12.0)
THROUGH_THE_WINDOW = person((0, 0.5, 0.6), (4, 0.5, 0.6), (9, 0.8, 0.9), (12, 0.8, 0.9))
LINGERS = person((0, 0.0, 0.9), (3, 0.3, 0.9), (18, 0.3, 0.9), (24, 0.7, 0.9), (34, 0.7, 0.9))


def story(
    track: Track,
    mode: Mode | None,
    site: Site | None,
    *areas: Area,
    hour: float | None = 14.0,
    is_dark: bool = False,
    usual: Usual | None = None,
) -> Story:
    ended_ms = track.path[-1].at_ms + 10_000
    return Story(BEGAN_MS, ended_ms, (track,), areas, is_dark, hour, context=Context(site, mode, usual))


def told(judge: Judge, some: Story) -> tuple[str, Judgement]:
    """The name of the rule that holds, and what is said."""
    rule = rule_for(facts(some, things(some)))
    return rule.name if rule else "", judge.judge(some)


CASES = [
    ("inside while away", Verdict.THREAT, "Somebody is inside while you are away.",
     story(PASSES, Mode.AWAY, Site.INSIDE, usual=OFTEN)),
    ("came in by a window", Verdict.THREAT, "Somebody came in by the window at night.",
     story(THROUGH_THE_WINDOW, Mode.NIGHT, Site.INSIDE, WINDOW, hour=3)),
    ("up at night", Verdict.ROUTINE, "", story(PASSES, Mode.NIGHT, Site.INSIDE, WINDOW, hour=3)),
    ("intrudes while away", Verdict.THREAT, "Somebody was at the car for 30 s while you are away.",
     story(AT_THE_CAR, Mode.AWAY, Site.DRIVE, CAR)),
    ("intrudes while away", Verdict.THREAT, "Somebody lingered in the garden while you are away.",
     story(LINGERS, Mode.AWAY, Site.GARDEN)),
    ("intrudes at night", Verdict.THREAT, "Somebody was at the car for 30 s, crouched, at night.",
     story(CROUCHES, Mode.NIGHT, Site.STREET, CAR, hour=2)),
    ("intrudes at night", Verdict.THREAT, "Somebody lingered in the drive at night.",
     story(LINGERS, Mode.NIGHT, Site.DRIVE, hour=2)),
    ("intrudes where it is usual", Verdict.UNSURE, "Somebody is often here at this hour.",
     story(AT_THE_CAR, Mode.NIGHT, Site.DRIVE, CAR, hour=5, usual=OFTEN)),
    ("street", Verdict.ROUTINE, "", story(PASSES, Mode.AWAY, Site.STREET)),
    ("comes near while away", Verdict.UNSURE, "Somebody came near the house while you are away.",
     story(CALLS, Mode.AWAY, Site.FRONT_DOOR, DOOR)),
    ("comes near at night", Verdict.UNSURE, "Somebody came near the house at night.",
     story(PASSES, Mode.NIGHT, Site.GARDEN, hour=2)),
    ("passes somewhere", Verdict.ROUTINE, "", story(PASSES, Mode.AWAY, None)),
    ("comes near at night", Verdict.UNSURE, "Somebody came near the house while you sleep.",
     story(PASSES, Mode.NIGHT, Site.GARDEN, hour=10)),
    ("at a landmark late", Verdict.THREAT, "Somebody was at the car for 30 s at night.",
     story(AT_THE_CAR, Mode.HOME, Site.DRIVE, CAR, hour=2)),
    ("usual at home", Verdict.UNSURE, "", story(AT_THE_CAR, Mode.HOME, Site.DRIVE, CAR, hour=23, usual=OFTEN)),
    ("at home", Verdict.ROUTINE, "", story(PASSES, Mode.HOME, Site.DRIVE, hour=2)),
    ("", Verdict.ROUTINE, "", story(PASSES, None, Site.DRIVE)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "verdict", "sentence", "some"), CASES, ids=[each[0] for each in CASES])
def test_each_rule_gives_its_verdict_and_says_why(
    judge: Judge, rule: str, verdict: Verdict, sentence: str, some: Story
) -> None:
    name, said = told(judge, some)
    assert name == rule
    assert said.verdict is verdict or (rule == "usual at home" and said.verdict is not Verdict.THREAT), said.reasons
    assert sentence in " ".join(said.reasons)
    assert verdict_of(said.threat) is said.verdict


def test_a_courier_at_the_front_door_while_away_is_told_and_is_no_threat(judge: Judge) -> None:
    _, said = told(judge, story(CALLS, Mode.AWAY, Site.FRONT_DOOR, DOOR))
    assert wakes(said.verdict, Mode.AWAY, said.kinds)
    assert said.verdict is Verdict.UNSURE


@pytest.mark.parametrize("usual", [None, OFTEN, NEVER])
def test_what_is_usual_neither_makes_nor_unmakes_somebody_inside_while_away(judge: Judge, usual: Usual | None) -> None:
    said = judge.judge(story(PASSES, Mode.AWAY, Site.INSIDE, usual=usual))
    assert said.verdict is Verdict.THREAT


def test_at_home_by_day_daily_life_wakes_nobody(judge: Judge) -> None:
    for seed in range(8_000_000, 8_000_250):
        played = make(seed, families=ROUTINE)
        for site in Site:
            some = played.story
            here = Story(
                some.began_ms, some.ended_ms, some.tracks, some.areas, False, 15.0, context=Context(site, Mode.HOME)
            )
            said = judge.judge(here)
            assert said.verdict is Verdict.HELP or not wakes(said.verdict, Mode.HOME, said.kinds), said.reasons


def test_who_walks_past_a_car_or_along_a_fence_is_not_at_it() -> None:
    some = story(PASSES, Mode.AWAY, Site.DRIVE, CAR, FENCE)
    known = facts(some, things(some))
    assert max((stay.seconds for stay in known.at), default=0.0) < 1.0
    assert not known.climbed


def test_who_goes_over_a_fence_climbs_and_who_walks_away_behind_it_does_not() -> None:
    up = person((0, 0.3, 0.8), (4, 0.44, 0.8), (6, 0.45, 0.55), (8, 0.5, 0.8), (12, 0.8, 0.8))
    climbs = story(up, Mode.HOME, Site.GARDEN, FENCE, hour=2)
    assert facts(climbs, things(climbs)).climbed
    path = []
    for n in range(40):
        high, y = 0.4 - 0.006 * n, 0.85 - 0.006 * n  # smaller and smaller, the head where it was
        path.append(Place(BEGAN_MS + 300 * n, Box(0.43, y - high, 0.47, y)))
    away = story(Track(1, Kind.PERSON, 0.8, tuple(path)), Mode.HOME, Site.GARDEN, FENCE, hour=2)
    assert not facts(away, things(away)).climbed


def test_who_crouches_is_lower_and_who_is_behind_a_car_is_only_hidden() -> None:
    low = story(CROUCHES, None, None)
    assert 10 <= facts(low, things(low)).crouched_s <= 14
    hidden = [
        Place(BEGAN_MS + 300 * n, Box(0.4, 0.4, 0.48, 0.8 if n < 20 else 0.6))  # the legs are behind something
        for n in range(60)
    ]
    behind = story(Track(1, Kind.PERSON, 0.8, tuple(hidden)), None, None)
    assert facts(behind, things(behind)).crouched_s == 0


def test_nobody_ranks_below_who_passes_and_who_passes_below_who_lingers(judge: Judge) -> None:
    nothing = Story(BEGAN_MS, BEGAN_MS + 20_000, (), local_hour=14.0)
    cat = story(Track(1, Kind.CAT, 0.8, tuple(Place(p.at_ms, p.box) for p in LINGERS.path)), None, None)
    passes, lingers = story(PASSES, None, None), story(LINGERS, None, None)
    ranks = [judge.judge(each).threat for each in (nothing, passes, lingers)]
    assert ranks == sorted(set(ranks))
    assert judge.judge(cat).threat < ranks[1]


def test_one_person_more_never_makes_a_threat_less_likely(judge: Judge) -> None:
    for seed in range(9_000_000, 9_000_120):
        some = make(seed).story
        shifted = tuple(Place(place.at_ms, place.box) for place in LINGERS.path)
        extra = Track(len(some.tracks) + 1, Kind.PERSON, 0.8, shifted)
        more = Story(
            *(some.began_ms, max(some.ended_ms, shifted[-1].at_ms + 10_000), (*some.tracks, extra), some.areas),
            *(some.is_dark, some.local_hour, None, some.context),
        )
        before = {t.track.id for t in things(some)}
        if len(things(more)) == len(before) + 1:  # it was not taken for a part of somebody
            assert judge.judge(more).threat >= judge.judge(some).threat - 0.02 or some.context.mode is not None


@pytest.mark.parametrize("rule", [None, *RULES], ids=lambda rule: rule.name if rule else "no rule")
def test_a_higher_score_never_gives_a_lower_probability_and_stays_within_the_rule(rule: object) -> None:
    values = [bounded(n / 100, rule) for n in range(101)]  # type: ignore[arg-type]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)
    if rule is not None:
        order = (Verdict.ROUTINE, Verdict.UNSURE, Verdict.THREAT)
        said = [order.index(verdict_of(value)) for value in values]
        assert order.index(rule.lowest) <= min(said)  # type: ignore[attr-defined]
        assert max(said) <= order.index(rule.highest)  # type: ignore[attr-defined]


def test_the_table_only_moves_the_way_that_sense_allows_and_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert set(WAYS) == set(SLOPES) == set(FEATURES)
    table = load(MODEL, FEATURES)
    for name, row in zip(FEATURES, table.rows, strict=True):
        known = row.points[name in ("at_door_s", "at_landmark_s", "away") :]  # what is not known stands apart
        if WAYS[name]:
            assert min((int(b - a) * WAYS[name] for a, b in pairwise(known)), default=0) >= 0, name
    path = tmp_path / "judge.json"
    path.write_text(dump(table, FEATURES))
    assert path.read_bytes() == MODEL.read_bytes()
    with pytest.raises(ValueError, match="train it again"):
        load(path, FEATURES[1:])


def test_learning_does_not_depend_on_the_order_of_stories() -> None:
    dice = np.random.default_rng(3)
    x = dice.normal(size=(600, 3)).astype(np.float32)
    y = x[:, 0] + dice.normal(size=600) > 0.5
    order = dice.permutation(600)
    tables = [learn(a, b, (1, 0, -1), (0.1, 0.0, 0.0), 40) for a, b in ((x, y), (x[order], y[order]))]
    names = ("a", "b", "c")
    assert dump(tables[0], names) == dump(tables[1], names)


def test_families_are_held_out_by_their_names_alone() -> None:
    assert len(held_out() & THREATS) == len(THREATS) // 3
    assert len(held_out() & ROUTINE) == len(ROUTINE) // 3
