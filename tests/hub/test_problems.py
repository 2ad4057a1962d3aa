"""What is wrong at home is said in words, with what to do, and not before it is news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nightlatch.domain.camera import CameraState
from nightlatch.hub.serve.problems import (
    BLIND_MS,
    EARLIEST_MS,
    PATIENCE_MS,
    PROOF_PATIENCE_MS,
    STORE_PATIENCE_MS,
    CameraFacts,
    EyeFacts,
    HouseFacts,
    TakingBackFacts,
    problems,
)

NOW = EARLIEST_MS + 1_000_000_000
PORCH = CameraFacts("0123456789ab", "porch", CameraState.RECORDING, NOW - 3_600_000, None, NOW - 1_000)
WELL = HouseFacts(
    now_ms=NOW,
    started_ms=NOW - 3_600_000,
    watch_is_up=True,
    watch_is_silent=False,
    is_disk_full=False,
    cameras=(PORCH,),
    eye=EyeFacts(None, None, None),
    log_trouble=None,
    log_silent_since_ms=None,
    mailbox_is_away=False,
    mailbox_trouble=None,
    waiting_parts=7,
)


def said(house: HouseFacts) -> list[str]:
    return [problem.text for problem in problems(house)]


def with_camera(**change: object) -> HouseFacts:
    return replace(WELL, cameras=(replace(PORCH, **change),))  # type: ignore[arg-type]


ASKED = TakingBackFacts("P", NOW - PATIENCE_MS - 1, 14, is_refused=False, is_proven=False, shred_by_ms=None)
LONG_AGO = NOW - 2 * PROOF_PATIENCE_MS


def taking_back(**change: object) -> HouseFacts:
    return replace(WELL, taking_back=(replace(ASKED, **change),))  # type: ignore[arg-type]


def test_all_is_well() -> None:
    assert problems(WELL) == []
    assert problems(replace(WELL, eye=None, cameras=())) == []


@pytest.mark.parametrize(
    ("house", "says"),
    [
        (replace(WELL, now_ms=EARLIEST_MS - 1, started_ms=EARLIEST_MS - 2, cameras=()), "clock is wrong"),
        (replace(WELL, watch_is_up=False), "recorder is not running"),
        (replace(WELL, watch_is_silent=True), "recorder does not answer"),
        (replace(WELL, is_disk_full=True), "disk is full"),
        (with_camera(state=CameraState.RETRYING), "porch is not being recorded"),
        (with_camera(state=CameraState.STARTING), "porch is not starting"),
        (with_camera(state=CameraState.STARTING, waits_for_key=True), "porch is not being recorded yet"),
        (with_camera(recorded_to_ms=NOW - STORE_PATIENCE_MS - 1), "porch is sending, but nothing is being stored"),
        (with_camera(recorded_to_ms=None), "porch is sending, but nothing is being stored"),
        (replace(WELL, eye=EyeFacts(NOW - BLIND_MS, "Restart the hub.", None)), "eye is blind"),
        (replace(WELL, eye=EyeFacts(None, None, "Download it.")), "detector that you chose is not here"),
        (replace(WELL, log_trouble="The log contradicts itself."), "The log contradicts itself"),
        (taking_back(), "may still be seen: P has not agreed"),
        (taking_back(asked_ms=NOW + 1), "may still be seen"),  # a clock was set back
        (taking_back(programme=None), "address of the programme is not known"),
        (taking_back(is_refused=True, asked_ms=LONG_AGO), "its log does not prove it"),
        (taking_back(is_refused=True, is_proven=True, asked_ms=LONG_AGO, shred_by_ms=LONG_AGO), "destroyed the key"),
        (replace(WELL, mailbox_is_away=True), "mailbox cannot be reached"),
        (replace(WELL, mailbox_is_away=True, mailbox_trouble="The mailbox is full."), "The mailbox is full"),
    ],
)
def test_each_problem_comes_with_what_to_do(house: HouseFacts, says: str) -> None:
    (problem,) = problems(house)
    assert says in problem.text
    assert problem.todo.endswith(".")


@pytest.mark.parametrize(
    "house",
    [
        replace(WELL, watch_is_up=False, started_ms=NOW - PATIENCE_MS),
        with_camera(state=CameraState.STARTING, since_ms=NOW - PATIENCE_MS),
        with_camera(state=CameraState.OFF, recorded_to_ms=None),
        with_camera(since_ms=NOW - STORE_PATIENCE_MS, recorded_to_ms=None),
        replace(WELL, eye=EyeFacts(NOW - BLIND_MS + 1, "Restart the hub.", None)),
        replace(WELL, mailbox_is_away=True, waiting_parts=0),
        taking_back(asked_ms=NOW - PATIENCE_MS),
        taking_back(is_refused=True),
    ],
)
def test_what_mends_itself_within_seconds_is_not_mentioned(house: HouseFacts) -> None:
    assert said(house) == []


def test_a_camera_is_not_blamed_for_a_recorder_that_is_away() -> None:
    away = replace(with_camera(state=CameraState.STARTING), watch_is_up=False)
    assert said(away) == ["The recorder is not running."]


def test_the_worst_comes_first() -> None:
    house = replace(
        with_camera(state=CameraState.RETRYING, reason_text="Check the cable."), is_disk_full=True, log_trouble="Odd."
    )
    assert said(house) == ["The disk is full.", "porch is not being recorded.", "Odd."]
    assert problems(house)[1].todo == "Check the cable."
    assert problems(house)[1].camera_id == PORCH.id
