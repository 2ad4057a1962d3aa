"""The judge's teacher: stories by seed, with context for most, in which neither hour nor mode gives the answer away."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nightlatch.domain.context import Context, Mode
from nightlatch.domain.sighting import Kind
from nightlatch.lab.judge import stories
from nightlatch.lab.judge.lingering import half, story
from nightlatch.lab.judge.marks import ranked
from nightlatch.lab.judge.stories import Scenario, make
from nightlatch.lab.judge.views import DISTURBED, first, thinned
from nightlatch.pixels.stage.behaviours import ROUTINE, THREATS, Actor, play


@pytest.fixture(scope="module")
def some() -> list[Scenario]:
    return [make(seed) for seed in range(6_000_000, 6_000_800)]


def test_most_stories_come_with_context_and_the_others_with_the_hour_alone(some: list[Scenario]) -> None:
    known = np.mean([each.story.context != Context() for each in some])
    assert 0.5 < known < 0.7
    assert np.mean([each.story.local_hour is not None for each in some]) > 0.9


def test_neither_mode_nor_hour_gives_the_answer_away(some: list[Scenario]) -> None:
    threat = np.array([each.is_threat for each in some])
    away = np.array([float(each.story.context.mode is Mode.AWAY) for each in some])
    night = np.array([float((each.story.local_hour or 12.0) >= 22.5) for each in some])
    assert ranked(away, threat) < 0.65
    assert ranked(night, threat) < 0.7
    assert any(each.story.context.mode is Mode.AWAY for each in some if not each.is_threat)


def test_a_plan_of_somebody_else_is_played_without_context(monkeypatch: pytest.MonkeyPatch) -> None:
    def plays(name: str, dice: random.Random) -> list[Actor]:
        return play("passing", dice)

    monkeypatch.setattr(stories, "play", plays)
    monkeypatch.setattr(stories, "ROUTINE", frozenset({"something new"}))
    monkeypatch.setattr(stories, "THREATS", frozenset({"something bad"}))
    for seed in range(30):
        played = make(seed)
        assert played.behaviour in ("something new", "something bad")
        assert played.story.context == Context()
        assert not played.story.areas


def test_tracks_of_an_actor_alone_can_be_had() -> None:
    (actor, *_) = play("prowling", random.Random(3))
    tracks = stories._tracked(actor, random.Random(4), False, 1.0, 0.0)
    assert tracks
    assert sum(track.kind is Kind.PERSON for track in tracks) >= 1


@pytest.mark.parametrize("name", sorted(DISTURBED))
def test_a_disturbed_story_is_a_story_still(some: list[Scenario], name: str) -> None:
    for n, each in enumerate(some[:60]):
        seen = DISTURBED[name](each.story, random.Random(n))
        assert all(track.path for track in seen.tracks)
        for track in seen.tracks:
            assert all(0 <= p.box.left < p.box.right <= 1 and 0 <= p.box.top < p.box.bottom <= 1 for p in track.path)
            assert [p.at_ms for p in track.path] == sorted(p.at_ms for p in track.path)


def test_looking_seldom_and_looking_briefly_show_less(some: list[Scenario]) -> None:
    for each in some[:40]:
        places = sum(len(track.path) for track in each.story.tracks)
        for less in (thinned(each.story, 2.0), first(each.story, 5.0)):
            assert sum(len(track.path) for track in less.tracks) <= places


def test_every_family_is_daily_life_or_a_threat_and_tracks_have_halves() -> None:
    assert not THREATS & ROUTINE
    assert {half(n) for n in range(20)} == {0, 1}
    assert story([(100.0, 200.0), (110.0, 200.0)], 0.1).tracks[0].path[1].at_ms > 0
