"""The judge on stories that it has not learnt from, and on broken ones."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from nightlatch.domain.context import Context, Mode, Usual
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import EventClosed, Judgement, Kind, Motion, Place, Story, Track, Verdict
from nightlatch.lab.judge.marks import bare, marks, played, ranked
from nightlatch.lab.judge.stories import Scenario, make
from nightlatch.pixels.vision.events import EventBuilder
from nightlatch.pixels.vision.judge import MODEL, Judge
from nightlatch.pixels.vision.story.facts import Facts, facts
from nightlatch.pixels.vision.story.numbers import FEATURES, Numbers, features
from nightlatch.pixels.vision.story.things import things
from nightlatch.pixels.vision.story.words import TOGETHER, Decision, Side, claims, reasons

BEGAN_MS = 1_800_000_000_000
SEEDS = range(3_000_000, 3_001_500)  # never learnt from, nor reported on
JARGON = re.compile(r"_|nan|None|\bbox|track|score|detect|featur|straight|probab|motion|aspect|\bms\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    played: Scenario
    judgement: Judgement


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="module")
def told(judge: Judge) -> list[Told]:
    played = [make(seed) for seed in SEEDS]
    return [Told(each, judge.judge(each.story)) for each in played]


def story(*tracks: Track, hour: float | None = 14.0, areas: tuple[Area, ...] = ()) -> Story:
    return Story(BEGAN_MS, BEGAN_MS + 20_000, tracks, areas, False, hour)


def crossing(kind: Kind, seconds: float = 6.0, score: float = 0.8, high: float = 0.3, wide: float = 0.1) -> Track:
    """From the left edge to the right one."""
    looks = max(1, int(seconds * 3))
    path = []
    for n in range(looks):
        x = n / max(1, looks - 1)
        box = Box(max(0.0, x - wide / 2), 0.8 - high, min(1.0, x + wide / 2), 0.8)
        path.append(Place(BEGAN_MS + n * 333, box))
    return Track(1, kind, score, tuple(path))


def standing(kind: Kind, from_s: float, to_s: float, box: Box, score: float = 0.7) -> Track:
    looks = range(int(from_s * 1000), int(to_s * 1000), 300)
    return Track(1, kind, score, tuple(Place(BEGAN_MS + at_ms, box) for at_ms in looks))


def people_in(some: Story) -> float:
    return float(numbers(some)[FEATURES.index("people")])


def numbers(some: Story) -> np.ndarray:
    found = things(some)
    return features(some, found, facts(some, found))


def why(some: Story, verdict: Verdict, model: Callable[[np.ndarray], np.ndarray]) -> list[str]:
    found = things(some)
    return reasons(some, found, facts(some, found), numbers(some), Decision(verdict), model)


def test_families_that_it_never_learnt_from_are_told_apart(judge: Judge) -> None:
    some = played(900)
    for each in (marks(judge.judge, some), marks(judge.judge, bare(some))):
        assert each.auc >= 0.75  # 0.82 and 0.78 when trained
        assert np.mean(list(each.false_threats.values())) <= 0.15
        assert max(each.false_threats.values()) <= 0.5
        assert np.mean(list(each.missed_threats.values())) <= 0.25


def test_what_it_says_is_as_often_true_as_it_says(told: list[Told]) -> None:
    bins: dict[int, list[Told]] = defaultdict(list)
    for each in told:
        bins[min(4, int(each.judgement.threat * 5))].append(each)
    gaps = [
        len(some)
        * abs(np.mean([t.judgement.threat for t in some]) - np.mean([t.played.is_threat for t in some]))
        / len(told)
        for some in bins.values()
    ]
    assert sum(gaps) < 0.05  # expected calibration error over five bins


def test_a_worse_detector_makes_it_worse_but_not_useless(judge: Judge) -> None:
    some = [make(seed, worse=2.0) for seed in range(4_000_000, 4_000_400)]
    threat = np.array([judge.judge(each.story).threat for each in some])
    assert ranked(threat, np.array([each.is_threat for each in some])) >= 0.75


def test_reasons_are_words_that_a_person_understands(told: list[Told]) -> None:
    for each in told:
        assert each.judgement.reasons
        for reason in each.judgement.reasons:
            assert not JARGON.search(reason), reason
            assert reason[0].isupper() or reason[0].isdigit()
            assert reason.endswith(".")


def test_a_threat_comes_with_more_reasons_than_that_somebody_was_there(told: list[Told]) -> None:
    threats = [each.judgement for each in told if each.judgement.verdict is Verdict.THREAT]
    assert np.mean([len(judgement.reasons) >= 2 for judgement in threats]) >= 0.9


# What anybody takes for the words of a threat, or of daily life; other sentences are facts that speak for neither.
ALARMING = re.compile(
    r"stopped at|stood still|lingered|ran off|was at night|was dark|more like a threat|was at the \w+ for|climbed|"
    r"crouched for|You were away|while you are away|came in by|came near|was there at night|Nobody is usually"
)
CALMING = re.compile(
    r"not stop|briefly|passed through|not at night|Nobody was|like daily life\.|is often here|get up at night|"
    r"You are at home|others may walk"
)


def test_each_sentence_has_a_side_that_anybody_would_give_it() -> None:
    for dice in map(np.random.default_rng, range(300)):
        said = Numbers(
            *(float(each) for each in dice.uniform(0, 4, len(FEATURES)) * dice.integers(0, 2, len(FEATURES)))
        )
        known = Facts(
            people=int(dice.integers(0, 3)),
            stayed_s=float(dice.uniform(0, 20)),
            slow_s=float(dice.uniform(0, 20)),
            places=int(dice.integers(0, 3)),
            longest_stop_s=float(dice.uniform(0, 20)),
            crouched_s=float(dice.uniform(0, 4)),
            climbed=bool(dice.integers(0, 2)),
            passed=bool(dice.integers(0, 2)),
            hour=float(dice.uniform(0, 24)),
            context=Context(mode=Mode.AWAY, usual=Usual(int(dice.integers(0, 2)) * 9, 10)),
        )
        for claim in claims(said, known):
            alarms, calms = ALARMING.search(claim.text), CALMING.search(claim.text)
            assert bool(alarms) != bool(calms), claim.text
            assert (claim.side is Side.THREAT) == bool(alarms), claim.text


@pytest.mark.parametrize("worse", [1.0, 2.0])
def test_a_verdict_never_contradicts_its_reasons(judge: Judge, worse: float) -> None:
    for seed in range(5_000_000, 5_000_600):
        said = judge.judge(make(seed, worse, in_parts=0.3).story)
        alarming = [each for each in said.reasons if ALARMING.search(each)]
        calming = [each for each in said.reasons if CALMING.search(each) and each not in alarming]
        assert not (said.verdict is Verdict.THREAT and (calming or not alarming)), (seed, said.reasons)
        assert not (said.verdict is Verdict.ROUTINE and alarming), (seed, said.reasons)
        assert len(said.reasons) >= 2 or Kind.PERSON not in said.kinds, (seed, said.reasons)


def test_what_is_said_moved_the_verdict_and_without_a_mover_it_says_so() -> None:
    walk, night = story(crossing(Kind.PERSON, seconds=9), hour=2.25), FEATURES.index("night_hour")

    def by_night(some: np.ndarray) -> np.ndarray:
        return np.where(some[:, night] > 0, 0.9, 0.5)

    def whatever(some: np.ndarray) -> np.ndarray:
        return np.full(len(some), 0.9)

    assert why(walk, Verdict.THREAT, by_night)[1:] == ["It was at night."]
    assert why(walk, Verdict.THREAT, whatever)[1:] == [TOGETHER[Verdict.THREAT]]
    assert why(walk, Verdict.ROUTINE, by_night)[1:] == [TOGETHER[Verdict.ROUTINE]]


def test_nothing_is_said_of_an_hour_that_is_not_known(judge: Judge) -> None:
    for seed in range(5_000_000, 5_000_200):
        said = judge.judge(replace(make(seed).story, local_hour=None, context=Context()))
        assert not any("night" in reason for reason in said.reasons)


def test_how_long_people_stayed_is_not_how_long_a_car_did(judge: Judge) -> None:
    said = judge.judge(story(crossing(Kind.PERSON, seconds=5), crossing(Kind.VEHICLE, seconds=19, high=0.2, wide=0.3)))
    assert "stayed 5 s" in said.reasons[0]


@pytest.mark.parametrize("kind", [Kind.CAT, Kind.DOG, Kind.VEHICLE, Kind.PERSON])
def test_who_only_crosses_by_day_is_routine(judge: Judge, kind: Kind) -> None:
    said = judge.judge(story(crossing(kind)))
    assert said.verdict is Verdict.ROUTINE
    assert kind.value in said.reasons[0]


def test_a_glimpse_of_a_person_is_not_a_person() -> None:
    assert people_in(story(crossing(Kind.PERSON, seconds=1.0))) == 0
    assert people_in(story(crossing(Kind.PERSON, score=0.2))) == 0
    assert people_in(story(crossing(Kind.PERSON))) == 1


def test_somebody_who_falls_and_is_then_taken_for_a_dog_is_a_person_still(judge: Judge) -> None:
    up = standing(Kind.PERSON, 0, 4, Box(0.45, 0.4, 0.53, 0.8))
    down = standing(Kind.DOG, 4.3, 20, Box(0.40, 0.68, 0.62, 0.82))
    found = things(story(up, down))
    assert [thing.kind for thing in found] == [Kind.PERSON]
    said = judge.judge(story(up, down))
    assert said.verdict is Verdict.HELP
    assert re.fullmatch(r"Somebody went down at 14:\d\d and has not got up\.", said.reasons[1])


def test_a_cat_that_is_called_a_person_for_two_seconds_is_a_cat() -> None:
    low = Box(0.40, 0.70, 0.50, 0.78)
    pieces = (
        standing(Kind.CAT, 0, 5, low),
        standing(Kind.PERSON, 5.3, 7.3, low, 0.45),
        standing(Kind.CAT, 7.6, 12, low),
    )
    assert [thing.kind for thing in things(story(*pieces))] == [Kind.CAT]


def test_a_low_wide_thing_that_darts_is_an_animal_whatever_the_detector_says() -> None:
    fox = crossing(Kind.PERSON, seconds=3.0, score=0.6, high=0.12, wide=0.16)
    assert [thing.kind for thing in things(story(fox))] == [Kind.ANIMAL]


def test_head_and_legs_that_move_apart_are_one_person(judge: Judge) -> None:
    walk = crossing(Kind.PERSON, seconds=8, high=0.5)
    head = [Place(p.at_ms, Box(p.box.left, p.box.top, p.box.right, p.box.top + 0.15)) for p in walk.path]
    legs = [Place(p.at_ms, Box(p.box.left, p.box.bottom - 0.2, p.box.right, p.box.bottom)) for p in walk.path[2:]]
    parts = story(Track(1, Kind.CAT, 0.5, tuple(head)), Track(2, Kind.PERSON, 0.8, tuple(legs)))
    (whole,) = things(parts)
    assert whole.kind is Kind.PERSON
    assert whole.track.path[10].box == walk.path[10].box
    assert judge.judge(parts).reasons[0].startswith("A person")
    assert judge.judge(parts).kinds == (Kind.PERSON,)
    (whole,) = judge.judge(parts).tracks
    assert whole.kind is Kind.PERSON


def test_two_people_side_by_side_are_two() -> None:
    left, right = Box(0.40, 0.4, 0.48, 0.8), Box(0.52, 0.4, 0.60, 0.8)
    assert people_in(story(standing(Kind.PERSON, 0, 8, left), standing(Kind.PERSON, 0, 8, right))) == 2


def test_a_story_is_named_for_what_was_most_to_be_seen(judge: Judge) -> None:
    road = [crossing(Kind.VEHICLE, score=0.8, high=0.2, wide=0.3) for _ in range(3)]
    glimpse = standing(Kind.CAT, 12, 13, Box(0.7, 0.2, 0.75, 0.25), 0.4)
    assert judge.judge(story(*road, glimpse)).reasons[0].startswith("A vehicle")


def test_who_falls_fast_is_no_animal() -> None:
    up = [Place(BEGAN_MS + n * 200, Box(0.40, 0.3, 0.48, 0.7)) for n in range(4)]
    down = [Place(BEGAN_MS + 800 + n * 200, Box(0.40 - 0.02 * n, 0.55, 0.68, 0.98)) for n in range(8)]
    fallen = Track(1, Kind.PERSON, 0.7, (*up, *down))
    assert [thing.kind for thing in things(story(fallen))] == [Kind.PERSON]


def test_the_minute_that_is_said_is_the_minute_of_the_onset(judge: Judge) -> None:
    walk = crossing(Kind.PERSON)
    for minute in range(60):
        told = Story(BEGAN_MS, BEGAN_MS + 8_000, (walk,), local_hour=23 + minute / 60)
        assert f" at 23:{minute:02} " in judge.judge(told).reasons[0]


def test_somebody_is_out_of_sight_only_once_they_are_gone(judge: Judge) -> None:
    inside = standing(Kind.PERSON, 0, 6, Box(0.45, 0.4, 0.53, 0.8))
    words = "They went out of sight inside the picture, as through a door."
    assert words in judge.judge(Story(BEGAN_MS, BEGAN_MS + 20_000, (inside,))).reasons
    assert words not in judge.judge(Story(BEGAN_MS, BEGAN_MS + 7_000, (inside,))).reasons
    assert words not in judge.judge(Story(BEGAN_MS, BEGAN_MS + 20_000, (crossing(Kind.PERSON),))).reasons


def test_a_door_is_said_when_the_event_closes_and_not_while_they_may_come_back(judge: Judge) -> None:
    words = "They went out of sight inside the picture, as through a door."
    inside = standing(Kind.PERSON, 0, 6, Box(0.45, 0.4, 0.53, 0.8))
    last_ms = inside.path[-1].at_ms
    builder = EventBuilder("porch", new_id=lambda: "e")
    builder.update(Motion(BEGAN_MS, True, 0.1), BEGAN_MS)
    said: list[bool] = []
    for at_ms in range(BEGAN_MS, last_ms + 20_000, 500):
        for event in builder.update(Motion(at_ms, at_ms <= last_ms, 0.1), None):
            if isinstance(event, EventClosed):
                assert words in judge.judge(Story(BEGAN_MS, event.clip_to_ms, (inside,))).reasons
        if builder.open is None:
            break
        said.append(words in judge.judge(Story(BEGAN_MS, at_ms, (inside,))).reasons)
    assert builder.open is None
    assert not any(said[:-4])  # but for its last two seconds
    assert sum(said) <= 4


def test_an_insect_near_the_lens_is_nobody(judge: Judge) -> None:
    dice = np.random.default_rng(5)
    path = []
    for n in range(12):
        x, y = dice.uniform(0, 0.7), dice.uniform(0.3, 1)
        path.append(Place(BEGAN_MS + n * 200, Box(x, y - 0.2, x + 0.08, y)))
    said = judge.judge(story(Track(1, Kind.PERSON, 0.6, tuple(path)), hour=2.0))
    assert said.verdict is Verdict.ROUTINE
    assert "no person" in said.reasons[0]


def test_pieces_of_one_walk_are_one_person() -> None:
    whole = crossing(Kind.PERSON, seconds=10)
    pieces = (
        Track(1, Kind.PERSON, 0.8, whole.path[:12]),
        Track(2, Kind.MOTION, 0.0, whole.path[12:17]),
        Track(3, Kind.PERSON, 0.7, whole.path[17:]),
    )
    assert people_in(story(*pieces)) == 1


def test_reasons_say_when_by_night_how_long_and_where(judge: Judge) -> None:
    drive = Area("drive", "watch", ((0.4, 0.6), (0.6, 0.6), (0.6, 1.0), (0.4, 1.0)))
    roof = Area("roof", "watch", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.1), (0.0, 0.1)))
    said = judge.judge(story(crossing(Kind.PERSON, seconds=9), hour=2.25, areas=(drive, roof)))
    assert "02:15" in said.reasons[0]
    assert "9 s" in said.reasons[0]
    assert "They were at “drive”." in said.reasons
    assert not any("roof" in reason for reason in said.reasons)


def test_a_story_of_nothing_and_of_one_place_can_be_judged(judge: Judge) -> None:
    assert judge.judge(story()).verdict is Verdict.ROUTINE
    one = Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(0.1, 0.1, 0.2, 0.5)),))
    assert 0 <= judge.judge(story(one)).threat <= 1


def test_ten_thousand_places_and_a_thousand_tracks_do_no_harm(judge: Judge) -> None:
    long = tuple(Place(BEGAN_MS + n, Box(0.1, 0.1, 0.2, 0.5)) for n in range(10_000))
    assert 0 <= judge.judge(story(Track(1, Kind.PERSON, 0.9, long))).threat <= 1
    many = tuple(Track(n, Kind.MOTION, 0.0, long[n : n + 3]) for n in range(1, 1001))
    assert 0 <= judge.judge(story(*many)).threat <= 1


@pytest.mark.parametrize("edge", [float("nan"), float("inf"), -float("inf")])
def test_a_place_that_is_no_number_is_refused_and_makes_the_event_unsure(judge: Judge, edge: float) -> None:
    broken = story(Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(edge, 0, 1, 1)), Place(BEGAN_MS, Box(0, 0, 1, 1)))))
    with pytest.raises(ValueError, match="numbers"):
        things(broken)
    assert judge.judge(broken).verdict is Verdict.UNSURE


def test_a_path_that_runs_back_in_time_makes_the_event_unsure(judge: Judge) -> None:
    back = Track(1, Kind.PERSON, 0.9, (Place(BEGAN_MS, Box(0, 0, 1, 1)), Place(BEGAN_MS - 5, Box(0, 0, 1, 1))))
    assert judge.judge(story(back)).verdict is Verdict.UNSURE


def test_the_same_story_is_judged_the_same(judge: Judge) -> None:
    played = make(7).story
    assert played == make(7).story
    assert judge.judge(played) == judge.judge(played) == Judge().judge(make(7).story)


def test_things_made_once_are_the_tracks_that_are_told(told: list[Told]) -> None:
    for each in told[::5]:
        some, said = each.played.story, each.judgement
        assert said.tracks == tuple(replace(thing.track, kind=thing.kind) for thing in things(some))
        assert numbers(some).tolist() == numbers(some).tolist()


def test_the_model_is_small_and_has_a_card() -> None:
    assert MODEL.stat().st_size <= 30_000
    assert "only learnt from simulated behaviour" in MODEL.with_suffix(".md").read_text()


def test_the_first_sentence_is_of_what_the_looks_agreed_on(judge: Judge) -> None:
    for kind in (Kind.PERSON, Kind.CAT, Kind.VEHICLE):
        said = judge.judge(replace(story(), kinds=(kind,)))  # nobody could follow it
        assert said.kinds == (kind,)
        assert kind.value in said.reasons[0]
    for seed in range(5_000_000, 5_000_150):
        played = make(seed).story
        for kinds in ((), (Kind.CAT,), (Kind.PERSON,), (Kind.PERSON, Kind.DOG)):
            said = judge.judge(replace(played, kinds=kinds))
            assert (Kind.PERSON in kinds) == bool(re.match(r"A person|\d+ people", said.reasons[0])), said.reasons
            assert not (said.verdict is Verdict.ROUTINE and any(ALARMING.search(each) for each in said.reasons))
