"""What is told at once, in each mode."""

from __future__ import annotations

import pytest

from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.domain.waking import wakes

MODES = (*Mode, None)


@pytest.mark.parametrize("mode", MODES)
def test_a_threat_and_somebody_who_may_need_help_wake_in_every_mode(mode: Mode | None) -> None:
    assert wakes(Verdict.THREAT, mode, ())
    assert wakes(Verdict.HELP, mode, (Kind.PERSON,))


@pytest.mark.parametrize("mode", MODES)
def test_daily_life_wakes_in_no_mode(mode: Mode | None) -> None:
    assert not wakes(Verdict.ROUTINE, mode, (Kind.PERSON, Kind.DOG))


@pytest.mark.parametrize("mode", MODES)
def test_a_person_of_whom_it_is_not_sure_wakes_only_at_night_and_while_nobody_is_home(mode: Mode | None) -> None:
    expected = mode in (Mode.NIGHT, Mode.AWAY)
    assert wakes(Verdict.UNSURE, mode, (Kind.PERSON, Kind.VEHICLE)) is expected
    assert not wakes(Verdict.UNSURE, mode, (Kind.CAT,))
    assert not wakes(Verdict.UNSURE, mode, ())
